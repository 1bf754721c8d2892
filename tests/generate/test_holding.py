# SPDX-License-Identifier: BSD-2-Clause
"""Packets that are shown only if they end in some way: on the simulated kernel, and each order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from io import BytesIO

import pytest

from dtkit.generate.functions import Function, PathError, choose, known_functions
from dtkit.generate.holding import Resources, Wanted, ending, held_back, tellable
from dtkit.generate.path import PathRequest, path_script
from dtkit.oddity import Oddity
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, run
from dtkit.simulate.paths import read_paths
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path

UDP = bytes.fromhex("4500001c 00010000 4011 66ce 0a000001 0a000002 04d20035 00080000")

#: Functions that the simulated kernel passes here and the catalog does not have.
MORE = [Function("tcp_do_segment", 1), Function("icmp_error", 0)]

WAYS = """
thread netisr 12 100004 intr swi_net
path delivered
  ip_input m
    tcp_do_segment 0 m
      free m
path silent
  ip_input m
    free m
path outside
  ip_input m
  free m
path transmitted
  ip_output m 0 0 0 0 0
    ether_output ifp m 0 0
      bridge_transmit ifp m
    free m
path refused
  ip_input m
    ip_output m 0 0 0 0 0
      pf_test 2 2 0 ifp &m 0
        drop m
        returns 1
      returns 13
path unrouted
  ip_output m 0 0 0 0 0
    tcp_do_segment 0 m
    free m
    returns 65
path expired
  ip_input m
    tcp_do_segment 0 m
    icmp_error m 11 0 0 0
      free m
path told-later
  ip_input m
    ip_forward m 0
      duplicate m n
      tcp_do_segment 0 m
      free m
      icmp_error n 11 0 0 0
        free n
path redirected
  ip_input m
    icmp_error m 5 1 0 0
    tcp_do_segment 0 m
      free m
path lost
  ip_input m
    m_pullup m 28
      free m
path moved
  ip_input m
    m_pullup m 28
      pullup m 28
      returns m
    tcp_do_segment 0 m
      free m
path copied
  ip_input m
    m_copym m 0 1000000000 1
      copy m n
      returns n
    tcp_do_segment 0 n
      free n
    free m
path uncopied
  ip_input m
    m_copym m 0 1000000000 1
    tcp_do_segment 0 m
      free m
"""


@cache
def script(only: str, count: int | None = None, brief: bool = False, ring: int = 0) -> str:
    functions = choose([*known_functions(catalog()), *MORE, Function("bridge_transmit", 1)], "all")
    request = PathRequest("udp", only=ending(only), count=count, brief=brief, ring=ring)
    return path_script(functions, request)[0]


def ran(text: str, ways: str, cpus: int = 1) -> tuple[list[set[str]], dict[str, int]]:
    """What was shown, by journey the kinds of its lines; and the numbers of the last line."""
    settings = Settings(file="a.d", paths=read_paths(WAYS), cpus=cpus)
    packets = [StackPacket(UDP, path=way, lengths=(20,)) for way in ways.split()]
    out = "".join(run(text, packets, settings))
    assert "error on enabled" not in out
    shown: dict[str, set[str]] = {}
    for kind, fields in re.findall(r"@dtkit 2 (\w+) (.*)", out):
        number = re.search(r"\bj=(\d+)", fields)
        assert number is not None
        shown.setdefault(number[1], set()).add(kind)
    end = re.search(r"@dtkit 1 end (.*)", out)
    assert end is not None
    counted = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", end[1])}
    return list(shown.values()), counted


WAYS_TO_END = [
    ("delivered", "dropped", 0),
    ("delivered", "slower:1ns", 1),
    ("delivered", "slower:1s", 0),
    ("silent", "dropped", 1),
    ("outside", "dropped", 1),
    ("silent", "reason:ttl*", 0),
    ("transmitted", "dropped", 0),
    ("refused", "dropped", 1),
    ("refused", "reason:refused by a rule of pf", 1),
    ("refused", "reason:*route*", 0),
    ("unrouted", "dropped", 1),
    ("unrouted", "reason:no route", 1),
    ("unrouted", "reason:queue full", 0),
    ("expired", "dropped", 1),
    ("expired", "reason:TTL expired", 1),
    ("expired", "reason:no listener", 0),
    ("told-later", "reason:ttl expired", 1),
    ("told-later", "dropped", 1),
    ("redirected", "dropped", 0),
    ("lost", "dropped", 1),
    ("moved", "dropped", 0),
    ("copied", "dropped", 1),
    ("copied", "slower:1ns", 2),
    ("uncopied", "dropped", 0),
]


@pytest.mark.parametrize(("way", "only", "shown"), WAYS_TO_END)
def test_only_what_ends_so_is_shown(way: str, only: str, shown: int) -> None:
    journeys, end = ran(script(only), way)
    assert len(journeys) == shown
    assert end["kept"] == shown
    assert end["missed"] == end["faults"] == 0
    assert end["matched"] == 1


def test_what_is_returned_after_the_packet_was_freed_is_shown_with_it() -> None:
    ((kinds,), _) = ran(script("dropped"), "refused")
    assert kinds == {"hop", "free", "return"}


@pytest.mark.parametrize(
    ("way", "shown"), [(way, shown) for way, only, shown in WAYS_TO_END if only == "dropped"]
)
def test_without_hops_the_same_packets_are_shown(way: str, shown: int) -> None:
    journeys, end = ran(script("dropped", brief=True), way)
    assert len(journeys) == end["kept"] == shown
    assert end["faults"] == 0
    assert end["matched"] == 1


def test_without_hops_there_is_no_more_than_what_tells_of_the_drop() -> None:
    text = script("dropped", brief=True)
    assert "speculat" not in text.partition("BEGIN")[2]
    ways = {
        "silent": {"hop", "free"},
        "unrouted": {"hop", "return"},  # it seemed to be taken, and was gone when that was said
        "refused": {"hop", "free", "return"},
        "lost": {"move"},
    }
    for way, kinds in ways.items():
        assert ran(text, way)[0] == [kinds]


def test_without_hops_bytes_are_those_of_the_packet() -> None:
    settings = Settings(file="a.d", paths=read_paths(WAYS))
    for way in ("silent", "unrouted"):
        packet = StackPacket(UDP, path=way, lengths=(20,))
        out = "".join(run(script("dropped", brief=True), [packet], settings))
        (journey,) = [one for one in read_path(BytesIO(out.encode())) if isinstance(one, Journey)]
        assert [shot.data for shot in journey.snapshots] == [UDP[:20]]
        assert journey.outcome.startswith("dropped")


def test_so_many_are_shown_without_hops() -> None:
    text = script("dropped", 2, brief=True)
    assert len(ran(text, "silent delivered delivered silent silent silent")[0]) == 2


@pytest.mark.parametrize("only", ["dropped", "reason:no route", "slower:1s"])
def test_a_ring_ends_with_the_first_that_ends_so(only: str) -> None:
    way = {"dropped": "silent", "reason:no route": "unrouted"}.get(only)
    ways = f"delivered transmitted {way or 'delivered'} delivered delivered"
    journeys, end = ran(script(only, ring=1 << 20), ways)
    assert end["kept"] == (way is not None)
    # Of all those before it, the copies apart, the hops are there.
    assert len(journeys) == (3 if way else 5)
    assert all({"hop", "free"} <= kinds for kinds in journeys)


def test_a_ring_ends_where_a_packet_is_freed_outside_of_all_functions() -> None:
    journeys, end = ran(script("dropped", ring=1 << 20), "delivered outside delivered")
    assert (len(journeys), end["kept"]) == (2, 1)


def test_a_ring_keeps_what_was_refused_after_the_free() -> None:
    journeys, end = ran(script("dropped", ring=1 << 20), "delivered refused delivered")
    assert len(journeys) == 2
    assert journeys[1] == {"hop", "free", "return"}
    assert end["kept"] == 1


def test_a_ring_is_read_to_journeys() -> None:
    settings = Settings(file="a.d", paths=read_paths(WAYS), cpus=2)
    packets = [StackPacket(UDP, path="moved", lengths=(20,)) for _ in range(400)]
    packets.append(StackPacket(UDP, path="refused", lengths=(20,)))
    out = "".join(run(script("dropped", ring=1 << 15), packets, settings))
    assert "@dtkit 1 start" in out
    items = list(read_path(BytesIO(out.encode())))
    (said,) = [str(one) for one in items if isinstance(one, Oddity)]
    found = re.search(r"the ring \(32768 bytes a CPU\) goes back to: CPU 0 (.*), CPU 1 (.*)", said)
    assert found is not None
    journeys = [one for one in items if isinstance(one, Journey)]
    assert journeys[-1].outcome == "dropped: pf_test returned PF_DROP"
    assert 10 < len(journeys) < 300
    latest = max(found.groups())
    times = [datetime.fromtimestamp((one.time or 0) // 10**9, UTC) for one in journeys]
    assert times[0].year == 2020
    for one, time in zip(journeys, times, strict=True):
        clock = f"{time:%H:%M:%S}.{(one.time or 0) % 10**9:09}"
        assert ("incomplete" in " ".join(one.notes)) == (clock < latest), one


def test_a_ring_must_hold_some_hops() -> None:
    with pytest.raises(PathError, match="a ring of 8192 bytes: less than 100 hops"):
        path_script(known_functions(catalog()), PathRequest(only=ending("dropped"), ring=8192))


@pytest.mark.parametrize(
    ("cpus", "memory", "count", "kibibytes", "hertz", "journeys"),
    [
        (1, 1 << 30, 1024, 32, 101, None),
        (4, 1 << 30, 256, 32, 101, 25856),
        (64, 64 << 30, 512, 32, 101, 51712),
        (64, 1 << 30, 32, 16, 625, 20000),
        (512, 1 << 30, 16, 4, 1000, 16000),
        (512, 1 << 28, 8, 4, 1000, 8000),
    ],
)
def test_what_is_held_follows_from_the_machine(
    cpus: int, memory: int, count: int, kibibytes: int, hertz: int, journeys: int | None
) -> None:
    held = held_back(216, Resources(cpus, memory))
    assert (held.count, held.kibibytes, held.hertz) == (count, kibibytes, hertz)
    assert held.journeys == journeys
    # Never more than a part of the memory.
    assert held.memory == count * kibibytes * 1024 * cpus <= memory // 16
    request = PathRequest("udp", only=ending("dropped"), machine=Resources(cpus, memory))
    text, estimate = path_script(known_functions(catalog()), request)
    assert f"nspec={count}\n" in text
    assert f"specsize={kibibytes}k\n" in text
    assert f"cleanrate={hertz}hz\n" in text
    assert f"{count} journeys can be held back" in str(estimate)


@pytest.mark.parametrize("cpus", [1, 2])
def test_one_after_the_other(cpus: int) -> None:
    journeys, _ = ran(
        script("dropped"), "delivered silent delivered refused copied transmitted lost", cpus
    )
    assert len(journeys) == 4


def test_so_many_are_shown() -> None:
    journeys, _ = ran(script("dropped", 2), "silent delivered delivered silent silent silent")
    assert len(journeys) == 2


def test_what_cannot_be_held_is_not_followed_and_counted() -> None:
    text = re.sub("nspec=[0-9]+", "nspec=1", script("dropped"))
    journeys, end = ran(text, "copied silent uncopied copied")
    # There is room for the packet, and none for its copy.
    assert len(journeys) == 3
    assert end["kept"] == 3
    assert end["missed"] == 3
    assert end["matched"] == 4


def test_each_reason_that_a_script_can_tell_is_taken() -> None:
    for reason in tellable():
        assert ending(f"reason:{reason.name}").reasons == (reason,)
    assert ending("slower:250us").nanoseconds == 250_000
    assert ending("dropped").wanted is Wanted.DROPPED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lost", "is none of dropped, slower:TIME and reason:GLOB"),
        ("dropped:x", "is none of"),
        ("slower", "is none of"),
        ("slower:", "goes with a time"),
        ("slower:5", "goes with a time"),
        ("slower:-5ms", "goes with a time"),
        ("reason:no such", "these reasons: .*ttl expired"),
        ("reason:", "these reasons"),
    ],
)
def test_what_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(PathError, match=said):
        ending(text)
