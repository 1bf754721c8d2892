# SPDX-License-Identifier: BSD-2-Clause
"""Aggregations: the key, the value and the parameters of ``@name[keys] = function(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dtkit.dlang.checker.nodes import Agg, Call, TypedExpr
from dtkit.dlang.compiler.dif import ReturnType
from dtkit.dlang.compiler.enablings import ActionKind
from dtkit.dlang.compiler.layout import aggregate_size
from dtkit.dlang.compiler.quantizations import linear, log_linear
from dtkit.dlang.compiler.recorder import RECORDED, Recorder, call_name, check_user_stack
from dtkit.dlang.findings import DError


def aggregate(to: Recorder, node: Agg) -> None:
    """Compile ``@name[keys] = function(...)``."""
    variable = node.variable
    if node.function is None:
        raise DError(f"expression has null effect: @{variable.name}", "D_AGG_NULL", node.at)
    function = node.function.function.name
    arguments = node.function.arguments
    if arguments and not to.checker.is_scalar(arguments[0]):
        raise DError(f"{function}( ) argument #1 must be of scalar type", "D_AGG_SCALAR", node.at)
    first = len(to.actions)
    to.constant(ActionKind.EXPRESSION, variable.number, in_tuple=True)
    for key in node.keys:
        _key(to, key)
    parameters, increment, most = _quantization(node, function, arguments)
    if increment is not None:
        _increment(to, function, increment, most)
    keys = len(to.actions) - first
    code = to.generator.generate(arguments[0]) if arguments else None
    to.add(
        ActionKind.AGGREGATE,
        code,
        aggregate_size(function, parameters),
        name=function,
        argument=parameters,
        keys=keys,
        has_increment=increment is not None,
        variable=variable.number,
    )


def _key(to: Recorder, key: TypedExpr) -> None:
    name = call_name(key)
    if name == "stack":
        assert isinstance(key, Call)
        frames = to.frames(key)
        to.add(ActionKind.STACK, None, 8 * frames, argument=frames, in_tuple=True)
        return
    if name in ("ustack", "jstack"):
        assert isinstance(key, Call)
        check_user_stack(key)
    if name in ("ustack", "jstack", "usym", "ufunc", "umod", "uaddr"):
        to.not_run(name, key.at)
        return
    code = to.argument(key)
    kind = RECORDED.get(name, ActionKind.EXPRESSION)
    to.add(kind, code, in_tuple=True)


def _increment(to: Recorder, function: str, increment: Sequence[TypedExpr], most: int) -> None:
    if not to.checker.is_scalar(increment[0]):
        raise DError(
            f"{function}( ) increment value (argument #{most}) must be of scalar type",
            "D_PROTO_ARG",
            increment[0].at,
        )
    if len(increment) > 1:
        raise DError(
            f"{function}( ) prototype mismatch: {most + len(increment) - 1} args passed, "
            f"at most {most} expected",
            "D_PROTO_LEN",
            increment[0].at,
        )
    code = to.generator.generate(increment[0])
    nothing = ReturnType(False, False, 0)
    to.add(ActionKind.EXPRESSION, replace(code, returns=nothing), in_tuple=True)


def _quantization(
    node: Agg, function: str, arguments: Sequence[TypedExpr]
) -> tuple[int, Sequence[TypedExpr] | None, int]:
    """The packed parameters of a quantization, its increment, and its most arguments."""
    if function == "quantize":
        return 0, arguments[1:] or None, 2
    if function == "lquantize":
        packed = linear(node, arguments)
        return packed, arguments[4:] or None, 5
    if function == "llquantize":
        packed = log_linear(node, arguments)
        return packed, arguments[5:] or None, 6
    return 0, None, 0
