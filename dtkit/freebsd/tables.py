# SPDX-License-Identifier: BSD-2-Clause
"""
The tables that describe a kernel: its probes, as ``dtrace -lv`` prints them, and its variables.

They are text in ``tables/``, one row a line, columns separated by tabs, ``#`` before a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

#: Where a simulated kernel has its variables, and the bytes that there are for each.
KERNEL_DATA = 0xFFFFFFFF81000000
SYMBOL_ROOM = 32768


class TableError(ValueError):
    """A row that is not of its table; ``str()`` names the file, the line and the column."""


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """
    A probe of a kernel.

    :ivar arguments: the types of ``args[]`` as ``dtrace -lv`` prints them.
    :ivar native: the types of the probe's own arguments, where ``args[]`` are translated from
        them; the same as *arguments* otherwise.
    """

    id: int
    provider: str
    module: str
    function: str
    name: str
    arguments: tuple[str, ...] = ()
    native: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"

    def argument_types(self, index: int) -> tuple[str, str]:
        """The native and the translated type of ``args[index]``."""
        translated = self.arguments[index]
        return (self.native[index] if self.native is not None else translated), translated


@dataclass(frozen=True, slots=True)
class KernelVariable:
    """
    A variable of a kernel, which programs name as ```name``.

    :ivar type: as dtrace(1) writes types: ``int``, ``char [8]``; empty where the kernel has no
        type data of it.
    :ivar address: in the simulated kernel; a real one has it elsewhere.
    """

    type: str
    address: int


def read_probes(text: str, file: str = "probes") -> tuple[ProbePoint, ...]:
    """
    Read a table of probes.

    A line is ``ID PROVIDER MODULE FUNCTION NAME`` separated by tabs, ``-`` for an empty one, then
    a tab before each argument type; ``native > translated`` where the two differ.

    :param file: what errors call the table.
    :raises TableError: a row has not these columns.
    """
    probes = []
    for line, row in _rows(text):
        columns = ("ID", "PROVIDER", "MODULE", "FUNCTION", "NAME")
        _complete(row, columns, file, line)
        number, provider, module, function, name, *arguments = row
        if not number.isdecimal():
            raise TableError(f"{file}: line {line}: ID is a number, not {number!r}")
        pairs = [argument.partition(" > ") for argument in arguments]
        translated = tuple(right or left for left, _, right in pairs)
        native = tuple(left for left, _, _ in pairs)
        probes.append(
            ProbePoint(
                int(number),
                provider,
                "" if module == "-" else module,
                "" if function == "-" else function,
                name,
                translated,
                native if native != translated else None,
            )
        )
    return tuple(probes)


def read_symbols(text: str, file: str = "symbols") -> dict[str, KernelVariable]:
    """
    Read a table of variables: a line is ``NAME TYPE``, separated by a tab.

    Each gets an address of its own, with room for the largest.

    :param file: what errors call the table.
    :raises TableError: a row has not these columns.
    """
    found = {}
    for number, (line, row) in enumerate(_rows(text)):
        _complete(row, ("NAME", "TYPE"), file, line)
        found[row[0]] = KernelVariable(
            "" if row[1] == "-" else row[1], KERNEL_DATA + number * SYMBOL_ROOM
        )
    return found


@dataclass(frozen=True, slots=True)
class KernelNames:
    """
    Names that a kernel, its modules or its D library have, whether dtkit has more of them or not.

    :ivar typedefs: names of types.
    :ivar tags: ``(kind, tag)`` of structs, unions and enums.
    :ivar library: what D's library defines beside constants: inlines and variables.
    :ivar providers: names of providers of probes, those of processes aside.
    """

    typedefs: frozenset[str] = frozenset()
    tags: frozenset[tuple[str, str]] = frozenset()
    library: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()


_TAGS = {"struct", "union", "enum"}


def read_names(texts: Iterable[tuple[str, str]]) -> KernelNames:
    """
    Read tables of names: a line is ``KIND NAME``, separated by a tab.

    :param texts: each table, and what errors call it.
    :raises TableError: a row has not these columns, or is of another kind.
    """
    tags: set[tuple[str, str]] = set()
    names: dict[str, set[str]] = {"typedef": set(), "library": set(), "provider": set()}
    for text, file in texts:
        for line, row in _rows(text):
            _complete(row, ("KIND", "NAME"), file, line)
            kind, name = row[:2]
            if kind in _TAGS:
                tags.add((kind, name))
            elif kind in names:
                names[kind].add(name)
            else:
                raise TableError(f"{file}: line {line}: {kind!r} is no KIND of name")
    return KernelNames(
        frozenset(names["typedef"]),
        frozenset(tags),
        frozenset(names["library"]),
        frozenset(names["provider"]),
    )


def read_constants(texts: Iterable[tuple[str, str]]) -> dict[str, int]:
    """
    Read tables of constants: a line is ``NAME VALUE``, separated by a tab.

    :param texts: each table, and what errors call it; a later one has the last word.
    :raises TableError: a row has not these columns, or a value that is no number.
    """
    found = {}
    for text, file in texts:
        for line, row in _rows(text):
            _complete(row, ("NAME", "VALUE"), file, line)
            if not row[1].removeprefix("-").isdecimal():
                raise TableError(f"{file}: line {line}: VALUE is a number, not {row[1]!r}")
            found[row[0]] = int(row[1])
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            yield number, line.split("\t")


def _complete(row: list[str], columns: tuple[str, ...], file: str, line: int) -> None:
    for number, column in enumerate(columns):
        if len(row) <= number or not row[number]:
            raise TableError(f"{file}: line {line}: no {column}")


@cache
def table_text(file: str) -> str:
    """
    The text of a table that ships with dtkit.

    :raises TableError: there is no such file.
    """
    from pkgutil import get_data  # several times as quick to import as importlib.resources

    try:
        return (get_data(__package__, f"tables/{file}") or b"").decode()
    except OSError as error:
        raise TableError(f"{file}: {error.strerror}") from error
