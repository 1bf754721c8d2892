# SPDX-License-Identifier: BSD-2-Clause
"""
What ``dtrace -lv`` prints: the probes of a running kernel, and the types of their arguments.

A row names a probe (``%5d %10s %17s %33s %s``), indented lines below it say more, and of these
``args[N]: TYPE`` the types. It is the only source that is right about the kernel at hand:
signatures differ between releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from dtkit.oddity import Oddity
from dtkit.probes.arguments import (
    InterfaceArgument,
    MbufArgument,
    interface_argument,
    mbuf_arguments,
)
from dtkit.probes.data import Data, Direction
from dtkit.probes.description import ProbeDescription
from dtkit.probes.points import Catalog, Probe

#: Where the module ends in a row, when one of module and function is empty.
_MODULE_END = 5 + 1 + 10 + 1 + 17

#: No listing has longer lines; what is longer is none.
_LONGEST = 4096

_ARGUMENT = re.compile(r"\t\targs\[(\d{1,4})\]: (.+)")


@dataclass(frozen=True, slots=True)
class ListedProbe:
    """
    A probe as a listing has it.

    :ivar id: its number in that kernel.
    :ivar description: with its module.
    :ivar arguments: types of ``args[]`` as C writes them.
    :ivar line: line of its row.
    """

    id: int
    description: ProbeDescription
    arguments: tuple[str, ...]
    line: int

    @property
    def mbufs(self) -> list[MbufArgument]:
        """The arguments that are a pointer to an mbuf, or to such a pointer."""
        return mbuf_arguments(self.arguments)

    @property
    def interface(self) -> InterfaceArgument | None:
        """Its first argument that is a ``struct ifnet *``."""
        return interface_argument(self.arguments)


def read_listing(stream: BinaryIO) -> Iterator[ListedProbe | Oddity]:
    """
    Read a listing.

    :param stream: binary; read once, to its end, one probe in memory at a time.
    :return: its probes, and what was odd about it. Bad input raises nothing.
    :raises OSError: *stream* cannot be read.
    """
    row: tuple[int, int, ProbeDescription] | None = None
    arguments: list[str] = []
    detailed = True  # whether anything was said below the last row
    terse = 0
    number = 0
    raw = b""
    for raw in iter(lambda: stream.readline(_LONGEST), b""):
        number += 1
        line = raw.decode("utf-8", "replace")
        if line[0] == "\t":
            detailed = True
            if line.startswith("\t\targs["):
                match = _ARGUMENT.fullmatch(line.rstrip())
                if not raw.endswith(b"\n"):
                    pass  # cut, and said so at the end
                elif match is None or int(match[1]) != len(arguments) or row is None:
                    yield Oddity("line", number, "no argument of a probe", unread=1)
                else:
                    arguments.append(match[2])
            continue
        if not (line := line.rstrip()) or line.startswith("   ID "):
            continue
        found = _row(line)
        if found is None:
            yield Oddity("line", number, "no row of a listing", unread=1)
            continue
        if row is not None:
            yield ListedProbe(row[0], row[2], tuple(arguments), row[1])
            terse += not detailed
        row, arguments, detailed = (found[0], number, found[1]), [], False
    if row is not None:
        yield ListedProbe(row[0], row[2], tuple(arguments), row[1])
        if terse and not detailed:
            what = f"{terse + 1} probes without types: list them with `dtrace -lv`"
            yield Oddity("line", 0, what)
        elif not detailed or not raw.endswith(b"\n"):
            yield Oddity("line", number, "the listing is cut")
    elif number == 0:
        yield Oddity("line", 0, "the listing is empty")


def _row(line: str) -> tuple[int, ProbeDescription] | None:
    words = line.split()
    if not 3 <= len(words) <= 5 or not words[0].isdecimal() or len(words[0]) > 9:
        return None
    if len(words) == 5:
        fields = words[1:]
    elif len(words) == 3:
        fields = [words[1], "", "", words[2]]
    else:
        end = line.index(words[2], line.index(words[1]) + len(words[1])) + len(words[2])
        middle = [words[2], ""] if end <= _MODULE_END else ["", words[2]]
        fields = [words[1], *middle, words[3]]
    try:
        return int(words[0]), ProbeDescription.plain(":".join(fields))
    except ValueError:
        return None


def extend(known: Catalog, listing: Iterable[ListedProbe | Oddity]) -> Iterator[Probe | Oddity]:
    """
    The probes of *known* as a listing corrects them, followed by those that only it has.

    Where both have a probe, the listing says where the mbuf is and *known* what it holds; of
    probes that are not listed what *known* says holds, for a listing may be of some only.

    :return: probes, each description once, and what was odd about the listing.
    """
    rows: dict[str, list[ListedProbe]] = {}
    for item in listing:
        if isinstance(item, Oddity):
            yield item
        elif item.description.provider == "fbt" or item.mbufs:
            rows.setdefault(str(replace(item.description, module="")), []).append(item)
    listed: dict[str, _Known] = {}
    for key, items in rows.items():
        if any(item.mbufs for item in items):
            yield from _settle(key, items, listed)
    for probe in known:
        if (entry := listed.pop(str(probe), None)) is None:
            if probe.description.provider == "fbt":
                probe = replace(probe, unsure=probe.unsure or "not in the listing")
            yield probe
            continue
        mbuf = next((one for one in entry.mbufs if _same(one, probe.mbuf)), entry.mbufs[0])
        yield replace(
            probe,
            mbuf=mbuf,
            others=tuple(other for other in entry.mbufs if other != mbuf),
            interface=entry.interface or probe.interface,
            arguments=entry.item.arguments,
            earlier=(),
            unsure="",
        )
    for key, entry in listed.items():
        first = entry.item.mbufs[0]
        yield Probe(
            description=ProbeDescription.plain(key),
            mbuf=entry.mbufs[0],
            others=entry.mbufs[1:],
            data=Data.UNKNOWN,
            direction=Direction.ANY,
            purpose=f"takes {entry.item.arguments[first.position]} as argument {first.position}",
            hint=True,
            null=True,
            interface=entry.interface,
            arguments=entry.item.arguments,
        )


def _same(one: MbufArgument, other: MbufArgument) -> bool:
    """Whether both are the same argument, by whichever name."""
    return one.raw() == other.raw()


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a description: one of its functions, and arguments that fit them all."""

    item: ListedProbe
    mbufs: tuple[MbufArgument, ...]
    interface: InterfaceArgument | None


def _settle(key: str, items: list[ListedProbe], listed: dict[str, _Known]) -> Iterator[Oddity]:
    """
    Find expressions for the functions that the description *key* matches.

    An inline function has a copy in each file that uses it, and all of them have one name. Where a
    description matches several, dtrace(1) refuses ``args[]`` (it calls them an unstable set of
    probes), so the raw arguments are cast.
    """
    first = items[0]
    if len(items) == 1:
        listed[key] = _Known(first, tuple(first.mbufs), first.interface)
    elif all(item.arguments == first.arguments for item in items):
        mbufs = tuple(mbuf.raw() for mbuf in first.mbufs)
        listed[key] = _Known(first, mbufs, first.interface and first.interface.raw())
    elif key == str(replace(first.description, module="")) != str(first.description):
        for module in dict.fromkeys(item.description.module for item in items):
            same = [item for item in items if item.description.module == module]
            if any(item.mbufs for item in same):
                yield from _settle(str(same[0].description), same, listed)
    else:
        what = f"{key} is several functions that take different arguments; it is left out"
        yield Oddity("line", first.line, what)
