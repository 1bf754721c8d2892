# SPDX-License-Identifier: BSD-2-Clause
"""What the simulator prints, the reader reads: at every probe, any bytes, in any chain."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtkit.dlang import WITH_COPYOUTMBUF, target_kernel
from dtkit.generate.oneliners import Copy, Request, program
from dtkit.oddity import Oddity
from dtkit.output import Drop, Fault, Firing, packets, read_output
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet
from dtkit.probes import Probe, catalog
from dtkit.simulate import Settings, Simulation, StackPacket, read_paths
from dtkit.testing import packets as packets_of

#: Functions that are in the kernel more than once have no args[], and a firewall may not be there.
NOT_HERE = {"fbt::m_free:entry", "fbt::ipfw_check_packet:entry"}

PROBES = [probe for probe in catalog() if str(probe.description) not in NOT_HERE]


def path_to(probe: Probe) -> str:
    """A path that is one firing of *probe*, with the chain where it has its mbuf."""
    (description,) = target_kernel().match(probe.description)
    chain = "&m" if probe.depth == 2 else "m"
    arguments = " ".join(["0"] * probe.argument + [chain])
    if description.provider == "fbt":
        return f"path once\n  {description.function} {arguments}\n"
    return f"path once\n  probe {description.provider} {description.name} {arguments}\n"


def read(probe: Probe, request: Request, given: list[StackPacket], quiet: bool) -> list[object]:
    options = WITH_COPYOUTMBUF.set("quiet") if quiet else WITH_COPYOUTMBUF
    paths = read_paths(path_to(probe))
    simulation = Simulation(program([probe], request), Settings(options=options, paths=paths))
    output = "".join(chunk.text for chunk in simulation.run(given))
    return list(packets(read_output(io.BytesIO(output.encode("utf-8"))), catalog()))


@pytest.mark.parametrize("copy", Copy)
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: str(probe.description))
@settings(max_examples=5)
@given(
    contents=st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 60), max_size=3),
)
def test_annotated(probe: Probe, copy: Copy, contents: list[bytes], cuts: list[int]) -> None:
    lengths = tuple(cuts) if copy is Copy.COPYOUTMBUF else ()
    given = [StackPacket(data, path="once", lengths=lengths) for data in contents]
    request = Request(length=256, copy=copy, annotate=True)
    items = read(probe, request, given, quiet=True)
    found = [item for item in items if isinstance(item, Packet)]
    assert [item.data for item in found] == contents
    assert all(item.exact for item in found)
    assert not [item for item in items if isinstance(item, Oddity | Fault | Drop)]


@settings(max_examples=30)
@given(contents=st.lists(st.binary(min_size=1, max_size=64), min_size=1, max_size=4))
def test_default_framing(contents: list[bytes]) -> None:
    probe = catalog()["ip_input"]
    given = [StackPacket(data, path="once") for data in contents]
    items = read(probe, Request(), given, quiet=False)
    assert [item.data for item in items if isinstance(item, Packet)] == contents
    assert not [item for item in items if isinstance(item, Oddity)]


@settings(max_examples=40)
@given(data=packets_of(LinkType.RAW), cuts=st.lists(st.integers(0, 60), max_size=3))
def test_whole_packets_through_the_stack(data: bytes, cuts: list[int]) -> None:
    """At IP input they are as they came, at transport input still, and both say what they are."""
    six, number = data[0] >> 4 == 6, data[6] if data[0] >> 4 == 6 else data[9]
    transport = {6: "tcp_input", 17: "udp6_input" if six else "udp_input"}
    transport |= {1: "icmp_input", 58: "icmp6_input"}
    probes = [catalog()["ip6_input" if six else "ip_input"], catalog()[transport[number]]]
    request = Request(length=2048, copy=Copy.SEGMENTS, annotate=True)
    options = Settings(options=WITH_COPYOUTMBUF.set("quiet").set("bufsize", "16m"))
    simulation = Simulation(program(probes, request), options)
    printed = "".join(
        chunk.text for chunk in simulation.run([StackPacket(data, lengths=tuple(cuts))])
    )
    found = list(packets(read_output(io.BytesIO(printed.encode())), catalog()))
    assert [item.data for item in found if isinstance(item, Packet)] == [data, data]
    assert not [item for item in found if isinstance(item, Oddity | Fault | Drop)]


def test_faults_and_drops_are_read() -> None:
    text = 'fbt::ip_input:entry { printf("x"); } fbt::ip_input:entry { trace(*(int *)arg1); }'
    simulation = Simulation(text, Settings(drop_rate=0.5, seed=3))
    output = "".join(
        chunk.text for chunk in simulation.run([StackPacket(b"\x45" + bytes(19))] * 40)
    )
    items = list(read_output(io.BytesIO(output.encode())))
    assert [item for item in items if isinstance(item, Fault)]
    assert [item for item in items if isinstance(item, Drop)]
    assert [item for item in items if isinstance(item, Firing)]
    assert not [item for item in items if isinstance(item, Oddity)]
