# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit check``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

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
    first, *_, line, caret = result.stdout.splitlines()
    assert first.startswith(f"{script}:3:11: error: ")
    assert line == "\ttracemem(args[0]->m_data, 64);"
    assert caret == "\t         ^"


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
