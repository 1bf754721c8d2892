# SPDX-License-Identifier: BSD-2-Clause
"""What the bytes at a probe start with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType, claimed_length, link_type, sniff
from dtkit.probes import catalog
from tests.packets import frames

IP4, IP6 = frames.ipv4(6, frames.tcp()), frames.ipv6(6, frames.tcp())
FRAME = frames.ethernet(0x0800, IP4)
UNFINISHED = bytes.fromhex("00000054 00000000 40010000 00000000 7f000001") + bytes(44)


@pytest.mark.parametrize(
    ("probe", "data", "expected"),
    [
        ("ip_input", IP4, LinkType.IPV4),
        ("ip_output", UNFINISHED, LinkType.IPV4),
        ("ip6_input", IP6, LinkType.IPV6),
        ("tcp_input", IP4, LinkType.RAW),
        ("tcp_input", IP6, LinkType.RAW),
        ("tcp_input", frames.tcp(), LinkType.TCP),
        ("tcp_input", b"\x45\x00" + frames.tcp()[2:], LinkType.TCP),  # a port that looks like IPv4
        ("tcp_input", b"hello, plain text of some length", LinkType.RAW),  # by the nibble, 6
        ("tcp_input", b"1" * 12 + b"\x40" + bytes(10), LinkType.UNKNOWN),  # neither IP nor TCP
        ("udp_input", IP4, LinkType.IPV4),
        ("udp_input", frames.udp(b"x"), LinkType.UDP),
        ("icmp_input", frames.icmp(), LinkType.ICMP),
        ("udp6_input", frames.udp(b"x"), LinkType.UDP),
        ("icmp6_input", IP6, LinkType.IPV6),
        ("ether_input", FRAME, LinkType.ETHERNET),
        ("ether_output", IP4, LinkType.RAW),
        ("ether_output", IP6, LinkType.RAW),
        ("ether_output", frames.ARP, LinkType.ARP),
        ("bpf_mtap", FRAME, LinkType.ETHERNET),
        ("bpf_mtap", IP4, LinkType.RAW),
        ("m_freem", IP4, LinkType.RAW),
        ("m_freem", IP6, LinkType.RAW),
        ("m_freem", FRAME, LinkType.ETHERNET),
        ("m_freem", b"\x10\x02\x1e\x61" + bytes(12), LinkType.UNKNOWN),
        ("tcp:::receive", IP4, LinkType.RAW),
        ("tcp_input", b"", LinkType.UNKNOWN),
        ("ether_input", b"", LinkType.ETHERNET),
    ],
)
def test_at_probes(probe: str, data: bytes, expected: LinkType) -> None:
    assert link_type(catalog()[probe], data) is expected


@pytest.mark.parametrize(
    ("probe", "data", "offset", "expected"),
    [
        ("ether_input", IP4, 14, LinkType.RAW),
        ("tcp_input", frames.tcp(), 20, LinkType.TCP),
        ("ip_input", b"payload", 40, LinkType.UNKNOWN),
    ],
)
def test_past_an_offset(probe: str, data: bytes, offset: int, expected: LinkType) -> None:
    assert link_type(catalog()[probe], data, offset) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (IP4, LinkType.RAW),
        (IP4[:10] + b"\0\0" + IP4[12:], LinkType.RAW),  # checksum left to the hardware
        (IP4[:10] + b"\1\2" + IP4[12:], LinkType.UNKNOWN),
        (b"\x41" + IP4[1:], LinkType.UNKNOWN),  # a header of 4 bytes
        (IP6, LinkType.RAW),
        (IP6[:6] + b"\xfe" + IP6[7:], LinkType.UNKNOWN),
        (FRAME, LinkType.ETHERNET),
        (FRAME[:14] + b"\x60", LinkType.UNKNOWN),  # IPv4's type, IPv6's version
        (frames.ethernet(0x0806, frames.ARP), LinkType.ETHERNET),
        (frames.ARP, LinkType.ARP),
    ],
)
def test_sniffing(data: bytes, expected: LinkType) -> None:
    assert sniff(data) is expected


@pytest.mark.parametrize(
    ("data", "length", "expected"),
    [
        (IP4, len(IP4), LinkType.RAW),
        (IP4 + b"padding", len(IP4) + 7, LinkType.RAW),
        (IP4[:-1], len(IP4), LinkType.RAW),
        (IP4[:-1], len(IP4) - 1, LinkType.UNKNOWN),  # longer than it can be
        (IP4[:10] + b"\0\0" + IP4[12:], len(IP4), LinkType.RAW),
        (IP4[:10] + b"\0\0" + IP4[12:], len(IP4) + 1, LinkType.UNKNOWN),
        (IP6, len(IP6), LinkType.RAW),
        (IP6[:6] + b"\xfe" + IP6[7:], len(IP6), LinkType.RAW),
        (IP6, len(IP6) + 1, LinkType.UNKNOWN),
        (FRAME, len(FRAME), LinkType.ETHERNET),
        (frames.ARP, len(frames.ARP), LinkType.ARP),
    ],
)
def test_sniffing_a_packet_of_known_length(data: bytes, length: int, expected: LinkType) -> None:
    assert sniff(data, length) is expected


@given(st.binary(max_size=80), st.sampled_from(list(catalog())), st.sampled_from([0, 20]))
def test_any_bytes_have_a_link_type(data: bytes, probe: object, offset: int) -> None:
    assert isinstance(link_type(probe, data, offset), LinkType)  # type: ignore[arg-type]
    assert isinstance(link_type(None, data), LinkType)


@pytest.mark.parametrize(
    ("linktype", "data", "length"),
    [
        (LinkType.RAW, frames.ipv4(6, b"", length=1500), 1500),
        (LinkType.IPV6, IP6[:40], 60),
        (LinkType.ETHERNET, frames.ethernet(0x0800, frames.ipv4(6, b"", length=99)), 113),
        (LinkType.ETHERNET, frames.ethernet(0x86DD, IP6[:40]), 74),
        (LinkType.ETHERNET, frames.ethernet(0x0806, frames.ARP), 42),
        (LinkType.IPV4, IP4 + bytes(100), 140),
        (LinkType.IPV4, UNFINISHED, 64),
        (LinkType.TCP, frames.tcp(), 20),
        (LinkType.RAW, b"", 0),
    ],
)
def test_the_length_a_packet_claims(linktype: LinkType, data: bytes, length: int) -> None:
    assert claimed_length(data, linktype) == length
