# SPDX-License-Identifier: BSD-2-Clause
"""
What the output of dtrace(1) consists of.

An output is a sequence of events: firings with what their actions printed, text that belongs to
no firing, what dtrace(1) itself says on stderr (faults, drops, notices), and the oddities the
reader met. Each knows the line it began on, from 1.

:class:`Firing`, :class:`Dump` and :class:`Source` are named tuples where the rest are dataclasses:
hundreds of thousands are made and looked up a second, and a dataclass takes three times as long.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypeAlias

from dtkit.counted import counted
from dtkit.oddity import Oddity


class Source(NamedTuple):
    """
    Where a firing came from, as far as its framing says.

    :ivar cpu: the CPU.
    :ivar id: the probe's id; None with ``-F``, which does not print it.
    :ivar function: the probe's function; empty for BEGIN, END and ERROR.
    :ivar name: the probe's name; with ``-F``, ``entry`` and ``return`` stand for the arrows.
    :ivar probe: its whole description, where the output says it.
    """

    cpu: int
    id: int | None
    function: str
    name: str
    probe: str | None = None


class Dump(NamedTuple):
    """A hexdump, as tracemem() prints it; *data* is what stood in its rows, in order."""

    line: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A line of text, from printf(), trace(), print() or an aggregation."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack trace, innermost frame first: ``kernel`swi_net+0x12b``."""

    line: int
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Annotation:
    """
    A line that a script of dtkit's prints about itself: ``@dtkit 1 KIND key=value ...``.

    :ivar kind: ``start``, ``mbuf``, ``end``, or one this version does not know.
    :ivar fields: its fields as written; read them with :meth:`number`.
    """

    line: int
    kind: str
    fields: dict[str, str]

    def number(self, key: str) -> int | None:
        """The field's value, decimal or ``0x`` hex; None when it is absent or no 64-bit number."""
        text = self.fields.get(key, "")
        if not _NUMBER.fullmatch(text):
            return None
        value = int(text, 0 if text.startswith("0x") else 10)
        return value if -(1 << 63) <= value < 1 << 64 else None


#: A number as printf() of D prints it.
_NUMBER = re.compile("-?[0-9]{1,20}|0x[0-9a-f]{1,16}")

Part: TypeAlias = Dump | Message | Stack | Annotation


class Firing(NamedTuple):
    """
    One run of a clause: its source and what it printed.

    *source* is None where the output has no framing (``-q``): there each dump, with the text
    before it, is taken for a firing. *timestamp* is the time since boot in ns, where the output
    says it.
    """

    line: int
    source: Source | None
    parts: tuple[Part, ...]
    timestamp: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """
    An error in a clause, as dtrace(1) reports it.

    :ivar epid: enabled probe id.
    :ivar id: probe id.
    :ivar probe: probe description, ``fbt:kernel:ip_input:entry``.
    :ivar flag: the fault flag (``BADADDR``, ``NOSCRATCH``, ...), or the message's own words.
    :ivar illval: the offending address, where the flag has one.
    :ivar action: number of the action, from 1; None in a predicate.
    :ivar offset: offset in the DIF, in bytes; None where the action itself faulted.
    """

    line: int
    epid: int
    id: int
    probe: str
    flag: str
    illval: int | None
    action: int | None
    offset: int | None

    def __str__(self) -> str:
        value = "" if self.illval is None else f" {self.illval:#x}"
        where = "the predicate" if self.action is None else f"action {self.action}"
        return f"fault at {self.probe}: {self.flag}{value} in {where}"


#: What is lost, where dtrace(1) has an adjective for it, or nothing.
_LOST = {"": "record", "speculative": "speculative record"}


@dataclass(frozen=True, slots=True)
class Drop:
    """
    Data that dtrace(1) says it lost.

    :ivar count: how many records.
    :ivar kind: ``""`` for trace records, else ``aggregation``, ``dynamic variable``, ...
    :ivar cpu: the CPU, where it says so.
    """

    line: int
    count: int
    kind: str
    cpu: int | None

    def __str__(self) -> str:
        where = f" on CPU {self.cpu}" if self.cpu is not None else ""
        what = _LOST.get(self.kind, self.kind)
        return f"dropped {counted(self.count, what)}{where}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else that dtrace(1) says of itself: ``description '...' matched 1 probe``."""

    line: int
    text: str

    @property
    def began(self) -> bool:
        """Whether it says only that dtrace(1) has begun, as it does on every run."""
        return _BEGAN.match(self.text) is not None

    def __str__(self) -> str:
        if self.text.startswith("invalid probe specifier "):
            # The whole program, between the words and the reason at their end.
            return f"dtrace: {self.text.rpartition('}: ')[2]}"
        return f"dtrace: {self.text}"


_BEGAN = re.compile("(?:description|script) '.*' matched [0-9]+ probes?$", re.DOTALL)


Event: TypeAlias = Firing | Message | Stack | Annotation | Fault | Drop | Notice | Oddity


def to_dict(event: Event | Part, source: Source | None = None) -> dict[str, Any]:
    """
    An event, or a part of the firing from *source*, as JSON-ready values with a ``type``.

    Firings and dumps have no form of their own: packets are made of them.
    """
    if isinstance(event, (Firing, Dump)):
        raise TypeError(f"a {type(event).__name__} is written as packets")
    fields = asdict(event)
    line = fields.pop("number") if isinstance(event, Oddity) else fields.pop("line")
    for inside in ("unit", "asked"):  # of captures, and of scripts of `dtkit path`
        fields.pop(inside, None)
    if isinstance(event, Fault):
        fields["illval"] = None if event.illval is None else f"{event.illval:#x}"
    if isinstance(event, (Message, Stack, Annotation)):
        where = source._asdict() if source else dict.fromkeys(Source._fields)
        fields = where | fields
    return {"type": type(event).__name__.lower(), **fields, "line": line}
