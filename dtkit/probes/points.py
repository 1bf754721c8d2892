# SPDX-License-Identifier: BSD-2-Clause
"""The catalog of probe points that ship with dtkit, read from ``catalog.toml``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any

from dtkit.probes.description import ProbeDescription


class CatalogError(ValueError):
    """A catalog entry that is not of the schema; the message names entry and key."""


class UnknownProbeError(LookupError):
    """No probe of that name; the message suggests the nearest ones."""


class Data(StrEnum):
    """What the data of a probe's mbuf starts with."""

    ETHERNET = "ethernet"
    NETWORK = "network"  #: IPv4, IPv6 or a bare ARP
    IP = "ip"  #: IPv4 or IPv6, told by the version nibble
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way packets are going at a probe."""

    IN = "in"
    OUT = "out"
    FORWARD = "forward"
    ANY = "any"


#: The forms that a D expression for an interface takes.
_INTERFACE = re.compile(r"args\[[0-9]\](?:->bif_ifp)?")

#: The forms that a D expression for an mbuf takes; nothing else reaches a script.
_MBUF = re.compile(r"\*?args\[[0-9]\]|\(struct mbuf \*\)arg[0-9]|\*\(struct mbuf \*\*\)arg[0-9]")


#: Kernel modules, as kldload(8) names them.
_MODULE = re.compile(r"[a-z][a-z0-9_]*")

#: What can follow the IP header.
_PROTOCOLS = ("tcp", "udp", "icmp", "icmp6")


@dataclass(frozen=True, slots=True)
class Probe:
    """
    A probe point that carries an mbuf.

    :ivar description: the probe.
    :ivar mbuf: D expression of type ``struct mbuf *``.
    :ivar data: what ``m_data`` starts with.
    :ivar hint: True where *data* may not be what the bytes are.
    :ivar null: True where *mbuf* can be NULL.
    :ivar direction: which way packets are going.
    :ivar protocol: what follows the IP header (``tcp``, ``udp``, ``icmp``, ``icmp6``), or ``""``.
    :ivar purpose: what the probe is good for, one phrase.
    :ivar releases: major FreeBSD release to the expression that holds from it on.
    :ivar interface: D expression of type ``struct ifnet *`` for the interface that the probe is
        given, or ``""`` where it is given none.
    :ivar others: the expressions of further mbufs among its arguments.
    :ivar arguments: the types of its arguments, where a listing gave them.
    :ivar unsure: why a kernel may not have this probe (``of the module pf``, ``not in the
        listing``), or ``""`` where each has it.
    """

    description: ProbeDescription
    mbuf: str
    data: Data
    direction: Direction
    purpose: str
    hint: bool = False
    null: bool = False
    protocol: str = ""
    releases: Mapping[int, str] = field(default_factory=dict, hash=False)
    interface: str = ""
    others: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    unsure: str = ""
    caution: str = ""

    def at(self, release: int) -> Probe:
        """The probe as FreeBSD *release* has it: the mbuf may be another argument there."""
        since = max((known for known in self.releases if known <= release), default=None)
        if since is None:
            return replace(self, releases={})
        mbuf = self.releases[since]
        moved = int(mbuf.rstrip("]")[-1]) - self.argument
        interface = re.sub(
            r"(?<=\[)\d", lambda position: str(int(position[0]) + moved), self.interface
        )
        return replace(self, mbuf=mbuf, interface=interface, releases={})

    @property
    def argument(self) -> int:
        """Which argument the mbuf is, or leads to it."""
        return int(self.mbuf.rstrip("]")[-1])

    @property
    def depth(self) -> int:
        """1 where that argument is a ``struct mbuf *``, 2 where it is a ``struct mbuf **``."""
        return 1 + self.mbuf.startswith("*")

    def using(self, argument: int) -> Probe:
        """
        The probe with the mbuf in another of its arguments, of which the data is not known.

        :raises ValueError: that argument is no mbuf, as far as known.
        """
        mbufs = [self.mbuf, *self.others]
        chosen = next((mbuf for mbuf in mbufs if mbuf.rstrip("]").endswith(str(argument))), None)
        if chosen is None:
            raise ValueError(f"{self}: argument {argument} is no mbuf; {', '.join(mbufs)} are")
        if chosen == self.mbuf:
            return self
        others = tuple(mbuf for mbuf in mbufs if mbuf != chosen)
        return replace(
            self, mbuf=chosen, others=others, data=Data.UNKNOWN, hint=True, null=True, releases={}
        )

    def untyped(self) -> Probe:
        """
        The probe by its raw arguments, cast: dtrace(1) knows no ``args[]`` of a probe that is not
        there, nor where a description matches several (an unstable set of probes, it says).
        """
        return replace(
            self,
            mbuf=raw_mbuf(self.mbuf),
            others=tuple(map(raw_mbuf, self.others)),
            interface=raw_interface(self.interface),
            arguments=(),
        )

    def __str__(self) -> str:
        return str(self.description)

    def to_dict(self) -> dict[str, Any]:
        """The probe as JSON-ready values."""
        return {
            "description": str(self.description),
            "mbuf": self.mbuf,
            "argument": self.argument,
            "depth": self.depth,
            "releases": {str(release): mbuf for release, mbuf in self.releases.items()},
            "others": list(self.others),
            "interface": self.interface or None,
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
            "releases": dict,
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
        releases = entry.get("releases", {})
        if entry.get("protocol", "tcp") not in _PROTOCOLS:
            raise CatalogError(f"{who}: protocol is none of {', '.join(_PROTOCOLS)}")
        for mbuf in [entry["mbuf"], *releases.values()]:
            if not isinstance(mbuf, str) or not _MBUF.fullmatch(mbuf):
                raise CatalogError(f"{who}: {mbuf!r} is no D expression of an mbuf")
        interface = entry.get("interface", "")
        if interface and not _INTERFACE.fullmatch(interface):
            raise CatalogError(f"{who}: {interface!r} is no D expression of an interface")
        module = entry.get("module", "")
        if module and not _MODULE.fullmatch(module):
            raise CatalogError(f"{who}: {module!r} is no name of a module")
        if not all(release.isdecimal() for release in releases):
            raise CatalogError(f"{who}: releases are major release numbers")
        try:
            return cls(
                description=ProbeDescription.plain(entry["description"]),
                mbuf=entry["mbuf"],
                data=Data(entry["data"]),
                direction=Direction(entry["direction"]),
                purpose=entry["purpose"],
                hint=entry.get("hint", False),
                null=entry.get("null", False),
                protocol=entry.get("protocol", ""),
                releases={int(release): mbuf for release, mbuf in releases.items()},
                interface=interface,
                unsure=f"of the module {module}" if module else "",
                caution=entry.get("caution", ""),
            )
        except ValueError as error:
            raise CatalogError(f"{who}: {error}") from error


def raw_mbuf(mbuf: str) -> str:
    """The D expression of an mbuf by its raw argument: ``args[1]`` as ``(struct mbuf *)arg1``."""
    pointer = "*(struct mbuf **)" if mbuf.startswith("*") else "(struct mbuf *)"
    return re.sub(r"^\*?args\[(\d)\]$", lambda found: f"{pointer}arg{found[1]}", mbuf)


def raw_interface(interface: str) -> str:
    """That of an interface: ``args[0]`` as ``((struct ifnet *)arg0)``."""
    type_ = "bpf_if" if interface.endswith("->bif_ifp") else "ifnet"
    return re.sub(r"args\[(\d)\]", rf"((struct {type_} *)arg\1)", interface)


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
    import tomllib  # here and below: most that is read needs no catalog, and these take their time

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(str(error)) from error
    entries = document.get("probe")
    if document.keys() != {"probe"} or not isinstance(entries, list):
        raise CatalogError("a catalog is a list of [[probe]] tables")
    return Catalog(Probe.from_dict(entry) for entry in entries)


@cache
def catalog() -> Catalog:
    """The catalog that ships with dtkit."""
    from importlib import resources

    return read_catalog((resources.files(__package__) / "catalog.toml").read_text("utf-8"))
