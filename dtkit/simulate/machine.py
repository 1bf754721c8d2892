# SPDX-License-Identifier: BSD-2-Clause
"""
The probe context of the kernel: what happens when a probe fires.

For each enabling of the probe, in order: room for a record is reserved, the predicate and the
actions run, and the record is kept unless one of them faulted. A fault fires the ERROR probe. With
speculate() the record goes to the buffer of a speculation instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dtkit.dlang.compiler.enablings import Action, ActionKind
from dtkit.dlang.compiler.layout import HEADER
from dtkit.freebsd import ProbePoint
from dtkit.mbuf import FaultFlag
from dtkit.simulate.aggregate import Aggregations
from dtkit.simulate.buffer import Space
from dtkit.simulate.consume import ErrorReport
from dtkit.simulate.cost import Costs, Spent
from dtkit.simulate.cpu import Cpu, DropError, FaultError, FiredProbe, Thread
from dtkit.simulate.enable import ERROR_SIZE, ActionStep, Ecb, EnabledProgram
from dtkit.simulate.speculation import Speculations

#: The numbers that the ERROR probe has for faults, as its arg4.
FAULT_NUMBERS = {
    FaultFlag.BADADDR: 1,
    FaultFlag.BADALIGN: 2,
    FaultFlag.ILLOP: 3,
    FaultFlag.DIVZERO: 4,
    FaultFlag.NOSCRATCH: 5,
    FaultFlag.KPRIV: 6,
    FaultFlag.UPRIV: 7,
    FaultFlag.TUPOFLOW: 8,
    FaultFlag.BADSTACK: 9,
}
_FAULTS = {number: flag for flag, number in FAULT_NUMBERS.items()}
_WITH_ADDRESS = {FaultFlag.BADADDR, FaultFlag.BADALIGN, FaultFlag.BADSTACK}

#: Where dtrace(1) itself records of a fault its five numbers.
_ERROR_AT = 16

_MASK = (1 << 64) - 1

_SPECULATIVE = {ActionKind.SPECULATE, ActionKind.COMMIT, ActionKind.DISCARD}

#: The time of a record until it is committed.
_NO_TIME = _MASK


class Activity(Enum):
    """What a tracing session is doing."""

    ACTIVE = "active"
    DRAINING = "draining"  #: exit() was called: nothing fires but END
    COOLDOWN = "cooldown"  #: END fires


class BufferRecord(NamedTuple):
    """A record as it lay in a buffer."""

    time: int
    cpu: int
    epid: int
    data: bytes
    following: int


@dataclass(slots=True)
class _Place:
    """
    Where the record in hand is made.

    :ivar at: its offset in *space*.
    :ivar kept: whether it is part of *space* already.
    """

    space: Space
    at: int
    kept: bool = False

    def begin(self, ecb: Ecb, time: int) -> None:
        """Write what each record begins with."""
        if ecb.enabling.size:
            self.space.data[self.at : self.at + HEADER] = (
                ecb.epid.to_bytes(4, "little")
                + (time >> 32).to_bytes(4, "little")
                + (time & 0xFFFFFFFF).to_bytes(4, "little")
            )

    def keep(self, size: int) -> None:
        """Make the record, of *size* bytes, part of its buffer."""
        if not self.kept:
            self.space.offset = self.at + size
            self.kept = True


class Tracer:
    """
    The enablings of a program on the CPUs of a kernel.

    :param program: its enablings.
    :param cpus: where probes fire.
    :param aggregations: where aggregating actions go.
    :param speculations: where speculate() sends records.
    :param lose: tells whether to lose the record in hand as though the buffer were full.
    :param costs: where the cost of each firing is counted.
    """

    def __init__(
        self,
        program: EnabledProgram,
        cpus: Sequence[Cpu],
        aggregations: Aggregations,
        speculations: Speculations,
        lose: Callable[[], bool],
        costs: Costs | None = None,
    ) -> None:
        self.program = program
        self.costs = costs
        self.cpus = cpus
        self.aggregations = aggregations
        self.speculations = speculations
        self.lose = lose
        self.activity = Activity.ACTIVE
        #: Faults in enablings of ERROR itself, since last asked for.
        self.double_errors = 0

    def is_enabled(self, probe: ProbePoint) -> bool:
        """Whether anything is to be done when *probe* fires."""
        return self.program.of(probe) is not None

    def fire(
        self,
        cpu: Cpu,
        probe: ProbePoint,
        arguments: tuple[int, ...],
        thread: Thread,
        callers: tuple[int, ...] = (),
    ) -> None:
        """Let *probe* fire."""
        ecbs = self.program.of(probe)
        if ecbs is None:
            return
        own = probe.provider == "dtrace"
        outer, spent = cpu.firing, cpu.spent
        cpu.spent = Spent()
        for ecb in ecbs:
            if self.activity is not Activity.ACTIVE and (not own or probe.name == "BEGIN"):
                break
            cpu.firing = FiredProbe(probe, arguments, thread, callers)
            self._run(cpu, ecb)
        if self.costs is not None and cpu.spent.clauses:
            self.costs.add(probe, cpu.spent.cost())
        cpu.firing, cpu.spent = outer, spent

    def _run(self, cpu: Cpu, ecb: Ecb) -> None:
        enabling = ecb.enabling
        buffer = cpu.buffer
        cpu.spent.clauses += 1
        if self.lose():
            buffer.drops += 1
            return
        at = buffer.reserve(enabling.needed, enabling.alignment)
        if at is None:
            return
        cpu.begin(buffer.scratch(at, enabling.needed))
        cpu.epid = ecb.epid
        place = _Place(buffer, at)
        place.begin(ecb, cpu.clock())
        cpu.step = 0
        try:
            if ecb.predicate is not None and not ecb.predicate(cpu):
                return
            self._actions(cpu, ecb, place)
        except FaultError as fault:
            self._fault(cpu, ecb, fault)
            return
        except DropError:
            return
        place.keep(enabling.size)
        cpu.spent.bytes += enabling.size

    def _actions(self, cpu: Cpu, ecb: Ecb, to: _Place) -> None:
        data, at = to.space.data, to.at
        limit = last = 0
        for step in ecb.steps:
            action = step.action
            cpu.step = step.number
            kind = action.kind
            value = 0
            if step.code is not None:
                cpu.tuple.clear()
                value = step.code(cpu)
            if kind is ActionKind.AGGREGATE:
                self._aggregate(cpu, ecb, step, value, last, at)
                continue
            last = value
            if not action.size:
                if kind in _SPECULATIVE:
                    self._speculation(cpu, ecb, kind, value, to)
                    data, at = to.space.data, to.at
                continue
            place = at + action.offset
            if kind is ActionKind.STACK:
                self._stack(cpu, action, data, place)
                continue
            if kind is ActionKind.EXIT:
                self._exit()
            elif kind is ActionKind.DYNAMIC_SIZE:
                limit = value
            elif kind is ActionKind.PRINTM:
                self._print_memory(cpu, action, value, data, place)
                continue
            code = action.code
            if code is not None and code.returns.by_reference:
                limit = self._copy(cpu, action, value, data, place, limit)
                continue
            size = action.size
            data[place : place + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _exit(self) -> None:
        # Of several, the first ends the run; END's own only say what the status is to be.
        if self.activity is Activity.DRAINING:
            raise DropError
        if self.activity is Activity.ACTIVE:
            self.activity = Activity.DRAINING

    def _speculation(self, cpu: Cpu, ecb: Ecb, kind: ActionKind, number: int, to: _Place) -> None:
        """speculate(), commit() and discard()."""
        enabling = ecb.enabling
        match kind:
            case ActionKind.SPECULATE:
                space = self.speculations.space(number, cpu.number)
                at = None if space is None else space.reserve(enabling.needed, enabling.alignment)
                if space is None or at is None:
                    raise DropError
                to.space, to.at = space, at
                to.begin(ecb, _NO_TIME)
            case ActionKind.COMMIT:
                to.keep(enabling.size)
                self.speculations.commit(number, cpu.number, cpu.buffer, cpu.clock())
            case ActionKind.DISCARD:
                self.speculations.discard(number, cpu.number)

    def _copy(
        self, cpu: Cpu, action: Action, address: int, data: bytearray, place: int, limit: int
    ) -> int:
        """Record what is at an address; the limit that is left for the next action."""
        size = action.size
        assert action.code is not None
        try:
            if action.code.returns.string:
                text = cpu.string(address, size)
                data[place : place + size] = text.ljust(size, b"\0")
                return limit
            end = place + size
            if limit and (place + limit & _MASK) < end:
                end = place + limit & _MASK
                limit = 0
            if end > place:
                data[place:end] = cpu.copy(address, end - place)
        except FaultError as fault:
            fault.offset = -1
            raise
        return limit

    def _print_memory(
        self, cpu: Cpu, action: Action, reference: int, data: bytearray, place: int
    ) -> None:
        """Record what a memref() refers to: its size and as many bytes."""
        address, size = cpu.load(reference, 8), cpu.load(reference + 8, 8)
        if size + 8 > action.size:
            raise DropError
        data[place : place + 8] = size.to_bytes(8, "little")
        if size:
            data[place + 8 : place + 8 + size] = cpu.copy(address, size)

    def _stack(self, cpu: Cpu, action: Action, data: bytearray, place: int) -> None:
        firing = cpu.firing
        assert firing is not None
        count = action.size // 8
        frames = (firing.callers + firing.thread.frames)[:count]
        content = b"".join(frame.to_bytes(8, "little") for frame in frames)
        data[place : place + action.size] = content.ljust(action.size, b"\0")

    def _aggregate(
        self, cpu: Cpu, ecb: Ecb, step: ActionStep, value: int, last: int, at: int
    ) -> None:
        """Aggregate *value*; *last* is what the action before came to: the increment."""
        action = step.action
        cpu.spent.aggregations += 1
        data = cpu.buffer.data
        increment = last if action.has_increment else 1
        key_actions = ecb.keys[step.number]
        keys = []
        for key in key_actions:
            place = at + key.offset
            keys.append(bytes(data[place : place + key.size]))
        self.aggregations.add(action, tuple(keys), key_actions, value, increment, cpu.number)

    def _fault(self, cpu: Cpu, ecb: Ecb, fault: FaultError) -> None:
        firing = cpu.firing
        assert firing is not None
        if ecb.probe is self.program.error:
            self.double_errors += 1
            return
        arguments = (
            0,
            ecb.epid,
            cpu.step,
            fault.offset & 0xFFFFFFFF,
            FAULT_NUMBERS[fault.flag],
            fault.illval,
        )
        self.fire(cpu, self.program.error, arguments, firing.thread, firing.callers)
        self._own_error(cpu, arguments)

    def _own_error(self, cpu: Cpu, arguments: tuple[int, ...]) -> None:
        """dtrace(1)'s own enabling of ERROR."""
        buffer = cpu.buffer
        at = buffer.reserve(ERROR_SIZE, 8)
        if at is None:
            return
        time = cpu.clock()
        words = (self.program.own_error, time >> 32, time & 0xFFFFFFFF, 0)
        content = b"".join(word.to_bytes(4, "little") for word in words)
        content += b"".join(word.to_bytes(8, "little") for word in arguments[1:6])
        buffer.data[at : at + ERROR_SIZE] = content
        buffer.offset = at + ERROR_SIZE

    # Reading the buffers

    def records(self) -> Iterator[BufferRecord | tuple[int, int]]:
        """Take all records out of the buffers, by time; then (CPU, drops) for each that has any."""
        found: list[BufferRecord] = []
        drops: list[tuple[int, int]] = []
        for cpu in self.cpus:
            written = cpu.buffer.switch()
            cpu.forget()
            if written.drops:
                drops.append((cpu.number, written.drops))
            data = written.data
            places = list(written.records(self.program.size))
            for index, (at, epid) in enumerate(places):
                size = self.program.size(epid)
                time = int.from_bytes(data[at + 4 : at + 8], "little") << 32
                time |= int.from_bytes(data[at + 8 : at + 12], "little")
                following = places[index + 1][1] if index + 1 < len(places) else 0
                found.append(
                    BufferRecord(time, cpu.number, epid, bytes(data[at : at + size]), following)
                )
        found.sort(key=lambda record: record.time)
        yield from found
        yield from drops

    def error_report(self, record: BufferRecord) -> ErrorReport | None:
        """What a record of dtrace(1)'s own enabling of ERROR says; None for other records."""
        if record.epid != self.program.own_error:
            return None
        epid, action, offset, number, address = (
            int.from_bytes(record.data[at : at + 8], "little")
            for at in range(_ERROR_AT, ERROR_SIZE, 8)
        )
        flag = _FAULTS[number]
        text = flag.text + (f" (0x{address:x})" if flag in _WITH_ADDRESS else "")
        return ErrorReport(epid, action, -1 if offset == 0xFFFFFFFF else offset, text)
