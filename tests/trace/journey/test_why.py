# SPDX-License-Identifier: BSD-2-Clause
"""Why packets ended: each reason provoked in the simulated kernel, and said by the journey."""

from __future__ import annotations

import io
from functools import cache

import pytest

from dtkit.dlang.target import target_kernel
from dtkit.freebsd import release
from dtkit.generate.functions import choose, listed_functions
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.tellers import tellers
from dtkit.oddity import Oddity
from dtkit.probes.reasons import facts
from dtkit.probes.recognise import released_probes
from dtkit.simulate import Settings, StackPacket
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.outcome import value_in_words
from dtkit.trace.journey.path import read_path
from tests.simulate.running import ran
from tests.trace.frames import ipv4, udp

RELEASES = ("12", "14", "15")

#: Functions that these paths lead through.
FEW = (
    "ip_input", "ip_output", "ip_forward", "pf_test", "ipfw_check_packet", "icmp_error",
    "netisr_queue*", "udp_input", "udp_append", "looutput", "if_simloop",
)  # fmt: skip


@cache
def script(name: str) -> str:
    probes = released_probes(release(name))
    functions = choose(listed_functions(probes), wanted=FEW)
    return path_script(functions, PathRequest("udp"), tellers=tellers(probes))[0]


def printed(way: str, name: str = "15") -> str:
    settings = Settings(file="path.d", kernel=target_kernel(release(name)))
    packet = StackPacket(ipv4(udp(), protocol=17), path=way)
    return ran(script(name), [packet], settings)


def read(text: str) -> list[Journey]:
    found = list(read_path(io.BytesIO(text.encode())))
    assert [str(one) for one in found if isinstance(one, Oddity)] == []
    return [one for one in found if isinstance(one, Journey)]


def ended(way: str, name: str = "15") -> Journey:
    return read(printed(way, name))[0]


@pytest.mark.parametrize("name", RELEASES)
def test_a_rule_of_pf(name: str) -> None:
    journey = ended("refused", name)
    assert journey.outcome.startswith("dropped: ")
    assert journey.reason == "refused by a rule of pf"
    assert journey.rule == 'pf rule 3 in anchor web/deep, label "no web"'
    assert journey.source == journey.rule
    assert journey.advice == "pfctl -a web/deep -vvsr: text and counters of rule 3"
    (hop,) = [hop for hop in journey.hops if hop.rule]
    assert hop.rule == journey.rule
    assert hop.text == 'pf(rule 3 in anchor web/deep, label "no web")'


@pytest.mark.parametrize("name", RELEASES)
def test_a_state_of_pf(name: str) -> None:
    journey = ended("stateful", name)
    assert journey.reason == ""
    (hop,) = [hop for hop in journey.hops if hop.rule]
    assert hop.text == 'pf(rule 3, label "no web", translated by rule 1, state)'


def test_a_reason_of_pf_that_is_none_of_a_rules() -> None:
    journey = ended("unfit")
    assert journey.reason == "pf: does not fit the state"
    assert journey.source == "pf's reason 10"
    assert "pfctl -si" in journey.advice


def test_a_reason_that_is_not_known_is_shown_by_its_number() -> None:
    text = printed("unfit").replace("why=10 ", "why=77 ").replace("why=10\n", "why=77\n")
    journey = read(text)[0]
    assert journey.reason == "pf: reason 77, which is not known"
    assert journey.outcome == "dropped: pf_test returned PF_DROP"


@pytest.mark.parametrize("name", RELEASES)
def test_a_rule_of_ipfw(name: str) -> None:
    journey = ended("denied", name)
    assert journey.reason == "refused by a rule of ipfw"
    if name != "12":  # where no probe tells the rule
        assert journey.rule == "ipfw rule 100 in set 2"
        assert journey.advice == "ipfw -a list: text and counters of rule 100"


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize(
    ("way", "reason", "source"),
    [
        ("expired", "ttl expired", "icmp_error type 11 code 0"),
        ("unroutable", "no route", "icmp_error type 3 code 1"),
        ("queue-full", "queue full", "netisr_queue_internal returned ENOBUFS"),
        ("closed", "no listener", "icmp_error type 3 code 3"),
    ],
)
def test_what_the_stack_says(name: str, way: str, reason: str, source: str) -> None:
    journey = ended(way, name)
    assert journey.outcome.startswith("dropped: ")
    assert (journey.reason, journey.source) == (reason, source)
    assert journey.advice


@pytest.mark.parametrize("name", RELEASES)
def test_who_freed_it(name: str) -> None:
    journey = ended("socket-full", name)
    assert journey.reason == "socket buffer full"
    assert journey.source.startswith("freed by udp_append+")


def test_a_counter() -> None:
    by_bytes = ended("corrupt", "14")
    assert by_bytes.reason == "bad checksum"
    assert by_bytes.source.startswith("freed by udp_input+")
    # Kernels with KDTRACE_MIB_SDT have probes of counters.
    journey = ended("corrupt", "15")
    assert (journey.reason, journey.source) == ("bad checksum", "counter udps_badsum")
    assert "udps_badsum(counted)" in [hop.text for hop in journey.hops]


def test_a_rule_that_cannot_be_read_is_shown_by_its_address() -> None:
    lines = printed("refused").splitlines(keepends=True)
    journey = read("".join(line for line in lines if "@dtkit 2 rule" not in line))[0]
    assert journey.reason == "refused by a rule of pf"
    assert journey.rule == ""
    (hop,) = [hop for hop in journey.hops if hop.rule]
    assert hop.rule is not None
    assert hop.rule.startswith("pf rule at 0xfffff8")


def test_lines_of_a_journey_that_is_over_begin_none() -> None:
    lines = printed("refused").splitlines(keepends=True)
    text = "".join(line.replace(" j=1024 ", " j=0 ") for line in lines if "2 rule" in line)
    assert read(printed("refused") + text)[1:] == []


def test_values_of_facts_are_such_as_functions_are_said_to_return() -> None:
    known = {value_in_words("errno", number).partition(",")[0] for number in range(100)}
    known |= {value_in_words(kind, 1) for kind in ("pf", "pfil", "reject")}
    for reason in facts().reasons:
        for sentence in reason.when:
            if " returned " in sentence:
                assert sentence.rpartition(" ")[2] in known, sentence
