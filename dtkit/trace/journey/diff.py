# SPDX-License-Identifier: BSD-2-Clause
"""
What happened to a packet between two snapshots: exactly, and each thing once.

The difference is an edit script over bits. Both packets are cut into parts
(:mod:`~dtkit.trace.journey.headers`); the two stacks are aligned so that as few bits as possible
change; aligned parts are compared field by field; payload and other bytes without fields run by
run. So each changed bit belongs to exactly one :class:`Change`, nothing unchanged belongs to any,
and :meth:`Diff.apply` makes the second packet from the first.

In a kernel a snapshot seldom says where in the packet it starts: what is left after a header has
been stripped need not look like a packet. So where that is not known, besides what a snapshot
looks like on its own, the headers seen in the other one are tried as its first, and the
explanation that changes the fewest bits wins; among equals, the one that reads each on its own.
Bytes that did not change are no change because something before them says now that they are
another thing: where a fragment's offset is no longer 0, its TCP header stays what it was.

Of a snapshot that shows but the first bytes of a packet, the rest is unknown: bytes that came into
sight or went out of it, because a header before them went or came, have not changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, takewhile
from typing import Any

from dtkit.counted import counted
from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.headers import FORMS, STARTS, Field, Part, bits, dissect
from dtkit.trace.journey.snapshot import Snapshot

__all__ = ["Change", "Diff", "diff", "unchanged"]


#: By so many bits what counts first in a cost stands above what counts among equals.
_FIRST = 32


@dataclass(frozen=True, slots=True)
class Change:
    """One change: bits of the packet before give way to bits of the packet after.

    ``str()`` says it as people do: ``ipv4 ttl 64 -> 63``.

    :ivar part: the header, option, ``payload`` or ``padding`` that it happened to.
    :ivar field: the field, or empty where a whole part came or went, or bytes without fields.
    :ivar at: first bit in the packet before.
    :ivar width: bits that it takes away there.
    :ivar to: first bit in the packet after.
    :ivar grown: bits that it puts there.
    :ivar old: the number that was in those bits, 0 for none.
    :ivar new: the number that is.
    :ivar form: how numbers of this field are written (``dtkit.trace.journey.headers.FORMS``).
    :ivar offset: for bytes: the first one, counted within its part (before, or after if added).
    """

    part: str
    field: str
    at: int
    width: int
    to: int
    grown: int
    old: int
    new: int
    form: str = "bytes"
    offset: int = 0

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        if not self.width:
            return "added"
        return "changed" if self.grown else "removed"

    @property
    def cost(self) -> int:
        """What it takes, to choose between explanations: bits that come or go, and of what
        changes in place the bytes that do. Among equals, the one that changes fewer and smaller
        fields, and fields rather than payload.
        """
        if not self.width or not self.grown:
            return self.width + self.grown << _FIRST
        different = (self.old ^ self.new).to_bytes(max(self.width, self.grown) // 8 + 1, "big")
        bits = min(max(self.width, self.grown), 8 * (len(different) - different.count(0)))
        return (bits << _FIRST) + max(self.width, self.grown) * (1 if self.field else 8)

    @property
    def before(self) -> str:
        """What was there, as people write it; empty for an addition."""
        return FORMS[self.form](self.old, self.width) if self.width else ""

    @property
    def after(self) -> str:
        """What is there now, as people write it; empty for a removal."""
        return FORMS[self.form](self.new, self.grown) if self.grown else ""

    def __str__(self) -> str:
        name = f"{self.part} {self.field}".rstrip()
        if self.form != "bytes":
            return f"{name} {self.before} -> {self.after}"
        if self.kind == "changed":
            return f"{name} +{self.offset}: {_short(self.before)} -> {_short(self.after)}"
        size = (self.width or self.grown) // 8
        where = f" at +{self.offset}" if self.offset or self.field else ""
        return f"{name} {self.kind}{where} ({counted(size, 'byte')})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON: names, the two values as text, places in bits."""
        return {
            "kind": self.kind,
            "part": self.part,
            "field": self.field or None,
            "before": self.before or None,
            "after": self.after or None,
            "before_bit": self.at,
            "before_bits": self.width,
            "after_bit": self.to,
            "after_bits": self.grown,
        }


def _short(text: str, most: int = 32) -> str:
    return text if len(text) <= most else f"{text[:most]}... ({len(text) // 2} bytes)"


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes from one snapshot to another, in the order of the packets' bits.

    Falsy when nothing changed; iterable; ``str()`` is one line.

    :ivar changes: in order.
    :ivar before_type: what the packet before was taken to start with.
    :ivar after_type: what the packet after was taken to start with.
    :ivar appeared: bytes at the end of the packet after that the one before had as well, but out
        of sight.
    :ivar vanished: bytes at the end of the packet before that the one after has out of sight.
    """

    changes: tuple[Change, ...]
    before_type: LinkType
    after_type: LinkType
    appeared: bytes = b""
    vanished: bytes = b""

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def apply(self, before: bytes) -> bytes:
        """The packet after, from the packet before: as much of either as was captured.

        :raises ValueError: *before* is not the packet that this was found in.
        """
        before += self.appeared
        out, size, at = 0, 0, 0
        pieces: list[bytes] = []

        def push(value: int, width: int) -> None:
            nonlocal out, size
            out, size = out << width | value, size + width
            if size >= 8:  # whole bytes go, so that the number stays small
                rest = size % 8
                pieces.append((out >> rest).to_bytes(size // 8, "big"))
                out, size = out & ((1 << rest) - 1), rest

        for change in self.changes:
            if change.at + change.width > len(before) * 8:
                raise ValueError("the packet is shorter than the one compared")
            push(bits(before, at, change.at - at), change.at - at)
            if bits(before, change.at, change.width) != change.old:
                raise ValueError(f"the packet has another {change.part} {change.field}".rstrip())
            push(change.new, change.grown)
            at = change.at + change.width
        push(bits(before, at, len(before) * 8 - at), len(before) * 8 - at)
        whole = b"".join(pieces)
        return whole[: len(whole) - len(self.vanished)]

    @property
    def lines(self) -> list[str]:
        """Each change as a line; many scattered changes of one stretch of bytes are one line."""
        lines = []
        for (part, field, _), group in groupby(
            self.changes, lambda change: (change.part, change.field, change.form)
        ):
            changes = list(group)
            if len(changes) > 4 and all(c.form == "bytes" and c.kind == "changed" for c in changes):
                size = sum(change.width for change in changes) // 8
                first, last = changes[0], changes[-1]
                end = last.offset + last.width // 8 - 1
                name = f"{part} {field}".rstrip()
                lines.append(f"{name}: {size} bytes changed between +{first.offset} and +{end}")
            else:
                lines += map(str, changes)
        return lines

    def __str__(self) -> str:
        return ", ".join(self.lines) or "unchanged"


def diff(before: Snapshot, after: Snapshot) -> Diff:
    """What changed from snapshot *before* to snapshot *after*; any bytes at all."""
    if before.data == after.data:
        return unchanged(before.linktype, after.known)
    best: Diff | None = None
    least = 0
    for appeared, vanished in _sights(before, after):
        # As if both had been captured to the same byte of the packet.
        one = before._replace(data=before.data + appeared, known=before.linktype)
        two = after._replace(data=after.data + vanished, known=after.linktype)
        fewest = abs(len(one.data) - len(two.data)) * 8
        if not (appeared or vanished) and (_cut(before) or _cut(after)):
            fewest = 0  # the longer one may just be seen further
        for first, second, types in _readings(one, two, before.known, after.known):
            changes = _fold(_align(one.data, first, two.data, second))
            ends = len(before.data) * 8, len(after.data) * 8
            if any(a > b for change in changes for a, b in zip(_end_of(change), ends, strict=True)):
                continue  # nothing is known of what is out of sight
            found = _in_sight(Diff(tuple(changes), *types, appeared, vanished), before, after)
            cost = sum(change.cost for change in found)
            if best is None or cost < least:
                best, least = found, cost
            if least <= fewest << _FIRST:
                break  # nothing but what came or went: no reading can do with less
    assert best is not None
    return best


@cache
def unchanged(before: LinkType, after: LinkType | None = None) -> Diff:
    """That of packets of the same bytes, the first of which starts with that."""
    return Diff((), before, before if after is None else after)


def _cut(snapshot: Snapshot) -> int:
    """How many bytes of the packet are out of sight."""
    return max((snapshot.length or 0) - len(snapshot.data), 0)


def _sights(before: Snapshot, after: Snapshot) -> Iterator[tuple[bytes, bytes]]:
    """What either would show of the end of the packet if it showed as much as the other."""
    yield b"", b""
    more = _cut(before) - _cut(after)
    if 0 < more <= len(after.data):
        yield after.data[-more:], b""
    elif 0 < -more <= len(before.data):
        yield b"", before.data[more:]


def _end_of(change: Change) -> tuple[int, int]:
    return change.at + change.width, change.to + change.grown


def _in_sight(found: Diff, before: Snapshot, after: Snapshot) -> Diff:
    """*found* without what only went out of sight at its end, or came into it."""
    changes = list(found.changes)
    appeared, vanished = found.appeared, found.vanished
    if appeared or vanished:
        return found
    ends = len(before.data) * 8, len(after.data) * 8
    while changes and _end_of(changes[-1]) == ends:
        last = changes[-1]
        if last.kind == "removed" and _cut(after):
            vanished = before.data[last.at // 8 : ends[0] // 8] + vanished
            changes.pop()
            ends = last.at, ends[1]
        elif last.kind == "added" and _cut(before):
            appeared = after.data[last.to // 8 : ends[1] // 8] + appeared
            changes.pop()
            ends = ends[0], last.to
        else:
            break
        if appeared and vanished:
            return found
    return Diff(tuple(changes), found.before_type, found.after_type, appeared, vanished)


Parts = tuple[Part, ...]
Reading = tuple[Parts, Parts, tuple[LinkType, LinkType]]


def _readings(
    before: Snapshot, after: Snapshot, known: LinkType | None, known_after: LinkType | None
) -> Iterator[Reading]:
    """How the two packets may be cut, the plain reading first; with what they start with."""
    one, two = before.linktype, after.linktype
    first, second = dissect(before.data, one), dissect(after.data, two)
    yield first, second, (one, two)
    names = [part.name for part in first]
    if names == [part.name for part in second]:
        return
    # What another packet holds is a hint only if it is plain what that one is.
    if known_after is None:
        hints = first if _certain(first, one) else ()
        for linktype in _others(hints, two, len(after.data) < len(before.data)):
            yield first, dissect(after.data, linktype), (one, linktype)
    if known is None:
        hints = second if _certain(second, two) else ()
        for linktype in _others(hints, one, len(before.data) < len(after.data)):
            yield dissect(before.data, linktype), second, (linktype, two)
    if _certain(first, one):
        for parts in _cut_alike(before.data, first, after.data, second):
            yield first, parts, (one, two)
    if _certain(second, two):
        for parts in _cut_alike(after.data, second, before.data, first):
            yield parts, second, (one, two)


#: What can stand where another reading sees payload; not options, which only look alike.
_HEADERS = {*STARTS, "ah", "esp", "gre", "vxlan"}


def _certain(parts: Parts, linktype: LinkType) -> bool:
    """Whether a packet looks like what it was taken for, which may just be for want of better."""
    return linktype is not LinkType.ETHERNET or (
        len(parts) > 1 and parts[1].name in ("ipv4", "ipv6", "arp", "vlan")
    )


def _cut_alike(model: bytes, parts: Parts, data: bytes, own: Parts) -> Iterator[Parts]:
    """*own* parts of *data*, of which a payload is still the headers that the *model* has in its
    place, but for a few bytes: cut as there."""
    for index, opaque in enumerate(own):
        if not opaque.opaque:
            continue
        for first, part in enumerate(parts):
            if part.name not in _HEADERS:
                continue
            behind_alike = first and index and parts[first - 1].name == own[index - 1].name
            if not behind_alike and len(model) - part.at != len(data) - opaque.at:
                continue
            by = opaque.at - part.at
            headers = list(takewhile(lambda one: not one.opaque, parts[first:]))
            if not headers or headers[-1].end + by > opaque.end:
                continue
            places = range(part.at, headers[-1].end)
            if 2 * sum(model[at] != data[at + by] for at in places) > len(places):
                continue
            cut = [Part(one.name, one.at + by, one.size) for one in headers]
            if (end := cut[-1].end) < opaque.end:
                cut.append(Part(opaque.name, end, opaque.end - end))
            yield own[:index] + tuple(cut) + own[index + 1 :]
            return


def _others(parts: Parts, known: LinkType, shorter: bool) -> Iterator[LinkType]:
    """What else a packet may start with, given the parts of its like."""
    for name in dict.fromkeys(part.name for part in parts):
        if name in STARTS and STARTS[name] is not known:
            yield STARTS[name]
    if shorter:  # nothing but the end of its payload may be left
        yield LinkType.UNKNOWN


def _fold(changes: list[Change]) -> list[Change]:
    """*changes*, those of a VLAN tag told as what they are: four bytes before the type.

    IEEE 802.1Q puts a tag, which begins with a type of its own, before the type of the frame. Cut
    into headers, that is a changed type and a header that ends in the old one: one thing, not two.
    """
    folded: list[Change] = []
    rest = deque(changes)
    while rest:
        outer = rest.popleft()
        folded.append(outer)
        if (outer.part, outer.field) not in _TYPES:
            continue
        # Other headers may come or go at the same place.
        whole = list(takewhile(lambda one: not one.field and not one.width * one.grown, rest))
        for grown in (True, False):
            here = [one for one in whole if bool(one.grown) is grown]
            tags = list(takewhile(lambda one: one.part == "vlan", here))
            if not tags:
                continue
            numbers = [outer.new if grown else outer.old]
            numbers += [one.new if grown else one.old for one in tags]
            if numbers[-1] & 0xFFFF != (outer.old if grown else outer.new):
                continue
            folded.pop()
            value = 0
            for number in numbers:
                value = value << 32 | number
            by = 32 * len(tags)
            for index in range(len(tags)):
                tag = value >> (by - 32 * index - 16) & 0xFFFFFFFF
                if grown:
                    folded.append(
                        Change("vlan", "", outer.at, 0, outer.to + 32 * index, 32, 0, tag)
                    )
                else:
                    folded.append(
                        Change("vlan", "", outer.at + 32 * index, 32, outer.to, 0, tag, 0)
                    )
            for one in whole:
                rest.popleft()
                if one in tags:
                    continue
                if bool(one.grown) is grown:
                    folded.append(one)
                elif grown:
                    folded.append(replace(one, to=max(one.to, outer.to + 16 + by)))
                else:
                    folded.append(replace(one, at=max(one.at, outer.at + 16 + by)))
            break
    return folded


_TYPES = {("ethernet", "type"), ("vlan", "type")}


def _align(before: bytes, first: Parts, after: bytes, second: Parts) -> list[Change]:
    """The changes between two stacks, by the alignment that changes the fewest bits."""
    # Equal parts at both ends are aligned as they are: less to search.
    head = 0
    while head < min(len(first), len(second)) and _same(before, first[head], after, second[head]):
        head += 1
    tail = 0
    while tail < min(len(first), len(second)) - head and _same(
        before, first[-1 - tail], after, second[-1 - tail]
    ):
        tail += 1
    old, new = first[head : len(first) - tail], second[head : len(second) - tail]
    # best[i][j]: cost, and the step, of aligning old[i:] with new[j:].
    best = [[(0, "")] * (len(new) + 1) for _ in range(len(old) + 1)]
    pairs: dict[tuple[int, int], list[Change]] = {}
    for i in range(len(old), -1, -1):
        for j in range(len(new), -1, -1):
            ways = []
            if i < len(old) and j < len(new) and old[i].name == new[j].name:
                changes = pairs[i, j] = list(_compare(before, old[i], after, new[j]))
                cost = sum(change.cost for change in changes)
                ways.append((best[i + 1][j + 1][0] + cost, "both"))
            if i < len(old):
                ways.append((best[i + 1][j][0] + (old[i].size * 8 << _FIRST) + 1, "old"))
            if j < len(new):
                ways.append((best[i][j + 1][0] + (new[j].size * 8 << _FIRST) + 1, "new"))
            if ways:
                best[i][j] = min(ways, key=lambda way: way[0])
    found: list[Change] = []
    i = j = 0
    while i < len(old) or j < len(new):
        step = best[i][j][1]
        if step == "both":
            found += pairs[i, j]
            i, j = i + 1, j + 1
        elif step == "old":
            part = old[i]
            to = new[j].at if j < len(new) else new[-1].end if new else _end(second, head)
            value = int.from_bytes(before[part.at : part.end], "big")
            found.append(Change(part.name, "", part.at * 8, part.size * 8, to * 8, 0, value, 0))
            i += 1
        else:
            part = new[j]
            at = old[i].at if i < len(old) else old[-1].end if old else _end(first, head)
            value = int.from_bytes(after[part.at : part.end], "big")
            found.append(Change(part.name, "", at * 8, 0, part.at * 8, part.size * 8, 0, value))
            j += 1
    return found


def _end(parts: Parts, head: int) -> int:
    """Where the first *head* parts end, in bytes."""
    return parts[head - 1].end if head else 0


def _same(before: bytes, one: Part, after: bytes, two: Part) -> bool:
    return one.name == two.name and before[one.at : one.end] == after[two.at : two.end]


def _compare(before: bytes, one: Part, after: bytes, two: Part) -> Iterator[Change]:
    """The changes between two parts of the same name."""
    if one.opaque:
        yield from _compare_bytes(before, one, 0, one.size, after, two, 0, two.size, "")
        return
    olds, news = one.fields, two.fields
    for old, new in zip(olds, news, strict=False):
        if "data" in (old.name, new.name):
            break
        was, now = old.value(one, before), new.value(two, after)
        if was != now:
            yield Change(
                one.name,
                old.name,
                one.at * 8 + old.at,
                old.width,
                two.at * 8 + new.at,
                new.width,
                was,
                now,
                old.form,
            )
    start_one, start_two = _variable(olds, one), _variable(news, two)
    yield from _compare_bytes(
        before, one, start_one, one.size, after, two, start_two, two.size, "data"
    )


def _variable(fields: tuple[Field, ...], part: Part) -> int:
    """Where a part's variable bytes start, counted from its first."""
    return fields[-1].at // 8 if fields and fields[-1].name == "data" else part.size


def _compare_bytes(
    before: bytes,
    one: Part,
    start_one: int,
    end_one: int,
    after: bytes,
    two: Part,
    start_two: int,
    end_two: int,
    field: str,
) -> Iterator[Change]:
    """Bytes without fields: of equal length, each run that differs; else what stands between
    their common beginning and their common end."""
    old = before[one.at + start_one : one.at + end_one]
    new = after[two.at + start_two : two.at + end_two]
    for start, end, new_start, new_end in _runs(old, new):
        yield Change(
            one.name,
            field,
            (one.at + start_one + start) * 8,
            (end - start) * 8,
            (two.at + start_two + new_start) * 8,
            (new_end - new_start) * 8,
            int.from_bytes(old[start:end], "big"),
            int.from_bytes(new[new_start:new_end], "big"),
            "bytes",
            start if end > start else new_start,
        )


def _runs(old: bytes, new: bytes) -> list[tuple[int, int, int, int]]:
    """Where *old* gives way to *new*: start and end in either."""
    if old == new:
        return []
    common = min(len(old), len(new))
    if len(old) == len(new):
        return _in_place(old, new, 0, 0, common)
    # Bytes came or went: at the end, at the beginning, or in the middle.
    head = next((i for i in range(common) if old[i] != new[i]), common)
    tail = next((i for i in range(common - head) if old[-1 - i] != new[-1 - i]), common - head)
    middle = [(head, len(old) - tail, head, len(new) - tail)]
    at_end = [
        *_in_place(old, new, 0, 0, common),
        (common, len(old), common, len(new)),
    ]
    by, to = len(old) - common, len(new) - common
    at_start = [(0, by, 0, to), *_in_place(old, new, by, to, common)]
    return min(
        at_end, at_start, middle, key=lambda runs: sum(max(b - a, d - c) for a, b, c, d in runs)
    )


def _in_place(
    old: bytes, new: bytes, at: int, to: int, size: int
) -> list[tuple[int, int, int, int]]:
    """The runs of bytes that differ between two stretches of the same *size*."""
    runs = []
    first, second = old[at : at + size], new[to : to + size]
    for same, group in groupby(map(int.__eq__, first, second)):
        run = sum(1 for _ in group)
        if not same:
            runs.append((at, at + run, to, to + run))
        at, to = at + run, to + run
    return runs
