# SPDX-License-Identifier: BSD-2-Clause
"""
mbuf_trace on the wire: frames to journeys and back, in all three generations.

A frame is what the kernel had noted down about one mbuf when it was freed, newest first:

- Generation 1: a count, that many strings each behind its length, then the packet's bytes.
- Generation 2: a count, that many records, each behind its length and type: 1 packet bytes,
  2 a static string, 3 a dynamic string.
- Generation 3: the same with types 0, packet bytes, and 1, a string.

Counts, lengths and types are 16 bits, big-endian; a kernel that writes them little-endian is
read as well. Strings end in a NUL that is counted. Link type 147 (user 0).
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dtkit.counted import counted
from dtkit.native import speedups
from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame
from dtkit.trace.journey.hop import Hop, Place, trace_string
from dtkit.trace.journey.model import Journey, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.way import Way

__all__ = [
    "LINKTYPE",
    "FrameRecord",
    "Generation",
    "Reading",
    "encode",
    "read_frame",
    "read_journeys",
]

#: tcpdump.org's USER0.
LINKTYPE = 147

Generation = Literal[1, 2, 3]
Order = Literal[">", "<"]

#: What a record can hold.
PACKET, STRING = "packet", "string"


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One record of a frame, as captured.

    :ivar kind: ``packet``, ``string``, or ``unknown`` for a type that no generation has.
    :ivar type: its type's number, or None in generation 1, which has none.
    :ivar at: where in the frame its payload starts, in bytes.
    :ivar payload: its bytes, of a string with the NUL.
    """

    kind: str
    type: int | None
    at: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A frame taken apart.

    :ivar generation: 1, 2 or 3.
    :ivar order: byte order of its integers, ``>`` or ``<``, as in :mod:`struct`.
    :ivar count: the records that it claims, or None where there is not even a count.
    :ivar records: those that are whole, as captured: newest first. Generation 1's packet, which
        stands last though it is newest, is the last.
    :ivar trailing: bytes behind the last record, which should not be there.
    :ivar missing: bytes that the next record or the frame itself should have and has not.
    """

    generation: Generation
    order: Order
    count: int | None
    records: tuple[FrameRecord, ...]
    trailing: int
    missing: int

    @property
    def form(self) -> str:
        """As :attr:`Journey.form` says it."""
        return _form(self.generation, self.order)

    @property
    def oddities(self) -> list[str]:
        """What is not as it should be."""
        odd = []
        whole = len(self.records)
        if self.count is None:
            odd.append("too short for a count of records: nothing to read")
        elif self.missing:
            claimed, there = counted(self.count, "record"), counted(whole, "is", "are")
            odd.append(f"claims {claimed}, {there} whole: the others left out")
        elif self.trailing:
            odd.append(f"{counted(self.trailing, 'byte')} behind the last record: left out")
        for index, record in enumerate(self.records, 1):
            if record.kind == "unknown":
                odd.append(f"record {index} has type {record.type}, which is none: left out")
            elif record.type == 0 and self.generation == 2:
                odd.append(f"record {index} has type 0 of generation 3: read as packet bytes")
            elif record.type in (2, 3) and self.generation == 3:
                odd.append(f"record {index} has type {record.type} of generation 2: read as text")
        return odd


def _form(generation: int, order: str) -> str:
    return f"mbuf_trace {generation}" + (" little-endian" if order == "<" else "")


# Reading one frame. A capture does not say which generation wrote a frame, nor in which byte
# order, so the readings are tried, and the one that explains the frame best is taken. The Lua
# dissector does the same, step by step: the tests hold the two together.


def read_frame(data: bytes, generation: Generation | None = None) -> Reading:
    """Take frame *data* apart; any bytes at all.

    Without *generation* a frame is 2 or 3 when reading it so consumes it exactly and all types
    are 0 to 3, else 1 when its strings fit; when nothing fits, the reading that finds most. Of 2
    and 3 it is 2 if a type is above 1, 3 if one is 0; with only types 1 it is 3 if a payload is
    printable, 2 if none is.
    """
    if len(data) < 2:
        return Reading(generation or 3, ">", None, (), len(data), 0)
    readings = []
    for order in _ORDERS:
        if generation != 1:
            readings.append(_read_typed(data, order, generation))
        if generation in (None, 1):
            readings.append(_read_strings(data, order))
    return max(readings, key=_merit)


_ORDERS: tuple[Order, Order] = (">", "<")


def _merit(reading: Reading) -> tuple[int, int]:
    """How well a reading explains its frame; the first of equals is taken."""
    whole = not (reading.missing or reading.trailing)
    known = [record for record in reading.records if record.kind != "unknown"]
    if reading.generation != 1:
        fits = 2 if whole and len(known) == len(reading.records) else 0
    else:
        fits = 1 if whole else 0
    return fits, len(known)


def _read_typed(data: bytes, order: Order, generation: Generation | None) -> Reading:
    size = len(data)
    head = struct.Struct(f"{order}HH").unpack_from
    (count,) = struct.unpack_from(f"{order}H", data)
    at, missing = 2, 0
    found: list[tuple[int, int, int]] = []
    for _ in range(count):
        if at + 4 > size:
            missing = at + 4 - size
            break
        length, kind = head(data, at)
        at += 4
        if at + length > size:
            missing = at + length - size
            break
        found.append((kind, at, length))
        at += length
    if generation is None:
        types = {kind for kind, _, _ in found}
        if types & {2, 3}:
            generation = 2
        elif types != {1}:
            generation = 3
        else:
            payloads = [data[start : start + length] for _, start, length in found]
            generation = 3 if _any_text(payloads) else 2
    kinds = _KINDS[generation]
    records = tuple(
        FrameRecord(kinds.get(kind, "unknown"), kind, start, data[start : start + length])
        for kind, start, length in found
    )
    return Reading(generation, order, count, records, 0 if missing else size - at, missing)


#: What the types mean. Each generation takes the other's where they do not clash.
_KINDS = {
    2: {0: PACKET, 1: PACKET, 2: STRING, 3: STRING},
    3: {0: PACKET, 1: STRING, 2: STRING, 3: STRING},
}

_TEXT = re.compile(rb"[ -~]*\0|[ -~]+").fullmatch


def _any_text(payloads: Sequence[bytes]) -> bool:
    """Whether one of *payloads* is printable up to a final NUL, or all are empty."""
    return any(map(_TEXT, payloads)) or not any(payloads)


def _read_strings(data: bytes, order: Order) -> Reading:
    size = len(data)
    (count,) = struct.unpack_from(f"{order}H", data)
    at, missing = 2, 0
    records = []
    for _ in range(count):
        if at + 2 > size:
            missing = at + 2 - size
            break
        (length,) = struct.unpack_from(f"{order}H", data, at)
        at += 2
        if at + length > size:
            missing = at + length - size
            break
        records.append(FrameRecord(STRING, None, at, data[at : at + length]))
        at += length
    if not missing and at < size:
        records.append(FrameRecord(PACKET, None, at, data[at:]))
    return Reading(1, order, count, tuple(records), 0, missing)


# Frames to journeys. This is the hot path: a kernel sends many packets the same way, so the strings
# of most frames were met before.


#: What no capture tells of a hop.
_UNKNOWN = Hop(Place("", ""))[2:]


class _Hops(dict[bytes, Hop]):
    """Hops by the bytes of their string, parsed when first met; never more than so many."""

    def __init__(self) -> None:
        super().__init__()
        self.odd: list[str] = []
        #: Places by what stands before their arguments: arguments are often new.
        self._places: dict[bytes, Place] = {}

    def __missing__(self, payload: bytes, _new: Any = tuple.__new__) -> Hop:
        head, _, tail = payload.partition(b"(")
        place = self._places.get(head)
        if (
            place is not None
            and tail[-2:] == b")\0"
            and payload.isascii()
            and payload.count(0) == 1
        ):
            # Hop(place, arguments), in half the time.
            made = (place, tail[:-2].decode(), *_UNKNOWN)
            known: Hop = _new(Hop, made)
            if len(payload) <= _LONGEST_KEPT:
                if len(self) >= _MOST_HOPS:
                    self.clear()
                self[payload] = known
            return known
        text = payload[:-1] if payload[-1:] == b"\0" else payload
        hop = Hop.parse(text)
        strange = len(self.odd)
        if b"\0" in text:
            self.odd.append(f"a NUL in the middle of a string: {str(hop)[:60]!r}")
        try:
            text.decode()
        except UnicodeDecodeError:
            self.odd.append(f"a string that is no UTF-8: {str(hop)[:60]!r}")
        # A strange one is to be named each time.
        if strange == len(self.odd) and len(payload) <= _LONGEST_KEPT:
            if len(self) + len(self._places) >= _MOST_HOPS:
                self.clear()
                self._places.clear()
            self[payload] = hop
            if hop.arguments is not None:
                self._places[head] = hop.place
        return hop


def cut_in_python(data: bytes, generation: int) -> tuple[int, bytes, tuple[bytes, ...]] | None:
    """
    What is in a frame as kernels write them: big-endian, of generation 2 or 3, and nothing odd.

    :param generation: that it is of; 0 asks the frame.
    :return: its generation; its strings, newest first, each behind its length and type, with
        :data:`_LOOK` where a packet stands; and the packets, oldest first. None for another frame,
        which :func:`read_frame` has to look at.
    """
    records = _sound(data, ">")
    types = {kind for kind, _, _ in records}
    if not generation:
        generation = 2 if types & {2, 3} else 3
        if types == {1} and not _any_text([data[at : at + size] for _, at, size in records]):
            generation = 2
    # Little-endian it may have more of them.
    if not types or types - _OWN[generation] or len(_sound(data, "<")) > len(records):
        return None
    look = _PACKET_TYPE[generation]
    strings: list[bytes] = []
    packets: list[bytes] = []
    start = 2
    for kind, at, size in records:
        if kind == look:
            strings += data[start : at - 4], _LOOK
            packets.append(data[at : at + size])
            start = at + size
    strings.append(data[start:])
    return generation, b"".join(strings), tuple(packets[::-1])


#: The types that each generation has itself.
_OWN: dict[int, set[int]] = {1: set(), 2: {1, 2, 3}, 3: {0, 1}}

#: What stands for a packet among strings: no string has that type.
_LOOK = b"\xff\xff\xff\xff"

#: Length and type of a record.
_HEAD = struct.Struct(">HH").unpack_from
_HEADS = {">": _HEAD, "<": struct.Struct("<HH").unpack_from}


def _sound(data: bytes, order: Order) -> list[tuple[int, int, int]]:
    """Of each record of a frame its type, where it begins, and its size; none if not all is."""
    size = len(data)
    count = int.from_bytes(data[:2], "big" if order == ">" else "little")
    if size < 2 + 4 * count:
        return []
    head, at = _HEADS[order], 6
    found: list[tuple[int, int, int]] = []
    while at <= size:
        length, kind = head(data, at - 4)
        if kind > 3:
            return []
        found.append((kind, at, length))
        at += length + 4
    return found if at == size + 4 and len(found) == count else []


_cut = cut_in_python if speedups is None else speedups.cut


class _Ways(dict[bytes, Way | None]):
    """Ways by the strings that tell them, as :func:`cut_in_python` gives these; so many at most."""

    def __init__(self, hops: _Hops) -> None:
        super().__init__()
        self._hops = hops
        #: By the identities of their places; the steps hold these.
        self._alike: dict[tuple[int, ...], Way] = {}
        self._weight = 0  # of all these

    def __missing__(self, strings: bytes) -> Way | None:
        """None where a string is odd, which has to be said each time."""
        hops, size, at = self._hops, len(strings), 0
        steps: list[Hop | None] = []
        while at < size:
            length, kind = _HEAD(strings, at)
            at += 4
            if kind > 3:
                steps.append(None)
            else:
                steps.append(hops[strings[at : at + length]])
                at += length
        if hops.odd:
            return None
        self._weight += len(steps) + size // _STRING
        if self._weight > _MOST_STEPS:  # views keep a text of each step with the way
            self.clear()
            self._alike.clear()
            self._weight = len(steps) + size // _STRING
        way = self[strings] = self._made(tuple(steps[::-1]))
        return way

    def _made(self, steps: tuple[Hop | None, ...]) -> Way:
        places = tuple([0 if step is None else id(step[0]) for step in steps])
        like = self._alike.get(places)
        if like is None:
            like = self._alike[places] = Way(steps)
            return like
        pairs = enumerate(zip(steps, like.steps, strict=True))
        return Way(steps, like, tuple([at for at, (one, other) in pairs if one is not other]))


# Bounds of what is kept, far above what a kernel's trace points come to: hops whose strings are no
# longer, and steps of ways, where so many bytes of strings count as another one.
_MOST_HOPS, _LONGEST_KEPT = 16_384, 1024
_MOST_STEPS, _STRING = 65_536, 128


def read_journeys(
    frames: Iterable[Frame | Journey | Oddity], generation: Generation | None = None
) -> Iterator[Journey | Oddity]:
    """Journeys of mbuf_trace *frames*, in the order of the capture; hands on journeys and oddities.

    Each journey's steps are in the order of time, oldest first. Of a damaged frame, what is
    whole is kept and the rest named. Frames of other link types are left out; of each such type
    the first is named, and at the end how many there were.

    :param frames: as :func:`dtkit.packets.capture.read_capture` gives them.
    :param generation: take every frame to be of this generation instead of asking each.
    """
    hops = _Hops()
    odd_strings, ways, on_way = hops.odd, _Ways(hops), Journey.on_way
    others: Counter[int] = Counter()
    for frame in frames:
        if not isinstance(frame, Frame):
            yield frame
            continue
        number, time, data, length, linktype = frame[:5]
        if linktype != LINKTYPE:
            others[linktype] += 1
            if others[linktype] == 1:
                text = f"link type {linktype} is not mbuf_trace's {LINKTYPE}: left out"
                yield Oddity("frame", number, text)
            continue
        cut = _cut(data, generation or 0) if length <= len(data) else None
        if cut is not None:
            which, strings, packets = cut
            way = ways[strings]
            if way is not None:
                yield on_way(number, time, _FORMS[which], way, packets)
                continue
        odd_strings.clear()
        reading = read_frame(data, generation)
        steps = _steps(reading, hops)
        odd = reading.oddities
        if length > len(data):
            shorter = f"cut to {len(data)} of {length} bytes"
            odd = [f"{shorter}, {odd[0]}", *odd[1:]] if odd else [shorter]
        for text in (*odd, *odd_strings):
            yield Oddity("frame", number, text)
        odd_strings.clear()
        yield Journey(number, time, steps, reading.form, None, None)
    for linktype, count in others.items():
        if count > 1:
            yield Oddity("frame", 0, f"{count} frames in all are of link type {linktype}")


_FORMS = {which: _form(which, ">") for which in (2, 3)}


def _steps(reading: Reading, hops: _Hops) -> tuple[Step, ...]:
    """The steps in *reading*, oldest first."""
    records = reading.records
    if reading.generation == 1 and records and records[-1].kind == PACKET:
        records = (records[-1], *records[:-1])
    return tuple(
        hops[record.payload] if record.kind == STRING else Snapshot(record.payload)
        for record in reversed(records)
        if record.kind != "unknown"
    )


def encode(steps: Iterable[Step], generation: Generation = 3, order: Order = ">") -> bytes:
    """The frame that the kernel of a *generation* would write for *steps*, oldest first.

    :raises ValueError: what the generation cannot say: more than 65,535 records or bytes in one; in
        generation 1, a snapshot that is not the last step, or is empty.
    """
    newest_first = list(steps)[::-1]
    packet = b""
    last = newest_first[0] if newest_first else None
    if generation == 1 and isinstance(last, Snapshot):
        packet = last.data
        del newest_first[0]
        if not packet:
            raise ValueError("generation 1 cannot tell an empty packet from none")
    out = []
    for step in newest_first:
        if isinstance(step, Hop):
            kind, payload = _STRING_TYPE[generation], trace_string(step)
        elif generation == 1:
            raise ValueError("generation 1 has one packet, at the end")
        else:
            kind, payload = _PACKET_TYPE[generation], step.data
        if len(payload) > 0xFFFF:
            raise ValueError(f"a record of {len(payload)} bytes: at most 65535")
        out.append(struct.pack(f"{order}H", len(payload)))
        if generation != 1:
            out.append(struct.pack(f"{order}H", kind))
        out.append(payload)
    if len(newest_first) > 0xFFFF:
        raise ValueError(f"{len(newest_first)} records: at most 65535")
    return struct.pack(f"{order}H", len(newest_first)) + b"".join(out) + packet


_PACKET_TYPE: dict[int, int] = {2: 1, 3: 0}
#: Of generation 2's two, the dynamic one: what is encoded here is not in a kernel's text.
_STRING_TYPE: dict[Generation, int] = {1: 0, 2: 3, 3: 1}
