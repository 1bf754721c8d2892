# SPDX-License-Identifier: BSD-2-Clause
"""The catalog of probe points that ship with dtkit, read from ``catalog.toml``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from dtkit.probes.arguments import (
    EarlierArguments,
    InterfaceArgument,
    MbufArgument,
    choose_by_osreldate,
    interface_argument,
    mbuf_arguments,
)
from dtkit.probes.data import Data, Direction
from dtkit.probes.description import ProbeDescription

if TYPE_CHECKING:
    # Not at run time: what is read needs to know of probes, and of releases nothing.
    from dtkit.freebsd import ProbePoint, Release


class CatalogError(ValueError):
    """A catalog entry that is not of the schema; the message names entry and key."""


class UnknownProbeError(LookupError):
    """No probe of that name; the message suggests the nearest ones."""


#: Kernel modules, as kldload(8) names them.
_MODULE = re.compile(r"[a-z][a-z0-9_]*")

#: What can follow the IP header.
_PROTOCOLS = ("tcp", "udp", "icmp", "icmp6")


@dataclass(frozen=True, slots=True)
class Probe:
    """
    A probe point that carries an mbuf.

    :ivar description: the probe.
    :ivar mbuf: the argument that leads to the mbuf.
    :ivar data: what ``m_data`` starts with.
    :ivar hint: True where *data* may not be what the bytes are.
    :ivar null: True where *mbuf* can be NULL.
    :ivar direction: which way packets are going.
    :ivar protocol: what follows the IP header (``tcp``, ``udp``, ``icmp``, ``icmp6``), or ``""``.
    :ivar purpose: what the probe is good for, one phrase.
    :ivar earlier: how older releases are given mbuf and interface, oldest first, where they differ
        from that; D then chooses by ```osreldate``.
    :ivar interface: the argument that is the interface, or None where it is given none.
    :ivar others: further mbufs among its arguments.
    :ivar arguments: the types of its arguments, where a listing gave them.
    :ivar unsure: why a kernel may not have this probe (``of the module pf``, ``not in the
        listing``), or ``""`` where each has it.
    """

    description: ProbeDescription
    mbuf: MbufArgument
    data: Data
    direction: Direction
    purpose: str
    hint: bool = False
    null: bool = False
    protocol: str = ""
    earlier: tuple[EarlierArguments, ...] = ()
    interface: InterfaceArgument | None = None
    others: tuple[MbufArgument, ...] = ()
    arguments: tuple[str, ...] = ()
    unsure: str = ""
    caution: str = ""

    def at(self, release: Release) -> Probe:
        """The probe as that release has it: the mbuf may be another argument there."""
        listed = _listed(release).get(_key(self.description), ())
        if not listed:
            return replace(self, earlier=())
        mbufs, interface = _arguments(listed)
        mbuf = self.mbuf
        if not mbuf.cast and mbufs and mbuf not in mbufs:
            mbuf = mbufs[0]
        if interface is None or self.interface is None or self.interface.tapped:
            interface = self.interface
        probe = replace(self, mbuf=mbuf, interface=interface, earlier=())
        # Where a description matches several functions there is no args[].
        return probe.untyped() if len(listed) > 1 else probe

    def everywhere(self) -> Probe:
        """The probe in a form that every release understands."""
        from dtkit.freebsd import releases

        ways = [(known, self.at(known)) for known in releases()]
        newest = ways[-1][1]
        earlier: list[EarlierArguments] = []
        for known, probe in ways[:-1]:
            way = EarlierArguments(known.osreldates.stop, probe.mbuf.raw(), _raw(probe.interface))
            if earlier and (earlier[-1].mbuf, earlier[-1].interface) == (way.mbuf, way.interface):
                earlier.pop()
            earlier.append(way)
        last = newest.mbuf.raw(), _raw(newest.interface)
        while earlier and (earlier[-1].mbuf, earlier[-1].interface) == last:
            earlier.pop()
        if any(way.mbuf.depth != newest.mbuf.depth for way in earlier):
            raise CatalogError(f"{self}: *mbuf on one release, and mbuf on another")
        if earlier or any(probe.mbuf.cast for _, probe in ways):
            newest = newest.untyped()
        return replace(newest, earlier=tuple(earlier))

    @property
    def argument(self) -> int:
        """Which argument the mbuf is, or leads to it; on the newest release."""
        return self.mbuf.position

    @property
    def depth(self) -> int:
        """1 where that argument is a ``struct mbuf *``, 2 where it is a ``struct mbuf **``."""
        return self.mbuf.depth

    @property
    def outer(self) -> str:
        """Where the argument is a ``struct mbuf **``, the D expression of that; else empty."""
        if self.mbuf.depth == 1:
            return ""
        return choose_by_osreldate(
            [(way.before, way.mbuf.pointer) for way in self.earlier], self.mbuf.pointer
        )

    @property
    def expression(self) -> str:
        """The D expression of the mbuf, of type ``struct mbuf *``."""
        if not self.earlier:
            return str(self.mbuf)
        choices = [(way.before, way.mbuf.pointer) for way in self.earlier]
        return "*" * (self.depth - 1) + choose_by_osreldate(choices, self.mbuf.pointer)

    @property
    def interface_pointers(self) -> tuple[str, ...]:
        """
        D expressions that must not be NULL, from the outermost; the last is the interface, of type
        ``struct ifnet *``. Empty where the probe is given none.
        """
        if self.interface is None:
            return ()
        if not self.earlier:
            return self.interface.pointers
        choices = [(way.before, str(way.interface)) for way in self.earlier]
        return (choose_by_osreldate(choices, str(self.interface)),)

    def using(self, argument: int) -> Probe:
        """
        The probe with the mbuf in another of its arguments, of which the data is not known.

        :raises ValueError: that argument is no mbuf, as far as known.
        """
        mbufs = [self.mbuf, *self.others]
        chosen = next((mbuf for mbuf in mbufs if mbuf.position == argument), None)
        if chosen is None:
            known = ", ".join(map(str, mbufs))
            raise ValueError(f"{self}: argument {argument} is no mbuf; {known} are")
        if chosen == self.mbuf:
            return self
        others = tuple(mbuf for mbuf in mbufs if mbuf != chosen)
        return replace(
            self, mbuf=chosen, others=others, data=Data.UNKNOWN, hint=True, null=True, earlier=()
        )

    def untyped(self) -> Probe:
        """
        The probe by its raw arguments, cast: dtrace(1) knows no ``args[]`` of a probe that is not
        there, nor where a description matches several (an unstable set of probes, it says).
        """
        return replace(
            self,
            mbuf=self.mbuf.raw(),
            others=tuple(other.raw() for other in self.others),
            interface=_raw(self.interface),
            arguments=(),
        )

    def __str__(self) -> str:
        return str(self.description)

    def to_dict(self) -> dict[str, Any]:
        """The probe as JSON-ready values."""
        return {
            "description": str(self.description),
            "mbuf": self.expression,
            "argument": self.argument,
            "depth": self.depth,
            "others": [str(other) for other in self.others],
            "interface": self.interface_pointers[-1] if self.interface else None,
            "data": str(self.data),
            "hint": self.hint,
            "null": self.null,
            "direction": str(self.direction),
            "protocol": self.protocol or None,
            "unsure": self.unsure or None,
            "caution": self.caution or None,
            "purpose": self.purpose,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Probe:
        """
        Read one ``[[probe]]`` table.

        :raises CatalogError: a key is missing, unknown, or not of its type.
        """
        who = entry.get("description", "an entry without description")
        types = {
            "description": str,
            "mbuf": str,
            "data": str,
            "hint": bool,
            "null": bool,
            "direction": str,
            "protocol": str,
            "purpose": str,
            "interface": str,
            "module": str,
            "caution": str,
        }
        required = {"description", "mbuf", "data", "direction", "purpose"}
        if missing := required - entry.keys():
            raise CatalogError(f"{who}: no {', '.join(sorted(missing))}")
        if unknown := entry.keys() - types.keys():
            raise CatalogError(f"{who}: unknown key {', '.join(sorted(unknown))}")
        for key, value in entry.items():
            if type(value) is not types[key]:
                raise CatalogError(f"{who}: {key} is not a {types[key].__name__}")
        if entry.get("protocol", "tcp") not in _PROTOCOLS:
            raise CatalogError(f"{who}: protocol is none of {', '.join(_PROTOCOLS)}")
        module = entry.get("module", "")
        if module and not _MODULE.fullmatch(module):
            raise CatalogError(f"{who}: {module!r} is no name of a module")
        interface = entry.get("interface", "")
        try:
            return cls(
                description=ProbeDescription.plain(entry["description"]),
                mbuf=MbufArgument.parse(entry["mbuf"]),
                data=Data(entry["data"]),
                direction=Direction(entry["direction"]),
                purpose=entry["purpose"],
                hint=entry.get("hint", False),
                null=entry.get("null", False),
                protocol=entry.get("protocol", ""),
                interface=InterfaceArgument.parse(interface) if interface else None,
                unsure=f"of the module {module}" if module else "",
                caution=entry.get("caution", ""),
            )
        except ValueError as error:
            raise CatalogError(f"{who}: {error}") from error


def _raw(interface: InterfaceArgument | None) -> InterfaceArgument | None:
    return None if interface is None else interface.raw()


#: Provider, function and name: a description without its module.
_Key = tuple[str, str, str]


def _key(description: ProbeDescription) -> _Key:
    return description.provider, description.function, description.name


@cache
def _listed(release: Release) -> Mapping[_Key, Sequence[ProbePoint]]:
    """The probes of a release by what a description without a module names."""
    found: dict[_Key, list[ProbePoint]] = {}
    for point in release.probes:
        function = "" if point.function == "none" else point.function
        found.setdefault((point.provider, function, point.name), []).append(point)
    return found


def _arguments(
    listed: Sequence[ProbePoint],
) -> tuple[list[MbufArgument], InterfaceArgument | None]:
    if any(point.native is not None for point in listed):  # args[] are something else
        return [], None
    types = listed[0].arguments
    return mbuf_arguments(types), interface_argument(types)


#: Probes that are given no mbuf, by provider and name, and probes that the same packets pass.
_INSTEAD = {
    ("ip", "send"): "ip_output or ip6_output",
    ("ip", "receive"): "ip_input or ip6_input",
    ("tcp", "send"): "ip_output or ip6_output",
    ("tcp", "connect-request"): "ip_output or ip6_output",
    ("tcp", "state-change"): "tcp_input",
    ("udp", "send"): "ip_output or ip6_output",
    ("udp", "receive"): "udp_input",
    ("udplite", "send"): "ip_output or ip6_output",
    ("udplite", "receive"): "udp_input",
}


def instead(provider: str, name: str) -> str:
    """Of a probe that carries no mbuf, which to use instead, in a sentence; else nothing."""
    found = _INSTEAD.get((provider, name))
    return f"{provider}:::{name} carries no mbuf: use {found}" if found else ""


class Catalog:
    """
    Probes in the order in which a packet meets them, and a forgiving way to find them.

    :raises CatalogError: two of *probes* have one description.
    """

    def __init__(self, probes: Iterable[Probe]) -> None:
        self._probes: dict[str, Probe] = {}
        for probe in probes:
            if str(probe) in self._probes:
                raise CatalogError(f"{probe}: listed twice")
            self._probes[str(probe)] = probe

    def __iter__(self) -> Iterator[Probe]:
        return iter(self._probes.values())

    def __len__(self) -> int:
        return len(self._probes)

    def __getitem__(self, name: str) -> Probe:
        """
        The one probe called *name*: a description, or just its function.

        :raises UnknownProbeError: there is none, or more than one; the message says which.
        """
        found = self.match(name)
        if len(found) > 1:
            raise UnknownProbeError(
                f"{name!r} is more than one probe: {', '.join(map(str, found))}; give one of them"
            )
        return found[0]

    def get(self, description: str) -> Probe | None:
        """
        The probe whose description is exactly *description*, module aside, or None.

        dtrace(1) shows an SDT probe without a function as ``tcp:kernel:none:receive``.
        """
        provider, _, rest = description.partition(":")
        _, _, rest = rest.partition(":")
        return self._probes.get(f"{provider}::{rest.removeprefix('none')}")

    def match(self, pattern: str) -> list[Probe]:
        """
        The probes that *pattern* names: a description, a function, a name, or a glob of these.

        A field that the pattern leaves out or empty matches all, and the module always does:
        ``fbt:kernel:tcp_input:entry`` is the same probe as ``fbt::tcp_input:entry``, and the
        RFD's ``:::tcp_input:entry``, with one field too many, is understood as well.

        :raises UnknownProbeError: there is none; the message suggests near misses.
        """
        found = [probe for probe in self if _named(probe.description, pattern)]
        if not found:
            raise UnknownProbeError(self._no_such(pattern))
        return found

    def _no_such(self, pattern: str) -> str:
        import difflib

        wanted = pattern.split(":")
        if bare := instead(wanted[0], wanted[-1]):
            return bare
        names = dict.fromkeys(probe.description.shorthand for probe in self)
        parts = [part.lower() for part in reversed(pattern.split(":")) if part]
        found = (difflib.get_close_matches(part, names, n=3) for part in parts)
        near = next(filter(None, found), [])
        advice = f"did you mean {' or '.join(near)}?" if near else "see `dtkit probes`"
        return f"no probe {pattern!r} in the catalog; {advice}"


def _named(probe: ProbeDescription, pattern: str) -> bool:
    if ":" not in pattern:
        shorthand = fnmatch.fnmatchcase(probe.shorthand, pattern)
        return shorthand or (probe.name != "entry" and probe.name == pattern)
    try:
        wanted = replace(ProbeDescription.parse(pattern), module="")
    except ValueError:
        return False
    return wanted.matches(*probe.fields)


def read_catalog(text: str) -> Catalog:
    """
    Read a catalog from TOML.

    :raises CatalogError: it is no TOML, or not of the schema.
    """
    import tomllib  # here and below: most commands need no catalog, and these take their time

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(str(error)) from error
    entries = document.get("probe")
    if document.keys() != {"probe"} or not isinstance(entries, list):
        raise CatalogError("a catalog is a list of [[probe]] tables")
    return Catalog(Probe.from_dict(entry) for entry in entries)


@cache
def shipped_catalog() -> Catalog:
    """The catalog as the file has it: what is the same on each release, and arguments of one."""
    from pkgutil import get_data  # several times as quick to import as importlib.resources

    return read_catalog((get_data(__package__, "catalog.toml") or b"").decode())


def catalog(release: Release | None = None) -> Catalog:
    """The catalog that ships with dtkit, for that release; without one, for all at once."""
    from dtkit.freebsd import releases

    return _catalog(releases(), release)


@cache
def _catalog(_known: tuple[Release, ...], release: Release | None) -> Catalog:
    return Catalog(
        probe.everywhere() if release is None else probe.at(release) for probe in shipped_catalog()
    )
