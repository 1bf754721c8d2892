# SPDX-License-Identifier: BSD-2-Clause
"""
The reader of dtrace(1)'s text output: lines to events, whatever the framing.

It never raises on its input. What is not as dtrace(1) writes it becomes an :class:`Oddity`, once,
with its line; everything around it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dtkit.annotations import OPENING, PREFIX
from dtkit.oddity import Oddity
from dtkit.output.annotation import read_annotation
from dtkit.output.dump import HEADER, Flaw, Rows, is_row, is_whole_row
from dtkit.output.events import (
    Annotation,
    Dump,
    Event,
    Firing,
    Message,
    Part,
    Source,
    Stack,
)
from dtkit.output.framing import frame, is_heading
from dtkit.output.lines import LONGEST, Block, decode, is_text
from dtkit.output.stderr import find_message, read_message
from dtkit.output.uniform import LARGEST, FiringRun, Shape

#: A frame of stack(): indented, ``module`function+0x12b`` or a bare address.
_STACK_FRAME = re.compile(r" {14,}((?:\S+`)?(?:0x[0-9a-f]+|[A-Za-z_.$][\w.$]*(?:\+0x[0-9a-f]+)?))$")

#: What one firing or stack keeps; dtrace(1) prints no such thing, so it is only a bound.
_MOST_PARTS = 10_000
#: The largest dump that is kept, in bytes: far more than a buffer of dtrace(1) holds.
_LARGEST = 1 << 25

#: After a run that was none, so many firings are read line by line before the next try.
_PATIENCE = 50


def read_text(blocks: Iterable[Block]) -> Iterator[Event | FiringRun]:
    """
    Read the text output of dtrace(1), with or without its stderr in between.

    :param blocks: the output; see :func:`dtkit.output.lines.blocks`.
    :return: events in the order in which they are complete, firings that look alike in runs.
    """
    reader = _TextReader()
    empty = True
    for block in blocks:
        empty = False
        yield from reader.block(block)
    if empty:
        yield Oddity("line", 0, "the input is empty")
    yield from reader.end()


class _TextReader:
    """
    The state between lines: at most one firing, one dump and one stack are open at a time, and a
    line either continues the innermost or closes it.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []  # complete, not yet handed on
        self._line = 0  # number of the line at hand
        self._carry: tuple[int, str] | None = None  # a line that stderr broke into

        self._firing: int | None = None  # line of the open firing
        self._source: Source | None = None
        self._parts: list[Part] = []

        self._rows: Rows | None = None
        self._spoilt = 0  # rows of the open dump that could not be placed
        self._suspect = False  # the open dump began while another one was open
        self._torn = False  # a dump was broken into, and no empty line came since

        self._stack: list[str] = []
        self._stack_line = 0

        self._stray: tuple[int, str, int] | None = None  # lines without a place: first, what, many
        self._width = 0  # of the open firing's frame line
        self._shape: Shape | None = None  # of the firing that an empty line may just have ended
        self._patience = 0

    # Blocks

    def block(self, block: Block) -> Iterator[Event | FiringRun]:
        data, at = block.data, 0
        while at < len(data):
            shape, self._shape = self._shape, None
            if shape is not None and len(data) - at >= 2 * shape.size:
                run = shape.read(data, at, self._line + 1)
                if run is None:
                    self._patience = _PATIENCE
                else:
                    self._close_firing()
                    yield from self._drain()
                    yield run
                    at += len(run) * shape.size
                    self._line += len(run) * run.step
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            self._read(data[at:end].decode("latin-1"))
            at = end + 1
            if self._events:
                yield from self._drain()
        if block.overlong:
            self._line += 1
            self._too_long(block.overlong)
        yield from self._drain()

    def end(self) -> Iterator[Event]:
        if self._carry is not None:
            number, line = self._carry
            self._content(number, line)
        self._close_firing()
        yield from self._drain()

    def _drain(self) -> Iterable[Event]:
        events, self._events = self._events, []
        return events

    def _odd(self, line: int, text: str, unread: int = 0) -> None:
        self._events.append(Oddity("line", line, text, unread))

    # Lines

    def _read(self, line: str) -> None:
        self._line += 1
        number = self._line
        if len(line) > LONGEST:
            self._too_long(len(line))
            return
        if line.endswith("\r"):
            line = line[:-1]
        found = -1
        if "dtrace: " in line and not is_whole_row(line):
            found = find_message(line, continued=self._carry is not None)
        if found >= 0:
            self._events.append(read_message(number, decode(line[found:])))
            if found:
                first, before = self._carry or (number, "")
                if len(before) > LONGEST:
                    self._odd(first, "a line is broken into too often to keep", unread=1)
                    first, before = number, ""
                self._carry = (first, before + line[:found])
            return
        if self._carry is not None:
            number, before = self._carry
            self._carry, line = None, before + line
        self._content(number, line)

    def _too_long(self, length: int) -> None:
        """The line at hand is not kept: whatever was open ends here."""
        self._close_rows(torn=True)
        self._carry = None
        self._odd(self._line, f"a line of {length} bytes is too long to keep", unread=1)

    def _content(self, number: int, line: str) -> None:
        """A line of stdout."""
        rows = self._rows
        if rows is not None:
            if is_row(line):
                self._row(rows, line)
                return
            opens = line == HEADER or frame(line) is not None
            self._close_rows(torn=opens)
        elif is_row(line):
            self._astray(number, "without the header of a dump")
            return
        if line and not is_text(line):
            self._close_stack()
            self._astray(number, "of bytes that are no text")
            return
        self._close_stray()
        found = _STACK_FRAME.match(line) if line.startswith("              ") else None
        if found is not None:
            if len(self._stack) == _MOST_PARTS:
                self._close_stack()
            self._stack_line = self._stack_line or number
            self._stack.append(decode(found[1]))
            return
        self._close_stack()
        if not line:
            self._torn = False
            self._look_for_a_run(rows)
        elif line == HEADER:
            self._rows, self._suspect = Rows(number, self._announced()), self._torn
        elif framed := frame(line):
            self._close_firing()
            self._source, rest = framed
            self._firing, self._width = number, len(line)
            if rest:
                self._text(number, rest)
        elif not is_heading(line):
            self._text(number, line)

    def _text(self, number: int, line: str) -> None:
        """A line that an action printed, or what of it follows a frame."""
        self._width = 0
        text = decode(line)
        part: Part = Message(number, text)
        if text.startswith(PREFIX):
            annotation = read_annotation(number, text)
            if annotation is None:
                self._odd(number, "an annotation that this version of dtkit does not know")
            else:
                part = annotation
        if self._source is None:
            self._close_firing()
            if isinstance(part, Annotation) and part.kind in OPENING:
                # Without framing the annotation is what begins a firing.
                self._firing = number
                self._parts.append(part)
                return
        self._add(part)

    def _add(self, part: Part) -> None:
        if self._firing is not None:
            self._parts.append(part)
            if len(self._parts) == _MOST_PARTS:
                self._hand_on()  # what else it prints follows by itself
        elif isinstance(part, Dump):
            self._events.append(Firing(part.line, self._source, (part,)))
        else:
            self._events.append(part)

    # Dumps

    def _row(self, rows: Rows, line: str) -> None:
        if rows.flaw is not None or not rows.add(line):
            self._spoilt += 1
        elif len(rows.data) > _LARGEST:
            rows.flaw = Flaw.LONG
        elif len(rows.data) == rows.size and rows.flaw is None:
            self._close_firing()  # without waiting for what comes next, which may take long

    def _announced(self) -> int | None:
        """How many bytes the dump that begins will have, if an annotation has just said so."""
        last = self._parts[-1] if self._parts and self._source is None else None
        return last.number("dump") if isinstance(last, Annotation) else None

    def _close_rows(self, torn: bool) -> None:
        """
        End the open dump, if there is one.

        :param torn: whether something broke into it that never does: rows are followed by an
            empty line or by text, not by a frame or another header.
        """
        rows, spoilt = self._rows, self._spoilt
        if rows is None:
            return
        self._rows, self._spoilt = None, 0
        self._torn |= torn
        if self._suspect and rows.flaw is not None:
            # Begun inside another dump, and the rows are not one dump's: there is no telling
            # whose any of them are.
            self._odd(rows.line, "dumps are interleaved", spoilt + -(-len(rows.data) // 16) + 1)
            return
        if rows.flaw is not None:
            self._odd(rows.line, f"a dump is cut short: {rows.flaw.value}", spoilt)
        elif torn and rows.data:
            self._odd(rows.line, "a dump is broken into by the next output")
        if rows.data:
            self._add(Dump(rows.line, bytes(rows.data)))
            if self._source is None:
                self._close_firing()
        elif rows.flaw is None:
            self._odd(rows.line, "a dump has no rows", unread=1)

    def _look_for_a_run(self, rows: Rows | None) -> None:
        """After an empty line: if it ended a firing of one dump, more like it may follow."""
        simple = (
            rows is not None
            and 0 < len(rows.data) <= LARGEST
            and rows.flaw is None
            and (self._source is None or (self._width > 0 and len(self._parts) == 1))
        )
        if simple and self._patience > 0:
            self._patience -= 1
        elif simple and rows is not None:
            self._shape = Shape(self._width if self._source else 0, len(rows.data))

    # Closing

    def _astray(self, number: int, what: str) -> None:
        """A line that has no place; a stretch of them is one oddity."""
        if self._stray and self._stray[1] != what:
            self._close_stray()
        first, _, count = self._stray or (number, what, 0)
        self._stray = (first, what, count + 1)

    def _close_stray(self) -> None:
        if self._stray is not None:
            first, what, count = self._stray
            self._odd(first, f"{count} line{'s' * (count > 1)} {what}", unread=count)
            self._stray = None

    def _close_stack(self) -> None:
        if self._stack:
            part = Stack(self._stack_line, tuple(self._stack))
            self._stack, self._stack_line, self._width = [], 0, 0
            self._add(part)

    def _close_firing(self) -> None:
        self._close_rows(torn=False)
        self._close_stack()
        self._close_stray()
        self._hand_on()

    def _hand_on(self) -> None:
        if self._firing is not None:
            self._events.append(Firing(self._firing, self._source, tuple(self._parts)))
            self._firing, self._parts = None, []
