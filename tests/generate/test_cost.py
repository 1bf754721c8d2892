# SPDX-License-Identifier: BSD-2-Clause
"""What generated D costs: at most so many clauses, instructions and look-ups a firing."""

from __future__ import annotations

from functools import cache

import pytest

from dtkit.freebsd import default_release
from dtkit.generate.functions import Function, choose, known_functions, listed_functions
from dtkit.generate.oneliners import program
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.generate.tellers import tellers
from dtkit.probes import catalog
from dtkit.probes.recognise import released_probes
from dtkit.simulate import Cost, Settings, Simulation, StackPacket
from dtkit.simulate.paths import Paths, read_paths, shipped_paths

UDP = bytes.fromhex("4500001c 00010000 4011 66ce 0a000001 0a000002 04d20035 00080000")
TCP = bytes.fromhex(
    "45000028 00010000 4006 66cd 0a000001 0a000002 04d20050 00000001 00000000 50020400 00000000"
)
IP6 = bytes.fromhex("60000000 00081140") + bytes(15) + b"\1" + bytes(15) + b"\2" + UDP[20:]
ARP = bytes.fromhex("0001080006040001") + bytes(20)

UNWANTED = {
    "UDP": bytes(12) + b"\x08\x00" + UDP,
    "TCP": bytes(12) + b"\x08\x00" + TCP,
    "IPv6": bytes(12) + b"\x86\xdd" + IP6,
    "ARP": bytes(12) + b"\x08\x06" + ARP,
}

#: Functions that the simulated kernel passes and the catalog does not have.
MORE = [Function("netisr_dispatch", 1), Function("tcp_do_segment", 0), Function("looutput", 1)]

PATHS = ("input", "output", "forward", "nat", "refused", "copied", "gathered")


def costs(
    text: str, *packets: StackPacket, cpus: int = 1, paths: Paths | None = None
) -> dict[str, list[Cost]]:
    """By probe, what its firings cost."""
    settings = Settings(file="a.d", cost=True, cpus=cpus, paths=paths or shipped_paths())
    simulation = Simulation(text, settings)
    for _ in simulation.run(packets):
        pass
    assert simulation.status == 0
    found: dict[str, list[Cost]] = {}
    for one in simulation.costs:
        if one.probe.startswith("fbt:"):
            found.setdefault(one.probe.split(":", 2)[2], []).append(one.cost)
    return found


@cache
def path(filter_: str, copy: Copy = Copy.FIRST, count_firings: bool = False) -> str:
    functions = choose([*known_functions(catalog()), *MORE], "all")
    request = PathRequest(filter_, copy=copy, returns=True, count_firings=count_firings)
    return path_script(functions, request)[0]


def following(text: str) -> set[str]:
    """Probes that only follow, as ``function:name``."""
    found = set()
    for clause in text.split("\n}\n"):
        probes = [line.rstrip(",") for line in clause.splitlines() if line.startswith("fbt:")]
        if "begun[cpu]++, opened = " not in clause:
            found |= {probe.split(":", 2)[2] for probe in probes}
    return found


@pytest.mark.parametrize("way", PATHS)
@pytest.mark.parametrize("copy", [Copy.FIRST, Copy.COPYOUTMBUF])
def test_an_unwanted_packet_costs_next_to_nothing(way: str, copy: Copy) -> None:
    text = path("tcp port 7777", copy)
    ethernet = way in ("input", "output", "copied")
    packets = [
        StackPacket(frame if ethernet else frame[14:], path=way, ethernet=ethernet)
        for frame in UNWANTED.values()
    ]
    found = costs(text, *packets)
    only = following(text)
    seen = 0
    for probe, spent in found.items():
        for cost in spent:
            assert cost.clauses == 1, probe
            assert cost.aggregations == cost.bytes == 0, probe
            assert cost.lookups <= 1, probe
            assert cost.instructions <= most(probe, only), probe
            seen += probe in only
    assert seen


def most(probe: str, only: set[str]) -> int:
    """DIF instructions that a firing of an unwanted packet may run."""
    if probe.endswith(":return"):
        return 10
    if probe not in only:
        return 190  # of TCP to another port; others differ in what is tested first
    known = catalog().get(f"fbt::{probe}")
    return 20 if known is not None and (known.depth == 2 or known.earlier) else 8


#: A packet that is kept for good, a copy of it that is freed, one that comes to nothing, and a
#: second that passes: the simulated kernel has no clock that fires.
KEPT = """
thread netisr 12 100004 intr swi_net
path kept
  ip_input m
path copied
  ip_input m
    m_copym m 0 1000000000 1
      copy m n
      returns n
    free n
    free m
path uncopied
  ip_input m
    m_copym m 0 1000000000 1
    free m
path freed
  ip_input m
    m_pullup m 28
      pullup m 28
      returns m
    free m
path lost
  ip_input m
    m_pullup m 28
      free m
path other
  ip_input m
    m_freem m
path second
  vtnet_txq_eof 0
"""


def looked_up(ways: str, cpus: int, probe: str) -> list[tuple[int, int]]:
    """Look-ups and instructions of what is unwanted (``other``) among packets of these ways."""
    text = path("udp").replace("tick-1s\n", "fbt::vtnet_txq_eof:entry\n")
    packets = [
        StackPacket(TCP if way == "other" else UDP, path=way, lengths=(20,)) for way in ways.split()
    ]
    found = costs(text, *packets, cpus=cpus, paths=read_paths(KEPT))
    return [(one.lookups, one.instructions) for one in found[probe] if not one.bytes]


@pytest.mark.parametrize(
    ("ways", "lookups"),
    [
        ("other", 0),
        ("freed second second other", 0),
        ("copied freed lost copied uncopied second second other", 0),
        ("freed other", 1),
        ("freed second other", 1),
        ("freed second freed second other", 1),
        ("freed second freed second second other", 0),
        ("kept second second other", 1),
        ("freed second second second kept other", 1),
        ("freed second second second freed other", 1),
        ("freed second second second freed second second other", 0),
    ],
)
def test_gates_look_addresses_up_while_a_packet_is_under_way(ways: str, lookups: int) -> None:
    ((found, _),) = looked_up(ways, 2, "ip_input:entry")
    assert found == lookups
    # Where packets are only followed it is the look-up and no more, in any case.
    assert looked_up(ways, 2, "m_freem:entry") == [(1, 6)]


def test_firings_are_counted_on_request() -> None:
    found = costs(path("tcp port 7777", count_firings=True), StackPacket(UDP))
    assert {cost.aggregations for cost in found["ip_input:entry"]} == {1}
    assert {cost.clauses for cost in found["ip_input:entry"]} == {2}


def test_a_hop_is_one_record_of_less_than_half_of_what_it_was() -> None:
    found = costs(path("udp"), StackPacket(UDP))
    assert {cost.clauses for cost in found["ip_input:entry"]} == {1}
    assert {cost.bytes for cost in found["ip_input:entry"]} <= set(range(100, 484 // 2))
    assert found["udp_input:entry"][0].bytes == found["ip_input:entry"][0].bytes


@pytest.mark.parametrize("copy", [Copy.FIRST, Copy.COPYOUTMBUF])
def test_a_filter_of_a_one_liner(copy: Copy) -> None:
    request = Request(copy=copy, conditions=Conditions(filter="tcp port 7777"))
    text = program([catalog()["ip_input"]], request)
    assert len(text) < 1000
    (cost,) = costs(text, StackPacket(UDP))["ip_input:entry"]
    assert cost.clauses == 1
    assert cost.instructions < 40


@pytest.mark.parametrize(
    "way", ["refused", "stateful", "denied", "expired", "unroutable", "corrupt"]
)
def test_what_tells_reasons_costs_the_unwanted_packet_a_look_up(way: str) -> None:
    probes = released_probes(default_release())
    wanted = ["ip_*", "pf_test*", "ipfw_check*", "icmp_error", "udp_input"]
    functions = choose(listed_functions(probes), wanted=wanted)
    tells = tellers(probes)
    assert all((tells.done, tells.ipfw, tells.counters, tells.rules))
    text, _ = path_script(functions, PathRequest("tcp port 7777"), tellers=tells)
    simulation = Simulation(text, Settings(file="a.d", cost=True))
    for _ in simulation.run([StackPacket(UDP, path=way)]):
        pass
    assert simulation.status == 0
    seen = set()
    for one in simulation.costs:
        provider, _, where = one.probe.partition(":")
        if provider in ("pf", "ipfw", "mib") or "pf_test_rule" in where or "icmp_error" in where:
            seen.add(provider)
            assert one.cost.bytes == one.cost.aggregations == 0, one.probe
            # icmp_error() is followed as well, and is about the packet or one that is gone.
            assert one.cost.lookups <= one.cost.clauses + ("icmp" in where), one.probe
            assert one.cost.clauses <= 2, one.probe
            assert one.cost.instructions <= 12 * one.cost.clauses, one.probe
    assert seen
