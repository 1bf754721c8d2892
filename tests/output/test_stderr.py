# SPDX-License-Identifier: BSD-2-Clause
"""What dtrace(1) itself says."""

from __future__ import annotations

import pytest

from dtkit.output import Drop, Fault, Notice
from dtkit.output.stderr import FLAGS, find_message, read_message

WHERE = "error on enabled probe ID 3 (ID 20035: fbt:kernel:ip_input:entry): "


@pytest.mark.parametrize("words", FLAGS)
def test_every_fault_has_its_flag(words: str) -> None:
    fault = read_message(1, f"dtrace: {WHERE}{words} in action #2 at DIF offset 52")
    assert fault == Fault(1, 3, 20035, "fbt:kernel:ip_input:entry", FLAGS[words], None, 2, 52)


def test_a_fault_that_is_not_known_says_so_in_its_own_words() -> None:
    fault = read_message(1, f"dtrace: {WHERE}something new in action #2")
    assert fault == Fault(1, 3, 20035, "fbt:kernel:ip_input:entry", "something new", None, 2, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WHERE + "invalid address (0x3f) in action #1", (0x3F, 1, None)),
        (WHERE + "invalid alignment (0x1) in predicate at DIF offset 8", (1, None, 8)),
        ("[BADADDR] " + WHERE + "invalid address (0x0) in predicate", (0, None, None)),
    ],
)
def test_where_a_fault_was(text: str, expected: tuple[int, int | None, int | None]) -> None:
    fault = read_message(1, "dtrace: " + text)
    assert isinstance(fault, Fault)
    assert (fault.illval, fault.action, fault.offset) == expected


DROPS = {
    "123 drops on CPU 0": (123, "", 0),
    "1 drop on CPU 3": (1, "", 3),
    "[DTRACEDROP_PRINCIPAL] 5 drops on CPU 1": (5, "", 1),
    "7 aggregation drops on CPU 0": (7, "aggregation", 0),
    "2 dynamic variable drops": (2, "dynamic variable", None),
    "2 dynamic variable drops with non-empty dirty list": (2, "dynamic variable", None),
    "1 dynamic variable drop with non-empty rinsing list": (1, "dynamic variable", None),
    "4 speculative drops": (4, "speculative", None),
    "3 failed speculations (available buffer(s) still busy)": (3, "failed speculation", None),
    "1 failed speculation (no speculative buffer available)": (1, "failed speculation", None),
    "9 jstack()/ustack() string table overflows": (
        9,
        "jstack()/ustack() string table overflow",
        None,
    ),
    "6 errors in ERROR probe enabling": (6, "error", None),
}


@pytest.mark.parametrize(("text", "expected"), DROPS.items(), ids=DROPS)
def test_drops(text: str, expected: tuple[int, str, int | None]) -> None:
    assert read_message(4, "dtrace: " + text) == Drop(4, *expected)
    assert find_message("some text dtrace: " + text, continued=False) == len("some text ")


def test_anything_else_is_a_notice() -> None:
    text = "dtrace: failed to compile script x.d: line 9: failed to resolve y"
    assert read_message(1, text) == Notice(1, text.removeprefix("dtrace: "))
    assert str(read_message(1, text)) == text


@pytest.mark.parametrize(
    "text", ["my own dtrace: hello", "dtrace: 5 drops on", "see dtrace: 3 dropsy on CPU 0"]
)
def test_text_that_only_speaks_of_dtrace_is_text(text: str) -> None:
    assert find_message(" " + text, continued=False) == -1
    assert find_message(text, continued=True) == -1


def test_str_is_a_line_for_people() -> None:
    fault = read_message(1, f"dtrace: {WHERE}invalid address (0x3f) in action #1")
    assert str(fault) == "fault at fbt:kernel:ip_input:entry: BADADDR 0x3f in action 1"
    assert str(Drop(1, 2, "", 0)) == "dropped 2 records on CPU 0"
    assert str(Drop(1, 1, "aggregation", None)) == "dropped 1 aggregation"


def test_a_notice_is_short_and_knows_whether_it_says_anything() -> None:
    assert Notice(1, "description 'fbt::f:entry \n{ }' matched 1 probe").began
    assert Notice(1, "script 'x.d' matched 12 probes").began
    assert not Notice(1, "buffer size lowered to 4m").began
    assert not Notice(1, "script 'x.d' matched 12 probes, and more").began
    long = Notice(1, "invalid probe specifier fbt::f:entry { trace(x); }: in action list: why")
    assert str(long) == "dtrace: in action list: why"
