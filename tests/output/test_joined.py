# SPDX-License-Identifier: BSD-2-Clause
"""Segments joined many at a time: what is not as scripts print it is left to the reader of each."""

from __future__ import annotations

from typing import Any

import pytest

from dtkit.output import FiringRun
from dtkit.output.joined import Joined, joined
from dtkit.output.uniform import Opener

PLAIN = {"probe": "p", "id": 1, "cpu": 0, "t": 5, "m": 0x10, "off": 0}


def run(*firings: dict[str, Any]) -> FiringRun:
    """Firings, each what its annotation says and the bytes in ``data``."""
    names = [name for name in firings[0] if name != "data"]
    return FiringRun(
        Opener.ANNOTATION,
        list(range(3, 3 + 5 * len(firings), 5)),
        [None] * len(firings),
        [firing["data"] for firing in firings],
        "mbuf",
        {name: [firing[name] for firing in firings] for name in names},
    )


def copied(data: bytes, length: int, **fields: Any) -> dict[str, Any]:
    return {**PLAIN, "len": length, "data": data, **fields}


def segment(data: bytes, seg: int = 1, last: int = 1, **fields: Any) -> dict[str, Any]:
    said = {"pkt": -1, "seg": seg, "mlen": len(data), "last": last}
    return {**PLAIN, **said, "data": data, **fields}


def lacking(firing: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in firing.items() if key != name}


Case = tuple[list[dict[str, Any]], tuple[list[int], list[bytes], list[int], list[Any], list[int]]]
CASES: dict[str, Case] = {
    "copies": (
        [copied(b"abcd", 4), copied(b"efgh", 4, t=6)],
        ([0, 1], [b"abcd", b"efgh"], [0, 0], [4, 4], []),
    ),
    "copies that are cut": (
        [copied(b"abcd", 3), copied(b"efgh", 9)],
        ([0, 1], [b"abc", b"efgh"], [0, 0], [3, 9], []),
    ),
    "from an offset on": (
        [copied(b"abcd", 5, off=2), copied(b"efgh", 6, off=2)],
        ([0, 1], [b"abc", b"efgh"], [2, 2], [3, 4], []),
    ),
    "behind the end": (
        [copied(b"abcd", 1, off=2), copied(b"efgh", -4, off=0)],
        ([0, 1], [b"", b""], [2, 0], [0, 0], []),
    ),
    "no tag": ([copied(b"abcd", 4, vtag=-1)], ([0], [b"abcd"], [0], [4], [])),
    "hints": (
        [
            segment(b"abcd", pkt=4),
            segment(b"abcd", pkt=5),
            segment(b"abcd", pkt=3),
            segment(b"abcd", pkt=-1),
            segment(b"", pkt=0),
        ],
        ([0, 1, 2, 3, 4], [b"abcd"] * 4 + [b""], [0] * 5, [4, 5, None, None, 0], []),
    ),
    "a segment that is cut": (
        [segment(b"abcd", mlen=3), segment(b"abcd", mlen=5)],
        ([0, 1], [b"abc", b"abcd"], [0, 0], [None, None], []),
    ),
    "an offset in the first": (
        [segment(b"abcd", mlen=6, off=3, pkt=9), segment(b"abcd", mlen=7, off=3, pkt=6)],
        ([0, 1], [b"abc", b"abcd"], [3, 3], [6, None], []),
    ),
    "an offset that skips in others": (
        [segment(b"abcd", mlen=6, off=3, skip=1), segment(b"abcd", mlen=3, off=3, skip=-1)],
        ([0, 1], [b"abcd", b"abc"], [3, 3], [None, None], []),
    ),
    "two segments": (
        [segment(b"ab", last=0, pkt=9), segment(b"cd", 2, pkt=9), segment(b"ef", t=6, pkt=2)],
        ([0, 2], [b"abcd", b"ef"], [0, 0], [9, 2], []),
    ),
    "an offset in the first of two": (
        [segment(b"ab", last=0, mlen=4, off=2), segment(b"cd", 2, off=2)],
        ([0], [b"abcd"], [2], [None], []),
    ),
    "three": (
        [segment(b"ab", last=0), segment(b"cd", 2, 0), segment(b"ef", 3)],
        ([0], [b"abcdef"], [0], [None], []),
    ),
    "two CPUs": (
        [
            segment(b"ab", last=0),
            segment(b"AB", last=0, cpu=1),
            segment(b"cd", 2),
            segment(b"CD", 2, cpu=1),
        ],
        ([0, 1], [b"abcd", b"ABCD"], [0, 0], [None, None], []),
    ),
    "unfinished ones": (
        [segment(b"AB", last=0, cpu=1), segment(b"ab", last=0), segment(b"CD", 2, 0, cpu=1)],
        ([], [], [], [], [0, 1, 2]),
    ),
    "one behind one that is unfinished": (
        [segment(b"AB", last=0, cpu=1), segment(b"ab")],
        ([1], [b"ab"], [0], [None], [0]),
    ),
}


@pytest.mark.parametrize(("firings", "expected"), CASES.values(), ids=CASES)
def test_what_is_joined(firings: list[dict[str, Any]], expected: tuple[Any, ...]) -> None:
    found = joined(run(*firings))
    assert found is not None
    assert (
        list(found.firsts),
        found.data,
        found.offsets,
        found.lengths,
        found.unfinished,
    ) == expected
    assert isinstance(found, Joined)


LEFT: dict[str, list[dict[str, Any]]] = {
    **{f"without {name}": [lacking(copied(b"ab", 2), name)] for name in (*PLAIN, "len")},
    **{
        f"a segment without {name}": [lacking(segment(b"ab"), name)]
        for name in ("pkt", "seg", "mlen", "last")
    },
    "a tag": [copied(b"ab", 2, vtag=0)],
    "a tag in one": [copied(b"ab", 2, vtag=-1), copied(b"ab", 2, vtag=5)],
    "an offset that is none": [copied(b"ab", 2), copied(b"ab", 2, off=-1)],
    "a time that is none": [copied(b"ab", 2), copied(b"ab", 2, t=-1)],
    "a length and a segment": [copied(b"ab", 2, seg=1)],
    "a length and an mbuf's": [copied(b"ab", 2, mlen=2)],
    "a first in between": [segment(b"ab", last=0), segment(b"cd")],
    "a second alone": [segment(b"ab", 2)],
    "a third behind a first": [segment(b"ab", last=0), segment(b"cd", 3)],
    "a second behind a second": [
        *(segment(b"ab", last=0), segment(b"cd", 2, 0), segment(b"ef", 2)),
    ],
    "another time": [segment(b"ab", last=0), segment(b"cd", 2, t=6)],
    "another mbuf": [segment(b"ab", last=0), segment(b"cd", 2, m=0x11)],
    "another CPU": [segment(b"ab", last=0), segment(b"cd", 2, cpu=1)],
    "behind one that is cut": [segment(b"ab", last=0, mlen=3), segment(b"cd", 2)],
}


@pytest.mark.parametrize("firings", LEFT.values(), ids=LEFT)
def test_what_is_left_to_the_reader_of_each(firings: list[dict[str, Any]]) -> None:
    assert joined(run(*firings)) is None
