# SPDX-License-Identifier: BSD-2-Clause
"""Hostile output is read in time that grows as it does, and in memory that does not."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest

from dtkit.output import packets, read_runs
from dtkit.output.lines import BLOCK
from dtkit.output.verdict import Verdict
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog
from tests.hostile.steps import steps
from tests.output.dtrace_text import dump, framed


class Pieces(io.RawIOBase):
    """A stream that comes in pieces of some size."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size, self._at = data, size, 0

    def read(self, size: int = -1) -> bytes:
        self._at += self._size
        return self._data[self._at - self._size : self._at]


def annotated(number: int, fields: str) -> str:
    where = f"probe=fbt:k:f{number}:entry id=1 cpu=0 t={number} m=0x1"
    return f"@dtkit 1 mbuf {where} {fields}\n" + dump(bytes(16))


OPEN = '{"dtrace": {"probes": [{"timestamp": 1, "x": "'

#: What there is of each, so many times.
HOSTILE: dict[str, tuple[Callable[[int], str], int]] = {
    "messages in an object": (lambda n: OPEN + "a" * n * 20 + "\n" + "dtrace: a\n" * n, BLOCK),
    "an object that never ends": (lambda n: OPEN + "a\\n{[" * n * 20, BLOCK),
    "an object in small pieces": (lambda n: OPEN + "a" * n * 40, 60),
    "objects in small pieces": (lambda n: OPEN + '"}, {"timestamp": 2, "x": "' * n, 60),
    "a firing of many lines": (lambda n: framed(0, 1, "f", "entry", "message\n" * n * 4), BLOCK),
    "a firing of many dumps": (lambda n: framed(0, 1, "f", "entry", dump(bytes(16)) * n), BLOCK),
    "probes": (
        lambda n: "".join(framed(0, at, f"f{at}", "entry", dump(bytes(16))) for at in range(n)),
        BLOCK,
    ),
    "annotated probes": (
        lambda n: "".join(annotated(at, "len=16 off=0 dump=16") for at in range(n)),
        BLOCK,
    ),
    "segments": (
        lambda n: "".join(
            annotated(1, f"pkt=-1 off=0 seg={at + 1} mlen=16 dump=16 last=0") for at in range(n)
        ),
        BLOCK,
    ),
    "chains that never end": (
        lambda n: "".join(
            annotated(at, "pkt=-1 off=0 seg=1 mlen=16 dump=16 last=0") for at in range(n)
        ),
        BLOCK,
    ),
    "drops": (lambda n: "dtrace: 7 drops on CPU 0\n" * n * 2, BLOCK),
    "a line that is broken into": (lambda n: "abcdtrace: 1 drops on CPU 0\n" * n, BLOCK),
    "probes of which nothing was shown": (
        lambda n: "".join(f"@dtkit 1 end probe=f{at} fired=0 accepted=0\n" for at in range(n)),
        BLOCK,
    ),
    "a very long line": (lambda n: "x" * n * 400, 60),
    "lines that look like hex": (lambda n: "0: 12 34 56 78 9a\n" * n, BLOCK),
    "blanks": (lambda n: f"{' ' * 1000}\n" * n, BLOCK),
    "tags and entities": (lambda n: ("<a" * 20 + "&#" * 20 + "\n") * n, BLOCK),
}


def take(data: bytes, size: int) -> None:
    capture = PacketFile(io.BytesIO(), Provenance("test"), catalog())
    verdict = Verdict()
    for item in packets(read_runs(cast("BinaryIO", Pieces(data, size))), catalog()):
        verdict.add(item)
        if isinstance(item, PacketRun):
            capture.write_run(item)
        elif isinstance(item, Packet):
            capture.write(item)


@pytest.mark.parametrize("kind", HOSTILE)
def test_four_times_the_input_takes_some_four_times_the_steps(kind: str) -> None:
    make, size = HOSTILE[kind]
    once, more = make(500).encode(), make(2000).encode()
    take(once, size)  # what is made once is made
    # A square takes 16 times.
    assert steps(lambda: take(more, size)) < 6 * steps(lambda: take(once, size))


@pytest.mark.parametrize("kind", HOSTILE)
def test_memory_is_bounded(kind: str) -> None:
    make, size = HOSTILE[kind]
    data = make(3000).encode()
    tracemalloc.start()
    try:
        for item in packets(read_runs(cast("BinaryIO", Pieces(data, size))), catalog()):
            del item
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20
