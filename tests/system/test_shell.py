# SPDX-License-Identifier: BSD-2-Clause
"""dtkit as a program among others: pipes, tshark(1), make(1)."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.output.captures import CAPTURES
from tests.output.dtrace_text import firings
from tests.output.rfd import FIRST, SECOND
from tests.system.terminal import on_a_terminal

TOP = Path(__file__).parent.parent.parent
DTKIT = [sys.executable, "-m", "dtkit"]


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on this machine")


def tshark(pcapng: bytes, *args: str) -> list[str]:
    needs("tshark")
    done = subprocess.run(
        ["tshark", "-n", "-r", "-", *args], input=pcapng, capture_output=True, check=True
    )
    return done.stdout.decode().splitlines()


def to_pcapng(text: bytes) -> bytes:
    done = subprocess.run(
        [*DTKIT, "parse", "-w", "-", "--to", "none"], input=text, capture_output=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (FIRST, "192.168.1.1\t192.168.1.100\t15676\t22\t0x0010\t986186926\t"),
        (SECOND, "\t\t15676\t22\t0x0010\t986232293\t"),
    ],
    ids=["first", "second"],
)
def test_tshark_dissects_the_examples_of_the_rfd(text: str, fields: str) -> None:
    names = ["ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.flags"]
    names += ["tcp.options.timestamp.tsval", "_ws.malformed"]
    options = [word for name in names for word in ("-e", name)]
    assert tshark(to_pcapng(text.encode()), "-T", "fields", *options) == [fields]


@pytest.mark.parametrize(
    ("capture", "protocols"),
    [
        ("02-tracemem64-tcp.txt", "raw:ip:tcp"),
        ("03-tracemem64-ip.txt", "ip:icmp"),
        ("55-ip6.txt", "ipv6:icmpv6"),
    ],
)
def test_tshark_dissects_real_output(capture: str, protocols: str) -> None:
    text = (CAPTURES / capture).read_bytes()
    found = tshark(to_pcapng(text), "-T", "fields", "-e", "frame.protocols")
    assert {line.partition(":data")[0] for line in found} == {protocols}


def test_tshark_dissects_ethernet() -> None:
    text = (CAPTURES / "53-ether_input-epair.txt").read_bytes()
    lines = tshark(to_pcapng(text), "-T", "fields", "-e", "eth.type", "-e", "frame.interface_name")
    assert {tuple(line.split("\t")) for line in lines} >= {
        ("0x0800", "fbt::ether_input:entry"),
        ("0x86dd", "fbt::ether_input:entry"),
    }


def test_a_reader_that_goes_away_is_no_error() -> None:
    text = b"".join((CAPTURES / "21-drops.txt").read_bytes() for _ in range(50))
    with subprocess.Popen(
        [*DTKIT, "parse"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.close()
        _, errors = writer.communicate(text)
    assert b"Traceback" not in errors
    assert writer.returncode == 1


def test_output_that_comes_in_pieces_is_recognised_all_the_same() -> None:
    reader = subprocess.Popen(
        [*DTKIT, "parse", "--to", "raw"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert reader.stdin is not None
    for piece in (b"# a comment\n", b"0000", b"0000: 41 42", b"\n"):
        reader.stdin.write(piece)
        reader.stdin.flush()
    assert reader.communicate()[0] == b"AB"


def test_output_is_live(tmp_path: Path) -> None:
    """What was read is written before more is waited for, with the buffering of a real pipe."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    capture = tmp_path / "live.pcapng"
    with subprocess.Popen(
        [*DTKIT, "parse", "-w", str(capture)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as live:
        assert live.stdin is not None
        assert live.stdout is not None
        live.stdin.write(firings([b"abc", b"def"]).encode())
        live.stdin.flush()
        # The second firing may go on; the first is over, and must be out now.
        assert live.stdout.readline().startswith(b"  0 tcp_input        In  3 bytes: 61 62 63")
        assert capture.stat().st_size > 0
        live.stdin.close()
        assert live.stdout.read().count(b"\n") == 1
    assert live.returncode == 0


def test_the_first_interrupt_is_for_dtrace() -> None:
    """Ctrl-C goes to the whole pipeline: what dtrace(1) says at its end is still read."""
    reader = subprocess.Popen(
        [*DTKIT, "parse"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write(firings([b"abc", b"def"]).encode())
    reader.stdin.flush()
    reader.stdout.readline()  # it is reading
    reader.send_signal(signal.SIGINT)
    out, errors = reader.communicate(firings([b"ghi"]).encode(), timeout=10)
    assert out.count(b"\n") == 2
    assert errors == b"3 firings, 3 packets, 0 dropped, 0 faults, 0 unread lines\n"
    assert reader.returncode == 0


@pytest.fixture(scope="module")
def long_output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file that takes a while, with a drop on its way."""
    path = tmp_path_factory.mktemp("a-path-that-leaves-no-room-" * 4) / f"{80 * 'x'}.txt"
    block = firings([bytes(64)] * 1500)
    path.write_text(f"{block}dtrace: 7 drops on CPU 0\n{block * 3}")
    return str(path)


@pytest.mark.parametrize(
    ("words", "bar"),
    [
        ("parse --to none -w /dev/null {}", True),
        ("parse --to json {} > /dev/null", True),
        ("parse --to json < {} > /dev/null", True),
        ("parse --to json {}", False),
        ("parse {} | tail -n 1", False),
        ("parse --to none -w /dev/null {} 2>&1 | cat", False),
    ],
)
def test_long_work_shows_on_a_terminal_how_far_it_is(
    long_output: str, words: str, bar: bool
) -> None:
    sent = on_a_terminal(f"{sys.executable} -m dtkit {words.format(long_output)}")
    assert (b"%" in sent) is bar
    # What is said meanwhile has a line of its own.
    assert re.search(
        rb"(\n|\r|\x1b\[2K|^)(python -m )?dtkit parse: dropped 7 records on CPU 0\r\n", sent
    )
    assert b"6000 firings, 6000 packets, 7 dropped, 0 faults, 0 unread lines\r\n" in sent


def test_a_table_has_all_its_columns_on_a_narrow_terminal() -> None:
    sent = on_a_terminal(f"COLUMNS=80 {sys.executable} -m dtkit copyout --cases").decode()
    assert re.search("NULL +copyoutmbuf.* +BADADDR", sent)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sent).splitlines()
    assert max(map(len, plain)) <= 80


def test_a_file_as_input_does_not_delay_an_interrupt(long_output: str) -> None:
    """There is no dtrace(1) to wait for."""
    with (
        open(long_output, "rb") as stream,
        subprocess.Popen(
            [*DTKIT, "parse"], stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reader,
    ):
        assert reader.stdout is not None
        reader.stdout.readline()  # it is reading, and now waits for somebody to take what it says
        reader.send_signal(signal.SIGINT)
        reader.stdout.read()
    assert reader.returncode == 130


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_standard_streams_are_no_traceback(closed: str) -> None:
    command = f"{sys.executable} -m dtkit parse {CAPTURES}/30-stack.txt {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["parse", "--to", "none", "-w", "/dev/full", str(CAPTURES / "02-tracemem64-tcp.txt")],
        ["script", "ip_input", "-o", "/dev/full"],
    ],
    ids=["parse", "script"],
)
def test_a_full_disk_is_one_line(words: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this machine")
    done = subprocess.run([*DTKIT, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["dtkit: No space left on device"]


@pytest.mark.parametrize("make", ["make", "bmake"])
@pytest.mark.parametrize("target", ["demo", "test", "lint", "benchmark", "system-packages"])
def test_the_makefile_is_understood(make: str, target: str) -> None:
    needs(make)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        [make, "-n", target], cwd=TOP, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
