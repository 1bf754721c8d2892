# SPDX-License-Identifier: BSD-2-Clause
"""Reading whatever one is given: dtrace(1)'s text, or a plain hexdump."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, cast

from dtkit.output.events import Event
from dtkit.output.hexdump import is_hexdump, read_hexdump
from dtkit.output.lines import Block, blocks
from dtkit.output.reader import read_text
from dtkit.output.uniform import Run

#: How far the first line that says something is looked for, in bytes.
_FAR = 1 << 16


def read_output(stream: BinaryIO) -> Iterator[Event]:
    """
    Read the output of dtrace(1), or a plain hexdump, by what its first line is.

    :param stream: binary; need not seek. It is read to its end, in bounded memory.
    :return: events; see :mod:`dtkit.output.events`. Bad input raises nothing, but is named.
    :raises OSError: *stream* cannot be read.
    """
    for item in read_runs(stream):
        if type(item) is Run:
            yield from item
        else:
            yield cast("Event", item)


def read_runs(stream: BinaryIO) -> Iterator[Event | Run]:
    """
    Read as :func:`read_output` does, and leave together the firings that look alike.

    Whoever need not look at each is several times faster for it.
    """
    source = blocks(stream)
    seen: list[Block] = []
    first, size = "", 0
    while not first and size < _FAR and (block := next(source, None)) is not None:
        seen.append(block)
        size += len(block.data) + block.overlong
        said = (line for line in block.lines() if line.strip() and not line.startswith("#"))
        first = next(said, "")
    read = read_hexdump if is_hexdump(first) else read_text
    yield from read(chain(seen, source))
