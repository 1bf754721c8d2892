# SPDX-License-Identifier: BSD-2-Clause
"""Packets that are shown only if they end in some way: on the simulated kernel, and each order."""

from __future__ import annotations

import re
from functools import cache

import pytest

from dtkit.generate.functions import Function, PathError, choose, known_functions
from dtkit.generate.holding import Wanted, ending, tellable
from dtkit.generate.path import PathRequest, path_script
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, run
from dtkit.simulate.paths import read_paths

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
def script(only: str, count: int | None = None) -> str:
    functions = choose([*known_functions(catalog()), *MORE, Function("bridge_transmit", 1)], "all")
    request = PathRequest("udp", only=ending(only), count=count)
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


@pytest.mark.parametrize(
    ("way", "only", "shown"),
    [
        ("delivered", "dropped", 0),
        ("delivered", "slower:1ns", 1),
        ("delivered", "slower:1s", 0),
        ("silent", "dropped", 1),
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
    ],
)
def test_only_what_ends_so_is_shown(way: str, only: str, shown: int) -> None:
    journeys, end = ran(script(only), way)
    assert len(journeys) == shown
    assert end["kept"] == shown
    assert end["missed"] == end["faults"] == 0
    assert end["matched"] == 1


def test_what_is_returned_after_the_packet_was_freed_is_shown_with_it() -> None:
    ((kinds,), _) = ran(script("dropped"), "refused")
    assert kinds == {"hop", "free", "return"}


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
    text = script("dropped").replace("nspec=128", "nspec=1")
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
