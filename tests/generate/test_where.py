# SPDX-License-Identifier: BSD-2-Clause
"""Conditions in D: what is let through, and what is not."""

from __future__ import annotations

import pytest

from dtkit.generate.conditions import ConditionError
from dtkit.generate.where import check_where
from dtkit.probes import Probe, catalog

IP_INPUT: Probe = catalog()["ip_input"]


@pytest.mark.parametrize(
    "text",
    [
        "this->m->m_len > 20",
        "args[0]->m_next != NULL",
        'pid == 12 || execname == "a, b; }"',
        'stringof(this->m->m_pkthdr.rcvif->if_xname) == "em0"',
        "(this->m->m_flags & 2) && this->m->m_pkthdr.len / 2 > 10",
        "strlen(execname) > 2",
        "timestamp % 2 == 0",
    ],
)
def test_a_condition_is_taken_in_parentheses(text: str) -> None:
    assert check_where(text, IP_INPUT) == f"({text})"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "syntax error"),
        ("1 +", "syntax error"),
        ("this->m->m_nonsense > 1", "m_nonsense is not a member"),
        ("nosuchvar == 1", "nosuchvar"),
        ('this->m == "a"', "must|operand|type|compare|scalar"),
        ("args[7] == 0", "args"),
        ("this->ok = 1", "an assignment"),
        ("this->m->m_len++ > 1", r"a \+\+"),
        ("--this->ok", "a --"),
        ("@a == 1", "aggregation|syntax"),
        ("exit(0)", "exit"),
        ('system("reboot")', "destructive"),
        ("copyout(0, 0, 0) == 0", "destructive"),
        ("panic()", "destructive"),
        ("raise(9) == 0", "destructive"),
        ("stack()", "no function"),
        ('printf("x") == 0', "no function"),
        ("count()", "no function"),
        ('1/ { system("id"); } BEGIN /1', "syntax error"),
        ("1) / { exit(0); } tick-1s / (1", "extra"),
        ("1; exit(0)", "syntax error"),
        ("1 /* ", "syntax error"),
        ("1 */ 2", "syntax"),
        ("1\n#pragma D option destructive\n", "printable ASCII"),
        ("1\r\n", "printable ASCII"),
        ("\u0661 == 1", "printable ASCII"),
        ("$1 == 2", "macro|undefined|\\$1"),
        ("1 " * 3000, "characters"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConditionError, match=reason):
        check_where(text, IP_INPUT)


def test_a_pointer_is_a_condition_and_a_struct_is_none() -> None:
    assert check_where("this->m", IP_INPUT) == "(this->m)"
    with pytest.raises(ConditionError):
        check_where("*this->m", IP_INPUT)


@pytest.mark.parametrize(
    "text", ["1+" * 2000 + "1", "!" * 3000 + "1", "(" * 2000 + "1" + ")" * 2000]
)
def test_however_deep_it_is_it_has_an_answer(text: str) -> None:
    assert check_where(text, IP_INPUT) == f"({text})"
