# SPDX-License-Identifier: BSD-2-Clause
"""Reasons that were provoked on FreeBSD 15.1, as its dtrace(1) printed what was seen of them."""

from __future__ import annotations

import lzma
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest

from dtkit.oddity import Oddity
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path

DATA = Path(__file__).parents[2] / "data"


@cache
def journeys(name: str) -> list[Journey]:
    with (DATA / name).open("rb") as stream:
        found = list(read_path(stream))
    assert [str(one) for one in found if isinstance(one, Oddity)] == []
    return sorted((one for one in found if isinstance(one, Journey)), key=lambda one: one.number)


@pytest.mark.parametrize(
    ("number", "end", "reason", "source", "advice"),
    [
        (
            4,
            "dropped",
            "refused by a rule of pf",
            'pf rule 0 in anchor web, label "no web"',
            "jexec router pfctl -a web -vvsr: text and counters of rule 0",
        ),
        (
            5,
            "dropped",
            "refused by a rule of pf",
            'pf rule 0 in anchor web/deep, label "deep label"',
            "jexec router pfctl -a web/deep -vvsr: text and counters of rule 0",
        ),
        (6, "freed", "told the sender", "freed by pf_intr+", ""),
        (
            8,
            "dropped",
            "refused by a rule of ipfw",
            "ipfw rule 100 in set 3",
            "jexec bravo ipfw -a list: text and counters of rule 100",
        ),
        (9, "dropped", "ttl expired", "icmp_error type 11 code 0", "the destination is further"),
        (12, "dropped", "no route", "icmp_error type 3 code 1", "jexec router netstat -rn"),
        (15, "delivered", "reset", "tcp_dropwithreset", "jexec bravo sockstat -l"),
        (16, "dropped", "no listener", "icmp_error type 3 code 3", "jexec bravo sockstat -l"),
        (18, "dropped", "too big", "icmp_error type 3 code 4", "the MTU of the interface"),
        (21, "dropped", "bad checksum", "freed by udp_input+", "jexec bravo netstat"),
        (24, "dropped", "socket buffer full", "freed by udp_append+", "jexec bravo netstat -xn"),
        # Delivered, by copies to the sockets that wanted it, or to the stack itself.
        (1, "delivered", "delivered as copies", "freed by rip_input+", ""),
        (7, "delivered", "taken by the stack", "freed by rip_input+", ""),
        (2, "freed", "socket closed", "freed by sbdestroy+", ""),
        (3, "delivered", "", "", ""),
    ],
)
def test_what_was_provoked(number: int, end: str, reason: str, source: str, advice: str) -> None:
    journey = journeys("path-15.1-reasons.txt")[number - 1]
    assert journey.number == number
    assert journey.outcome.startswith(end)
    assert journey.reason == reason
    assert journey.source.startswith(source)
    assert journey.advice.startswith(advice)


def test_hops_say_what_they_know_of_it() -> None:
    found = journeys("path-15.1-reasons.txt")
    said = [
        [(hop.place.label, hop.reason) for hop in found[number - 1].hops if hop.reason]
        for number in (1, 4, 8, 12)
    ]
    assert said == [
        [],
        [("pf_test", "refused by a rule of pf")],
        [
            ("ipfw", "refused by a rule of ipfw"),
            ("ipfw_check_packet", "refused by a rule of ipfw"),
        ],
        [("icmp_error", "no route")],
    ]


def test_rules_that_translate_are_told() -> None:
    """A ping through the router, whose pf translates its source, and back."""
    rules = [hop.rule for hop in journeys("path-15.1-reasons.txt")[0].hops if hop.rule]
    assert [rule for rule in rules if rule.startswith("pf")] == [
        "pf rule 0",
        "pf rule 0, translated by rule 0",
        "pf rule 0, translated by rule 0",
        "pf rule 0",
    ]
    assert "ipfw rule 65000" in rules
    denied = journeys("path-15.1-reasons.txt")[7]
    assert "ipfw(rule 100 in set 3: deny)" in [hop.text for hop in denied.hops]


def test_a_queue_of_one_packet() -> None:
    found = journeys("path-15.1-queue-of-one.txt")
    full = [one for one in found if one.reason == "queue full"]
    assert len(full) == 10
    assert {one.source.partition("+")[0] for one in full} == {
        "freed by netisr_queue_internal",
        "netisr_queue_internal returned ENOBUFS",
    }


def test_pf_within_pf() -> None:
    """By route-to pf_test() is called within itself; what it says of each call is told apart."""
    first, second = journeys("path-15.1-route-to.txt")[:2]
    assert first.outcome == "dropped: pf_test returned PF_DROP"
    assert first.rule == 'pf rule 1, label "out"'
    rules = [[hop.rule for hop in one.hops if hop.rule] for one in (first, second)]
    assert [[rule for rule in one if rule.startswith("pf")] for one in rules] == [
        ['pf rule 0, label "by route-to"', 'pf rule 1, label "out"'],
        ['pf rule 2, label "by route-to"', "pf rule 3, translated by rule 0"],
    ]
    # The outer call says PF_DROP of what it has sent on itself as well.
    assert "-pf_test(PF_DROP)" in [hop.text for hop in second.hops]
    assert second.outcome.startswith("dropped: freed by udp_input+")
    assert second.reason == "no listener"
    assert second.rule == ""


def test_ipv6() -> None:
    """What ip6_forward() keeps to tell the sender is a copy; ip6_input() may take another mbuf."""
    found = {one.number: one for one in journeys("path-15.1-ipv6.txt")}
    said = {number: (one.outcome.partition(":")[0], one.reason) for number, one in found.items()}
    assert said[19] == ("dropped", "refused by a rule of pf")
    assert found[19].rule == 'pf rule 0 in anchor six, label "no six"'
    assert said[20] == ("dropped", "no listener")
    assert said[21] == ("freed by ip6_forward+0xa20", "kept for an error")
    assert said[22] == ("freed by ip6_input+0x1eb", "goes on in another mbuf")
    assert said[25] == ("dropped", "no route")
    assert said[35] == ("delivered", "reset")


def test_drops_without_hops() -> None:
    found = journeys("path-drops-15.1.txt")
    assert [(one.reason, one.source) for one in found] == [
        ("ttl expired", "icmp_error type 11 code 0"),
        ("no route", "icmp_error type 3 code 1"),
        ("refused by a rule of pf", "pf rule 0"),
        ("no listener", "icmp_error type 3 code 3"),
    ]
    for one in found:
        assert one.outcome.startswith("dropped: ")
        assert len(one.snapshots) == 1
        assert one.notes == ()


def test_a_ring_of_two_cpus() -> None:
    text = lzma.decompress((DATA / "path-ring-15.1.txt.xz").read_bytes())
    items = list(read_path(BytesIO(text)))
    odd = [str(one) for one in items if isinstance(one, Oddity)]
    assert odd[-1] == (
        "the ring (32768 bytes a CPU) goes back to: CPU 0 00:05:45.248622999, "
        "CPU 1 00:05:44.997862200"
    )
    found = [one for one in items if isinstance(one, Journey)]
    dropped = [one for one in found if one.outcome.startswith("dropped")]
    assert [one.reason for one in dropped] == ["no route"]
    # Hops are named by their jails, though what was said of these first was gone.
    assert {hop.vnet for hop in dropped[0].hops} <= {"alpha", "router", None}
    incomplete = [one for one in found if any("incomplete" in note for note in one.notes)]
    latest = 1795910745_248622999
    assert [one.number for one in incomplete] == [
        one.number for one in found if one.time is not None and one.time < latest
    ]
    assert len(incomplete) == 5
