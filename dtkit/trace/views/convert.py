# SPDX-License-Identifier: BSD-2-Clause
"""Journeys as pcapng: packets that any Wireshark reads, with all that is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from dtkit.bounded import Bounded
from dtkit.foreign import visible
from dtkit.packets.linktype import LinkType
from dtkit.packets.metadata import metadata_text
from dtkit.packets.pcapng import (
    DIRECTIONS,
    OwnTexts,
    PacketDirection,
    PcapngWriter,
    Stencil,
    StencilKind,
)
from dtkit.packets.provenance import Provenance
from dtkit.probes.points import shipped_catalog
from dtkit.trace.journey.kept import Alike, KeptJourneys, KeptPacket, parts
from dtkit.trace.journey.model import HopMoment, Journey, Place
from dtkit.trace.journey.snapshot import Snapshot

__all__ = ["write_journeys", "write_snapshots"]

#: A capture that names more places than this is not one of a kernel's: the further ones share
#: an interface, so that memory and the file stay bounded.
_MOST_PLACES = 4096


class _Interfaces:
    """Interfaces by name and link type, declared when first needed."""

    def __init__(self, writer: PcapngWriter) -> None:
        self._writer = writer
        self._known: dict[tuple[str, int], int] = {}

    def __call__(self, name: str, linktype: LinkType, probe: str | None) -> int:
        key = name, linktype.dlt
        if key not in self._known:
            if len(self._known) >= _MOST_PLACES:
                key = "elsewhere", linktype.dlt
                probe = None
            if key not in self._known:
                self._known[key] = self._writer.interface(*key, _description(probe))
        return self._known[key]


def _description(probe: str | None) -> str:
    """What is known of a probe, for people."""
    if probe is None:
        return ""
    known = shipped_catalog().get(probe)
    return visible(probe if known is None else f"{probe}: {known.purpose}")


def write_snapshots(
    journeys: Iterable[Journey], stream: BinaryIO, made: Provenance | None = None
) -> Iterator[int]:
    """
    Write each snapshot as a packet, on an interface named after the place that it was taken at.

    Its comment says what is known of it in words, its metadata the same for programs: with those
    of the other packets it is the whole journey, which :func:`dtkit.trace.journey.detect.read_any`
    reads back. A journey without packet bytes is an empty packet of link type USER15. A packet's
    time is its hop's, else its journey's, else 0.

    :param stream: binary and writable.
    :param made: what is known of where the journeys come from.
    :return: for each journey, when it is written, the number of its packets.
    """
    return _written(journeys, stream, made or Provenance(), whole=False)


def write_journeys(
    journeys: Iterable[Journey], stream: BinaryIO, made: Provenance | None = None
) -> Iterator[int]:
    """
    Write one packet per journey: its first snapshot, with the whole journey as the comment.

    The other snapshots are left out, and the metadata says how many. Parameters and what is
    returned are those of :func:`write_snapshots`.
    """
    return _written(journeys, stream, made or Provenance(), whole=True)


_COMMENT = (
    "Packets as they were seen at places in the kernel: one packet can be here several times. "
    "Wireshark's TCP analysis takes that for retransmissions; it is switched off in "
    "Preferences, Protocols, TCP, Analyze TCP sequence numbers."
)

#: Packets of a journey that are written at once.
_MOST_AT_ONCE = 256

#: What there is of a part without a snapshot.
_NO_BYTES = Snapshot(b"", LinkType.UNKNOWN)


class _Kinds:
    """What packets of a kind are written as; keeps what repeats."""

    def __init__(self, writer: PcapngWriter, made: Provenance, whole: bool) -> None:
        self._interface = _Interfaces(writer)
        known = made.metadata()
        self._more = f"{metadata_text(known)[1:-1]}," if known else ""
        self._whole = whole
        #: By what packets are told to be, their journeys, and their link type: with what has these
        #: identities.
        self.met: Bounded[tuple[int, int, LinkType], tuple[StencilKind, Any]] = Bounded(16_384)

    def __call__(self, packet: KeptPacket, alike: Alike, linktype: LinkType) -> StencilKind:
        """
        The kind of a packet that starts with that, of one of the journeys that are *alike*.

        Its own texts are its journey's number (in place of the comment if that is the whole
        journey), and those of :meth:`KeptPacket.metadata`.
        """
        at = packet.at
        name, direction = _place(at)
        said = packet.comment(alike)
        comment: tuple[str | None, ...] = "journey ", None, f", {said}"
        if self._whole and packet.packet == 1:
            comment = (None,)
        stencil = Stencil(direction, comment, packet.metadata(alike, self._more))
        interface = self._interface(name, linktype, packet.probe)
        kind = interface, linktype.prefix, stencil, None if at is None else at.step.time
        self.met.keep((id(packet), id(alike), linktype), (kind, (packet, alike)), len(said))
        return kind


def _written(
    journeys: Iterable[Journey], stream: BinaryIO, made: Provenance, *, whole: bool
) -> Iterator[int]:
    writer = PcapngWriter(stream)
    writer.section(made.comment(_COMMENT), made.application, made.release)
    stream.flush()  # who shows packets as they come waits for the beginning
    kept_journey, kind_of = KeptJourneys(), _Kinds(writer, made, whole)
    write, met = writer.write_stencils, kind_of.met.get
    for journey in journeys:
        kept = parts(journey, whole)
        about, alike = kept_journey(journey)
        alike_id = id(alike)
        number, time = journey.number, journey.time or 0
        named = str(number)
        kinds: list[StencilKind] = []
        own: list[OwnTexts] = []
        data: list[bytes] = []
        lengths: list[int | None] = []
        for packet, snapshot, steps, rest in kept:
            shown, linktype, length = snapshot or _NO_BYTES
            if linktype is None:
                assert snapshot is not None
                linktype = snapshot.linktype
            kind = met((id(packet), alike_id, linktype))
            kinds.append(kind_of(packet, alike, linktype) if kind is None else kind[0])
            first = _whole(journey) if whole and packet.packet == 1 else named
            own.append((first, about, steps, rest))
            data.append(shown)
            lengths.append(length)
            if len(data) >= _MOST_AT_ONCE:
                write(number, time, kinds, own, data, lengths)
                for column in (kinds, own, data, lengths):
                    column.clear()
        write(number, time, kinds, own, data, lengths)
        yield len(kept)
    writer.close()


def _whole(journey: Journey) -> str:
    """All of a journey, for people."""
    from dtkit.trace.views.show import lines  # takes its time, and is seldom asked for

    return "\n".join(map(str, lines(journey)))


def _place(at: HopMoment | None) -> tuple[str, PacketDirection]:
    """
    What the interface of a place is called, ``+ip_input netinet/ip_input.c:455``, and which way
    packets go there, by the probe that is at its function.
    """
    if at is None:
        return "start", PacketDirection.UNKNOWN
    place = at.step.place
    known = _PLACES.get(id(place))
    if known is None:
        label = f"{place.direction}{place.label}"
        name = label if place.file is None else f"{label} {place.path}:{place.line}".strip()
        probe = shipped_catalog().get(f"fbt::{place.label}:entry")
        way = PacketDirection.UNKNOWN if probe is None else DIRECTIONS[probe.direction]
        known = _PLACES.keep(id(place), (place, visible(name) or "start", way), len(place.text))
    return known[1:]


#: What was said of places, by their identities.
_PLACES: Bounded[int, tuple[Place, str, PacketDirection]] = Bounded(4096)
