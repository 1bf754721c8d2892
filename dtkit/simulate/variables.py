# SPDX-License-Identifier: BSD-2-Clause
"""
D's variables: global, per clause and per thread, and associative arrays.

A value of 8 bytes or less is kept as 64 bits, whatever its type. A string or a struct has its own
memory, and the variable is its address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dtkit.mbuf import Memory, Region
from dtkit.simulate.dynamic import Chunks

#: The key of an element: the variable's number, the thread, and the keys' values.
Key = tuple[int, int, tuple[int | bytes, ...]]


@dataclass(slots=True)
class _Object:
    """Memory of a string or struct; None until it is first stored to, or after NULL was."""

    region: Region
    null: bool = False


class VariableStore:
    """
    All variables of a program.

    :param memory: the address space.
    :param base: where objects go.
    :param strsize: bytes of a string.
    :param chunks: the space for thread-local variables and associative arrays.
    :param cpus: each has its own clause-local variables.
    """

    def __init__(
        self, memory: Memory, base: int, strsize: int, chunks: Chunks, cpus: int = 1
    ) -> None:
        self.memory = memory
        self.strsize = strsize
        self.globals: dict[int, int] = {}
        self.locals: list[dict[int, int]] = [{} for _ in range(cpus)]
        self._objects: dict[tuple[str, int, int], _Object] = {}
        self._dynamic: dict[Key, int | _Object] = {}
        self.chunks = chunks
        self._next = base
        self._first = base
        self._free: dict[int, list[Region]] = {}

    def owns(self, address: int, size: int) -> bool:
        """Whether *size* bytes at *address* belong to one variable."""
        if not self._first <= address < self._next:
            return False
        region = self.memory.region_at(address)
        return region is not None and address + size <= region.limit

    def _map(self, size: int) -> Region:
        free = self._free.get(size)
        if free:
            region = free.pop()
            region.data[:] = bytes(size)
            return region
        region = self.memory.map(self._next, max(1, size), "D variable")
        self._next = (region.limit + 15) & ~7
        return region

    # Strings and structs in plain variables

    def object_address(self, scope: str, cpu: int, number: int, size: int) -> int:
        """The address of a string or struct; 0 after NULL was stored to it."""
        held = self._object(scope, cpu, number, size)
        return 0 if held.null else held.region.base

    def object_store(
        self, scope: str, cpu: int, number: int, size: int, data: bytes | None
    ) -> None:
        """Store what is at an address, or None for NULL."""
        held = self._object(scope, cpu, number, size)
        held.null = data is None
        if data is not None:
            held.region.data[: len(data)] = data

    def _object(self, scope: str, cpu: int, number: int, size: int) -> _Object:
        key = (scope, cpu if scope == "clause" else 0, number)
        held = self._objects.get(key)
        if held is None:
            held = self._objects[key] = _Object(self._map(size))
        return held

    # Thread-local variables and associative arrays

    def dynamic(self, key: Key) -> int:
        """The value of an element, or the address of it; 0 where there is none."""
        value = self._dynamic.get(key, 0)
        return value.region.base if isinstance(value, _Object) else value

    def dynamic_store(
        self, cpu: int, key: Key, value: int, size: int, data: Callable[[], bytes] | None
    ) -> bool:
        """
        Store an element; zero takes it away.

        :param cpu: the CPU that does.
        :param size: bytes of a string or struct; 0 of a value.
        :param data: reads what is at *value*, for a string or struct.
        :returns: whether there was room.
        """
        held = self._dynamic.get(key)
        if value == 0:
            if held is not None:
                del self._dynamic[key]
                self.chunks.give(cpu)
                if isinstance(held, _Object):
                    self._free.setdefault(len(held.region.data), []).append(held.region)
            return True
        if held is None:
            if not self.chunks.take(cpu):
                return False
            if data is not None:
                held = _Object(self._map(size))
                self._dynamic[key] = held
        if data is None:
            self._dynamic[key] = value
        else:
            assert isinstance(held, _Object)
            content = data()
            held.region.data[: len(content)] = content
        return True
