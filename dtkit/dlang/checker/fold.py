# SPDX-License-Identifier: BSD-2-Clause
"""
Constants: their types, and the arithmetic on them that dtrace(1) does when it compiles.

Values are kept as unsigned 64-bit numbers whatever their type, as dtrace(1) keeps them; so
``(int8_t)200`` is 200, and a shift to the right of a negative constant brings in zeros.
"""

from __future__ import annotations

from dtkit.dlang.checker.nodes import Flag, Int, TypedExpr
from dtkit.dlang.findings import DError
from dtkit.dlang.syntax import tree
from dtkit.dlang.types import (
    INT,
    LONG,
    LONG_LONG,
    UNSIGNED,
    UNSIGNED_LONG,
    UNSIGNED_LONG_LONG,
    Integer,
    Type,
    Types,
)

MASK = (1 << 64) - 1

#: In the order in which a constant tries them; its suffix says where it begins.
_CANDIDATES = [INT, UNSIGNED, LONG, UNSIGNED_LONG, LONG_LONG, UNSIGNED_LONG_LONG]


def integer_constant(node: tree.IntLiteral) -> Int:
    """The type of an integer constant, by the rules of C99 6.4.4.1."""
    step = 2 if node.decimal or node.suffix.startswith("u") else 1
    start = node.suffix.count("u") + 2 * node.suffix.count("l")
    for candidate in _CANDIDATES[start::step]:
        if node.value <= (1 << candidate.bits - candidate.signed) - 1:
            flags = Flag.SIGNED if candidate.signed else Flag(0)
            return Int(node.at, candidate, flags, node.value)
    raise DError(
        f"integer constant 0x{node.value:x} cannot be represented in any built-in integral type",
        "D_INT_OFLOW",
        node.at,
        "-",
    )


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def fold_unary(op: str, operand: Int, at: int, types: Types) -> Int | None:
    """A prefix operator on a constant, or None where it is not folded."""
    value, flags = operand.value, operand.flags
    if op == "-":
        value = -value & MASK
        if not operand.signed:
            value &= (1 << 8 * types.size(operand.type)) - 1
    elif op == "~":
        value = ~value & MASK
    elif op == "!":
        value = int(not value)
    elif op != "+":
        return None
    return Int(at, operand.type, flags, value)


def fold_binary(op: str, left: TypedExpr, right: TypedExpr, at: int, types: Types) -> Int | None:
    """
    An operator between two constants, or None where it is not folded.

    :raises DError: it divides by a constant zero.
    """
    if op in ("/", "%") and isinstance(right, Int) and right.value == 0:
        raise DError("expression contains division by zero", "D_DIV_ZERO", at, "-")
    if not (isinstance(left, Int) and isinstance(right, Int)):
        return None
    a, b = left.value, right.value
    if op in ("||", "&&", "^^", "==", "!="):
        value = {
            "||": bool(a or b),
            "&&": bool(a and b),
            "^^": bool(a) != bool(b),
            "==": a == b,
            "!=": a != b,
        }[op]
        return Int(at, INT, Flag.SIGNED, int(value))
    if op in ("<<", ">>"):
        shift = b & 63  # as the machine does it
        shifted = a << shift & MASK if op == "<<" else a >> shift
        return Int(at, left.type, left.flags, shifted)
    promoted = types.promote(left.type, right.type)
    resolved = types.resolve(promoted)
    signed = isinstance(resolved, Integer) and resolved.signed
    x, y = (_signed(a), _signed(b)) if signed else (a, b)
    if op in ("<", "<=", ">", ">="):
        truth = {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]
        return Int(at, INT, Flag.SIGNED, int(truth))
    if op not in ("|", "^", "&", "+", "-", "*", "/", "%"):
        return None
    match op:
        case "|":
            result = a | b
        case "^":
            result = a ^ b
        case "&":
            result = a & b
        case "+":
            result = a + b
        case "-":
            result = a - b
        case "*":
            result = a * b
        case "/":
            result = divide(x, y)
        case _:
            result = x - y * divide(x, y)
    return Int(at, promoted, Flag.SIGNED if signed else Flag(0), result & MASK)


def divide(a: int, b: int) -> int:
    """Division as C has it: towards zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def fold_cast(operand: Int, type_: Type, flags: Flag, at: int, types: Types) -> Int:
    """A constant cast to an integer type."""
    source, target = types.size(operand.type), min(8, types.size(type_))
    value = operand.value
    if target < source:
        # Cut, and never sign-extended.
        value &= (1 << 8 * target) - 1
    elif target > source:
        high, low = 64 - 8 * source, 8 * (target - source)
        value = value << high & MASK
        if operand.signed:
            value = (_signed(value) >> low) & MASK
            value >>= high - low
        else:
            value >>= high
    return Int(at, type_, flags, value)
