# SPDX-License-Identifier: BSD-2-Clause
"""The catalog: its schema, and finding probes by whatever one would type."""

from __future__ import annotations

import pytest

from dtkit.probes import CatalogError, UnknownProbeError, catalog
from dtkit.probes.points import read_catalog

ENTRY = """
[[probe]]
description = "fbt::tcp_input:entry"
mbuf = "*args[0]"
data = "ip"
direction = "in"
purpose = "TCP"
"""


def test_the_order_is_that_of_a_packet_on_its_way_in() -> None:
    names = [probe.description.shorthand for probe in catalog()]
    way = ["ether_input", "ether_demux", "ip_input", "tcp_input", "m_freem"]
    assert sorted(way, key=names.index) == way


@pytest.mark.parametrize(
    ("function", "mbuf", "data", "null"),
    [
        ("ether_input", "args[1]", "ethernet", False),
        ("ether_output", "args[1]", "network", False),
        ("ip_input", "args[0]", "ipv4", False),
        ("ip6_output", "args[0]", "ipv6", False),
        ("tcp_input", "*args[0]", "ip", False),
        ("tcp6_input", "*args[0]", "ipv6", False),
        ("m_freem", "args[0]", "unknown", True),
        ("sdt:::m-getcl", "(struct mbuf *)arg3", "unknown", True),
        ("sdt:::m-get", "(struct mbuf *)arg2", "unknown", True),
        ("tcp:::receive", "(struct mbuf *)arg2", "ip", True),
    ],
)
def test_entries(function: str, mbuf: str, data: str, null: bool) -> None:
    probe = catalog()[function]
    assert (probe.expression, probe.data, probe.null) == (mbuf, data, null)


@pytest.mark.parametrize(
    "pattern",
    [
        "tcp_input",
        "tcp_input:entry",
        "fbt::tcp_input:entry",
        "fbt:kernel:tcp_input:entry",
        "fbt::tcp_input:",
        ":::tcp_input:entry",
        "tcp_i*t",
        "f*::tcp_in*:*",
    ],
)
def test_many_ways_to_name_one_probe(pattern: str) -> None:
    assert [str(probe) for probe in catalog().match(pattern)] == ["fbt::tcp_input:entry"]


def test_a_glob_finds_several_in_order() -> None:
    found = [probe.description.function for probe in catalog().match("ip_*")]
    assert found == ["ip_input", "ip_tryforward", "ip_forward", "ip_output"]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("tcp_inptu", "did you mean tcp_input"),
        ("fbt::ip_inputt:entry", "did you mean ip_input"),
        ("fbt::tcp_input", "did you mean tcp_input"),
        ("TCP_INPUT", "did you mean tcp_input"),
        ("zzz", "see `dtkit probes`"),
        ("a:b:c:d:e:f", "see `dtkit probes`"),
        ("", "see `dtkit probes`"),
    ],
)
def test_a_near_miss_suggests(name: str, advice: str) -> None:
    with pytest.raises(UnknownProbeError, match=advice):
        catalog()[name]


def test_one_probe_is_asked_for_and_several_match() -> None:
    with pytest.raises(UnknownProbeError, match=r"more than one probe: fbt::ip_input:entry, "):
        catalog()["ip_*"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[probe]]\ndescription = 'fbt::f:entry'", "fbt::f:entry: no data, direction, mbuf"),
        (ENTRY + "colour = 'red'", "unknown key colour"),
        (ENTRY + "null = 'yes'", "null is not a bool"),
        (ENTRY.replace("*args[0]", "system()"), "'system\\(\\)' is no D expression"),
        (ENTRY + "interface = 'arg0'", "'arg0' is no D expression of an interface"),
        (ENTRY + "protocol = 'sctp'", "protocol is none of tcp, udp, icmp, icmp6"),
        (ENTRY.replace('"ip"', '"ipx"'), "'ipx' is not a valid Data"),
        (ENTRY.replace("fbt::", "fbt::*"), "is no probe description"),
        (ENTRY + ENTRY, "listed twice"),
        ("probe = 1", "a list of"),
        ("[[", "at end of document"),
    ],
    ids=str,
)
def test_the_schema_is_checked(text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        read_catalog(text)
