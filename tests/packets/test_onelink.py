# SPDX-License-Identifier: BSD-2-Clause
"""Captures of one link type, as tcpdump(1) reads them; which packets are wanted."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from dtkit.packets.capture import Frame, read_capture
from dtkit.packets.linktype import LinkType
from dtkit.packets.onelink import Link, LinkedCapture, as_ethernet, as_ip
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.pcapfilter import FilterError
from dtkit.packets.pcapng import LARGEST
from dtkit.packets.provenance import Provenance
from dtkit.packets.rotation import SingleFile
from dtkit.packets.selection import Selection
from dtkit.probes import catalog
from tests.packets.frames import ethernet, ipv4, ipv6, tcp, udp

AT = {
    name: Origin(f"fbt::{name}:entry", name, "entry", cpu, 7)
    for cpu, name in enumerate(["ether_input", "ip_input", "ip6_input", "tcp_input"])
}
FOUR, SIX = ipv4(17, udp(b"four")), ipv6(6, tcp(payload=b"six"))
ARP = bytes.fromhex("0001080006040001aabbccddeeff0a0000010000000000000a000002")

PACKETS = [
    Packet(ethernet(0x0800, FOUR), LinkType.ETHERNET, AT["ether_input"], length=100),
    Packet(ethernet(0x0800, FOUR, tag=5), LinkType.ETHERNET, AT["ether_input"]),
    Packet(FOUR, LinkType.IPV4, AT["ip_input"], length=len(FOUR)),
    Packet(SIX, LinkType.IPV6, AT["ip6_input"]),
    Packet(SIX, LinkType.RAW, AT["tcp_input"]),
    Packet(ethernet(0x0806, ARP), LinkType.ETHERNET, AT["ether_input"]),
    Packet(ARP, LinkType.ARP, AT["ether_input"]),
    Packet(tcp(), LinkType.TCP, AT["tcp_input"]),
    Packet(b"\1\2", LinkType.UNKNOWN),
]


def test_ip() -> None:
    found = [as_ip(packet) for packet in PACKETS]
    assert [packet and packet.data for packet in found] == [FOUR, FOUR, FOUR, SIX, SIX, *[None] * 4]
    assert {packet.linktype for packet in found if packet} == {LinkType.RAW}
    assert [packet.length for packet in found if packet] == [86, None, len(FOUR), None, None]


def test_ethernet_is_made_up_where_there_is_none() -> None:
    found = [as_ethernet(packet) for packet in PACKETS]
    assert found[0] is PACKETS[0]
    assert found[5] is PACKETS[5]
    made = [packet and packet.data for packet in found[2:5]]
    assert made == [bytes(12) + b"\x08\x00" + FOUR, *[bytes(12) + b"\x86\xdd" + SIX] * 2]
    assert found[2] is not None
    assert found[2].length == len(FOUR) + 14
    assert found[6] is not None
    assert found[6].data == bytes(12) + b"\x08\x06" + ARP
    assert found[7:] == [None, None]


def written(path: Path, packets: list[Packet], link: Link | None) -> list[str]:
    with path.open("wb") as stream:
        sink = SingleFile(
            stream, lambda to: PacketFile(to, Provenance("test"), catalog(), merged=link is Link.IP)
        )
        capture = LinkedCapture(sink, link)
        for packet in packets:
            capture.write(packet)
        capture.flush()
        capture.close()
    return list(capture.remarks())


@pytest.mark.parametrize(("link", "count"), [(Link.IP, 5), (Link.ETHERNET, 7)])
def test_tcpdump_reads_it(link: Link, count: int, tmp_path: Path) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("no tcpdump on this machine")
    path = tmp_path / "one.pcapng"
    (remark,) = written(path, PACKETS, link)
    assert "1 TCP, 1 UNKNOWN" in remark
    assert ("3 ARP" if link is Link.IP else "ARP") not in remark
    done = subprocess.run(["tcpdump", "-nr", path], capture_output=True, text=True, check=True)
    assert done.stdout.count("IP") == 5
    assert len(done.stdout.splitlines()) == count
    with path.open("rb") as stream:
        frames = [item for item in read_capture(stream) if isinstance(item, Frame)]
    if link is Link.IP:  # where each was seen stands in its comment then
        assert frames[2].comments == ("fbt::ip_input:entry, cpu 1, probe id 7",)
    assert {frame.interface for frame in frames} != {None}


def test_what_tcpdump_does_not_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "several.pcapng"
    (remark,) = written(path, PACKETS[:3], None)
    assert "several link types (ETHERNET, IPV4)" in remark
    if shutil.which("tcpdump") is not None:
        done = subprocess.run(["tcpdump", "-nr", path], capture_output=True, text=True, check=False)
        assert "different from the type of the first interface" in done.stderr
    assert written(path, PACKETS[2:3], None) == []
    assert written(path, PACKETS[3:4], None) == []
    (remark,) = written(path, PACKETS[7:8], None)
    assert "TCP are in it, which tcpdump(1) does not print" in remark


def test_what_wireshark_does_not_take_is_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path / "large.pcapng"
    large = ipv4(17, udp(bytes(30))) + bytes(LARGEST)
    packets = [Packet(large, LinkType.IPV4, length=300_000), Packet(FOUR, LinkType.IPV4)]
    (remark,) = written(path, packets, None)
    assert remark.startswith(f"1 packet is cut to {LARGEST} bytes")
    with path.open("rb") as stream:
        one, two = [item for item in read_capture(stream) if isinstance(item, Frame)]
    assert (len(one.data), one.length, two.data) == (LARGEST, 300_000, FOUR)
    if shutil.which("tshark") is not None:
        done = subprocess.run(["tshark", "-nr", path], capture_output=True, text=True, check=True)
        assert len(done.stdout.splitlines()) == 2


def test_a_run_with_a_packet_that_is_too_large_is_cut_as_well() -> None:
    stream = io.BytesIO()
    file = PacketFile(stream, Provenance("test"), catalog())
    data = [bytes(LARGEST + 1), FOUR]
    origin = Origin()
    file.write_run(PacketRun(data, [LinkType.UNKNOWN, LinkType.IPV4], [origin] * 2, range(2)))
    file.close()
    frames = [one for one in read_capture(io.BytesIO(stream.getvalue())) if isinstance(one, Frame)]
    assert [len(frame.data) for frame in frames] == [LARGEST, len(FOUR)]
    assert frames[0].length == LARGEST + 1


@pytest.mark.parametrize(
    ("filter", "probes", "cpus", "wanted"),
    [
        ("", (), (), range(9)),
        ("udp", (), (), [0, 2]),
        ("vlan and udp", (), (), [1]),
        ("tcp", (), (), [3, 4]),
        ("arp", (), (), [5]),
        ("", ("ip*_input",), (), [2, 3]),
        ("", ("fbt:::entry",), (), range(8)),
        ("", ("fbt:kernel:ip_input:entry", "tcp_input"), (), [2, 4, 7]),
        ("", ("::ip_input:return",), (), []),
        ("", (), (0, 3), [0, 1, 4, 5, 6, 7]),
        ("udp", ("*",), (1,), [2]),
    ],
)
def test_what_is_wanted(
    filter: str, probes: tuple[str, ...], cpus: tuple[int, ...], wanted: list[int]
) -> None:
    selection = Selection(filter, probes, cpus)
    assert bool(selection) is bool(filter or probes or cpus)
    assert list(selection.of(PACKETS)) == [PACKETS[at] for at in wanted]
    assert selection.passed_over == len(PACKETS) - len(list(wanted))
    if not selection:
        assert list(selection.remarks()) == []
    run = PacketRun(
        [packet.data for packet in PACKETS],
        [packet.linktype for packet in PACKETS],
        [packet.origin for packet in PACKETS],
        range(9),
    )
    found = [one for part in Selection(filter, probes, cpus).of([run]) for one in part]
    assert [packet.line for packet in found] == list(wanted)


def test_what_no_filter_can_judge_is_said() -> None:
    selection = Selection("tcp")
    assert len(list(selection.of(PACKETS))) == 2
    assert list(selection.remarks()) == [
        "7 packets are not what was asked for, and not shown",
        "of these, 1 of link type ARP no such filter can judge",
        "of these, 1 of link type TCP no such filter can judge",
        "of these, 1 of link type UNKNOWN no such filter can judge",
    ]


def test_what_is_no_selection() -> None:
    with pytest.raises(FilterError, match="syntax error"):
        Selection("tcp port")
    with pytest.raises(ValueError, match="more than four fields"):
        Selection(probes=("a:b:c:d:e",))
