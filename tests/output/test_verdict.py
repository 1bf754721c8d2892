# SPDX-License-Identifier: BSD-2-Clause
"""The verdict on an output: why nothing was shown."""

from __future__ import annotations

import pytest

from dtkit.oddity import Oddity
from dtkit.output import (
    Annotation,
    Drop,
    Event,
    Fault,
    Firing,
    Message,
    Notice,
    Source,
    Stack,
)
from dtkit.output.verdict import Verdict, nothing_shown


def end(**fields: str) -> Annotation:
    return Annotation(1, "end", fields)


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (end(fired="0", accepted="0"), "never fired"),
        (end(fired="7", accepted="0"), "fired, and none of the packets met the conditions"),
        (
            end(fired="7", accepted="0", limited="2"),
            "had packets, all of them over the rate",
        ),
        (end(fired="7", accepted="0", limited="0"), nothing_shown(end(fired="7", accepted="0"))),
        (end(fired="7", accepted="1"), ""),
        (end(fired="7"), ""),
        (end(accepted="0"), ""),
        (Annotation(1, "mbuf", {"fired": "0", "accepted": "0"}), ""),
    ],
)
def test_why(annotation: Annotation, why: str) -> None:
    assert nothing_shown(annotation) == why


def test_probes_of_one_answer_share_a_line() -> None:
    verdict = Verdict()
    for probe in "abcde":
        verdict.add(end(probe=probe, fired="0", accepted="0"))
    verdict.add(end(probe="f", fired="1", accepted="0"))
    verdict.add(end(fired="0", accepted="0"))
    assert list(verdict.unseen()) == [
        "a, b, c and 3 more never fired",
        "f fired, and none of the packets met the conditions",
    ]
    assert not verdict.odd


@pytest.mark.parametrize(
    ("probes", "line"),
    [
        ("a", "a never fired"),
        ("abc", "a, b, c never fired"),
        ("abcd", "a, b, c and 1 more never fired"),
    ],
)
def test_three_probes_are_named(probes: str, line: str) -> None:
    verdict = Verdict()
    for probe in probes:
        verdict.add(end(probe=probe, fired="0", accepted="0"))
    assert list(verdict.unseen()) == [line]


def test_an_oddity_is_odd() -> None:
    verdict = Verdict()
    verdict.add(Oddity("line", 1, "odd", 2))
    assert verdict.odd
    assert str(verdict.count).endswith(" 2 unread lines")


def test_a_script_that_is_not_quiet_ends_in_a_firing() -> None:
    verdict = Verdict()
    part = end(probe="p", fired="0", accepted="0")
    verdict.add(Firing(1, Source(0, 2, "", "END"), (part,)))
    assert list(verdict.unseen()) == ["p never fired"]


@pytest.mark.parametrize(
    ("item", "anything"),
    [
        (Firing(1, None, ()), True),
        (Notice(1, "x"), True),
        (Drop(1, 1, "", None), True),
        (Fault(1, 1, 1, "p", "BADADDR", None, None, None), True),
        (Annotation(1, "start", {}), True),
        (Message(1, "x"), False),
        (Stack(1, ("x",)), False),
        (Oddity("line", 1, "x"), False),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_only_dtrace_prints_is_anything(item: Event, anything: bool) -> None:
    verdict = Verdict()
    assert not verdict.anything
    verdict.add(item)
    assert verdict.anything is anything


def test_a_script_that_names_no_probe_is_of_those_that_it_has() -> None:
    verdict = Verdict()
    verdict.add(end(fired="0", accepted="0"))
    assert list(verdict.unseen()) == ["the probes never fired"]


@pytest.mark.parametrize(
    "firing",
    [
        Firing(1, None, (end(fired="0", accepted="0"),)),
        Firing(1, Source(0, 2, "", "BEGIN"), (end(fired="0", accepted="0"),)),
        Firing(1, Source(0, 2, "", "END"), (Message(1, "x"),)),
    ],
    ids=["no frame", "another probe", "a message"],
)
def test_only_what_the_end_says_counts(firing: Firing) -> None:
    verdict = Verdict()
    verdict.add(firing)
    assert list(verdict.unseen()) == []
