# SPDX-License-Identifier: BSD-2-Clause
"""Which packets of an output are wanted: by a filter, by probe, by CPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar, cast

from dtkit.counted import counted
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.probes.description import description_fields

if TYPE_CHECKING:
    # Not at run time: most have no filter, and ctypes takes its time.
    from dtkit.packets.pcapfilter import Program
    from dtkit.packets.tunnels import InnerFilter

__all__ = ["Selection"]

_Item = TypeVar("_Item")

#: Link types that a filter is tried with before any packet is there.
_TRIED = (LinkType.RAW, LinkType.ETHERNET)


class Selection:
    """
    Takes out the packets that are wanted.

    :param filter: an expression of pcap-filter(7), compiled for the link type of each probe;
        empty for all packets.
    :param probes: globs of probes: of descriptions where they have a colon, whose empty fields
        match all, else of functions and names. None for all probes.
    :param cpus: CPUs; none for all.
    :param inner: a filter on what tunnels carry, which must match as well.
    :raises FilterError: *filter* is none for any link type.
    :raises ValueError: a description has more than four fields.
    :ivar passed_over: how many packets were not wanted.
    :ivar unfiltered: how many packets no filter can judge, by their link type, or by what libpcap
        says of the expression; they are passed over.
    """

    def __init__(
        self,
        filter: str = "",
        probes: Collection[str] = (),
        cpus: Collection[int] = (),
        inner: str = "",
    ) -> None:
        self._filter = filter
        self._inner: InnerFilter | None = None
        if inner:
            from dtkit.packets.tunnels import InnerFilter

            self._inner = InnerFilter(inner)
        self._programs: dict[LinkType, Program | None] = {}
        self._globs = [(glob, description_fields(glob) if ":" in glob else None) for glob in probes]
        self._cpus = frozenset(cpus)
        self._places: dict[Origin, bool] = {}
        self.passed_over = 0
        self.unfiltered: Counter[str] = Counter()
        if filter and not any(map(self._program, _TRIED)):
            from dtkit.packets.pcapfilter import compile_filter

            compile_filter(filter, LinkType.ETHERNET)  # which says why

    def __bool__(self) -> bool:
        return bool(self._filter or self._globs or self._cpus or self._inner)

    def of(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """*items* without the packets that are not wanted."""
        for item in items:
            if isinstance(item, Packet):
                if self.wants(item):
                    yield item
                else:
                    self.passed_over += 1
            elif isinstance(item, PacketRun):
                wanted = [self.wants(packet) for packet in item]
                self.passed_over += wanted.count(False)
                if any(wanted):
                    yield item if all(wanted) else cast("_Item", item.where(wanted))
            else:
                yield item

    def wants(self, packet: Packet) -> bool:
        """Whether a packet is wanted."""
        origin = packet.origin
        wanted = self._places.get(origin)
        if wanted is None:
            if len(self._places) >= 10_000:  # only hostile input has more probes
                self._places.clear()
            wanted = self._places[origin] = self._is_place(origin)
        if wanted and self._inner is not None:
            decrypted = packet.header is not None and packet.header.decrypted
            wanted = self._inner.matches(packet.data, packet.linktype, decrypted)
        if not wanted or not self._filter:
            return wanted
        program = self._program(packet.linktype)
        if program is None:
            self.unfiltered[packet.linktype.name] += 1
            return False
        return program.matches(packet.data, packet.length)

    def remarks(self) -> Iterator[str]:
        """What is to be said of the packets that were not wanted."""
        if self.passed_over:
            packets = counted(self.passed_over, "packet is", "packets are")
            yield f"{packets} not what was asked for, and not shown"
        for kind, count in self.unfiltered.items():
            yield f"of these, {count} of link type {kind} no such filter can judge"

    def _is_place(self, origin: Origin) -> bool:
        if self._cpus and origin.cpu not in self._cpus:
            return False
        return not self._globs or any(self._names(origin, *glob) for glob in self._globs)

    @staticmethod
    def _names(origin: Origin, glob: str, fields: tuple[str, str, str, str] | None) -> bool:
        if fields is None:
            names = (origin.function, origin.name if not origin.function else None)
            return any(name is not None and fnmatchcase(name, glob) for name in names)
        described = (origin.probe or "").split(":")
        if len(described) != 4:
            return False
        # A frame does not say the module: what is empty there may be any.
        return all(
            not want or fnmatchcase(have, want) or (at == 1 and not have)
            for at, (want, have) in enumerate(zip(fields, described, strict=True))
        )

    def _program(self, linktype: LinkType) -> Program | None:
        if linktype not in self._programs:
            from dtkit.packets.pcapfilter import FilterError, compile_filter

            try:
                self._programs[linktype] = compile_filter(self._filter, linktype)
            except FilterError:
                self._programs[linktype] = None
        return self._programs[linktype]
