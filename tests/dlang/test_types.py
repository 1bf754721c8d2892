# SPDX-License-Identifier: BSD-2-Clause
"""Types: their names, sizes and places."""

from __future__ import annotations

import pytest

from dtkit.dlang import compile_program, target_kernel
from dtkit.dlang.compiler.compile import library
from dtkit.dlang.types import Array, Pointer, Tagged, Typedef

TYPES = library(target_kernel()).types
MBUF = Tagged("struct", "mbuf")


def test_names() -> None:
    assert TYPES.name(Pointer(Pointer(MBUF))) == "struct mbuf **"
    assert TYPES.name(Array(MBUF, 3)) == "struct mbuf [3]"
    assert TYPES.name(Array(Pointer(MBUF), 2)) == "struct mbuf *[2]"
    assert TYPES.name(Pointer(Array(MBUF, 2))) == "struct mbuf (*) [2]"
    assert TYPES.name(Array(Array(MBUF, 3), 2)) == "struct mbuf [2][3]"
    assert TYPES.name(Typedef("uid_t", TYPES.typedefs["uid_t"])) == "uid_t"


@pytest.mark.parametrize(
    ("declaration", "size", "offsets"),
    [
        ("char a; short b; int c;", 8, {"a": 0, "b": 2, "c": 4}),
        ("int a; char b;", 5, {"a": 0, "b": 4}),
        # Of a struct within, only the first member decides where it may be.
        ("char a; struct { char c; short s[2]; } b; int c;", 12, {"b": 1, "c": 8}),
        ("char a; union { char c; int64_t l; } b;", 16, {"b": 8}),
        ("char a[3]; int b[2];", 12, {"b": 4}),
    ],
)
def test_structs_of_a_program(declaration: str, size: int, offsets: dict[str, int]) -> None:
    types = compile_program(f"struct s {{ {declaration} }}; BEGIN {{ exit(0); }}").types
    struct = Tagged("struct", "s")
    assert types.size(struct) == size
    for name, offset in offsets.items():
        member = types.member(struct, name)
        assert member is not None
        assert member.offset == 8 * offset
