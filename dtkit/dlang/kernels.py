# SPDX-License-Identifier: BSD-2-Clause
"""
What a D program is checked against: the probes of a kernel, and its types.

A kernel is described by data files in ``library/``: D declarations, and tables of probes as
``dtrace -lv`` prints them.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dtkit.dlang.findings import DError
from dtkit.probes.description import description_fields

#: The probes that dtrace itself has.
_OWN = [("BEGIN", 1), ("END", 2), ("ERROR", 3)]

#: Probes of the profile provider, which come into being when they are asked for.
_TIMER = re.compile(
    r"(?:tick|profile)-[1-9][0-9]{0,9}(?:ns|nsec|us|usec|ms|msec|s|sec|m|min|h|hour|d|day|hz)?"
)

_GLOB = re.compile(r"[*?\[\\]")


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

    :ivar type: as dtrace(1) writes types: ``int``, ``char [8]``.
    :ivar address: in the simulated kernel; a real one has it elsewhere.
    """

    type: str
    address: int


@dataclass(frozen=True, slots=True)
class Description:
    """A probe description as a program has it: four patterns, empty ones match all."""

    provider: str
    module: str
    function: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"

    @classmethod
    def parse(cls, text: str, at: int | None = None) -> Description:
        """
        Read a description; a short one is filled from the right.

        :raises DError: it has too many fields.
        """
        try:
            return cls(*description_fields(text))
        except ValueError as error:
            raise DError(
                f'invalid probe description "{text}": Overspecified probe description',
                "D_PDESC_INVAL",
                at,
                "-",
            ) from error

    @property
    def fields(self) -> tuple[str, str, str, str]:
        """The four patterns."""
        return self.provider, self.module, self.function, self.name

    def matches(self, probe: ProbePoint) -> bool:
        """Whether *probe* is described."""
        have = (probe.provider, probe.module, probe.function, probe.name)
        return all(
            not want
            or want == value
            or (_GLOB.search(want) is not None and fnmatch.fnmatchcase(value, _pattern(want)))
            for want, value in zip(self.fields, have, strict=True)
        )


def _pattern(glob: str) -> str:
    # A backslash quotes in dtrace's globs; in fnmatch a bracket does.
    return re.sub(r"\\(.)", r"[\1]", glob).replace("[!", "[!")


class Kernel:
    """
    The probes and types of one kernel.

    :param name: what it is called in messages.
    :param probes: its probes, those of the ``dtrace`` provider aside.
    :param declarations: its types, as D.
    :param symbols: its variables, by name.
    """

    def __init__(
        self,
        name: str,
        probes: Iterable[ProbePoint],
        declarations: Iterable[str] = (),
        symbols: Mapping[str, KernelVariable] | None = None,
    ) -> None:
        own = [ProbePoint(id_, "dtrace", "", "", probe) for probe, id_ in _OWN]
        self.name = name
        self.probes = own + sorted(probes, key=lambda probe: probe.id)
        self.declarations = tuple(declarations)
        self.symbols = dict(symbols or {})
        self._exact: dict[tuple[str, str], list[ProbePoint]] = {}
        for probe in self.probes:
            self._exact.setdefault((probe.function, probe.name), []).append(probe)
        self._by_id = {probe.id: probe for probe in self.probes}

    def __iter__(self) -> Iterator[ProbePoint]:
        return iter(self.probes)

    def probe(self, id_: int) -> ProbePoint | None:
        """The probe of that number."""
        return self._by_id.get(id_)

    def match(self, description: Description) -> list[ProbePoint]:
        """The probes that *description* describes, by number."""
        key = description.function, description.name
        # Most descriptions name their function and probe: no need to try every probe.
        if all(key) and not any(map(_GLOB.search, key)):
            candidates = self._exact.get(key, [])
        else:
            candidates = self.probes
        found = [probe for probe in candidates if description.matches(probe)]
        return found or self._timers(description)

    def _timers(self, description: Description) -> list[ProbePoint]:
        """The timer that is made when a program names it: ``tick-1s``, ``profile-97hz``."""
        provider, module, function, name = description.fields
        if provider not in ("", "profile") or module or function or not _TIMER.fullmatch(name):
            return []
        probe = self._exact.get(("", name))
        if probe is None:
            timer = ProbePoint(self.probes[-1].id + len(self._exact) + 1, "profile", "", "", name)
            probe = self._exact[("", name)] = [timer]
            self._by_id[timer.id] = timer
        return probe


def read_probes(text: str) -> list[ProbePoint]:
    """
    Read a table of probes.

    A line is ``ID PROVIDER MODULE FUNCTION NAME`` separated by tabs, ``-`` for an empty one, then
    a tab before each argument type; ``native > translated`` where the two differ.
    """
    probes = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        number, provider, module, function, name, *arguments = line.split("\t")
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
    return probes


def read_symbols(text: str) -> dict[str, KernelVariable]:
    """
    Read a table of variables: a line is ``NAME TYPE``, separated by a tab.

    Each gets an address of its own, with room for the largest.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {
        name: KernelVariable(type_, KERNEL_DATA + number * SYMBOL_ROOM)
        for number, (name, _, type_) in enumerate(line.partition("\t") for line in lines)
    }


#: Where a simulated kernel has its variables, and the bytes that there are for each.
KERNEL_DATA = 0xFFFFFFFF81000000
SYMBOL_ROOM = 4096

#: The kernels that ship with dtkit, and the files that describe each.
_KERNELS = {
    "freebsd-12": ("probes-freebsd-12.tsv", ["freebsd.d", "mbuf-freebsd-12.d"]),
    "freebsd-14": ("probes-freebsd-12.tsv", ["freebsd.d", "mbuf-freebsd-14.d"]),
}

#: What all of them have.
_COMMON = ["network.d", "constants.d"]

#: The structs of them of which only some members are declared.
PARTIAL_STRUCTS = {"ifnet", "prison", "proc", "tcpcb", "thread", "ucred", "vnet"}

#: The one that programs are checked against when nothing else is said.
DEFAULT = "freebsd-12"


def kernel_names() -> list[str]:
    """The kernels that ship with dtkit."""
    return list(_KERNELS)


@cache
def kernel(name: str = DEFAULT) -> Kernel:
    """
    A kernel that ships with dtkit.

    :raises KeyError: there is none of that name.
    """
    table, declarations = _KERNELS[name]
    library = resources.files(__package__) / "library"
    return Kernel(
        name,
        read_probes((library / table).read_text("utf-8")),
        [(library / file).read_text("utf-8") for file in [*declarations, *_COMMON]],
        read_symbols((library / "symbols-freebsd-12.tsv").read_text("utf-8")),
    )
