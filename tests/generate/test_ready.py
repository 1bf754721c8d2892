# SPDX-License-Identifier: BSD-2-Clause
"""The ready-made scripts: in step with ``d_scripts/``, sound, and at work in the simulator."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.generate.ready import ready, ready_made, sample
from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, read_paths
from tests.generate.filters import FRAMES, ICMP, TCP, UDP
from tests.simulate.running import ran

SCRIPTS = Path(__file__).parent.parent.parent / "d_scripts"
NAMES = [one.name for one in ready()]

#: A path through the functions that the scripts need and the shipped paths lack.
FIREWALLS = read_paths(
    "thread netisr 12 100004 intr swi_net+0x12b\n\n"
    "path input\n"
    "  pf_test 1 0 ifp &m 0\n"
    "  ipfw_check_packet 0 &m ifp 1 0\n"
    "  m_pullup m 20\n"
    "  m_defrag m 1\n"
    "  ip_output m 0 0 0 0 0\n"
)


@pytest.mark.parametrize("name", NAMES)
def test_d_scripts_is_in_step(name: str) -> None:
    assert (SCRIPTS / f"{name}.d").read_text() == ready_made(name), f"dtkit script {name}"


def test_d_scripts_has_no_others() -> None:
    assert sorted(path.stem for path in SCRIPTS.glob("*.d")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_header_has_a_sample_of_its_output(name: str) -> None:
    header = ready_made(name).partition("*/")[0]
    lines = sample(name).splitlines()
    assert len(lines) > 2
    for line in ("Needs:", "Run:", "Sample:", lines[0]):
        assert line in header


@pytest.mark.parametrize("name", NAMES)
def test_dtkit_check_has_nothing_against_it(name: str, dtkit: Callable[..., Result]) -> None:
    result = dtkit("check", str(SCRIPTS / f"{name}.d"))
    assert result.exit_code == 0, result.output
    patched = "copyoutmbuf(" in ready_made(name)
    assert all("X_VERSION" in line for line in result.output.splitlines() if ": warning: " in line)
    assert patched or not result.output


def simulated(name: str, given: list[StackPacket], settings: Settings | None = None) -> str:
    return ran(ready_made(name), given, settings or Settings(file=f"{name}.d"))


def read(text: str) -> list[Packet]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    return [item for item in items if isinstance(item, Packet)]


NETWORK = [StackPacket(TCP), StackPacket(UDP), StackPacket(ICMP), StackPacket(TCP, lengths=(40,))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rfd-first-64-bytes", [TCP, TCP]),
        ("rfd-skip-20-bytes", [TCP[20:], TCP[20:]]),
        ("packets-at-input", [TCP, UDP, ICMP, TCP]),
    ],
)
def test_packets_come_back_whole(name: str, expected: list[bytes]) -> None:
    assert [packet.data for packet in read(simulated(name, NETWORK))] == expected


def test_in_and_out() -> None:
    text = simulated("in-and-out", [StackPacket(frame, ethernet=True) for frame in FRAMES[:3]])
    assert [packet.data for packet in read(text)][:1] == [FRAMES[0][:64]]
    assert "em0              in              3" in text


def test_vnets() -> None:
    text = simulated("vnets", [StackPacket(frame, ethernet=True) for frame in FRAMES[:3]])
    assert text.split()[-3:] == ["0x0", "em0", "3"]


def test_drops() -> None:
    text = simulated("drops", [StackPacket(UDP)])
    assert "dropped=udp_input" in text
    assert [packet.data for packet in read(text)] == [UDP]


def test_mbuf_life() -> None:
    assert "ALIVE  ALLOCATED BY" in simulated("mbuf-life", NETWORK)


def test_chain_shape() -> None:
    text = simulated("chain-shape", NETWORK)
    assert "ip_input: mbufs in the chain" in text
    assert "ip_input         in the mbuf" in text


def test_latency() -> None:
    text = simulated("latency", [StackPacket(FRAMES[0], ethernet=True), StackPacket(TCP)])
    assert "segments from an Ethernet: 1\n" in text
    assert "another mbuf since): 1\n" in text


def test_selftest_passes_on_the_reference_model() -> None:
    text = simulated("copyoutmbuf-selftest", [StackPacket(ICMP)])
    results = [line for line in text.splitlines() if line.startswith(("ran", "faulted"))]
    assert len(results) == 13
    assert all(line.startswith(("ran 1  passed 1 ", "faulted as it must 1 ")) for line in results)


def test_retransmits_shows_nothing_where_nothing_is_sent_again() -> None:
    assert "retransmitted 0" in simulated("retransmits", NETWORK)


@pytest.mark.parametrize(("name", "count"), [("pf-verdicts", "pass"), ("ipfw-verdicts", "pass")])
def test_verdicts(name: str, count: str) -> None:
    text = simulated(name, [StackPacket(TCP)], Settings(file=name, paths=FIREWALLS))
    assert [packet.data for packet in read(text)] == [TCP]
    assert f"{count} on lo0" in text
    assert text.split()[-2:] == ["pass", "1"]


def test_the_release_chooses_the_argument() -> None:
    assert "self->where = args[4];" in ready_made("pf-verdicts", 15)
    assert "this->m = *args[0];" in ready_made("ipfw-verdicts", 13)
    assert "self->ifp = args[1];" in ready_made("ipfw-verdicts", 13)
