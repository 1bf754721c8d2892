# SPDX-License-Identifier: BSD-2-Clause
"""The records that actions make in a buffer: how long they are, and where in them what is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dtkit.dlang.compiler.dif import Difo
from dtkit.dlang.compiler.enablings import Action, ActionKind, Enabling
from dtkit.probes.description import ProbeDescription

#: Every record begins with the number of its enabling and a time.
HEADER = 12


def aggregate_size(function: str, parameters: int) -> int:
    """Bytes of an aggregation's value."""
    match function:
        case "avg":
            return 16
        case "stddev":
            return 32
        case "quantize":
            return 127 * 8
        case "lquantize":
            return ((parameters >> 32 & 0xFFFF) + 3) * 8
        case "llquantize":
            return (log_linear_levels(parameters) + 1) * 8
        case _:
            return 8


def log_linear_levels(parameters: int) -> int:
    """Buckets of an llquantize(), the two at its ends included."""
    factor, low = parameters >> 48, parameters >> 32 & 0xFFFF
    high, steps = parameters >> 16 & 0xFFFF, parameters & 0xFFFF
    count = 2
    value = factor**low
    for _ in range(low, high + 1):
        step = max(1, value * factor // steps) if value * factor > steps else 1
        count += -(-(value * factor - value) // step)
        value *= factor
    return count


def lay_out(
    description: ProbeDescription, predicate: Difo | None, actions: Sequence[Action], clause: int
) -> Enabling:
    """Give each action its place in the record, as the kernel does."""
    placed: list[Action] = list(actions)
    # The actions that are the key of an aggregating action behind them.
    for index, action in enumerate(placed):
        if action.kind != ActionKind.AGGREGATE:
            placed[index] = replace(action, alignment=_alignment(action.size))
    for index, action in enumerate(placed):
        if action.kind == ActionKind.AGGREGATE:
            first = index - action.keys
            placed[first] = replace(placed[first], alignment=max(4, placed[first].alignment))
            placed[index] = replace(action, alignment=_alignment(action.size))
    size = HEADER
    alignment = 4
    needed = 4
    tuple_end: int | None = None
    for index, action in enumerate(placed):
        alignment = max(alignment, action.alignment)
        if action.kind == ActionKind.AGGREGATE or action.in_tuple:
            if tuple_end is None:
                # The key begins 4 bytes into an aligned 8, behind the aggregation's number.
                tuple_end = size + (4 - size) % 8
            tuple_end = _round(tuple_end, action.alignment)
            placed[index] = replace(action, offset=tuple_end)
            tuple_end += action.size
            if action.kind == ActionKind.AGGREGATE:
                needed = max(needed, tuple_end)
                tuple_end = None
        else:
            size = _round(size, action.alignment)
            placed[index] = replace(action, offset=size)
            size += action.size
            needed = max(needed, size)
    if (
        placed
        and size == HEADER
        and not (len(placed) == 1 and placed[0].kind == ActionKind.SPECULATE)
    ):
        size = 0
    return Enabling(
        description,
        predicate,
        tuple(placed),
        clause,
        _round(size, 4),
        _round(needed, 4),
        alignment,
    )


def _alignment(size: int) -> int:
    if not size:
        return 1
    for alignment in (8, 4, 2):
        if size % alignment == 0:
            return alignment
    return 1


def _round(value: int, unit: int) -> int:
    return -(-value // unit) * unit
