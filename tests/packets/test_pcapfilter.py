# SPDX-License-Identifier: BSD-2-Clause
"""Filters: libpcap's verdicts and programs are those of tcpdump's own tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Instruction, compile_filter

IP = bytes.fromhex("4500002800070000400600000a0000010a000002") + bytes.fromhex(
    "04d2001600000001000000015010040000000000"
)
FRAME = bytes.fromhex("0200000000020200000000010800") + IP
IP6 = bytes.fromhex(
    "60000000000006400000000000000000000000000000000100000000000000000000000000000002"
)


@pytest.mark.parametrize(
    ("expression", "linktype", "data", "passes"),
    [
        ("tcp port 22", LinkType.ETHERNET, FRAME, True),
        ("tcp port 22", LinkType.RAW, IP, True),
        ("tcp port 22", LinkType.IPV4, IP, True),
        ("tcp port 23", LinkType.ETHERNET, FRAME, False),
        ("udp", LinkType.RAW, IP, False),
        ("src 10.0.0.1 and dst 10.0.0.2", LinkType.RAW, IP, True),
        ("ip6", LinkType.RAW, IP6, True),
        ("ip6", LinkType.IPV6, IP6, True),
        ("ether src 02:00:00:00:00:01", LinkType.ETHERNET, FRAME, True),
        ("tcp[tcpflags] & tcp-ack != 0", LinkType.RAW, IP, True),
        ("", LinkType.RAW, b"", True),
        ("tcp", LinkType.RAW, b"", False),
    ],
)
def test_verdicts(expression: str, linktype: LinkType, data: bytes, passes: bool) -> None:
    assert compile_filter(expression, linktype).matches(data) is passes


def test_the_length_on_the_wire_counts() -> None:
    program = compile_filter("greater 1000", LinkType.RAW)
    assert not program.matches(IP)
    assert program.matches(IP, 1400)


def test_the_program() -> None:
    # As `tcpdump -ddd ip` prints it for Ethernet: ldh [12]; jeq #0x800; ret; ret.
    assert compile_filter("ip", LinkType.ETHERNET).instructions == (
        Instruction(0x28, 0, 0, 12),
        Instruction(0x15, 0, 1, 0x800),
        Instruction(0x06, 0, 0, 262144),
        Instruction(0x06, 0, 0, 0),
    )


@pytest.mark.parametrize(
    ("expression", "linktype", "message"),
    [
        ("tcp prot 22", LinkType.RAW, "syntax error"),
        ("tcp\0udp", LinkType.RAW, "a filter cannot hold a NUL"),
        ("tcp", LinkType.UNKNOWN, "no pcap filter works on UNKNOWN packets"),
        ("ether src 02:00:00:00:00:01", LinkType.RAW, "ether"),
    ],
)
def test_what_cannot_be_compiled(expression: str, linktype: LinkType, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        compile_filter(expression, linktype)


@given(st.binary(max_size=100))
def test_any_packet_gets_a_verdict(data: bytes) -> None:
    for linktype in (LinkType.ETHERNET, LinkType.RAW):
        compile_filter("ip6 and tcp port 22 or udp[100] = 1", linktype).matches(data)


def test_a_filter_that_would_take_a_minute_is_refused() -> None:
    ports = " or ".join(f"port {port}" for port in range(1, 800))
    with pytest.raises(FilterError, match=r"is too long: portrange and net say more with less"):
        compile_filter(ports, LinkType.RAW)
