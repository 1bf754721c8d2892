# SPDX-License-Identifier: BSD-2-Clause
"""Segments of mbuf chains joined, many at a time: what a run of annotated firings is of packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge, gt
from typing import Any

from dtkit.output.uniform import FiringRun

#: Fields that all annotations of such a run have, and those of segments.
_PLAIN = {"probe", "id", "cpu", "t", "m", "off"}
_SEGMENT = {"pkt", "seg", "mlen", "last"}


@dataclass(frozen=True, slots=True)
class Joined:
    """
    Packets of a run of firings.

    :ivar firsts: of each packet, its first firing.
    :ivar data: its bytes.
    :ivar offsets: bytes of the chain in front of them.
    :ivar lengths: bytes of the packet from there on, as far as they are known.
    :ivar unfinished: firings of packets that go on behind the run.
    """

    firsts: Sequence[int]
    data: list[bytes]
    offsets: list[int]
    lengths: list[int | None]
    unfinished: list[int]


def joined(run: FiringRun) -> Joined | None:
    """The packets of *run*; None where anything is not as scripts print it one after the other."""
    fields = run.fields
    if not fields.keys() >= _PLAIN:
        return None
    offsets: list[int] = fields["off"]
    if max(fields.get("vtag", (-1,))) >= 0:
        return None  # of which the bytes lack the VLAN tag
    if min(offsets) < 0 or min(fields["t"]) < 0:
        return None
    if fields.keys() >= _SEGMENT:
        return _segments(run, offsets)
    if "len" in fields and "seg" not in fields and "mlen" not in fields:
        left = _left(fields["len"], offsets)
        return Joined(range(len(run)), _cut(run.dumps, left), offsets, list(left), [])
    return None


def _left(sizes: list[int], skipped: list[int]) -> list[int]:
    """Bytes that are left of some where others are passed over."""
    if not any(skipped) and min(sizes) >= 0:
        return sizes
    return [max(size - skip, 0) for size, skip in zip(sizes, skipped, strict=True)]


def _cut(data: list[bytes], sizes: Sequence[int]) -> list[bytes]:
    """*data*, none of it with more than so many bytes."""
    if any(map(gt, map(len, data), sizes)):
        return [piece[:size] for piece, size in zip(data, sizes, strict=True)]
    return data


def _segments(run: FiringRun, offsets: list[int]) -> Joined | None:
    fields = run.fields
    numbers = fields["seg"]
    if "skip" in fields:
        skipped = [max(skip, 0) for skip in fields["skip"]]
    elif any(offsets):  # a script that shows the first mbuf only does not say it twice
        pairs = zip(numbers, offsets, strict=True)
        skipped = [offset if number == 1 else 0 for number, offset in pairs]
    else:
        skipped = offsets
    left = _left(fields["mlen"], skipped)
    data = _cut(run.dumps, left)
    unfinished: list[int] = []
    firsts: Sequence[int] = range(len(run))
    if set(numbers) != {1} or 0 in fields["last"]:
        chains = _chains(fields, data, left)
        if chains is None:
            return None
        firsts, data, unfinished = chains
        offsets = [offsets[first] for first in firsts]
    hints = fields["pkt"]
    if len(firsts) < len(run):
        hints = [hints[first] for first in firsts]
    if not any(offsets) and all(map(ge, hints, map(len, data))):
        return Joined(firsts, data, offsets, hints, unfinished)  # as most are
    # m_pkthdr.len is only a hint: less than there is of the packet, it is wrong.
    lengths = [
        hint - offset if hint >= 0 and hint - offset >= len(piece) else None
        for hint, offset, piece in zip(hints, offsets, data, strict=True)
    ]
    return Joined(firsts, data, offsets, lengths, unfinished)


def _chains(
    fields: dict[str, list[Any]], data: list[bytes], left: Sequence[int]
) -> tuple[list[int], list[bytes], list[int]] | None:
    """The first segments of chains, and the data of all; None where one does not follow."""
    #: Of each CPU: what tells its firing, the segments so far, and whether the last is all there.
    going: dict[int, tuple[int, int, list[int], bool]] = {}
    firsts: list[int] = []
    whole: list[bytes] = []
    names = ("cpu", "t", "m", "seg", "last")
    each = zip(range(len(data)), data, left, *map(fields.__getitem__, names), strict=True)
    for index, piece, size, cpu, time, mbuf, number, last in each:
        if number == 1:
            if cpu in going:
                return None
            segments = [index]
        else:
            before = going.pop(cpu, None)
            if before is None:
                return None
            before_time, before_mbuf, segments, complete = before
            segments.append(index)
            if (
                not complete
                or before_time != time
                or before_mbuf != mbuf
                or number != len(segments)
            ):
                return None
        if not last:
            going[cpu] = time, mbuf, segments, len(piece) >= size
        else:
            firsts.append(segments[0])
            whole.append(b"".join([data[one] for one in segments]) if number != 1 else piece)
    return firsts, whole, sorted(one for _, _, segments, _ in going.values() for one in segments)
