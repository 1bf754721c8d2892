# SPDX-License-Identifier: BSD-2-Clause
"""
What a script will cost before it is run: clauses, instructions, and bytes of DOF.

libdtrace compiles a clause once for each probe description and writes each into the DOF, the
program as the kernel is given it; FreeBSD's refuses more than the sysctl kern.dtrace.dof_maxsize
allows. The sizes are those of libdtrace's dt_dof.c and sys/dtrace.h.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from dtkit.counted import counted
from dtkit.dlang import WITH_COPYOUTMBUF, clauses, compile_program
from dtkit.dlang.compiler.dif import Difo
from dtkit.dlang.compiler.enablings import Compiled, Enabling
from dtkit.dlang.target import target_kernel
from dtkit.freebsd import Release
from dtkit.generate.holding import Held

#: ``kern.dtrace.dof_maxsize`` where nobody changed it.
DOF_MAXSIZE = 8 << 20

#: sizeof: a section's header, the file's, a variable, a type, an action, a probe, an enabling.
_SECTION, _FILE, _VARIABLE, _TYPE, _ACTION, _PROBE, _ECB = 32, 64, 20, 8, 32, 24, 24

#: What things take, in DIF instructions, as fitted to measured ratios (docs/reference/path.md): the
#: trap into DTrace, a clause, and a look-up of a dynamic variable. The floor is a clause with a
#: comparison.
_TRAP, _CLAUSE, _LOOKUP, _COMPARISON = 9, 13, 10, 7

#: The variable of a script that is another one while a packet is followed.
_UNDER_WAY = "opened"

#: Of an mbuf, where m_len is, and how much there is of a packet that nobody wants.
_M_LEN, _LENGTH = 24, 1000

_DYNAMIC = {"ldts", "stts", "ldgaa", "stgaa", "ldtaa", "sttaa"}
_VARIABLES = {
    "ldgs",
    "stgs",
    "ldts",
    "stts",
    "ldls",
    "stls",
    "ldgaa",
    "stgaa",
    "ldtaa",
    "sttaa",
    "ldga",
}


@dataclass(frozen=True, slots=True)
class Size:
    """
    What clauses come to.

    :ivar instructions: of DIF, written.
    :ivar dof: bytes.
    """

    instructions: int = 0
    dof: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.instructions + other.instructions, self.dof + other.dof)

    def __mul__(self, times: int) -> Size:
        return Size(self.instructions * times, self.dof * times)


@dataclass(frozen=True)
class Estimate:
    """
    What a script will enable.

    :ivar script: its text.
    :ivar functions: functions whose entry is looked at.
    :ivar lazy: whether its filter is a lazy expression, and not run as bpf(4) would.
    :ivar kernel: that it is compiled for, where it is not for any.
    :ivar holding: how much is held back, where journeys are until they end.
    :ivar ring: bytes of the ring on each CPU, if there is one.
    """

    script: str
    functions: int
    lazy: bool
    kernel: Release | None = None
    holding: Held | None = None
    ring: int = 0

    @cached_property
    def _clauses(self) -> list[tuple[str, ...]]:
        return [one for one in clauses(self.script) if one[0].startswith("fbt:")]

    @property
    def probes(self) -> int:
        """Probes, as far as known: a name may be more than one function."""
        return len({probe for clause in self._clauses for probe in clause})

    @property
    def enablings(self) -> int:
        """Clauses of probes: each clause counts once for each of its probes."""
        return sum(map(len, self._clauses))

    @cached_property
    def _compiled(self) -> tuple[Compiled, list[tuple[str, ...]]]:
        """The script with one probe for each clause, and the probes that each has."""
        short, probes = self.script, clauses(self.script)
        for clause in probes:
            if len(clause) > 1:
                short = short.replace(",\n".join(clause), clause[0], 1)
        kernel = None if self.kernel is None else target_kernel(self.kernel)
        return compile_program(short, options=WITH_COPYOUTMBUF.set("zdefs"), of=kernel), probes

    @cached_property
    def size(self) -> Size:
        """
        Instructions and bytes of DOF of the whole script.

        Clauses have the same code at each of their probes, so one is compiled for all.
        """
        compiled, probes = self._compiled
        total = Size(0, _FILE + _SECTION)
        for enabling in compiled.enablings:
            names = probes[enabling.clause]
            # Provider, module, function and name, each with its end.
            total += _enabling(enabling) * len(names) + Size(
                0, sum(len(name) + 1 for name in names)
            )
        return total

    @cached_property
    def relative(self) -> float:
        """
        What the probes take of a packet that nobody wants, in times of what a clause with one
        comparison at each of them takes: while no packet is followed.
        """
        return self._relative(under_way=False)

    @cached_property
    def under_way(self) -> float:
        """The same while another packet is followed."""
        return self._relative(under_way=True)

    def _relative(self, under_way: bool) -> float:
        compiled, times = self._compiled
        spent: dict[str, int] = {}
        for enabling in compiled.enablings:
            if enabling.description.provider != "fbt":
                continue
            instructions, lookups = 0, 0
            if enabling.predicate is not None:
                instructions, lookups = _unwanted(enabling.predicate, under_way)
            cost = _CLAUSE + instructions + _LOOKUP * lookups
            for probe in times[enabling.clause]:
                spent[probe] = spent.get(probe, _TRAP) + cost
        floor = (_TRAP + _CLAUSE + _COMPARISON) * len(spent)
        return sum(spent.values()) / floor

    @property
    def warning(self) -> str:
        """What to say where the kernel would refuse the script; empty where it would not."""
        if self.size.dof <= DOF_MAXSIZE:
            return ""
        return (
            f"{self.size.dof} bytes of DOF: the kernel refuses more than {DOF_MAXSIZE} "
            f"(sysctl kern.dtrace.dof_maxsize={_round(self.size.dof)} allows them)"
        )

    def to_dict(self) -> dict[str, int | float | None]:
        """The numbers, by name; ``journeys`` is None for as many as come."""
        held = self.holding
        return {
            **({"held": held.memory, "journeys": held.journeys} if held else {}),
            **({"ring": self.ring} if self.ring else {}),
            "functions": self.functions,
            "probes": self.probes,
            "clauses": self.enablings,
            "instructions": self.size.instructions,
            "dof": self.size.dof,
            "relative": round(self.relative, 2),
            "under_way": round(self.under_way, 2),
            "d": len(self.script),
        }

    def __str__(self) -> str:
        return (
            f"{counted(self.functions, 'function')}, {counted(self.probes, 'probe')}, "
            f"{counted(self.enablings, 'clause of probes', 'clauses of probes')}, "
            f"{counted(self.size.instructions, 'DIF instruction')}, "
            f"{self.size.dof} bytes of DOF, "
            f"{len(self.script)} bytes of D; a packet that nobody wants costs "
            f"{self.relative:.1f} times what a clause with one comparison at each probe does, "
            f"{self.under_way:.1f} times while one is followed" + self._kept()
        )

    def _kept(self) -> str:
        """What a script takes that keeps hops in the kernel."""
        held = self.holding
        if self.ring:
            return f"; a ring of {self.ring >> 10} KiB on each CPU"
        if held is None:
            return ""
        often = f"{held.journeys} can end in a second" if held.journeys else "any can end at once"
        return (
            f"; {counted(held.count, 'journey')} can be held back at a time and {often}, for "
            f"{held.memory >> 20} MiB of the {held.machine.memory >> 20} MiB of "
            f"{counted(held.machine.cpus, 'CPU')}"
        )


def _round(size: int) -> int:
    """The next number of mebibytes, in bytes."""
    return -(-size // (1 << 20)) << 20


def _enabling(enabling: Enabling) -> Size:
    """Of one probe; its names are beside."""
    size = Size(0, 2 * _SECTION + _PROBE + _ECB + 4)
    if enabling.predicate is not None:
        size += _difo(enabling.predicate)
    if enabling.actions:
        size += Size(0, _SECTION + _ACTION * len(enabling.actions))
    statement = None
    for action in enabling.actions:
        if action.code is not None:
            size += _difo(action.code)
        if action.format is not None and action.statement != statement:
            size += Size(0, len(str(action.format)) + 1)
        statement = action.statement
    return size


def _difo(difo: Difo) -> Size:
    integers = {item.value for item in difo.code if item.op == "setx"}
    strings = {str(item.value) for item in difo.code if item.op == "sets"}
    variables = {item.name for item in difo.code if item.op in _VARIABLES}
    sections, size = 3, _TYPE + 4 * len(difo.code)
    size += 1 + sum(len(text) + 1 for text in strings | variables)
    if integers:
        sections, size = sections + 1, size + 8 * len(integers)
    if variables:
        sections, size = sections + 1, size + _VARIABLE * len(variables)
    return Size(len(difo.code), size + sections * _SECTION + 4 * (sections - 1))


_SIMPLE: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "sll": lambda a, b: a << (b & 63),
    "srl": lambda a, b: a >> (b & 63),
    "sra": lambda a, b: a >> (b & 63),
    "mov": lambda a, b: a,
}
_BRANCHES: dict[str, Callable[[int], bool]] = {
    "ba": lambda difference: True,
    "be": lambda difference: difference == 0,
    "bne": lambda difference: difference != 0,
    "bg": lambda difference: difference > 0,
    "bgu": lambda difference: difference > 0,
    "bge": lambda difference: difference >= 0,
    "bgeu": lambda difference: difference >= 0,
    "bl": lambda difference: difference < 0,
    "blu": lambda difference: difference < 0,
    "ble": lambda difference: difference <= 0,
    "bleu": lambda difference: difference <= 0,
}


def _unwanted(predicate: Difo, under_way: bool) -> tuple[int, int]:
    """
    Instructions and look-ups that a predicate runs for a packet that is not followed.

    It lies in one long mbuf, and its bytes are of another kind than any that is asked for.
    """
    registers = [0] * 9
    local: dict[str, int] = {}
    difference = at = run = lookups = 0
    while at < len(predicate.code):
        item = predicate.code[at]
        run += 1
        at += 1
        op, a, b = item.op, registers[item.r1], registers[item.r2]
        if op in _SIMPLE:
            registers[item.rd] = _SIMPLE[op](a, b)
        elif op in _BRANCHES:
            if _BRANCHES[op](difference):
                at = int(item.value)
        elif op == "setx":
            registers[item.rd] = int(item.value)
        elif op in ("cmp", "tst"):
            difference = a - (b if op == "cmp" else 0)
        elif op == "stls":
            local[item.name] = registers[item.rd]
        elif op == "ldls":
            registers[item.rd] = local.get(item.name, 0)
        elif op == "ldgs" or op == "ldga":
            # An argument, or a number that is more than none.
            registers[item.rd] = 2 if under_way and item.name == _UNDER_WAY else 1 << 32
        elif op.startswith("ld") and op not in _DYNAMIC:
            registers[item.rd] = _LENGTH if a & 0xFF == _M_LEN and op == "ldsw" else 0
        elif op not in ("stgs", "pushtv", "flushts"):
            registers[item.rd] = 0
        registers[0] = 0
        lookups += op in _DYNAMIC
        if op == "ret":
            break
    return run, lookups
