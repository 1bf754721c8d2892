# SPDX-License-Identifier: BSD-2-Clause
"""What once took journeys and their views too long, or too much memory, or broke them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dtkit.trace.journey.codec import encode
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.headers import dissect
from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.convert import write_journeys, write_snapshots
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.links import Links
from dtkit.trace.views.report import write_report
from dtkit.trace.views.show import lines
from dtkit.trace.views.svg import svg
from dtkit.trace.views.tables import rows, write_parquet
from tests.hostile.steps import steps
from tests.packets import captures
from tests.trace.frames import ipv4, tcp

# A frame of 65,535 entries and no leaving.

DEEP = encode([Hop.parse(b"+a")] * 65535)


@pytest.mark.parametrize(
    "command",
    [["show"], ["show", "--to", "json"], ["convert", "--journeys-only", "-w", "/dev/null"]],
)
def test_deep_nesting_needs_little_memory(command: list[str], tmp_path: Path) -> None:
    capture = tmp_path / "in.pcap"
    capture.write_bytes(captures.pcap([DEEP]))
    # By a process of its own between this one and the command: on Linux ru_maxrss begins with
    # what the parent had when it forked, and a test run may have more than the command.
    program = (
        "import resource, subprocess, sys; "
        "status = subprocess.call([sys.executable, '-m', 'dtkit', *sys.argv[1:]]); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); "
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "trace", *command, str(capture)],
        capture_output=True,
        check=True,
    )
    assert len(done.stdout) < 30_000_000
    assert int(done.stderr.split()[-1]) < 200_000  # kB


def test_deep_nesting_is_written_as_it_comes() -> None:
    (journey,) = read_any(io.BytesIO(captures.pcap([DEEP])))
    assert isinstance(journey, Journey)
    assert max(len(str(line)) for line in lines(journey)) < 120
    # The nesting is known once for all; of the lines there are as many as are asked for.
    everything = steps(lambda: list(lines(journey)))
    assert steps(lambda: list(islice(lines(journey), 10))) < everything / 4


# Steps in a journey: nothing looks back through all of them.


def long_journey(count: int) -> Journey:
    made: list[Step] = []
    for index in range(count):
        place = Place(f"f{index % 7}", f"f{index % 7}", "+" if index % 2 else "-", module="kernel")
        made.append(Hop(place, None, index if index % 5 == 0 else None, process=None))
        if index % 50 == 0:
            made.append(Snapshot(ipv4(tcp(b"x"), ttl=64 - index % 2)))
    return Journey(1, 0, tuple(made), "path")


def report(journey: Journey) -> None:
    write_report([journey], io.StringIO(), "t", Links())


@pytest.mark.parametrize(
    "view",
    [
        lambda journey: list(lines(journey)),
        lambda journey: list(lines(journey, newest_first=True)),
        lambda journey: journey.to_dict(),
        lambda journey: list(rows(journey)),
        lambda journey: list(write_snapshots([journey], io.BytesIO())),
        lambda journey: list(write_journeys([journey], io.BytesIO())),
        report,
        lambda journey: svg(Graph.of([journey])),
    ],
    ids=["show", "as captured", "json", "tables", "convert", "journeys only", "report", "graph"],
)
def test_views_are_linear_in_the_steps_of_a_journey(view: Callable[[Journey], object]) -> None:
    view(long_journey(50))  # whatever is done once has been done
    few, many = (steps(lambda count=count: view(long_journey(count))) for count in (1000, 2000))  # type: ignore[misc]
    assert many < 2.2 * few


class Label(str):
    """A label that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Label.compared += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        Label.compared += 1
        return str.__ne__(self, other)

    __hash__ = str.__hash__


def test_leavings_without_their_entering_are_not_looked_for() -> None:
    count = 3000
    ins = [Hop(Place("", Label(f"a{index}"), "+")) for index in range(count)]
    outs = [Hop(Place("", Label(f"b{index}"), "-")) for index in range(count)]
    journey = Journey(1, None, (*ins, *outs))
    Label.compared = 0
    assert journey.depths == (*range(count), *[count] * count)
    assert Label.compared < 10 * count


# IP in IP in IP.


def nested(count: int, ttl: int) -> bytes:
    """So many IPv4 headers, one in the other, as the kernel would have them."""
    packet = b""
    for _ in range(count):
        packet = ipv4(packet, ttl=ttl, protocol=4)
    return packet


@pytest.mark.parametrize("count", [200, 400, 3000])
def test_nested_headers_are_compared_up_to_a_depth(count: int) -> None:
    def compare() -> None:
        before, after = Snapshot(nested(count, 64)), Snapshot(nested(count, 63))
        journey = Journey(1, None, (before, after))
        (change,) = (diff for diff in journey.diffs if diff is not None)
        assert change.apply(before.data) == after.data

    making = steps(lambda: (nested(count, 64), nested(count, 63)))
    # Beyond the depth, byte by byte.
    assert steps(compare) - making < 200_000 + 150 * count
    data = nested(count, 64)
    parts = dissect(data, Snapshot(data).linktype)
    assert [part.name for part in parts] == ["ipv4"] * 32 + ["payload"]
    assert parts[-1].end == len(data)


def test_options_are_compared_up_to_a_number() -> None:
    options = b"\1" * 40

    def many(ttl: int) -> bytes:
        packet = b""
        for _ in range(30):
            packet = ipv4(packet, ttl=ttl, protocol=4, options=options)
        return packet

    parts = dissect(many(64), Snapshot(many(64)).linktype)
    assert len(parts) < 100
    assert sum(part.size for part in parts) == len(many(64))
    journey = Journey(1, None, (Snapshot(many(64)), Snapshot(many(63))))
    assert steps(lambda: journey.diffs) < 1_000_000


# Numbers that no register has, and drops by the hundred.

HUGE = b"""\
@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=18446744073709551615
@dtkit 1 hop probe=fbt:kernel:ip_input:entry id=1 cpu=18446744073709551615 \
t=18446744073709551615 m=0x100 j=1 n=1 tid=18446744073709551615 pid=1 vnet=0x1 pkt=-1 off=0 \
seg=1 mlen=64 if=em0 exec=x
@dtkit 1 hop probe=fbt:kernel:ip_input:entry id=1 cpu=-5 t=-9223372036854775808 m=0x100 j=2 \
n=18446744073709551615 tid=-1 pid=1 vnet=0x1 pkt=-1 off=18446744073709551615 seg=1 mlen=64 \
if=em0 exec=x
@dtkit 1 end fired=1
"""


def test_huge_numbers_are_null_in_columns(tmp_path: Path) -> None:
    journeys = [item for item in read_any(io.BytesIO(HUGE)) if isinstance(item, Journey)]
    assert len(journeys) == 2
    write_parquet(journeys, tmp_path)
    hops = pq.read_table(tmp_path / "hops.parquet").to_pylist()
    assert [hop["label"] for hop in hops] == ["ip_input"] * 2
    assert hops[0]["cpu"] is None
    assert hops[0]["thread"] is None
    assert hops[1]["cpu"] == -5
    for journey in journeys:
        list(lines(journey))
        report(journey)
        svg(Graph.of([journey]))
        list(write_snapshots([journey], io.BytesIO()))


def path_output(journeys: int, drops: int) -> bytes:
    hop = (
        "@dtkit 1 hop probe=fbt:kernel:ip_input:entry id=1 cpu=0 t=100 m={0:#x}00 j={0} n=1 tid=1 "
        "pid=1 vnet=0x1 pkt=-1 off=0 seg=1 mlen=64 if=em0 exec=x\n"
    )
    return (
        "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=2\n"
        + "".join(hop.format(number) for number in range(1, journeys + 1))
        + "".join(f"dtrace: {number} drops on CPU 0\n" for number in range(1, drops + 1))
        + "@dtkit 1 end fired=1\n"
    ).encode()


def test_drops_are_one_note_in_a_journey_however_many_there_are() -> None:
    def read() -> list[Journey]:
        found = read_any(io.BytesIO(path_output(200, 100)))
        return [item for item in found if isinstance(item, Journey)]

    journeys = read()
    assert {journey.notes for journey in journeys[:-1]} == {
        ("100 messages of drops while it was under way: hops may be missing",)
    }
    # Each drop and each journey takes steps of its own, not each pair of them.
    few, more_drops, more_journeys, many = (
        steps(lambda size=size: list(read_any(io.BytesIO(path_output(*size)))))  # type: ignore[misc]
        for size in ((200, 100), (200, 400), (800, 100), (800, 400))
    )
    assert many - few < 1.1 * ((more_drops - few) + (more_journeys - few))
