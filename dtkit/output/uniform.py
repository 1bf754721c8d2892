# SPDX-License-Identifier: BSD-2-Clause
"""
Firings of one dump each, many at a time.

What people have most of is firing upon firing with one dump: framed, annotated, or with ``-q``
nothing but the dump. The text between two headers is then rows, and what opens the next firing. A
block is split at the headers, and the rows of all its dumps are put into one text whose columns are
compared and converted as wholes, so that the work for each firing is done in C, whatever its size,
probe and CPU. What is not so to the letter is left to the reader of lines.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from itertools import accumulate, repeat
from operator import add, itemgetter
from typing import Any, NamedTuple

from dtkit.annotations import FIELDS, PREFIX
from dtkit.native import speedups
from dtkit.output.dump import HEADER
from dtkit.output.events import Annotation, Dump, Firing, Part, Source
from dtkit.output.framing import frame
from dtkit.output.lines import is_text

#: What stands between dumps: a header, and in front of it the newline that a dump begins with.
SEPARATOR = f"\n{HEADER}\n".encode()

_PREFIX = PREFIX.encode()

#: Columns of a row: its first byte, the blanks behind the hex, its text, its newline.
_FIRST, _BLANKS, _TEXT, _ROW = 11, 59, 61, 78
#: Those that are blank in every row.
_BLANK = (*range(7), *range(_FIRST, _BLANKS, 3), _BLANKS, _BLANKS + 1)

#: The largest dump that is read so; the larger, the less there is to gain.
LARGEST = 0x1000
_MOST_ROWS = LARGEST // 16

#: The rows of a dump and the bytes of the last one, by the characters up to its last newline.
_SHAPES = {
    _ROW * (rows - 1) + _TEXT + last: (rows, last)
    for rows in range(1, _MOST_ROWS + 1)
    for last in range(1, 17)
}

#: By the number of rows: two columns of their offsets, whose first is ``0`` alone.
_OFFSETS = ["  ", *(f"{row:2x}" for row in range(1, _MOST_ROWS))]
_HUNDREDS, _SIXTEENS = (
    ["".join(digits)[:rows].encode() for rows in range(_MOST_ROWS + 1)]
    for digits in zip(*_OFFSETS, strict=True)
)

#: Dumps that are converted at once: as many as a processor's cache holds the text of.
_AT_ONCE = 256

#: Frames that are remembered; only hostile output has as many.
_FRAMES = 10_000


class Opener(Enum):
    """What stands in front of a dump; the value is how many lines in front of its header."""

    NOTHING = 0
    FRAME = 1
    ANNOTATION = 2


@dataclass(frozen=True, slots=True)
class FiringRun:
    """
    Firings of one dump each. They are made when they are looked at.

    :ivar opener: what stands in front of each dump.
    :ivar dump_lines: the line that each dump begins on.
    :ivar sources: where each came from; None for all that have no frame.
    :ivar dumps: the bytes of each.
    :ivar kind: that of the annotations in front of them, where there are any.
    :ivar fields: of each field of these, its values: numbers, or words as written.
    :ivar formats: how they are written, as ``%`` of Python says it.
    :ivar timestamps: ns since boot of each; empty where they are not known.
    """

    opener: Opener
    dump_lines: list[int]
    sources: Sequence[Source | None]
    dumps: list[bytes]
    kind: str = ""
    fields: dict[str, list[Any]] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    timestamps: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.dumps)

    @property
    def line(self) -> int:
        """The line of the first one."""
        return self.dump_lines[0] - self.opener.value

    def __iter__(self) -> Iterator[Firing]:
        # Made as plain tuples are: the classes' own constructors would take most of the time.
        new = tuple.__new__
        dumps = map(new, repeat(Dump), zip(self.dump_lines, self.dumps, strict=True))
        before = self.opener.value
        lines = [line - before for line in self.dump_lines]
        parts: Iterator[tuple[Part, ...]] = zip(dumps)
        if self.opener is Opener.ANNOTATION:
            said = map(Annotation, lines, repeat(self.kind), self._said())
            parts = zip(said, dumps, strict=True)
        stamps = self.timestamps or repeat(None, len(self))
        fields = zip(lines, self.sources, parts, stamps, strict=True)
        return map(new, repeat(Firing), fields)

    def __getitem__(self, part: slice) -> FiringRun:
        """Some of the firings."""
        fields = {field: values[part] for field, values in self.fields.items()}
        return replace(
            self,
            dump_lines=self.dump_lines[part],
            sources=self.sources[part],
            dumps=self.dumps[part],
            fields=fields,
            timestamps=self.timestamps[part],
        )

    def firing(self, index: int) -> Firing:
        """One of the firings."""
        (found,) = self[index : index + 1]
        return found

    def _said(self) -> Iterator[dict[str, str]]:
        """The fields of each annotation, as written."""
        columns = [
            map(format.__mod__, values)
            for format, values in zip(self.formats, self.fields.values(), strict=True)
        ]
        for values in zip(*columns, strict=True):
            yield dict(zip(self.fields, values, strict=True))


@dataclass(frozen=True, slots=True)
class Split:
    """
    A block of output, split at the headers of its dumps.

    :ivar block: the block.
    :ivar starts: where each part begins: what is in front of the first header, and behind each up
        to the next.
    :ivar openers: of each part, what opens the next dump; None where that is nothing regular.
    :ivar texts: of each part, the text of that.
    :ivar rows: of each part, how many rows there are, if it is regular.
    :ivar dumps: of each part, the bytes of its rows; None where it is not regular.
    :ivar reach: of each part, how far firings are regular: the part whose opener is that of the
        first firing that is not. The dumps from the one behind a part to its reach are a run.
    """

    block: bytes
    starts: list[int]
    openers: list[Opener | None]
    texts: list[bytes]
    rows: list[int]
    dumps: list[bytes | None]
    reach: list[int]

    @classmethod
    def of(cls, block: bytes) -> Split:
        """Split *block*."""
        return cls(block, *_split(block, (Opener.NOTHING, Opener.FRAME, Opener.ANNOTATION)))

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, index: int) -> bytes:
        """The text between two headers."""
        return self.block[self.starts[index] : self._end(index)]

    def rows_of(self, index: int) -> bytes:
        """What of a part belongs to the firing whose dump it is."""
        return self.block[self.starts[index] : self._opener_at(index)]

    def opener_of(self, index: int) -> bytes:
        """The lines of a part that open the next firing, up to its header."""
        return self.block[self._opener_at(index) : self._end(index)] + b"\n"

    def _end(self, index: int) -> int:
        last = index + 1 == len(self.starts)
        return len(self.block) if last else self.starts[index + 1] - len(SEPARATOR)

    def _opener_at(self, index: int) -> int:
        newline = self.openers[index] is Opener.ANNOTATION
        return self._end(index) - len(self.texts[index]) - newline


_Openers = tuple[Opener, Opener, Opener]
_Columns = tuple[
    list[int], list[Opener | None], list[bytes], list[int], list[bytes | None], list[int]
]


def split_in_python(block: bytes, openers: _Openers) -> _Columns:
    """
    Split a block at the headers of its dumps.

    :param openers: what stands for nothing, a frame and an annotation.
    :return: the columns of :class:`Split`.
    """
    parts = block.split(SEPARATOR)
    count = len(parts)
    before = accumulate(map(len, parts[:-1]), initial=0)
    starts = list(map(add, before, range(0, count * len(SEPARATOR), len(SEPARATOR))))
    found: list[Opener | None] = [None] * count
    texts, rows = [b""] * count, [0] * count
    dumps: list[bytes | None] = [None] * count
    if count > 2:
        # Of the last part there is no telling what it opens, and the first is behind no header.
        found[:-1], bodies, texts[:-1] = _told(parts[:-1], openers)
        bodies[0] = b""
        regular = [
            (index, body, shape)
            for index, body in enumerate(bodies)
            if (shape := _SHAPES.get(len(body))) is not None and found[index] is not None
        ]
        for index, _, shape in regular:
            rows[index] = shape[0]
        for at in range(0, len(regular), _AT_ONCE):
            _convert(regular[at : at + _AT_ONCE], dumps)
    reach: list[int] = []
    for index, opener in enumerate(found, start=1):
        if index == count or dumps[index] is None or found[index] is not opener:
            reach += [index - 1] * (index - len(reach))
    return starts, found, texts, rows, dumps, reach


class _Told(NamedTuple):
    """Openers of parts, the rows in front of them without the last newline, and their texts."""

    openers: list[Opener | None]
    bodies: list[bytes]
    texts: list[bytes]


def _told(parts: list[bytes], openers: _Openers) -> _Told:
    """Tell rows from openers."""
    # Mostly all openers are of the kind of one in the middle.
    alike = None if parts[len(parts) // 2].endswith(b"\n") else _framed(parts[1:], openers)
    if alike is None:
        each = [_opener(part, openers) for part in parts]
        return _Told([one[0] for one in each], [one[1] for one in each], [one[2] for one in each])
    opener, body, text = _opener(parts[0], openers)  # which need not begin at a dump
    return _Told([opener, *alike.openers], [body, *alike.bodies], [text, *alike.texts])


def _framed(parts: list[bytes], openers: _Openers) -> _Told | None:
    """Parts that all end with a frame behind an empty line; None where one does not."""
    each = [part.rpartition(b"\n\n") for part in parts]
    bodies, texts = [one[0] for one in each], [one[2] for one in each]
    if all(bodies) and all(texts) and b"\n" not in b"".join(texts):
        return _Told([openers[1]] * len(parts), bodies, texts)
    return None


def _opener(part: bytes, openers: _Openers) -> tuple[Opener | None, bytes, bytes]:
    """The opener at the end of a part, which may be anything; the rows, and its text."""
    body, _, text = part.rpartition(b"\n")
    if text:
        return (openers[1], body[:-1], text) if body.endswith(b"\n") else (None, b"", b"")
    before, _, last = body.rpartition(b"\n")
    if last.startswith(_PREFIX):
        return openers[2], before, last
    return openers[0], body, b""


#: A part that may be rows to the letter: which, its rows, how many and the bytes of the last.
_Regular = tuple[int, bytes, tuple[int, int]]


def _convert(regular: list[_Regular], dumps: list[bytes | None]) -> None:
    """Convert rows, half by half where something is odd."""
    if not _rows(regular, dumps) and len(regular) > 1:
        half = len(regular) // 2
        _convert(regular[:half], dumps)
        _convert(regular[half:], dumps)


def _rows(regular: list[_Regular], dumps: list[bytes | None]) -> bool:
    """Convert rows, unless a column of any of them is not as dtrace(1) prints it."""
    shapes = [shape for _, _, shape in regular]
    rows = [shape[0] for shape in shapes]
    total = sum(rows)
    # Last rows are short, and filled up with blanks in place of what is missing.
    text = b"\n".join([body.ljust(_ROW * count - 1) for _, body, (count, _) in regular])
    blank = b" " * total
    if not (
        text[_ROW - 1 :: _ROW] == b"\n" * (total - 1)
        and text[10::_ROW] == b":" * total
        and text[9::_ROW] == b"0" * total
        and text[8::_ROW] == b"".join(map(_SIXTEENS.__getitem__, rows))
        and text[7::_ROW] == b"".join(map(_HUNDREDS.__getitem__, rows))
        and all(text[column::_ROW] == blank for column in _BLANK)
        and all(b"\n" not in text[column::_ROW] for column in range(_TEXT, _ROW - 1))
    ):
        return False
    digits = bytearray(32 * total)
    for byte in range(16):
        column = _FIRST + 1 + 3 * byte
        digits[2 * byte :: 32] = text[column::_ROW]
        digits[2 * byte + 1 :: 32] = text[column + 1 :: _ROW]
    missing = sum(16 - last for _, last in shapes)
    if missing:
        # Where bytes are missing are blanks, and nowhere else.
        short = [
            body[_ROW * count - _ROW + _FIRST + 3 * last : _ROW * count - _ROW + _BLANKS]
            for _, body, (count, last) in regular
        ]
        if b"".join(short).strip(b" ") or digits.count(b" ") != 2 * missing:
            return False
        digits = digits.replace(b" ", b"0")
    try:
        data = binascii.unhexlify(digits)
    except binascii.Error:
        return False
    at = 0
    for index, _, (count, last) in regular:
        dumps[index] = data[at : at + 16 * count - 16 + last]
        at += 16 * count
    return True


_split = split_in_python if speedups is None else speedups.split


class Frames:
    """The sources in frames, remembered."""

    def __init__(self) -> None:
        self._known: dict[bytes, Source | None] = {}

    def sources(self, texts: list[bytes]) -> list[Source | None]:
        """The sources in frame lines with nothing behind the frame; None for what is none."""
        known = self._known
        for text in set(texts).difference(known):
            if len(known) >= _FRAMES:
                known.clear()
                return list(map(self._source, texts))
            known[text] = self._source(text)
        return list(map(known.__getitem__, texts))

    @staticmethod
    def _source(text: bytes) -> Source | None:
        line = text.decode("latin-1")
        found = frame(line) if is_text(line) else None
        return found[0] if found and not found[1] else None


# Annotations, column by column.

#: How values are written, to the letter; what they are; and the format of Python that writes them.
_VALUES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "d": ("0|-?[1-9][0-9]{0,17}", int, "%d"),
    "x": ("0x(?:0|[1-9a-f][0-9a-f]{0,15})", lambda text: int(text, 16), "%#x"),
    "s": ("[!-~]*", str, "%s"),
}
_KINDS = {"%d": "d", "0x%x": "x", "%s": "s"}


def columns_in_python(
    lines: list[bytes], words: tuple[bytes, ...], kinds: str
) -> list[list[Any]] | None:
    """
    The values in lines that are all alike.

    :param lines: the lines, without their ends.
    :param words: what stands in front of each value, the blank before it included.
    :param kinds: how each value is written: ``d`` and ``x`` for numbers, ``s`` for a word.
    :return: of each value, those of all lines; None where one is not so.
    """
    found = _line(words, kinds).findall(b"\n".join(lines).decode("latin-1"))
    if len(found) != len(lines):
        return None
    return [
        list(map(_VALUES[kind][1], map(itemgetter(index), found)))
        for index, kind in enumerate(kinds)
    ]


@lru_cache(maxsize=64)
def _line(words: tuple[bytes, ...], kinds: str) -> re.Pattern[str]:
    fields = "".join(
        f"{re.escape(word.decode())}({_VALUES[kind][0]})"
        for word, kind in zip(words, kinds, strict=True)
    )
    return re.compile(
        f"^{fields}()$", re.MULTILINE
    )  # of two groups at least, findall() gives tuples


_columns = columns_in_python if speedups is None else speedups.columns


class Annotated(NamedTuple):
    """Annotations, as :class:`FiringRun` has them."""

    kind: str
    fields: dict[str, list[Any]]
    formats: tuple[str, ...]


def annotated(annotations: list[bytes]) -> Annotated | None:
    """
    The fields of annotations that are all of one kind and have the same fields.

    :return: None where they are not so plain.
    """
    if not annotations[0].isascii():
        return None
    first = annotations[0].decode().split(" ")
    names = [word.partition("=")[0] for word in first[3:]]
    if not names or len(set(names)) < len(names):
        return None
    known = [_KINDS.get(FIELDS[name][0]) if name in FIELDS else "s" for name in names]
    kinds = "".join(filter(None, known))
    if len(kinds) < len(names):
        return None
    begins = (f"{PREFIX}1 {first[2]} {names[0]}=", *(f" {name}=" for name in names[1:]))
    found = _columns(annotations, tuple(map(str.encode, begins)), kinds)
    if found is None:
        return None
    formats = tuple(_VALUES[kind][2] for kind in kinds)
    return Annotated(first[2], dict(zip(names, found, strict=True)), formats)
