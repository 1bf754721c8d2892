# SPDX-License-Identifier: BSD-2-Clause
"""Journeys as pcapng, read back by tshark and by a reader of another make."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pcapng
import pytest

from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.way import Way
from dtkit.trace.views.convert import write_journeys, write_snapshots
from dtkit.trace.views.show import journey_text
from tests.trace.frames import ethernet, ipv4, tcp

PACKET = ethernet(ipv4(tcp(b"x", destination=9)))
TIME = 1_700_000_000_123_456_789


def journey(number: int = 1) -> Journey:
    steps: tuple[Step, ...] = (
        Hop.parse(b"/usr/src/sys/net/if.c:42: +ether_input(em0)"),
        Snapshot(PACKET),
        Hop.parse(b"/usr/src/sys/netinet/ip_input.c:7: +ip_input"),
        Snapshot(ipv4(tcp(b"x", destination=9), ttl=63)),
        Hop.parse(b"odd\n\x1b label"),
        Snapshot(tcp(b"x", destination=9), None, 90),
    )
    return Journey(number, TIME, steps, "mbuf_trace 3")


def tshark(path: Path) -> list[dict[str, Any]]:
    command = ["tshark", "-r", str(path), "-Tjson", "--no-duplicate-keys"]
    done = subprocess.run(command, capture_output=True, check=True)
    return [packet["_source"]["layers"] for packet in json.loads(done.stdout)]


def test_each_snapshot_is_a_packet_on_the_interface_of_its_place(tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    with path.open("wb") as stream:
        assert list(write_snapshots([journey(1), journey(2)], stream)) == [3, 3]
    first, second, third, fourth, _, _ = tshark(path)
    assert [
        p["frame"]["frame.interface_id_tree"]["frame.interface_name"] for p in tshark(path)
    ] == [
        "+ether_input net/if.c:42",
        "+ip_input netinet/ip_input.c:7",
        "odd\\n\\x1b label",
    ] * 2
    assert first["frame"]["frame.interface_id"] == fourth["frame"]["frame.interface_id"]
    assert first["frame"]["frame.time_epoch"] == "1700000000.123456789"
    assert first["tcp"]["tcp.dstport"] == second["tcp"]["tcp.dstport"] == "9"
    # No link type has a bare transport header: an exported PDU names the dissector.
    assert third["tcp"]["tcp.dstport"] == "9"
    assert third["frame"]["frame.protocols"].startswith("exported_pdu:tcp")


# python-pcapng warns of its own way of declaring options.
pytestmark = pytest.mark.filterwarnings("ignore:Field type should not be:DeprecationWarning")


def blocks(data: bytes) -> list[Any]:
    scanner = pcapng.FileScanner(io.BytesIO(data))
    return [block for block in scanner if isinstance(block, pcapng.blocks.EnhancedPacket)]


def test_comments_say_where_it_was_and_what_changed() -> None:
    stream = io.BytesIO()
    list(write_snapshots([journey()], stream))
    assert [block.options["opt_comment"].splitlines() for block in blocks(stream.getvalue())] == [
        [
            "journey 1, packet 1 of 3, hop 1 of 3",
            "function: ether_input",
            "direction: +",
            "file: /usr/src/sys/net/if.c",
            "line: 42",
            "group: net",
            "arguments: em0",
        ],
        [
            "journey 1, packet 2 of 3, hop 2 of 3",
            "function: ip_input",
            "direction: +",
            "file: /usr/src/sys/netinet/ip_input.c",
            "line: 7",
            "group: netinet",
            "changed: ethernet removed (14 bytes)",
            "changed: ipv4 ttl 64 -> 63",
            "changed: ipv4 checksum 0x66c6 -> 0x67c6",
        ],
        [
            "journey 1, packet 3 of 3, hop 3 of 3",
            "function: odd\\n\\x1b label",
            "changed: ipv4 removed (20 bytes)",
            "form: mbuf_trace 3",
        ],
    ]


def test_what_became_of_it_is_told_of_the_last_packet() -> None:
    """With what is known of hops of DTrace; and a filter for `dropped` finds one packet of each."""
    place = Place("+ip_input", "ip_input", "+", module="kernel")
    hops = [Hop(place, None, TIME + at, 2, 0xFFF, "ping[9]", "em0", "bravo") for at in (0, 1500)]
    steps = (hops[0], Snapshot(PACKET), hops[1], Snapshot(PACKET))
    stream = io.BytesIO()
    outcome = "dropped: pf_test returned PF_DROP"
    list(write_snapshots([Journey(4, TIME, steps, "path", 3, outcome, ("a hop",))], stream))
    first, last = blocks(stream.getvalue())
    known = [
        "function: ip_input",
        "direction: +",
        "group: kernel",
        "cpu: 2",
        "thread: 0xfff",
        "process: ping[9]",
        "interface: em0",
        "vnet: bravo",
        "probe: fbt:kernel:ip_input:entry",
    ]
    assert first.options["opt_comment"].splitlines() == [
        "journey 4, packet 1 of 2, hop 1 of 2",
        *known,
        "latency: 0 ns",
        "origin: 3",
    ]
    assert last.options["opt_comment"].splitlines() == [
        "journey 4, packet 2 of 2, hop 2 of 2",
        *known,
        "latency: 1500 ns",
        "changed: unchanged",
        "form: path",
        "origin: 3",
        f"outcome: {outcome}",
        "note: a hop",
        "duration: 1500 ns",
    ]
    assert (last.options["epb_packetid"], last.options["epb_flags"].inout) == (4, "inbound")
    assert last.interface.options["if_description"] == (
        "fbt:kernel:ip_input:entry: every IPv4 packet received, before the firewall"
    )


def test_journeys_only() -> None:
    stream = io.BytesIO()
    bare = Journey(2, None, (Hop.parse(b"m_freem"),), "mbuf_trace 3")
    assert list(write_journeys([journey(), bare], stream)) == [1, 1]
    first, second = blocks(stream.getvalue())
    assert first.packet_data == PACKET
    assert first.options["opt_comment"] == journey_text(journey())
    assert first.interface.options["if_name"] == "+ether_input net/if.c:42"
    assert (second.packet_data, second.interface.link_type) == (b"", LinkType.UNKNOWN.dlt)
    assert "m_freem" in second.options["opt_comment"]


def test_a_time_of_its_own_and_the_wire_length() -> None:
    hop = Hop(Place("f", "f"), time=5)
    stream = io.BytesIO()
    list(write_snapshots([Journey(1, 3, (hop, Snapshot(PACKET, None, 900)), "path")], stream))
    (block,) = blocks(stream.getvalue())
    assert block.timestamp == 5e-9
    assert (block.captured_len, block.packet_len) == (len(PACKET), 900)


def test_a_capture_that_names_ever_new_places_stays_bounded() -> None:
    steps = tuple(
        step
        for number in range(5000)
        for step in (Hop(Place(f"place {number}", f"place {number}")), Snapshot(PACKET))
    )
    stream = io.BytesIO()
    assert list(write_snapshots([Journey(1, 0, steps, "")], stream)) == [5000]
    found = blocks(stream.getvalue())
    assert len({block.interface_id for block in found}) == 4097
    assert found[-1].interface.options["if_name"] == "elsewhere"
    assert found[-1].options["opt_comment"] == (
        "journey 1, packet 5000 of 5000, hop 5000 of 5000\nfunction: place 4999\nchanged: unchanged"
    )


@pytest.mark.parametrize("write", [write_snapshots, write_journeys])
def test_the_beginning_is_there_before_the_first_journey(write: Callable[..., Any]) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb", 0) as there, open(writer, "wb") as stream:

        def journeys() -> Iterator[Journey]:
            assert there.read(4) == b"\n\r\r\n"
            yield journey()

        os.set_blocking(reader, False)
        assert list(write(journeys(), stream)) == [1 if write is write_journeys else 3]


def test_what_goes_one_way_has_the_link_type_of_its_bytes() -> None:
    hops = journey().hops
    way = Way((hops[0], None))
    bytes_ = {"ethernet": (PACKET, 1), "ip": (ipv4(tcp(b"x")), 101)}
    stream = io.BytesIO()
    journeys = [
        Journey(number, TIME, (hops[0], Snapshot(data)), "mbuf_trace 3", way=way)
        for number, (data, _) in enumerate(2 * list(bytes_.values()), 1)
    ]
    list(write_snapshots(journeys, stream))
    kinds = [block.interface.link_type for block in blocks(stream.getvalue())]
    assert kinds == 2 * [dlt for _, dlt in bytes_.values()]


def test_of_a_packet_longer_than_a_capture_takes_the_length_is_told() -> None:
    stream = io.BytesIO()
    long = PACKET + bytes(300_000)
    list(write_snapshots([Journey(1, TIME, (Snapshot(long),), "path")], stream))
    (block,) = blocks(stream.getvalue())
    assert (block.captured_len, block.packet_len) == (262_144, len(long))


def test_the_whole_journey_is_the_comment_of_its_first_packet() -> None:
    """Steps that are too many for one packet are in others, which say which they are."""
    hops = [Hop(Place(f"f{number}", "f"), "x" * 600) for number in range(2000)]
    stream = io.BytesIO()
    list(write_journeys([Journey(7, TIME, (Snapshot(PACKET), *hops), "path")], stream))
    first, *others = [block.options["opt_comment"] for block in blocks(stream.getvalue())]
    assert first.startswith("#7 ")
    assert [one.splitlines()[0].rpartition(",")[0] for one in others] == [
        f"journey 7, packet {number} of {len(others) + 1}" for number in range(2, len(others) + 2)
    ]
    assert len(others) > 0
