# SPDX-License-Identifier: BSD-2-Clause
"""Long programs: the time that they take grows with their length, and no faster."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from dtkit.dlang import check

PROGRAMS: dict[str, tuple[int, Callable[[int], str]]] = {
    "statements": (700, lambda n: "BEGIN { " + "x = 1; " * n + "}"),
    "unknown symbols": (1000, lambda n: "BEGIN { " + "x = `nosuch; " * n + "}"),
    "errors": (250, lambda n: "BEGIN { x = nosuch; } " * n),
    "dimensions": (400, lambda n: "int p" + "[1]" * n + "; BEGIN { }"),
    "pointers": (6000, lambda n: "int " + "*" * n + "p; BEGIN { }"),
    "enums": (1500, lambda n: "".join(f"enum e{i} {{ A{i} }};" for i in range(n)) + "BEGIN { }"),
    "translators": (
        250,
        lambda n: (
            "".join(
                f"struct s{i} {{ int a; }}; translator struct s{i} < int p > {{ a = p; }};"
                for i in range(n)
            )
            + "BEGIN { }"
        ),
    ),
}


def seconds(program: str) -> float:
    start = process_time()
    check(program)
    return process_time() - start


@pytest.mark.parametrize("name", PROGRAMS)
def test_four_times_the_program_takes_no_more_than_some_four_times_as_long(name: str) -> None:
    count, program = PROGRAMS[name]
    seconds(program(count))
    once = min(seconds(program(count)) for _ in range(2))
    assert seconds(program(4 * count)) < 9 * once + 0.2
