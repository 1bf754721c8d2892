# SPDX-License-Identifier: BSD-2-Clause
"""A place in the kernel that a packet passes, and the moment that it does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from dtkit.foreign import decoded, encoded, visible
from dtkit.packets.header import MbufHeader
from dtkit.trace.journey.columns import Table, Words

__all__ = ["HOP", "OF_WAY", "Hop", "HopMoment", "Place", "trace_string"]

#: ``FILE:LINE: TEXT``, of which the position may be missing, and TEXT if there is a position.
_PLACE = re.compile(rb"(?:([^\s:]+):([0-9]{1,9})(?:: ?|\Z))?([+-]?)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the kernel that a packet passes.

    :ivar text: the text that names it, as captured, without arguments.
    :ivar module: the kernel module, where that is known and the file is not.
    """

    text: str
    label: Annotated[str, Words("the function, or what else the trace point says")]
    direction: Annotated[str, Words("'+' for entering, '-' for leaving, '' for neither")] = ""
    file: Annotated[str | None, Words("source file as captured; null if unknown")] = None
    line: Annotated[int | None, Words("line in it; null if unknown")] = None
    module: str | None = None

    @classmethod
    def parse(cls, text: bytes) -> Place:
        """The place that *text* names: ``net/if.c:42: +ether_input``; any bytes name one."""
        found = _PLACE.fullmatch(text)
        assert found is not None  # every part of the pattern may be empty
        file, line, direction, label = found.groups()
        return cls(
            decoded(text),
            decoded(label),
            direction.decode(),
            None if file is None else decoded(file),
            None if line is None else int(line),
        )

    @property
    def path(self) -> str | None:
        """The file below the kernel's ``sys`` directory: ``net/if.c`` wherever it was built."""
        return None if self.file is None else _below_sys(self.file)

    @property
    def group(
        self,
    ) -> Annotated[str, Words("subsystem: the file's directory below sys, or the module")]:
        """The subsystem: its directory (``netpfil/pf``), else its module, else empty."""
        path = self.path
        return path.rpartition("/")[0] if path is not None else self.module or ""

    @property
    def name(self) -> str:
        """What to call it in one word: its label, else ``file:line``."""
        return self.label or self.text

    def __str__(self) -> str:
        return visible(self.text)


@lru_cache(maxsize=4096)
def _below_sys(file: str) -> str:
    _, found, below = f"/{file}".rpartition("/sys/")
    path = below if found else file
    while path.startswith(("./", "../", "/")):
        path = path.partition("/")[2]
    return path


class Hop(NamedTuple):
    """A place passed at a moment. (A named tuple: made for each hop of a long capture.)

    :ivar place: where.
    :ivar header: what the kernel knows of the packet beside its bytes, where that was asked for.
    """

    place: Place
    arguments: Annotated[str | None, Words("what stood in parentheses; null if nothing did")] = None
    time: Annotated[int | None, Words("ns since 1970; null if unknown")] = None
    cpu: Annotated[int | None, Words("the CPU it ran on; null if unknown")] = None
    thread: Annotated[int | None, Words("the thread that ran; null if unknown", form="hex")] = None
    process: Annotated[str | None, Words("of that thread, as name[pid]; null if unknown")] = None
    interface: Annotated[
        str | None, Words("that the packet came from or goes to; null if unknown")
    ] = None
    vnet: Annotated[str | None, Words("the network stack (jail) at work; null if unknown")] = None
    rule: Annotated[str | None, Words("the firewall's rule that matched; null if none did")] = None
    reason: Annotated[str | None, Words("what it says of why; null if nothing")] = None
    host: Annotated[str | None, Words("it was on, of several; null if there is one")] = None
    header: MbufHeader | None = None
    stack: Annotated[
        tuple[str, ...] | None, Words("the callers, innermost first; null if not recorded")
    ] = None

    @classmethod
    def parse(cls, text: bytes) -> Hop:
        """The hop that a trace string (without its final NUL) stands for."""
        head, paren, tail = text.partition(b"(")
        if paren and head and head[-1] != 0x20 and tail[-1:] == b")":
            return cls(Place.parse(head), decoded(tail[:-1]))
        return cls(Place.parse(text))

    @property
    def text(self) -> Annotated[str, Words("the trace string that it stands for")]:
        """The trace string that it stands for."""
        place, arguments = self.place.text, self.arguments
        return place if arguments is None else f"{place}({arguments})"

    @property
    def label(self) -> str:
        """The function, or what else the trace point says, with its arguments."""
        label, arguments = self.place.name, self.arguments
        return label if arguments is None else f"{label}({arguments})"

    def __str__(self) -> str:
        return visible(self.text)


class HopMoment(NamedTuple):
    """A hop of a journey where it stands there.

    :ivar step: the hop.
    :ivar before: the hop before it, or None.
    """

    number: Annotated[int, Words("place in the journey, from 0, in the order of time", name="step")]
    depth: Annotated[int, Words("how deep it is nested, by entering and leaving")]
    step: Hop
    before: Hop | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        row = {"type": HOP.name, **HOP.row(self)}
        return row if self.step.header is None else {**row, "header": self.step.header.known()}


#: What is told of a hop where it stands in a journey.
HOP = Table("hop", (HopMoment, ""), (Place, "step.place."), (Hop, "step."))

#: Of that what the way tells, and not the hop.
OF_WAY = HOP.names[:2]
assert [column.path for column in HOP.columns[:2]] == ["number", "depth"]


def trace_string(hop: Hop) -> bytes:
    """The bytes of the record that *hop* stands for, with their final NUL."""
    return encoded(hop.text) + b"\0"
