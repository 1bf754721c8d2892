# SPDX-License-Identifier: BSD-2-Clause
"""
A CPU in probe context: what the code of a clause can reach, and how it faults.

Loads are safe loads: what is not mapped is a fault, and a fault ends the clause. Scratch memory is
what is left of the CPU's buffer behind the record in hand, old records and all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dtkit.dlang.compiler.enablings import Enabling
from dtkit.freebsd import ProbePoint
from dtkit.mbuf import FaultFlag, Layout, Machine, Memory, Region, Scratch
from dtkit.simulate.buffer import Buffer
from dtkit.simulate.cost import Spent
from dtkit.simulate.variables import VariableStore

MASK = (1 << 64) - 1

_EMPTY = Region(-1, bytearray())


class FaultError(Exception):
    """A fault of the code in hand: ends the clause."""

    def __init__(self, flag: FaultFlag, illval: int = 0) -> None:
        super().__init__(flag, illval)
        self.flag = flag
        self.illval = illval
        #: Offset of the instruction, in bytes; -1 where no instruction was at fault.
        self.offset = -1


class DropError(Exception):
    """The clause in hand ends, and its record is lost."""


@dataclass(slots=True)
class Thread:
    """
    Who was running when a probe fired.

    :ivar address: of its ``struct thread``.
    :ivar execname: address of the name of its process.
    :ivar frames: the program counters below the simulated functions, the innermost first.
    """

    address: int
    pid: int
    ppid: int
    tid: int
    execname: int
    frames: tuple[int, ...]
    uid: int = 0
    gid: int = 0
    interrupt: bool = True


@dataclass(slots=True)
class FiredProbe:
    """
    One firing of a probe.

    :ivar arguments: ``arg0`` to ``arg9``, as unsigned numbers.
    :ivar callers: program counters of the callers, the innermost first.
    """

    probe: ProbePoint
    arguments: tuple[int, ...]
    thread: Thread
    callers: tuple[int, ...] = ()


class Cpu:
    """
    One CPU.

    :param number: counted from 0.
    :param memory: the address space.
    :param layout: of ``struct mbuf``.
    :param buffer: its principal buffer.
    :param storage: D's variables.
    :param clock: tells the time, ns since boot; each question takes a little of it.
    :param wall: ns between boot and the epoch.
    :param random: the next number of rand().
    :param names: tells the address of a probe's or a process's name.
    :param speculation: takes a speculation.
    """

    def __init__(
        self,
        number: int,
        memory: Memory,
        layout: Layout,
        buffer: Buffer,
        storage: VariableStore,
        clock: Callable[[], int],
        wall: int,
        random: Callable[[], int],
        names: Callable[[str], int],
        speculation: Callable[[], int],
    ) -> None:
        self.number = number
        self.memory = memory
        self.buffer = buffer
        self.storage = storage
        self.clock = clock
        self.wall = wall
        self.random = random
        self.names = names
        self.speculation = speculation
        self.strsize = storage.strsize
        self.scratch = Scratch(0, 0)
        self.machine = Machine(memory, layout, self.scratch)
        self.firing: FiredProbe | None = None
        #: What the firing has cost so far.
        self.spent = Spent()
        self.enabling: Enabling | None = None
        self.epid = 0
        #: Number of the action in hand, from 1; 0 in a predicate.
        self.step = 0
        self.timestamp = 0
        self.strtok = 0
        #: What was in the register of a subroutine's result.
        self.stale = 0
        self.tuple: list[tuple[int, int]] = []
        self._region = _EMPTY

    def forget(self) -> None:
        """Memory was unmapped: look up the next address anew."""
        self._region = _EMPTY

    def begin(self, scratch: Scratch) -> None:
        """Start a clause with this scratch memory."""
        self.scratch = scratch
        self.timestamp = 0

    # Loads and stores

    def load(self, address: int, size: int) -> int:
        """A safe load of 1, 2, 4 or 8 bytes."""
        region = self._region
        start = address - region.base
        if 0 <= start <= len(region.data) - size:
            return int.from_bytes(region.data[start : start + size], "little")
        data = self.read(address, size)
        return int.from_bytes(data, "little")

    def read(self, address: int, size: int) -> bytes:
        """*size* bytes; a fault where any cannot be read, which names the first."""
        region = self._region
        start = address - region.base
        if 0 <= start <= len(region.data) - size:
            return bytes(region.data[start : start + size])
        if address > MASK or self.memory.is_toxic(address, size):
            raise FaultError(FaultFlag.BADADDR, address & MASK)
        found = self.memory.region_at(address)
        if found is None or not found.readable:
            raise FaultError(FaultFlag.BADADDR, address)
        if address + size <= found.limit:
            self._region = found
            start = address - found.base
            return bytes(found.data[start : start + size])
        data = self.memory.read(address, size)
        if data is None:
            raise FaultError(FaultFlag.BADADDR, address)
        return data

    def copy(self, address: int, size: int) -> bytes:
        """
        *size* bytes, copied from the first to the last.

        The kernel does not stop at a fault: the address that it reports is the last that could
        not be read.
        """
        if address + size - 1 <= MASK:
            try:
                return self.read(address, size)
            except FaultError:
                pass
        for at in range(address + size - 1, address - 1, -1):
            try:
                self.read(at & MASK, 1)
            except FaultError as fault:
                raise FaultError(fault.flag, at & MASK) from None
        return b"".join(self.read(at & MASK, 1) for at in range(address, address + size))

    def copy_down(self, address: int, size: int) -> bytes:
        """As :meth:`copy`, from the last to the first."""
        try:
            return self.read(address, size)
        except FaultError:
            pass
        for at in range(address, address + size):
            try:
                self.read(at & MASK, 1)
            except FaultError as fault:
                raise FaultError(fault.flag, at & MASK) from None
        return b"".join(self.read(at & MASK, 1) for at in range(address, address + size))

    def string(self, address: int, limit: int | None = None) -> bytes:
        """The bytes of a string up to its NUL, at most *limit* (the ``strsize`` option)."""
        limit = self.strsize if limit is None else limit
        region = self._region
        start = address - region.base
        if not 0 <= start < len(region.data):
            self.read(address, 1)
            region = self._region
            start = address - region.base
        end = region.data.find(0, start, start + limit)
        if end >= 0:
            return bytes(region.data[start:end])
        if start + limit <= len(region.data):
            return bytes(region.data[start : start + limit])
        found = bytearray()
        for at in range(address, address + limit):
            byte = self.load(at, 1)
            if not byte:
                break
            found.append(byte)
        return bytes(found)

    def store(self, address: int, size: int, value: int) -> None:
        """A store of a clause, which may only go to scratch memory and D's own variables."""
        if not self.can_store(address, size):
            raise FaultError(FaultFlag.BADADDR, address)
        if address & (size - 1):
            raise FaultError(FaultFlag.BADALIGN, address)
        self.memory.write(address, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def can_store(self, address: int, size: int) -> bool:
        """Whether a clause may write there."""
        scratch = self.scratch
        if scratch.base <= address and address + size <= scratch.base + scratch.size:
            return True
        return self.storage.owns(address, size)

    def write(self, address: int, data: bytes) -> None:
        """Store bytes where a clause may write."""
        if not self.can_store(address, len(data)):
            raise FaultError(FaultFlag.BADADDR, address)
        self.memory.write(address, data)

    # Scratch

    def allocate(self, size: int, aligned: bool = True) -> int:
        """*size* bytes of scratch memory, whatever is in them."""
        scratch = self.scratch
        padding = -scratch.ptr % 8 if aligned else 0
        if padding + size > scratch.base + scratch.size - scratch.ptr:
            raise FaultError(FaultFlag.NOSCRATCH)
        address = scratch.ptr + padding
        scratch.ptr = address + size
        return address

    def result(self, text: bytes, size: int) -> int:
        """*text* and a NUL at the front of *size* bytes of scratch memory."""
        address = self.allocate(size, aligned=False)
        self.memory.write(address, text + b"\0")
        return address
