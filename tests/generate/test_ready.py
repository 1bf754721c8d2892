# SPDX-License-Identifier: BSD-2-Clause
"""The ready-made scripts: in step with ``d_scripts/``, sound, and at work in the simulator."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from dtkit.dlang import TargetKernel, check, target_kernel
from dtkit.freebsd import Release, release, releases
from dtkit.generate.ready import ready, ready_made, sample
from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, read_paths
from tests.generate.filters import FRAMES, ICMP, TCP, UDP
from tests.simulate.running import ran
from tests.trace.frames import ipv4, tcp

SCRIPTS = Path(__file__).parent.parent.parent / "d_scripts"
NAMES = [one.name for one in ready()]

#: A path through the functions that the scripts need and the shipped paths lack.
FIREWALLS = read_paths(
    "thread netisr 12 100004 intr swi_net+0x12b\n\n"
    "path input\n"
    "  before 15\n"
    "    pf_test 1 0 ifp &m 0\n"
    "  since 15\n"
    "    pf_test 2 1 0 ifp &m 0\n"
    "  before 13\n"
    "    ipfw_check_packet 0 &m ifp 1 0\n"
    "  since 13\n"
    "    ipfw_check_packet &m ifp 1 0 0\n"
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


each_release = pytest.mark.parametrize("known", releases(), ids=str)


@each_release
@pytest.mark.parametrize("modules", [True, False], ids=["loaded", "not loaded"])
@pytest.mark.parametrize("name", NAMES)
def test_one_text_compiles_on_every_release(name: str, known: Release, modules: bool) -> None:
    """Unchanged, whether or not pf.ko and ipfw.ko are there."""
    there = [one for one in known.probes if modules or one.module not in ("pf", "ipfw")]
    kernel = TargetKernel(known, there)
    findings = check((SCRIPTS / f"{name}.d").read_text(), file=f"{name}.d", kernel=kernel)
    patched = "copyoutmbuf(" in ready_made(name)
    assert {finding.tag for finding in findings} <= ({"X_VERSION"} if patched else set())


@pytest.fixture(params=releases(), ids=str)
def kernel(request: pytest.FixtureRequest) -> TargetKernel:
    return target_kernel(request.param)


def simulated(
    name: str, given: list[StackPacket], kernel: TargetKernel, settings: Settings | None = None
) -> str:
    settings = replace(settings or Settings(file=f"{name}.d"), kernel=kernel)
    return ran(ready_made(name), given, settings)


def read(text: str) -> list[Packet]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    return [item for item in items if isinstance(item, Packet)]


ETHERNET = [StackPacket(frame, ethernet=True) for frame in FRAMES[:3]]
NETWORK = [StackPacket(TCP), StackPacket(UDP), StackPacket(ICMP), StackPacket(TCP, lengths=(40,))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rfd-first-64-bytes", [TCP, TCP]),
        ("rfd-skip-20-bytes", [TCP[20:], TCP[20:]]),
        ("packets-at-input", [TCP, UDP, ICMP, TCP]),
    ],
)
def test_packets_come_back_whole(name: str, expected: list[bytes], kernel: TargetKernel) -> None:
    assert [packet.data for packet in read(simulated(name, NETWORK, kernel=kernel))] == expected


def test_in_and_out(kernel: TargetKernel) -> None:
    text = simulated("in-and-out", ETHERNET, kernel=kernel)
    assert [packet.data for packet in read(text)][:1] == [FRAMES[0][:64]]
    assert "em0              in              3" in text


def test_vnets(kernel: TargetKernel) -> None:
    text = simulated("vnets", ETHERNET, kernel=kernel)
    assert text.split()[-3:] == ["0x0", "em0", "3"]


def test_drops(kernel: TargetKernel) -> None:
    text = simulated("drops", [StackPacket(UDP)], kernel=kernel)
    assert "dropped=udp_input" in text
    assert [packet.data for packet in read(text)] == [UDP]


def test_mbuf_life(kernel: TargetKernel) -> None:
    assert "ALIVE  ALLOCATED BY" in simulated("mbuf-life", NETWORK, kernel=kernel)


def test_chain_shape(kernel: TargetKernel) -> None:
    text = simulated("chain-shape", NETWORK, kernel=kernel)
    assert "ip_input: mbufs in the chain" in text
    assert "ip_input         in the mbuf" in text


def test_latency(kernel: TargetKernel) -> None:
    text = simulated("latency", [ETHERNET[0], StackPacket(TCP)], kernel=kernel)
    assert "segments from an Ethernet: 1\n" in text
    assert "another mbuf since): 1\n" in text


def test_selftest_passes_on_the_reference_model(kernel: TargetKernel) -> None:
    text = simulated("copyoutmbuf-selftest", [StackPacket(ICMP)], kernel=kernel)
    results = [line for line in text.splitlines() if line.startswith(("ran", "faulted"))]
    assert len(results) == 13
    assert all(line.startswith(("ran 1  passed 1 ", "faulted as it must 1 ")) for line in results)


def test_retransmits_shows_what_is_sent_again(kernel: TargetKernel) -> None:
    first, second = (ipv4(tcp(b"0123456789", sequence=at)) for at in (5, 15))
    sent = [first, UDP, second, first]
    text = simulated("retransmits", [StackPacket(one, path="transmit") for one in sent], kernel)
    assert "segments sent 3\nretransmitted 1\n" in text
    assert [packet.data for packet in read(text)] == [first]


def test_retransmits_shows_nothing_where_nothing_is_sent_again(kernel: TargetKernel) -> None:
    given = [StackPacket(TCP, path="transmit"), StackPacket(ICMP, path="output")]
    assert "segments sent 1\nretransmitted 0\n" in simulated("retransmits", given, kernel=kernel)


def test_pf_verdicts_shows_what_pf_drops(kernel: TargetKernel) -> None:
    text = simulated("pf-verdicts", [StackPacket(TCP, path="refused")], kernel=kernel)
    assert [packet.data for packet in read(text)] == [TCP]
    assert "drop on lo0: mbuf 0x" in text
    assert text.split()[-2:] == ["drop", "1"]


@pytest.mark.parametrize(("name", "count"), [("pf-verdicts", "pass"), ("ipfw-verdicts", "pass")])
def test_verdicts(name: str, count: str, kernel: TargetKernel) -> None:
    text = simulated(name, [StackPacket(TCP)], kernel, Settings(file=name, paths=FIREWALLS))
    assert [packet.data for packet in read(text)] == [TCP]
    assert f"{count} on lo0" in text
    assert text.split()[-2:] == ["pass", "1"]


def test_a_release_narrows_the_text() -> None:
    assert "this->where = args[4];" in ready_made("pf-verdicts", release("15"))
    assert "this->where = args[0];" in ready_made("ipfw-verdicts", release("14"))
    assert "self->ifp = args[1];" in ready_made("ipfw-verdicts", release("14"))
    assert "`osreldate" not in ready_made("pf-verdicts", release("15"))
