# SPDX-License-Identifier: BSD-2-Clause
"""What stands under dtrace(1)'s words: what may help, and never instead of them."""

from __future__ import annotations

import pytest

from dtkit.dlang import check
from dtkit.dlang.checker.hints import near

#: Programs, what dtrace(1) says of each, and what we add.
HINTS = {
    "fbt::tcp_input:entry { tracemem(args[0]->m_data, 64); }": (
        'operator -> cannot be applied to pointer to type "struct mbuf *"; must be applied to a '
        "struct or union pointer",
        "m_data is behind a pointer: (*args[0])->m_data",
    ),
    "fbt::ip_input:entry { trace(args[0].m_len); }": (
        'operator . cannot be applied to type "struct mbuf *"; must be applied to a struct or '
        "union",
        "args[0] is a pointer: args[0]->m_len",
    ),
    "fbt::ip_input:entry { trace(args[0]->m_pkthdr->len); }": (
        "operator -> must be applied to a pointer",
        "args[0]->m_pkthdr is no pointer: args[0]->m_pkthdr.len",
    ),
    "fbt::ip_input:entry { trace(arg0->m_len); }": (
        "operator -> must be applied to a pointer",
        "arg0 is a number: ((struct mbuf *)arg0)->m_len",
    ),
    "fbt::ip_input:entry { trace(arg0->nonsense); }": (
        "operator -> must be applied to a pointer",
        "",
    ),
    "fbt::ip_input:entry { trace(args[0]->m_dta); }": (
        "m_dta is not a member of struct mbuf",
        "did you mean m_data or m_dat?",
    ),
    "fbt::ip_input:entry { trace(args[0]->zzz); }": ("zzz is not a member of struct mbuf", ""),
    "fbt::ether_input:entry { trace(args[0]->m_len); }": (
        "m_len is not a member of struct ifnet",
        "the mbuf of fbt::ether_input:entry is args[1]",
    ),
    "tcp:::receive { trace(args[2]->m_len); }": (
        "translator does not define conversion for member: m_len",
        "the mbuf of tcp:::receive is (struct mbuf *)arg2",
    ),
    "ip:::send { trace(args[0]->m_len); }": (
        "translator does not define conversion for member: m_len",
        "ip:::send carries no mbuf: use ip_output or ip6_output",
    ),
    "ip:::send { trace(args[2]->ip_sadr); }": (
        "translator does not define conversion for member: ip_sadr",
        "did you mean ip_saddr or ip_daddr?",
    ),
    "BEGIN { trace(timestmap); }": (
        "failed to resolve timestmap: Unknown variable name",
        "did you mean timestamp or vtimestamp?",
    ),
    "BEGIN { this->size = 1; trace(size); }": (
        "failed to resolve size: Unknown variable name",
        "did you mean this->size?",
    ),
    "BEGIN { trace(hz); }": (
        "failed to resolve hz: Unknown variable name",
        "a variable of the kernel is written `hz",
    ),
    "BEGIN { trace(mbuf); }": (
        "failed to resolve mbuf: Unknown variable name",
        "a type is written struct mbuf",
    ),
    "BEGIN { trace(qqqqqq); }": ("failed to resolve qqqqqq: Unknown variable name", ""),
    "BEGIN { this->size = 1; trace(this->sizes); }": (
        "this->sizes has not yet been declared or assigned",
        "did you mean this->size?",
    ),
    "BEGIN { this->size = 1; trace(self->size); }": (
        "self->size has not yet been declared or assigned",
        "did you mean this->size?",
    ),
    "BEGIN { @calls = count(); printa(@cals); }": (
        "failed to resolve @cals: Unknown variable name",
        "did you mean @calls?",
    ),
    "BEGIN { trace(strlenn(probename)); }": (
        "undefined function name: strlenn",
        "did you mean strlen?",
    ),
    "BEGIN { tracememm(NULL, 3); }": (
        "undefined function name: tracememm",
        "did you mean tracemem?",
    ),
    "fbt::ip_inptu:entry { trace(1); }": (
        "probe description fbt::ip_inptu:entry does not match any probes",
        "did you mean fbt::ip_input:entry?",
    ),
    "fbt::ip_input:enter { trace(1); }": (
        "probe description fbt::ip_input:enter does not match any probes",
        "did you mean fbt::ip_input:entry?",
    ),
    "ip:::recieve { trace(1); }": (
        "probe description ip:::recieve does not match any probes",
        "did you mean ip:::receive?",
    ),
    "fbtt::ip_input:entry { trace(1); }": (
        "probe description fbtt::ip_input:entry does not match any probes",
        "did you mean fbt::ip_input:entry?",
    ),
    "fbt::tcp_timer_keep:entry { trace(1); }": (
        "probe description fbt::tcp_timer_keep:entry does not match any probes",
        "",
    ),
}


@pytest.mark.parametrize("program", HINTS)
def test_a_hint_stands_under_what_dtrace_says(program: str) -> None:
    message, hint = HINTS[program]
    (finding,) = check(program)
    assert finding.message == message
    assert finding.hint == hint
    if hint:
        assert str(finding).endswith(f"\nhint: {hint}")


def test_near_names_are_two_at_most_and_never_the_same() -> None:
    assert near("strlen", ["strlen"]) == ""
    assert near("m_l", ["m_len", "m_lex", "m_ley"], "this->").count("this->") <= 2
    assert near("EXECNAME", ["execname"]) == "did you mean execname?"
