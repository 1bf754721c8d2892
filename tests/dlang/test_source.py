# SPDX-License-Identifier: BSD-2-Clause
"""Places in a program, and the line around them."""

from __future__ import annotations

from dtkit.dlang.source import ProgramText


def test_lines_and_columns_count_from_1() -> None:
    source = ProgramText("a\nbc\r\n\nd")
    assert [source.position(at) for at in (0, 1, 2, 3, 6, 7)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
        (4, 1),
    ]
    assert [source.line(number) for number in range(6)] == ["", "a", "bc", "", "d", ""]


def test_the_caret_stands_below_the_place() -> None:
    assert ProgramText("\tx = nosuch;").excerpt(5) == "\tx = nosuch;\n\t    ^"


def test_what_does_not_print_is_escaped_and_the_caret_moves_with_it() -> None:
    text = "a\x1b[2Jb\x9b"
    assert ProgramText(text).excerpt(5) == "a\\x1b[2Jb\\x9b\n        ^"


def test_of_a_long_line_there_is_what_is_around_the_place() -> None:
    text = "x" * 1000 + "HERE" + "y" * 1000
    line, caret = ProgramText(text).excerpt(1000).split("\n")
    assert line.startswith("...xxx")
    assert line.endswith("yyy...")
    assert line[len(caret) - 1 :].startswith("HEREy")
    assert len(line) < 400
    assert ProgramText("x" * 200).excerpt(3) == "x" * 200 + "\n   ^"
