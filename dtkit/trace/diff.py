# SPDX-License-Identifier: BSD-2-Clause
"""
What happened to a packet between two snapshots: exactly, and each thing once.

The difference is an edit script over bits. Both packets are cut into parts
(:mod:`dtkit.trace.headers`); the two stacks are aligned so that as few bits as possible change;
aligned parts are compared field by field; payload and other bytes without fields run by run.
So each changed bit belongs to exactly one :class:`Change`, nothing unchanged belongs to any, and
:meth:`Diff.apply` makes the second packet from the first.

In a kernel a snapshot seldom says where in the packet it starts: what is left after a header has
been stripped need not look like a packet. So where that is not known, besides what a snapshot
looks like on its own, the headers seen in the other one are tried as its first, and the
explanation that changes the fewest bits wins; among equals, the one that reads each on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dtkit.packets.linktype import LinkType
from dtkit.trace.headers import FORMS, STARTS, Field, Part, bits, dissect
from dtkit.trace.snapshot import Snapshot

__all__ = ["Change", "Diff", "diff"]


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
    :ivar form: how numbers of this field are written (``dtkit.trace.headers.FORMS``).
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
        plural = "byte" if size == 1 else "bytes"
        return f"{name} {self.kind}{where} ({size} {plural})"

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
    """

    changes: tuple[Change, ...]
    before_type: LinkType
    after_type: LinkType

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def apply(self, before: bytes) -> bytes:
        """The packet after, from the packet before.

        :raises ValueError: *before* is not the packet that this was found in.
        """
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
        return b"".join(pieces)

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
        return Diff((), before.linktype, before.linktype if after.known is None else after.known)
    best: Diff | None = None
    least = 0
    for one, two in _readings(before, after):
        changes = _align(
            before.data, dissect(before.data, one), after.data, dissect(after.data, two)
        )
        # Bits that come and bits that go; a change of a bit is the cheapest that can be.
        cost = sum(max(change.width, change.grown) for change in changes)
        if best is None or cost < least:
            best, least = Diff(tuple(changes), one, two), cost
        if least == abs(len(before.data) - len(after.data)) * 8:
            break  # nothing but what came or went: no reading can do with less
    assert best is not None
    return best


def _readings(before: Snapshot, after: Snapshot) -> Iterator[tuple[LinkType, LinkType]]:
    """What the two packets may start with, the plain reading first."""
    one, two = before.linktype, after.linktype
    yield one, two
    first, second = dissect(before.data, one), dissect(after.data, two)
    if [part.name for part in first] == [part.name for part in second]:
        return
    if after.known is None:
        for linktype in _others(first, two, len(after.data) < len(before.data)):
            yield one, linktype
    if before.known is None:
        for linktype in _others(second, one, len(before.data) < len(after.data)):
            yield linktype, two


def _others(parts: tuple[Part, ...], known: LinkType, shorter: bool) -> Iterator[LinkType]:
    """What else a packet may start with, given the parts of its like."""
    for name in dict.fromkeys(part.name for part in parts):
        if name in STARTS and STARTS[name] is not known:
            yield STARTS[name]
    if shorter:  # nothing but the end of its payload may be left
        yield LinkType.UNKNOWN


def _align(
    before: bytes, first: tuple[Part, ...], after: bytes, second: tuple[Part, ...]
) -> list[Change]:
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
                cost = sum(max(change.width, change.grown) for change in changes)
                ways.append((best[i + 1][j + 1][0] + cost, "both"))
            if i < len(old):
                ways.append((best[i + 1][j][0] + old[i].size * 8 + 1, "old"))
            if j < len(new):
                ways.append((best[i][j + 1][0] + new[j].size * 8 + 1, "new"))
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


def _end(parts: tuple[Part, ...], head: int) -> int:
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


def _runs(old: bytes, new: bytes) -> Iterator[tuple[int, int, int, int]]:
    if old == new:
        return
    if len(old) == len(new):
        at = 0
        for same, group in groupby(map(int.__eq__, old, new)):
            size = sum(1 for _ in group)
            if not same:
                yield at, at + size, at, at + size
            at += size
        return
    common = min(len(old), len(new))
    head = next((i for i in range(common) if old[i] != new[i]), common)
    tail = next((i for i in range(common - head) if old[-1 - i] != new[-1 - i]), common - head)
    yield head, len(old) - tail, head, len(new) - tail
