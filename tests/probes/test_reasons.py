# SPDX-License-Identifier: BSD-2-Clause
"""The facts of why packets end: what is shipped, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtkit.probes.reasons import FactsError, Reason, facts, manual, read_facts

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reasons.md"

ROW = '[[reason]]\nname = "n"\nwords = "w"\nadvice = "a"\nwhen = ["{}"]\n'


def name(reason: Reason | None) -> str:
    return reason.name if reason is not None else ""


def test_the_manual_is_the_file() -> None:
    page = PAGE.read_text().splitlines()
    assert page == list(manual()), "python -m dtkit.probes.reasons > docs/reference/reasons.md"


def test_what_is_seen_has_a_reason() -> None:
    known = facts()
    assert name(known.pf(0)) == "refused by a rule of pf"
    assert all(known.pf(number) for number in range(17))
    assert known.pf(99) is None
    assert name(known.ipfw) == "refused by a rule of ipfw"
    assert name(known.icmp(4, 11, 0)) == name(known.icmp(6, 3, 0)) == "ttl expired"
    assert name(known.icmp(4, 12, 7)) == "refused"
    # A redirect ends nothing.
    assert known.icmp(4, 5, 0) is None
    assert name(known.counter("udps_fullsock")) == "socket buffer full"
    assert name(known.returned("ip_output", "EHOSTUNREACH")) == "no route"
    assert name(known.returned("epair_transmit", "ENOBUFS")) == "queue full"
    assert name(known.passed("tcp_dropwithreset")) == "reset"
    assert name(known.freed("ip_findroute")) == "no route"
    assert known.freed("soreceive_generic") is None


def test_a_copy_that_was_made_says_that_it_was_delivered() -> None:
    assert name(facts().freed("rip_input", {"copied"})) == "delivered as copies"
    assert name(facts().freed("rip_input")) == "taken by the stack"


def test_bytes_tell_a_bad_checksum_from_silence() -> None:
    assert name(facts().freed("udp_input", {"bad checksum"})) == "bad checksum"
    assert name(facts().freed("udp_input")) == "bad checksum, or no listener and silent"


def test_a_name_says_more_than_a_glob() -> None:
    assert name(facts().freed("pf_intr")) == "told the sender"
    assert name(facts().freed("pf_test")) == "refused by a firewall"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "Expected"),
        ("a = 1", r"\[\[reason\]\] and nothing else"),
        ("reason = [1]", "a reason is a table"),
        ('[[reason]]\nname = ""', "has a name"),
        ('[[reason]]\nname = "n"', "'n': words is a string"),
        (ROW.format("pf 1") + "more = 1", "no key 'more'"),
        (ROW.format("pf 1") + 'end = "lost"', "end is one of dropped"),
        (ROW.format("pf 1").replace('["pf 1"]', "[]"), "when is a list of sentences"),
        (ROW.format("pf one"), "'pf one' is no way to know it"),
        (ROW.format("ip_output returned 13"), "no way to know it"),
        (ROW.format("freed by a b"), "no way to know it"),
        (ROW.format("pf 1") * 2, "'n' is there twice"),
        (ROW.format("pf 1") + ROW.format("pf 1").replace('"n"', '"m"'), "another one's, too"),
    ],
)
def test_what_is_no_fact_is_refused(text: str, said: str) -> None:
    with pytest.raises(FactsError, match=said):
        read_facts(text)
