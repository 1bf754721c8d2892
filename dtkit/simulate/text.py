# SPDX-License-Identifier: BSD-2-Clause
"""How dtrace(1) prints single values: bytes, stacks, the bars of a quantization."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from dtkit.packets.tracemem import tracemem_dump
from dtkit.simulate.aggregate import (
    BUCKETS,
    ZERO_BUCKET,
    Linear,
    LogLinear,
    bucket_value,
)

_PRINTABLE = frozenset(range(0x20, 0x7F)) | {0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D}

_BAR = 40


def text_of(data: bytes) -> str:
    """Bytes as they come out: one that is no UTF-8 stands as a surrogate, and is itself again."""
    return data.decode("utf-8", "surrogateescape")


def padded(data: bytes, width: int) -> str:
    """Text in a field of *width* bytes, to its left where that is negative."""
    if width < 0:
        return text_of(data.ljust(-width))
    return text_of(data.rjust(width))


def bytes_text(data: bytes, width: int, quiet: bool, raw: bool) -> str:
    """
    What trace() makes of bytes: a string where they look like one, else a dump.

    :param width: of the field for a string; negative to pad on the right.
    :param raw: a dump in any case.
    """
    if not data:
        return ""
    if not raw:
        head = data.rstrip(b"\0")
        if head and all(byte in _PRINTABLE for byte in head):
            if len(head) == len(data):
                return "  " + padded(data, -abs(width))
            if quiet:
                return text_of(head)
            return " " + (" " if width < 0 else "") + padded(head, width)
    return tracemem_dump(data)


def stack_text(frames: Iterable[int], indent: int, name: Callable[[int], str]) -> str:
    """A stack, each frame on a line of its own; one of 0 ends it."""
    lines = ["\n"]
    for frame in frames:
        if not frame:
            break
        lines.append(f"{' ' * indent}{name(frame)}\n")
    return "".join(lines)


def buckets(function: str, data: Sequence[int], packed: int) -> tuple[list[str], Sequence[int]]:
    """The buckets of a quantization that are shown: their names, and what is in them."""
    match function:
        case "quantize":
            return _quantize(data)
        case "lquantize":
            return _lquantize(data, packed)
        case _:
            return _llquantize(data, packed)


def quantization_text(
    function: str, data: Sequence[int], packed: int, normal: int, zoom: bool
) -> str:
    """The buckets of a quantization, drawn."""
    return _histogram(*buckets(function, data, packed), normal, zoom)


def _quantize(data: Sequence[int]) -> tuple[list[str], Sequence[int]]:
    first, last = _range(data)
    if first is None:
        first, last = ZERO_BUCKET - 1, ZERO_BUCKET + 1
    labels = [str(bucket_value(bucket)) for bucket in range(first, last + 1)]
    return labels, data[first : last + 1]


def _lquantize(data: Sequence[int], packed: int) -> tuple[list[str], Sequence[int]]:
    linear = Linear.unpack(packed)
    first, last = _range(data)
    if first is None:
        first, last = 0, 2
    labels = []
    for bucket in range(first, last + 1):
        if bucket == 0:
            labels.append(f"< {linear.base}")
        elif bucket == linear.levels + 1:
            labels.append(f">= {linear.base + linear.levels * linear.step}")
        else:
            labels.append(str(linear.base + (bucket - 1) * linear.step))
    return labels, data[first : last + 1]


def _llquantize(data: Sequence[int], packed: int) -> tuple[list[str], Sequence[int]]:
    bounds = list(LogLinear.unpack(packed).bounds())
    first, last = _range(data)
    if first is None:
        first, last = 0, 1
    labels = []
    for bucket in range(first, last + 1):
        if bucket == 0:
            labels.append(f"< {bounds[0]}")
        elif bucket == len(bounds):
            labels.append(f">= {bounds[-1]}")
        else:
            labels.append(str(bounds[bucket - 1]))
    return labels, data[first : last + 1]


def _range(data: Sequence[int]) -> tuple[int | None, int]:
    """The first and last bucket to print: those in use, and one more at either side."""
    used = [bucket for bucket, count in enumerate(data) if count]
    if not used or (len(data) == BUCKETS and used[0] == BUCKETS - 1):
        return None, 0
    return max(0, used[0] - 1), min(len(data) - 1, used[-1] + 1)


def _histogram(labels: Sequence[str], counts: Sequence[int], normal: int, zoom: bool) -> str:
    if zoom:
        # The highest bar is to be 95 per cent of the width.
        total = max((abs(count) * Fraction(20, 19) for count in counts), default=Fraction(0))
    else:
        total = Fraction(sum(abs(count) for count in counts))
    positive = any(count > 0 for count in counts)
    negative = any(count < 0 for count in counts)
    title = "------------- Distribution -------------"
    lines = [f"\n{'value':>16} {title:>41} {'count':<9}\n"]
    for label, count in zip(labels, counts, strict=True):
        bar = _bar(count, total, positive, negative)
        lines.append(f"{label:>16} {bar} {_signed_quotient(count & (1 << 64) - 1, normal):<9}\n")
    return "".join(lines)


def _bar(count: int, total: Fraction, positive: bool, negative: bool) -> str:
    if not negative:
        depth = _depth(count, total, _BAR) if positive else 0
        return "|" + "@" * depth + " " * (_BAR - depth)
    if not positive:
        depth = _depth(count, total, _BAR)
        return " " * (_BAR - depth) + "@" * depth + "|"
    half = _BAR // 2
    depth = _depth(count, total, half)
    if count <= 0:
        return " " * (half - depth) + "@" * depth + "|" + " " * half
    return " " * half + "|" + "@" * depth + " " * (half - depth)


def _depth(count: int, total: Fraction, width: int) -> int:
    return int(abs(count) * width / total + Fraction(1, 2)) if total else 0


def divide_text(data: bytes, normal: int, raw: bool) -> str:
    """A key or a result in its column: a number by its size, or text."""
    widths = {1: 3, 2: 5, 4: 8, 8: 16}
    width = widths.get(len(data))
    if width is None:
        return bytes_text(data, -50, quiet=False, raw=raw)
    if len(data) == 8:
        number = _signed_quotient(int.from_bytes(data, "little"), normal)
    else:
        number = int.from_bytes(data, "little") // (normal & 0xFFFFFFFF or 1)
        if len(data) == 4:
            number -= number >> 31 << 32
    return f" {number:{width}}"


def _signed_quotient(value: int, normal: int) -> int:
    # The division is one of unsigned numbers, the result is printed as a signed one.
    quotient = value // (normal or 1)
    return quotient - (quotient >> 63 << 64)
