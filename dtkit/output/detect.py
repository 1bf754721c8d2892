# SPDX-License-Identifier: BSD-2-Clause
"""Reading whatever one is given: dtrace(1)'s text, its JSON, plain hexdumps; pasted or not."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, cast

from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.output.events import Event
from dtkit.output.lines import LONGEST, Block, blocks, pieces
from dtkit.output.pasted import Clean, Form, Opening, json_begins, opening
from dtkit.output.reader import TextReader
from dtkit.output.uniform import FiringRun

#: Bytes that the first words of JSON are looked for in.
_FAR = 4096


def read_output(stream: BinaryIO) -> Iterator[Event]:
    """
    Read the output of dtrace(1), text or JSON, or plain hexdumps, by what its lines are.

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
    source = _utf8(pieces(stream))
    text = TextReader()
    rest, clean, found = b"", None, None
    for piece in chain(source, (None,)):
        rest += piece or b""
        while True:
            at, found = _open(rest, clean, ended=piece is None)
            if at:  # until something tells what it is, it is text
                yield from text.block(_cleaned(Block(rest[:at]), clean))
                rest = rest[at:]
            if found is None or found.sure or found.clean is clean:
                break
            clean = found.clean
        if found is not None and found.sure:
            break
    remaining = chain((rest,) if rest else (), source)
    if found is None or found.form is Form.TEXT:
        for block in blocks(remaining):
            yield from text.block(_cleaned(block, found.clean if found else clean))
        yield from text.end()
        return
    if text.line:
        yield from text.end()
    if found.form is Form.JSON:
        from dtkit.output.structured import read_structured

        yield from read_structured(remaining, text.line + 1)
    elif found.form is Form.XML:
        lines = sum(len(block.lines()) + bool(block.overlong) for block in blocks(remaining))
        what = "XML of dtrace(1), which is not read: -x oformat=json is"
        yield Oddity("line", text.line + 1, f"{counted(lines, 'line')} of {what}", lines)
    else:
        from dtkit.output.hexdump import HexdumpReader

        reader = HexdumpReader(text.line)
        for block in blocks(remaining):
            yield from reader.block(_cleaned(block, found.clean))
        yield from reader.end()


def _utf8(source: Iterable[bytes]) -> Iterator[bytes]:
    """*source* without its byte-order mark; UTF-16, which some shells write, as UTF-8."""
    source = iter(source)
    first = next(source, b"")
    while 0 < len(first) < 3 and (more := next(source, b"")):
        first += more
    if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        decode = codecs.getincrementaldecoder("utf-16")("replace").decode
        yield from (decode(piece).encode() for piece in chain((first,), source))
    else:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from source


def _open(rest: bytes, clean: Clean | None, ended: bool) -> tuple[int, Opening | None]:
    """
    How much of *rest* may be anything, and what begins there.

    :param clean: what is undone already.
    """
    at = 0
    while at < len(rest):
        end = rest.find(b"\n", at) + 1
        line = rest[at : end or len(rest)]
        # Its first words may be on a line each.
        json = json_begins(rest[at : at + _FAR]) if line.lstrip().startswith(b"{") else False
        if json:
            return at, Opening(Form.JSON)
        if not ended and (json is None or not end):
            # Too long for a line: whatever it is, the reader of text says so.
            return (at, Opening(Form.TEXT)) if len(rest) - at > LONGEST else (at, None)
        found = opening(clean(line) if clean else line)
        if found is not None and (found.sure or found.clean is not None):
            if found.form is Form.HEXDUMP:
                at = _above(rest, at)
            return at, found.behind(clean)
        at = end or len(rest)
    return at, None


def _above(rest: bytes, at: int) -> int:
    """Where the lines right above *at* begin, in which a program says what it dumps."""
    from dtkit.output.hexdump import LINES_ABOVE

    for _ in range(LINES_ABOVE):
        start = rest.rfind(b"\n", 0, at - 1) + 1
        if at == 0 or not rest[start:at].strip():
            break
        at = start
    return at


def _cleaned(block: Block, clean: Clean | None) -> Block:
    return block if clean is None else Block(clean(block.data), block.overlong)
