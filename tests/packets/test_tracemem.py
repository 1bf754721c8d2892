# SPDX-License-Identifier: BSD-2-Clause
"""The dump as dtrace(1) prints it, against what it printed on FreeBSD 12.1."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.tracemem import tracemem_dump

PRINTED = """
             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
         0: 45 00 00 54 b3 22 00 00 40 01 00 00 7f 00 00 01  E..T."..@.......
        10: 7f 00 00 01                                      ....
"""


def test_it_is_what_dtrace_printed() -> None:
    data = bytes.fromhex("45000054b3220000400100007f0000017f000001")
    assert tracemem_dump(data) == PRINTED


def test_no_bytes_print_nothing() -> None:
    assert tracemem_dump(b"") == ""


def test_text_is_0x20_to_0x7e_and_is_not_padded() -> None:
    rows = tracemem_dump(bytes(range(256)) + b" ").splitlines()[2:]
    assert [row[61:] for row in rows[1:3]] == ["................", " !\"#$%&'()*+,-./"]
    assert rows[7].endswith("  pqrstuvwxyz{|}~.")
    assert rows[16].endswith("  " + " ")
    assert len(rows[16]) == 62


def test_the_offset_grows_past_five_digits() -> None:
    rows = tracemem_dump(bytes(0x100010)).splitlines()
    assert rows[-2].startswith("     ffff0: 00")
    assert rows[-1].startswith("     100000: 00")


@given(st.binary(min_size=1, max_size=100))
def test_the_hex_is_in_its_columns(data: bytes) -> None:
    blank, head, *rows = tracemem_dump(data).split("\n")[:-1]
    assert (blank, head) == ("", PRINTED.splitlines()[1])
    assert b"".join(bytes.fromhex(row[11:59]) for row in rows) == data
    assert [int(row[:10], 16) for row in rows] == list(range(0, len(data), 16))
