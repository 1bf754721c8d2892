# SPDX-License-Identifier: BSD-2-Clause
"""
What is on disk when something goes wrong: a signal in the middle, a disk that is full, a folder
that cannot be written, two writers, a reader that is slow or gone.

What was flushed is valid: as tshark, pyarrow, a browser and JSON readers see it. What is of no use
without its end is under its name whole, or not at all.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.output.dtrace_text import dump
from tests.packets import captures
from tests.system.processes import DTKIT, FOLLOWED, tshark
from tests.trace.frames import Note, frame, ipv4, tcp

#: A second of waiting, in steps.
STEP, STEPS = 0.05, 60


def text(count: int) -> bytes:
    """What dtrace(1) prints of so many packets."""
    packet = ipv4(tcp(b"x" * 20))
    head = "CPU     ID                    FUNCTION:NAME\n"
    firing = f"  0      1                   ip_input:entry {dump(packet)}\n"
    return (head + firing * count).encode()


def traced(count: int) -> bytes:
    """A capture of mbuf_trace with so many journeys."""
    notes: list[Note] = [
        "net/if.c:1: +ether_input",
        ipv4(tcp(b"x")),
        "netinet/ip_input.c:7: ip_input",
    ]
    return captures.pcap([frame(3, notes)] * count, linktype=147)


def lines(path: Path) -> tuple[int, int]:
    """How many whole lines of JSON there are, and 0 where nothing follows them."""
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1].splitlines()
    for line in whole:
        json.loads(line)
    return sum(json.loads(line)["type"] in ("packet", "journey") for line in whole), 0


#: Commands, what they read, what they write, and how much of it there is.
GROWING = {
    "parse -w": (["parse", "--to", "none", "-w", "OUT", "-"], text, tshark),
    "parse --to json": (["parse", "--to", "json", "-"], text, lines),
    "trace convert": (["trace", "convert", "-", "-w", "OUT"], traced, tshark),
    "trace export json": (["trace", "export", "-", "-o", "OUT"], traced, lines),
    "trace show json": (["trace", "show", "--to", "json", "-", "-o", "OUT"], traced, lines),
}
WHOLE = {
    "trace report": ["trace", "report", "-", "-o", "OUT"],
    "trace graph": ["trace", "graph", "--to", "svg", "-", "-o", "OUT"],
    "trace export perfetto": ["trace", "export", "--to", "perfetto", "-", "-o", "OUT"],
    "trace export parquet": ["trace", "export", "--to", "parquet", "-", "-o", "OUT"],
}
SIGNALS = [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT]


def begun(words: list[str], out: Path, data: bytes) -> subprocess.Popen[bytes]:
    """A command that has *data* of its input and waits for more; its output is *out*."""
    named = "OUT" in words
    with out.open("wb") if not named else open(os.devnull, "wb") as stdout:
        child = subprocess.Popen(
            [*DTKIT, *(str(out) if word == "OUT" else word for word in words)],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
    assert child.stdin is not None
    child.stdin.write(data)
    child.stdin.flush()
    return child


def ended(child: subprocess.Popen[bytes]) -> bytes:
    """Let its input end; what it said."""
    _, errors = child.communicate(timeout=60)
    return errors


@pytest.mark.parametrize("which", SIGNALS, ids=lambda which: which.name)
@pytest.mark.parametrize("name", GROWING)
def test_what_was_read_before_a_signal_is_on_disk(
    tmp_path: Path, name: str, which: signal.Signals
) -> None:
    words, make, count = GROWING[name]
    out = tmp_path / "out"
    child = begun(words, out, make(50))
    for _ in range(STEPS):
        # The reader may keep the last one, to see whether more follows of it.
        if out.exists() and count(out)[0] >= 49:
            break
        assert child.poll() is None
        time.sleep(10 * STEP)
    child.send_signal(which)
    if which is not signal.SIGINT:  # that is for the writer of a pipe first
        assert child.wait(60) in (128 + which, -which)
    errors = ended(child)
    found, status = count(out)
    assert (found >= 49, status) == (True, 0)
    assert b"Traceback" not in errors
    if which is signal.SIGINT:
        assert (child.returncode, found) == (0, 50)


@pytest.mark.parametrize("which", SIGNALS, ids=lambda which: which.name)
@pytest.mark.parametrize("name", WHOLE)
def test_what_needs_its_end_is_whole_or_not_there(
    tmp_path: Path, name: str, which: signal.Signals
) -> None:
    out = tmp_path / "out"
    if "parquet" not in name:
        out.write_bytes(b"what was there before")
    child = begun(WHOLE[name], out, traced(50))
    for _ in range(STEPS):
        # What is written beside it; a graph is written when all has been read.
        if list(tmp_path.rglob(".*")):
            break
        time.sleep(10 * STEP if "graph" not in name else STEP)
    child.send_signal(which)
    errors = ended(child)
    assert b"Traceback" not in errors
    if which is signal.SIGINT:  # the input came to its end
        assert child.returncode == 0
        if "parquet" in name:
            import pyarrow.parquet as pq

            assert pq.read_table(out / "journeys.parquet").num_rows == 50
        elif "report" in name:
            page = out.read_text()
            assert (page.count("ip_input") > 1, page.rstrip().endswith("</html>")) == (True, True)
        assert out.read_bytes()[:8] != b"what was" if out.is_file() else True
        return
    assert child.returncode in (128 + which, -which)
    if "parquet" in name:
        assert list(out.glob("*.parquet")) == []
    else:
        assert out.read_bytes() == b"what was there before"
    if which is not signal.SIGKILL:
        assert list(tmp_path.rglob(".*")) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", [*GROWING, *WHOLE])
def test_a_disk_that_is_full(disk: Path, tmp_path: Path, name: str) -> None:
    words, make, count = (WHOLE[name], traced, lines) if name in WHOLE else GROWING[name]
    out = disk / "out"
    if name in WHOLE and "parquet" not in name:
        out.write_bytes(b"what was there before")
    filling = disk / "filling"
    filling.write_bytes(bytes(200_000))
    if name in WHOLE:
        with suppress(OSError), filling.open("ab", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    source = tmp_path / "input"
    source.write_bytes(FOLLOWED if "perfetto" in name else make(4000))
    named = "OUT" in words
    with source.open("rb") as stdin, out.open("ab") if not named else source.open("rb") as stdout:
        done = subprocess.run(
            [*DTKIT, *(str(out) if word == "OUT" else word for word in words)],
            stdin=stdin,
            stdout=stdout if not named else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    assert b"No space left on device" in done.stderr.splitlines()[-1]
    assert b"Traceback" not in done.stderr
    if name in WHOLE:
        if "parquet" in name:
            assert list(out.glob("*.parquet")) == []
        else:
            assert out.read_bytes() == b"what was there before"
        assert list(disk.rglob(".*")) == []
    else:
        assert count(out)[0] > 30


#: An ordinary user runs the rest; this Python may be where only root may go.
ORDINARY = """
set -e
case $1 in
/root/*)
	mount --make-rprivate /
	mount -t tmpfs tmpfs /mnt
	mkdir /mnt/python
	mount --bind "$1" /mnt/python
	mount -t tmpfs -o mode=755 tmpfs /root
	mkdir -p "$1"
	mount --bind /mnt/python "$1"
	;;
esac
shift
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
"""


@pytest.mark.parametrize(
    "words",
    [words for words in (*WHOLE.values(), *(x[0] for x in GROWING.values())) if "OUT" in words],
    ids=lambda words: " ".join(words[:4]),
)
def test_a_folder_that_cannot_be_written(tmp_path: Path, words: list[str]) -> None:
    out = Path("/usr/dtkit-out") if os.geteuid() == 0 else tmp_path / "read-only/out"
    command = [*DTKIT, *(str(out) if word == "OUT" else word for word in words)]
    if os.geteuid() == 0:
        command = ["unshare", "-m", "sh", "-c", ORDINARY, "sh", sys.base_prefix, *command]
    else:
        out.parent.mkdir(mode=0o555)
    done = subprocess.run(
        command, input=b"", capture_output=True, check=False, env=os.environ | {"HOME": "/"}
    )
    if b"unshare" in done.stderr:
        pytest.skip("no namespaces here")
    assert done.returncode == 1, done.stderr
    assert b"Permission denied" in done.stderr.splitlines()[-1]
    assert b"Traceback" not in done.stderr
    assert not out.exists()


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    """Of what needs its end, the later one is there whole."""
    out = tmp_path / "report.html"
    children = [begun(WHOLE["trace report"], out, traced(count)) for count in (3, 5)]
    for child in children:
        ended(child)
        assert child.returncode == 0
        assert out.read_text().rstrip().endswith("</html>")
    assert out.read_text().count('"mbuf_trace 3"') == 5


def test_a_reader_that_is_slow_gets_all(tmp_path: Path) -> None:
    source = tmp_path / "text"
    source.write_bytes(text(3000))
    with subprocess.Popen(
        [*DTKIT, "parse", "--to", "json", str(source)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        time.sleep(1)
        count = 0
        while piece := child.stdout.read(1 << 14):
            count += piece.count(b"\n")
            time.sleep(0.002)
    assert (count, child.returncode) == (3000, 0)


@pytest.mark.parametrize(
    "words",
    [
        ["parse", "--to", "json"],
        ["parse", "-w", "-"],
        ["trace", "show"],
        ["trace", "export"],
        ["trace", "convert", "-w", "-"],
        ["trace", "report", "-o", "-"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_gone_is_no_error(tmp_path: Path, words: list[str]) -> None:
    source = tmp_path / "input"
    source.write_bytes(text(3000) if words[0] == "parse" else traced(3000))
    with subprocess.Popen(
        [*DTKIT, *words, str(source)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        said = child.stderr.read()
    assert child.returncode == 1
    assert (b"Traceback" in said, b"Broken" in said) == (False, False)
