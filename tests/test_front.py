# SPDX-License-Identifier: BSD-2-Clause
"""The front door: packets, journeys and scripts in a call each, and nothing lost without a word."""

from __future__ import annotations

import doctest
import io
import sys
from pathlib import Path

import pytest

import dtkit
import dtkit.front
from dtkit.oddity import Oddity
from dtkit.output import Drop, Firing
from dtkit.packets.linktype import LinkType
from tests.output.captures import output_of
from tests.output.rfd import FIRST, RFD
from tests.packets.frames import PACKETS

DATA = Path(__file__).parent / "data"


def test_packets_of_a_dump() -> None:
    [packet] = dtkit.read_packets(io.BytesIO(FIRST.encode()))
    assert packet.data == RFD
    assert packet.linktype is LinkType.RAW


def test_what_else_is_read_is_warned_of_or_handed_over() -> None:
    output = output_of("21-drops.txt")
    with pytest.warns(dtkit.InputWarning, match="dropped 251 records on CPU 0"):
        warned = list(dtkit.read_packets(io.BytesIO(output)))
    others: list[object] = []
    assert list(dtkit.read_packets(io.BytesIO(output), others.append)) == warned
    assert sum(one.count for one in others if isinstance(one, Drop)) == 251
    assert sum(isinstance(one, Firing) for one in others) == len(warned) == 149


@pytest.mark.parametrize(
    ("name", "count"),
    [("mbuf_trace-freebsd-14-epair.pcap", 15), ("path-epair-pf.txt", 4)],
)
def test_journeys_of_a_capture_and_of_a_script_s_output(name: str, count: int) -> None:
    with (DATA / name).open("rb") as stream:
        found = list(dtkit.read_journeys(stream))
    assert len(found) == count
    assert all(isinstance(one, dtkit.Journey) for one in found)


def test_an_odd_journey_is_warned_of() -> None:
    capture = (DATA / "mbuf_trace-freebsd-14-epair.pcap").read_bytes()[:-5]
    with pytest.warns(dtkit.InputWarning):
        warned = list(dtkit.read_journeys(io.BytesIO(capture)))
    others: list[object] = []
    assert len(list(dtkit.read_journeys(io.BytesIO(capture), others.append))) == len(warned)
    assert others
    assert all(isinstance(one, Oddity) for one in others)


def test_a_script_is_that_of_the_command() -> None:
    text = dtkit.script("ip_input", "tcp_input", filter="port 22", length=128, count=3)
    assert "fbt::ip_input:entry" in text
    assert not dtkit.check(text)
    assert text != dtkit.script("ip_input", "tcp_input", filter="port 23", length=128, count=3)
    assert "copyoutmbuf(" in dtkit.script("tcp_input", copy="copyoutmbuf")


def test_a_script_for_a_release_has_its_signatures() -> None:
    texts = {release: dtkit.script("pf_test", release=release) for release in (12, 15)}
    assert texts[12] != texts[15]


def test_what_a_script_cannot_have() -> None:
    with pytest.raises(TypeError, match=r"no option 'lenght'; it has .*length"):
        dtkit.script("tcp_input", lenght=3)
    with pytest.raises(LookupError, match="no probe 'tcp_inptu' in the catalog; did you mean"):
        dtkit.script("tcp_inptu")
    with pytest.raises(ValueError, match="length -1 is not between"):
        dtkit.script("tcp_input", length=-1)


LAYERS = {
    "tcp": ["IP", "TCP"],
    "icmp": ["IP", "ICMP"],
    "tcp over ipv6": ["IPv6", "TCP"],
    "ethernet": ["Ether", "IP", "TCP"],
    "vlan": ["Ether", "Dot1Q", "IP", "TCP"],
    "arp": ["ARP"],
    "bare udp": ["UDP"],
    "anything": ["Raw"],
}


@pytest.mark.parametrize("name", LAYERS)
def test_packets_of_scapy(name: str) -> None:
    linktype, data = PACKETS[name]
    packet = dtkit.Packet(data, linktype, time=1_500_000_000, length=2000)
    dissected = packet.to_scapy()
    layers = [layer.__name__ for layer in dissected.layers()]
    assert layers[: len(LAYERS[name])] == LAYERS[name]
    assert (dissected.time, dissected.wirelen, bytes(dissected)) == (1.5, 2000, data)


def test_packets_of_scapy_of_which_little_is_known() -> None:
    dissected = dtkit.Packet(b"", LinkType.RAW).to_scapy()
    assert bytes(dissected) == b""
    assert dissected.wirelen is None


def test_without_scapy_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scapy.all", None)
    with pytest.raises(ImportError, match="scapy"):
        dtkit.Packet(b"", LinkType.RAW).to_scapy()


def test_dir_names_what_there_is() -> None:
    assert set(dtkit.__all__) <= set(dir(dtkit))
    for name in dtkit.__all__:
        assert getattr(dtkit, name) is not None


def test_examples() -> None:
    results = doctest.testmod(dtkit.front)
    assert (results.attempted > 3, results.failed) == (True, 0)
