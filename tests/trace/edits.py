# SPDX-License-Identifier: BSD-2-Clause
"""
Packets as a kernel edits them, with a ledger of what each edit changes.

A packet is described, not parsed: from the descriptions of two packets follows what a difference
has to say, without looking at their bytes. Shares nothing with what cuts packets into headers.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

from hypothesis import strategies as st

from tests.trace.frames import checksum

#: Options by the name that is said of them.
OPTIONS = {
    "mss": bytes.fromhex("020405b4"),
    "window scale": bytes.fromhex("030307"),
    "timestamps": bytes.fromhex("080a0000000100000002"),
    "nop": b"\1",
}


@dataclass(frozen=True)
class Entry:
    """A part of a packet: which one it is, what it is called, its bytes, its fields as text."""

    key: str
    name: str
    data: bytes
    fields: dict[str, str]


@dataclass(frozen=True)
class Packet:
    """What a packet is; ``pulled`` of its first headers are gone from the mbuf."""

    source: str
    destination: str
    ports: tuple[int, int]
    payload: bytes
    transport: str = "tcp"
    ttl: int = 64
    offset: int = 0
    more: bool = False
    ip_option: bool = False
    options: tuple[str, ...] = ()
    outer: str = ""
    ethernet: bool = True
    tags: tuple[int, ...] = ()
    pulled: int = 0

    @property
    def entries(self) -> list[Entry]:
        """Its parts, from the first byte on."""
        entries = [Entry("payload", "payload", self.payload, {})]
        entries[:0] = self._transport()
        entries[:0] = self._ip(
            "ip", self.source, self.destination, 6 if self.transport == "tcp" else 17, entries
        )
        if self.outer:
            if self.outer == "gre":
                data = struct.pack(">HH", 0, 0x0800)
                gre = {"flags": "0x0000", "protocol": "0x0800"}
                entries.insert(0, Entry("gre", "gre", data, gre))
            plain = Packet("198.51.100.7", "203.0.113.9", (0, 0), b"", ttl=30)
            protocol = 47 if self.outer == "gre" else 4
            entries[:0] = plain._ip("outer", plain.source, plain.destination, protocol, entries)
        if self.ethernet:
            addresses = bytes.fromhex("020000000002020000000001")
            kinds = [*(0x8100 for _ in self.tags), 0x0800]
            # A tag is four bytes before the type, which stays what it was.
            tags = [
                Entry(f"tag {len(self.tags) - n}", "vlan", struct.pack(">HH", 0x8100, tag), {})
                for n, tag in enumerate(self.tags)
            ]
            ends = Entry("ethernet", "ethernet", addresses, {"type": f"0x{kinds[-1]:04x}"})
            kind = Entry("type", "", struct.pack(">H", kinds[-1]), {})
            entries[:0] = [ends, *tags, kind]
        return entries[self.pulled :]

    def _ip(
        self, key: str, source: str, destination: str, protocol: int, behind: list[Entry]
    ) -> list[Entry]:
        option = bytes.fromhex("94040000") if self.ip_option else b""
        size = 20 + len(option)
        length = size + sum(len(entry.data) for entry in behind)
        flags = (0x2000 if self.more else 0) | self.offset
        head = struct.pack(">BBHHHBB", 0x40 | size // 4, 0, length, 7, flags, self.ttl, protocol)
        head += bytes(2) + b"".join(ipaddress.ip_address(a).packed for a in (source, destination))
        summed = checksum(head + option)
        head = head[:10] + struct.pack(">H", summed) + head[12:]
        fields = {
            "header length": str(size),
            "length": str(length),
            "mf": str(int(self.more)),
            "fragment offset": str(self.offset),
            "ttl": str(self.ttl),
            "protocol": str(protocol),
            "checksum": f"0x{summed:04x}",
            "source": source,
            "destination": destination,
        }
        entries = [Entry(key, "ipv4", head, fields)]
        if option:
            entries.append(Entry(f"{key} option", "ipv4 option", option, {}))
        return entries

    def _transport(self) -> list[Entry]:
        addresses = (ipaddress.ip_address(a).packed for a in (self.source, self.destination))
        pseudo = b"".join(addresses)
        options = b"".join(OPTIONS[name] for name in self.options)
        ports = {"source port": str(self.ports[0]), "destination port": str(self.ports[1])}
        if self.transport == "udp":
            size = 8 + len(self.payload)
            head = struct.pack(">HHHH", *self.ports, size, 0)
            summed = checksum(_even(pseudo + struct.pack(">HH", 17, size) + head + self.payload))
            fields = {**ports, "length": str(size), "checksum": f"0x{summed:04x}"}
            return [Entry("udp", "udp", head[:6] + struct.pack(">H", summed), fields)]
        size = 20 + len(options)
        head = struct.pack(">HHIIBBHHH", *self.ports, 1, 1, size // 4 << 4, 0x10, 1024, 0, 0)
        whole = head + options + self.payload
        summed = checksum(_even(pseudo + struct.pack(">HH", 6, len(whole)) + whole))
        head = head[:16] + struct.pack(">H", summed) + head[18:]
        fields = {**ports, "header length": str(size), "checksum": f"0x{summed:04x}"}
        entries = [Entry("tcp", "tcp", head, fields)]
        for index, name in enumerate(self.options):
            nth = self.options[index:].count(name)  # the last of a kind is the same one
            entries.append(Entry(f"{name} {nth}", f"tcp {name}", OPTIONS[name], {}))
        return entries

    @property
    def data(self) -> bytes:
        """The packet itself."""
        return b"".join(entry.data for entry in self.entries)


def _even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)


def ledger(before: Packet, after: Packet) -> list[str]:
    """What has to be said of the way from one packet to the other, sorted."""
    old = {entry.key: entry for entry in before.entries}
    new = {entry.key: entry for entry in after.entries}
    said = []
    for key, entry in {**old, **new}.items():
        if key == "type":
            continue  # comes and goes with Ethernet
        if key not in old or key not in new:
            size = len(entry.data) + (2 if key == "ethernet" else 0)
            what = "added" if key in new else "removed"
            said.append(f"{entry.name} {what} ({size} byte{'s' if size > 1 else ''})")
        elif key == "payload":
            said += _payload(old[key].data, new[key].data)
        else:
            for field, was in old[key].fields.items():
                now = new[key].fields[field]
                if was != now:
                    said.append(f"{entry.name} {field} {was} -> {now}")
    return sorted(said)


def _payload(old: bytes, new: bytes) -> list[str]:
    common = min(len(old), len(new))
    changed = [index for index in range(common) if old[index] != new[index]]
    said = []
    for _, group in groupby(enumerate(changed), lambda pair: pair[1] - pair[0]):
        run = [index for _, index in group]
        span = slice(run[0], run[-1] + 1)
        said.append(f"payload +{run[0]}: {old[span].hex()} -> {new[span].hex()}")
    if len(old) != len(new):  # at the end, in all that is done here
        size = abs(len(old) - len(new))
        what = "removed" if len(old) > len(new) else "added"
        said.append(f"payload {what} at +{common} ({size} byte{'s' if size > 1 else ''})")
    return said


# What a kernel does to packets.


def _translate(draw: st.DrawFn, packet: Packet) -> Packet:
    new = draw(st.sampled_from(["192.0.2.1", "192.0.2.254", "10.9.8.7"]))
    port = draw(st.integers(5000, 65535))  # not VXLAN's
    if draw(st.booleans()):
        return replace(packet, source=new, ports=(port, packet.ports[1]))
    return replace(packet, destination=new, ports=(packet.ports[0], port))


def _translate_address(draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, source=draw(st.sampled_from(["192.0.2.1", "192.0.2.254"])))


def _forward(_draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, ttl=packet.ttl - 1)


def _encapsulate(draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, outer=draw(st.sampled_from(["ipip", "gre"])))


def _decapsulate(_draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, outer="")


def _tag(_draw: st.DrawFn, packet: Packet) -> Packet:
    # Up to two; the inner one is always the same, so that it is clear which one came.
    return replace(packet, tags={0: (7,), 1: (8, 7)}.get(len(packet.tags), packet.tags))


def _untag(_draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, tags=packet.tags[1:])


def _strip_ethernet(_draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, ethernet=False, tags=())


def _prepend_ethernet(_draw: st.DrawFn, packet: Packet) -> Packet:
    return replace(packet, ethernet=True)


def _pull(draw: st.DrawFn, packet: Packet) -> Packet:
    # As far as to the IP header, the transport or the payload; never into the payload.
    plain = replace(packet, ethernet=False, tags=(), pulled=0)
    keys = [entry.key for entry in plain.entries]
    upto = draw(st.sampled_from([packet.transport, "payload"]))
    return replace(plain, pulled=keys.index(upto))


def _overwrite(draw: st.DrawFn, packet: Packet) -> Packet:
    at = draw(st.integers(0, len(packet.payload) - 1))
    new = draw(st.binary(min_size=1, max_size=2))
    payload = (packet.payload[:at] + new + packet.payload[at + len(new) :])[: len(packet.payload)]
    return replace(packet, payload=payload)


def _insert_option(draw: st.DrawFn, packet: Packet) -> Packet:
    if packet.transport != "tcp" or "mss" in packet.options:
        return replace(packet, ip_option=True)
    if draw(st.booleans()):
        return replace(packet, options=("mss", *packet.options))
    if "timestamps" in packet.options:
        return packet
    return replace(packet, options=("nop", "nop", "timestamps", *packet.options))


def _fragment(draw: st.DrawFn, packet: Packet) -> Packet:
    if packet.more or packet.offset:
        return packet
    if draw(st.booleans()):  # the first of the fragments
        return replace(packet, more=True, payload=packet.payload[:-8])
    return replace(packet, offset=draw(st.integers(1, 8191)))


EDITS: list[Callable[[st.DrawFn, Packet], Packet]] = [
    _translate,
    _translate_address,
    _forward,
    _encapsulate,
    _decapsulate,
    _tag,
    _untag,
    _strip_ethernet,
    _prepend_ethernet,
    _pull,
    _overwrite,
    _insert_option,
    _fragment,
]


@st.composite
def known_edits(draw: st.DrawFn) -> tuple[Packet, Packet]:
    """A packet, and what a kernel made of it in a few steps."""
    before = Packet(
        source="10.0.0.1",
        destination="172.16.3.2",
        ports=(draw(st.integers(5000, 65535)), draw(st.sampled_from([22, 53, 443]))),
        # Each byte another: what came from where is plain.
        payload=bytes(range(first := draw(st.integers(0, 190)), first + draw(st.integers(24, 60)))),
        transport=draw(st.sampled_from(["tcp", "udp"])),
        options=draw(st.sampled_from([(), ("nop", "window scale")])),
        outer=draw(st.sampled_from(["", "", "ipip", "gre"])),
        ethernet=draw(st.booleans()),
    )
    if before.ethernet:
        before = replace(before, tags=draw(st.sampled_from([(), (7,)])))
    if before.transport == "udp":
        before = replace(before, options=())
    after = before
    for edit in draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=4)):
        if after.pulled and edit is not _pull:
            break  # nothing more is known of what has gone
        after = edit(draw, after)
    if not after.ethernet:
        after = replace(after, tags=())
    if after.offset:  # a later fragment's first bytes are no header to the kernel
        after = replace(after, options=before.options, ports=before.ports)
    return before, after
