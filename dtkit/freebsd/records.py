# SPDX-License-Identifier: BSD-2-Clause
"""
The releases of FreeBSD that dtkit knows, one record each.

Whatever differs from release to release is in a record here, or in a table that it names: the
layout of mbufs, types, probes and their signatures, variables, patch trees. A release that is
added to :data:`RELEASES` is everywhere: in ``--release``, the checker, the simulator, the
generator, the patch scripts, the support matrix of the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dtkit.freebsd.tables import (
    KernelNames,
    KernelVariable,
    ProbePoint,
    read_constants,
    read_names,
    read_probes,
    read_symbols,
    table_text,
)
from dtkit.mbuf.layout import (
    FREEBSD_12,
    FREEBSD_13_2019,
    FREEBSD_14,
    FREEBSD_14_ILP32,
    Layout,
)


class UnknownReleaseError(LookupError):
    """No record of that release; ``str()`` names the ones beside it."""


@dataclass(frozen=True, slots=True)
class PatchTree:
    """
    A source tree that the kernel patches have hooks for.

    :ivar name: of the hooks, ``trees/NAME.patch``.
    :ivar osreldates: ``__FreeBSD_version`` of the trees that they are for; that they fit one
        exactly is for patch(1) to say.
    :ivar layout: of ``struct mbuf`` in them.
    """

    name: str
    osreldates: range
    layout: Layout


@dataclass(frozen=True, slots=True)
class Release:
    """
    A release of FreeBSD: what programs meet on its kernels (amd64, where machines differ).

    :ivar name: as ``--release`` takes it.
    :ivar title: which kernel or tree the facts were read from.
    :ivar osreldate: ``kern.osreldate`` of that one.
    :ivar osreldates: those of the kernels that the facts hold for.
    :ivar layout: of ``struct mbuf``.
    :ivar types: files of the types of its kernel, as D, in the order in which they are read.
    :ivar library: files of what its D library declares beside constants, likewise.
    :ivar probe_table: the file of its probes and their signatures.
    :ivar symbol_table: the file of its variables.
    :ivar constant_tables: files of the constants of its D library.
    :ivar name_tables: files of the names that it has, whether dtkit knows more of them or not.
    :ivar tree: the hooks of the kernel patches for it.
    :ivar partial: tags of the structs of which only some members are declared.
    :ivar max_cpus: among how many CPUs the kernel divides ``dynvarsize``: all that it could have;
        None where it counts those that there are.
    :ivar layout_ilp32: of ``struct mbuf`` on its 32-bit machines; None where that is not known.
    :ivar released: False for a development branch, which is no default.
    :ivar prints_symbols: whether its dtrace(1) prints, as text, what sym() and func() recorded:
        FreeBSD 15.1's prints it with a format, as printa() has one, and nothing otherwise.
    """

    name: str
    title: str
    osreldate: int
    osreldates: range
    layout: Layout
    types: tuple[str, ...]
    library: tuple[str, ...]
    probe_table: str
    symbol_table: str
    constant_tables: tuple[str, ...]
    name_tables: tuple[str, ...]
    tree: PatchTree
    partial: frozenset[str] = frozenset()
    max_cpus: int | None = None
    layout_ilp32: Layout | None = None
    released: bool = True
    prints_symbols: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def major(self) -> int:
        """The number of the branch: 14."""
        return self.osreldates.start // 100_000

    @property
    def probes(self) -> tuple[ProbePoint, ...]:
        """
        Its probes, those of dtrace itself aside.

        :raises TableError: a row of the table is not complete.
        """
        return read_probes(table_text(self.probe_table), self.probe_table)

    @property
    def symbols(self) -> Mapping[str, KernelVariable]:
        """
        Its variables by name.

        :raises TableError: a row of the table is not complete.
        """
        return read_symbols(table_text(self.symbol_table), self.symbol_table)

    @property
    def kernel_declarations(self) -> tuple[str, ...]:
        """The types of its kernel, as D."""
        return tuple(map(table_text, self.types))

    @property
    def library_declarations(self) -> tuple[str, ...]:
        """The types, inlines and translators of its D library."""
        return tuple(map(table_text, self.library))

    @property
    def constants(self) -> Mapping[str, int]:
        """
        The constants of its D library, by name.

        :raises TableError: a row of a table is not complete.
        """
        return read_constants((table_text(file), file) for file in self.constant_tables)

    @property
    def names(self) -> KernelNames:
        """
        The names that it has.

        :raises TableError: a row of a table is not complete.
        """
        return read_names((table_text(file), file) for file in self.name_tables)


_TREE_12 = PatchTree("freebsd-12.1", range(1200000, 1300000), FREEBSD_12)
_TREE_14 = PatchTree("freebsd-14", range(1400000, 1500000), FREEBSD_14)
_TREE_MAIN = PatchTree("freebsd-main", range(1500000, 1700000), FREEBSD_14)

#: Trees that no host runs any more, but that have hooks: 13-CURRENT of 2019, where the pages of
#: unmapped mbufs were listed in a structure of their own.
_OLD_TREES = (PatchTree("freebsd-13-2019", range(1300000, 1300100), FREEBSD_13_2019),)

#: The structs of ``types.d`` that have only those members that programs look at most.
_PARTIAL = frozenset(
    {"ifnet", "inpcb", "prison", "proc", "socket", "tcpcb", "thread", "ucred", "vnet"}
)

#: Those of pf, on every release.
_FIREWALLS = frozenset(
    f"pf_{kernel}{kind}" for kernel in ("", "k") for kind in ("rule", "state", "anchor", "ruleset")
)

# Of main nothing else is known but where it begins.
_FIFTEEN = Release(
    name="15",
    title="15.1-RELEASE (1501000), running, and its sources",
    osreldate=1501000,
    osreldates=range(1500068, 1600000),
    layout=FREEBSD_14,
    layout_ilp32=FREEBSD_14_ILP32,
    types=(
        "types-15.d",
        "common.d",
        "modules-15.d",
        "firewall-15.d",
    ),
    library=(
        "network.d",
        "connection-14.d",
        "tcphdr-15.d",
        "process.d",
        "psinfo-15.d",
        "strings.d",
        "io-15.d",
        "modules.d",
    ),
    probe_table="probes-15.tsv",
    symbol_table="symbols-15.tsv",
    constant_tables=("constants.tsv", "constants-15.tsv"),
    name_tables=("names.tsv", "names-15.tsv"),
    tree=_TREE_MAIN,
    partial=_FIREWALLS,
    prints_symbols=False,
)

#: Oldest first. 13 is not among them: nobody has read a tree of 13.x-RELEASE.
RELEASES: tuple[Release, ...] = (
    Release(
        name="12",
        title="12.1-RELEASE, running",
        osreldate=1201000,
        osreldates=range(1200086, 1300000),
        layout=FREEBSD_12,
        types=(
            "types.d",
            "mbuf-12.d",
            "tcpcb-12.d",
            "firewall-12.d",
        ),
        library=(
            "network.d",
            "connection-12.d",
            "tcphdr-12.d",
            "process.d",
            "psinfo-14.d",
            "strings.d",
        ),
        probe_table="probes-12.tsv",
        symbol_table="symbols-12.tsv",
        constant_tables=("constants.tsv",),
        name_tables=("names.tsv", "names-14.tsv"),
        tree=_TREE_12,
        max_cpus=256,
        partial=_PARTIAL | _FIREWALLS,
    ),
    Release(
        name="14",
        title="14-STABLE (1400507), running, and its sources",
        osreldate=1400507,
        osreldates=range(1400097, 1500000),
        layout=FREEBSD_14,
        layout_ilp32=FREEBSD_14_ILP32,
        types=(
            "types-14.d",
            "common.d",
            "modules-14.d",
            "firewall-14.d",
        ),
        library=(
            "network.d",
            "connection-14.d",
            "tcphdr-14.d",
            "process.d",
            "psinfo-14.d",
            "strings.d",
            "io-14.d",
            "modules.d",
        ),
        probe_table="probes-14.tsv",
        symbol_table="symbols-14.tsv",
        constant_tables=("constants.tsv",),
        name_tables=("names.tsv", "names-14.tsv"),
        tree=_TREE_14,
        max_cpus=1024,
        partial=_FIREWALLS,
    ),
    _FIFTEEN,
    replace(
        _FIFTEEN,
        name="main",
        title="main of 2025, the files that the patches name; types and probes are those of 15.1",
        osreldate=1600000,
        osreldates=range(1600000, 1700000),
        released=False,
    ),
)


def releases() -> tuple[Release, ...]:
    """Every release that dtkit knows, oldest first."""
    return RELEASES


def default_release() -> Release:
    """The one that is meant when none is named: the newest that is released."""
    return next(known for known in reversed(RELEASES) if known.released)


def release(name: str) -> Release:
    """
    The release of that name.

    :raises UnknownReleaseError: there is no record of it; the message names its neighbours.
    """
    found = next((known for known in RELEASES if known.name == name), None)
    if found is None:
        names = ", ".join(known.name for known in RELEASES)
        beside = ""
        if name.isascii() and name.isdecimal() and len(name) < 4:
            beside = _beside(int(name) * 100_000, names=True)
        raise UnknownReleaseError(f"{name!r} is none of {names}{beside}")
    return found


def release_of(osreldate: int) -> Release:
    """
    The release of a kernel, by its ``kern.osreldate``.

    :raises UnknownReleaseError: it is of none; the message names its neighbours.
    """
    found = next((known for known in RELEASES if osreldate in known.osreldates), None)
    if found is None:
        raise UnknownReleaseError(f"no release has osreldate {osreldate}{_beside(osreldate)}")
    return found


def _beside(osreldate: int, names: bool = False) -> str:
    """`` (between 12, up to 1299999, and 14, from 1400097)``."""
    below = [known for known in RELEASES if known.osreldates.stop <= osreldate]
    above = [known for known in RELEASES if known.osreldates.start > osreldate]
    parts = []
    if below:
        parts.append(below[-1].name + ("" if names else f", up to {below[-1].osreldates.stop - 1}"))
    if above:
        parts.append(above[0].name + ("" if names else f", from {above[0].osreldates.start}"))
    if not parts:
        return ""
    if len(parts) == 1:
        return f"; {'after' if below else 'before'} {parts[0]}"
    return f"; between {parts[0]}{'' if names else ','} and {parts[1]}"


def layouts() -> dict[str, Layout]:
    """Every layout of ``struct mbuf``, by its name: those of the releases and of the trees."""
    found = [layout for known in RELEASES for layout in (known.layout, known.layout_ilp32)]
    found += [tree.layout for tree in patch_trees()]
    return {layout.name: layout for layout in found if layout is not None}


def patch_trees() -> tuple[PatchTree, ...]:
    """The trees that the kernel patches have hooks for, each once, by ``__FreeBSD_version``."""
    trees = {known.tree.name: known.tree for known in RELEASES}
    trees |= {tree.name: tree for tree in _OLD_TREES}
    return tuple(sorted(trees.values(), key=lambda tree: tree.osreldates.start))
