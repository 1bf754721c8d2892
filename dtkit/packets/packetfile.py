# SPDX-License-Identifier: BSD-2-Clause
"""Packets as a pcapng file: an interface per probe, and what is known of each as its comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import repeat
from operator import mod
from typing import Any, BinaryIO, NamedTuple, cast

from dtkit.foreign import plain, visible
from dtkit.packets.header import MbufHeader
from dtkit.packets.linktype import LinkType, claimed_length, claimed_lengths
from dtkit.packets.metadata import metadata_text
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.packets.pcapng import (
    DIRECTIONS,
    LARGEST,
    PacketDirection,
    PcapngWriter,
    packet_options,
)
from dtkit.packets.provenance import Provenance
from dtkit.probes import Catalog


class Clock(Enum):
    """What the times of a section count; the value is the section's comment."""

    WALL = "times are of the day, from the trace's start line"
    BOOT = "times are since boot: the trace has no start line to tell the time of day"
    NONE = "the trace has no times: packets are counted in nanoseconds from 0"


#: Interfaces of a section that have a name of their own; only hostile input has more probes.
_INTERFACES = 10_000


class _Options:
    """The options of packets of one origin: comment and metadata, with what each has besides."""

    def __init__(
        self, comment: str, direction: PacketDirection, metadata: dict[str, Any] | None = None
    ) -> None:
        self._comment, self._direction, self._metadata = comment, direction, metadata
        self.plain = self._encoded({})
        self.places = 1 if metadata is None else 2  # that an address has in them
        # By offset and the length of an address: most have 16 digits.
        self._forms: dict[tuple[int, int], bytes | None] = {}

    def at(self, mbuf: int | None, offset: int, header: MbufHeader | None = None) -> bytes:
        """Those of a packet in the mbuf at an address."""
        more: dict[str, Any] = {"offset": offset} if offset else {}
        if header is not None:
            known = {} if mbuf is None else {"mbuf": f"{mbuf:#x}"}
            return self._encoded({**known, **more}, header)
        if mbuf is None:
            return self._encoded(more) if offset else self.plain
        form = self.form(_digits(mbuf), offset)
        if form is None:
            return self._encoded({"mbuf": f"{mbuf:#x}", **more})
        return form % ((mbuf,) * self.places)

    def form(self, digits: int, offset: int) -> bytes | None:
        """
        What makes those of a packet, by ``%``, with an address of so many digits.

        :return: None where the address has no place of its own.
        """
        key = (digits, offset)
        if key not in self._forms:
            if len(self._forms) >= _FORMS:
                self._forms.clear()
            room = "~" * (2 + (digits or 1))
            more: dict[str, Any] = {"offset": offset} if offset else {}
            encoded = self._encoded({"mbuf": room, **more}).replace(b"%", b"%%")
            fits = encoded.count(room.encode()) == self.places  # a name may have them, too
            self._forms[key] = encoded.replace(room.encode(), b"%#x") if fits else None
        return self._forms[key]

    def _encoded(self, more: dict[str, Any], header: MbufHeader | None = None) -> bytes:
        words = [self._comment, *(f"{name} {value}" for name, value in more.items())]
        lines = [", ".join(filter(None, words))]
        metadata = None if self._metadata is None else {**self._metadata, **more}
        if header is not None:
            known = header.known()
            said = {name: str(value) for name, value in known.items()}
            lines += [f"{name}: {visible(value)}" for name, value in said.items() if value]
            metadata = {"type": "packet", **(metadata or {}), "header": known}
        text = None if metadata is None else metadata_text(metadata)
        return packet_options("\n".join(lines), self._direction, metadata=text)


def _digits(address: int) -> int:
    """How many digits an address has in hex, zero apart."""
    return address.bit_length() + 3 >> 2


def _options_of(
    makers: Sequence[_Options], mbufs: Sequence[int], offsets: Sequence[int]
) -> list[bytes]:
    """The options of packets, of which mbufs or offsets are known."""
    if not offsets and _digits(min(mbufs)) == _digits(max(mbufs)):
        digits = _digits(mbufs[0])
        forms = {made: made.form(digits, 0) for made in set(makers)}
        if None not in forms.values():
            every = cast("Iterator[bytes]", map(forms.__getitem__, makers))
            twice = all(made.places == 2 for made in forms)
            if twice or all(made.places == 1 for made in forms):
                return list(map(mod, every, zip(mbufs, mbufs, strict=True) if twice else mbufs))
    each = zip(makers, mbufs or repeat(None), offsets or repeat(0), strict=False)
    return [made.at(mbuf, offset) for made, mbuf, offset in each]


#: Forms of options that are remembered, of one origin.
_FORMS = 1000


class _Kind(NamedTuple):
    """
    What packets of an origin and a link type have around their bytes.

    :ivar interface: its number.
    :ivar prefix: what stands in front of the bytes.
    :ivar options: those of packets of which neither mbuf nor offset is known.
    :ivar maker: what makes those of the others.
    """

    interface: int
    prefix: bytes
    options: bytes
    maker: _Options


class PacketFile:
    """
    Writes packets to a pcapng stream.

    A section is begun with the first packet and whenever the clock changes, as it does where
    outputs with and without times are read one after the other.

    :param stream: binary and writable.
    :param made: what is known of where the packets come from.
    :param catalog: says which way packets are going at a probe.
    :param merged: whether all packets are of one interface, and their comments name the probe.
    :raises OSError: from any method, when *stream* cannot be written.
    """

    def __init__(
        self, stream: BinaryIO, made: Provenance, catalog: Catalog, merged: bool = False
    ) -> None:
        self._writer = PcapngWriter(stream)
        self._made = made
        self._known = made.metadata()
        self._catalog = catalog
        self._merged = merged
        self._clock: Clock | None = None
        self._count = 0
        self._interfaces: dict[tuple[str | None, str], int] = {}
        self._known_kinds: dict[tuple[Origin, LinkType], _Kind] = {}
        # Of the last packet, as most are from the same probe and CPU:
        self._origin: Origin | None = None
        self._linktype: LinkType | None = None
        self._interface = 0
        self._direction = PacketDirection.UNKNOWN
        self._options = _Options("", PacketDirection.UNKNOWN)

    def write(self, packet: Packet) -> None:
        """Write one packet, after its section and interface where these are new."""
        data, linktype, origin, _, timestamp, time, mbuf, offset, length, _, header = packet
        if time is not None:
            clock = Clock.WALL
        elif timestamp is not None:
            clock, time = Clock.BOOT, timestamp
        else:
            clock, time = Clock.NONE, self._count
            self._count += 1
        if clock is not self._clock:
            self._section(clock)
        if origin is not self._origin or linktype is not self._linktype:
            self._switch(origin, linktype)
        options = self._options.at(mbuf, offset, header)
        if length is None:
            length = claimed_length(data, linktype)
        if len(data) + len(linktype.prefix) > LARGEST:
            data, length = data[: LARGEST - len(linktype.prefix)], max(length, len(data))
        if linktype.prefix:
            data, length = linktype.prefix + data, len(linktype.prefix) + length
        self._writer.write(self._interface, time, data, length, options)

    def write_run(self, run: PacketRun) -> None:
        """Write the packets of a run, as :meth:`write` does one by one, several times as fast."""
        if max(map(len, run.data)) > LARGEST:
            for packet in run:
                self.write(packet)
            return
        times: Sequence[int]
        if run.times or run.timestamps:
            clock, times = (Clock.WALL, run.times) if run.times else (Clock.BOOT, run.timestamps)
        else:
            clock, times = Clock.NONE, range(self._count, self._count + len(run))
            self._count += len(run)
        if self._clock is not clock:
            self._section(clock)
        data, lengths = run.data, self._lengths(run)
        kinds = self._kinds(run)
        options = None
        if run.mbufs or run.offsets:
            options = _options_of([kind.maker for kind in kinds], run.mbufs, run.offsets)
        self._writer.write_many(kinds, times, data, lengths, options)

    def _kinds(self, run: PacketRun) -> list[_Kind]:
        """What packets have around their bytes, of each packet of a run."""
        origins, linktypes, count = run.origins, run.linktypes, len(run)
        first, second = origins[0], linktypes[0]
        if origins.count(first) < count:
            # By identity, which tells one from another quickly; *run* keeps them alive.
            keys = list(zip(map(id, origins), map(id, linktypes), strict=True))
            each = dict(zip(keys, zip(origins, linktypes, strict=True), strict=True))
            kinds = {key: self._kind(*one) for key, one in each.items()}
            return list(map(kinds.__getitem__, keys))
        if linktypes.count(second) < count:
            seen = {linktype: self._kind(first, linktype) for linktype in dict.fromkeys(linktypes)}
            return list(map(seen.__getitem__, linktypes))
        return [self._kind(first, second)] * count  # as most are

    def _kind(self, origin: Origin, linktype: LinkType) -> _Kind:
        """What packets of an origin and a link type have around their bytes."""
        key = origin, linktype
        if key not in self._known_kinds:
            if len(self._known_kinds) >= _INTERFACES:
                self._known_kinds.clear()
            self._switch(origin, linktype)
            maker = self._options
            kind = _Kind(self._interface, linktype.prefix, maker.plain, maker)
            self._known_kinds[key] = kind
        return self._known_kinds[key]

    def _lengths(self, run: PacketRun) -> list[int]:
        """How long the packets of a run are, as far as they or their headers say."""
        if run.lengths and None not in run.lengths:
            return cast("list[int]", run.lengths)
        claimed = claimed_lengths(run.data, run.linktypes)
        if not run.lengths:
            return claimed
        return [
            other if length is None else length
            for length, other in zip(run.lengths, claimed, strict=True)
        ]

    def close(self) -> None:
        """Make the file a valid one even if no packet came; *stream* stays open."""
        if self._clock is None:
            self._section(Clock.NONE)
        self._writer.close()

    def _section(self, clock: Clock) -> None:
        self._writer.section(
            self._made.comment(clock.value), self._made.application, self._made.release
        )
        self._clock = clock
        self._interfaces.clear()
        self._known_kinds.clear()
        self._origin = None

    def _switch(self, origin: Origin, linktype: LinkType) -> None:
        probe = self._catalog.get(origin.probe) if origin.probe else None
        key = (origin.probe, linktype.name)
        if self._merged:
            key = ("all probes", linktype.name)
        elif len(self._interfaces) >= _INTERFACES and key not in self._interfaces:
            probe, key = None, ("other probes", linktype.name)
        if key not in self._interfaces:
            known = probe is not None and not self._merged
            name = str(probe) if known else key[0] or "dump"
            purpose = probe.purpose if probe is not None and known else ""
            self._interfaces[key] = self._writer.interface(name, linktype.dlt, purpose)
        self._interface = self._interfaces[key]
        self._direction = DIRECTIONS[probe.direction] if probe else PacketDirection.UNKNOWN
        words = [origin.probe] if self._merged and origin.probe else []
        words += [f"cpu {origin.cpu}"] if origin.cpu is not None else []
        words += [f"probe id {origin.id}"] if origin.id is not None else []
        told: dict[str, Any] = {
            **({"probe": plain(origin.probe)} if origin.probe else {}),
            **({"cpu": origin.cpu} if origin.cpu is not None else {}),
            **({"id": origin.id} if origin.id is not None else {}),
        }
        metadata = {"type": "packet", **self._known, **told} if told else None
        self._options = _Options(", ".join(words), self._direction, metadata)
        self._origin, self._linktype = origin, linktype
