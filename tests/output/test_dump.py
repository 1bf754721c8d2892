# SPDX-License-Identifier: BSD-2-Clause
"""The rows of dumps, one by one."""

from __future__ import annotations

import pytest

from dtkit.output.dump import (
    HEADER,
    Flaw,
    Rows,
    is_header,
    is_row,
    is_whole_row,
    printable,
    proven,
)

WHOLE = "         0: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP"
SHORT = "        10: 41 42                                            AB"


def test_what_is_printable() -> None:
    shown = printable(bytes(range(256)))
    assert shown[:0x20] == "." * 0x20
    assert shown[0x20:0x7F] == "".join(map(chr, range(0x20, 0x7F)))
    assert shown[0x7F:] == "." * 129


@pytest.mark.parametrize(
    ("line", "is_"),
    [
        (HEADER, True),
        (HEADER + "  ", True),
        (HEADER.rpartition("  ")[0], True),
        (HEADER.rpartition("  ")[0] + "  ", True),
        (HEADER + "x", False),
        (HEADER.lstrip(), False),
        (HEADER.rpartition("  ")[0] + "  0123", False),
        ("", False),
    ],
    ids=["whole", "blanks", "wrapped", "wrapped and blanks", "more", "no indent", "cut", "empty"],
)
def test_headers(line: str, is_: bool) -> None:
    assert is_header(line) is is_


@pytest.mark.parametrize(
    ("line", "row", "whole"),
    [
        (WHOLE, True, True),
        (SHORT, True, True),
        (WHOLE.replace("4a", "4A"), True, True),
        (WHOLE + "Q", True, False),
        (WHOLE[:-1], True, False),
        (SHORT + " ", True, False),
        (SHORT.replace("42  ", "42 x"), True, False),
        (WHOLE.replace("  ABC", " xABC"), True, False),
        ("         0:", True, False),
        ("         0: ", True, False),
        ("         0:x", False, False),
        ("         0: xy", True, False),
        ("      1234:" + WHOLE[11:], True, True),
        ("     12345:" + WHOLE[11:], True, True),
        ("     123456:" + WHOLE[11:], True, True),
        ("    12345:" + WHOLE[11:], False, False),
        ("         g:" + WHOLE[11:], False, False),
        ("", False, False),
    ],
)
def test_rows(line: str, row: bool, whole: bool) -> None:
    assert is_row(line) is row
    assert is_whole_row(line) is whole


@pytest.mark.parametrize(
    ("pairs", "text", "most", "data"),
    [
        (["41", "42"], "AB", 16, b"AB"),
        (["41", "42", "AB"], "", 16, b"AB"),
        (["41", "42", "AB"], "", 3, b"AB"),
        (["41", "42"], "A B", 16, b"AB"),
        (["20", "41"], "A", 16, b" A"),
        (["41", "42"], "XY", 16, None),
        (["41", "42"], "XY", 2, b"AB"),
        (["41", "42"], "", 16, b"AB"),
        (["01", "02"], "..", 16, b"\1\2"),
    ],
    ids=[
        *("text", "text that is hex", "a whole row", "a blank in it", "a blank is none"),
        *("another text", "another text in a whole row", "no text", "points"),
    ],
)
def test_what_the_text_proves(pairs: list[str], text: str, most: int, data: bytes | None) -> None:
    assert proven(pairs, text, most) == data


@pytest.mark.parametrize(
    ("line", "placed", "data", "flaw"),
    [
        (WHOLE, True, b"ABCDEFGHIJKLMNOP", None),
        (SHORT.replace("10:", " 0:"), True, b"AB", None),
        (SHORT.replace("10:", " 0:").rstrip("AB"), True, b"AB", None),
        (SHORT, False, b"", Flaw.OFFSET),
        ("        0: 41", False, b"", Flaw.HEX),
        ("         0: 41 42 4", True, b"AB", Flaw.CUT),
        ("         0: 41 42 ", True, b"AB", Flaw.CUT),
        ("         0: 41 42", True, b"AB", Flaw.CUT),
        ("         0: 4", False, b"", Flaw.CUT),
        ("         0:", False, b"", Flaw.CUT),
        ("         0: 41 42 xx", False, b"", Flaw.HEX),
        (WHOLE.replace("4a", "xx"), False, b"", Flaw.HEX),
        (WHOLE.replace("41 ", "   "), False, b"", Flaw.HEX),
        ("         0: 41" + " " * 45 + "A", True, b"A", None),
        ("         0: 41 4" + " " * 43 + "A", False, b"", Flaw.HEX),
        ("no row", False, b"", Flaw.HEX),
    ],
    ids=[
        *("whole", "short", "text cut", "offset", "offset cut", "half a byte", "a blank", "cut"),
        *("no byte", "no hex", "cut and no hex", "no hex inside", "a gap", "one byte"),
        *("one and a half", "no row"),
    ],
)
def test_a_row_is_taken_as_far_as_it_can_be(
    line: str, placed: bool, data: bytes, flaw: Flaw | None
) -> None:
    rows = Rows(7)
    assert (rows.line, rows.size, bytes(rows.data), rows.flaw) == (7, None, b"", None)
    assert rows.add(line) is placed
    assert (bytes(rows.data), rows.flaw) == (data, flaw)


def test_rows_follow_each_other() -> None:
    rows = Rows(1, 18)
    assert rows.size == 18
    assert rows.next_is(WHOLE)
    assert not rows.next_is(SHORT)
    assert not rows.next_is("no row")
    assert rows.add(WHOLE)
    assert rows.next_is(SHORT)
    assert not rows.next_is(WHOLE)
    assert rows.add(SHORT)
    assert bytes(rows.data) == b"ABCDEFGHIJKLMNOPAB"
    assert rows.next_is("        12: 00")


def test_text_that_was_wrapped_is_passed_over_once() -> None:
    rows = Rows(1)
    assert rows.is_text("0123456789abcdef")  # of the header
    assert not rows.is_text("0123456789abcdef")
    rows.add(WHOLE[:-16])
    assert not rows.is_text("ABCDEFGHIJKLMNO")
    assert rows.is_text("  ABCDEFGHIJKLMNOP ")
    assert not rows.is_text("ABCDEFGHIJKLMNOP")
    rows.add(SHORT)
    assert not rows.is_text("AB")  # it stands in its row
    assert not rows.is_text("")
