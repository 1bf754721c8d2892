# SPDX-License-Identifier: BSD-2-Clause
"""Plain hexdumps, as real programs write them."""

from __future__ import annotations

import io
import shutil
import subprocess

import hexdump
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.output import Dump, Event, Firing, Message, read_output
from dtkit.output.hexdump import Row, begins_hexdump, read_row, unread_form

#: Bytes whose text column looks like hex, in rows of every length.
TRICKY = b"ab cd ef 01 23 45 67 89" + bytes(range(30)) + b"00 11"


def read(text: str) -> list[Event]:
    return list(read_output(io.BytesIO(text.encode())))


def one(text: str) -> bytes:
    (event,) = read(text)
    assert isinstance(event, Firing)
    (part,) = event.parts
    assert isinstance(part, Dump)
    return part.data


@pytest.mark.parametrize(
    "command",
    [
        "hexdump -C",
        "hexdump -Cv",
        "xxd",
        "xxd -u",
        "xxd -g1",
        "xxd -c8",
        "xxd -g1 -c8",
        "xxd -g4",
        "xxd -g8",
        "xxd -e",
        "od -Ax -tx1",
        "od -A x -t x1z -v",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 8, 9, 15, 16, 17, 20, len(TRICKY)])
def test_what_real_programs_write(command: str, size: int) -> None:
    words = command.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} on this machine")
    done = subprocess.run(words, input=TRICKY[:size], capture_output=True, check=True)
    assert one(done.stdout.decode()) == TRICKY[:size]


@given(st.binary(min_size=1, max_size=100))
def test_the_hexdump_package(data: bytes) -> None:
    assert one(hexdump.hexdump(data, result="return")) == data


@pytest.mark.parametrize("command", ["hexdump", "hexdump -x", "od", "od -x"])
def test_words_of_the_machine_are_not_read_but_named(command: str) -> None:
    words = command.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} on this machine")
    done = subprocess.run(words, input=TRICKY, capture_output=True, check=True)
    events = read(done.stdout.decode())
    assert not [event for event in events if isinstance(event, Firing)]
    (odd,) = [event for event in events if isinstance(event, Oddity) and "byte order" in event.text]
    assert odd.unread == 4  # the last line is the length alone


def test_rows_that_do_not_tell_their_order_follow_those_that_do() -> None:
    def row(offset: int, data: bytes) -> str:
        groups = [data[at : at + 4][::-1].hex() for at in range(0, 16, 4)]
        text = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in data)
        return f"{offset:08x}: {' '.join(groups)}  {text}\n"

    dark, bright = bytes(range(16)), b"0123456789abcdef"
    assert one(row(0, bright) + row(16, dark)) == bright + dark
    events = read(row(0, dark) + row(16, bright))
    assert not [event for event in events if isinstance(event, Firing)]
    assert sum(event.unread for event in events if isinstance(event, Oddity)) == 2


def test_repeated_rows() -> None:
    done = subprocess.run(["od", "-Ax", "-tx1"], input=bytes(100), capture_output=True, check=True)
    assert b"*" in done.stdout
    assert one(done.stdout.decode()) == bytes(100)


def test_an_offset_of_zero_begins_the_next_packet() -> None:
    text = "# one\n00000000: 01 02\n\n# two\n00000000: 03 04\n"
    assert read(text) == [
        Message(1, "# one"),
        Firing(2, None, (Dump(2, b"\x01\x02"),)),
        Message(4, "# two"),
        Firing(5, None, (Dump(5, b"\x03\x04"),)),
    ]


def test_a_wrong_offset_is_odd() -> None:
    events = read("00000000: 01 02\n00000010: 03 04\n00000002: 05\n")
    assert events[0] == Oddity("line", 2, "a row has the wrong offset", unread=1)
    assert events[1] == Firing(1, None, (Dump(1, b"\x01\x02\x05"),))


def test_a_hostile_offset_does_not_fill_the_memory() -> None:
    events = read("00000000: 01 02\n*\nffffffffffff: 03\n")
    assert events[-1] == Firing(1, None, (Dump(1, b"\x01\x02"),))


@given(st.lists(st.sampled_from(["00000000: 01 02", "*", "00000010  xx", "00000010"]) | st.text()))
def test_any_text_after_a_row_is_read_without_an_exception(lines: list[str]) -> None:
    read("\n".join(["00000000: 01 02", *lines]))


# Rows, one by one

LETTERS = b"ABCDEFGHIJKLMNOP"
PAIRS = "41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50"
HALVES = "41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50"

ROWS: dict[str, tuple[str, tuple[int, bytes, bool | None] | None]] = {
    "hexdump -C": (f"00000010  {HALVES}  |ABCDEFGHIJKLMNOP|", (16, LETTERS, None)),
    "hexdump -C, short": ("00000000  41 42" + " " * 45 + "|AB|", (0, b"AB", None)),
    "od -tx1": (f"000010 {PAIRS}", (16, LETTERS, None)),
    "od -tx1z": (f"000010 {PAIRS}  >ABCDEFGHIJKLMNOP<", (16, LETTERS, None)),
    "tshark -x": (f"0010  {PAIRS}   ABCDEFGHIJKLMNOP", (16, LETTERS, None)),
    "text that looks like hex": ("0000  61 62   61 62", (0, b"ab", None)),
    "xxd": (
        "00000010: 4142 4344 4546 4748 494a 4b4c 4d4e 4f50  ABCDEFGHIJKLMNOP",
        (16, LETTERS, False),
    ),
    "xxd -e": (
        "00000000: 44434241 48474645 4c4b4a49 504f4e4d  ABCDEFGHIJKLMNOP",
        (0, LETTERS, True),
    ),
    "xxd -e, short": ("00000000:     4241" + " " * 28 + "AB", (0, b"AB", True)),
    "xxd -g1": (f"00000000: {PAIRS}  ABCDEFGHIJKLMNOP", (0, LETTERS, None)),
    "xxd -g8": ("00000000: 4142434445464748  ABCDEFGH", (0, b"ABCDEFGH", False)),
    "of one order or the other": ("00000000: 4141 4141  AAAA", (0, b"AAAA", None)),
    "without text": ("00000000: 4142 4344", (0, b"ABCD", None)),
    "four a group without text": ("00000000: 41424344 45464748", None),
    "a text of something else": ("00000000: 41424344 45464748  xxxxxxxx", None),
    "tcpdump": ("\t0x0010:  4142 4344"[1:], (16, b"ABCD", None)),
    "the hexdump package": (f"00000000: {HALVES}  ABCDEFGHIJKLMNOP", (0, LETTERS, None)),
    "an upper case": ("00000000: 4a4B  JK", (0, b"JK", False)),
    "a short offset": ("000: 41 42", None),
    "an offset of sixteen": (f"{'0' * 15}1: 41 42", (1, b"AB", None)),
    "an offset of seventeen": (f"{'0' * 17}: 41 42", None),
    "no hex": ("00000000: zz", None),
    "half a byte": ("00000000  41 4", None),
    "an offset alone": ("00000000", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("line", "row"), ROWS.values(), ids=ROWS)
def test_rows(line: str, row: tuple[int, bytes, bool | None] | None) -> None:
    assert read_row(line) == row


@pytest.mark.parametrize(
    ("turned", "data"), [(None, None), (False, b"\1\2\3\4" * 2), (True, b"\4\3\2\1" * 2)]
)
def test_rows_before_tell_an_order_that_nothing_else_does(
    turned: bool | None, data: bytes | None
) -> None:
    found = read_row("00000000: 01020304 01020304  ........", turned)
    assert (found and found.data) == data
    # What a row proves itself, counts.
    found = read_row("00000000: 41424344  ABCD", turned)
    assert found == (0, b"ABCD", False)


@pytest.mark.parametrize(
    ("line", "framed", "what"),
    [
        (f"0000000 {'4142 ' * 8}", False, "of a hexdump in words, whose byte order"),
        (f"0000000 {'041101 ' * 8}", False, "of a hexdump in words, whose byte order"),
        ("4142" * 8, False, "of hex without offsets"),
        (PAIRS, False, "of hex without offsets"),
        (PAIRS.replace(" ", ":"), False, "of hex without offsets"),
        ("41 42 43", False, None),
        ("0x41, 0x42, 0x43, 0x44, 0x45", False, "of bytes as programs have them"),
        (r'"\x41\x42\x43\x44"', False, "of bytes as programs have them"),
        ("at 0x10: 4142 4344 4546 4748", False, "of a hexdump in a form that is not known"),
        ("0 1 2 3 4 5 6 7 8 9 a b c d e f", False, "of a hexdump in a form that is not known"),
        ("at 0x10: 4142 4344 4546 4748", True, "of a hexdump in a form that is not known"),
        ("4142" * 8, True, None),
        ("words", False, None),
        (PAIRS + " " * 4096, False, None),
    ],
    ids=[
        *("words", "octal words", "hex", "pairs", "colons", "few pairs", "C", "escapes"),
        *("another form", "a header", "in a firing", "hex in a firing", "text", "too long"),
    ],
)
def test_forms_that_are_not_read(line: str, framed: bool, what: str | None) -> None:
    found = unread_form(line, framed)
    assert found is None if what is None else found is not None and found.startswith(what)


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("00000000: 41 42", ""),
        ("  00000000: 41 42", "  "),
        (f"> 00000000: {PAIRS}", "> "),
        ("> 00000000: 41 42", None),
        (f"> 0000  {PAIRS[:23]}", "> "),
        (f"> 0000  {PAIRS[:20]}", None),
        (f">00000000: {PAIRS}", None),
        ("00000010: 41 42", None),
        ("0000 zz", None),
        ("words", None),
        ("", None),
    ],
)
def test_where_a_hexdump_begins(line: str, prefix: str | None) -> None:
    assert begins_hexdump(line) == prefix


def test_a_repeated_row_ends_where_the_next_begins() -> None:
    first = f"00000000  {PAIRS}\n"
    assert one(f"{first}*\n00000030  41 42\n") == LETTERS * 3 + b"AB"
    assert one(f"{first}*\n00000034\n") == LETTERS * 3 + LETTERS[:4]
    assert one(f"{first}*\n00000010  41 42\n") == LETTERS + b"AB"
    # It stands for rows up to the next only.
    events = read(f"{first}*\n00000020  41 42\n00000040  43\n")
    assert [event.text for event in events if isinstance(event, Oddity)] == [
        "a row has the wrong offset"
    ]


def test_lines_among_hexdumps_are_counted() -> None:
    row = "00000000: 41 42\n"
    assert read(f"{row}a\n\nb\n\n{row}") == [
        Message(2, "a"),
        Message(4, "b"),
        Firing(1, None, (Dump(1, b"AB"),)),
        Oddity("line", 2, "2 lines among hexdumps, no rows", 2),
        Firing(6, None, (Dump(6, b"AB"),)),
    ]
    assert read(f"{row}a\n\n{row}")[2] == Oddity("line", 2, "1 line among hexdumps, no rows", 1)
    # Comments are none of these, nor is what stands right above a dump.
    assert not [one for one in read(f"{row}# a\n\n{row}") if isinstance(one, Oddity)]
    assert not [one for one in read(f"{row}a\nb\nc\nd\n{row}") if isinstance(one, Oddity)]
    odd = [one for one in read(f"{row}a\nb\nc\nd\ne\n{row}") if isinstance(one, Oddity)]
    assert [one.unread for one in odd] == [4]


def test_the_order_of_one_dump_says_nothing_of_the_next() -> None:
    turned = "00000000: 44434241 48474645  ABCDEFGH\n"
    same = "00000000: 41414141 41414141  AAAAAAAA\n00000008: 42424242 42424242  BBBBBBBB\n"
    events = read(turned + "\n" + same)
    found = [one.parts for one in events if isinstance(one, Firing)]
    assert found == [(Dump(1, b"ABCDEFGH"),), (Dump(3, b"AAAAAAAABBBBBBBB"),)]


@pytest.mark.parametrize(
    ("line", "turned", "row"),
    [
        # Of pairs the order is nothing to tell, though the last look like the text of the others.
        ("00000000: 34 31 41", None, Row(0, b"41A")),
        ("00000000: 34 31 41", False, Row(0, b"41A")),
        ("00000000: 34 31 41", True, Row(0, b"41A")),
        # A short first group is set to the right where groups are turned.
        ("00000000:     0201                              ..", None, Row(0, b"\1\2", True)),
        ("00000000:     0201                              ..", False, Row(0, b"\1\2", True)),
        ("00000000: 04030201  ....", None, None),
        ("00000000: 04030201  ....", False, Row(0, b"\4\3\2\1")),
        ("00000000: 04030201  ....", True, Row(0, b"\1\2\3\4", True)),
    ],
)
def test_in_which_order_the_bytes_of_a_row_are(
    line: str, turned: bool | None, row: Row | None
) -> None:
    assert read_row(line, turned) == row
