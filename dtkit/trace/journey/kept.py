# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys in the packets of a capture, and back: a journey that was kept and read is equal.

A journey is kept in parts, each in the metadata (:mod:`dtkit.packets.metadata`) of one packet:
steps one after the other, of which one at most is a snapshot, whose bytes the packet has. Each part
says besides what the journey is, and where the packet was seen: packets may be sorted, merged with
others, and left out, and still say what they are.
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Annotated, Any, NamedTuple

from dtkit.bounded import Bounded
from dtkit.foreign import visible
from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame
from dtkit.packets.header import header_from
from dtkit.packets.linktype import LinkType
from dtkit.packets.metadata import metadata_text, read_metadata
from dtkit.trace.journey.codec import LINKTYPE
from dtkit.trace.journey.columns import Column, Table, Words
from dtkit.trace.journey.hop import OF_WAY
from dtkit.trace.journey.model import (
    HOP,
    ITS_OWN,
    JOURNEY,
    OF_BYTES,
    SNAPSHOT,
    Hop,
    HopMoment,
    Journey,
    Place,
    SnapshotMoment,
    Step,
    Way,
)
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.way import Look

__all__ = [
    "KEPT", "KEPT_FIELDS", "Alike", "KeptJourneys", "KeptPacket", "KeptPart", "Stretch",
    "journey_row", "kept_journeys", "parts",
]  # fmt: skip

#: What :attr:`~dtkit.trace.journey.model.Journey.form` says of a packet that no journey was of.
FORM = "packet"

#: Of the rows of a part, about so many characters at most: far below what a block can hold.
_LARGE = 1 << 20

#: Journeys that lack packets, at a time, at most.
_MOST_OPEN = 10_000


class Alike(NamedTuple):
    """
    What is kept of journeys that differ in nothing but their number and time.

    :ivar row: by column.
    :ivar text: the same as JSON, without the brace before it.
    """

    row: dict[str, Any]
    text: str


class Stretch(NamedTuple):
    """
    The part of a way that is kept in one packet: all but what differs from journey to journey.

    :ivar numbers: which packet of how many, which hop of how many, its probe, and its latency: see
        the fields of :class:`KeptPacket`.
    :ivar at: the hop that it was seen at.
    :ivar look: which snapshot of the journey it has, and which step; None where it has none.
    :ivar front: JSON of the hop, and of the steps up to what the snapshot's bytes tell.
    :ivar behind: JSON of the steps behind the snapshot.
    """

    numbers: tuple[int, int, int | None, int, str | None, int | None]
    left_out: int | None
    at: HopMoment | None
    look: tuple[int, int] | None
    front: str
    behind: str


@dataclass(frozen=True)
class KeptPacket:
    """
    A packet of a journey, as it is kept in a capture; all of it but its bytes and what they tell.

    :ivar stretch: of its way.
    """

    packet: Annotated[int, Words("which packet of its journey it is, from 1")]
    packets: Annotated[int, Words("how many its journey has")]
    hop: Annotated[int | None, Words("at which hop it was seen, from 1; null for before them all")]
    hops: Annotated[int, Words("how many hops its journey has")]
    probe: Annotated[str | None, Words("the probe that fired there; null if unknown")]
    latency: Annotated[int | None, Words("ns since the first hop; null if times are unknown")]
    changed: Annotated[tuple[str, ...], Words("what changed since the packet before")]
    left_out: Annotated[int | None, Words("snapshots that are not in the capture; null for none")]
    stretch: Stretch

    @property
    def at(self) -> HopMoment | None:
        """The hop that it was seen at; None where there is none before it."""
        return self.stretch.at

    @cached_property
    def text(self) -> str:
        """What is kept of it, as members of an object of JSON."""
        return _kept_text(*self.stretch.numbers, self.changed, self.left_out)

    def comment(self, alike: Alike) -> str:
        """
        What people are told of it: a line that says which it is, then one for each of its words.

        :param alike: what is kept of its journey.
        """
        return self.title + self._said(alike)

    def metadata(self, alike: Alike, more: str = "") -> tuple[str | None, ...]:
        """
        The metadata, as JSON in pieces: None where what is the journey's own stands, and behind it
        where what is the snapshot's stands: :class:`KeptPart` has both.

        :param alike: what is kept of its journey.
        :param more: members of the object that stand in front, each with a comma behind it.
        """
        stretch = self.stretch
        return (
            f'{{{more}"{JOURNEY.name}":{{', None, alike.text, f',"{KEPT.name}":{{', self.text, "},",
            stretch.front, None, stretch.behind, "]}",
        )  # fmt: skip

    def _said(self, alike: Alike) -> str:
        """The lines of its words; they are the same for many packets."""
        hop = None if self.at is None else self.at.step
        last = self.packet == self.packets
        key = id(hop), id(alike), last, self.probe, self.latency, self.changed, self.left_out
        met = _SAID.get(key)
        if met is None:
            text = "".join([f"\n{name}: {value}" for name, value in self.words(alike.row)])
            met = hop, alike, text
            if self.latency is None:  # one with a time is not met again
                _SAID.keep(key, met)
        return met[2]

    def words(self, journey: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """What people are told of the packet: names of :data:`KEPT_FIELDS`, with their values.

        Which packet it is stands before all that: see :meth:`title`. What became of the packet is
        told of the last one, where it happened.

        :param journey: what is kept of its journey; its number and time are not needed.
        """
        last = self.packet == self.packets
        header = None if self.at is None else self.at.step.header
        rows: dict[str, dict[str, Any]] = {
            KEPT.name: KEPT.kept(self),
            HOP.name: {} if self.at is None else HOP.kept(self.at),
            JOURNEY.name: journey,
        }
        told = set()
        for name, table, column in _IN_WORDS[last]:
            value = rows[table.name].get(column.name)
            if value is None:
                continue
            for one in value if isinstance(value, tuple) else (value,):
                text = f"{one:#x}" if column.form == "hex" else visible(f"{one}{_unit(name)}")
                if (name, text) not in told:  # a journey's rule is that of its last hop, mostly
                    told.add((name, text))
                    yield name, text
        for name, fact in (header.known() if header is not None else {}).items():
            if fact != "":
                yield name, visible(str(fact))

    @property
    def title(self) -> str:
        """Which packet of its journey it is: ``packet 2 of 5, hop 7 of 31``."""
        title = f"packet {self.packet} of {self.packets}"
        return title if self.hop is None else f"{title}, hop {self.hop} of {self.hops}"


class KeptPart(NamedTuple):
    """
    A part of a journey, with the bytes that it has.

    :ivar packet: what it is kept as.
    :ivar snapshot: whose bytes it has; None where it has none.
    :ivar own: JSON of what the bytes tell.
    """

    packet: KeptPacket
    snapshot: Snapshot | None
    own: str


KEPT = Table("packet", (KeptPacket, ""))

#: Columns with a name of their own where those of all tables stand together, and those left out:
#: the packet's own time and its bytes tell it.
_NAMES = {"label": "function", "notes": "note"}
_ASIDE = {"time", "step", "depth", "text"}
_TITLE = {"journey", "packet", "packets", "hop", "hops"}

#: What is told of a packet of a journey: what it is called, and the table and column that have it.
KEPT_FIELDS: tuple[tuple[str, Table, Column], ...] = tuple(
    (_NAMES.get(column.name, column.name), table, column)
    for table in (HOP, KEPT, JOURNEY)
    for column in table.columns
    if column.name not in _ASIDE
)


#: Of these, what is told in words: of the last packet of a journey, and of those before it.
_IN_WORDS = {
    last: tuple(
        (name, table, column)
        for name, table, column in KEPT_FIELDS
        if name not in _TITLE and (table is not JOURNEY or last or name == "origin")
    )
    for last in (False, True)
}


def _unit(name: str) -> str:
    return " ns" if name in ("latency", "duration") else ""


def parts(journey: Journey, whole: bool = False) -> list[KeptPart]:
    """
    The packets that a journey is kept in: each snapshot is one, and there is one at least.

    :param whole: in one packet, the first snapshot; the others are left out.
    """
    new = tuple.__new__  # a third of what the class's own constructor takes
    snapshots, diffs, steps = journey.snapshots, journey.diffs, journey.steps
    made = []
    told: tuple[Snapshot, LinkType | None] | None = None
    own = ""
    for stretch, packets in _stretches(journey.way, whole):
        if stretch.look is None:
            made.append(new(KeptPart, (_packet_of(stretch, (), packets), None, "")))
            continue
        look, step = stretch.look
        changes, source = diffs[look], steps[step]
        if changes is None:
            changed: tuple[str, ...] = ()
        else:
            changed = tuple(changes.lines) if changes.changes else _UNCHANGED
        packet = packets.get(changed) or _packet_of(stretch, changed, packets)
        one = snapshots[look], source.known if isinstance(source, Snapshot) else None
        if one != told:  # mostly the bytes stay what they are
            told = one
            own = _own_text(*one)
        made.append(new(KeptPart, (packet, one[0], own)))
    return made


_UNCHANGED = ("unchanged",)

#: Packets of a stretch, and comments of a packet, that are kept at most.
_MOST_ALIKE = 4


#: What a stretch was kept as, by what had changed.
_Packets = Bounded[tuple[str, ...], KeptPacket]


def _packet_of(stretch: Stretch, changed: tuple[str, ...], packets: _Packets) -> KeptPacket:
    packet = packets.get(changed)
    if packet is None:
        packet = KeptPacket(*stretch.numbers, changed, stretch.left_out, stretch)
        packets.keep(changed, packet)
    return packet


#: The words of packets, as lines, by what they follow from.
_SAID: Bounded[tuple[Any, ...], tuple[Hop | None, Alike, str]] = Bounded(16_384)


def _stretches(way: Way, whole: bool) -> list[tuple[Stretch, _Packets]]:
    return way.tell(_in_one if whole else _in_all)


def _in_one(way: Way) -> list[tuple[Stretch, _Packets]]:
    return _cut(way, whole=True)


def _in_all(way: Way) -> list[tuple[Stretch, _Packets]]:
    return _cut(way, whole=False)


def _cut(way: Way, whole: bool) -> list[tuple[Stretch, _Packets]]:
    first = next((hop.time for hop in way.hops if hop.time is not None), None)
    looks = iter(enumerate(way.looks))
    #: Of each packet the hop it was seen at, which that is, its snapshot, and its steps.
    made: list[tuple[tuple[int, int, Hop] | None, int, tuple[int, int] | None, list[str]]] = []
    steps: list[str] = []
    at: tuple[int, int, Hop] | None = None
    hops = weight = left_out = 0
    for number, (hop, depth) in enumerate(zip(way.steps, way.depths, strict=True)):
        if hop is None:
            look, place = next(looks)
            if whole and any(one[2] is not None for one in made):
                left_out += 1
                continue
            made.append((at, hops, (look, place.number), [*steps, _look_text(place)]))
            steps.clear()
            weight = 0
            continue
        at = number, depth, hop
        hops += 1
        met = _TEXTS.get((id(hop), number, depth))
        text = _hop_text(number, depth, hop) if met is None else met[1]
        weight += len(text)
        if weight > _LARGE and steps:
            made.append((at, hops, None, list(steps)))
            steps.clear()
            weight = 0
        steps.append(text)
    if not made or (steps and weight > _LARGE):
        made.append((at, hops, None, steps))
        steps = []
    found: list[tuple[Stretch, _Packets]] = []
    for number, (before, which, shot, texts) in enumerate(made, 1):
        last = number == len(made)
        seen = None if before is None else HopMoment(*before, None)
        front = "" if before is None else f'"{HOP.name}":{{{_hop_text(*before)[len(_STEP) :]},'
        stretch = Stretch(
            (number, len(made), which or None, hops, *_seen_at(seen, first)),
            left_out or None if last else None,
            seen,
            shot,
            f'{front}"steps":[{",".join(texts)}',
            "".join([f",{text}" for text in steps]) if last else "",
        )
        found.append(_shared(stretch))
    return found


def _shared(stretch: Stretch) -> tuple[Stretch, _Packets]:
    """With what it was kept as; the same where one like it was met: ways begin and end alike."""
    numbers, left_out, _, look, front, behind = stretch
    if numbers[-1] is not None:  # one with a time is not met again
        return stretch, Bounded(_MOST_ALIKE)
    key = numbers, left_out, look, front, behind  # the front says all of the hop
    return _STRETCHES.get(key) or _STRETCHES.keep(key, (stretch, Bounded(_MOST_ALIKE)))


_STRETCHES: Bounded[tuple[Any, ...], tuple[Stretch, _Packets]] = Bounded(4096)


def _seen_at(at: HopMoment | None, first: int | None) -> tuple[str | None, int | None]:
    """The probe of the hop where a packet was seen, and the time since the *first*."""
    if at is None:
        return None, None
    time = at.step.time
    return _probe(at.step.place), None if time is None or first is None else time - first


def journey_row(journey: Journey) -> dict[str, Any]:
    """What is kept of a journey."""
    row = JOURNEY.kept(journey)
    if journey.owners:
        row["owners"] = [owner._asdict() for owner in journey.owners]
    return row


class KeptJourneys:
    """Says what is kept of journeys; keeps what repeats."""

    def __init__(self) -> None:
        self._met: Bounded[tuple[Any, ...], Alike] = Bounded(16_384)

    def __call__(self, journey: Journey) -> tuple[str, Alike]:
        """What is the *journey*'s own, as members of JSON; and what is kept of those like it."""
        number, time = journey.number, journey.time
        key = journey.alike
        alike = self._met.get(key)
        if alike is None:
            row = journey_row(journey)
            for name in ITS_OWN:
                row.pop(name, None)
            alike = self._met.keep(key, Alike(row, metadata_text(row)[1:]))
        first, second = ITS_OWN
        own = f'"{first}":{number},' if time is None else f'"{first}":{number},"{second}":{time},'
        return own, alike


#: What stands before the text of a hop where it is one of the steps.
_STEP = f'{{"type":"{HOP.name}",'

#: The text of hops without a time at a place of their journey: in a capture of mbuf_trace most were
#: met before.
_TEXTS: Bounded[tuple[int, int, int], tuple[Hop, str]] = Bounded(16_384)


def _hop_text(number: int, depth: int, hop: Hop) -> str:
    """The row of a hop as JSON, as one of the steps."""
    met = _TEXTS.get((id(hop), number, depth))
    if met is not None:
        return met[1]
    first, second = OF_WAY
    place = hop.place
    members = [f'"{first}":{number},"{second}":{depth}', _place_text(place), _OF_HOP.kept_json(hop)]
    if place.file is not None and place.module is not None:
        members.append(f'"module":{metadata_text(place.module)}')
    if hop.header is not None:
        members.append(f'"header":{metadata_text(hop.header.known())}')
    text = f"{_STEP}{','.join(filter(None, members))}}}"
    if hop.time is None:
        _TEXTS.keep((id(hop), number, depth), (hop, text))
    return text


#: What is kept of a hop besides what its way tells: its place, and what is its own.
_OF_PLACE, _OF_HOP = Table(HOP.name, (Place, "")), Table(HOP.name, (Hop, ""))
assert HOP.names == (*OF_WAY, *_OF_PLACE.names, *_OF_HOP.names)


@lru_cache(maxsize=4096)
def _place_text(place: Place) -> str:
    """What is kept of a place, as members of an object of JSON."""
    return _OF_PLACE.kept_json(place)


#: The text of looks, by what they say of the hop before.
_LOOKS: Bounded[tuple[int, int, int | None, int], tuple[Hop | None, str]] = Bounded(16_384)


def _look_text(look: Look) -> str:
    """The row of a snapshot that is taken there as JSON, as far as the way tells it."""
    met = _LOOKS.get(look.key)
    if met is None:
        row = SNAPSHOT.kept(SnapshotMoment.unseen(look))
        told = {name: value for name, value in row.items() if name not in OF_BYTES.names}
        text = metadata_text({"type": SNAPSHOT.name, **told})[:-1]
        met = _LOOKS.keep(look.key, (look.before, text))
    return met[1]


def _own_text(snapshot: Snapshot, known: LinkType | None) -> str:
    """The rest of that row: what the bytes tell, which are the same in most of a journey's."""
    source = "" if known is None else f',"known":"{known.name}"'
    return f",{OF_BYTES.kept_json(snapshot)}{source}}}"


@lru_cache(maxsize=1024)
def _kept_text(*columns: Any) -> str:
    """What is kept of a packet of a journey, as members of an object of JSON."""
    fields = (*columns, _NOWHERE)
    return KEPT.kept_json(KeptPacket(*fields))


_NOWHERE = Stretch((0, 0, None, 0, None, None), None, None, None, "", "")


def _probe(place: Place) -> str | None:
    """The probe of DTrace that a hop at *place* is of; None where it is not known to be one."""
    if place.module is None:
        return None
    return f"fbt:{place.module}:{place.label}:{'return' if place.direction == '-' else 'entry'}"


# Back. What a file says may be forged: each value is looked at before it is taken.


@dataclass(slots=True)
class _Incomplete:
    """A journey of which not all packets were seen."""

    journey: dict[str, Any]
    packets: int
    steps: dict[int, tuple[Step, ...]] = field(default_factory=dict)
    left_out: int = 0

    def made(self) -> Journey:
        """The journey, as far as it is known."""
        steps = tuple(step for number in sorted(self.steps) for step in self.steps[number])
        fields = self.journey
        missing = []
        if lacking := self.packets - len(self.steps):
            missing.append(f"{lacking} of its {self.packets} packets are not in the capture")
        if self.left_out:
            missing.append(f"{self.left_out} snapshots are not in the capture")
        return Journey(**{**fields, "steps": steps, "notes": (*fields["notes"], *missing)})


def kept_journeys(frames: Iterable[Frame | Oddity]) -> Iterator[Frame | Journey | Oddity]:
    """
    The journeys that are kept in *frames*, each when all its packets were seen, or at the end.

    Hands on frames that say nothing of journeys, and oddities. A packet whose metadata cannot be
    read is a journey of its own: nothing is lost but what it said.
    """
    reader = _Reader()
    for frame in frames:
        if isinstance(frame, Oddity) or not frame.metadata:
            yield frame
        else:
            yield from reader.take(frame)
    yield from reader.end()


class _Reader:
    def __init__(self) -> None:
        #: By what the journeys are; of some, several copies may have been merged.
        self._open: OrderedDict[str, list[_Incomplete]] = OrderedDict()
        self._odd: Counter[str] = Counter()

    def take(self, frame: Frame) -> Iterator[Journey | Oddity | Frame]:
        """A frame with metadata."""
        read = False
        for found in read_metadata(frame.metadata):
            if isinstance(found, str):
                yield from self._once(frame.number, found)
                continue
            try:
                if "steps" in found:
                    yield from self._part(frame, found)
                else:
                    yield _packet(frame, found)
                read = True
            except ValueError as error:
                yield from self._once(frame.number, f"metadata with {error}: passed over")
        if not read:
            yield frame if frame.linktype == LINKTYPE else _packet(frame, {})

    def end(self) -> Iterator[Journey | Oddity]:
        """What is left when the capture ends."""
        for alike in self._open.values():
            for one in alike:
                yield one.made()
        for text, count in self._odd.items():
            if count > 1:
                yield Oddity("frame", 0, f"{count} frames in all have {text}")

    def _once(self, number: int, text: str) -> Iterator[Oddity]:
        self._odd[text] += 1
        if self._odd[text] == 1:
            yield Oddity("frame", number, text)

    def _part(self, frame: Frame, found: dict[str, Any]) -> Iterator[Journey | Oddity]:
        part = KEPT.read_back(KeptPacket, found.get(KEPT.name))
        journey = JOURNEY.read_back(Journey, found.get(JOURNEY.name))
        journey["owners"] = tuple(_owners(found[JOURNEY.name].get("owners", [])))
        number, count, left_out = part["packet"], part["packets"], part["left_out"]
        if not 1 <= number <= count:
            raise ValueError("a packet that its journey has not")
        steps = tuple(_steps(frame, found["steps"]))
        key = json.dumps([found.get("host"), found[JOURNEY.name], count], sort_keys=True)
        alike = self._open.setdefault(key, [])
        one = next((one for one in alike if number not in one.steps), None)
        if one is None:
            one = _Incomplete(journey, count)
            alike.append(one)
        one.steps[number] = steps
        one.left_out += left_out or 0
        if len(one.steps) == count:
            alike.remove(one)
            if not alike:
                del self._open[key]
            yield one.made()
        elif len(self._open) > _MOST_OPEN:
            _, alike = self._open.popitem(last=False)
            what = f"more than {_MOST_OPEN} journeys are not whole yet: the first are ended"
            yield from self._once(frame.number, what)
            for one in alike:
                yield one.made()


def _owners(rows: Any) -> Iterator[Owner]:
    """Those whose sockets a packet came by."""
    if not isinstance(rows, list):
        raise ValueError("owners that are no list")
    kinds = {"delivered": bool, "process": str, "user": int, "jail": str, "known": int}
    for row in rows:
        if not isinstance(row, dict) or not all(
            type(row.get(name)) is kind or (name == "user" and row.get(name) is None)
            for name, kind in kinds.items()
        ):
            raise ValueError("an owner that is none")
        found: dict[str, Any] = {name: row.get(name) for name in kinds}
        yield Owner(**found)


def _steps(frame: Frame, rows: Any) -> Iterator[Step]:
    """The steps that rows are of."""
    if not isinstance(rows, list):
        raise ValueError("steps that are no list")
    taken = False
    for row in rows:
        if not isinstance(row, dict):
            raise ValueError("a step that is no object")
        if row.get("type") == HOP.name:
            yield _hop(row)
        elif row.get("type") == SNAPSHOT.name and not taken:
            yield _snapshot(frame, row)
            taken = True
        else:
            raise ValueError("a step that is none")


def _hop(row: dict[str, Any]) -> Hop:
    hop = HOP.read_back(Hop, row)
    place = HOP.read_back(Place, row)
    text = row.get("text", "")
    # What its group is follows from the file, or it is the module.
    module = row.get("group" if place["file"] is None else "module")
    if not isinstance(text, str) or not isinstance(module, str | None):
        raise ValueError("a hop whose text is none")
    arguments = hop["arguments"]
    if arguments is not None:
        text = text.removesuffix(f"({arguments})")
    hop["header"] = header_from(row.get("header"))
    return Hop(place=Place(text=text, module=module, **place), **hop)


def _snapshot(frame: Frame, row: dict[str, Any]) -> Snapshot:
    kept = SNAPSHOT.read_back(Snapshot, row)
    known, linktype, captured = row.get("known"), row.get("linktype"), row.get("captured")
    for name in (known, linktype):
        if name is not None and (not isinstance(name, str) or name not in LinkType.__members__):
            raise ValueError("a link type that is none")
    data, length = frame.data, kept["length"]
    if linktype is not None:
        data = data.removeprefix(LinkType[linktype].prefix)
    if length is None and type(captured) is int and len(data) < captured < 1 << 32:
        length = captured  # it was cut since
    return Snapshot(data, None if known is None else LinkType[known], length)


def _packet(frame: Frame, found: dict[str, Any]) -> Journey:
    """A packet that no journey was of: where it was seen is all that there is of its way."""
    linktypes = [one for one in LinkType if one.dlt == frame.linktype and not one.prefix]
    known, data, length = linktypes[0] if linktypes else None, frame.data, frame.length
    for one in LinkType:
        if one.dlt == frame.linktype and one.prefix and data.startswith(one.prefix):
            known, data, length = one, data[len(one.prefix) :], length - len(one.prefix)
    described = str(found.get("probe") or frame.interface or "")
    fields = described.split(":")
    module, label = (fields[1], fields[2]) if len(fields) == 4 else ("", described)
    steps: list[Step] = [Snapshot(data, known, length if length > len(data) else None)]
    if label:
        hop = HOP.read_back(Hop, {**found, "time": frame.time})
        header = hop["header"] = header_from(found.get("header"))
        if header is not None:
            hop["interface"], hop["process"] = header.received, header.process
        steps.insert(0, Hop(place=Place(label, label, module=module or None), **hop))
    return Journey(frame.number, frame.time, tuple(steps), FORM)
