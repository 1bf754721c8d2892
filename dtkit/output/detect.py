# SPDX-License-Identifier: BSD-2-Clause
"""Reading whatever one is given: dtrace(1)'s text, its JSON, or a plain hexdump."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO, cast

from dtkit.output.events import Event
from dtkit.output.hexdump import is_hexdump, read_hexdump
from dtkit.output.lines import blocks, pieces
from dtkit.output.reader import read_text
from dtkit.output.structured import is_structured, read_structured
from dtkit.output.uniform import FiringRun

#: How far the first line that says something is looked for, in bytes.
_FAR = 1 << 16


def read_output(stream: BinaryIO) -> Iterator[Event]:
    """
    Read the output of dtrace(1), text or JSON, or a plain hexdump, by what its first line is.

    :param stream: binary; need not seek. It is read to its end, in bounded memory.
    :return: events; see :mod:`dtkit.output.events`. Bad input raises nothing, but is named.
    :raises OSError: *stream* cannot be read.
    """
    for item in read_runs(stream):
        if type(item) is FiringRun:
            yield from item
        else:
            yield cast("Event", item)


def read_runs(stream: BinaryIO) -> Iterator[Event | FiringRun]:
    """
    Read as :func:`read_output` does, and leave together the firings that look alike.

    Whoever need not look at each is several times faster for it.
    """
    source = pieces(stream)
    head, ended = b"", False
    while (form := _form(head, ended)) is None:
        piece = next(source, b"")
        head += piece
        ended = not piece
    whole = chain([head] if head else [], source)
    yield from read_structured(whole) if form is read_structured else form(blocks(whole))


def _form(head: bytes, ended: bool) -> Callable[..., Iterator[Event | FiringRun]] | None:
    """The reader of an output that begins with *head*; None while that is too little to tell."""
    if is_structured(head):
        return read_structured
    told = ended or len(head) >= _FAR
    for line in re.findall("[^\n]*\n|[^\n]+", head.decode("latin-1")):
        if not line.strip() or line.startswith(("#", "dtrace: ")):
            continue  # blank, a comment, or of dtrace(1) itself
        if not told and (not line.endswith("\n") or line.lstrip().startswith("{")):
            return None
        return read_hexdump if is_hexdump(line.rstrip("\r\n")) else read_text
    return read_text if told else None
