# SPDX-License-Identifier: BSD-2-Clause
"""What packets leave to the hardware, told by their bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.offload import offloads
from dtkit.trace.journey.snapshot import Snapshot
from tests.trace.frames import PACKETS, ethernet, ipv4, ipv6, tcp, udp

DATA = Path(__file__).parents[2] / "data"


def folded(*pieces: bytes) -> int:
    total = 0
    for piece in pieces:
        padded = piece + bytes(len(piece) % 2)
        total += sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def with_sum(packet: bytes, at: int, value: int) -> bytes:
    return packet[:at] + struct.pack(">H", value) + packet[at + 2 :]


def left(packet: bytes, protocol: int, field: int, with_length: bool = True) -> bytes:
    """*packet*, IP, with the sum of its pseudo header where the checksum is, as FreeBSD has it."""
    version, start = packet[0] >> 4, 20 if packet[0] >> 4 == 4 else 40
    addresses = packet[12:20] if version == 4 else packet[8:40]
    length = struct.pack(">H", len(packet) - start) if with_length else b""
    return with_sum(packet, start + field, folded(addresses, struct.pack(">H", protocol), length))


IP4, IP6 = ipv4(tcp(b"hello")), ipv6(tcp(b"six"))
TCP_LEFT = "tcp checksum left to the hardware"


@pytest.mark.parametrize(
    ("packet", "linktype", "expected"),
    [
        (with_sum(IP4, 10, 0), LinkType.RAW, ["ip checksum left to the hardware"]),
        (left(IP4, 6, 16), LinkType.RAW, [TCP_LEFT]),
        (left(IP6, 6, 16), LinkType.RAW, [TCP_LEFT]),
        (ethernet(left(IP4, 6, 16)), LinkType.ETHERNET, [TCP_LEFT]),
        (
            left(ipv4(udp(b"data"), protocol=17), 17, 6),
            LinkType.RAW,
            ["udp checksum left to the hardware"],
        ),
        (
            left(ipv4(tcp(bytes(60_000))), 6, 16, with_length=False),
            LinkType.RAW,
            [TCP_LEFT, "60040 bytes to be cut into segments by the hardware (TSO)"],
        ),
        (
            ipv4(tcp(bytes(30_000))),
            LinkType.RAW,
            ["30040 bytes at once: segments to be cut (TSO) or joined (LRO)"],
        ),
        # As ip_output() is given it: no length of the header yet, or no version either.
        (b"\x40" + with_sum(left(IP4, 6, 16), 10, 0)[1:], LinkType.RAW, [TCP_LEFT]),
        (b"\x00" + with_sum(IP4, 10, 0)[1:], LinkType.IPV4, []),
        (b"", LinkType.UNKNOWN, []),
        (b"\x45", LinkType.RAW, []),
    ],
)
def test_what_is_left(packet: bytes, linktype: LinkType, expected: list[str]) -> None:
    assert list(offloads(packet, linktype)) == expected


@pytest.mark.parametrize("name", list(PACKETS))
def test_whole_packets_leave_nothing(name: str) -> None:
    found = offloads(PACKETS[name], Snapshot(PACKETS[name]).linktype)
    assert [one for one in found if "bytes" in one or "ip " in one] == []


def test_a_dump_of_the_headers_is_enough() -> None:
    """The length is what IP says, whatever was captured."""
    packet = left(ipv4(tcp(bytes(1000))), 6, 16)
    assert offloads(packet[:64], LinkType.RAW) == (TCP_LEFT,)


def test_what_a_real_kernel_leaves_to_its_loopback() -> None:
    with (DATA / "mbuf_trace-freebsd-12.1-loopback.pcap").open("rb") as stream:
        journeys = [item for item in read_any(stream) if isinstance(item, Journey)]
    found = [one.offloads for journey in journeys for one in journey.snapshots]
    assert found.count(("ip checksum left to the hardware", TCP_LEFT)) >= 8


@given(st.binary(max_size=120), st.sampled_from(list(LinkType)))
def test_any_bytes(data: bytes, linktype: LinkType) -> None:
    offloads(data, linktype)


BODIES = [tcp(b"x"), udp(b"x"), ipv4(tcp(b"x")), b"x" * 40, b"x" * 3]


@given(
    body=st.sampled_from(BODIES) | st.binary(max_size=60),
    protocol=st.sampled_from([6, 17, 1, 4, 47]),
    total=st.none() | st.integers(0, 0xFFFF),
    checksum=st.sampled_from([0x1234, 0]),
    fragment=st.sampled_from([0, 0x2000, 5]),
    way=st.sampled_from(["", "with length", "without"]),
)
@example(BODIES[0], 6, 9217, 0x1234, 0, "")
@example(BODIES[0], 6, None, 0x1234, 0, "with length")
@example(BODIES[1], 17, None, 0x1234, 0, "with length")
def test_a_frame_is_told_as_its_packet_is(
    body: bytes, protocol: int, total: int | None, checksum: int, fragment: int, way: str
) -> None:
    packet = bytearray(ipv4(body, protocol=protocol))
    packet[10:12] = struct.pack(">H", checksum)
    packet[6:8] = struct.pack(">H", fragment)
    field = {6: 16, 17: 6}.get(protocol)
    if way and field is not None and len(body) > field + 2:
        packet[:] = left(bytes(packet), protocol, field, with_length=way == "with length")
    if total is not None:
        packet[2:4] = struct.pack(">H", total)
    whole = bytes(packet) + bytes(20)  # as Ethernet pads
    assert offloads(ethernet(whole), LinkType.ETHERNET) == offloads(whole, LinkType.RAW)
