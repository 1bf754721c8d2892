# SPDX-License-Identifier: BSD-2-Clause
"""Journeys as plain pcapng, for a Wireshark that knows nothing of traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from dtkit.foreign import visible
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapng import PcapngWriter, packet_options
from dtkit.trace.journey.model import Hop, HopMoment, Journey, SnapshotMoment
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.show import lines
from dtkit.version import __version__

__all__ = ["write_journeys", "write_snapshots"]

#: A capture that names more places than this is not one of a kernel's: the further ones share
#: an interface, so that memory and the file stay bounded.
_MOST_PLACES = 4096


class _Interfaces:
    """Interfaces by name and link type, declared when first needed."""

    def __init__(self, writer: PcapngWriter) -> None:
        self._writer = writer
        self._known: dict[tuple[str, int], int] = {}

    def __call__(self, name: str, linktype: LinkType) -> int:
        key = name, linktype.dlt
        if key not in self._known:
            if len(self._known) >= _MOST_PLACES:
                key = "elsewhere", linktype.dlt
            if key not in self._known:
                self._known[key] = self._writer.interface(*key)
        return self._known[key]


def place_name(hop: Hop | None) -> str:
    """The place of *hop* for people: ``+ip_input netinet/ip_input.c:455``."""
    if hop is None:
        return "start"
    place = hop.place
    label = f"{place.direction}{place.label}"
    if place.file is None:
        return visible(label) or "start"
    return visible(f"{label} {place.path}:{place.line}".strip())


def write_snapshots(journeys: Iterable[Journey], stream: BinaryIO) -> Iterator[int]:
    """
    Write each snapshot as a packet, on an interface named after the place that it was taken at.

    Comments say ``file:line label``, which snapshot of which journey it is, and what changed
    since the one before. A packet's time is its hop's, else its journey's, else 0.

    :param stream: binary and writable.
    :return: for each journey, when it is written, the number of its packets.
    """
    writer = PcapngWriter(stream)
    writer.section(_COMMENT, f"dtkit {__version__}")
    interfaces = _Interfaces(writer)
    for journey in journeys:
        count = len(journey.snapshots)
        written = 0
        for moment in journey.moments():
            if isinstance(moment, HopMoment):
                continue
            written += 1
            step, hop = moment.step, moment.before
            comment = [_position(hop), f"journey {journey.number}, snapshot {written} of {count}"]
            if moment.changes is not None:
                comment += moment.changes.lines or ["unchanged"]
            time = journey.time if hop is None or hop.time is None else hop.time
            _write(writer, interfaces(place_name(hop), step.linktype), time, step, comment)
        yield written


def write_journeys(journeys: Iterable[Journey], stream: BinaryIO) -> Iterator[int]:
    """
    Write one packet per journey: its first snapshot, with the whole journey as the comment.

    A journey without packet bytes is an empty packet of link type USER15.

    :param stream: binary and writable.
    :return: for each journey, when it is written, 1.
    """
    writer = PcapngWriter(stream)
    writer.section(_COMMENT, f"dtkit {__version__}")
    interfaces = _Interfaces(writer)
    for journey in journeys:
        step, hop = Snapshot(b"", LinkType.UNKNOWN), None
        for moment in journey.moments():
            if isinstance(moment, SnapshotMoment):
                step, hop = moment.step, moment.before
                break
        comment = [str(line) for line in lines(journey)]
        _write(writer, interfaces(place_name(hop), step.linktype), journey.time, step, comment)
        yield 1


_COMMENT = (
    "Packets as they were seen at places in the kernel: one packet can be here several times. "
    "Wireshark's TCP analysis takes that for retransmissions; it is switched off in "
    "Preferences, Protocols, TCP, Analyze TCP sequence numbers."
)


def _position(hop: Hop | None) -> str:
    """``file:line label`` of *hop*."""
    if hop is None:
        return "start"
    place = hop.place
    label = f"{place.direction}{hop.label}" if place.label else ""
    position = "" if place.file is None else f"{place.file}:{place.line} "
    return visible(position + label).strip() or "start"


def _write(
    writer: PcapngWriter, interface: int, time: int | None, step: Snapshot, comment: list[str]
) -> None:
    prefix = step.linktype.prefix
    data = prefix + step.data
    length = len(prefix) + max(step.length or 0, len(step.data))
    # pcapng has 64 bits of unsigned nanoseconds; a damaged capture may say anything.
    moment = min(max(time or 0, 0), 2**64 - 1)
    writer.write(interface, moment, data, length, packet_options("\n".join(comment)))
