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
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeAlias

from dtkit.bounded import Bounded
from dtkit.counted import counted
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
    "KEPT", "KEPT_FIELDS", "Alike", "KeptJourneys", "KeptPacket", "KeptPart", "journey_row",
    "kept_journeys", "parts",
]  # fmt: skip

#: What :attr:`~dtkit.trace.journey.model.Journey.form` says of a packet that no journey was of.
FORM = "packet"

#: Of the rows of a part, about so many characters at most: far below what a block can hold.
_LARGE = 1 << 20

#: A text of a hop that is no longer does not change where a way is cut.
_SMALL = 1 << 10

#: Journeys that lack packets, at a time, at most.
_MOST_OPEN = 10_000


class Alike(NamedTuple):
    """
    What is kept of journeys that differ in nothing but their number and time.

    :ivar row: by column.
    :ivar text: the same as JSON, as it stands behind other members of the object.
    """

    row: dict[str, Any]
    text: str


@dataclass(frozen=True)
class KeptPacket:
    """
    What is told of a packet of a journey where that is kept in a capture, besides its bytes and
    what they tell, and the steps: many journeys have it alike.

    :ivar at: the hop that it was seen at; None where there is none before it.
    """

    packet: Annotated[int, Words("which packet of its journey it is, from 1")]
    packets: Annotated[int, Words("how many its journey has")]
    hop: Annotated[int | None, Words("at which hop it was seen, from 1; null for before them all")]
    hops: Annotated[int, Words("how many hops its journey has")]
    probe: Annotated[str | None, Words("the probe that fired there; null if unknown")]
    latency: Annotated[int | None, Words("ns since the first hop; null if times are unknown")]
    changed: Annotated[tuple[str, ...], Words("what changed since the packet before")]
    left_out: Annotated[int | None, Words("snapshots that are not in the capture; null for none")]
    at: HopMoment | None

    @cached_property
    def text(self) -> str:
        """What is kept of it, as members of an object of JSON."""
        return KEPT.kept_json(self)

    def comment(self, alike: Alike) -> str:
        """
        What people are told of it: a line that says which it is, then one for each of its words.

        :param alike: what is kept of its journey.
        """
        return self.title + self._said(alike)

    def metadata(self, alike: Alike, more: str = "") -> tuple[str | None, ...]:
        """
        The metadata, as JSON in pieces: None where what is the journey's own stands, and behind it
        where the two texts of :data:`KeptPart` stand.

        :param alike: what is kept of its journey.
        :param more: members of the object that stand in front, each with a comma behind it.
        """
        return (
            f'{{{more}"{JOURNEY.name}":{{', None,
            f'{alike.text},"{KEPT.name}":{{{self.text}}},', None, None, "]}",
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
                _SAID.keep(key, met, len(text))
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


#: A part of a journey: what is told of its packet; the snapshot whose bytes it has, None where it
#: has none; JSON of the hop that it was seen at and of the steps up to what the bytes tell, in
#: pieces, most of which other parts have, too; and JSON of that and of the steps behind it. (A
#: tuple without names: one is made for each packet.)
KeptPart: TypeAlias = tuple[KeptPacket, Snapshot | None, tuple[str, ...], str]


#: The part of a way that is kept in one packet: what is told of it, by what had changed; which
#: snapshot of the journey it has, None where it has none; of :data:`KeptPart` the first JSON, and
#: that of the steps behind the snapshot.
_Stretch: TypeAlias = "tuple[_Packets, int | None, tuple[str, ...], str]"


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
    snapshots, diffs, known = journey.snapshots, journey.diffs, journey.known
    made: list[KeptPart] = []
    told: Snapshot | None = None
    own = ""
    for packets, look, steps, behind in journey.way.tell(_in_one if whole else _in_all):
        if look is None:
            made.append((packets[()], None, steps, behind))
            continue
        changes, snapshot = diffs[look], snapshots[look]
        if changes is None:
            packet = packets[()]
        else:
            packet = packets[tuple(changes.lines) if changes.changes else _UNCHANGED]
        if snapshot is not told:  # mostly the bytes stay what they are
            told = snapshot
            own = _own_text(snapshot, known[look])
        made.append((packet, snapshot, steps, own + behind if behind else own))
    return made


_UNCHANGED = ("unchanged",)

#: What is told of packets at one place that is kept, at most.
_MOST_ALIKE = 4


class _Packets(dict[tuple[str, ...], KeptPacket]):
    """
    What is told of packets that are seen at one place of a way, by what had changed; of so many.

    :param numbers: which packet of how many, and which hop of how many.
    :param seen: the hop, where there is one before it.
    :param first: when the way began, if that is known.
    """

    def __init__(
        self,
        numbers: tuple[int, int, int | None, int],
        left_out: int | None,
        seen: _At | None,
        first: int | None,
    ) -> None:
        super().__init__()
        at = None if seen is None else HopMoment(*seen[:3], None)
        self._before = *numbers, *_seen_at(at, first)
        self._behind = left_out, at
        hop = "" if seen is None else f'"{HOP.name}":{{{seen[3][len(_STEP) :]}'
        #: What stands in front of the texts of its steps.
        self.front = f'{hop}"steps":['

    def __missing__(self, changed: tuple[str, ...]) -> KeptPacket:
        if len(self) >= _MOST_ALIKE:
            self.clear()
        packet = self[changed] = KeptPacket(*self._before, changed, *self._behind)
        return packet


#: The words of packets, as lines, by what they follow from.
_SAID: Bounded[tuple[Any, ...], tuple[Hop | None, Alike, str]] = Bounded(16_384)


def _in_one(way: Way) -> list[_Stretch]:
    return _cut(way, whole=True)


def _in_all(way: Way) -> list[_Stretch]:
    return _cut(way, whole=False)


def _cut(way: Way, whole: bool) -> list[_Stretch]:
    like = way.like
    if like is not None and way.seen_alike and not whole:
        stretches = _cut_alike(way, like.tell(_in_all))
        if stretches is not None:
            return stretches
    steps, depths, looks, times = way.steps, way.depths, way.looks, way.times
    keys = zip(range(len(steps)), depths, map(id, steps), strict=True)
    texts = [met[1] if met is not None else "" for met in map(_TEXTS.get, keys)]
    if "" in texts:
        for number, hop in enumerate(steps):
            if hop is not None and not texts[number]:
                texts[number] = _hop_text(number, depths[number], hop)
    #: Where the steps of each packet end, and which snapshot it has.
    ends: list[tuple[int, int | None]] = [(look.number, at) for at, look in enumerate(looks)]
    left_out = None
    if whole and len(ends) > 1:
        left_out = len(ends) - 1
        del ends[1:]
    if not ends or sum(map(len, texts)) > _LARGE:
        ends = _cut_more(texts, ends)
    first = times[0] if times else None
    hops = len(steps) - len(looks)
    found: list[_Stretch] = []
    seen: _At | None = None
    start = passed = 0
    count = len(ends)
    for number, (end, which) in enumerate(ends, 1):
        mine = list(filter(None, texts[start:end]))
        if mine:
            passed += len(mine)
            place = end - 1
            while (hop := steps[place]) is None:  # a look that is left out
                place -= 1
            seen = place, depths[place], hop, mine[-1]
        last = number == count
        packets = _packets(
            (number, count, passed or None, hops), left_out if last else None, seen, first
        )
        pieces: tuple[str, ...]
        if which is None:
            pieces = packets.front, _listed(mine)
            start = end
        else:
            pieces = packets.front, *mine, _look_text(looks[which])
            start = end + 1
        behind = ""
        if last and start < len(steps) and (rest := _listed(texts[start:])):
            behind = f",{rest}"
        found.append((packets, which, pieces, behind))
    return found


def _cut_alike(way: Way, like: list[_Stretch]) -> list[_Stretch] | None:
    """
    That of a way as it is of one *like* it, which is looked at behind the same hops; None where it
    has to be cut anew.
    """
    looks = way.looks
    made: list[_Stretch] = []
    others = deque(way.others)
    start = 0
    for packets, which, pieces, behind in like:
        if which is None:
            return None
        end = looks[which].number
        texts = list(pieces)
        while others and others[0] < end:
            number = others.popleft()
            hop = way.steps[number]
            assert hop is not None
            text = _hop_text(number, way.depths[number], hop)
            if len(text) > _SMALL:
                return None
            texts[number - start + 1] = text  # behind what stands in front
        made.append((packets, which, tuple(texts), behind))
        start = end + 1
    return None if others else made


def _cut_more(texts: list[str], ends: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Where the steps of each packet end, so that none has more than a block can hold."""
    found: list[tuple[int, int | None]] = []
    start = 0
    for end, which in (*ends, (len(texts), None)):
        weight = 0
        for number in range(start, end):
            if weight and weight + len(texts[number]) > _LARGE:
                found.append((number, None))
                weight = 0
            weight += len(texts[number])
        if which is not None:
            found.append((end, which))
            start = end + 1
    return found or [(len(texts), None)]


def _listed(texts: list[str]) -> str:
    """The texts of hops one behind the other, the last of them without its comma."""
    return "".join(texts)[:-1]


#: A hop where it stands in its journey: step, depth, the hop, and its text.
_At = tuple[int, int, Hop, str]


def _packets(
    numbers: tuple[int, int, int | None, int],
    left_out: int | None,
    seen: _At | None,
    first: int | None,
) -> _Packets:
    """The same where one like it was met: ways begin and end alike."""
    key: tuple[Any, ...] = numbers, left_out
    if seen is not None:
        key = *key, *seen[:2], id(seen[2])
    found = _MET.get(key)
    if found is None:
        found = _Packets(numbers, left_out, seen, first)
        if seen is None or seen[2].time is None:  # one with a time is not met again
            _MET.keep(key, found, len(found.front))
    return found


#: What is told of packets, by where they were seen: it holds the hop whose identity is in the key.
_MET: Bounded[tuple[Any, ...], _Packets] = Bounded(4096)


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
            text = metadata_text(row)[1:]
            alike = Alike(row, f",{text}" if row else text)
            self._met.keep(key, alike, len(text))
        first, second = ITS_OWN
        own = f'"{first}":{number}' if time is None else f'"{first}":{number},"{second}":{time}'
        return own, alike


#: What stands before the text of a hop where it is one of the steps.
_STEP = f'{{"type":"{HOP.name}",'

#: The text of hops without a time at a place of their journey: in a capture of mbuf_trace most were
#: met before.
_TEXTS: Bounded[tuple[int, int, int], tuple[Hop, str]] = Bounded(16_384)


def _hop_text(number: int, depth: int, hop: Hop) -> str:
    """The row of a hop as JSON, as one of the steps before another."""
    first, second = OF_WAY
    place = hop.place
    known = _PLACES.get(id(place))
    if known is None:
        told = _OF_PLACE.kept_json(place)
        known = _PLACES.keep(id(place), (place, told), len(told))
    members = [f'"{first}":{number},"{second}":{depth}', known[1], _OF_HOP.kept_json(hop)]
    if place.file is not None and place.module is not None:
        members.append(f'"module":{metadata_text(place.module)}')
    if hop.header is not None:
        members.append(f'"header":{metadata_text(hop.header.known())}')
    text = f"{_STEP}{','.join(filter(None, members))}}},"
    if hop.time is None:
        _TEXTS.keep((number, depth, id(hop)), (hop, text), len(text))
    return text


#: What is kept of a hop besides what its way tells: its place, and what is its own.
_OF_PLACE, _OF_HOP = Table(HOP.name, (Place, "")), Table(HOP.name, (Hop, ""))
assert HOP.names == (*OF_WAY, *_OF_PLACE.names, *_OF_HOP.names)


#: What is kept of places, by their identities.
_PLACES: Bounded[int, tuple[Place, str]] = Bounded(4096)

#: The text of looks, by what they say of the hop before.
_LOOKS: Bounded[tuple[int, int, int | None, int], tuple[Hop | None, str]] = Bounded(16_384)


def _look_text(look: Look) -> str:
    """The row of a snapshot that is taken there as JSON, as far as the way tells it."""
    met = _LOOKS.get(look.key)
    if met is None:
        row = SNAPSHOT.kept(SnapshotMoment.unseen(look))
        told = {name: value for name, value in row.items() if name not in OF_BYTES.names}
        text = metadata_text({"type": SNAPSHOT.name, **told})[:-1]
        met = _LOOKS.keep(look.key, (look.before, text), look.size)
    return met[1]


def _own_text(snapshot: Snapshot, known: LinkType | None) -> str:
    """The rest of that row: what the bytes tell, which are the same in most of a journey's."""
    source = "" if known is None else f',"known":"{known.name}"'
    return f",{OF_BYTES.kept_json(snapshot)}{source}}}"


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
            left_out = counted(self.left_out, "snapshot is", "snapshots are")
            missing.append(f"{left_out} not in the capture")
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
