# SPDX-License-Identifier: BSD-2-Clause
"""The live page in a browser, with the simulator behind it: journeys appear as they end."""

from __future__ import annotations

import json
import re
import signal
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from tests.packets import captures
from tests.system.browser import Page, complaints
from tests.trace.frames import ipv4, tcp

#: Journeys that go on until others begin.
IN_HAND = 2


class Live:
    """``dtkit path run --serve`` over packets that arrive when a test wants it."""

    def __init__(self, errors: Path, *options: str) -> None:
        self._errors = errors
        words = ["path", "run", "--simulate", "--packets", "-", "--path", "nat", "--serve", "tcp"]
        with errors.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dtkit", *words, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        self._sent = 0
        self._write(captures.pcap([], linktype=101, order="<"))
        # The simulated time goes on with the next packet, and a journey is over a second after
        # its mbuf was freed.
        for _ in range(IN_HAND):
            self._put()
        for _ in range(300):
            if found := re.search("(http://127.0.0.1:[0-9]+/[^/ ]+/) shows", errors.read_text()):
                self.url = found[1]
                return
            assert self.process.poll() is None, errors.read_text()
            time.sleep(0.1)
        raise AssertionError(errors.read_text())

    def _write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _put(self) -> None:
        self._sent += 1
        packet = ipv4(tcp(b"x" * self._sent))
        self._write(
            struct.pack("<IIII", 1_700_000_000 + 2 * self._sent, 0, len(packet), len(packet))
            + packet
        )

    def arrive(self, count: int = 1) -> None:
        """So many journeys end, of packets that are each a byte longer than the one before."""
        for _ in range(count):
            self._put()

    def no_more(self) -> None:
        """The capture ends, and so do the journeys that went on."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def interrupt(self) -> tuple[int, bytes, str]:
        """^C: its exit status, what it printed, what it said."""
        self.process.send_signal(signal.SIGINT)
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.no_more()  # the terminal sends ^C to the writer as well
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        return self.process.wait(30), out, self._errors.read_text()


@pytest.fixture
def live(tmp_path: Path, browser: webdriver.Chrome) -> Iterator[Live]:
    browser.get("about:blank")
    complaints(browser)  # of a page whose server has gone
    one = Live(tmp_path / "errors")
    yield one
    one.process.kill()
    one.process.wait()
    for stream in (one.process.stdin, one.process.stdout):
        assert stream is not None
        stream.close()


def test_journeys_appear_as_they_end(live: Live, browser: webdriver.Chrome) -> None:
    page = Page(browser, live.url)
    page.until(lambda: page.one("#live").text == "live")
    assert (page.one("#count").text, page.texts(".row")) == ("0 packets", [])
    live.arrive()
    page.until(lambda: page.one("#count").text == "1 packet")
    assert page.chosen == "#1"
    assert "ip_input" in page.texts("#journey .name")
    assert page.texts("#groups button") == ["delivered", "vnet host"]
    live.arrive(2)
    page.until(lambda: page.one("#count").text == "3 packets")
    assert page.texts(".row .number") == ["#1", "#2", "#3"]
    assert page.chosen == "#1"
    page.row(3)
    assert page.chosen == "#3"
    assert page.texts("#journey h2")[0].endswith("length 3")
    # What was searched for goes on to be.
    assert page.search("1:6") == "0 of 3 packets"
    live.arrive(3)
    page.until(lambda: page.one("#count").text == "1 of 6 packets")
    assert page.texts(".row .number") == ["#5"]
    assert complaints(browser) == []


def test_graph_and_figures_grow_with_the_journeys(live: Live, browser: webdriver.Chrome) -> None:
    page = Page(browser, live.url)
    live.arrive(2)
    page.until(lambda: page.one("#count").text == "2 packets")
    page.press("f")
    page.until(lambda: "2" in page.texts("#figures table tr:nth-child(2) td:first-child"))
    live.arrive(5)
    page.until(lambda: "7" in page.texts("#figures table tr:nth-child(2) td:first-child"))
    page.press("g")
    page.until(lambda: "ip_forward" in (page.one("#graph").get_attribute("textContent") or ""))
    assert complaints(browser) == []


def test_another_page_later_has_the_same_and_closing_one_ends_nothing(
    live: Live, browser: webdriver.Chrome
) -> None:
    page = Page(browser, live.url)
    live.arrive(4)
    page.until(lambda: page.one("#count").text == "4 packets")
    first = page.texts(".row")
    browser.get("about:blank")
    live.arrive(1)
    again = Page(browser, f"{live.url}#3")
    again.until(lambda: again.one("#count").text == "5 packets")
    assert again.texts(".row")[:4] == first
    assert again.chosen == "#3"
    assert live.process.poll() is None
    assert complaints(browser) == []


def test_the_end_is_told_and_the_page_keeps_all(live: Live, browser: webdriver.Chrome) -> None:
    page = Page(browser, live.url)
    live.arrive(1)
    live.no_more()
    page.until(lambda: page.one("#live").text == "ended")
    assert live.process.poll() is None  # it serves on, until ^C
    status, out, said = live.interrupt()
    assert (status, out) == (0, b"")
    assert said.endswith("all was read; the page is served until ^C\n")
    page.press("f")
    assert page.texts("#figures table tr:nth-child(2) td:first-child")[0] == "3"
    page.press("f")
    page.row(2)
    assert page.chosen == "#2"
    assert complaints(browser) == []


def test_ctrl_c_ends_all_and_pages_are_told(live: Live, browser: webdriver.Chrome) -> None:
    page = Page(browser, live.url)
    live.arrive(2)
    page.until(lambda: page.one("#count").text == "2 packets")
    began = time.monotonic()
    status, _, said = live.interrupt()
    assert (status, time.monotonic() - began < 10) == (0, True)
    assert said.endswith("4 journeys, 0 oddities\n")
    page.until(lambda: page.one("#live").text == "ended")
    assert page.one("#count").text == "4 packets"


def test_a_name_that_is_made_to_lead_here_gets_nothing(
    live: Live, browser: webdriver.Chrome
) -> None:
    """DNS rebinding: the browser believes to speak to another site."""
    complaints(browser)
    port = live.url.split(":")[2].split("/")[0]
    path = live.url.split("/", 3)[3]
    browser.get(f"http://rebound.localhost:{port}/{path}")  # Chromium resolves it to 127.0.0.1
    assert "this is no name of this host" in browser.page_source
    assert "ip_input" not in browser.page_source
    assert len(complaints(browser)) == 1  # that it was forbidden


def test_a_page_of_another_site_reads_nothing(
    live: Live, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    """Even one that knows the token: by fetch, by events, in a frame, as a script."""
    live.arrive()
    page = tmp_path / "evil.html"
    page.write_text("<title>evil</title><p>")
    browser.get(page.as_uri())
    done = browser.execute_async_script(
        """
        const [url, done] = arguments, got = {};
        const source = new EventSource(url + "journeys");
        source.onmessage = () => { got.events = true; };
        const script = document.createElement("script");
        script.src = url + "figures";
        script.onload = () => { got.script = true; };
        const frame = document.createElement("iframe");
        frame.src = url;
        document.body.append(script, frame);
        fetch(url).then((r) => r.text()).then(() => { got.fetch = true; }, () => {});
        fetch(url + "figures", { mode: "no-cors" }).then((r) => r.text())
          .then((text) => { got.opaque = text.length; }, () => {});
        setTimeout(() => {
          got.frame = frame.contentDocument !== null;
          source.close();
          done(got);
        }, 2000);
        """,
        live.url,
    )
    assert {"events", "script", "fetch"} & set(done) == set()
    assert not done.get("opaque")
    assert done["frame"] is False
    assert complaints(browser)


def test_it_is_printed_too_if_asked_for(tmp_path: Path) -> None:
    live = Live(tmp_path / "errors", "--to", "json")
    live.no_more()
    for _ in range(300):
        if "all was read" in (tmp_path / "errors").read_text():
            break
        time.sleep(0.1)
    with urllib.request.urlopen(f"{live.url}journeys") as answer:
        sent = answer.read().decode()
    assert sent.count('"row"') == 2
    assert sent.splitlines()[-3] == "event: end"
    _, out, _ = live.interrupt()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["journey"] for row in rows] == [1, 2]
    assert live.process.stdout is not None
    live.process.stdout.close()


def status_of(url: str, **headers: str) -> int:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_it_listens_on_the_loopback_address_alone_and_wants_the_token(live: Live) -> None:
    port = live.url.split(":")[2].split("/")[0]
    listening = subprocess.run(["ss", "-tlnH"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[3] for line in listening.splitlines() if f":{port} " in line] == [
        f"127.0.0.1:{port}"
    ]
    assert status_of(live.url) == 200
    token = live.url.split("/")[3]
    for path in ("", f"{token[:-1]}/", f"{token}x/", "x/journeys", f"{token}/nothing"):
        assert status_of(f"http://127.0.0.1:{port}/{path}") == 404
