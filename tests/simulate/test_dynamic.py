# SPDX-License-Identifier: BSD-2-Clause
"""The space for dynamic variables: how much of it a CPU has, and when it can be had again."""

from __future__ import annotations

import pytest

from dtkit.dlang import compile_program
from dtkit.simulate.dynamic import Chunks, Shortage, chunk_size

MIB = 1 << 20


def free(chunks: Chunks, cpu: int = 0) -> int:
    count = 0
    while chunks.take(cpu):
        count += 1
    return count


@pytest.mark.parametrize(
    ("program", "size"),
    [
        ("BEGIN { trace(1); }", 256),
        ("BEGIN { a[1] = 1; }", 72),
        ("BEGIN { self->a = (char)1; }", 72),
        ('BEGIN { a["k"] = 1; }', 328),
        ('BEGIN { a[1] = "v"; }', 320),
        ("int64_t w[int, int, int]; BEGIN { w[1, 2, 3] = 1; }", 104),
        ("self int a[int]; BEGIN { self->a[1] = 1; }", 88),
        ("struct v { int a[100]; }; struct v b[int]; BEGIN { b[1].a[3] = 1; }", 464),
        ('BEGIN { a[1] = 1; s["k"] = "v"; }', 576),
        ("BEGIN /self->x = 1/ { }", 72),
        ("BEGIN { trace(a[1]++); }", 72),
    ],
)
def test_the_largest_variable_decides(program: str, size: int) -> None:
    assert chunk_size(compile_program(program)) == size


@pytest.mark.parametrize(
    ("size", "chunk", "count"),
    [(MIB, 72, 29), (MIB, 320, 9), (MIB, 464, 6), (8192, 320, 21), (1, 72, 1), (3 * MIB, 320, 31)],
)
def test_a_cpu_has_its_share(size: int, chunk: int, count: int) -> None:
    assert free(Chunks(size, chunk, 1, 256)) == count


def test_a_release_that_counts_its_cpus_has_more_room() -> None:
    assert free(Chunks(MIB, 72, 1, 1)) > 7000
    assert free(Chunks(MIB, 72, 2, 2)) > 7000


def test_what_others_have_left_is_taken_too() -> None:
    chunks = Chunks(MIB, 320, 3, 256)
    assert free(chunks, 1) == 27
    assert chunks.drops[Shortage.EMPTY] == 1


def test_what_was_given_back_can_be_had_when_it_is_clean() -> None:
    chunks = Chunks(MIB, 320, 1, 256)
    assert free(chunks) == 9
    chunks.give(0)
    assert not chunks.take(0)
    chunks.clean()
    assert free(chunks) == 1
    assert chunks.drops == {Shortage.EMPTY: 3, Shortage.DIRTY: 0}


def test_a_shortage_is_called_dirty_where_something_was_given_back() -> None:
    chunks = Chunks(MIB, 320, 1, 256)
    for _ in range(9):
        assert chunks.take(0)
        chunks.give(0)
    assert not chunks.take(0)
    assert chunks.drops == {Shortage.EMPTY: 0, Shortage.DIRTY: 1}
