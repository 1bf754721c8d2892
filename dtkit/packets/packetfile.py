# SPDX-License-Identifier: BSD-2-Clause
"""Packets as a pcapng file: an interface per probe, and what is known of each as its comment."""

from __future__ import annotations

from enum import Enum
from typing import BinaryIO

from dtkit.packets.linktype import LinkType, claimed_length
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.packets.pcapng import PacketDirection, PcapngWriter, packet_options
from dtkit.probes import Catalog
from dtkit.probes.points import Direction


class Clock(Enum):
    """What the times of a section count; the value is the section's comment."""

    WALL = "times are of the day, from the trace's start line"
    BOOT = "times are since boot: the trace has no start line to tell the time of day"
    NONE = "the trace has no times: packets are counted in nanoseconds from 0"


_DIRECTIONS = {
    Direction.IN: PacketDirection.INBOUND,
    Direction.OUT: PacketDirection.OUTBOUND,
    Direction.FORWARD: PacketDirection.UNKNOWN,
    Direction.ANY: PacketDirection.UNKNOWN,
}


#: Interfaces of a section that have a name of their own; only hostile input has more probes.
_INTERFACES = 10_000


class PacketFile:
    """
    Writes packets to a pcapng stream.

    A section is begun with the first packet and whenever the clock changes, as it does where
    outputs with and without times are read one after the other.

    :param stream: binary and writable.
    :param application: the program that writes, with its version.
    :param catalog: says which way packets are going at a probe.
    :raises OSError: from any method, when *stream* cannot be written.
    """

    def __init__(self, stream: BinaryIO, application: str, catalog: Catalog) -> None:
        self._writer = PcapngWriter(stream)
        self._application = application
        self._catalog = catalog
        self._clock: Clock | None = None
        self._count = 0
        self._interfaces: dict[tuple[str | None, str], int] = {}
        # Of the last packet, as most are from the same probe and CPU:
        self._origin: Origin | None = None
        self._linktype: LinkType | None = None
        self._interface = 0
        self._comment = ""
        self._direction = PacketDirection.UNKNOWN
        self._options = b""

    def write(self, packet: Packet) -> None:
        """Write one packet, after its section and interface where these are new."""
        data, linktype, origin, _, timestamp, time, mbuf, offset, length, _ = packet
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
        options = self._options
        if mbuf is not None or offset:
            words = [f"mbuf {mbuf:#x}"] if mbuf is not None else []
            words += [f"offset {offset}"] if offset else []
            options = packet_options(", ".join([self._comment, *words]), self._direction)
        if length is None:
            length = claimed_length(data, linktype)
        if linktype.prefix:
            data, length = linktype.prefix + data, len(linktype.prefix) + length
        self._writer.write(self._interface, time, data, length, options)

    def write_run(self, run: PacketRun) -> None:
        """Write the packets of a run, as :meth:`write` does one by one, several times as fast."""
        if any(linktype.prefix for linktype in set(run.linktypes)):
            for packet in run:
                self.write(packet)
            return
        if self._clock is not Clock.NONE:
            self._section(Clock.NONE)
        # By identity, which is what tells one kind from another quickly; *run* keeps them alive.
        kinds = list(zip(map(id, run.origins), map(id, run.linktypes), strict=True))
        dress = {}
        for kind, (origin, linktype) in dict(
            zip(kinds, zip(run.origins, run.linktypes, strict=True), strict=True)
        ).items():
            self._switch(origin, linktype)
            dress[kind] = self._interface, self._options
        interfaces, options = zip(*map(dress.__getitem__, kinds), strict=True)
        lengths = list(map(claimed_length, run.data, run.linktypes))
        times = range(self._count, self._count + len(run))
        self._count += len(run)
        self._writer.write_alike(interfaces, times, run.data, lengths, options)

    def close(self) -> None:
        """Make the file a valid one even if no packet came; *stream* stays open."""
        if self._clock is None:
            self._section(Clock.NONE)

    def _section(self, clock: Clock) -> None:
        self._writer.section(clock.value, self._application)
        self._clock = clock
        self._interfaces.clear()
        self._origin = None

    def _switch(self, origin: Origin, linktype: LinkType) -> None:
        probe = self._catalog.get(origin.probe) if origin.probe else None
        key = (origin.probe, linktype.name)
        if len(self._interfaces) >= _INTERFACES and key not in self._interfaces:
            probe, key = None, ("other probes", linktype.name)
        if key not in self._interfaces:
            name = str(probe) if probe else key[0] or "dump"
            purpose = probe.purpose if probe else ""
            self._interfaces[key] = self._writer.interface(name, linktype.dlt, purpose)
        self._interface = self._interfaces[key]
        self._direction = _DIRECTIONS[probe.direction] if probe else PacketDirection.UNKNOWN
        words = [f"cpu {origin.cpu}"] if origin.cpu is not None else []
        words += [f"probe id {origin.id}"] if origin.id is not None else []
        self._comment = ", ".join(words)
        self._options = packet_options(self._comment, self._direction)
        self._origin, self._linktype = origin, linktype
