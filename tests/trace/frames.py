# SPDX-License-Identifier: BSD-2-Clause
"""mbuf_trace frames and packets put together by hand for tests: shares nothing with the codec."""

from __future__ import annotations

import ipaddress
import struct

from hypothesis import strategies as st

#: A record as a kernel notes it: text, or packet bytes.
Note = str | bytes


def frame(generation: int, notes: list[Note], order: str = ">", packet: bytes = b"") -> bytes:
    """The frame for *notes*, which are in the order of time: it stands newest first."""
    out = struct.pack(order + "H", len(notes))
    for note in reversed(notes):
        payload = note.encode() + b"\0" if isinstance(note, str) else note
        out += struct.pack(order + "H", len(payload))
        if generation == 2:
            out += struct.pack(order + "H", 2 if isinstance(note, str) else 1)
        elif generation == 3:
            out += struct.pack(order + "H", 1 if isinstance(note, str) else 0)
        else:
            assert isinstance(note, str)
        out += payload
    return out + packet


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def ipv4(
    payload: bytes,
    *,
    source: str = "10.0.0.1",
    destination: str = "10.0.0.2",
    protocol: int = 6,
    ttl: int = 64,
    identity: int = 7,
    options: bytes = b"",
) -> bytes:
    size = 20 + len(options)
    head = struct.pack(
        ">BBHHHBBH4s4s",
        0x40 | size // 4,
        0,
        size + len(payload),
        identity,
        0,
        ttl,
        protocol,
        0,
        ipaddress.ip_address(source).packed,
        ipaddress.ip_address(destination).packed,
    )
    head += options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(payload: bytes, *, next_header: int = 6, hops: int = 64) -> bytes:
    source, destination = (ipaddress.ip_address(a).packed for a in ("fe80::1", "fe80::2"))
    return (
        struct.pack(">IHBB", 6 << 28, len(payload), next_header, hops)
        + source
        + destination
        + payload
    )


def tcp(
    payload: bytes = b"",
    *,
    source: int = 1234,
    destination: int = 22,
    sequence: int = 1,
    flags: int = 0x10,
    options: bytes = b"",
) -> bytes:
    size = 20 + len(options)
    return (
        struct.pack(
            ">HHIIBBHHH", source, destination, sequence, 1, size // 4 << 4, flags, 1024, 0xABCD, 0
        )
        + options
        + payload
    )


def udp(payload: bytes = b"", *, source: int = 5000, destination: int = 53) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0xBEEF) + payload


def ethernet(payload: bytes, kind: int = 0x0800) -> bytes:
    return bytes.fromhex("020000000002020000000001") + struct.pack(">H", kind) + payload


MSS = bytes.fromhex("020405b4")
TIMESTAMPS = bytes.fromhex("0101080a0000000100000002")

PACKETS: dict[str, bytes] = {
    "ip": ipv4(tcp(b"hello")),
    "ethernet": ethernet(ipv4(tcp(b"hello"))),
    "vlan": ethernet(struct.pack(">HH", 42, 0x0800) + ipv4(udp(b"data"), protocol=17), 0x8100),
    "options": ethernet(ipv4(tcp(b"data", options=MSS + TIMESTAMPS))),
    "ip options": ipv4(tcp(b"data"), options=bytes.fromhex("94040000")),
    "ipv6": ipv6(tcp(b"six")),
    "ipv6 extension": ipv6(bytes.fromhex("0600010400000000") + tcp(b"six"), next_header=0),
    "ipv6 fragment": ipv6(bytes.fromhex("1100000000000009") + udp(b"part"), next_header=44),
    "ip in ip": ipv4(ipv4(tcp(b"inner")), protocol=4, source="192.0.2.1"),
    "gre": ipv4(bytes.fromhex("2000080000000001") + ipv4(tcp(b"inner")), protocol=47),
    "ah": ipv4(bytes.fromhex("060400000000000100000002") + bytes(12) + tcp(), protocol=51),
    "esp": ipv4(bytes.fromhex("0000000100000002") + b"secret", protocol=50),
    "vxlan": ipv4(
        udp(bytes.fromhex("0800000000002a00") + ethernet(ipv4(tcp())), destination=4789),
        protocol=17,
    ),
    "arp": ethernet(
        bytes.fromhex("00010800060400010200000000010a0000010000000000000a000002") + bytes(18),
        0x0806,
    ),
    "icmp error": ipv4(
        bytes.fromhex("0303abcd00000000") + ipv4(udp(b"x"), protocol=17), protocol=1
    ),
    "padded": ethernet(ipv4(tcp()) + bytes(6)),
    "empty": b"",
    "rubbish": bytes(range(40)),
}


@st.composite
def edited(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A packet, and what a kernel might have made of it: bytes changed, headers come and gone."""
    before = draw(st.sampled_from(list(PACKETS.values())) | st.binary(max_size=80))
    after = before
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(after)))
        size = draw(st.integers(0, 24))
        match draw(st.sampled_from(["change", "cut", "insert", "strip", "prepend", "other"])):
            case "change":
                new = draw(st.binary(min_size=1, max_size=4))
                after = (after[:at] + new + after[at + len(new) :])[: len(after)]
            case "cut":
                after = after[:at] + after[at + size :]
            case "insert":
                after = after[:at] + draw(st.binary(max_size=8)) + after[at:]
            case "strip":
                after = after[draw(st.sampled_from([4, 14, 20, 34, 40])) :]
            case "prepend":
                after = draw(st.sampled_from([ethernet(after), ipv4(after, protocol=4)]))
            case "other":
                after = draw(st.sampled_from(list(PACKETS.values())))
    return before, after
