# SPDX-License-Identifier: BSD-2-Clause
"""
What a packet is recognised by on another host: what forwarding leaves alone of its headers.

Routers change the time to live, checksums and the traffic class, a link has addresses of its own,
and the end of a snapshot may be missing. All else of the outermost IP header and of the one that
follows it stays, unless it is translated or put into a tunnel: then the journey through the host
that does it shows both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dtkit.trace.journey.headers import Part, dissect
from dtkit.trace.journey.model import Hop, Journey
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.stages import direction_of, last_direction_of

__all__ = ["Ends", "Sight", "ends", "sight"]

#: What is left alone, of each header.
_KEPT = {
    "ipv4": ("length", "id", "mf", "fragment offset", "protocol", "source", "destination"),
    "ipv6": ("flow", "payload length", "source", "destination"),
    "ipv6 fragment": ("fragment offset", "more", "id"),
    "icmp": ("type", "code", "rest"),
    "icmp echo": ("type", "code", "id", "sequence"),
    "icmpv6": ("type", "code", "rest"),
    "icmpv6 echo": ("type", "code", "id", "sequence"),
    "tcp": ("source port", "destination port", "sequence", "acknowledgment", "flags", "window"),
    "udp": ("source port", "destination port", "length"),
    "esp": ("spi", "sequence"),
    "ah": ("spi", "sequence"),
    "gre": ("flags", "protocol"),
}

#: Headers that stand between IP and what it carries.
_BETWEEN = {"ipv4 option", "ipv6 extension", "ipv6 fragment"}

#: Bytes behind those headers that are compared, at most.
_REST = 96


class Sight(NamedTuple):
    """A packet as it was seen at one end of its way through a host.

    :ivar key: what all sights of a packet share; numbers, and names of headers.
    :ivar ttl: time to live, or hop limit.
    :ivar rest: the bytes behind the headers of the key, as far as there are any.
    :ivar route: where it was sent on the link: the destination's address, or 0.
    """

    key: tuple[int | str, ...]
    ttl: int
    rest: bytes
    route: int

    def agrees(self, other: Sight) -> bool:
        """Whether both may be of one packet: all that is known of both is the same."""
        size = min(len(self.rest), len(other.rest))
        return self.key == other.key and self.rest[:size] == other.rest[:size]


@dataclass(frozen=True, slots=True)
class Ends:
    """How a packet came to a host and left it.

    :ivar arrival: as it came in; None where it was made here, or has no IP header.
    :ivar departure: as it went out; None where it ended here.
    :ivar came: ns, at the first hop; None where times are not known.
    :ivar went: ns, at the last hop.
    """

    arrival: Sight | None
    departure: Sight | None
    came: int | None
    went: int | None


def sight(snapshot: Snapshot) -> Sight | None:
    """What *snapshot* is recognised by; None if it has no whole IP header, or what that carries
    is cut within its header."""
    data = snapshot.data
    parts = dissect(data, snapshot.linktype)
    route = 0
    key: list[int | str] = []
    ttl = end = 0
    for number, part in enumerate(parts):
        if part.name == "ethernet":
            route = _value(part, data, "destination")
        elif not key:
            if part.name in ("ipv4", "ipv6"):
                ttl = _value(part, data, "ttl" if part.name == "ipv4" else "hop limit")
                key += _kept(part, data)
                end = part.end
        elif part.name in _BETWEEN:
            if part.name in _KEPT:
                key += _kept(part, data)
            end = part.end
        else:
            if part.name in _KEPT:
                key += _kept(part, data)
                end = part.end
            elif part.opaque and _cut_header(parts[number - 1], data, part, snapshot):
                return None
            break
    if not key:
        return None
    # What pads a short frame is no part of the packet.
    size = _size(parts, data)
    return Sight(tuple(key), ttl, data[end : min(end + _REST, size)], route)


def _value(part: Part, data: bytes, name: str) -> int:
    return next(field.value(part, data) for field in part.fields if field.name == name)


def _kept(part: Part, data: bytes) -> list[int | str]:
    wanted = _KEPT[part.name]
    return [part.name, *(f.value(part, data) for f in part.fields if f.name in wanted)]


#: Protocols whose headers are kept, and the bytes that these take.
_HEADER = {1: 8, 6: 20, 17: 8, 50: 8, 51: 12, 58: 8}


def _cut_header(before: Part, data: bytes, part: Part, snapshot: Snapshot) -> bool:
    """Whether *part* is the beginning of a header that the snapshot has not whole."""
    if before.name == "ipv4":
        if _value(before, data, "fragment offset"):
            return False
        protocol = _value(before, data, "protocol")
    elif before.name == "ipv6":
        protocol = _value(before, data, "next header")
    else:
        return False
    cut = snapshot.length is not None and snapshot.length > len(data)
    return cut and part.size < _HEADER.get(protocol, 0)


def _size(parts: tuple[Part, ...], data: bytes) -> int:
    padding = parts[-1] if parts and parts[-1].name == "padding" else None
    return len(data) if padding is None else padding.at


def ends(journey: Journey) -> Ends:
    """How the packet of *journey* came to its host and left it."""
    hops = journey.hops
    seen = [step for step in journey.seen if isinstance(step, Snapshot)]
    times = [hop.time for hop in hops if hop.time is not None]
    came = min(times) if times else journey.time
    went = max(times) if times else journey.time
    first, last = direction_of(hops), last_direction_of(hops)
    arrival = departure = None
    # A copy was made here, of a packet that may have come from elsewhere.
    if first != "out" and journey.origin is None:
        arrival = next(filter(None, map(sight, seen)), None)
    if last != "in" and not journey.outcome.startswith("dropped"):
        departure = next(filter(None, map(sight, reversed(seen))), None)
    return Ends(arrival, departure, came, went)


def interface(hops: tuple[Hop, ...]) -> str:
    """The interface of the last hop that has one; empty if none has."""
    return next((hop.interface for hop in reversed(hops) if hop.interface), "")
