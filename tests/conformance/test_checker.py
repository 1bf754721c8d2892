# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit check`` takes what dtrace(1) takes, and refuses what it refuses."""

from __future__ import annotations

import pytest

from dtkit.dlang import Severity, TargetKernel, check
from dtkit.dlang.options import WITH_COPYOUTMBUF
from tests.conformance.machine import Machine

PROGRAMS = [
    "fbt::ip_input:entry { trace(args[0]->m_len); }",
    "fbt::ip_input:entry { trace(args[0]->m_nothing); }",
    "fbt::ip_input:entry { trace(args[9]); }",
    "fbt::tcp_input:entry { tracemem((*args[0])->m_data, 64); }",
    "fbt::tcp_do_segment:entry { trace(((struct mbuf *)arg1)->m_len); }",
    'fbt::ether_output:entry { printf("%s", stringof(args[0]->if_xname)); }',
    'tcp:::receive { printf("%d %s", args[4]->tcp_dport, args[2]->ip_saddr); }',
    "ip:::send { trace(args[4]->ipv4_ttl); }",
    "ip:::send { trace(args[4]->ipv4_nothing); }",
    "udp:::receive { trace(args[4]->udp_length); }",
    "sdt:::m-free { trace(arg0); }",
    "BEGIN { trace(`hz + `osreldate); }",
    "BEGIN { trace(`ticks); }",
    "BEGIN { trace(`osreldate < 1500000 ? 1 : 2); }",
    "BEGIN { trace(nothing); }",
    "BEGIN { this->m = (struct mbuf *)NULL; trace(this->m->m_pkthdr.len); }",
    "BEGIN { trace(curthread->td_proc->p_pid); }",
    "BEGIN { @[execname] = quantize(pid); exit(0); }",
    'BEGIN { printf("%d"); }',
    "BEGIN { tracemem(0, 1 + pid); }",
    "BEGIN { x = 1; x->y = 2; }",
    "nothing::there:entry { trace(1); }",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_both_say_the_same(program: str, machine: Machine, kernel: TargetKernel) -> None:
    told = machine.run(["dtrace", "-e", "-s", "p.d"], {"p.d": program})
    findings = check(program, file="p.d", options=WITH_COPYOUTMBUF, kernel=kernel)
    unknown = [one for one in findings if one.tag == "D_PDESC_ZERO"]
    refused = any(one.severity is Severity.ERROR for one in findings) or bool(unknown)
    assert refused == (told.status != 0), (findings, told.err.decode())
