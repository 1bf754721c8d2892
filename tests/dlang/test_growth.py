# SPDX-License-Identifier: BSD-2-Clause
"""Long programs: the steps that they take grow with their length, and no faster."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dtkit.dlang import check
from tests.hostile.steps import steps

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


@pytest.mark.parametrize("name", PROGRAMS)
def test_four_times_the_program_takes_some_four_times_the_steps(name: str) -> None:
    count, program = PROGRAMS[name]
    once, more = program(count), program(4 * count)
    check(once)  # what is made once is made
    assert steps(lambda: check(more)) < 5 * steps(lambda: check(once))
