# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of quantizations, packed into the 64 bits that the kernel is given."""

from __future__ import annotations

from collections.abc import Sequence

from dtkit.dlang.checker.nodes import Agg, Int, TypedExpr, Variable
from dtkit.dlang.compiler.recorder import positive
from dtkit.dlang.findings import DError


def linear(node: Agg, arguments: Sequence[TypedExpr]) -> int:
    """The parameters of an lquantize(): step, levels and base in 16, 16 and 32 bits."""
    values = []
    for number, argument in enumerate(arguments[1:3], 1):
        if not isinstance(argument, Int):
            raise DError(
                f"lquantize( ) argument #{number} must be an integer constant",
                ("D_LQUANT_BASETYPE", "D_LQUANT_LIMTYPE")[number - 1],
                argument.at,
            )
        value = argument.signed_value
        if not -(1 << 31) <= value < 1 << 31:
            raise DError(
                f"lquantize( ) argument #{number} must be a 32-bit quantity",
                ("D_LQUANT_BASEVAL", "D_LQUANT_LIMVAL")[number - 1],
                argument.at,
            )
        values.append(value)
    base, limit = values
    if limit < base:
        raise DError(
            "lquantize( ) base (argument #1) must be less than limit (argument #2)",
            "D_LQUANT_MISMATCH",
            node.at,
        )
    step = 1
    if len(arguments) > 3:
        given = positive(arguments[3])
        if given is None:
            raise DError(
                "lquantize( ) argument #3 must be a non-zero positive integer constant",
                "D_LQUANT_STEPTYPE",
                arguments[3].at,
            )
        if given > 0xFFFF:
            raise DError(
                "lquantize( ) argument #3 must be a 16-bit quantity",
                "D_LQUANT_STEPVAL",
                arguments[3].at,
            )
        step = given
    levels = (limit - base) // step
    if levels == 0:
        raise DError(
            "lquantize( ) step (argument #3) too large: must have at least one quantization level",
            "D_LQUANT_STEPLARGE",
            node.at,
        )
    if levels > 0xFFFF:
        raise DError(
            "lquantize( ) step (argument #3) too small: number of quantization levels must be "
            "a 16-bit quantity",
            "D_LQUANT_STEPSMALL",
            node.at,
        )
    packed = step << 48 | levels << 32 | base & 0xFFFF_FFFF
    before = _packed(node.variable, packed)
    if before != packed:
        old_base = before & 0xFFFF_FFFF
        old_base -= (old_base >> 31) << 32
        old_levels, old_step = before >> 32 & 0xFFFF, before >> 48
        for what, expected, found, tag in (
            ("base (argument #1)", old_base, base, "BASE"),
            (
                "limit (argument #2)",
                old_base + old_levels * old_step,
                base + levels * step,
                "LIM",
            ),
            ("step (argument #3)", old_step, step, "STEP"),
        ):
            if expected != found:
                raise DError(
                    f"lquantize( ) {what} doesn't match previous declaration: expected "
                    f"{expected}, found {found}",
                    f"D_LQUANT_MATCH{tag}",
                    node.at,
                )
    return packed


#: The parameters of llquantize(), and what they are called in tags.
_LOG_LINEAR = [
    ("factor", "FACTOR"),
    ("low magnitude", "LOW"),
    ("high magnitude", "HIGH"),
    ("linear steps per magnitude", "NSTEP"),
]


def log_linear(node: Agg, arguments: Sequence[TypedExpr]) -> int:
    """The parameters of an llquantize(): factor, low, high and steps in 16 bits each."""
    values = []
    packed = 0
    for number, (argument, (name, tag)) in enumerate(
        zip(arguments[1:5], _LOG_LINEAR, strict=True), 1
    ):
        if not isinstance(argument, Int):
            raise DError(
                f"llquantize( ) argument #{number} ({name}) must be an integer constant",
                f"D_LLQUANT_{tag}TYPE",
                argument.at,
            )
        if argument.value > 0xFFFF:
            raise DError(
                f"llquantize( ) argument #{number} ({name}) must be an unsigned 16-bit quantity",
                f"D_LLQUANT_{tag}VAL",
                argument.at,
            )
        values.append(argument.value)
        packed |= argument.value << (48 - 16 * (number - 1))
    factor, low, high, steps = values
    problem = ""
    tag = "FACTORSMALL"
    if factor < 2:
        problem = "factor (argument #1) must be two or more"
    elif low >= high:
        tag = "MAGRANGE"
        problem = "high magnitude (argument #3) must be greater than low magnitude (argument #2)"
    elif steps < factor:
        tag = "FACTORNSTEPS"
        problem = (
            "factor (argument #1) must be less than or equal to the number of linear steps "
            "per magnitude (argument #4)"
        )
    else:
        power = factor
        while power < steps:
            power *= factor
        if steps % factor or power % steps:
            tag = "FACTOREVEN"
            problem = (
                "factor (argument #1) must evenly divide the number of steps per magnitude "
                "(argument #4), and the number of steps per magnitude must evenly divide a "
                "power of the factor"
            )
        elif factor ** min(high + 2, 64) >= 1 << 64:
            tag = "MAGTOOBIG"
            problem = (
                f"factor ({factor}) raised to power of high magnitude ({high}) plus 1 "
                "overflows 64-bits"
            )
    if problem:
        raise DError(f"llquantize( ) {problem}", f"D_LLQUANT_{tag}", node.at)
    before = _packed(node.variable, packed)
    for number, (found, (name, tag)) in enumerate(zip(values, _LOG_LINEAR, strict=True), 1):
        expected = before >> (64 - 16 * number) & 0xFFFF
        if expected != found:
            raise DError(
                f"llquantize( ) {name} (argument #{number}) doesn't match previous declaration: "
                f"expected {expected}, found {found}",
                f"D_LLQUANT_{tag}MATCH",
                node.at,
            )
    return packed


def _packed(variable: Variable, packed: int) -> int:
    """The parameters that the aggregation was first used with."""
    signature = variable.signature
    assert signature is not None
    if not signature.parameters:
        signature.parameters = packed
    return signature.parameters
