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
