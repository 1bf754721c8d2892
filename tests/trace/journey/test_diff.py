# SPDX-License-Identifier: BSD-2-Clause
"""The difference between snapshots: exact, complete, and nothing said twice."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dtkit.trace.journey.diff import diff
from dtkit.trace.journey.snapshot import Snapshot
from tests.trace.edits import Packet, known_edits, ledger
from tests.trace.frames import MSS, PACKETS, TIMESTAMPS, edited, ethernet, ipv4, ipv6, tcp, udp

PLAIN = ipv4(tcp(b"hello"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (PLAIN, PLAIN, []),
        (
            ipv4(tcp(b"hello")),
            ipv4(tcp(b"hello"), ttl=63),
            ["ipv4 ttl 64 -> 63", "ipv4 checksum 0x66c2 -> 0x67c2"],
        ),
        (
            ipv6(tcp(b"hello")),
            ipv6(tcp(b"hello"), hops=63),
            ["ipv6 hop limit 64 -> 63"],
        ),
        (
            ethernet(ipv4(tcp(source=1234))),
            ethernet(ipv4(tcp(source=50001), source="192.0.2.1")),
            [
                "ipv4 checksum 0x66c7 -> 0xaec6",
                "ipv4 source 10.0.0.1 -> 192.0.2.1",
                "tcp source port 1234 -> 50001",
            ],
        ),
        (ethernet(PLAIN), PLAIN, ["ethernet removed (14 bytes)"]),
        (PLAIN, ethernet(PLAIN), ["ethernet added (14 bytes)"]),
        (
            ethernet(PLAIN),
            tcp(b"hello"),
            ["ethernet removed (14 bytes)", "ipv4 removed (20 bytes)"],
        ),
        (
            ethernet(PLAIN),
            b"hello",
            [
                "ethernet removed (14 bytes)",
                "ipv4 removed (20 bytes)",
                "tcp removed (20 bytes)",
            ],
        ),
        (PLAIN, ipv4(PLAIN, protocol=4), ["ipv4 added (20 bytes)"]),
        (
            ethernet(PLAIN),
            ethernet(struct.pack(">HH", 42, 0x0800) + PLAIN, 0x8100),
            ["vlan added (4 bytes)"],
        ),
        (
            # ip_output is entered before version, lengths and checksum are filled in.
            bytes(4) + PLAIN[4:10] + bytes(2) + PLAIN[12:],
            PLAIN,
            [
                "ipv4 version 0 -> 4",
                "ipv4 header length 0 -> 20",
                "ipv4 length 0 -> 45",
                "ipv4 checksum 0x0000 -> 0x66c2",
            ],
        ),
        (
            ipv4(tcp(options=MSS)),
            ipv4(tcp(options=bytes.fromhex("02040578"))),
            ["tcp mss value 1460 -> 1400"],
        ),
        (
            ipv4(tcp(options=MSS)),
            ipv4(tcp(options=MSS + TIMESTAMPS)),
            [
                "ipv4 length 44 -> 56",
                "ipv4 checksum 0x66c3 -> 0x66b7",
                "tcp header length 24 -> 36",
                "tcp nop added (1 byte)",
                "tcp nop added (1 byte)",
                "tcp timestamps added (10 bytes)",
            ],
        ),
        (
            ipv4(tcp(flags=0x10)),
            ipv4(tcp(flags=0x18)),
            ["tcp flags ACK -> PSH ACK"],
        ),
        (
            ipv4(udp(b"abcdef"), protocol=17),
            ipv4(udp(b"abXdeY"), protocol=17),
            ["payload +2: 63 -> 58", "payload +5: 66 -> 59"],
        ),
        (
            ethernet(ipv4(udp(b"abcd"), protocol=17)),
            ethernet(ipv4(udp(b"abcd"), protocol=17) + bytes(5)),
            ["padding added (5 bytes)"],
        ),
        (
            ipv4(udp(bytes(20)), protocol=17),
            ipv4(udp(b"\0\1" * 10), protocol=17),
            ["payload: 10 bytes changed between +1 and +19"],
        ),
        (b"", PLAIN, ["ipv4 added (20 bytes)", "tcp added (20 bytes)", "payload added (5 bytes)"]),
    ],
)
def test_what_it_says(before: bytes, after: bytes, said: list[str]) -> None:
    found = diff(Snapshot(before), Snapshot(after))
    assert found.lines == said
    assert bool(found) == bool(said)
    assert found.apply(before) == after


@given(edited())
@example((b"", b""))
@example((PACKETS["ip"], PACKETS["ip in ip"]))
def test_a_diff_is_exact(packets: tuple[bytes, bytes]) -> None:
    before, after = packets
    found = diff(Snapshot(before), Snapshot(after))
    assert found.apply(before) == after
    assert bool(found) == (before != after)
    assert json.loads(json.dumps([change.to_dict() for change in found])) == [
        change.to_dict() for change in found
    ]

    old, new = _bit_string(before), _bit_string(after)
    at = to = 0
    for change in found:
        # What stands between two changes is there in both packets, bit for bit: so nothing that
        # changed is left unexplained, and no bit is explained twice.
        assert change.at >= at
        assert change.to - to == change.at - at
        assert old[at : change.at] == new[to : change.to]
        at, to = change.at + change.width, change.to + change.grown
        # What a change says was there was there, and it is no change from a thing to itself.
        assert old[change.at : at] == (f"{change.old:0{change.width}b}" if change.width else "")
        assert new[change.to : to] == (f"{change.new:0{change.grown}b}" if change.grown else "")
        assert (change.width, change.old) != (change.grown, change.new)
        assert str(change)
    assert old[at:] == new[to:]


@given(known_edits())
def test_known_edits_are_named_each_once_and_nothing_else(packets: tuple[Packet, Packet]) -> None:
    before, after = packets
    found = diff(Snapshot(before.data), Snapshot(after.data))
    assert sorted(map(str, found)) == ledger(before, after)
    assert found.apply(before.data) == after.data
    back = diff(Snapshot(after.data), Snapshot(before.data))
    assert sorted(map(str, back)) == ledger(after, before)


@given(edited())
def test_bytes_that_only_change_in_place_are_named_byte_by_byte(
    packets: tuple[bytes, bytes],
) -> None:
    before, after = packets
    for change in diff(Snapshot(before), Snapshot(after)):
        if change.form == "bytes" and change.kind == "changed" and change.width == change.grown:
            size = change.width // 8
            pairs = zip(
                change.old.to_bytes(size, "big"), change.new.to_bytes(size, "big"), strict=True
            )
            assert all(one != two for one, two in pairs)


@given(edited())
def test_the_way_back_is_exact_too(packets: tuple[bytes, bytes]) -> None:
    one, two = map(Snapshot, packets)
    back = diff(two, one)
    assert back.apply(two.data) == one.data
    assert bool(back) == bool(diff(one, two))


def test_no_two_changes_start_at_the_same_bits() -> None:
    for one in PACKETS.values():
        for two in PACKETS.values():
            changes = diff(Snapshot(one), Snapshot(two)).changes
            for first, second in pairwise(changes):
                assert (first.at, first.to) != (second.at, second.to)


def test_applied_to_another_packet_it_says_so() -> None:
    found = diff(Snapshot(PLAIN), Snapshot(ipv4(tcp(b"hello"), ttl=63)))
    with pytest.raises(ValueError, match="another ipv4 ttl"):
        found.apply(ipv4(tcp(b"hello"), ttl=9))
    with pytest.raises(ValueError, match="shorter"):
        found.apply(PLAIN[:4])


def _bit_string(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


@pytest.mark.parametrize(
    ("before", "after", "seen", "said"),
    [
        (PLAIN, ethernet(PLAIN), (40, 40), ["ethernet added (14 bytes)"]),
        (ethernet(PLAIN), PLAIN, (40, 40), ["ethernet removed (14 bytes)"]),
        (PLAIN, PLAIN, (40, 20), []),
        (PLAIN, PLAIN, (20, 40), []),
        # The end of what is seen is in the middle of options.
        (
            ethernet(ipv4(tcp(b"hello", options=MSS + TIMESTAMPS))),
            ipv4(tcp(b"hello", options=MSS + TIMESTAMPS), ttl=63),
            (60, 60),
            [
                "ethernet removed (14 bytes)",
                "ipv4 ttl 64 -> 63",
                "ipv4 checksum 0x66b2 -> 0x67b2",
            ],
        ),
        (
            ipv4(udp(bytes(range(40))), protocol=17),
            bytes(range(40)),
            (64, 30),
            ["ipv4 removed (20 bytes)", "udp removed (8 bytes)"],
        ),
        # All that was to be seen of it: so what is missing has gone.
        (PLAIN, PLAIN[:40], (45, 40), ["payload removed (5 bytes)"]),
    ],
)
def test_what_went_out_of_sight_has_not_changed(
    before: bytes, after: bytes, seen: tuple[int, int], said: list[str]
) -> None:
    one, two = (
        Snapshot(data[:size], length=len(data))
        for data, size in zip((before, after), seen, strict=True)
    )
    found = diff(one, two)
    assert found.lines == said
    assert found.apply(one.data) == two.data


@given(edited(), st.integers(0, 80), st.integers(0, 80))
def test_a_diff_of_cut_packets_is_exact(packets: tuple[bytes, bytes], one: int, two: int) -> None:
    before, after = (
        Snapshot(data[:size], length=len(data))
        for data, size in zip(packets, (one, two), strict=True)
    )
    found = diff(before, after)
    assert found.apply(before.data) == after.data
    for change in found:
        assert change.at + change.width <= 8 * len(before.data)
        assert change.to + change.grown <= 8 * len(after.data)
    if before.data == after.data:
        assert not found
