# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit check --lint``: each kind is told where it is, and nothing is said of what is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from dtkit.dlang import Severity, check, lint
from tests.simulate.programs import PROGRAMS, CapturedProgram

Dtkit = Callable[..., Result]

TOP = Path(__file__).parent.parent.parent

IP = "fbt::ip_input:entry"

#: Programs that dtrace(1) takes, and what of them is told, with the place.
FAULTS = {
    # Kept for each thread.
    f"{IP} {{ self->t = timestamp; }}": ("X_SELF_KEPT", 23),
    f"{IP} {{ self->a[arg0] = 1; }}": ("X_SELF_KEPT", 23),
    f"{IP} {{ self->n++; self->t = 1; }}": ("X_SELF_KEPT", 34),
    # A size that may be taken for the next one's.
    f"{IP} {{ tracemem(args[0]->m_data, 16, args[0]->m_len); tracemem(args[0]->m_data, 64); }}": (
        "X_DYNAMIC_SIZE",
        70,
    ),
    f"{IP} {{ tracemem(args[0]->m_data, 16, 16); tracemem(args[0]->m_data, 64); }}": (
        "X_DYNAMIC_SIZE",
        58,
    ),
    # Bytes as text, or an address as a number.
    f"{IP} {{ trace(copyoutmbuf(args[0], 64)); }}": ("X_TRACE_BYTES", 23),
    f"{IP} {{ trace(args[0]->m_data); }}": ("X_TRACE_BYTES", 23),
    f"{IP} {{ trace((uint64_t)args[0]->m_data); }}": ("X_TRACE_BYTES", 23),
    f"{IP} {{ trace(*(struct ip *)args[0]->m_data); }}": ("X_TRACE_BYTES", 23),
    # Used before it is set.
    f"this int x; {IP} {{ trace(this->x); this->x = 1; }}": ("X_UNSET", 41),
    f"{IP} /this->x != 0/ {{ this->x = 1; }}": ("X_UNSET", 22),
    f"this int x; {IP} {{ this->x = this->x + 1; }}": ("X_UNSET", 45),
    f"fbt::tcp_input:entry {{ this->x = 1; }} {IP} {{ trace(this->x); }}": ("X_UNSET", 67),
    f"BEGIN {{ this->x = 1; }} {IP} {{ trace(this->x); }}": ("X_UNSET", 52),
    # A comment that was meant to be a predicate.
    "BEGIN { }\nfbt::tcp_input:entry /*args[0] != NULL/ { trace(1); }": ("X_COMMENT", 22),
    "BEGIN { }\nfbt::tcp_input:entry\n/*args[0] != NULL/\n{ trace(1); } */ { }": (
        "X_COMMENT",
        1,
    ),
}

GOOD = [
    f"{IP} {{ self->t = timestamp; }} fbt::ip_input:return /self->t/ {{ self->t = 0; }}",
    f"{IP} {{ self->m = args[0]; }} fbt::ip_input:return {{ self->m = NULL; }}",
    f"{IP} {{ self->depth++; }} fbt::ip_input:return {{ self->depth--; }}",
    f"{IP} {{ self->t = arg0 ? timestamp : 0; }}",
    f"{IP} {{ self->t = (this->x = 0); }}",
    "BEGIN { self->t = timestamp; } END { trace(timestamp - self->t); }",
    f"/* Once is enough: self->seen is kept. */ {IP} {{ self->seen = 1; }}",
    f"{IP} {{ tracemem(args[0]->m_data, 64); tracemem(args[0]->m_data, 16, args[0]->m_len); }}",
    f"{IP} {{ tracemem(args[0]->m_data, 16, 8); tracemem(args[0]->m_data, 64); }}",
    f"{IP} {{ tracemem(args[0]->m_data, 16, arg1); }} {IP} {{ tracemem(args[0]->m_data, 64); }}",
    f"{IP} {{ trace(args[0]->m_len); trace(probename); trace(*(int *)args[0]->m_data); }}",
    f"{IP} {{ this->x = 1; trace(this->x); }}",
    f"{IP} {{ this->x = 1; }} {IP} /this->x/ {{ trace(this->x); }}",
    f"fbt::: {{ this->x = 1; }} {IP} {{ trace(this->x); }}",
    f"fbt::ip_*:entry {{ this->x = 1; }} {IP} {{ trace(this->x); }}",
    f"entry {{ this->x = 1; }} {IP} {{ trace(this->x); }}",
    f"{IP} /(this->x = arg0) != 0/ {{ trace(this->x); }}",
    f"{IP} /arg0/ {{ this->x = 1; }} {IP} /!arg0/ {{ this->x = 2; }} {IP} {{ trace(this->x); }}",
    f"{IP} {{ this->fired++; }} tick-1s {{ @ = sum(this->fired); this->fired = 0; }}",
    f"this int x; inline int twice = this->x * 2; {IP} {{ this->x = 1; trace(twice); }}",
    f"{IP} {{ if (arg0) {{ this->x = 1; }} else {{ this->x = 2; }} trace(this->x); }}",
    "/* args[0] is the mbuf / here */ BEGIN { }",
    "/*args[0]*/ BEGIN { }",
    'BEGIN { trace("/*args[0] != NULL/ {"); }',
]


@pytest.mark.parametrize("program", FAULTS)
def test_what_a_good_program_has_not(program: str) -> None:
    tag, column = FAULTS[program]
    (finding,) = lint(program, file="a.d")
    assert (finding.tag, finding.column, finding.severity) == (tag, column, Severity.WARNING)
    assert finding.hint
    assert not [one for one in check(program) if one.severity is Severity.ERROR]


@pytest.mark.parametrize("program", GOOD)
def test_nothing_is_said_of_what_is_right(program: str) -> None:
    assert lint(program) == []
    assert not [one for one in check(program) if one.severity is Severity.ERROR]


def test_the_hint_for_a_comment_is_the_predicate_that_was_meant() -> None:
    (finding,) = lint("fbt::tcp_input:entry /*args[0] != NULL/ { trace(1); }")
    assert finding.hint == "a predicate is meant: /(*args[0]) != NULL/"
    assert finding.message == "a comment begins here, and the clause is in it"


@pytest.mark.parametrize(
    "path",
    [*sorted((TOP / "d_scripts").glob("*.d")), *sorted(TOP.glob("tests/generate/golden/*.txt"))],
    ids=lambda path: path.name,
)
def test_nothing_is_said_of_our_own_scripts(path: Path) -> None:
    assert lint(path.read_text()) == []


#: Programs of the corpus that do such things on purpose, to see what comes of them.
ON_PURPOSE = {
    "error-arguments": {"X_UNSET"},
    "faults-more": {"X_UNSET"},
    "locals-initial": {"X_UNSET"},
    "locals-initial-declared": {"X_UNSET"},
    "tracemem": {"X_DYNAMIC_SIZE"},
    "tracemem-limits": {"X_DYNAMIC_SIZE"},
    "tracemem-sizes": {"X_DYNAMIC_SIZE"},
}


def test_programs_that_were_run_have_only_faults_on_purpose() -> None:
    found = {
        path.stem: {one.tag for one in lint(CapturedProgram.read(path).text)} for path in PROGRAMS
    }
    assert {name: tags for name, tags in found.items() if tags} == ON_PURPOSE


@given(st.text(max_size=40))
def test_any_text_is_looked_at(text: str) -> None:
    for program in (text, f"{IP} {{ this->x = 1; }} {text}", f"/*args[0] {text}"):
        assert all(one.severity is Severity.WARNING for one in lint(program))


def test_many_clauses_are_looked_at_at_once() -> None:
    clauses = "".join(f"fbt::f{n}:entry, fbt::g{n}: {{ this->x{n} = 1; }}\n" for n in range(500))
    assert lint(clauses + clauses) == []


def test_a_lint_alone_is_no_failure(dtkit: Dtkit) -> None:
    program = f"{IP} {{ self->t = timestamp; }}"
    assert dtkit("check", "--program", program).output == ""
    result = dtkit("check", "--lint", "--program", program)
    assert result.exit_code == 0
    assert result.stdout.startswith("-n:1:23: warning: self->t is never set to 0")
    assert result.stdout.endswith("\nhint: self->t = 0; where it is last used\n")


def test_a_lint_stands_beside_what_dtrace_says_in_its_place(dtkit: Dtkit) -> None:
    program = f"{IP} {{ trace(args[0]->m_data); }}\n{IP} {{ trace(nosuch); }}"
    result = dtkit("check", "--lint", "--program", program)
    assert result.exit_code == 1
    told = [line for line in result.stdout.splitlines() if line.startswith("-n:")]
    assert [line.split("[")[-1] for line in told] == ["X_TRACE_BYTES]", "D_IDENT_UNDEF]"]


def test_a_program_that_is_swallowed_is_told_of(dtkit: Dtkit) -> None:
    program = "fbt::tcp_input:entry /*args[0] != NULL/ { trace(1); }"
    assert "X_COMMENT" in dtkit("check", "--lint", "--program", program).stdout
