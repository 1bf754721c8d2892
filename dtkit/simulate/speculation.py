# SPDX-License-Identifier: BSD-2-Clause
"""
Speculations: records that are kept aside until it is known whether they are wanted.

``speculation()`` takes one of a few, ``speculate()`` sends the records of a clause to its buffer
on the CPU in hand, and ``commit()`` moves them to the principal buffer, ``discard()`` throws them
away. A speculation with records on several CPUs is settled by a cleaner that looks in from time to
time, and is busy until then. The states and their changes are those of FreeBSD's kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from dtkit.dlang.compiler.layout import HEADER
from dtkit.mbuf import FaultFlag
from dtkit.simulate.buffer import Buffer, Space
from dtkit.simulate.cpu import FaultError

#: A committed record is aligned to this in the principal buffer.
_ALIGNMENT = 8


class State(Enum):
    """What a speculation is doing."""

    INACTIVE = "inactive"
    ACTIVE = "active"  #: taken, and nothing recorded yet
    ACTIVE_ONE = "active on one CPU"
    ACTIVE_MANY = "active on several CPUs"
    COMMITTING_MANY = "committed, and not on all CPUs yet"
    DISCARDING = "discarded, and not on all CPUs yet"


_BUSY = State.COMMITTING_MANY, State.DISCARDING


class _Speculation:
    """One speculation: its state, and a buffer for each CPU, made when it is first used."""

    __slots__ = ("size", "spaces", "state")

    def __init__(self, size: int) -> None:
        self.size = size
        self.state = State.INACTIVE
        self.spaces: dict[int, Space] = {}

    def space(self, cpu: int) -> Space:
        space = self.spaces.get(cpu)
        if space is None:
            space = self.spaces[cpu] = Space(bytearray(self.size))
        return space


class Speculations:
    """
    The speculations of a program.

    :param count: how many there are (the ``nspec`` option).
    :param record_size: bytes of a record, by the number of its enabling.
    :ivar size: bytes of the buffer that each has on each CPU (``specsize``).
    :ivar drops: records that found no room in such a buffer and were committed, since last asked.
    :ivar busy: calls of speculation() that found all taken, one of them by a busy one.
    :ivar unavailable: those that found all taken by active ones.
    """

    def __init__(self, count: int, size: int, record_size: Callable[[int], int]) -> None:
        self._count = count
        self._record_size = record_size
        self.size = size
        self._made: dict[int, _Speculation] = {}
        self.drops = self.busy = self.unavailable = 0

    def take(self) -> int:
        """The number of a free speculation, from 1; 0 where there is none."""
        busy = False
        for number in range(1, self._count + 1):
            speculation = self._at(number)
            if speculation.state is State.INACTIVE:
                speculation.state = State.ACTIVE
                return number
            busy = busy or speculation.state in _BUSY
        if busy:
            self.busy += 1
        else:
            self.unavailable += 1
        return 0

    def _at(self, number: int) -> _Speculation:
        made = self._made.get(number)
        if made is None:
            made = self._made[number] = _Speculation(self.size)
        return made

    def _named(self, number: int) -> _Speculation | None:
        """
        The speculation that a clause names; None for 0.

        :raises FaultError: there is none of that number.
        """
        number &= 0xFFFFFFFF
        if number > self._count:
            raise FaultError(FaultFlag.ILLOP)
        return self._at(number) if number else None

    def space(self, number: int, cpu: int) -> Space | None:
        """Where speculate() records to; None where the clause is to be dropped."""
        number &= 0xFFFFFFFF
        if not 0 < number <= self._count:
            return None
        speculation = self._at(number)
        space = speculation.space(cpu)
        match speculation.state:
            case State.ACTIVE:
                speculation.state = State.ACTIVE_ONE
            case State.ACTIVE_ONE:
                if not space.offset:
                    speculation.state = State.ACTIVE_MANY
            case State.ACTIVE_MANY:
                pass
            case _:
                return None
        return space

    def commit(self, number: int, cpu: int, to: Buffer, time: int) -> None:
        """
        Move the records of a speculation on one CPU to its principal buffer.

        :param time: what the records are to have as theirs.
        :raises FaultError: there is no such speculation.
        """
        speculation = self._named(number)
        if speculation is None:
            return
        space = speculation.space(cpu)
        match speculation.state:
            case State.ACTIVE:
                after = State.INACTIVE
            case State.ACTIVE_ONE if space.offset:
                after = State.INACTIVE
            case State.ACTIVE_ONE | State.ACTIVE_MANY | State.COMMITTING_MANY:
                after = State.COMMITTING_MANY
            case _:
                return
        speculation.state = after
        self._move(space, to, time)

    def _move(self, space: Space, to: Buffer, time: int) -> None:
        length = space.offset
        at = to.reserve(length, _ALIGNMENT)
        if at is None:
            # The kernel counts it twice.
            to.drops += 1
        else:
            stamp = (time >> 32).to_bytes(4, "little") + (time & 0xFFFFFFFF).to_bytes(4, "little")
            for place, _ in space.records(self._record_size):
                space.data[place + 4 : place + HEADER] = stamp
            to.data[at : at + length] = space.data[:length]
            to.offset = at + length
        space.offset = 0
        self.drops += space.drops
        space.drops = 0

    def discard(self, number: int, cpu: int) -> None:
        """
        Throw away the records of a speculation.

        :raises FaultError: there is no such speculation.
        """
        speculation = self._named(number)
        if speculation is None:
            return
        space = speculation.space(cpu)
        match speculation.state:
            case State.ACTIVE_ONE if space.offset:
                speculation.state = State.INACTIVE
            case State.ACTIVE | State.ACTIVE_ONE | State.ACTIVE_MANY:
                speculation.state = State.DISCARDING
            case _:
                return
        space.offset = space.drops = 0

    def clean(self, buffer: Callable[[int], Buffer], time: Callable[[], int]) -> None:
        """
        Settle what was committed or discarded on several CPUs.

        :param buffer: the principal buffer of a CPU.
        :param time: tells what records are to have as theirs.
        """
        for speculation in self._made.values():
            if speculation.state not in _BUSY:
                continue
            for cpu, space in speculation.spaces.items():
                if speculation.state is State.DISCARDING:
                    space.offset = 0
                elif space.offset:
                    self._move(space, buffer(cpu), time())
            speculation.state = State.INACTIVE
