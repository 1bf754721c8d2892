# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit check``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Dtkit = Callable[..., Result]

GOOD = "fbt::tcp_input:entry { tracemem((*args[0])->m_data, 64); }"
BAD = "fbt::tcp_input:entry\n{\n\ttracemem(args[0]->m_data, 64);\n}\n"


def test_a_good_program(dtkit: Dtkit) -> None:
    result = dtkit("check", "--program", GOOD)
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_bad_one(dtkit: Dtkit, tmp_path: Path) -> None:
    script = tmp_path / "tcp.d"
    script.write_text(BAD)
    result = dtkit("check", str(script))
    assert result.exit_code == 1
    first, *_, line, caret, hint = result.stdout.splitlines()
    assert first.startswith(f"{script}:3:11: error: ")
    assert line == "\ttracemem(args[0]->m_data, 64);"
    assert caret == "\t         ^"
    assert hint == "hint: m_data is behind a pointer: (*args[0])->m_data"


def test_json(dtkit: Dtkit) -> None:
    result = dtkit(
        "check", "--to", "json", "--program", "BEGIN { trace(nosuch); } fbt::none:entry { }"
    )
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(item["severity"], item["tag"]) for item in found] == [
        ("error", "D_IDENT_UNDEF"),
        ("warning", "D_PDESC_ZERO"),
    ]
    assert found[0]["column"] == 15


def test_warnings_are_no_failure(dtkit: Dtkit) -> None:
    assert dtkit("check", "--program", "fbt::none:entry { trace(1); }").exit_code == 0


def test_a_stock_dtrace(dtkit: Dtkit) -> None:
    program = "fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64), 64); }"
    assert dtkit("check", "--program", program).exit_code == 0
    result = dtkit("check", "--stock", "--program", program)
    assert result.exit_code == 1
    assert "undefined function name: copyoutmbuf" in result.stdout


def test_options(dtkit: Dtkit) -> None:
    program = "BEGIN { panic(); }"
    assert dtkit("check", "--program", program).exit_code == 1
    assert dtkit("check", "--destructive", "--program", program).exit_code == 0
    assert dtkit("check", "--set", "destructive", "--program", program).exit_code == 0
    result = dtkit("check", "--set", "nosuch=1", "--program", program)
    assert result.exit_code == 2
    assert "nosuch=1: Invalid option name" in result.stderr


def test_one_of_both(dtkit: Dtkit) -> None:
    assert dtkit("check").exit_code == 2


def test_any_bytes(dtkit: Dtkit) -> None:
    result = dtkit("check", "-", input=bytes(range(256)))
    assert result.exit_code == 1
    assert "error: " in result.stdout


MACRO = """#!/usr/sbin/dtrace -Cs
#define FIRST(m) (m)->m_data[0]
fbt::ip_input:entry { trace(FIRST(args[0])); }
"""


@pytest.mark.skipif(shutil.which("cpp") is None, reason="there is no cpp(1) here")
def test_a_script_for_the_preprocessor(dtkit: Dtkit, tmp_path: Path) -> None:
    script = tmp_path / "x.d"
    script.write_text(MACRO)
    result = dtkit("check", str(script))
    assert (result.exit_code, result.output) == (0, "")
    script.write_text(MACRO.replace("-Cs", "-s"))
    assert dtkit("check", str(script)).exit_code == 1
    assert dtkit("check", "--cpp", str(script)).exit_code == 0
    script.write_text(MACRO + "#include <no_such.h>\n")
    result = dtkit("check", str(script))
    assert result.exit_code == 1
    assert result.stderr.startswith("dtkit: cpp(1) refuses the script: ")


def test_options_of_the_first_line_count(dtkit: Dtkit, tmp_path: Path) -> None:
    script = tmp_path / "x.d"
    script.write_text("#!/usr/sbin/dtrace -ws\nBEGIN { raise(9); }\n")
    assert dtkit("check", str(script)).exit_code == 0
    script.write_text("#!/usr/sbin/dtrace -s\nBEGIN { raise(9); }\n")
    assert dtkit("check", str(script)).exit_code == 1
    script.write_text("#!/usr/sbin/dtrace -x nosuch -s\nBEGIN { }\n")
    result = dtkit("check", str(script))
    assert result.exit_code == 1
    assert "the script's #! line: nosuch: " in result.stderr
    script.write_text("#!/usr/sbin/dtrace -qs\nBEGIN { trace(1); exit(0); }\n")
    assert dtkit("simulate", str(script)).output == "1\n"


def test_types_of_a_file(dtkit: Dtkit, tmp_path: Path) -> None:
    program = "BEGIN { trace(((struct no_such *)arg0)->x); trace((no_such_t)LIMIT); }"
    result = dtkit("check", "--program", program)
    assert result.exit_code == 1
    assert "--types FILE" in result.output
    types = tmp_path / "types.d"
    types.write_text(
        "struct no_such { char c; int x; };\ntypedef int no_such_t;\ninline int LIMIT = 5;\n"
    )
    result = dtkit("check", "--types", str(types), "--program", program)
    assert (result.exit_code, result.output) == (0, "")
    for text, said in (
        ("struct no_such {", "syntax error"),
        ("int x;\nBEGIN { }\n", "line 2: declarations are wanted"),
        ("struct a { struct no_such b; };", "line 1: incomplete struct/union/enum"),
        ("struct a { struct ath_softc b; };", "line 1: incomplete struct/union/enum"),
    ):
        types.write_text(text)
        result = dtkit("check", "--types", str(types), "--program", "BEGIN { }")
        assert result.exit_code == 2
        assert said in result.stderr
        assert str(types) in result.stderr


@pytest.mark.parametrize(
    ("letter", "here"),
    [("-n", "--program"), ("-x", "--set"), ("-Z", "--zdefs"), ("-s", "FILE.d")],
)
@pytest.mark.parametrize("command", ["check", "simulate"])
def test_a_letter_of_dtrace_is_told_what_it_is_here(
    dtkit: Dtkit, command: str, letter: str, here: str
) -> None:
    result = dtkit(command, letter, "BEGIN { exit(0); }")
    assert result.exit_code == 2
    assert result.stderr == f"dtkit {command}: {letter} of dtrace(1) is {here} here\n"


def test_only_letters_of_options_that_a_command_has_are_told(dtkit: Dtkit) -> None:
    assert "No such option '-q'" in dtkit("check", "-q", "a.d").stderr
    assert "-q of dtrace(1) is --quiet here" in dtkit("simulate", "-q", "a.d").stderr
