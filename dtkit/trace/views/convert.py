# SPDX-License-Identifier: BSD-2-Clause
"""Journeys as pcapng: packets that any Wireshark reads, with all that is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import BinaryIO

from dtkit.foreign import visible
from dtkit.packets.linktype import LinkType
from dtkit.packets.metadata import metadata_text
from dtkit.packets.packetfile import DIRECTIONS, LARGEST, Provenance
from dtkit.packets.pcapng import PacketDirection, PacketKind, PcapngWriter, packet_options
from dtkit.probes.points import shipped_catalog
from dtkit.trace.journey.kept import KeptJourneys, parts, stretches
from dtkit.trace.journey.model import Hop, HopMoment, Journey, Place, Way
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.show import lines

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


def place_name(hop: Hop | None) -> str:
    """The place of *hop* for people: ``+ip_input netinet/ip_input.c:455``."""
    return "start" if hop is None else _name(hop.place)


@lru_cache(maxsize=4096)
def _name(place: Place) -> str:
    label = f"{place.direction}{place.label}"
    if place.file is None:
        return visible(label) or "start"
    return visible(f"{label} {place.path}:{place.line}".strip())


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

_NO_BYTES = Snapshot(b"", LinkType.UNKNOWN)


def _written(
    journeys: Iterable[Journey], stream: BinaryIO, made: Provenance, *, whole: bool
) -> Iterator[int]:
    writer = PcapngWriter(stream)
    writer.section(made.comment(_COMMENT), made.application, made.release)
    interfaces, kept_journey = _Interfaces(writer), KeptJourneys()
    known = made.metadata()
    more = f"{metadata_text(known)[1:-1]}," if known else ""
    for journey in journeys:
        kept = parts(journey, whole)
        about, alike = kept_journey(journey)
        kinds: list[PacketKind] = []
        times: list[int] = []
        data: list[bytes] = []
        lengths: list[int] = []
        places = journey.way.tell(_first_place if whole else _places)
        number = journey.number
        for part, (name, direction) in zip(kept, places, strict=True):
            packet, snapshot, _ = part
            snapshot = snapshot or _NO_BYTES
            if whole and packet.packet == 1:
                comment = "\n".join([str(line) for line in lines(journey)])
            else:
                comment = f"journey {number}, {packet.comment(alike)}"
            metadata = part.metadata(about, more)
            options = packet_options(comment, direction, number=number, metadata=metadata)
            linktype = snapshot.linktype
            kinds.append((interfaces(name, linktype, packet.probe), linktype.prefix, options, None))
            at = packet.stretch.at
            time = journey.time if at is None or at.step.time is None else at.step.time
            # pcapng has 64 bits of unsigned nanoseconds; a damaged capture may say anything.
            times.append(min(max(time or 0, 0), 2**64 - 1))
            data.append(snapshot.data[: LARGEST - len(linktype.prefix)])
            lengths.append(max(snapshot.length or 0, len(snapshot.data)))
            if len(data) >= _MOST_AT_ONCE:
                writer.write_many(kinds, times, data, lengths)
                for column in (kinds, times, data, lengths):
                    column.clear()
        writer.write_many(kinds, times, data, lengths)
        yield len(kept)
    writer.close()


def _places(way: Way) -> list[tuple[str, PacketDirection]]:
    """Of each packet that is kept of a journey the name of the place, and which way it goes."""
    return [_place(stretch.at) for stretch in stretches(way)]


def _first_place(way: Way) -> list[tuple[str, PacketDirection]]:
    """The same, where a journey is one packet."""
    return [_place(stretch.at) for stretch in stretches(way, whole=True)]


def _place(at: HopMoment | None) -> tuple[str, PacketDirection]:
    hop = None if at is None else at.step
    return place_name(hop), PacketDirection.UNKNOWN if hop is None else _direction(hop.place)


@lru_cache(maxsize=4096)
def _direction(place: Place) -> PacketDirection:
    """Which way packets go at a place, by the probe that is at its function."""
    probe = shipped_catalog().get(f"fbt::{place.label}:entry")
    return PacketDirection.UNKNOWN if probe is None else DIRECTIONS[probe.direction]
