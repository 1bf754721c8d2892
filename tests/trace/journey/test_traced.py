# SPDX-License-Identifier: BSD-2-Clause
"""What became of a packet, by what the trace points of mbuf_trace said of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from dtkit.packets.capture import Frame
from dtkit.probes.reasons import facts
from dtkit.trace.journey.codec import LINKTYPE, read_journeys
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.filter import journey_filter
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.outcome import end_of, function_in
from dtkit.trace.journey.traced import REASONS
from tests.trace.frames import frame

DATA = Path(__file__).parents[2] / "data"


def captured(data: bytes) -> Frame:
    return Frame(1, 0, data, len(data), LINKTYPE)


def journey(*strings: str) -> Journey:
    """A journey past trace points that say this."""
    (read,) = read_journeys([captured(frame(3, [*strings, b"bytes at the end"]))])
    assert isinstance(read, Journey)
    return read


@pytest.mark.parametrize(
    ("strings", "outcome"),
    [
        pytest.param(
            [
                "ip_input",
                "ip_tryforward",
                "ip_tryforward: drop, TTL",
                "icmp_error(type 11, code 0)",
            ],
            "dropped: ip_tryforward: TTL",
            id="TTL",
        ),
        pytest.param(
            ["ip_forward", "icmp_error(type 3, code 1)"],
            "dropped: icmp_error: type 3, code 1",
            id="an ICMP error alone",
        ),
        pytest.param(
            ["icmp_error(type 3, code 99)"],
            "freed: last seen at icmp_error",
            id="an ICMP error that nothing is known of",
        ),
        pytest.param(
            ["ip_forward", "icmp_error(type 5, code 1)"],
            "freed: last seen at icmp_error",
            id="a redirect drops nothing",
        ),
        pytest.param(
            ["icmp6_error(type 3, code 0)"], "dropped: icmp6_error: type 3, code 0", id="hop limit"
        ),
        pytest.param(
            ["netinet/ip_output.c:860: ip_output: drop, error 65"],
            "dropped: ip_output returned EHOSTUNREACH, no route to the host",
            id="an error",
        ),
        pytest.param(
            ["tcp_input: drop, no listener", "ip_output: to lo0", "tcp_do_segment: drop"],
            "dropped: tcp_input: no listener",
            id="what a reset answers was dropped where it was",
        ),
        pytest.param(
            ["udp_input: drop, no listener", "udp_input: drop"],
            "dropped: udp_input: no listener",
            id="the first to say it knows why",
        ),
        pytest.param(["ip_input: drop"], "dropped: by ip_input", id="no reason"),
        pytest.param(["pf_test(rule 3, drop)"], "dropped: pf_test: rule 3", id="pf"),
        pytest.param(
            ["pf_test(rule 3, drop)", "ether_output"],
            "freed: last seen at ether_output",
            id="held back by pf",
        ),
        pytest.param(["pf_test(rule -1, pass)"], "freed: last seen at pf_test", id="pf passes"),
        pytest.param(["ipfw_chk(rule 100, action 1)"], "dropped: ipfw_chk: rule 100", id="ipfw"),
        pytest.param(
            ["ipfw_chk(rule 100, action 0)"], "freed: last seen at ipfw_chk", id="ipfw passes"
        ),
        pytest.param(
            ["tcp_do_segment", "tcp_do_segment: drop"],
            "delivered: last seen at tcp_do_segment",
            id="done with the mbuf",
        ),
        pytest.param(
            ["udp_append", "sbappendaddr_locked_internal"],
            "delivered: last seen at sbappendaddr_locked_internal",
            id="a socket buffer",
        ),
        pytest.param(["-m_pullup"], "freed: last seen at m_pullup", id="elsewhere"),
        pytest.param(["somewhere else"], "freed", id="no function"),
        pytest.param(["x" * 65], "freed", id="too long for a function"),
        pytest.param(["drop, TTL"], "freed", id="no function drops"),
    ],
)
def test_how_a_journey_ended(strings: list[str], outcome: str) -> None:
    found = journey(*strings)
    assert found.outcome == outcome
    end, reason = end_of(outcome)
    assert journey_filter(f"outcome:{end}")(found)
    if reason:
        assert function_in(reason) in " ".join(strings)


def test_a_frame_without_hops_has_no_outcome() -> None:
    assert journey().outcome == ""


@pytest.mark.parametrize("name", ["12.1-loopback", "12.1-epair", "14-loopback", "14-epair"])
def test_what_arrived_on_healthy_kernels_was_not_lost(name: str) -> None:
    stream = io.BytesIO((DATA / f"mbuf_trace-freebsd-{name}.pcap").read_bytes())
    found = [one for one in read_any(stream) if isinstance(one, Journey)]
    wanted = journey_filter("outcome:delivered")
    arrived = [one for one in found if wanted(one)]
    assert len(arrived) >= len(found) - 1
    assert not any(map(journey_filter("outcome:dropped"), found))
    # The ACKs among them end at a label that is called drop.
    assert any(one.hops[-1].label == "tcp_do_segment: drop" for one in arrived)


def test_why_packets_were_dropped_on_a_real_kernel() -> None:
    stream = io.BytesIO((DATA / "mbuf_trace-freebsd-15.1-drops.pcap").read_bytes())
    found = [one for one in read_any(stream) if isinstance(one, Journey)]
    assert len(found) == 15
    said = [end_of(one.outcome) for one in found]
    assert said[0][0] == "freed"  # what ip_forward() keeps for an error that it did not send
    assert said[1] == ("delivered", "last seen at sbappendaddr_locked_internal")
    assert {end for end, _ in said[2:]} == {"dropped"}
    assert [reason for _, reason in said[2:]] == [
        "ip_tryforward: TTL",
        "ip_findroute: no route",
        "ip_input: not ours",
        "icmp_error: type 3, code 4",
        "ip6_forward: hop limit",
        "ip6_forward: no route",
        "tcp_input: no listener",
        "udp_input: no listener",
        "udp6_input: no listener",
        "pf_test: rule 0",
        "udp_append: socket buffer full",
        "lltable_drop_entry_queue: address not resolved",
        "netisr_queue_workstream: queue full",
    ]
    assert [one.reason for one in found[2:]] == [
        "ttl expired",
        "no route",
        "bad header, or not ours",
        "too big",
        "ttl expired",
        "no route",
        "no listener",
        "no listener",
        "no listener",
        "refused by a rule of pf",
        "socket buffer full",
        "no answer to ARP",
        "queue full",
    ]
    assert [one.rule for one in found if one.rule] == ["pf rule 0"]
    assert all(one.advice and one.source for one in found[2:])


def test_the_reasons_of_trace_points_are_facts() -> None:
    names = {reason.name for reason in facts().reasons}
    assert set(REASONS.values()) <= names


@pytest.mark.parametrize(
    ("string", "reason", "source", "rule"),
    [
        ("udp_input: drop, no listener", "no listener", "udp_input: no listener", ""),
        ("ip_x: drop, a new word", "a new word", "ip_x: a new word", ""),
        ("ip_output: drop, error 65", "no route", "ip_output returned EHOSTUNREACH", ""),
        ("ip_output: drop, error 99999", "", "", ""),
        ("icmp_error(type 11, code 0)", "ttl expired", "icmp_error type 11 code 0", ""),
        ("pf_test(rule 3, drop)", "refused by a rule of pf", "pf rule 3", "pf rule 3"),
        ("pf_test6(rule -1, drop)", "refused by a firewall", "pf rule -1", "pf rule -1"),
        ("ipfw_chk(rule 7, action 1)", "refused by a rule of ipfw", "ipfw rule 7", "ipfw rule 7"),
        ("sbappendstream_locked", "", "", ""),
    ],
)
def test_why_it_ended_so(string: str, reason: str, source: str, rule: str) -> None:
    found = journey(string)
    assert (found.reason, found.source, found.rule) == (reason, source, rule)
    assert ("rule 3" in found.advice) == (rule == "pf rule 3")
    assert "of the rule" not in found.advice
    assert bool(found.advice) is bool(reason and reason != "a new word")
    assert found.without_advice().advice == ""
    assert journey_filter("reason:?*")(found) is bool(reason)


def test_a_shape_that_was_met_before_ends_as_its_own_strings_say() -> None:
    rules = ["pf_test(rule 3, drop)", "pf_test(rule 4, drop)", "pf_test(rule 5, pass)"]
    frames = [captured(frame(3, [rule])) for rule in rules]
    read = [one.outcome for one in read_journeys(frames * 2) if isinstance(one, Journey)]
    expected = [
        "dropped: pf_test: rule 3",
        "dropped: pf_test: rule 4",
        "freed: last seen at pf_test",
    ]
    assert read == expected * 2
