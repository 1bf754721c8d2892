# SPDX-License-Identifier: BSD-2-Clause
"""How many there are of something: in words, and in what commands say of none, one and two."""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from dtkit.cli.serve import served_page
from dtkit.counted import counted
from dtkit.fleet.dataset import TABLES, Added
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path
from dtkit.trace.views import live
from tests.cli.listing import LISTING
from tests.output.dtrace_text import firings, framed
from tests.packets import captures
from tests.system.terminal import on_a_terminal
from tests.trace.frames import frame, ipv4, tcp

Dtkit = Callable[..., Result]

NONE_ONE_TWO = pytest.mark.parametrize("count", [0, 1, 2], ids=["none", "one", "two"])

PACKET = ipv4(tcp(b"x"))


def frames(count: int, behind: bytes = b"") -> bytes:
    """A capture of mbuf_trace of so many journeys, each with a hop and a snapshot."""
    return captures.pcap([frame(3, ["a", PACKET]) + behind] * count)


@pytest.mark.parametrize(
    ("count", "words", "text"),
    [
        (0, ("packet",), "0 packets"),
        (1, ("packet",), "1 packet"),
        (2, ("packet",), "2 packets"),
        (-1, ("packet",), "-1 packets"),
        (0, ("oddity", "oddities"), "0 oddities"),
        (1, ("oddity", "oddities"), "1 oddity"),
        (20, ("oddity", "oddities"), "20 oddities"),
        (1, ("packet is", "packets are"), "1 packet is"),
        (11, ("packet is", "packets are"), "11 packets are"),
    ],
)
def test_one_is_not_many(count: int, words: tuple[str, ...], text: str) -> None:
    assert counted(count, *words) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 firings, 0 packets, 0 dropped, 0 faults, 0 unread lines"),
        (1, "1 firing, 1 packet, 0 dropped, 1 fault, 1 unread line"),
        (2, "2 firings, 2 packets, 0 dropped, 2 faults, 2 unread lines"),
    ],
)
def test_what_was_parsed(dtkit: Dtkit, count: int, text: str) -> None:
    fault = (
        "dtrace: error on enabled probe ID 7 (ID 9: fbt:kernel:ip_input:entry): "
        "invalid address (0x2a) in action #1 at DIF offset 12\n"
    )
    rows = "        10: 00\n" * count  # without the header of a dump
    output = rows + fault * count + firings([PACKET] * count)
    assert dtkit("parse", input=output).stderr.splitlines()[-1] == text


@NONE_ONE_TWO
def test_what_was_not_asked_for(dtkit: Dtkit, count: int) -> None:
    said = {1: "1 packet is not what was", 2: "2 packets are not what was"}
    result = dtkit("parse", "--filter", "udp", input=firings([PACKET] * count, function="ip_input"))
    assert said.get(count, "") in result.stderr
    assert ("not what was" in result.stderr) is (count > 0)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 packets written\n0 journeys, 0 oddities\n"),
        (1, "1 packet written\n1 journey, 1 oddity\n"),
        (2, "2 packets written\n2 journeys, 2 oddities\n"),
    ],
)
def test_what_was_converted(dtkit: Dtkit, tmp_path: Path, count: int, text: str) -> None:
    file = str(tmp_path / "out.pcapng")
    result = dtkit("trace", "convert", "-", "-w", file, input=frames(count, behind=b"\0"))
    assert result.stderr.endswith(text)


START = framed(0, 1, "", "BEGIN", "@dtkit 1 start dtkit=0 timestamp=1000 walltimestamp=2000")
END = framed(0, 2, "", "END", "@dtkit 1 end fired=9 matched=9 ends=9 limited=0 faults=0")


def path_of(count: int) -> str:
    """What a script says of so many packets, each of which has a hop, and has come to its end."""
    said = "".join(
        framed(0, 7, "ip_input", "entry", f"@dtkit 2 hop id=7 t={2000 + j} m=0x{j}00 j={j} n=1")
        + framed(0, 8, "mb_dtor_mbuf", "entry", f"@dtkit 2 free id=8 t=3000 m=0x{j}00 j={j} n=1")
        for j in range(1, count + 1)
    )
    # Only after a while it is sure that nothing more is said of them.
    return START + said + framed(0, 3, "", "tick-1s", f"@dtkit 1 now t={10**10}")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 packets written"), (1, "1 packet written"), (2, "2 packets written")]
)
def test_what_was_joined(dtkit: Dtkit, tmp_path: Path, count: int, text: str) -> None:
    (tmp_path / "capture").write_bytes(frames(count))
    file = str(tmp_path / "joined.pcapng")
    result = dtkit("trace", "join", "-w", file, str(tmp_path / "capture"))
    assert text in result.stderr.splitlines()


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, []),
        (1, ["1 journey has no times of hops: not written"]),
        (2, ["2 journeys have no times of hops: not written"]),
    ],
)
def test_what_perfetto_cannot_show(dtkit: Dtkit, count: int, said: list[str]) -> None:
    result = dtkit("trace", "export", "--to", "perfetto", "-", input=frames(count))
    assert result.stderr.splitlines()[:-1] == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, ""), (1, "1 journey is not in it"), (2, "2 journeys are not in it")]
)
def test_what_a_page_had_no_room_for(
    count: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dtkit.live.serving")
    monkeypatch.setattr(live.LiveReport.__init__, "__defaults__", (3,))
    with click.Context(click.Command("run")) as ctx, served_page(ctx, True, None, "t") as page:
        for journey in read_path(io.BytesIO(f"{path_of(3 + count)}{END}".encode())):
            assert isinstance(journey, Journey)
            page.take(journey)
    heard = capsys.readouterr().err
    assert said in heard
    assert ("the page was full: " in heard) is (count > 0)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 journeys, 0 oddities"), (1, "1 journey, 1 oddity"), (2, "2 journeys, 2 oddities")],
)
def test_what_path_run_has_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, text: str
) -> None:
    """While it runs, in the line that a terminal shows, and at the end."""
    drop = "dtrace: 1 drop on CPU 0\n"
    (tmp_path / "seen").write_text(drop * count + path_of(count))
    (tmp_path / "end").write_text(END)
    (tmp_path / "listing").write_text(LISTING)
    program = tmp_path / "dtrace"
    program.write_text(
        f"#!/bin/sh\ncat > /dev/null\ncd {tmp_path}\ncat seen\nsleep 0.5\nexec cat end\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    words = [sys.executable, "-m", "dtkit", "path", "run", "--listing", str(tmp_path / "listing")]
    sent = on_a_terminal(f"{shlex.join([*words, 'icmp'])} > /dev/null; echo status $?")
    assert f" s, {text}".encode() in sent
    *_, last, status = sent.decode().splitlines()
    assert last.endswith(text)
    assert status == "status 0"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "nothing, 0 oddities"),
        (1, "1 journey, 1 hop, 1 snapshot, 1 packet, 1 oddity"),
        (2, "2 journeys, 2 hops, 2 snapshots, 2 packets, 2 oddities"),
    ],
)
def test_what_was_added_to_a_dataset(count: int, text: str) -> None:
    assert str(Added("alpha", "0", dict.fromkeys(TABLES, count), count, ())) == text


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, []), (1, ["1 more line {}is odd"]), (2, ["2 more lines {}are odd"])],
)
@pytest.mark.parametrize("words", ["oneliner ip_input", "path icmp"])
def test_what_is_odd_in_a_listing(
    dtkit: Dtkit, tmp_path: Path, words: str, count: int, said: list[str]
) -> None:
    listing = tmp_path / "listing"
    listing.write_text(LISTING + "what\n" * (3 + count))
    result = dtkit(*words.split(), "--listing", str(listing))
    assert result.exit_code == 0, result.stderr
    of = "of the listing " if words.startswith("path") else ""
    more = [line.partition(": ")[2] for line in result.stderr.splitlines() if "more line" in line]
    assert [line.removeprefix(f"{listing}: ") for line in more] == [
        line.format(of) for line in said
    ]
