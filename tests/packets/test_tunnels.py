# SPDX-License-Identifier: BSD-2-Clause
"""What tunnels carry: found offline, as the decoder finds it, and in D."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dtkit.generate.inner import inner_condition
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.pcapfilter import FilterError
from dtkit.packets.provenance import Provenance
from dtkit.packets.tunnels import InnerFilter, inner_packets
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, read_paths
from dtkit.trace.journey.headers import dissect
from tests.simulate.running import ran
from tests.trace.frames import ethernet, ipv4, tcp, udp

PROBE = "fbt::ip_input:entry"
PATHS = read_paths("thread netisr 12 100004 intr swi_net+0x12b\n\npath input\n  ip_input m\n")


def ipv6(payload: bytes, protocol: int) -> bytes:
    source, destination = bytes(15) + b"\1", bytes(15) + b"\2"
    return (
        struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source + destination + payload
    )


def is_four(packet: bytes) -> bool:
    return packet[0] >> 4 == 4


def ip_in_ip(packet: bytes, outer: int = 4) -> bytes:
    protocol = 4 if is_four(packet) else 41
    return ipv4(packet, protocol=protocol) if outer == 4 else ipv6(packet, protocol)


def gre(packet: bytes, flags: int = 0, outer: int = 4, frame: bool = False) -> bytes:
    kind = 0x6558 if frame else 0x0800 if is_four(packet) else 0x86DD
    more = bytes(4 * sum(flags >> bit & 1 for bit in (15, 13, 12)))
    header = struct.pack(">HH", flags, kind) + more + packet
    return ipv4(header, protocol=47) if outer == 4 else ipv6(header, 47)


def vxlan(frame: bytes, outer: int = 4, port: int = 4789) -> bytes:
    header = bytes([8, 0, 0, 0, 0, 0, 7, 0])
    datagram = udp(header + frame, destination=port)
    return ipv4(datagram, protocol=17) if outer == 4 else ipv6(datagram, 17)


def tagged(frame: bytes, kind: int = 0x8100) -> bytes:
    return frame[:12] + struct.pack(">HH", kind, 5) + frame[12:]


HTTP = ipv4(tcp(b"x", destination=80))
HTTP6 = ipv6(tcp(b"x", destination=80), 6)
SSH = ipv4(tcp(b"x", destination=22))


@pytest.mark.parametrize(
    ("packet", "wanted"),
    [
        pytest.param(HTTP, [], id="none"),
        pytest.param(ip_in_ip(HTTP), [(LinkType.RAW, HTTP)], id="ip-in-ip"),
        pytest.param(ip_in_ip(HTTP6), [(LinkType.RAW, HTTP6)], id="6in4"),
        pytest.param(ip_in_ip(HTTP, 6), [(LinkType.RAW, HTTP)], id="4in6"),
        pytest.param(gre(HTTP), [(LinkType.RAW, HTTP)], id="gre"),
        pytest.param(gre(HTTP6, 0xB000), [(LinkType.RAW, HTTP6)], id="gre-with-all-its-fields"),
        pytest.param(
            gre(ethernet(HTTP), frame=True), [(LinkType.ETHERNET, ethernet(HTTP))], id="gre-frame"
        ),
        pytest.param(vxlan(ethernet(HTTP)), [(LinkType.ETHERNET, ethernet(HTTP))], id="vxlan"),
        pytest.param(
            vxlan(tagged(tagged(ethernet(ip_in_ip(HTTP)), 0x88A8))),
            [
                (LinkType.ETHERNET, tagged(tagged(ethernet(ip_in_ip(HTTP)), 0x88A8))),
                (LinkType.RAW, HTTP),
            ],
            id="behind-two-tags",
        ),
        pytest.param(
            ip_in_ip(gre(ip_in_ip(HTTP))),
            [
                (LinkType.RAW, gre(ip_in_ip(HTTP))),
                (LinkType.RAW, ip_in_ip(HTTP)),
                (LinkType.RAW, HTTP),
            ],
            id="three-deep",
        ),
        pytest.param(
            ipv4(bytes([4, 4]) + bytes(22) + HTTP, protocol=51), [(LinkType.RAW, HTTP)], id="ah"
        ),
        pytest.param(
            b"\x40" + ip_in_ip(HTTP)[1:], [(LinkType.RAW, HTTP)], id="length-not-filled-in-yet"
        ),
        pytest.param(vxlan(ethernet(HTTP), port=4790), [], id="another-port"),
        pytest.param(ipv4(HTTP, protocol=50), [], id="encrypted"),
        pytest.param(ip_in_ip(HTTP)[:6] + b"\0\1" + ip_in_ip(HTTP)[8:], [], id="fragment"),
        pytest.param(ip_in_ip(HTTP)[:20], [], id="cut"),
        pytest.param(b"", [], id="empty"),
    ],
)
def test_packets_within_a_packet(packet: bytes, wanted: list[tuple[LinkType, bytes]]) -> None:
    assert list(inner_packets(packet, LinkType.RAW)) == wanted
    assert list(inner_packets(ethernet(packet), LinkType.ETHERNET)) == (wanted if packet else [])
    # As the decoder, which the report and the differences are made with, takes it apart.
    names = [part.name for part in dissect(packet, LinkType.RAW)]
    seen = [name for name in names if name in ("ipv4", "ipv6")]
    if wanted and packet[0] & 15:
        frames = sum(kind is LinkType.ETHERNET for kind, _ in wanted)
        assert len(seen) == 1 + len(wanted)
        assert names.count("ethernet") == frames


def test_any_of_several_layers_may_match() -> None:
    within = InnerFilter("tcp port 80")
    assert within.matches(ip_in_ip(gre(HTTP)), LinkType.RAW)
    assert within.matches(vxlan(ethernet(HTTP)), LinkType.IPV4)
    assert not within.matches(HTTP, LinkType.RAW)
    assert not within.matches(ip_in_ip(SSH), LinkType.RAW)
    assert InnerFilter("proto 47").matches(ip_in_ip(gre(SSH)), LinkType.RAW)
    frames = InnerFilter("ether host 02:00:00:00:00:01 or vlan 5")
    assert frames.matches(vxlan(tagged(ethernet(HTTP))), LinkType.RAW)
    assert not frames.matches(ip_in_ip(HTTP), LinkType.RAW)
    with pytest.raises(FilterError, match="syntax error"):
        InnerFilter("tcp prt")


@given(st.binary(max_size=120), st.sampled_from(LinkType))
def test_any_bytes_are_looked_into(data: bytes, linktype: LinkType) -> None:
    for _, inner in inner_packets(data, linktype):
        assert data.endswith(inner)


# In D: as far as the first mbuf goes, through two tunnels.


def decisions(expression: str, packets: list[bytes], to_ip: str = "") -> list[bool]:
    program = (
        "#pragma D option quiet\n"
        f"{PROBE} {{ this->ok = 0; this->m = args[0]; }}\n"
        f"{PROBE}\n/this->m != NULL && {inner_condition(expression, to_ip)}/\n"
        "{ this->ok = 1; }\n"
        f'{PROBE}\n{{\n\tprintf("%d\\n", this->ok);\n}}\n'
    )
    lines = ran(program, [StackPacket(data) for data in packets], Settings(paths=PATHS)).split()
    assert set(lines) <= {"0", "1"}, lines
    return [line == "1" for line in lines]


@st.composite
def tunnelled(draw: st.DrawFn) -> bytes:
    """A packet in up to two tunnels, as it is or cut, with some byte changed or none."""
    packet = draw(st.sampled_from([HTTP, HTTP6, SSH, ipv4(udp(b"x", destination=53), protocol=17)]))
    for _ in range(draw(st.integers(0, 2))):
        outer = draw(st.sampled_from([4, 6]))
        kind = draw(st.sampled_from(["ip", "gre", "gre frame", "vxlan"]))
        frame = ethernet(packet)
        if not is_four(packet):
            frame = frame[:12] + b"\x86\xdd" + frame[14:]
        if draw(st.booleans()):
            frame = tagged(frame)
        flags = draw(st.sampled_from([0, 0x2000, 0xB000, 0x8000]))
        if kind == "ip":
            packet = ip_in_ip(packet, outer)
        elif kind == "gre":
            packet = gre(packet, flags, outer)
        elif kind == "gre frame":
            packet = gre(frame, flags, outer, frame=True)
        else:
            packet = vxlan(frame, outer, draw(st.sampled_from([4789, 4789, 4790])))
    if draw(st.booleans()):
        return packet[: draw(st.integers(1, len(packet)))]
    return b"\x40" + packet[1:] if is_four(packet) and draw(st.booleans()) else packet


EXPRESSIONS = [
    "tcp port 80",
    "ip6",
    "net 10.0.0.0/8 and tcp",
    "udp",
    "tcp[tcpflags] & tcp-ack != 0",
    "ip[2:2] > 40",
]


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(st.lists(tunnelled(), min_size=20, max_size=30), st.sampled_from(EXPRESSIONS))
def test_d_decides_as_the_offline_filter(packets: list[bytes], expression: str) -> None:
    within = InnerFilter(expression)
    wanted = [within.matches(packet, LinkType.RAW) for packet in packets]
    assert decisions(expression, packets) == wanted


def test_frames_are_for_what_was_captured(dtkit: Callable[..., Result]) -> None:
    result = dtkit("oneliner", "ip_input", "--inner", "ether host 02:00:00:00:00:01")
    assert result.exit_code == 2
    assert "--inner looks at packets of IP" in result.stderr
    result = dtkit("path", "script", "--inner", "ether host 02:00:00:00:00:01")
    assert (result.exit_code, "--inner" in result.stderr) == (2, True)
    result = dtkit("oneliner", "ip_input", "--inner", "tcp prt 80")
    assert (result.exit_code, "syntax error" in result.stderr) == (2, True)


IPSEC = Path(__file__).parents[1] / "data/meta-ipsec-15.1.txt"


def test_what_ipsec_has_decrypted_was_within(dtkit: Callable[..., Result]) -> None:
    """The request where it arrives, and the reply; not what is yet to be encrypted, nor ESP."""
    lines = dtkit("parse", str(IPSEC), "--inner", "icmp", "--to", "json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [one["function"] for one in found] == ["icmp_input", "ip_input", "icmp_input"]
    assert all("ICMP echo" in one["summary"] for one in found)
    assert not dtkit("parse", str(IPSEC), "--inner", "udp").stdout


PACKETS = [HTTP, ip_in_ip(HTTP), vxlan(ethernet(SSH)), gre(HTTP6), ip_in_ip(vxlan(ethernet(HTTP)))]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "tunnels.pcapng"
    with path.open("wb") as stream:
        file = PacketFile(stream, Provenance("test"), catalog())
        for packet in PACKETS:
            file.write(Packet(packet, LinkType.RAW))
        file.close()
    return path


def test_one_liners_scripts_and_parse_agree(
    dtkit: Callable[..., Result], capture: Path, tmp_path: Path
) -> None:
    """The simulated kernel, through what run prints, and parse of all that it sees."""
    simulated = ["--simulate", "--packets", str(capture), "--length", "128", "--to", "raw"]
    wanted = PACKETS[1] + PACKETS[3] + PACKETS[4]
    for copy in ("first", "segments", "copyoutmbuf"):
        words = ("run", "ip_input", "--copy", copy, "--inner", "tcp port 80", *simulated)
        assert dtkit(*words).stdout_bytes == wanted
    words = ("run", "ip_input", "--filter", "udp", "--inner", "tcp port 22", *simulated)
    assert dtkit(*words).stdout_bytes == PACKETS[2]
    text = tmp_path / "all.txt"
    program = dtkit("script", "ip_input", "--length", "128", "--copy", "first").stdout
    (tmp_path / "all.d").write_text(program)
    text.write_text(dtkit("simulate", str(tmp_path / "all.d"), "--packets", str(capture)).stdout)
    found = dtkit("parse", str(text), "--inner", "tcp port 80", "--to", "raw")
    assert found.stdout_bytes == wanted
    found = dtkit("parse", str(text), "--filter", "udp", "--inner", "tcp", "--to", "raw")
    assert found.stdout_bytes == PACKETS[2]


def test_ways_of_packets_in_tunnels(
    dtkit: Callable[..., Result], capture: Path, tmp_path: Path
) -> None:
    words = ("--preset", "input", "--length", "128", "--seconds", "5")
    script = tmp_path / "path.d"
    script.write_text(dtkit("path", "script", *words, "--inner", "tcp port 80").stdout)
    text = tmp_path / "path.txt"
    text.write_text(dtkit("simulate", str(script), "--packets", str(capture)).stdout)
    assert "3 journeys" in dtkit("trace", "show", str(text)).stderr
    script.write_text(dtkit("path", "script", *words).stdout)
    text.write_text(dtkit("simulate", str(script), "--packets", str(capture)).stdout)
    shown = dtkit("trace", "show", "--inner", "tcp port 80", "--brief", str(text))
    assert "5 journeys, 3 chosen" in shown.stderr
