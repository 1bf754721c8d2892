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

import operator
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame
from dtkit.trace.journey import Hop, Journey, Step, trace_string
from dtkit.trace.snapshot import Snapshot

__all__ = ["LINKTYPE", "Generation", "Reading", "Record", "encode", "read_frame", "read_journeys"]

#: tcpdump.org's USER0.
LINKTYPE = 147

Generation = Literal[1, 2, 3]
Order = Literal[">", "<"]

#: What a record can hold.
PACKET, STRING = "packet", "string"


@dataclass(frozen=True, slots=True)
class Record:
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
    records: tuple[Record, ...]
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
            odd.append(f"claims {self.count} records, {whole} are whole: the others left out")
        elif self.trailing:
            odd.append(f"{self.trailing} bytes behind the last record: left out")
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
            generation = 3 if _any_text(data[at : at + length] for _, at, length in found) else 2
    kinds = _KINDS[generation]
    records = tuple(
        Record(kinds.get(kind, "unknown"), kind, start, data[start : start + length])
        for kind, start, length in found
    )
    return Reading(generation, order, count, records, 0 if missing else size - at, missing)


#: What the types mean. Each generation takes the other's where they do not clash.
_KINDS = {
    2: {0: PACKET, 1: PACKET, 2: STRING, 3: STRING},
    3: {0: PACKET, 1: STRING, 2: STRING, 3: STRING},
}

_TEXT = re.compile(rb"[ -~]*\0|[ -~]+").fullmatch


def _any_text(payloads: Iterable[bytes]) -> bool:
    """Whether one of *payloads* is printable up to a final NUL, or all are empty."""
    some = False
    for payload in payloads:
        if _TEXT(payload):
            return True
        some = some or bool(payload)
    return not some


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
        records.append(Record(STRING, None, at, data[at : at + length]))
        at += length
    if not missing and at < size:
        records.append(Record(PACKET, None, at, data[at:]))
    return Reading(1, order, count, tuple(records), 0, missing)


# Frames to journeys. This is the hot path: see Shape.


class _Hops(dict[bytes, Hop]):
    """Hops by the bytes of their string, parsed when first met; never more than so many."""

    def __init__(self) -> None:
        super().__init__()
        self.odd: list[str] = []
        self.heads: dict[bytes, Hop] = {}

    def __missing__(self, payload: bytes) -> Hop:
        text = payload[:-1] if payload[-1:] == b"\0" else payload
        head, paren, tail = text.partition(b"(")
        # Where only the arguments are new, the place has been parsed already.
        known = self.heads.get(head) if paren and tail[-1:] == b")" else None
        if known is not None and text.isascii() and b"\0" not in text:
            return Hop(known.place, tail[:-1].decode())
        hop = Hop.parse(text)
        strange = False
        if b"\0" in text:
            strange = True
            self.odd.append(f"a NUL in the middle of a string: {str(hop)[:60]!r}")
        try:
            text.decode()
        except UnicodeDecodeError:
            strange = True
            self.odd.append(f"a string that is no UTF-8: {str(hop)[:60]!r}")
        if not strange:  # a strange one is to be named each time
            if len(self) > 16384:
                self.clear()
                self.heads.clear()
            if hop.arguments is None:
                self[payload] = hop
            else:
                self.heads[head] = hop
        return hop


class _Shape:
    """What frames of one path have in common: the lengths and types of their records.

    A kernel sends many packets the same way, so most frames have a shape that was met before.
    Then one call unpacks all records at once, and comparing the lengths and types that it found
    with those expected proves that the frame was read right: each length that agrees puts the
    next header where it was looked for. (Measured: a fifth of the time of a loop.)
    """

    __slots__ = ("ambiguous", "expected", "form", "makers", "other", "unpack")

    def __init__(
        self, reading: Reading, makers: dict[str, Callable[[Any], Any]], forced: bool
    ) -> None:
        records = reading.records
        layout = "".join(f"HH{len(record.payload)}s" for record in records)
        self.unpack = struct.Struct(f">H{layout}").unpack
        self.expected = (
            len(records),
            tuple(len(record.payload) for record in records),
            tuple(record.type for record in records),
        )
        self.form = reading.form
        # With types 1 alone, the payloads say which generation it is.
        self.ambiguous = not forced and {record.type for record in records} == {1}
        self.makers = tuple(makers[record.kind] for record in records)[::-1]


def read_journeys(
    frames: Iterable[Frame | Oddity], generation: Generation | None = None
) -> Iterator[Journey | Oddity]:
    """Journeys of mbuf_trace *frames*, in the order of the capture; hands on oddities.

    Each journey's steps are in the order of time, oldest first. Of a damaged frame, what is
    whole is kept and the rest named. Frames of other link types are named and left out.

    :param frames: as :func:`dtkit.packets.capture.read_capture` gives them.
    :param generation: take every frame to be of this generation instead of asking each.
    """
    hops = _Hops()
    hop, call = hops.__getitem__, operator.call
    makers: dict[str, Callable[[Any], Any]] = {STRING: hop, PACKET: Snapshot}
    #: Shapes by the length of the frame; of each length, the last few met.
    shapes: dict[int, list[_Shape]] = {}
    for frame in frames:
        if isinstance(frame, Oddity):
            yield frame
            continue
        number, time, data, length, linktype = frame[:5]
        if linktype != LINKTYPE:
            text = f"link type {linktype} is not mbuf_trace's {LINKTYPE}: left out"
            yield Oddity("frame", number, text)
            continue
        steps: tuple[Step, ...] | None = None
        form = ""
        for shape in shapes.get(len(data), ()):
            fields = shape.unpack(data)
            if (fields[0], fields[1::3], fields[2::3]) == shape.expected:
                payloads = fields[:2:-3]
                if not shape.ambiguous or _any_text(payloads) is (shape.form == _form(3, ">")):
                    steps, form = tuple(map(call, shape.makers, payloads)), shape.form
                    break
        if steps is None:
            reading = read_frame(data, generation)
            records, form = reading.records, reading.form
            if reading.generation == 1 and records and records[-1].kind == PACKET:
                records = (records[-1], *records[:-1])
            steps = tuple(
                makers[record.kind](record.payload)
                for record in reversed(records)
                if record.kind in makers
            )
            odd = reading.oddities
            if length > len(data):
                cut = f"cut to {len(data)} of {length} bytes"
                odd = [f"{cut}, {odd[0]}", *odd[1:]] if odd else [cut]
            for text in odd:
                yield Oddity("frame", number, text)
            # Only a big-endian frame that fits exactly is recognised without being weighed.
            if not odd and reading.generation != 1 and reading.order == ">":
                _remember(shapes, len(data), _Shape(reading, makers, bool(generation)))
        elif length > len(data):
            yield Oddity("frame", number, f"cut to {len(data)} of {length} bytes")
        if hops.odd:
            yield from (Oddity("frame", number, text) for text in hops.odd)
            hops.odd.clear()
        yield Journey(number, time, steps, form)


def _remember(shapes: dict[int, list[_Shape]], size: int, shape: _Shape) -> None:
    if len(shape.makers) > 256:
        return
    if len(shapes) > 2048:
        shapes.clear()
    shapes.setdefault(size, []).insert(0, shape)
    del shapes[size][4:]


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


_PACKET_TYPE: dict[Generation, int] = {2: 1, 3: 0}
#: Of generation 2's two, the dynamic one: what is encoded here is not in a kernel's text.
_STRING_TYPE: dict[Generation, int] = {1: 0, 2: 3, 3: 1}
