# SPDX-License-Identifier: BSD-2-Clause
"""
The consumer: from the records in a buffer to what dtrace(1) prints.

Records are taken apart by the actions that made them, as libdtrace does with the descriptions
that the kernel gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

from dtkit.dlang.compiler.enablings import Action, ActionKind, Enabling
from dtkit.dlang.options import OptionError, Options
from dtkit.dlang.types import Types
from dtkit.freebsd import ProbePoint
from dtkit.packets.tracemem import tracemem_dump
from dtkit.simulate.aggregate import (
    Aggregations,
    Entry,
    compare_keys,
    compare_values,
    deviation,
    divide,
    in_order,
    signed,
)
from dtkit.simulate.format import AddressNames, Value, format_text
from dtkit.simulate.output import Output
from dtkit.simulate.print import print_text
from dtkit.simulate.text import (
    bytes_text,
    divide_text,
    quantization_text,
    stack_text,
)


@dataclass(frozen=True, slots=True)
class Enabled:
    """An enabling of a probe: what a record's first number stands for."""

    probe: ProbePoint
    enabling: Enabling


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """
    The fault of a clause, as the ERROR probe tells it.

    :ivar epid: number of the enabling.
    :ivar action: number of its action from 1, or 0 for the predicate.
    :ivar offset: of the faulting instruction, or -1.
    :ivar text: ``invalid address (0x3f)``.
    """

    epid: int
    action: int
    offset: int
    text: str


class Consumer:
    """
    Prints records.

    :param output: where to.
    :param enabled: the enablings by number, from 1.
    :param options: of dtrace(1); setopt() changes them.
    :param aggregations: what was aggregated.
    :param symbols: names for addresses.
    :param names: what the aggregations are called, by their number from 1.
    """

    def __init__(
        self,
        output: Output,
        enabled: Sequence[Enabled],
        options: Options,
        aggregations: Aggregations,
        symbols: AddressNames,
        types: Types,
        names: Sequence[str],
    ) -> None:
        self.output = output
        self.enabled = enabled
        self.options = options
        self.aggregations = aggregations
        self.symbols = symbols
        self.types = types
        self.names = names
        self.status = 0
        self._heading = False
        self._indent = 0
        self._last_epid = self._epid = 0

    def error(self, report: ErrorReport) -> None:
        """Report a fault."""
        where = f"action #{report.action}" if report.action else "predicate"
        at = f" at DIF offset {report.offset}" if report.offset != -1 else ""
        self.output.error(f"{self._on_probe(report.epid)}: {report.text} in {where}{at}")

    def _on_probe(self, epid: int) -> str:
        probe = self.enabled[epid - 1].probe
        return f"error on enabled probe ID {epid} (ID {probe.id}: {probe})"

    def drops(self, cpu: int, count: int, kind: str = "") -> None:
        """Report records that found no room."""
        if count:
            what = f"{kind} drop" if kind else "drop"
            self.lost(count, f"DTRACEDROP_{kind.upper() or 'PRINCIPAL'}", what, f" on CPU {cpu}")

    def lost(self, count: int, tag: str, what: str, rest: str) -> None:
        """Report what was lost: how many of what, and why; *tag* is shown with ``droptags``."""
        shown = f"[{tag}] " if self.options.droptags else ""
        self.output.error(f"{shown}{count} {what}{'s' if count > 1 else ''}{rest}")

    def record(self, epid: int, data: bytes, cpu: int, following: int = 0, time: int = 0) -> None:
        """
        Print one record.

        :param following: number of the enabling of the next record of that CPU, or 0.
        :param time: when it was made, in ns since boot.
        """
        enabled = self.enabled[epid - 1]
        self._epid = epid
        self._head(enabled.probe, epid, cpu, following)
        self._actions(enabled, data)
        if not self.options.quiet:
            self.output.write("\n")
        self._last_epid = epid

    # The line of a firing

    def _head(self, probe: ProbePoint, epid: int, cpu: int, following: int) -> None:
        write = self.output.write
        flow = self.options.flowindent
        if not self._heading:
            self._heading = True
            if flow:
                write(f"{'CPU':>3} {'FUNCTION':<41}\n")
            elif not self.options.quiet:
                write(f"{'CPU':>3} {'ID':>6} {'FUNCTION:NAME':>32}\n")
        if not flow:
            if not self.options.quiet:
                write(f"{cpu:3} {probe.id:6} {f'{probe.function}:{probe.name}':>32} ")
            return
        kind = self._flow(probe, epid, following)
        if kind == "return" and self._indent:
            self._indent -= 2
        syscall = probe.provider == "syscall"
        if kind:
            arrow = {
                "entry": " => " if syscall else " -> ",
                "return": " <= " if syscall else " <- ",
            }
            name = f"{' ' * self._indent}{arrow[kind]}{probe.function}"
        else:
            name = f"{' ' * self._indent}| {probe.function}:{probe.name}"
        write(f"{cpu:3} {name:<41} ")
        if kind == "entry":
            self._indent += 2

    def _flow(self, probe: ProbePoint, epid: int, following: int) -> str:
        """``entry`` or ``return`` where a line changes the indentation, else empty."""
        kind = next(
            (k for k in ("entry", "return") if probe.name == k or probe.name.endswith(f"-{k}")), ""
        )
        if kind == "entry" and self._last_epid not in (0, epid):
            last = self.enabled[self._last_epid - 1].probe
            if last.id == probe.id:
                return ""
        if (
            kind == "return"
            and following not in (0, epid)
            and self.enabled[following - 1].probe.id == probe.id
        ):
            return ""
        return kind

    # What the actions of a firing print

    def _actions(self, enabled: Enabled, data: bytes) -> None:
        actions = [action for action in enabled.enabling.actions if self._is_recorded(action)]
        limit = 0
        index = 0
        while index < len(actions):
            action = actions[index]
            index += 1
            value = data[action.offset : action.offset + action.size]
            match action.kind:
                case ActionKind.LIBRARY:
                    if action.name in ("normalize", "trunc", "setopt"):
                        second = actions[index]
                        index += 1
                        other = data[second.offset : second.offset + second.size]
                        self._library(action, value, other, second)
                    else:
                        self._library(action, value, b"", None)
                case ActionKind.DYNAMIC_SIZE:
                    limit = int.from_bytes(value, "little")
                case ActionKind.EXIT:
                    self.status = value[0]  # a process has eight bits of it
                case ActionKind.PRINTF:
                    group, index = self._group(actions, index - 1)
                    self._printf(group, data)
                case ActionKind.PRINTA:
                    group, index = self._group(actions, index - 1)
                    self._printa(group)
                case ActionKind.SYMBOL | ActionKind.MODULE if action.format is not None:
                    group, index = self._group(actions, index - 1)
                    self._printf(group, data)
                case ActionKind.TRACEMEM:
                    size = len(value) if limit == 0 else min(limit, len(value))
                    self._tracemem(value[:size])
                    limit = 0
                case _:
                    self._value(action, value)

    def _tracemem(self, data: bytes) -> None:
        self.output.print(tracemem_dump(data))

    def _is_recorded(self, action: Action) -> bool:
        return bool(action.size) and not action.in_tuple and action.kind != ActionKind.AGGREGATE

    def _group(self, actions: Sequence[Action], start: int) -> tuple[Sequence[Action], int]:
        """The actions of one statement, from *start* on."""
        end = start
        while end < len(actions) and actions[end].statement == actions[start].statement:
            end += 1
        return actions[start:end], end

    def _value(self, action: Action, value: bytes) -> None:
        output, quiet = self.output, self.options.quiet
        number = int.from_bytes(value[:8], "little")
        match action.kind:
            case ActionKind.STACK:
                frames = [
                    int.from_bytes(value[at : at + 8], "little") for at in range(0, len(value), 8)
                ]
                output.print(stack_text(frames, self.options.stackindent, self.symbols.frame))
            case ActionKind.SYMBOL:
                output.print(self.symbols.alone(number))
            case ActionKind.MODULE:
                output.print(f"  {self.symbols.module(number):<50}")
            case ActionKind.PRINT:
                assert action.type is not None
                output.write(print_text(self.types, action.type, value))
            case ActionKind.PRINTM:
                size = int.from_bytes(value[:8], "little")
                output.print(tracemem_dump(value[8 : 8 + size]))
            case _:
                output.print(trace_text(value, quiet, self.options.rawbytes))

    def _printf(self, group: Sequence[Action], data: bytes) -> None:
        format_ = group[0].format
        assert format_ is not None
        values: list[Value] = [
            (data[action.offset : action.offset + action.size], action) for action in group
        ]
        self.output.print(format_text(format_, values, self.symbols))

    # Aggregations

    def _library(self, action: Action, value: bytes, other: bytes, second: Action | None) -> None:
        variable = int.from_bytes(value[:8], "little")
        number = int.from_bytes(other, "little", signed=True) if len(other) <= 8 else 0
        match action.name:
            case "clear":
                self.aggregations.clear(variable)
            case "trunc":
                self.aggregations.truncate(variable, number)
            case "normalize":
                self.aggregations.normalize(variable, number & (1 << 64) - 1)
            case "denormalize":
                self.aggregations.normalize(variable, 1)
            case "setopt":
                name = value.partition(b"\0")[0].decode("utf-8", "replace")
                text = other.partition(b"\0")[0].decode("utf-8", "replace")
                if len(other) <= 8:  # setopt() was given the name alone
                    text = "1"
                try:
                    self.options = self.options.set_while_tracing(name, text)
                except OptionError as error:
                    where = self._on_probe(self._epid)
                    what = f'couldn\'t set option "{name}" to "{text}": {error}'
                    # dtrace(1) ends this one with two newlines.
                    self.output.error(f"{where}: {what}\n")

    def _printa(self, group: Sequence[Action]) -> None:
        variables = [action.variable for action in group]
        format_ = group[0].format
        if format_ is None:
            self.output.print("\n")
        if len(variables) == 1:
            for entry in self._sorted(self.aggregations.of(variables[0])):
                self._print_entry(entry, [entry], group[0])
                entry.printed = True
            return
        for key, entries in self._joined(variables):
            self._print_entry(key, entries, group[0])

    def _print_entry(self, key: Entry, entries: Sequence[Entry], action: Action) -> None:
        if action.format is None:
            self.print_entry(key, entries)
            return
        values = list(zip(key.keys, key.actions, strict=True))
        text = format_text(action.format, values, self.symbols, entries, self.options.aggzoom)
        self.output.print(text)
        for entry in entries:
            entry.printed = True

    def _sorted(self, entries: Iterable[Entry]) -> list[Entry]:
        options = self.options
        return in_order(
            entries,
            by_key=options.aggsortkey,
            reverse=options.aggsortrev,
            key_position=options.aggsortkeypos,
        )

    def _joined(self, variables: Sequence[int]) -> list[tuple[Entry, list[Entry]]]:
        """The entries of several aggregations, by their common keys, in order."""
        bundles: dict[tuple[bytes, ...], dict[int, Entry]] = {}
        prototypes: dict[int, Entry] = {}
        for variable in variables:
            for entry in self.aggregations.of(variable):
                bundles.setdefault(entry.keys, {})[variable] = entry
                prototypes.setdefault(variable, entry)
        rows: list[tuple[Entry, list[Entry]]] = []
        for have in bundles.values():
            first = next(iter(have.values()))
            row = []
            for variable in variables:
                if variable in have:
                    row.append(have[variable])
                else:
                    like = prototypes.get(variable, first)
                    empty = [0] * len(like.data)
                    row.append(
                        Entry(
                            variable,
                            like.function,
                            like.parameters,
                            first.keys,
                            first.actions,
                            empty,
                        )
                    )
            rows.append((first, row))
        position = self.options.aggsortpos if self.options.aggsortpos < len(variables) else 0

        def compare(a: tuple[Entry, list[Entry]], b: tuple[Entry, list[Entry]]) -> int:
            keys = compare_keys(a[0], b[0], self.options.aggsortkeypos)
            if self.options.aggsortkey and keys:
                return keys
            count = len(variables)
            for step in range(count):
                index = (position + step) % count
                if values := compare_values(a[1][index], b[1][index]):
                    return values
            return keys

        return sorted(rows, key=cmp_to_key(compare), reverse=self.options.aggsortrev)

    def print_entry(self, key: Entry, entries: Sequence[Entry]) -> None:
        """An entry of an aggregation in dtrace(1)'s own layout."""
        out = []
        for data, action in zip(key.keys, key.actions, strict=True):
            out.append(self._key_text(data, action))
        for entry in entries:
            out.append(self._result_text(entry))
            entry.printed = True
        out.append("\n")
        self.output.print("".join(out))

    def _key_text(self, data: bytes, action: Action) -> str:
        number = int.from_bytes(data[:8], "little")
        match action.kind:
            case ActionKind.STACK:
                frames = [
                    int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)
                ]
                return stack_text(frames, self.options.stackindent, self.symbols.frame)
            case ActionKind.SYMBOL:
                return self.symbols.alone(number)
            case ActionKind.MODULE:
                return f"  {self.symbols.module(number):<50}"
        return divide_text(data, 1, self.options.rawbytes)

    def _result_text(self, entry: Entry) -> str:
        zoom = self.options.aggzoom
        match entry.function:
            case "quantize" | "lquantize" | "llquantize":
                return quantization_text(
                    entry.function, entry.data, entry.parameters, entry.normal, zoom
                )
        if entry.function == "avg":
            count, total = entry.data
            value = divide(divide(total, signed(entry.normal)), count) if count else 0
            return f" {value:16}"
        if entry.function == "stddev":
            return f" {deviation(entry.data, entry.normal):16}"
        data = (entry.data[0] & (1 << 64) - 1).to_bytes(8, "little")
        return divide_text(data, entry.normal, self.options.rawbytes)

    def interrupt(self) -> None:
        """The user has had enough."""
        self.output.write("\n")

    def finish(self) -> None:
        """At the end: all that was not printed before."""
        self.output.write("\n")
        for entry in self._sorted(e for e in self.aggregations.entries.values() if not e.printed):
            self.print_entry(entry, [entry])


def trace_text(value: bytes, quiet: bool, raw: bool) -> str:
    """What trace() prints of a value."""
    widths = {1: 3, 2: 5, 4: 8, 8: 16}
    width = widths.get(len(value))
    if width is None:
        return bytes_text(value, -33, quiet, raw)
    number = int.from_bytes(value, "little", signed=len(value) >= 4)
    return str(number) if quiet else f" {number:{width}}"
