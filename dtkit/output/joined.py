# SPDX-License-Identifier: BSD-2-Clause
"""Segments of mbuf chains joined, many at a time: what a run of annotated firings is of packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import gt

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
    offsets = list(map(int, fields["off"]))
    if not all(tag.startswith("-") for tag in fields.get("vtag", ())):
        return None  # of which the bytes lack the VLAN tag
    if min(offsets) < 0 or min(map(int, fields["t"])) < 0:
        return None
    if fields.keys() >= _SEGMENT:
        return _segments(run, offsets)
    if "len" in fields and "seg" not in fields and "mlen" not in fields:
        left = _left(fields["len"], offsets)
        return Joined(range(len(run)), _cut(run.dumps, left), offsets, list(left), [])
    return None


def _left(sizes: Sequence[str], skipped: Sequence[int]) -> list[int]:
    """Bytes that are left of some where others are passed over."""
    return [max(int(size) - skip, 0) for size, skip in zip(sizes, skipped, strict=True)]


def _cut(data: list[bytes], sizes: Sequence[int]) -> list[bytes]:
    """*data*, none of it with more than so many bytes."""
    if any(map(gt, map(len, data), sizes)):
        return [piece[:size] for piece, size in zip(data, sizes, strict=True)]
    return data


def _segments(run: FiringRun, offsets: list[int]) -> Joined | None:
    fields = run.fields
    numbers = fields["seg"]
    if "skip" in fields:
        skipped = [max(int(skip), 0) for skip in fields["skip"]]
    else:  # a script that shows the first mbuf only does not say it twice
        pairs = zip(numbers, offsets, strict=True)
        skipped = [offset if number == "1" else 0 for number, offset in pairs]
    left = _left(fields["mlen"], skipped)
    data = _cut(run.dumps, left)
    unfinished: list[int] = []
    firsts: Sequence[int] = range(len(run))
    if set(numbers) != {"1"} or "0" in fields["last"]:
        chains = _chains(fields, data, left)
        if chains is None:
            return None
        firsts, data, unfinished = chains
        offsets = [offsets[first] for first in firsts]
    hints = [int(fields["pkt"][first]) for first in firsts]
    # m_pkthdr.len is only a hint: less than there is of the packet, it is wrong.
    lengths = [
        hint - offset if hint >= 0 and hint - offset >= len(piece) else None
        for hint, offset, piece in zip(hints, offsets, data, strict=True)
    ]
    return Joined(firsts, data, offsets, lengths, unfinished)


def _chains(
    fields: dict[str, list[str]], data: list[bytes], left: Sequence[int]
) -> tuple[list[int], list[bytes], list[int]] | None:
    """The first segments of chains, and the data of all; None where one does not follow."""
    #: Of each CPU: what tells its firing, the segments so far, and whether the last is all there.
    going: dict[str, tuple[tuple[str, str], list[int], bool]] = {}
    firsts: list[int] = []
    whole: list[bytes] = []
    firings = zip(fields["t"], fields["m"], strict=True)
    each = zip(fields["cpu"], firings, fields["seg"], fields["last"], strict=True)
    for index, (cpu, firing, number, last) in enumerate(each):
        piece = data[index]
        complete = len(piece) >= left[index]
        if number == "1":
            if cpu in going:
                return None
            segments = [index]
        else:
            before = going.pop(cpu, None)
            if before is None or before[0] != firing or not before[2]:
                return None
            segments = before[1]
            segments.append(index)
            if int(number) != len(segments):
                return None
        if last == "0":
            going[cpu] = firing, segments, complete
        else:
            firsts.append(segments[0])
            whole.append(b"".join([data[one] for one in segments]) if number != "1" else piece)
    return firsts, whole, sorted(one for _, segments, _ in going.values() for one in segments)
