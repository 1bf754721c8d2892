# SPDX-License-Identifier: BSD-2-Clause
"""
A run of dtrace(1): compile a program, enable it, let packets pass, print what was recorded.

Nothing here depends on the time or on chance: the same program and packets print the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from dtkit.dlang.compiler.compile import compile_program
from dtkit.dlang.compiler.enablings import Compiled
from dtkit.dlang.findings import DError
from dtkit.dlang.options import WITH_COPYOUTMBUF, Options
from dtkit.dlang.source import ProgramText
from dtkit.dlang.target import TargetKernel, target_kernel
from dtkit.freebsd import ProbePoint
from dtkit.mbuf import Kernel, Memory
from dtkit.probes.description import ProbeDescription
from dtkit.simulate.aggregate import Aggregations
from dtkit.simulate.buffer import Buffer, Ring
from dtkit.simulate.consume import Consumer
from dtkit.simulate.cost import Costs
from dtkit.simulate.cpu import Cpu
from dtkit.simulate.dynamic import Chunks, chunk_size
from dtkit.simulate.enable import EnabledProgram
from dtkit.simulate.evaluate import Evaluator
from dtkit.simulate.format import AddressNames
from dtkit.simulate.machine import Activity, BufferRecord, Tracer
from dtkit.simulate.output import Chunk, Output
from dtkit.simulate.paths import Paths, shipped_paths
from dtkit.simulate.speculation import Speculations
from dtkit.simulate.stack import NetworkStack, StackPacket
from dtkit.simulate.structured import StructuredConsumer
from dtkit.simulate.subroutines import UnknownSubroutineError
from dtkit.simulate.symbols import KernelVariables
from dtkit.simulate.variables import VariableStore

#: No CPU's buffer may be larger: more is lowered, as on a host that has no more memory.
LARGEST_BUFFER = 64 << 20

_BUFFERS = 0xFFFFFE0010000000
_VARIABLES = 0xFFFFF80100000000
_STRINGS = 0xFFFFF80080000000
_STRING_SPACE = 1 << 16

#: What a look at the clock takes, and a packet, in ns.
_TICK = 137
_PACKET = 1_000_000

#: Of a program from the command line dtrace(1) shows what is before these.
_BODY = re.compile(r"[{/;]")

#: When the simulated host was booted, and how long ago that is, in ns.
_BOOT = 1_600_000_000_000_000_000
_UPTIME = 100_000_000_000

#: What was discarded or committed on several CPUs is settled this often, in ns.
_CLEANING = 1_000_000_000 // 101

#: Bytes of a global or clause-local variable: dtrace_statvar_maxsize.
_LARGEST_STATIC = 16 * 1024
_MOST_SPECULATIONS = 1 << 16

#: A buffer of fewer bytes is none.
_LEAST_BUFFER = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How to run a program.

    :ivar file: name of the script; None for a program from the command line.
    :ivar options: of dtrace(1), as ``-x`` and its letters set them.
    :ivar arguments: macro arguments, ``$0`` first.
    :ivar kernel: the kernel that the program runs on.
    :ivar cpus: packets are dealt to them in turn.
    :ivar drop_rate: how many of the records to lose, from 0 to 1.
    :ivar seed: of what chance there is.
    :ivar paths: the paths of packets.
    :ivar interface: name of the interface that Ethernet frames come in on.
    :ivar largest_buffer: in bytes.
    :ivar cost: whether to count what firings cost.
    :ivar wire: told of each frame that leaves the host: when, in ns since the epoch by its own
        clock, and its bytes.
    """

    file: str | None = None
    options: Options = WITH_COPYOUTMBUF
    arguments: tuple[str, ...] = ()
    kernel: TargetKernel = field(default_factory=target_kernel)
    cpus: int = 1
    drop_rate: float = 0.0
    seed: int = 0
    paths: Paths = field(default_factory=shipped_paths)
    interface: str = "em0"
    largest_buffer: int = LARGEST_BUFFER
    cost: bool = False
    wire: Callable[[int, bytes], None] | None = None


class Simulation:
    """
    One run of a program.

    :ivar status: dtrace(1)'s exit status, once the run is over.
    :ivar costs: what firings cost, where the settings ask for it.
    :ivar waits: whether the program has clauses that packets alone have fire, once it runs.
    """

    def __init__(self, program: str, settings: Settings | None = None) -> None:
        self.program = program
        self.settings = settings or Settings()
        self.status = 0
        self.costs = Costs()
        self.waits = False

    def run(self, packets: Iterable[StackPacket] = ()) -> Iterator[Chunk]:
        """
        Compile the program and let *packets* pass; what dtrace(1) prints comes out in pieces.

        The end of the packets is what an interrupt from the keyboard is to dtrace(1).
        """
        output = Output()
        settings = self.settings
        try:
            compiled = compile_program(
                self.program,
                settings.file,
                settings.options,
                settings.arguments,
                settings.kernel,
            )
            session = _Session(compiled, settings, output, self.costs)
        except (DError, UnknownSubroutineError, _StartError) as error:
            self.status = 1
            source = ProgramText(self.program, settings.file)
            output.error(error.dtrace_message(source) if isinstance(error, DError) else str(error))
            yield from output.take()
            return
        own = ("BEGIN", "END", "ERROR")
        self.waits = any(one.description.name not in own for one in compiled.enablings)
        for _ in session.run(packets):
            yield from output.take()
        self.status = session.consumer.status


def run(
    program: str, packets: Iterable[StackPacket] = (), settings: Settings | None = None
) -> Iterator[str]:
    """
    What dtrace(1) prints of *program* while *packets* pass, in pieces.

    Output and errors are in one stream, as on a terminal.
    """
    return (chunk.text for chunk in Simulation(program, settings).run(packets))


class _StartError(Exception):
    """Tracing could not begin; the message is dtrace(1)'s."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Bytes of a principal buffer, of what the others have on each CPU, of dynamic variables."""

    buffer: int
    aggregations: int
    speculation: int
    dynamic: int


class _Session:
    """The enabled program, from its first probe to its last line."""

    def __init__(
        self, compiled: Compiled, settings: Settings, output: Output, costs: Costs
    ) -> None:
        self.settings = settings
        self.output = output
        self.options = options = compiled.options
        for (scope, _), (size, _) in compiled.objects.items():
            if scope != "self" and size > _LARGEST_STATIC:
                raise _StartError("could not enable tracing: DIF program content is invalid")
            if size > settings.largest_buffer:
                raise _StartError("could not enable tracing: Cannot allocate memory")
        if options.not_simulated:
            raise _StartError(f"option {options.not_simulated[0]} is not simulated")
        kernel = Kernel(settings.kernel.release.layout)
        memory = kernel.memory
        self.now = _UPTIME
        self.cpus: list[Cpu] = []
        self.stack = NetworkStack(
            kernel,
            settings.kernel,
            compiled.types,
            settings.paths,
            settings.interface,
            self._unmapped,
            self._transmitted,
        )
        try:
            self.variables = KernelVariables(
                memory,
                settings.kernel.symbols,
                compiled.symbols,
                settings.cpus,
                settings.kernel.release.osreldate,
            )
        except KeyError as error:
            raise _StartError(f"the kernel symbol `{error.args[0]} is not simulated") from None
        strings = Strings(memory, _STRINGS)
        evaluator = Evaluator(strings.address, compiled.objects, settings.cost)
        self.program = EnabledProgram(compiled, settings.kernel, evaluator)
        if not self.program.matched:
            raise _StartError("no probes matched")
        self._notice(self._matched(compiled.source))
        sizes = self._sizes()
        self.aggregations = Aggregations(sizes.aggregations)
        self.speculations = Speculations(options.nspec, sizes.speculation, self.program.size)
        self.chunks = Chunks(
            sizes.dynamic,
            chunk_size(compiled),
            settings.cpus,
            settings.kernel.release.max_cpus or settings.cpus,
        )
        storage = VariableStore(memory, _VARIABLES, options.strsize, self.chunks, settings.cpus)
        chance = random.Random(settings.seed)
        for number in range(settings.cpus):
            base = _BUFFERS + number * 4 * settings.largest_buffer
            self.cpus.append(
                Cpu(
                    number,
                    memory,
                    kernel.layout,
                    self._buffer(memory, base, sizes.buffer),
                    storage,
                    self._clock,
                    _BOOT,
                    lambda: chance.getrandbits(64),
                    self.stack.name,
                    self.speculations.take,
                )
            )
        loss = random.Random(settings.seed)
        self.tracer = Tracer(
            self.program,
            self.cpus,
            self.aggregations,
            self.speculations,
            lambda: settings.drop_rate > 0 and loss.random() < settings.drop_rate,
            costs if settings.cost else None,
        )
        symbols = self.stack.symbols
        kind = StructuredConsumer if options.oformat == "json" else Consumer
        self.consumer = kind(
            output,
            self.program.enabled,
            options,
            self.aggregations,
            AddressNames(
                symbols.frame,
                symbols.symbol,
                symbols.module,
                settings.kernel.release.prints_symbols,
            ),
            compiled.types,
            compiled.aggregations,
        )

    # Before

    def _buffer(self, memory: Memory, base: int, size: int) -> Buffer:
        if self.options.bufpolicy == "ring":
            if size < 2 * self.program.largest:
                raise _StartError("a ring that does not hold two records panics FreeBSD's kernel")
            return Ring(memory, base, size, self.program.size)
        return Buffer(memory, base, size)

    def _notice(self, text: str) -> None:
        if not self.options.quiet:
            self.output.error(text)

    def _matched(self, source: ProgramText) -> str:
        count = self.program.matched
        what = f"script '{source.file}'"
        if source.file is None:
            what = f"description '{_BODY.split(source.text)[0]}'"
        return f"{what} matched {count} probe{'s' if count > 1 else ''}"

    def _sizes(self) -> _Sizes:
        """The sizes that the host has memory for."""
        options, largest = self.options, self.settings.largest_buffer
        if options.strsize > largest or options.nspec > _MOST_SPECULATIONS:
            raise _StartError("could not enable tracing: Cannot allocate memory")
        specsize = options.specsize if self.program.speculates else 0
        if self.program.speculates and specsize < _LEAST_BUFFER:
            raise _StartError("could not enable tracing: Enabling exceeds size of buffer")
        sizes = []
        for size, copies, what in (
            (options.bufsize, 1, "buffer size"),
            (options.aggsize, 1, "aggregation size"),
            (specsize, options.nspec, "speculation size"),
            (options.dynvarsize, 1, "dynamic variable size"),
        ):
            lowered = size
            while lowered * copies > largest:
                lowered //= 2
            if lowered != size:
                if options.bufresize == "manual":
                    raise _StartError("could not enable tracing: Cannot allocate memory")
                self._notice(f"{what} lowered to {_size_text(lowered)}")
            sizes.append(lowered)
        return _Sizes(*sizes)

    # During

    def _clock(self) -> int:
        self.now += _TICK
        return self.now

    def _unmapped(self) -> None:
        for cpu in self.cpus:
            cpu.forget()

    def run(self, packets: Iterable[StackPacket]) -> Iterator[None]:
        """Everything, from BEGIN on; output is ready at each step."""
        tracer = self.tracer
        waiting = iter(packets)
        packet = next(waiting, None)
        # A capture that counts from 0 does not tell the time of day.
        if packet is not None and packet.time is not None and packet.time > self.now + _PACKET:
            for cpu in self.cpus:
                cpu.wall = packet.time - self.now - _PACKET
        self._own("BEGIN")
        yield
        switch = self.now + self.options.switchrate
        clean = self.now + _CLEANING
        number = 0
        while packet is not None and tracer.activity is Activity.ACTIVE:
            self._wait(packet)
            if self.now >= clean:
                self._clean()
                clean = self.now + _CLEANING
            if self.now >= switch:
                self._work()
                yield
                switch = self.now + self.consumer.options.switchrate
            self._receive(packet, self.cpus[number % len(self.cpus)])
            packet = next(waiting, None)
            number += 1
        if tracer.activity is Activity.ACTIVE:
            self._work()
            self.consumer.interrupt()
        self._status()
        self._clean()
        tracer.activity = Activity.COOLDOWN
        self._own("END")
        self._work(at_end=True)
        self.consumer.finish()
        self.output.flush()
        yield

    def _own(self, name: str) -> None:
        """Let a probe of dtrace itself fire."""
        self.variables.update(self.now, self.cpus[0].wall)
        for probe in self.settings.kernel.match(ProbeDescription("dtrace", "", "", name)):
            self.tracer.fire(self.cpus[0], probe, (), self.stack.consumer)

    def _wait(self, packet: StackPacket) -> None:
        """Let the time until a packet pass."""
        following = self.now + _PACKET
        if packet.time is not None and packet.time >= self.cpus[0].wall + self.now:
            following = packet.time - self.cpus[0].wall
        self.now = following

    def _receive(self, packet: StackPacket, cpu: Cpu) -> None:
        self.variables.update(self.now, self.cpus[0].wall)
        fire, thread = self.tracer.fire, self.stack.thread
        enabled = self.tracer.is_enabled

        def fire_here(
            probe: ProbePoint, arguments: tuple[int, ...], callers: tuple[int, ...]
        ) -> None:
            if enabled(probe):
                fire(cpu, probe, arguments, thread, callers)

        self.stack.receive(packet, fire_here)

    def _transmitted(self, frame: bytes) -> None:
        if self.settings.wire is not None:
            self.settings.wire(self.now + self.cpus[0].wall, frame)

    def _clean(self) -> None:
        self.chunks.clean()
        self.speculations.clean(lambda cpu: self.cpus[cpu].buffer, self._clock)

    def _status(self) -> None:
        """What was lost beside records."""
        lost = self.speculations
        for count, tag, what, rest in (
            *(
                (count, short.value[0], "dynamic variable drop", short.value[1])
                for short, count in self.chunks.drops.items()
            ),
            (lost.drops, "SPEC", "speculative drop", ""),
            (lost.busy, "SPECBUSY", "failed speculation", " (available buffer(s) still busy)"),
            (
                lost.unavailable,
                "SPECUNAVAIL",
                "failed speculation",
                " (no speculative buffer available)",
            ),
            (self.tracer.double_errors, "DBLERROR", "error", " in ERROR probe enabling"),
        ):
            if count:
                self.consumer.lost(count, f"DTRACEDROP_{tag}", what, rest)
        self.tracer.double_errors = 0
        self.chunks.drops = dict.fromkeys(self.chunks.drops, 0)
        lost.drops = lost.busy = lost.unavailable = 0

    def _work(self, at_end: bool = False) -> None:
        """Print what is in the buffers; a ring is read at the end alone."""
        self._status()
        for cpu, count in sorted(self.aggregations.drops.items()):
            self.consumer.drops(cpu, count, "aggregation")
        self.aggregations.drops.clear()
        ring = self.options.bufpolicy == "ring"
        for found in () if ring and not at_end else self.tracer.records():
            if not isinstance(found, BufferRecord):
                self.consumer.drops(*found)
                continue
            report = self.tracer.error_report(found)
            if report is None:
                self.consumer.record(found.epid, found.data, found.cpu, found.following, found.time)
            else:
                self.consumer.error(report)
        self.output.flush()


class Strings:
    """The string constants of a program, in memory."""

    def __init__(self, memory: Memory, base: int) -> None:
        self._memory = memory
        self._next = self._end = base
        self._addresses: dict[str, int] = {}

    def address(self, text: str) -> int:
        """Where *text* is."""
        address = self._addresses.get(text)
        if address is None:
            data = text.encode("utf-8", "surrogateescape") + b"\0"
            if self._next + len(data) > self._end:
                region = self._memory.map(self._end, max(_STRING_SPACE, len(data)), "strings")
                self._next, self._end = region.base, region.limit
            address = self._addresses[text] = self._next
            self._memory.write(address, data)
            self._next += len(data)
        return address


def _size_text(size: int) -> str:
    for unit, letter in ((1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{letter}"
    return str(size)
