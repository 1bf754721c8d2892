# SPDX-License-Identifier: BSD-2-Clause
"""One line about a packet's headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType
from dtkit.packets.summary import summarize
from tests.packets import frames
from tests.packets.frames import PACKETS, ethernet, icmp, ipv4, ipv6, tcp, udp

IP4, IP6, RAW, ETHER = LinkType.IPV4, LinkType.IPV6, LinkType.RAW, LinkType.ETHERNET
OPTIONS = bytes.fromhex("020405b4 0402 080a0000000100000002 01 030307 050a0000000a0000001e")
PAIR = "10.0.0.1:1024 > 10.0.0.2:22 TCP"

LINES = {
    "tcp": (IP4, ipv4(6, tcp()), f"{PAIR} [.] seq 100 ack 200 win 512 length 0"),
    "payload": (
        IP4,
        ipv4(6, tcp(0x18, payload=b"hello")),
        f"{PAIR} [P.] seq 100:105 ack 200 win 512 length 5",
    ),
    "options": (
        IP4,
        ipv4(6, tcp(0x02, OPTIONS)),
        f"{PAIR} [S] seq 100 win 512 options [mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7,"
        "sack 10:30,eol] length 0",
    ),
    "every flag": (
        IP4,
        ipv4(6, tcp(0xFF)),
        f"{PAIR} [SFRP.UEW] seq 100 ack 200 win 512 urg 9 length 0",
    ),
    "no flag": (IP4, ipv4(6, tcp(0)), f"{PAIR} [none] seq 100 win 512 length 0"),
    "options cut off": (
        IP4,
        ipv4(6, tcp(0x02, OPTIONS), length=52)[:50],
        f"{PAIR} [S] seq 100 win 512 options [mss 1460,sackOK,...] length 0, first 50 of 52 bytes",
    ),
    "options that lie": (
        IP4,
        ipv4(6, tcp(0x02, b"\x02\x00\x00\x00")),
        f"{PAIR} [S] seq 100 win 512 options [bad] length 0",
    ),
    "unknown option": (
        IP4,
        ipv4(6, tcp(0x02, b"\xfd\x04\xca\xfe")),
        f"{PAIR} [S] seq 100 win 512 options [opt-253:cafe] length 0",
    ),
    "padding": (
        IP4,
        ipv4(6, tcp()) + bytes(12),
        f"{PAIR} [.] seq 100 ack 200 win 512 length 0, 40 of 52 bytes",
    ),
    "only an IP header": (
        IP4,
        ipv4(6, b"", length=1500),
        "10.0.0.1 > 10.0.0.2 TCP length 1480, first 20 of 1500 bytes",
    ),
    "udp": (IP4, ipv4(17, udp(b"query")), "10.0.0.1:5353 > 10.0.0.2:53 UDP length 5"),
    "icmp echo": (
        IP4,
        ipv4(1, icmp()),
        "10.0.0.1 > 10.0.0.2 ICMP echo request id 1 seq 2 length 12",
    ),
    "icmp code": (
        IP4,
        ipv4(1, icmp(3, 1)),
        "10.0.0.1 > 10.0.0.2 ICMP unreachable code 1 length 12",
    ),
    "icmp type": (IP4, ipv4(1, icmp(77)), "10.0.0.1 > 10.0.0.2 ICMP type 77 length 12"),
    "other protocol": (IP4, ipv4(89, b"x" * 8), "10.0.0.1 > 10.0.0.2 protocol 89 length 8"),
    "first fragment": (
        IP4,
        ipv4(17, udp(b"12345678"), more=True),
        "10.0.0.1:5353 > 10.0.0.2:53 UDP length 8, fragment 7@0+",
    ),
    "later fragment": (
        IP4,
        ipv4(17, b"12345678", fragment=1480, more=True),
        "10.0.0.1 > 10.0.0.2 UDP fragment 7@1480+",
    ),
    "last fragment": (
        IP4,
        ipv4(17, b"12345678", fragment=2960),
        "10.0.0.1 > 10.0.0.2 UDP fragment 7@2960",
    ),
    "length left to segmentation offload": (
        IP4,
        ipv4(6, tcp(payload=b"x" * 10), length=0),
        f"{PAIR} [.] seq 100:110 ack 200 win 512 length 10",
    ),
    "an IPv4 header that ip_output has not finished": (
        IP4,
        bytes.fromhex("00000054 00000000 40010000 00000000 7f000001") + icmp() + bytes(52),
        "0.0.0.0 > 127.0.0.1 ICMP echo request id 1 seq 2 length 64 (unfinished IPv4 header)",
    ),
    "the same with what was in that memory before": (
        IP4,
        bytes.fromhex("1c000054 00000000 40010000 00000000 7f000001") + icmp() + bytes(52),
        "0.0.0.0 > 127.0.0.1 ICMP echo request id 1 seq 2 length 64 (unfinished IPv4 header)",
    ),
    "tcp over ipv6": (
        RAW,
        ipv6(6, tcp()),
        "[fe80::1]:1024 > [fe80::2]:22 TCP [.] seq 100 ack 200 win 512 length 0",
    ),
    "icmp6": (
        IP6,
        ipv6(58, icmp(135, rest=bytes(20))),
        "fe80::1 > fe80::2 ICMP6 neighbor solicitation length 24",
    ),
    "ipv6 behind extensions": (
        IP6,
        ipv6(0, b"\x3c\0" + bytes(6) + b"\x11\x01" + bytes(14) + udp(b"x")),
        "[fe80::1]:5353 > [fe80::2]:53 UDP length 1",
    ),
    "ipv6 fragment": (
        IP6,
        ipv6(44, b"\x11\0\x05\xa9\0\0\0\x09" + bytes(8)),
        "fe80::1 > fe80::2 UDP fragment 9@1448+",
    ),
    "ethernet": (
        ETHER,
        ethernet(0x0800, ipv4(6, tcp())) + bytes(6),
        f"{PAIR} [.] seq 100 ack 200 win 512 length 0, 54 of 60 bytes",
    ),
    "vlan": (
        ETHER,
        ethernet(0x0800, ipv4(17, udp()), tag=42),
        "vlan 42 10.0.0.1:5353 > 10.0.0.2:53 UDP length 0",
    ),
    "arp request": (ETHER, ethernet(0x0806, frames.ARP), "ARP who-has 10.9.0.2 tell 10.9.0.1"),
    "arp reply": (
        LinkType.ARP,
        frames.ARP[:7] + b"\x02" + frames.ARP[8:],
        "ARP 10.9.0.1 is-at 02:00:00:00:00:01",
    ),
    "other ethertype": (
        ETHER,
        ethernet(0x88CC, b"x"),
        "02:f5:64:32:bc:0a > 02:00:00:00:00:01 ethertype 0x88cc",
    ),
    "bare tcp": (LinkType.TCP, tcp(payload=b"xyz"), "1024 > 22 TCP [.] seq 100 ack 200 win 512"),
    "bare udp": (LinkType.UDP, udp(b"q"), "5353 > 53 UDP length 1"),
    "bare icmp": (LinkType.ICMP, icmp(), "ICMP echo request id 1 seq 2"),
    "unknown": (LinkType.UNKNOWN, b"\x10\x02" + bytes(15), "17 bytes: 10 02" + " 00" * 14 + " ..."),
    "nothing": (IP4, b"", "0 bytes"),
    "not what it should be": (IP4, b"\x60\x00", "2 bytes: 60 00"),
}


@pytest.mark.parametrize(("linktype", "data", "line"), LINES.values(), ids=LINES)
def test_lines(linktype: LinkType, data: bytes, line: str) -> None:
    assert summarize(data, linktype) == line


def test_a_length_from_elsewhere_goes_before_the_header() -> None:
    assert summarize(ipv4(6, tcp()), IP4, 1500).endswith(", first 40 of 1500 bytes")


@given(st.binary(max_size=90), st.sampled_from(LinkType), st.none() | st.integers(0, 99999))
def test_any_bytes_have_a_summary(data: bytes, linktype: LinkType, length: int | None) -> None:
    line = summarize(data, linktype, length)
    assert line.isprintable()


@given(st.sampled_from(sorted(PACKETS)), st.data())
def test_any_change_to_a_packet_leaves_it_with_a_summary(name: str, data: st.DataObject) -> None:
    linktype, packet = PACKETS[name]
    cut = packet[: data.draw(st.integers(0, len(packet)))]
    at = data.draw(st.integers(0, max(len(cut) - 1, 0)))
    changed = cut[:at] + data.draw(st.binary(max_size=4)) + cut[at + 4 :]
    assert summarize(changed, linktype).isprintable()


def test_packets_in_packets_in_packets() -> None:
    """Only the outermost header is described, however many there are within."""
    data = b""
    for _ in range(3000):
        data = ipv4(4, data)
    assert (
        summarize(data, LinkType.IPV4) == f"10.0.0.1 > 10.0.0.2 protocol 4 length {len(data) - 20}"
    )


@pytest.mark.parametrize("words", [0, 4])
def test_a_header_that_is_too_short_for_a_header(words: int) -> None:
    data = ipv4(6, tcp())
    assert "bytes: " in summarize(bytes([0x40 | words]) + data[1:], LinkType.RAW)
    short = data[:32] + bytes([words << 4]) + data[33:]
    assert "TCP length 20" in summarize(short, LinkType.RAW)
