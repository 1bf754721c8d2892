# SPDX-License-Identifier: BSD-2-Clause
"""Blocks of whole lines."""

from __future__ import annotations

import io
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.output import lines
from dtkit.output.lines import LONGEST, Block, blocks, decode, pieces


@given(st.binary(max_size=300), st.integers(1, 50))
def test_nothing_but_overlong_lines_is_left_out(data: bytes, size: int) -> None:
    class Trickle(io.BytesIO):
        def read(self, n: int | None = -1, /) -> bytes:
            return super().read(size)

    found = list(blocks(pieces(Trickle(data))))
    assert b"".join(block.data for block in found) == data
    assert all(block.data.endswith(b"\n") for block in found[:-1])


@pytest.mark.parametrize("end", [b"", b"\n", b"\nmore\n"])
def test_overlong_lines_are_measured(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 1000)
    data = b"first\n" + b"x" * (LONGEST + 5000) + end
    found = [block for block in blocks(pieces(io.BytesIO(data))) if block != Block(b"")]
    expected = [Block(b"first\n"), Block(b"", LONGEST + 5000)]
    if end.strip():
        expected.append(Block(b"more\n"))
    assert found == expected


def test_lines_are_handed_on_as_they_come() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb") as live:
        found = blocks(pieces(stream))
        live.write(b"one\ntw")
        live.flush()
        timer = threading.Timer(5, live.close)  # so that a failure is no hang
        timer.start()
        assert next(found) == Block(b"one\n")
        timer.cancel()


def test_decode() -> None:
    assert decode("plain") == "plain"
    assert decode("é".encode().decode("latin-1")) == "é"
    assert decode("\xff") == "\\xff"
