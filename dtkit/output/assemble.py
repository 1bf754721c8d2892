# SPDX-License-Identifier: BSD-2-Clause
"""
From firings to packets: annotations are applied, segments of one firing joined.

A bare dump is a packet as it stands. An annotated one (:mod:`dtkit.annotations`) knows its
probe, time and mbuf, and how much of the dump is packet: what an exact length proves not to be is
cut, and nothing else ever is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import le
from typing import cast, overload

from dtkit.annotations import SHOWING
from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.output.events import Annotation, Dump, Event, Firing, Source
from dtkit.output.joined import Joined, joined
from dtkit.output.uniform import FiringRun, Opener
from dtkit.packets.header import read_header
from dtkit.packets.linktype import LinkType, link_type, link_types
from dtkit.packets.packet import NOWHERE, Origin, Packet, PacketRun
from dtkit.packets.vlan import with_tag
from dtkit.probes import Catalog, Probe

#: Sources, probes and CPUs that are remembered; only hostile output has as many.
_PLACES = 10_000

#: Annotations that say that a chain goes on, and how it goes on.
_UNSHOWN = {"cut": "went on", "unmapped": "went on in memory that is not mapped"}


@dataclass(slots=True)
class _Chain:
    """An mbuf chain whose segments are coming in."""

    annotation: Annotation
    source: Source | None
    data: bytearray = field(default_factory=bytearray)
    segments: int = 0
    whole: bool = True  # every segment so far is there to its last byte


@overload
def packets(events: Iterable[Event], catalog: Catalog) -> Iterator[Event | Packet]: ...


@overload
def packets(
    events: Iterable[Event | FiringRun], catalog: Catalog
) -> Iterator[Event | FiringRun | Packet | PacketRun]: ...


def packets(
    events: Iterable[Event | FiringRun], catalog: Catalog
) -> Iterator[Event | FiringRun | Packet | PacketRun]:
    """
    Follow each firing with the packets that it completes, and with what was odd about them.

    :param events: the output of dtrace(1), read.
    :param catalog: what is known of probes: the link type of their data.
    :return: *events* with packets in between; after a run of firings that of their packets.
    """
    assembler = _Assembler(catalog)
    for event in events:
        yield event
        if type(event) is FiringRun:
            yield from assembler.run(event)
        elif type(event) is Firing:
            yield from assembler.firing(event)
        elif isinstance(event, Annotation):
            yield from assembler.annotation(event)
    yield from assembler.end()


class _Assembler:
    """What must be known of earlier firings to make packets of the next."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._described: dict[str, Probe | None] = {}
        self._origins: dict[Source | None, tuple[Origin, Probe | None]] = {None: (NOWHERE, None)}
        self._wall: int | None = None  # ns from the time since boot to the time of day
        self._chains: dict[int | None, _Chain] = {}  # by CPU, where firings do not overlap
        self._unshown = dict.fromkeys(_UNSHOWN, 0)  # chains of which a script did not show all

    def run(self, run: FiringRun) -> Iterator[Packet | PacketRun | Oddity]:
        """The packets of a run of firings."""
        if run.opener is not Opener.ANNOTATION:
            origins, linktypes = self._placed(run)
            yield PacketRun(
                run.dumps,
                linktypes,
                origins,
                run.dump_lines,
                run.timestamps,
                self._days(run.timestamps),
            )
        elif run.kind in SHOWING:
            yield from self._annotated_run(run)
        else:
            for firing in run:
                yield from self.firing(firing)

    def _placed(self, run: FiringRun) -> tuple[list[Origin], Sequence[LinkType]]:
        """Where the firings of a run are, and what their dumps start with."""
        sources = run.sources
        if sources.count(sources[0]) == len(run):
            origin, probe = self._place(sources[0])
            return [origin] * len(run), link_types(probe, run.dumps)
        # By identity: the sources of a run are few objects.
        kinds = {id(source): source for source in sources}
        places = {kind: self._place(source) for kind, source in kinds.items()}
        found = [places[id(source)] for source in sources]
        linktypes = _linktypes([probe for _, probe in found], run.dumps)
        return [origin for origin, _ in found], linktypes

    def _annotated_run(self, run: FiringRun) -> Iterator[Packet | PacketRun | Oddity]:
        """The packets of annotated firings."""
        while self._chains and run:  # of segments that a run ended between
            yield from self.firing(run.firing(0))
            run = run[1:]
        found = joined(run) if run and _is_plain(run) else None
        packets = self._described_run(run, found) if found is not None else None
        if found is None or packets is None:
            for firing in run:
                yield from self.firing(firing)
            return
        if packets:
            yield packets
        for index in found.unfinished:
            yield from self.firing(run.firing(index))

    def _described_run(self, run: FiringRun, found: Joined) -> PacketRun | None:
        """Packets with what their annotations say; None where one does not say it as scripts do."""
        firsts = found.firsts
        fields = {
            field: [values[first] for first in firsts] if len(firsts) < len(run) else values
            for field, values in run.fields.items()
        }
        places = list(zip(fields["probe"], fields["cpu"], fields["id"], strict=True))
        seen = {place: self._seen(*place) for place in dict.fromkeys(places)}
        if None in seen.values():
            return None
        # There may be none: a run of segments of which no packet is whole.
        at = cast("list[tuple[Origin, Probe | None]]", [seen[place] for place in places])
        origins, probes = [origin for origin, _ in at], [probe for _, probe in at]
        offsets = found.offsets
        if any(offsets):
            each = zip(probes, found.data, offsets, strict=True)
            linktypes: Sequence[LinkType] = [link_type(*one) for one in each]
        else:
            linktypes, offsets = _linktypes(probes, found.data), []
        timestamps = fields["t"]
        before = run.opener.value
        return PacketRun(
            found.data,
            linktypes,
            origins,
            [run.dump_lines[first] - before for first in firsts],
            timestamps,
            self._days(timestamps),
            fields["m"],
            offsets,
            found.lengths,
            exact=True,
        )

    def _seen(self, text: str, cpu: int, id: int) -> tuple[Origin, Probe | None] | None:
        """Where an annotation says that it is, if it says it as scripts do."""
        described = text.split(":")
        if len(described) != 4 or cpu < 0 or id < 0:
            return None
        return Origin(text, described[2], described[3], cpu, id), self._probe(text)

    def _probe(self, text: str) -> Probe | None:
        """The probe that an annotation means."""
        if text not in self._described:
            if len(self._described) > _PLACES:
                self._described.clear()
            self._described[text] = self._catalog.get(text)
        return self._described[text]

    def firing(self, firing: Firing) -> Iterator[Packet | Oddity]:
        """The packets that a firing completes."""
        annotation: Annotation | None = None
        for part in firing.parts:
            if isinstance(part, Annotation):
                annotation = part
                yield from self.annotation(part)
            elif isinstance(part, Dump):
                if annotation is None or annotation.kind not in SHOWING:
                    yield self._bare(firing, part)
                elif _is_empty(annotation):
                    pass  # of no bytes something is dumped all the same
                elif "seg" in annotation.fields:
                    yield from self._segment(annotation, firing.source, part)
                else:
                    yield self._copied(annotation, firing.source, part)
                annotation = None

    def end(self) -> Iterator[Packet | Oddity]:
        """The packets that the end of the output completes."""
        yield from self._flush()
        for kind, count in self._unshown.items():
            if count > 1:
                yield Oddity("line", 0, f"{count} mbuf chains in all {_UNSHOWN[kind]}")

    def _flush(self) -> Iterator[Packet]:
        for chain in self._chains.values():
            yield self._packet(chain)
        self._chains.clear()

    def annotation(self, annotation: Annotation) -> Iterator[Packet | Oddity]:
        """Take what an annotation says by itself; of what chains lack, the first is named."""
        self._start(annotation)
        if annotation.kind in _UNSHOWN:
            cpu = annotation.number("cpu")
            chain = self._chains.get(cpu)
            if chain is not None and _same_firing(chain.annotation, annotation):
                yield self._packet(self._chains.pop(cpu))
            self._unshown[annotation.kind] += 1
            if self._unshown[annotation.kind] == 1:
                what = f"an mbuf chain {_UNSHOWN[annotation.kind]}"
                mbufs = annotation.number("mbufs")
                if annotation.kind == "cut" and mbufs is not None:
                    what += f" after {counted(mbufs, 'mbuf')}; a greater depth shows more"
                yield Oddity("line", annotation.line, what)

    def _start(self, annotation: Annotation) -> None:
        """Take the pair of times in a start line."""
        uptime, wall = annotation.number("timestamp"), annotation.number("walltimestamp")
        if annotation.kind == "start" and uptime is not None and wall is not None:
            self._wall = wall - uptime

    def _bare(self, firing: Firing, dump: Dump) -> Packet:
        """The packet that is a dump of which nothing was said."""
        origin, probe = self._place(firing.source)
        time = firing.timestamp
        kind = link_type(probe, dump.data)
        return Packet(dump.data, kind, origin, dump.line, time, self._of_day(time))

    def _of_day(self, timestamp: int | None) -> int | None:
        """The time of day in ns, as far as a start line told it."""
        return None if timestamp is None or self._wall is None else timestamp + self._wall

    def _days(self, timestamps: Sequence[int]) -> Sequence[int]:
        """The times of day in ns, as far as a start line told them."""
        wall = self._wall
        return [] if wall is None else [timestamp + wall for timestamp in timestamps]

    def _place(self, source: Source | None) -> tuple[Origin, Probe | None]:
        """Where *source* is, and the probe there if it is known."""
        known = self._origins.get(source)
        if known is None:
            if len(self._origins) > _PLACES:
                self._origins.clear()
            known = self._origins[source] = self._find(source)
        return known

    def _find(self, source: Source | None) -> tuple[Origin, Probe | None]:
        """The probe that a frame means: it names neither provider nor module."""
        if source is None:
            return NOWHERE, None
        cpu, id, function, name, description = source
        if description is not None:
            origin = Origin(description, function, name, cpu, id)
            return origin, self._catalog.get(description)
        # SDT probes without a function are shown with `none` in its place.
        wanted = "" if function == "none" else function
        for probe in self._catalog:
            if (probe.description.function, probe.description.name) == (wanted, name):
                return Origin(str(probe), function, name, cpu, id), probe
        return Origin(f"::{function}:{name}", function, name, cpu, id), None

    def _copied(self, annotation: Annotation, source: Source | None, dump: Dump) -> Packet:
        """A packet that copyoutmbuf() copied: ``len`` is what mbuflen() says, and exact."""
        length, offset = annotation.number("len"), _natural(annotation, "off") or 0
        left = None if length is None else max(length - offset, 0)
        return self._annotated(annotation, source, dump.data[:left], left, left is not None)

    def _segment(
        self, annotation: Annotation, source: Source | None, dump: Dump
    ) -> Iterator[Packet | Oddity]:
        """
        A segment: ``mlen`` is its mbuf's m_len, and exact; ``seg`` counts from 1, and ``last``
        says that none follows.
        """
        cpu = annotation.number("cpu")
        number = annotation.number("seg")
        chain = self._chains.get(cpu)
        if chain is not None and (number == 1 or not _same_firing(chain.annotation, annotation)):
            yield self._packet(self._chains.pop(cpu))
            chain = None
        if chain is None and number == 1:
            if len(self._chains) > _PLACES:
                yield from self._flush()
            chain = self._chains[cpu] = _Chain(annotation, source)
        if chain is None or number != chain.segments + 1 or not chain.whole:
            rows = 1 + -(-len(dump.data) // 16)
            what = "a segment of an mbuf chain does not follow the one before"
            yield Oddity("line", dump.line, what, unread=rows)
            return
        chain.segments += 1
        size = annotation.number("mlen")
        if size is None:
            chain.whole = False
            chain.data += dump.data
        else:
            skipped = annotation.number("skip")
            if skipped is None:  # a script that shows the first mbuf only does not say it twice
                skipped = annotation.number("off") if number == 1 else 0
            left = max(size - max(skipped or 0, 0), 0)
            chain.data += dump.data[:left]
            chain.whole = len(dump.data) >= left
        if annotation.number("last"):
            yield self._packet(self._chains.pop(cpu))

    def _packet(self, chain: _Chain) -> Packet:
        annotation = chain.annotation
        length, offset = annotation.number("pkt"), _natural(annotation, "off") or 0
        left = None if length is None else length - offset
        if left is not None and left < len(chain.data):
            left = None  # m_pkthdr.len is only a hint, and here it is wrong, or -1
        exact = annotation.number("mlen") is not None
        return self._annotated(annotation, chain.source, bytes(chain.data), left, exact)

    def _annotated(
        self,
        annotation: Annotation,
        source: Source | None,
        data: bytes,
        length: int | None,
        exact: bool,
    ) -> Packet:
        text = annotation.fields.get("probe", "")
        if not text and source is not None:
            # It does not say where it is: the frame does.
            origin, probe = self._place(source)
            text = origin.probe or ""
        else:
            probe = self._probe(text)
        linktype = link_type(probe, data, _natural(annotation, "off") or 0)
        if linktype is LinkType.ETHERNET and not annotation.number("off"):
            whole = with_tag(data, annotation.number("vtag"))
            length = None if length is None else length + len(whole) - len(data)
            data = whole
        fields = text.split(":")
        timestamp, offset = _natural(annotation, "t"), _natural(annotation, "off") or 0
        function = name = None
        if len(fields) == 4:
            function, name = fields[2], fields[3]
        elif source is not None:
            function, name = source.function, source.name
        cpu = _natural(annotation, "cpu")
        if cpu is None and source is not None:
            cpu = source.cpu
        return Packet(
            data,
            linktype,
            Origin(text or None, function, name, cpu, _natural(annotation, "id")),
            timestamp=timestamp,
            time=self._of_day(timestamp),
            mbuf=_natural(annotation, "m"),
            offset=offset,
            length=length,
            exact=exact,
            line=annotation.line,
            header=read_header(annotation.number, annotation.fields, hop=annotation.kind != "mbuf"),
        )


def _is_plain(run: FiringRun) -> bool:
    """
    Whether annotations say where they are, nothing of the packet's header, and none is empty.
    """
    fields = run.fields
    if not {"probe", "cpu"} <= fields.keys() or not fields.keys().isdisjoint(("vtag", "flags")):
        return False
    lengths = fields.get("len") or fields.get("mlen") or ()
    passed = fields.get("skip") or fields.get("off") or [0] * len(lengths)
    return not any(map(le, lengths, passed))


def _is_empty(annotation: Annotation) -> bool:
    """Whether there are no bytes behind those that are passed over."""
    length = annotation.number("len")
    if length is None:
        length = annotation.number("mlen")
    passed = annotation.number("skip")
    if passed is None:
        passed = annotation.number("off")
    return length is not None and length <= max(passed or 0, 0)


def _linktypes(probes: Sequence[Probe | None], data: Sequence[bytes]) -> Sequence[LinkType]:
    """What packets start with that were seen at one probe or several."""
    keys = list(map(id, probes))
    kinds = dict(zip(keys, probes, strict=True))
    if len(kinds) == 1:
        return link_types(probes[0], data)
    by_probe: dict[int, Iterator[LinkType]] = {}
    for key, probe in kinds.items():
        mine = list(compress(data, map(key.__eq__, keys)))
        by_probe[key] = iter(link_types(probe, mine))
    return list(map(next, map(by_probe.__getitem__, keys)))


def _natural(annotation: Annotation, key: str) -> int | None:
    """A field that is never negative, or None."""
    value = annotation.number(key)
    return None if value is None or value < 0 else value


def _same_firing(one: Annotation, other: Annotation) -> bool:
    return all(one.fields.get(key) == other.fields.get(key) for key in ("cpu", "t", "m"))
