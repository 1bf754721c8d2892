# SPDX-License-Identifier: BSD-2-Clause
"""
A signal while packets come, or while a dataset, an answer or a join is written.

Packets and journeys that came are in the file; what has no use without its end is there whole, or
not at all, and what was there before is kept.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.listing import LISTING
from tests.output.dtrace_text import dump
from tests.system.processes import DTKIT, FOLLOWED, tshark

BEFORE = b"what was there before"

by_signal = pytest.mark.parametrize(
    "which",
    [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT],
    ids=lambda which: which.name,
)


def until(holds: Callable[[], object], patience: float = 120) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.02)


def dtrace(folder: Path, printed: bytes) -> Path:
    """A folder with a dtrace(1) that prints that, and goes on until it is told to end."""
    place = folder / "bin"
    place.mkdir()
    (place / "printed").write_bytes(printed)
    (place / "dtrace").write_text(
        f"#!/bin/sh\ncd {place}\ncat > /dev/null\ncat printed\ntrap 'touch ended; exit 0' TERM\n"
        "while :; do sleep 0.05; done\n"
    )
    (place / "dtrace").chmod(0o755)
    return place


def begun(words: list[str], place: Path | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*DTKIT, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PATH": f"{place}:/usr/bin:/bin"} if place else None,
    )


def told(child: subprocess.Popen[bytes], which: signal.Signals) -> tuple[int, bytes]:
    """Its exit status, and what it said, once it was told."""
    child.send_signal(which)
    _, errors = child.communicate(timeout=120)
    assert b"Traceback" not in errors
    return child.returncode, errors


def statuses(which: signal.Signals) -> set[int]:
    """Of a command that a signal ended."""
    return {128 + which, -which} if which is not signal.SIGKILL else {-which}


@by_signal
def test_packets_that_came_are_in_the_capture(tmp_path: Path, which: signal.Signals) -> None:
    start = "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000\n"
    packet = f"""@dtkit 1 mbuf probe=fbt::f:entry id=1 cpu=0 t=5 m=0x10 len=2 off=0 dump=2
{dump(bytes([0x45, 0]))}
"""
    place, out = dtrace(tmp_path, (start + packet * 20).encode()), tmp_path / "out.pcapng"
    child = begun(["run", "ip_input", "-w", str(out)], place)
    # The reader keeps the last one, to see whether more follows of it.
    until(lambda: out.exists() and tshark(out)[0] >= 19)
    status, errors = told(child, which)
    # The first one has dtrace(1) end and say what it has left: that is no failure.
    assert status == (0 if which is not signal.SIGKILL else -which), errors
    found, whole = tshark(out)
    assert (found in (19, 20) if which is signal.SIGKILL else found == 20, whole) == (True, 0)
    until((place / "ended").exists)


@by_signal
@pytest.mark.parametrize("form", ["json", "text"])
def test_journeys_that_ended_are_in_the_file(
    tmp_path: Path, form: str, which: signal.Signals
) -> None:
    place, out = dtrace(tmp_path, FOLLOWED), tmp_path / "out"
    (tmp_path / "listing").write_text(LISTING)
    words = ["--listing", str(tmp_path / "listing"), "--to", form, "-o", str(out), "icmp"]
    child = begun(["path", "run", *words], place)
    until(lambda: out.exists() and b"pf_test" in out.read_bytes())
    before = out.read_bytes()
    status, errors = told(child, which)
    assert status == (0 if which is not signal.SIGKILL else -which), errors
    after = out.read_bytes()
    assert after.startswith(before)
    assert after.endswith(b"\n")
    if form == "json":
        assert {json.loads(line)["type"] for line in after.splitlines()} == {"journey"}
    until((place / "ended").exists)


@by_signal
def test_a_dataset_has_all_of_a_capture_or_nothing(tmp_path: Path, which: signal.Signals) -> None:
    ds = pytest.importorskip("pyarrow.dataset")
    fleet, capture = tmp_path / "fleet", tmp_path / "capture"
    capture.write_bytes(FOLLOWED)
    add = ["dataset", "add", str(fleet)]
    subprocess.run([*DTKIT, *add, f"alpha={capture}"], capture_output=True, check=True)
    known = set(fleet.rglob("*"))
    capture.write_bytes(FOLLOWED * 40)

    def hops(host: str) -> int:
        folder = ds.dataset(fleet / "hops", partitioning="hive", format="parquet")
        return int(folder.count_rows(filter=ds.field("host") == host))

    child = begun([*add, f"bravo={capture}"])
    until(lambda: set(fleet.rglob("*")) - known)
    status, errors = told(child, which)
    assert status in statuses(which), errors
    assert (hops("alpha"), hops("bravo")) == (155, 0)
    if which is not signal.SIGKILL:
        assert {path for path in set(fleet.rglob("*")) - known if path.is_file()} == set()
    capture.write_bytes(FOLLOWED * 2)
    subprocess.run([*DTKIT, *add, f"bravo={capture}"], capture_output=True, check=True)
    asked = subprocess.run(
        [*DTKIT, "query", "SELECT count(*) FROM hops WHERE host = 'bravo'", str(fleet)],
        capture_output=True,
        check=True,
    )
    assert int(asked.stdout) == hops("bravo") > 155


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "capture").write_bytes(FOLLOWED)
    words = ["dataset", "add", str(folder / "fleet"), f"alpha={folder}/capture"]
    subprocess.run([*DTKIT, *words], capture_output=True, check=True)
    return folder / "fleet"


@by_signal
@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_answer_is_whole_or_not_there(
    tmp_path: Path, fleet: Path, form: str, which: signal.Signals
) -> None:
    out = tmp_path / "out"
    out.write_bytes(BEFORE)
    text = "SELECT range AS n, md5(range::VARCHAR) AS word FROM range(4000000)"
    child = begun(["query", "--to", form, text, str(fleet), "-o", str(out)])
    until(lambda: len(list(tmp_path.iterdir())) > 1)
    status, errors = told(child, which)
    assert status in statuses(which), errors
    assert out.read_bytes() == BEFORE
    if which is not signal.SIGKILL:
        assert list(tmp_path.iterdir()) == [out]


@by_signal
def test_a_join_is_whole_or_not_there(tmp_path: Path, which: signal.Signals) -> None:
    out = tmp_path / "out"
    out.mkdir()
    joined = out / "joined.pcapng"
    joined.write_bytes(BEFORE)
    for host in ("alpha", "bravo"):
        (tmp_path / host).write_bytes(FOLLOWED * (60 if host == "alpha" else 1))
    child = begun(["trace", "join", "-w", str(joined), f"{tmp_path}/alpha", f"{tmp_path}/bravo"])
    until(lambda: len(list(out.iterdir())) > 1)
    status, errors = told(child, which)
    assert status in statuses(which), errors
    assert joined.read_bytes() == BEFORE
    if which is not signal.SIGKILL:
        assert list(out.iterdir()) == [joined]
