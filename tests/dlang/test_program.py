# SPDX-License-Identifier: BSD-2-Clause
"""Checking whole programs: findings, places, versions, clauses, and any text at all."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtkit.dlang import (
    WITH_COPYOUTMBUF,
    DError,
    Finding,
    Options,
    Severity,
    check,
    clauses,
    compile_program,
    target_kernel,
)
from dtkit.dlang.types import Tagged
from dtkit.freebsd import Release, release, releases
from dtkit.generate.oneliners import Copy, Request, program
from dtkit.probes import Probe, catalog
from dtkit.probes.description import ProbeDescription


def errors(text: str, options: Options | None = None) -> list[Finding]:
    found = check(text) if options is None else check(text, options=options)
    return [finding for finding in found if finding.severity is Severity.ERROR]


def test_a_good_program_has_no_findings() -> None:
    assert check("fbt::ip_input:entry { tracemem(args[0]->m_data, 64); }") == []


def test_a_finding_says_where() -> None:
    (finding,) = check("BEGIN\n{\n\ttrace(nosuch);\n}\n", file="a.d")
    assert (finding.line, finding.column, finding.file) == (3, 8, "a.d")
    assert finding.excerpt == "\ttrace(nosuch);\n\t      ^"
    assert str(finding) == (
        "a.d:3:8: error: failed to resolve nosuch: Unknown variable name [D_IDENT_UNDEF]\n"
        "\ttrace(nosuch);\n\t      ^"
    )
    assert finding.to_dict()["tag"] == "D_IDENT_UNDEF"


def test_all_clauses_are_checked() -> None:
    found = errors("BEGIN { trace(a); } END { trace(b); } int x; ERROR { strlen(); }")
    assert [finding.tag for finding in found] == ["D_IDENT_UNDEF", "D_IDENT_UNDEF", "D_PROTO_LEN"]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("fbt::ip_input:entry { trace(args[0]->nosuch); }", "D_TYPE_MEMBER"),
        ("BEGIN { strlen(1, 2); }", "D_PROTO_LEN"),
        ("BEGIN { strlen(1); }", "D_PROTO_ARG"),
        ("fbt::ip_input:entry { tracemem(args[0], args[0]->m_len); }", "D_TRACEMEM_SIZE"),
        ("BEGIN { pid = 1; }", "D_OP_WRITE"),
        ("BEGIN { panic(); }", "X_DESTRUCTIVE"),
    ],
)
def test_what_is_an_error(text: str, tag: str) -> None:
    (finding,) = errors(text)
    assert finding.tag == tag


def test_destructive_actions_can_be_allowed() -> None:
    assert check("BEGIN { panic(); }", options=Options(destructive=True)) == []


@pytest.mark.parametrize("action", ["panic()", 'copyout("x", 1, 1)', 'copyoutstr("x", 1, 1)'])
def test_destructive_actions_may_not_follow_speculate(action: str) -> None:
    (finding,) = check(f"BEGIN {{ speculate(1); {action}; }}", options=Options(destructive=True))
    assert finding.tag == "D_ACT_SPEC"


def test_options_that_are_not_simulated_are_no_finding() -> None:
    assert check("\n\n\t#pragma D option bufpolicy=fill\nBEGIN { exit(0); }\n", file="a.d") == []


def test_what_is_not_simulated_is_no_finding() -> None:
    assert check("BEGIN { ustack(); trace(`hz); }") == []


@pytest.mark.parametrize("known", releases(), ids=str)
def test_every_argument_of_every_probe_has_a_type(known: Release) -> None:
    unknown: set[tuple[str, str]] = set()
    seen = set()
    kernel = target_kernel(known)
    for probe in kernel:
        if len(kernel.match(ProbeDescription.parse(str(probe)))) > 1:
            continue  # args[] of such a set is not stable
        for index in range(len(probe.arguments)):
            types = probe.argument_types(index)
            if types in seen:
                continue
            seen.add(types)
            text = f"{probe} {{ this->x = args[{index}]; }}"
            found = [f for f in check(text, kernel=kernel) if f.severity is Severity.ERROR]
            unknown.update((f.tag, types[0]) for f in found if f.tag == "D_ARGS_TYPE")
            assert {f.tag for f in found} <= {"D_ARGS_TYPE", "D_OP_INCOMPAT", "D_XLATE_NONE"}
    assert unknown <= {("D_ARGS_TYPE", "(unknown)")}
    assert bool(unknown) is ("(unknown)" in {native for native, _ in seen})
    assert len(seen) > 50


UNKNOWN = [
    ("BEGIN { trace(`nosuch); }", "X_SYMBOL"),
    ("BEGIN { trace(zfs`arc_stats.x->y[3]); }", "X_SYMBOL"),
    ("BEGIN /`nosuch->x > 5/ { trace(1); }", "X_SYMBOL"),
    ("BEGIN { x = `nosuch; } END /x/ { trace(x->y); x++; y = x; } END { y[1].z; }", "X_SYMBOL"),
    ("BEGIN { self->a[1] = `nosuch; this->b = self->a[1]; } END { trace(this->b); }", "X_SYMBOL"),
    ("BEGIN { @[`nosuch] = count(); @a = sum(`nosuch); } END { printa(@); }", "X_SYMBOL"),
    ("inline int LIMIT = `nosuch; BEGIN { trace(LIMIT + 1); }", "X_SYMBOL"),
    ("BEGIN { trace(device_if_string[16]); }", "X_LIBRARY"),
    ('BEGIN { printf("%s", device_if[arg0]); }', "X_LIBRARY"),
    ("inline string s[int e] = device_if[e]; BEGIN { trace(s[1]); trace(s[2]); }", "X_LIBRARY"),
    ("BEGIN { trace(curthread->td_flags); }", "D_TYPE_MEMBER"),
    ("BEGIN { trace(((struct inpcb *)arg0)->inp_flags); }", "D_TYPE_MEMBER"),
    ("BEGIN { trace(((struct sctp_tcb *)arg0)->rport); }", "D_OP_INCOMPLETE"),
    ("BEGIN { trace(sizeof (struct sctp_tcb)); }", "D_SIZEOF_TYPE"),
    ("BEGIN { trace(sizeof (struct thread)); }", "D_SIZEOF_TYPE"),
    ("BEGIN { trace(offsetof(struct sctp_tcb, rport)); }", "D_OFFSETOF_TYPE"),
    ("BEGIN { this->x = (device_t)0; } END { trace(this->x); }", "D_DECL_TYPE"),
    ("self device_t x; BEGIN { self->x = 0; trace(self->x); }", "D_DECL_TYPE"),
    ("typedef device_t mine_t; BEGIN { trace((mine_t)0); }", "D_DECL_TYPE"),
    (
        "struct mine { struct sctp_tcb t; int n; };"
        "BEGIN { self->p = (struct mine *)0; trace(self->p->n); trace(sizeof (struct mine)); }",
        "D_DECL_INCOMPLETE",
    ),
    (
        "typedef struct my { int f; string s; } my_t; translator my_t < struct sockaddr *S > {"
        "f = S->sa_family; s = device_if[S->sa_family]; };"
        "BEGIN { this->x = xlate <my_t> ((struct sockaddr *)NULL).s; trace(this->x);"
        "trace(xlate <my_t> ((struct sockaddr *)NULL).f); }",
        "X_LIBRARY",
    ),
    (
        "typedef struct my { int f; } my_t; translator my_t < device_t d > { f = 1; };"
        "BEGIN { trace(xlate <my_t> (1).f); }",
        "D_DECL_TYPE",
    ),
    ("BEGIN { trace(offsetof(struct thread, td_flags)); }", "D_UNKNOWN"),
    ("struct sctp_tcb last; BEGIN { trace(last.rport); }", "D_DECL_INCOMPLETE"),
    ("this struct sctp_tcb last; BEGIN { trace(this->last.rport); }", "D_DECL_INCOMPLETE"),
]


@pytest.mark.parametrize(("text", "tag"), UNKNOWN)
def test_what_a_real_kernel_may_know_is_a_warning(text: str, tag: str) -> None:
    found = check(text, kernel=target_kernel(release("12")))
    assert {(f.severity, f.tag) for f in found} == {(Severity.WARNING, tag)}
    assert all(f.message.endswith("what depends on it is not checked") for f in found)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("BEGIN { trace(`nosuch); trace(nosuch); }", "D_IDENT_UNDEF"),
        ("BEGIN { x = `nosuch; } BEGIN { trace(y); }", "D_IDENT_UNDEF"),
        ("BEGIN { trace(`nosuch); strlen(1, 2); }", "D_PROTO_LEN"),
        ("BEGIN /`nosuch/ { pid = 1; }", "D_OP_WRITE"),
    ],
)
def test_beside_what_is_unknown_errors_are_found(text: str, tag: str) -> None:
    (finding,) = errors(text)
    assert finding.tag == tag


#: What dtrace(1) of FreeBSD 15.1 says of them, or None where it takes them.
ON_15_1: list[tuple[str, str | None]] = [
    # Pointers: uint32_t is D's own, and in_addr_t and u_int are the kernel's.
    ("BEGIN { trace(inet_ntoa((in_addr_t *)alloca(4))); }", None),
    ("BEGIN { trace(inet_ntoa((unsigned int *)alloca(4))); }", None),
    ("BEGIN { trace(inet_ntoa((u_int32_t *)alloca(4))); }", None),
    ("BEGIN { trace(inet_ntoa((uint32_t *)alloca(4))); }", "D_PROTO_ARG"),
    ("BEGIN { trace(inet_ntoa((ipaddr_t *)alloca(4))); }", "D_PROTO_ARG"),
    ("BEGIN { trace(inet_ntoa((unsigned *)alloca(4))); }", "D_PROTO_ARG"),
    ("ip:::receive { trace(inet_ntoa(&args[4]->ipv4_hdr->ipha_src)); }", "D_PROTO_ARG"),
    (
        "fbt::ip_input:entry { trace(inet_ntoa(&((struct ip *)args[0]->m_data)->ip_src.s_addr)); }",
        None,
    ),
    ("BEGIN { this->a = (uint32_t *)0; this->b = (ipaddr_t *)0; this->a = this->b; }", None),
    (
        "BEGIN { this->a = (u_int *)0; this->b = (uint32_t *)0; this->a = this->b; }",
        "D_OP_INCOMPAT",
    ),
    # A struct or enum of the kernel is no program's; a type that D's library uses is.
    ("struct timeval { int a; }; BEGIN { trace(((struct timeval *)alloca(4))->a); }", None),
    ("enum vtype { VNON }; BEGIN { trace(1); }", None),
    ("typedef int u_int; BEGIN { trace((u_int)1); }", "D_DECL_IDRED"),
    ("struct psinfo { int a; }; BEGIN { trace(1); }", "D_DECL_TYPERED"),
    # Strings are of characters that have a sign.
    ("BEGIN { trace(strlen((uint8_t *)alloca(4))); }", "D_PROTO_ARG"),
    ("BEGIN { trace(strjoin((char *)alloca(4), (uint8_t *)alloca(3))); }", "D_PROTO_ARG"),
    ("BEGIN { this->a = (char *)0; this->b = (uint8_t *)0; this->a = this->b; }", "D_OP_INCOMPAT"),
    ("BEGIN { trace(stringof((uint8_t *)alloca(4))); }", None),
    # What the D library has on one machine, and what it has on none.
    ("BEGIN { trace(strerror[2]); trace(signal_string[9]); trace(bio_cmd_string[1]); }", None),
    ("BEGIN { trace(TH_AE); trace(tcpflag_string[1]); trace(prureq_string[1]); }", None),
    ("BEGIN { trace(xlate <bufinfo_t *> ((struct bio *)0)->b_error); }", None),
    ("BEGIN { trace(xlate <devinfo_t *> ((struct devstat *)0)->dev_name); }", None),
    ("BEGIN { trace(curcpu->cpu_id); }", "D_IDENT_UNDEF"),
    ("BEGIN { trace(chip); }", "D_IDENT_UNDEF"),
    # Timers, and probes that no kernel has.
    ("profile:::profile-1ns { trace(1); }", "D_PDESC_ZERO"),
    ("profile:::tick-1ns { trace(1); }", "D_PDESC_ZERO"),
    (":::tick-n { trace(1); }", "D_PDESC_ZERO"),
    ("::BEGIN:tick-1 { trace(1); }", "D_PDESC_ZERO"),
    ("tick-1x { trace(1); }", "D_PDESC_ZERO"),
    ("tick-5000hz { trace(1); }", None),
    ("tick-1 { trace(1); }", None),
    ("dtrace:::NOSUCH { trace(1); }", "D_PDESC_ZERO"),
    ("foo:::entry { trace(1); }", "D_PDESC_ZERO"),
    ("fbt::tcp_input:nosuch { trace(1); }", "D_PDESC_ZERO"),
    ("fbt::tcp_input:e*try { trace(1); }", None),
    ("pid0:::entry { trace(1); }", "D_PROC_BADPID"),
    ("foo$1:::entry { trace(1); }", "D_PDESC_INVAL"),
    # Stacks, declarations, inlines.
    ("BEGIN { ustack(0, 200); }", "D_USTACK_FRAMES"),
    ('BEGIN { ustack(1, 10, "x"); }', "D_USTACK_PROTO"),
    ('BEGIN { ustack(1, "badarg"); }', "D_USTACK_STRSIZE"),
    ("BEGIN { ustack(5, 0); }", None),
    ("BEGIN { @[jstack(1, 2, 3)] = count(); }", "D_USTACK_PROTO"),
    ("int a(int b[int]); BEGIN { exit(0); }", "D_DECL_PROTO_TYPE"),
    ("int `xyz; BEGIN { exit(0); }", "D_DECL_SCOPE"),
    ("BEGIN { i = (long short)0; }", "D_UNKNOWN"),
    ("BEGIN { @counts[0][2] = tick-1(); }", "D_FUNC_IDENT"),
    (
        "inline psinfo_t *mine = xlate <psinfo_t *> (curthread->td_proc);"
        "BEGIN { trace(mine->pr_pid); }",
        None,
    ),
    (
        "inline lwpsinfo_t *mine = xlate <psinfo_t *> (curthread->td_proc); BEGIN { }",
        "D_OP_INCOMPAT",
    ),
    ("inline int mine = xlate <psinfo_t *> (curthread->td_proc); BEGIN { }", "D_OP_INCOMPAT"),
    ('inline dtrace_trap_func_t i = "i am none"; BEGIN { }', "D_OP_INCOMPAT"),
    ("inline dtrace_trap_func_t i = 0; BEGIN { exit(0); }", None),
    # Of a variable of the kernel without a type the address can be taken.
    ("BEGIN { trace(`ticks); }", "D_SYM_NOTYPES"),
    ("BEGIN { trace(*(int *)&`ticks); }", None),
    # Control lines.
    ("#pragma D option quiet /* a comment */\nBEGIN { }", "D_PRAGMA_MALFORM"),
    ("#pragma D option strsize=24 * 44\nBEGIN { }", "D_PRAGMA_MALFORM"),
    ("#pragma D option setenv=A=b\nBEGIN { }", "D_PRAGMA_OPTSET"),
    ("#pragma D attributes Stable/Stable/Common foo\nBEGIN { }", "D_PRAGMA_UNUSED"),
    ("#pragma D attributes Stable/Stable/Common foo\nint foo;\nBEGIN { }", None),
    ("#pragma D attributes Stable/Stable/Common timestamp\nBEGIN { }", "D_PRAGMA_SCOPE"),
    ("#pragma D attributes incorrect_attr\nBEGIN { }", "D_PRAGMA_MALFORM"),
    ("#pragma D attributes incorrect_attr foo\nint foo\nBEGIN { }", "D_PRAGMA_INVAL"),
    ('#pragma D binding "1.0" translator\nBEGIN { }', "D_PRAGMA_UNUSED"),
    ("#pragma D depends_on provider nosuch\nBEGIN { }", "D_PRAGMA_DEPEND"),
    ("#pragma D depends_on library net.d\nBEGIN { }", "D_PRAGMA_DEPEND"),
    ("#pragma D depends_on provider ip\nBEGIN { }", None),
]


@pytest.mark.parametrize(("text", "tag"), ON_15_1)
def test_the_verdict_is_that_of_freebsd_15_1(text: str, tag: str | None) -> None:
    found = check(text, file="a.d", kernel=target_kernel(release("15")))
    tags = [f.tag for f in found if f.severity is Severity.ERROR]
    if tag is None:
        assert found == []
    else:
        assert tag in tags


def test_a_destructive_action_behind_speculate_is_told_where_it_is_not_allowed_too() -> None:
    found = check("BEGIN { speculate(1); panic(); }")
    assert {f.tag for f in found} == {"X_DESTRUCTIVE", "D_ACT_SPEC"}


def test_macro_arguments_are_put_into_probe_descriptions() -> None:
    text = "fbt::$1:entry { tracemem(args[0]->m_data, 64); }"
    assert check(text, arguments=("dtrace", "ip_input")) == []
    (finding,) = errors(text)
    assert finding.tag == "D_PDESC_INVAL"
    # Which process it is about is only known when it is run.
    (finding,) = check("pid$target::malloc:entry { trace(arg0); }")
    assert finding.severity is Severity.WARNING


NOWHERE = [
    ("BEGIN { this->x = (no_such_t *)0; }", "D_SYNTAX"),
    ("this no_such_t x; BEGIN { }", "D_SYNTAX"),
    ("BEGIN { trace(((struct no_such *)arg0)->x); }", "D_OP_INCOMPLETE"),
    ("BEGIN { trace(sizeof (struct no_such)); }", "D_SIZEOF_TYPE"),
    ("BEGIN { trace(offsetof(struct no_such, x)); }", "D_OFFSETOF_TYPE"),
    ("struct mine { struct no_such n; }; BEGIN { }", "D_DECL_INCOMPLETE"),
    ("struct no_such x; BEGIN { }", "D_DECL_INCOMPLETE"),
]


@pytest.mark.parametrize(("text", "tag"), NOWHERE)
def test_a_name_that_no_kernel_has_is_an_error_with_a_hint(text: str, tag: str) -> None:
    (finding,) = errors(text)
    assert finding.tag == tag
    assert "no_such" in finding.hint
    assert "--types FILE" in str(finding)


WORKS = [
    'tcp:::send { printf("%d %s", args[3]->tcps_state, tcp_state_string[args[3]->tcps_state]); }',
    "tcp:::debug-input { trace(args[0]->tcps_snxt); trace(args[0]->tcps_cwnd); }",
    "tcp:::state-change { trace(args[3]->tcps_raddr); trace(args[5]->tcps_state); }",
    "udp:::send { trace(args[3]->udps_laddr); trace(args[3]->udps_rport); }",
    "udplite:::send { trace(args[3]->udplites_lport); trace(args[4]->udplite_coverage); }",
    "ip:::receive { trace(args[4]->ipv4_hdr->ipha_ttl); this->h = (ipha_t *)arg4; }",
    "BEGIN /errno == EAGAIN/ { x = O_RDWR; trace(PRU_SEND); trace(protocols[IPPROTO_SCTP]); }",
    "BEGIN { this->o = (off_t)0; this->t = (time_t)1; this->b = (bool)1; this->m = (mode_t)0; }",
    "struct mine { struct timespec when; }; BEGIN { trace(((struct mine *)0)->when.tv_sec); }",
    # A program may give its own meaning to a name that some kernel has for another type.
    "typedef struct { int a; } device_t; BEGIN { trace(((device_t *)0)->a); }",
    "typedef int *device_t; BEGIN { trace(*(device_t)0); }",
    "typedef struct mbuf device_t; BEGIN { trace(((device_t *)0)->m_len); }",
]


@pytest.mark.parametrize("known", releases(), ids=str)
@pytest.mark.parametrize("text", WORKS)
def test_what_works_is_not_refused(text: str, known: Release) -> None:
    found = check(text, kernel=target_kernel(known))
    assert not [f for f in found if f.tag != "D_PDESC_ZERO"]


def test_what_hangs_on_an_unknown_member_in_the_library_is_told_where_it_is_used() -> None:
    text = "BEGIN { trace(curpsinfo->pr_pid); trace(curpsinfo->pr_psargs); }"
    assert check(text, kernel=target_kernel(release("15"))) == []
    (finding,) = check(text, kernel=target_kernel(release("12")))
    assert (finding.severity, finding.tag) == (Severity.WARNING, "X_UNKNOWN")
    assert "pr_psargs" in finding.message


def test_a_member_of_the_other_kind_of_header_is_refused() -> None:
    (finding,) = errors("ip:::receive { trace(args[4]->ipv4_hdr->ip_ttl); }")
    assert finding.tag == "D_TYPE_MEMBER"


FIRST = ["12", "14", "15"]


def test_the_verdict_follows_the_release() -> None:
    text = "tcp:::send { trace(((struct tcpcb *)arg3)->t_inpcb->inp_vflag); }"
    tags = {r: [f.tag for f in check(text, kernel=target_kernel(release(r)))] for r in FIRST}
    assert tags == {"12": [], "14": ["D_OP_PTR"], "15": ["D_OP_PTR"]}
    text = "BEGIN { trace(TH_AE); }"
    tags = {r: [f.tag for f in check(text, kernel=target_kernel(release(r)))] for r in FIRST}
    assert tags == {"12": ["D_IDENT_UNDEF"], "14": ["D_IDENT_UNDEF"], "15": []}


def test_too_many_arguments_are_seen_where_one_is_unknown() -> None:
    assert [f.tag for f in errors("BEGIN { trace(strlen((device_t)0, 1)); }")] == ["D_PROTO_LEN"]


def test_known_symbols_are_typed() -> None:
    assert check("BEGIN /`time_uptime > 5 && kernel`hz/ { trace(`maxproc); trace(`ostype); }") == []
    (finding,) = check("BEGIN { trace(`hz->x); }")
    assert (finding.severity, finding.tag) == (Severity.ERROR, "D_OP_PTR")


def test_a_variable_without_type_data_is_an_error() -> None:
    text = "BEGIN { trace(kernel`ticks); }"
    assert check(text, kernel=target_kernel(release("12"))) == []
    (finding,) = check(text, kernel=target_kernel(release("15")))
    assert (finding.severity, finding.tag) == (Severity.ERROR, "D_SYM_NOTYPES")
    assert "no symbolic type information is available for kernel`ticks" in finding.message


def test_types_of_15_have_all_their_members() -> None:
    kernel = target_kernel(release("15"))
    text = "BEGIN { trace(((struct tcpcb *)0)->t_inpcb.inp_socket->so_rcv.sb_ccc); }"
    assert check(text, kernel=kernel) == []
    (finding,) = check("BEGIN { trace(curthread->td_nothing); }", kernel=kernel)
    assert (finding.severity, finding.tag) == (Severity.ERROR, "D_TYPE_MEMBER")


def test_variables_of_unknown_probes_are_not_undefined() -> None:
    text = (
        "fbt::no_such_function:entry { self->m = args[0]; }"
        "fbt::no_such_function:return /self->m != NULL/ { trace(self->m->m_len); self->m = 0; }"
    )
    assert {finding.tag for finding in check(text)} == {"D_PDESC_ZERO"}


def test_an_unknown_probe_is_a_warning() -> None:
    found = check("fbt::no_such_function:entry { trace(args[0]); }")
    assert [(f.severity, f.tag) for f in found] == [(Severity.WARNING, "D_PDESC_ZERO")]


COPYOUTMBUF = "fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64), 64); }"


def test_copyoutmbuf_needs_a_later_dtrace() -> None:
    assert [(f.severity, f.tag) for f in check(COPYOUTMBUF)] == [(Severity.WARNING, "X_VERSION")]
    (finding,) = check(COPYOUTMBUF, options=Options())
    assert finding.message == "undefined function name: copyoutmbuf"


def test_copyoutmbuf_is_seen_beside_macro_arguments() -> None:
    text = COPYOUTMBUF.replace("64)", "$1)", 1)
    assert [f.tag for f in check(text, arguments=("a.d", "64"))] == ["X_VERSION"]
    defaults = check(text, options=WITH_COPYOUTMBUF.set("defaultargs"))
    assert [f.tag for f in defaults] == ["X_VERSION"]


@pytest.mark.parametrize(("stock", "count"), [(False, 0), (True, 1)])
def test_a_version_can_be_asked_for(stock: bool, count: int) -> None:
    text = "#pragma D option version=1.14\nBEGIN { exit(0); }\n"
    found = errors(text, Options() if stock else None)
    assert len(found) == count
    if stock:
        assert found[0].message == (
            "failed to set option 'version' to '1.14': Requested version is not supported by "
            "compiler"
        )


REQUESTS = list(product(releases(), catalog(), Copy, [False, True], [0, 64]))


@pytest.mark.parametrize(("known", "probe", "copy", "annotate", "length"), REQUESTS, ids=str)
def test_what_we_generate_is_good_on_every_release(
    known: Release, probe: Probe, copy: Copy, annotate: bool, length: int
) -> None:
    text = program([probe], Request(copy=copy, annotate=annotate, length=length))
    found = check(text, kernel=target_kernel(known))
    assert [one for one in found if one.tag != "X_VERSION"] == []


@pytest.mark.parametrize("known", releases(), ids=lambda known: known.name)
def test_mbufs_are_laid_out_as_in_the_model(known: Release) -> None:
    types = compile_program("BEGIN { exit(0); }", of=target_kernel(known)).types
    mbuf = Tagged("struct", "mbuf")
    for member in ("m_next", "m_nextpkt", "m_data", "m_len"):
        found = types.member(mbuf, member)
        assert found is not None
        assert found.offset == 8 * getattr(known.layout, member)
    header = types.member(mbuf, "m_pkthdr")
    assert header is not None
    length = types.member(header.type, "len")
    assert length is not None
    assert header.offset + length.offset == 8 * known.layout.m_pkthdr_len


def test_every_kernel_can_be_asked_for() -> None:
    for known in releases():
        kernel = target_kernel(known)
        assert check("fbt::ip_input:entry { trace(args[0]->m_len); }", kernel=kernel) == []


# Clauses


def test_clauses() -> None:
    text = 'BEGIN, END { trace("a } fbt::b:entry { "); } int x; fbt::c:entry /1/ { } fbt::d:entry'
    assert clauses(text + " { }") == [("BEGIN", "END"), ("fbt::c:entry",), ("fbt::d:entry",)]


@given(st.text(max_size=40))
def test_a_quoted_string_adds_no_clause(text: str) -> None:
    quoted = "".join(
        character if character.isascii() and character.isalnum() else f"\\{byte:03o}"
        for character in text
        for byte in character.encode("utf-8", "surrogatepass")
    )
    assert clauses(f'BEGIN {{ trace("{quoted}"); }}') == [("BEGIN",)]


# Any text

VOCABULARY = """
BEGIN END { } ( ) [ ] ; , / * + - && || ?: = == -> . # @ @a $1 $$x " ' ` ! ~ int struct self->
this-> args[0] trace printf( tracemem( sizeof if else 1 0x "a" 'c' m_len fbt::ip_input:entry inline
translator typedef enum #pragma D option /* */ // count() quantize(
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n"])


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join)))
def test_any_text_yields_findings(text: str) -> None:
    for finding in check(text):
        assert finding.message
        assert str(finding)


@given(st.text(max_size=60))
def test_any_text_has_clauses_or_is_an_error(text: str) -> None:
    with suppress(DError):
        assert isinstance(clauses(text), list)


@pytest.mark.parametrize("text", ["(" * 5000, "BEGIN { x = " + "-" * 5000 + "1; }", "{" * 9000])
def test_deep_nesting_is_an_error_or_fine(text: str) -> None:
    check(text)
