# SPDX-License-Identifier: BSD-2-Clause
"""The binary operators of D and their precedence, which is C's with ``^^`` (logical xor) added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from dtkit.dlang.syntax.tree import BinaryExpr, Expr

#: Operator to how tightly it binds; all of them group from the left.
PRECEDENCE: dict[str, int] = {
    operator: level
    for level, operators in enumerate(
        [
            ["||"],
            ["^^"],
            ["&&"],
            ["|"],
            ["^"],
            ["&"],
            ["==", "!="],
            ["<", "<=", ">", ">="],
            ["<<", ">>"],
            ["+", "-"],
            ["*", "/", "%"],
        ]
    )
    for operator in operators
}


def resolve(items: Sequence[Expr | str]) -> Expr:
    """The tree of ``[operand, operator, operand, ...]``, by precedence climbing."""
    if len(items) == 1:
        return cast(Expr, items[0])
    operands: list[Expr] = [cast(Expr, items[0])]
    pending: list[str] = []

    def reduce() -> None:
        right = operands.pop()
        left = operands.pop()
        operands.append(BinaryExpr(left.at, pending.pop(), left, right))

    for index in range(1, len(items), 2):
        operator = cast(str, items[index])
        level = PRECEDENCE[operator]
        while pending and PRECEDENCE[pending[-1]] >= level:
            reduce()
        pending.append(operator)
        operands.append(cast(Expr, items[index + 1]))
    while pending:
        reduce()
    return operands[0]
