# SPDX-License-Identifier: BSD-2-Clause
"""Journeys as pcapng: packets that any Wireshark reads, with all that is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO

from dtkit.foreign import visible
from dtkit.packets.linktype import LinkType
from dtkit.packets.metadata import metadata_text
from dtkit.packets.packetfile import DIRECTIONS, LARGEST, Provenance
from dtkit.packets.pcapng import PacketDirection, PcapngWriter, packet_options
from dtkit.probes.points import shipped_catalog
from dtkit.trace.journey.kept import KeptPacket, journey_row, parts
from dtkit.trace.journey.model import Hop, Journey, Place
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

_NO_BYTES = Snapshot(b"", LinkType.UNKNOWN)


def _written(
    journeys: Iterable[Journey], stream: BinaryIO, made: Provenance, *, whole: bool
) -> Iterator[int]:
    writer = PcapngWriter(stream)
    writer.section(made.comment(_COMMENT), made.application, made.release)
    interfaces, comments = _Interfaces(writer), _Comments()
    more = made.metadata()
    for journey in journeys:
        kept, known = parts(journey, whole), journey_row(journey)
        about = metadata_text(known)
        for part in kept:
            hop = None if part.at is None else part.at.step
            snapshot = part.snapshot or _NO_BYTES
            if whole and part.packet == 1:
                comment = "\n".join([str(line) for line in lines(journey)])
            else:
                comment = comments.of(part, journey, known)
            options = packet_options(
                comment,
                _direction(hop.place) if hop is not None else PacketDirection.UNKNOWN,
                number=journey.number,
                metadata=part.metadata(about, more),
            )
            linktype = snapshot.linktype
            interface = interfaces(place_name(hop), linktype, part.probe)
            time = journey.time if hop is None or hop.time is None else hop.time
            data = (linktype.prefix + snapshot.data)[:LARGEST]
            length = len(linktype.prefix) + max(snapshot.length or 0, len(snapshot.data))
            # pcapng has 64 bits of unsigned nanoseconds; a damaged capture may say anything.
            moment = min(max(time or 0, 0), 2**64 - 1)
            writer.write(interface, moment, data, length, options)
        yield len(kept)
    writer.close()


class _Comments:
    """
    Makes the comments of packets: a line that says which it is, then a line for each thing known.

    The dissector reads these lines; the first is what it knows our comments by. What follows it is
    kept where it may be said again.
    """

    def __init__(self) -> None:
        #: With the hop, so that no other gets its identity.
        self._met: dict[tuple[Any, ...], tuple[Hop, str]] = {}

    def of(self, part: KeptPacket, journey: Journey, known: dict[str, Any]) -> str:
        """The comment of *part*, of a journey of which so much is *known*."""
        hop = None if part.at is None else part.at.step
        if hop is None or hop.time is not None or "owners" in known:
            return part.title(journey) + self._words(part, journey, known)
        # All that it says but the title. A journey's number and time are not among its words.
        about = [item for item in known.items() if item[0] not in _TITLE]
        last = part.packet == part.packets
        key = id(hop), last, part.probe, part.latency, part.changed, part.left_out, *about
        met = self._met.get(key)
        if met is None:
            if len(self._met) >= _MOST_COMMENTS:
                self._met.clear()
            met = self._met[key] = hop, self._words(part, journey, known)
        return part.title(journey) + met[1]

    def _words(self, part: KeptPacket, journey: Journey, known: dict[str, Any]) -> str:
        words = part.words(journey, known)
        return "".join([f"\n{name}: {value}" for name, value in words])


_TITLE = ("journey", "time")
_MOST_COMMENTS = 4096


@lru_cache(maxsize=4096)
def _direction(place: Place) -> PacketDirection:
    """Which way packets go at a place, by the probe that is at its function."""
    probe = shipped_catalog().get(f"fbt::{place.label}:entry")
    return PacketDirection.UNKNOWN if probe is None else DIRECTIONS[probe.direction]
