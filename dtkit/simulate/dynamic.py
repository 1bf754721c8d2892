# SPDX-License-Identifier: BSD-2-Clause
"""
The space for dynamic variables: chunks of one size, dealt to CPUs.

FreeBSD deals the space to as many CPUs as a kernel can have, of which most are not there: of the
default of 1 MiB a host with one CPU has 4 KiB, which is 29 integers or 9 strings. A chunk that was
freed can be had again once a cleaner has looked in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from dtkit.dlang.compiler.dif import DifInstruction, Difo
from dtkit.dlang.compiler.enablings import Compiled

#: Bytes of the kernel's structures: a variable with one key, a further key, a bucket of the hash.
_VARIABLE = 48
_KEY = 16
_BUCKET = 64

#: The chunk where a program has no dynamic variables, and what a key that is a string takes.
_CHUNK = 256
_STRING_KEY = 256

_STORES = {"stts": "thread", "stgaa": "global", "sttaa": "thread"}


def chunk_size(compiled: Compiled) -> int:
    """Bytes of a chunk: what the largest variable of a program needs, as the kernel finds it."""
    sizes = [size for code in _codes(compiled) for size in _needs(code, compiled.objects)]
    return max(sizes, default=_CHUNK)


def _codes(compiled: Compiled) -> Iterable[Difo]:
    for enabling in compiled.enablings:
        if enabling.predicate is not None:
            yield enabling.predicate
        for action in enabling.actions:
            if action.code is not None:
                yield action.code


def _needs(code: Difo, objects: Mapping[tuple[str, int], tuple[int, bool]]) -> Iterable[int]:
    """What each store to a dynamic variable needs."""
    keys: list[int] = []
    constant = 0
    for item in code.code:
        if item.op == "setx":
            constant = int(item.value)
            continue
        if item.op == "flushts":
            keys.clear()
        elif item.op == "pushtv":
            keys.append(0)
        elif item.op == "pushtr":
            keys.append(constant or _STRING_KEY)
        elif item.op in _STORES:
            yield _size(item, keys, objects)
        constant = 0


def _size(
    item: DifInstruction, keys: list[int], objects: Mapping[tuple[str, int], tuple[int, bool]]
) -> int:
    scope = _STORES[item.op]
    # The number of the variable is a key too, and the thread.
    count = 1 + (scope == "thread") + (len(keys) if item.op.endswith("aa") else 0)
    held = sum(_round(size) for size in keys) if item.op.endswith("aa") else 0
    value, _ = objects.get((scope, int(item.value)), (8, False))
    return _round(_VARIABLE + _KEY * (count - 1) + held + value)


def _round(size: int) -> int:
    return size + 7 & ~7


class Shortage(Enum):
    """Why there was no chunk; the values are dtrace(1)'s tag for it, and what it says."""

    EMPTY = "DYNAMIC", ""
    DIRTY = "DYNDIRTY", " with non-empty dirty list"


class Chunks:
    """
    The chunks, which of them are free, and where.

    :param size: bytes of the whole space.
    :param chunk: bytes of a chunk.
    :param cpus: how many there are.
    :param shares: among how many the kernel divides the space.
    :ivar drops: how often there was none, since they were last asked for.
    """

    def __init__(self, size: int, chunk: int, cpus: int, shares: int) -> None:
        self.drops = dict.fromkeys(Shortage, 0)
        self._short: Shortage | None = None
        size = max(size, chunk + _BUCKET)
        buckets = size // (chunk + _BUCKET)
        buckets -= buckets & 1 if buckets != 1 else 0
        space = size - buckets * _BUCKET
        each = space // shares // chunk * chunk
        if each:
            self._free = [_fit(each, chunk)] * cpus
        else:
            # Too little to be dealt out: the first CPU has all of it.
            self._free = [_fit(space, chunk), *[0] * (cpus - 1)]
        self._clean = [0] * cpus
        self._dirty = [0] * cpus

    def take(self, cpu: int) -> bool:
        """Take a chunk for a variable that *cpu* makes; False, and a drop, if there is none."""
        others = range(len(self._free)) if self._short is None else ()
        for place in (cpu, *(other for other in others if other != cpu)):
            if not self._free[place]:
                self._free[place], self._clean[place] = self._clean[place], 0
            if self._free[place]:
                self._free[place] -= 1
                return True
        if self._short is None:
            self._short = Shortage.DIRTY if any(self._dirty) else Shortage.EMPTY
        self.drops[self._short] += 1
        return False

    def give(self, cpu: int) -> None:
        """Give back the chunk of a variable that *cpu* does away with."""
        self._dirty[cpu] += 1

    def clean(self) -> None:
        """Let what was given back be taken again."""
        if not any(self._dirty):
            return
        for cpu, count in enumerate(self._dirty):
            self._clean[cpu] += count
            self._dirty[cpu] = 0
        self._short = None


def _fit(space: int, chunk: int) -> int:
    """How many chunks the kernel makes of *space*: the last one that would fit is left out."""
    return max(1, -(-space // chunk) - 1)
