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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from itertools import accumulate, repeat

from dtkit.annotations import FIELDS, PREFIX
from dtkit.output.dump import HEADER
from dtkit.output.events import Annotation, Dump, Firing, Part, Source
from dtkit.output.framing import frame
from dtkit.output.lines import is_text

#: What stands between dumps: a header, and in front of it the newline that a dump begins with.
SEPARATOR = f"\n{HEADER}\n".encode()

_PREFIX = PREFIX.encode()

#: Columns of a row: its first byte, the blanks behind the hex, its text, its newline.
_FIRST, _BLANKS, _TEXT, _ROW = 11, 59, 61, 78

#: The largest dump that is read so; the larger, the less there is to gain.
LARGEST = 0x1000
_MOST_ROWS = LARGEST // 16

#: The rows of a dump and the bytes of the last one, by the characters of its text.
_SHAPES = {
    _ROW * (rows - 1) + _TEXT + last + 1: (rows, last)
    for rows in range(1, _MOST_ROWS + 1)
    for last in range(1, 17)
}

#: By the number of rows: two columns of their offsets, and their last.
_SIXTEENS = bytes(ord(f"{row:2x}"[1]) if row else ord(" ") for row in range(_MOST_ROWS))
_HUNDREDS = bytes(ord(f"{row:2x}"[0]) for row in range(_MOST_ROWS))
_OFFSETS = [
    (_HUNDREDS[:count], _SIXTEENS[:count], b"\n" * (count - 1) + b" ")
    for count in range(_MOST_ROWS + 1)
]

_Told = tuple[Sequence["Opener | None"], list[bytes], list[bytes]]

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
    :ivar fields: of each field of these, its values as written.
    :ivar timestamps: ns since boot of each; empty where they are not known.
    """

    opener: Opener
    dump_lines: list[int]
    sources: Sequence[Source | None]
    dumps: list[bytes]
    kind: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
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
        lines = [line - before for line in self.dump_lines] if before else self.dump_lines
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
        return next(iter(self[index : index + 1]))

    def _said(self) -> Iterator[dict[str, str]]:
        """The fields of each annotation."""
        for values in zip(*self.fields.values(), strict=True):
            yield dict(zip(self.fields, values, strict=True))


class Split:
    """
    A block of output, split at the headers of its dumps.

    :ivar parts: what is in front of the first header, and behind each up to the next.
    :ivar openers: of each part, what opens the next dump; None where that is nothing regular.
    :ivar texts: of each part, the text of that.
    :ivar rows: of each part, how many rows there are, if it is regular.
    :ivar dumps: of each part, the bytes of its rows; None where it is not regular.
    """

    def __init__(self, block: bytes) -> None:
        self.parts = block.split(SEPARATOR)
        count = len(self.parts)
        self.openers: list[Opener | None] = [None] * count
        self.texts = [b""] * count
        self.rows = [0] * count
        self.dumps: list[bytes | None] = [None] * count
        self._sort()
        self._reach = self._reaches()

    def _sort(self) -> None:
        """Tell rows from openers; of the last part there is no telling what it opens."""
        parts = self.parts[:-1]
        if len(parts) < 2:
            return
        # Mostly all openers are of the kind of one in the middle.
        alike = self._framed(parts) if self._is_framed(parts[len(parts) // 2]) else None
        openers, bodies, texts = alike or self._told(parts)
        self.openers[: len(parts)], self.texts[: len(parts)] = openers, texts
        regular: list[int] = []
        shapes: list[tuple[int, int]] = []
        for index, shape in enumerate(map(_SHAPES.get, map(len, bodies))):
            if shape is not None and index and openers[index] is not None:
                regular.append(index)
                shapes.append(shape)
                self.rows[index] = shape[0]
        self._convert(regular, [bodies[index] for index in regular], shapes)

    @staticmethod
    def _is_framed(part: bytes) -> bool:
        return not part.endswith(b"\n")

    @staticmethod
    def _framed(parts: list[bytes]) -> _Told | None:
        """Parts that all end with a frame behind an empty line; None where one does not."""
        ends = [part.rfind(b"\n") for part in parts]
        texts = [part[end + 1 :] for part, end in zip(parts, ends, strict=True)]
        bodies = [part[:end] for part, end in zip(parts, ends, strict=True)]
        # In front of the first header is no dump.
        if b"" in texts or not all(body.endswith(b"\n") for body in bodies[1:]):
            return None
        return [Opener.FRAME] * len(parts), bodies, texts

    @staticmethod
    def _told(parts: list[bytes]) -> _Told:
        """Openers, rows and texts of parts of which any may be anything."""
        openers: list[Opener | None] = []
        bodies: list[bytes] = []
        texts: list[bytes] = []
        for part in parts:
            end = part.rfind(b"\n") + 1
            opener: Opener | None = Opener.NOTHING
            text = b""
            if end < len(part):
                opener = Opener.FRAME if part[end - 2 : end - 1] == b"\n" else None
                if opener:
                    end, text = end - 1, part[end:]
            else:
                start = part.rfind(b"\n", 0, end - 1) + 1
                if part.startswith(_PREFIX, start):
                    opener, end, text = Opener.ANNOTATION, start, part[start : end - 1]
            openers.append(opener)
            bodies.append(part[:end])
            texts.append(text)
        return openers, bodies, texts

    def _convert(
        self, regular: list[int], bodies: list[bytes], shapes: list[tuple[int, int]]
    ) -> None:
        """Convert the rows of the parts at *regular*, half by half where something is odd."""
        if not regular:
            return
        found = _rows(bodies, shapes)
        if found is not None:
            for index, data in zip(regular, found, strict=True):
                self.dumps[index] = data
        elif len(regular) > 1:
            half = len(regular) // 2
            self._convert(regular[:half], bodies[:half], shapes[:half])
            self._convert(regular[half:], bodies[half:], shapes[half:])

    def rows_of(self, index: int) -> bytes:
        """What of a part belongs to the firing whose dump it is."""
        part, text = self.parts[index], self.texts[index]
        return part[: len(part) - len(text) - (self.openers[index] is Opener.ANNOTATION)]

    def opener_of(self, index: int) -> bytes:
        """The lines of a part that open the next firing, up to its header."""
        return self.parts[index][len(self.rows_of(index)) :] + b"\n"

    def run(self, first: int) -> int:
        """
        How far firings are regular.

        :param first: a part that ends with an opener.
        :return: the part whose opener is that of the first firing that is not; the dumps between,
            from ``first + 1`` to this one, are a run.
        """
        return self._reach[first]

    def _reaches(self) -> list[int]:
        """Of each part, where a run that begins there ends."""
        reach = list(range(len(self.parts)))
        openers, dumps = self.openers, self.dumps
        for index in range(len(reach) - 2, -1, -1):
            if dumps[index + 1] is not None and openers[index + 1] is openers[index]:
                reach[index] = reach[index + 1]
        return reach


def _rows(bodies: Sequence[bytes], shapes: Sequence[tuple[int, int]]) -> list[bytes] | None:
    """
    The bytes of dumps, from their rows.

    :param shapes: of each dump, how many rows there are, and how many bytes the last has.
    :return: None where a column of any of them is not as dtrace(1) prints it.
    """
    rows, lasts = zip(*shapes, strict=True)
    total = sum(rows)
    # Last rows are short, and filled up with blanks in place of what is missing.
    filled = [body[:-1].ljust(_ROW * count) for body, count in zip(bodies, rows, strict=True)]
    text = b"".join(filled)
    blank = b" " * total
    hundreds, sixteens, ends = zip(*map(_OFFSETS.__getitem__, rows), strict=True)
    if not (
        text.count(b"\n") == total - len(bodies)
        and text[_ROW - 1 :: _ROW] == b"".join(ends)
        and text[10::_ROW] == b":" * total
        and text[9::_ROW] == b"0" * total
        and text[8::_ROW] == b"".join(sixteens)
        and text[7::_ROW] == b"".join(hundreds)
        and all(text[column::_ROW] == blank for column in (*range(7), *range(_FIRST, _BLANKS, 3)))
        and text[_BLANKS::_ROW] == blank
        and text[_BLANKS + 1 :: _ROW] == blank
    ):
        return None
    digits = bytearray(32 * total)
    for byte in range(16):
        column = _FIRST + 1 + 3 * byte
        digits[2 * byte :: 32] = text[column::_ROW]
        digits[2 * byte + 1 :: 32] = text[column + 1 :: _ROW]
    missing = 16 * len(lasts) - sum(lasts)
    if missing:
        # Where bytes are missing are blanks, and nowhere else.
        short = [
            body[_ROW * count - _ROW + _FIRST + 3 * last : _ROW * count - _ROW + _BLANKS]
            for body, count, last in zip(bodies, rows, lasts, strict=True)
            if last < 16
        ]
        if b"".join(short).strip(b" ") or digits.count(b" ") != 2 * missing:
            return None
        digits = digits.replace(b" ", b"0")
    try:
        data = binascii.unhexlify(digits)
    except binascii.Error:
        return None
    if len(set(shapes)) == 1:
        step, size = 16 * rows[0], 16 * rows[0] - 16 + lasts[0]
        return [data[at : at + size] for at in range(0, len(data), step)]
    sizes = [16 * count - 16 + last for count, last in shapes]
    starts = [16 * start for start in accumulate(rows[:-1], initial=0)]
    return [data[start : start + size] for start, size in zip(starts, sizes, strict=True)]


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

_VALUES = {"%d": "(-?[0-9]{1,18})", "0x%x": "(0x[0-9a-f]{1,16})", "%s": "([!-~]*)"}


@lru_cache(maxsize=64)
def _form(kind: str, names: tuple[str, ...]) -> re.Pattern[str] | None:
    """An expression for annotations of one kind with these fields."""
    values = [_VALUES.get(FIELDS.get(name, ("%s", ""))[0]) for name in names]
    if None in values or len(set(names)) < len(names):
        return None
    fields = "".join(
        f" {re.escape(name)}={value}" for name, value in zip(names, values, strict=True)
    )
    return re.compile(rf"^{PREFIX}1 {re.escape(kind)}{fields}$", re.MULTILINE)


def annotated(annotations: Sequence[bytes]) -> tuple[str, dict[str, list[str]]] | None:
    """
    The fields of annotations that are all of one kind and have the same fields.

    :return: the kind, and of each field the values as written; None where they are not so plain.
    """
    text = b"\n".join(annotations)
    if not text.isascii():
        return None
    first = annotations[0].decode().split(" ")
    if len(first) < 3:
        return None
    names = tuple(word.partition("=")[0] for word in first[3:])
    form = _form(first[2], names)
    if form is None or not names:
        return None
    found = form.findall(text.decode())
    if len(found) != len(annotations):
        return None
    if len(names) == 1:
        return first[2], {names[0]: found}
    return first[2], dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
