# SPDX-License-Identifier: BSD-2-Clause
"""Escape sequences, to and fro."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.dlang.syntax.escapes import escape, unescape


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\n\t\\", "a\n\t\\"),
        (r"\x41\x4", "A\4"),
        (r"\101\1012\08", "AA2\0" + "8"),
        (r"\"", '"'),
        (r"\'\?\q", r"\'\?\q"),
        (r"\xff", "\udcff"),
        (r"\377", "\udcff"),
        ("plain", "plain"),
    ],
)
def test_unescape(written: str, meant: str) -> None:
    assert unescape(written) == meant


@given(st.binary(max_size=20))
def test_what_is_escaped_means_the_same(data: bytes) -> None:
    # A NUL is written short, so that a digit behind it would be taken for a part of it.
    written = escape(data.replace(b"\0", b"\1"))
    expected = data.replace(b"\0", b"\1")
    assert unescape(written).encode("utf-8", "surrogateescape") == expected
