# SPDX-License-Identifier: BSD-2-Clause
"""
Aggregations: the aggregating functions, and the order in which their results are printed.

A value is a list of signed 64-bit numbers, as the kernel keeps it: one for count(), sum(), min()
and max(); the number and the sum of values for avg(); the buckets for the quantizations.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key

from dtkit.dlang.compiler.enablings import Action
from dtkit.dlang.compiler.layout import log_linear_levels

#: Buckets of quantize(), and the one for zero.
BUCKETS = 127
ZERO_BUCKET = 63

_MAX = (1 << 63) - 1
_MIN = -(1 << 63)


def bucket_value(bucket: int) -> int:
    """The least value, in size, that goes into a bucket of quantize()."""
    if bucket < ZERO_BUCKET:
        return -(1 << ZERO_BUCKET - 1 - bucket)
    return 0 if bucket == ZERO_BUCKET else 1 << bucket - ZERO_BUCKET - 1


@dataclass(frozen=True, slots=True)
class Linear:
    """The parameters of lquantize()."""

    base: int
    step: int
    levels: int

    @classmethod
    def unpack(cls, packed: int) -> Linear:
        """From how the compiler packs them."""
        base = packed & 0xFFFFFFFF
        return cls(base - (base >> 31 << 32), packed >> 48, packed >> 32 & 0xFFFF)


@dataclass(frozen=True, slots=True)
class LogLinear:
    """The parameters of llquantize()."""

    factor: int
    low: int
    high: int
    steps: int

    @classmethod
    def unpack(cls, packed: int) -> LogLinear:
        """From how the compiler packs them."""
        return cls(packed >> 48, packed >> 32 & 0xFFFF, packed >> 16 & 0xFFFF, packed & 0xFFFF)

    def bounds(self) -> Iterator[int]:
        """The lower bound of each bucket but the first, and of the last."""
        value = self.factor**self.low
        for _ in range(self.low, self.high + 1):
            following = value * self.factor
            step = following // self.steps if following > self.steps else 1
            while value < following:
                yield value
                value += step
            value = following
        yield value


def signed(value: int) -> int:
    """The number as a signed 64-bit one."""
    return (value & (1 << 64) - 1 ^ 1 << 63) - (1 << 63)


def initial(function: str, parameters: int) -> list[int]:
    """The value before anything was aggregated."""
    match function:
        case "min":
            return [_MAX]
        case "max":
            return [_MIN]
        case "avg":
            return [0, 0]
        case "stddev":
            return [0, 0, 0]
        case "quantize":
            return [0] * BUCKETS
        case "lquantize":
            return [0] * (Linear.unpack(parameters).levels + 2)
        case "llquantize":
            return [0] * log_linear_levels(parameters)
        case _:
            return [0]


def apply(function: str, parameters: int, data: list[int], value: int, increment: int) -> None:
    """Aggregate *value* into *data*."""
    match function:
        case "count":
            data[0] += 1
        case "sum":
            data[0] = signed(data[0] + value)
        case "min":
            data[0] = min(data[0], value)
        case "max":
            data[0] = max(data[0], value)
        case "avg":
            data[0] += 1
            data[1] = signed(data[1] + value)
        case "stddev":
            data[0] += 1
            data[1] = signed(data[1] + value)
            data[2] += value * value
        case "quantize":
            bucket = _bucket(value)
            data[bucket] = signed(data[bucket] + increment)
        case "lquantize":
            bucket = _linear_bucket(Linear.unpack(parameters), value)
            data[bucket] = signed(data[bucket] + increment)
        case "llquantize":
            bucket = _log_linear_bucket(LogLinear.unpack(parameters), value, len(data))
            data[bucket] = signed(data[bucket] + increment)


def _bucket(value: int) -> int:
    if value == 0:
        return ZERO_BUCKET
    if value > 0:
        return min(BUCKETS - 1, ZERO_BUCKET + value.bit_length())
    return max(0, ZERO_BUCKET - (-value).bit_length())


def _linear_bucket(linear: Linear, value: int) -> int:
    # The kernel looks at the low 32 bits only.
    value = (value & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)
    if value < linear.base:
        return 0
    level = (value - linear.base) // linear.step
    return level + 1 if level < linear.levels else linear.levels + 1


def _log_linear_bucket(parameters: LogLinear, value: int, count: int) -> int:
    bucket = 0
    for bound in parameters.bounds():
        if value < bound:
            return bucket
        bucket += 1
    return min(bucket, count - 1)


def deviation(data: Sequence[int], normal: int = 1) -> int:
    """The standard deviation that stddev() prints."""
    count, total, squares = data
    if not count:
        return 0
    mean_of_squares = squares // normal // normal // count
    mean = abs(_divide(_divide(total, normal), count))
    return math.isqrt(max(0, mean_of_squares - mean * mean))


def _divide(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def divide(a: int, b: int) -> int:
    """Division towards zero; by 0 it is by 1, where C would end the program."""
    return _divide(a, b or 1)


@dataclass(slots=True)
class Entry:
    """
    The result of an aggregation for one key.

    :ivar variable: number of the aggregation.
    :ivar keys: what each key was recorded as.
    :ivar actions: the actions that recorded the keys.
    """

    variable: int
    function: str
    parameters: int
    keys: tuple[bytes, ...]
    actions: tuple[Action, ...]
    data: list[int]
    normal: int = 1
    printed: bool = False


@dataclass(slots=True)
class Aggregations:
    """
    All that was aggregated.

    :ivar size: bytes that there are for results on each CPU.
    :ivar drops: results that found no room, by CPU, since last asked for.
    """

    size: int
    entries: dict[tuple[int, tuple[bytes, ...]], Entry] = field(default_factory=dict)
    used: int = 0
    drops: dict[int, int] = field(default_factory=dict)

    def add(
        self,
        action: Action,
        keys: tuple[bytes, ...],
        key_actions: tuple[Action, ...],
        value: int,
        increment: int,
        cpu: int,
    ) -> None:
        """Aggregate a value under a key."""
        entry = self.entries.get((action.variable, keys))
        if entry is None:
            # What the kernel needs: the key, the value, and what links them into its table.
            needed = 40 + sum(map(len, keys)) + action.size
            if self.used + needed > self.size - self.size // 8:
                self.drops[cpu] = self.drops.get(cpu, 0) + 1
                return
            self.used += needed
            entry = Entry(
                action.variable,
                action.name,
                action.argument,
                keys,
                key_actions,
                initial(action.name, action.argument),
            )
            self.entries[action.variable, keys] = entry
        apply(entry.function, entry.parameters, entry.data, signed(value), signed(increment))

    def of(self, variable: int) -> list[Entry]:
        """The entries of one aggregation, in the order in which they came."""
        return [entry for entry in self.entries.values() if entry.variable == variable]

    def clear(self, variable: int) -> None:
        """Zero the values of an aggregation."""
        for entry in self.of(variable):
            fresh = initial(entry.function, entry.parameters)
            entry.data[:] = [0] * len(fresh)

    def truncate(self, variable: int, remaining: int) -> None:
        """Keep the *remaining* largest entries, or the smallest where it is negative."""
        entries = self.of(variable)
        order = sorted(entries, key=cmp_to_key(compare_values))
        if remaining >= 0:
            order.reverse()
        for entry in order[abs(remaining) :]:
            del self.entries[entry.variable, entry.keys]

    def normalize(self, variable: int, factor: int) -> None:
        """Divide what is printed by *factor*."""
        for entry in self.of(variable):
            entry.normal = factor or 1


def compare_values(left: Entry, right: Entry) -> int:
    """The order of two results by value."""
    a, b = _weight(left), _weight(right)
    if a == b and left.function in ("quantize", "lquantize", "llquantize"):
        a, b = _at_zero(left), _at_zero(right)
    return (a > b) - (a < b)


def _weight(entry: Entry) -> float:
    data = entry.data
    match entry.function:
        case "avg":
            return _divide(data[1], data[0]) if data[0] else 0
        case "stddev":
            return deviation(data)
        case "quantize":
            return sum(bucket_value(i) * n for i, n in enumerate(data) if n)
        case "lquantize":
            linear = Linear.unpack(entry.parameters)
            total = data[0] * (linear.base - 1)
            base = linear.base
            for level in range(linear.levels):
                total += data[level + 1] * base
                base += linear.step
            return total + data[linear.levels + 1] * (base + 1)
        case "llquantize":
            bounds = list(LogLinear.unpack(entry.parameters).bounds())
            return sum(n * bound for n, bound in zip(data[1:], bounds, strict=False))
        case _:
            return data[0]


def _at_zero(entry: Entry) -> int:
    if entry.function == "quantize":
        return entry.data[ZERO_BUCKET]
    if entry.function == "lquantize":
        linear = Linear.unpack(entry.parameters)
        if linear.base == 1:
            return entry.data[0]
        for level in range(linear.levels):
            if linear.base + level * linear.step == 0:
                return entry.data[level + 1]
    return 0


def compare_keys(left: Entry, right: Entry, position: int = 0) -> int:
    """The order of two results by key: the keys from *position* on, then those before."""
    if len(left.keys) != len(right.keys):
        return len(left.keys) - len(right.keys)
    count = len(left.keys)
    start = position if position < count else 0
    for index in (*range(start, count), *range(start)):
        a, b = left.keys[index], right.keys[index]
        if len(a) != len(b):
            return len(a) - len(b)
        if len(a) in (1, 2, 4, 8):
            a, b = a[::-1], b[::-1]
        if a != b:
            return 1 if a > b else -1
    return 0


def in_order(
    entries: Iterable[Entry],
    *,
    by_key: bool = False,
    reverse: bool = False,
    key_position: int = 0,
) -> list[Entry]:
    """Entries by variable, then by value and key, or by key and value."""

    def compare(left: Entry, right: Entry) -> int:
        if left.variable != right.variable:
            return left.variable - right.variable
        keys = compare_keys(left, right, key_position)
        if by_key:
            return keys or compare_values(left, right)
        return compare_values(left, right) or keys

    return sorted(entries, key=cmp_to_key(compare), reverse=reverse)
