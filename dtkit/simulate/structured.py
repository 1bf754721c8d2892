# SPDX-License-Identifier: BSD-2-Clause
"""
Output as JSON, as dtrace(1) on FreeBSD 15 has it with ``-x oformat=json``.

The manual page says what objects there are and what is in them; spaces between them are ours. What
it does not say is ours too: bytes are hexadecimal, what print() shows is its text, and aggregations
that were not printed before are a list beside that of the probes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dtkit.dlang.compiler.enablings import Action, ActionKind
from dtkit.dlang.compiler.formats import Format
from dtkit.simulate.aggregate import Entry, deviation, divide, signed
from dtkit.simulate.consume import Consumer
from dtkit.simulate.format import format_text
from dtkit.simulate.print import print_text
from dtkit.simulate.text import buckets

Object = dict[str, Any]


class StructuredConsumer(Consumer):
    """Prints records as JSON."""

    _open = False
    _objects: list[Object]

    def record(self, epid: int, data: bytes, cpu: int, following: int = 0, time: int = 0) -> None:
        """Print one record."""
        enabled = self.enabled[epid - 1]
        self._epid = epid
        self._objects = []
        self._actions(enabled, data)
        probe = enabled.probe
        self._instance(
            {
                "timestamp": time,
                "cpu": cpu,
                "id": probe.id,
                "provider": probe.provider,
                "module": probe.module,
                "function": probe.function,
                "name": probe.name,
                "output": self._objects,
            }
        )

    def drops(self, cpu: int, count: int, kind: str = "") -> None:
        """A pseudo-probe stands for drops."""
        if not count:
            return
        what = f"{kind} drop" if kind else "drop"
        self._instance(
            {
                "cpu": cpu,
                "id": -1,
                "provider": "dtrace",
                "module": "INTERNAL",
                "function": "INTERNAL",
                "name": "DROP",
                "count": count,
                "msg": f"{count} {what}{'s' if count > 1 else ''} on CPU {cpu}\n",
            }
        )

    def interrupt(self) -> None:
        """Nothing: there are no lines to be set apart."""

    def finish(self) -> None:
        """Close what is open."""
        rest = [entry for entry in self.aggregations.entries.values() if not entry.printed]
        found = [self._aggregation(number, rest) for number in {e.variable for e in rest}]
        start = "" if self._open else '{"dtrace": {"probes": ['
        end = f', "aggregations": {json.dumps(found)}' if found else ""
        self.output.write(f"{start}]{end}}}}}\n")

    def _instance(self, item: Object) -> None:
        self.output.write(", " if self._open else '{"dtrace": {"probes": [')
        self._open = True
        self.output.write(json.dumps(item))

    # What actions record

    def _tracemem(self, data: bytes) -> None:
        self._objects.append({"tracemem": f"0x{data.hex()}"})

    def _value(self, action: Action, value: bytes) -> None:
        number = int.from_bytes(value[:8], "little")
        match action.kind:
            case ActionKind.STACK:
                frames = (value[at : at + 8] for at in range(0, len(value), 8))
                addresses = [int.from_bytes(frame, "little") for frame in frames]
                self._objects.append({"stack-frames": [*map(self._frame, filter(None, addresses))]})
            case ActionKind.SYMBOL:
                self._objects.append({"sym": self.symbols.symbol(number)})
            case ActionKind.MODULE:
                self._objects.append({"mod": self.symbols.module(number)})
            case ActionKind.PRINT:
                assert action.type is not None
                self._objects.append({"print": print_text(self.types, action.type, value)})
            case ActionKind.PRINTM:
                size = int.from_bytes(value[:8], "little")
                self._objects.append({"printm": f"0x{value[8 : 8 + size].hex()}"})
            case _:
                self._objects.append({"value": plain(value)})

    def _frame(self, address: int) -> Object:
        symbol = self.symbols.frame(address)
        module, _, rest = symbol.rpartition("`")
        name, plus, offset = rest.partition("+")
        found = {"symbol": symbol}
        if module and not name.startswith("0x"):
            found |= {"module": module, "name": name} | ({"offset": offset} if plus else {})
        return found

    def _printf(self, group: Sequence[Action], data: bytes) -> None:
        format_: Format | None = group[0].format
        assert format_ is not None
        values = [(data[a.offset : a.offset + a.size], a) for a in group]
        message = format_text(format_, values, self.symbols)
        arguments = [value for value, action in values if action.code is not None]
        self._objects.append({"message": message})
        self._objects += [{"value": plain(value)} for value in arguments]

    # Aggregations

    def _printa(self, group: Sequence[Action]) -> None:
        for number in dict.fromkeys(action.variable for action in group):
            entries = self.aggregations.of(number)
            self._objects.append(self._aggregation(number, entries))
            for entry in entries:
                entry.printed = True

    def _aggregation(self, number: int, entries: Iterable[Entry]) -> Object:
        mine = [entry for entry in entries if entry.variable == number]
        return {
            "aggregation-data": [_result(entry) for entry in self._sorted(mine)],
            "aggregation-name": self.names[number - 1],
        }


def plain(value: bytes) -> int | str:
    """A number, a string, or else the bytes."""
    if len(value) in (1, 2, 4, 8):
        return int.from_bytes(value, "little", signed=len(value) >= 4)
    text, _, rest = value.partition(b"\0")
    if not rest.strip(b"\0") and text.isascii() and text.decode("ascii").isprintable():
        return text.decode("ascii")
    return f"0x{value.hex()}"


def _result(entry: Entry) -> Object:
    found: Object = {"keys": [{"value": plain(key)} for key in entry.keys]}
    match entry.function:
        case "quantize" | "lquantize" | "llquantize":
            labels, counts = buckets(entry.function, entry.data, entry.parameters)
            found["buckets"] = [
                {"value": int(label) if label.lstrip("-").isdecimal() else label, "count": count}
                for label, count in zip(labels, counts, strict=True)
            ]
        case "avg":
            count, total = entry.data
            value = divide(divide(total, signed(entry.normal)), count) if count else 0
            found["avg"] = value
        case "stddev":
            found["stddev"] = deviation(entry.data, entry.normal)
        case name:
            found[name] = divide(entry.data[0], entry.normal)
    return found
