# SPDX-License-Identifier: BSD-2-Clause
"""Dissection: every bit accounted for once, and the values are those that tshark shows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.headers import LAYOUTS, dissect, walk
from dtkit.trace.journey.snapshot import Snapshot
from tests.packets import captures
from tests.trace.frames import PACKETS, ethernet


def names(data: bytes) -> list[str]:
    return [part.name for part in dissect(data, Snapshot(data).linktype)]


@pytest.mark.parametrize(
    ("packet", "parts"),
    [
        ("ip", "ipv4, tcp, payload"),
        ("ethernet", "ethernet, ipv4, tcp, payload"),
        ("vlan", "ethernet, vlan, ipv4, udp, payload"),
        (
            "options",
            "ethernet, ipv4, tcp, tcp mss, tcp nop, tcp nop, tcp timestamps, payload",
        ),
        ("ip options", "ipv4, ipv4 option, tcp, payload"),
        ("ipv6", "ipv6, tcp, payload"),
        ("ipv6 extension", "ipv6, ipv6 extension, tcp, payload"),
        ("ipv6 fragment", "ipv6, ipv6 fragment, udp, payload"),
        ("ip in ip", "ipv4, ipv4, tcp, payload"),
        ("gre", "ipv4, gre, ipv4, tcp, payload"),
        ("ah", "ipv4, ah, tcp"),
        ("esp", "ipv4, esp, payload"),
        ("vxlan", "ipv4, udp, vxlan, ethernet, ipv4, tcp"),
        ("arp", "ethernet, arp, padding"),
        ("icmp error", "ipv4, icmp, ipv4, udp, payload"),
        ("padded", "ethernet, ipv4, tcp, padding"),
        ("empty", ""),
        ("rubbish", "ethernet, payload"),
    ],
)
def test_the_parts_of_a_packet(packet: str, parts: str) -> None:
    assert ", ".join(names(PACKETS[packet])) == parts


@given(
    st.sampled_from(list(PACKETS.values())) | st.binary(max_size=120),
    st.binary(max_size=6),
    st.integers(0, 60),
    st.sampled_from(list(LinkType)),
)
def test_every_bit_belongs_to_one_field(
    packet: bytes, noise: bytes, at: int, linktype: LinkType
) -> None:
    data = packet[:at] + noise + packet[at + len(noise) :]
    position = 0
    for part in dissect(data, linktype):
        for field in part.fields:
            assert part.at * 8 + field.at == position
            assert field.width > 0
            position += field.width
            assert field.text(part, data)
        assert part.end * 8 == position
    assert position == len(data) * 8


def test_a_layout_is_whole_bytes() -> None:
    for name, layout in LAYOUTS.items():
        assert sum(width for _, width, _ in layout) % 8 == 0, name
        assert len({field for field, _, _ in layout}) == len(layout), name


#: Our field, and tshark's.
SAME = {
    ("ethernet", "destination"): "eth.dst",
    ("ethernet", "source"): "eth.src",
    ("vlan", "id"): "vlan.id",
    ("ipv4", "header length"): "ip.hdr_len",
    ("ipv4", "length"): "ip.len",
    ("ipv4", "id"): "ip.id",
    ("ipv4", "ttl"): "ip.ttl",
    ("ipv4", "protocol"): "ip.proto",
    ("ipv4", "checksum"): "ip.checksum",
    ("ipv4", "source"): "ip.src",
    ("ipv4", "destination"): "ip.dst",
    ("ipv6", "payload length"): "ipv6.plen",
    ("ipv6", "next header"): "ipv6.nxt",
    ("ipv6", "hop limit"): "ipv6.hlim",
    ("ipv6", "source"): "ipv6.src",
    ("ipv6", "destination"): "ipv6.dst",
    ("arp", "sender"): "arp.src.proto_ipv4",
    ("arp", "target"): "arp.dst.proto_ipv4",
    ("tcp", "source port"): "tcp.srcport",
    ("tcp", "destination port"): "tcp.dstport",
    ("tcp", "sequence"): "tcp.seq_raw",
    ("tcp", "acknowledgment"): "tcp.ack_raw",
    ("tcp", "header length"): "tcp.hdr_len",
    ("tcp", "window"): "tcp.window_size_value",
    ("tcp", "checksum"): "tcp.checksum",
    ("tcp mss", "value"): "tcp.options.mss_val",
    ("tcp timestamps", "value"): "tcp.options.timestamp.tsval",
    ("udp", "source port"): "udp.srcport",
    ("udp", "length"): "udp.length",
    ("udp", "checksum"): "udp.checksum",
    ("vxlan", "vni"): "vxlan.vni",
    ("icmp", "type"): "icmp.type",
    ("esp", "spi"): "esp.spi",
    ("ah", "sequence"): "ah.sequence",
}


def test_values_are_those_that_tshark_shows(tmp_path: Path) -> None:
    packets = {
        name: data if Snapshot(data).linktype is LinkType.ETHERNET else ethernet(data, kind)
        for name, data in PACKETS.items()
        if data
        for kind in [0x86DD if data[0] >> 4 == 6 else 0x0800]
    }
    path = tmp_path / "packets.pcap"
    path.write_bytes(captures.pcap(packets.values(), linktype=1))
    command = ["tshark", "-r", str(path), "-Tjson", "--no-duplicate-keys"]
    command += ["-o", "tcp.relative_sequence_numbers:FALSE"]
    done = subprocess.run(command, capture_output=True, check=True)
    compared = set()
    for (name, data), shown in zip(packets.items(), json.loads(done.stdout), strict=True):
        theirs: dict[str, list[str]] = {}
        _collect(shown["_source"]["layers"], theirs)
        for part, field, value in walk(data, dissect(data, LinkType.ETHERNET)):
            if (key := SAME.get((part.name, field.name))) is not None:
                compared.add(key)
                assert _number(value) in map(_number, theirs[key]), (name, key)
    assert compared == set(SAME.values())


def _number(value: str) -> int | str:
    """The number that *value* is, decimal or hexadecimal, or itself."""
    try:
        return int(value, 0)
    except ValueError:
        return value


def _collect(node: object, into: dict[str, list[str]]) -> None:
    """Every value in tshark's JSON by the name of its field."""
    if isinstance(node, dict):
        for key, value in node.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    into.setdefault(key, []).append(one)
                else:
                    _collect(one, into)
    elif isinstance(node, list):
        for one in node:
            _collect(one, into)
