# SPDX-License-Identifier: BSD-2-Clause
"""
The reader of dtrace(1)'s text output: lines to events, whatever the framing.

It never raises on its input. What is not as dtrace(1) writes it becomes an :class:`Oddity`, once,
with its line; everything around it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, cast

from dtkit.annotations import OPENING, PREFIX
from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.output.annotation import read_annotation
from dtkit.output.dump import HEADER, Flaw, Rows, is_header, is_row, is_whole_row
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
from dtkit.output.hexdump import unread_form
from dtkit.output.lines import LONGEST, Block, decode, is_text
from dtkit.output.stderr import find_message, is_known, may_go_on, read_message
from dtkit.output.uniform import FiringRun, Frames, Opener, Split, annotated

#: A frame of stack(): indented, ``module`function+0x12b`` or a bare address.
_STACK_FRAME = re.compile(r" {14,}((?:\S+`)?(?:0x[0-9a-f]+|[A-Za-z_.$][\w.$]*(?:\+0x[0-9a-f]+)?))$")

#: What a frame can begin with.
_FRAME_STARTS = frozenset(" 0123456789")

#: What no line of text holds, whatever its encoding.
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1a\x1c-\x1f\x7f]")

#: What one firing or stack keeps; dtrace(1) prints no such thing, so it is only a bound.
_MOST_PARTS = 10_000
#: The largest dump that is kept, in bytes: far more than a buffer of dtrace(1) holds.
_LARGEST = 1 << 25

#: Firings that are worth a run.
_FEWEST = 3


def _is_of_dtrace(line: str) -> bool:
    """Whether *line* is what dtrace(1) itself prints around what actions do."""
    return bool(
        is_row(line) or is_header(line) or _STACK_FRAME.match(line) or frame(line) is not None
    )


#: Characters of a line of text that are quoted.
_QUOTED = 100


class TextReader:
    """
    Reads the text output of dtrace(1), with or without its stderr in between.

    The state between lines: at most one firing, one dump and one stack are open at a time, and a
    line either continues the innermost or closes it.

    :ivar line: number of the line at hand.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []  # complete, not yet handed on
        self.line = 0  # number of the line at hand
        self._carry: tuple[int, str] | None = None  # a line that stderr broke into
        self._message: tuple[int, str] | None = None  # one of dtrace(1)'s that may go on

        self._firing: int | None = None  # line of the open firing
        self._source: Source | None = None
        self._parts: list[Part] = []

        self._rows: Rows | None = None
        self._spoilt = 0  # rows of the open dump that could not be placed
        self._suspect = False  # the open dump began while another one was open
        self._torn = False  # a dump was broken into, and no empty line came since
        self._blank = False  # an empty line came in the open dump

        self._stack: list[str] = []
        self._stack_line = 0

        self._stray: tuple[int, str, int] | None = None  # lines without a place: first, what, many
        self._loose = 0  # lines of text in front of any firing, since:
        self._loose_line = 0
        self._loose_text = ""  # what stands there
        self._placed = False  # whether there was anything of dtrace(1)'s but text
        self._frames = Frames()

    # Blocks

    def block(self, block: Block) -> Iterator[Event | FiringRun]:
        """Read some lines; firings of one dump come in runs."""
        data = block.data.replace(b"\r\n", b"\n") if b"\r" in block.data else block.data
        split = Split.of(data)
        at, last = 0, len(split) - 1
        while at <= last:
            if at:
                self._read(HEADER)
            run = split.reach[at] if at < last and split.openers[at] is not None else at
            if run - at < _FEWEST:
                self._feed(split.part(at) + b"\n" if at < last else split.part(at))
            else:
                self._feed(split.rows_of(at))
                if self._may_run(split.openers[at]) and (found := self._run(split, at, run)):
                    yield from self._drain()
                    yield found
                    at += len(found)
                self._feed(split.opener_of(at))
            yield from self._drain()
            at += 1
        if block.overlong:
            self.line += 1
            self._too_long(block.overlong)
        yield from self._drain()

    def _feed(self, text: bytes) -> None:
        """Read lines, the last of which may lack its end."""
        if text:
            for line in text.decode("latin-1").removesuffix("\n").split("\n"):
                self._read(line)

    def _may_run(self, opener: Opener | None) -> bool:
        """Whether nothing but the firing that was read last is open."""
        idle = self._carry is None and self._message is None and not self._stack
        return idle and (opener is Opener.FRAME) is (self._source is not None)

    def _run(self, split: Split, first: int, last: int) -> FiringRun | None:
        """The run of the dumps behind *first* up to *last*, or as many as there are of one kind."""
        opener = split.openers[first]
        assert opener is not None
        texts = split.texts[first:last]
        sources: Sequence[Source | None] = [None] * len(texts)
        kind = ""
        fields: dict[str, list[Any]] = {}
        formats: tuple[str, ...] = ()
        if opener is Opener.FRAME:
            # A firing ends where the next frame is: up to there anything may belong to it.
            found = self._frames.sources(split.texts[first : last + 1])
            sources = found[: found.index(None) if None in found else len(found)][:-1]
        elif opener is Opener.ANNOTATION:
            said = annotated(texts)
            if said is None or said.kind not in OPENING:
                return None
            kind, fields, formats = said
            sizes = list(map(len, cast("list[bytes]", split.dumps[first + 1 : last + 1])))
            if fields.get("dump", sizes) != sizes:
                return None
        count = len(sources)
        if not count:
            return None
        if self._blank:
            self._after_blank()
        self._torn, self._placed = False, True
        self._close_firing()
        rows = split.rows[first + 1 : first + 1 + count]
        # What stands between the rows of two dumps: a header, and at least an empty line.
        between = 2 + opener.value - (opener is Opener.ANNOTATION)
        begins = self.line + (2 if opener is not Opener.ANNOTATION else 3)
        lines = list(accumulate([count + between for count in rows], initial=begins))
        self.line = lines.pop() - begins + self.line
        dumps = cast("list[bytes]", split.dumps[first + 1 : first + 1 + count])
        return FiringRun(opener, lines, sources, dumps, kind, fields, formats)

    def end(self) -> Iterator[Event]:
        """The end of the output."""
        self._say()
        if self.line == 0:
            self._odd(0, "the input is empty")
        if self._carry is not None:
            number, line = self._carry
            self._content(number, line)
        self._close_firing()
        if self._loose and (self._source is not None or not self._placed):
            # What a shell says of a command that is not there would be no firing either.
            first = self._loose_text[:_QUOTED] + "..." * (len(self._loose_text) > _QUOTED)
            one, many = "line of text that belongs", "lines of text that belong"
            what = f"{counted(self._loose, one, many)} to no firing: {first}"
            self._odd(self._loose_line, what, unread=self._loose)
        yield from self._drain()

    def _drain(self) -> Iterable[Event]:
        events, self._events = self._events, []
        return events

    def _odd(self, line: int, text: str, unread: int = 0) -> None:
        self._events.append(Oddity("line", line, text, unread))

    # Lines

    def _read(self, line: str) -> None:
        self.line += 1
        number = self.line
        if len(line) > LONGEST:
            self._too_long(len(line))
            return
        if line.endswith("\r"):
            line = line[:-1]
        if self._message is not None and self._goes_on(line):
            return
        found = -1
        if "dtrace: " in line and not is_whole_row(line):
            found = find_message(line, continued=self._carry is not None)
        if found >= 0:
            self._message = number, line[found:]
            self._placed = True
            if not may_go_on(line[found:]):
                self._say()
            if found:
                first, before = self._carry or (number, "")
                if len(before) > LONGEST:
                    self._odd(first, "a line is broken into too often to keep", unread=1)
                    first, before = number, ""
                self._carry = (first, before + line[:found])
            return
        if self._carry is not None:
            number, before = self._carry
            self._carry = None
            # Blanks that all lines begin with are an indent, as web pages have, and no output.
            indent = not before.strip() and line.startswith(before)
            if indent and not _is_of_dtrace(before + line):
                number = self.line
            else:
                line = before + line
        self._content(number, line)

    def _say(self) -> None:
        """Hand on a message of dtrace(1)'s that was kept because it might go on."""
        if self._message is not None:
            number, text = self._message
            self._message = None
            self._events.append(read_message(number, decode(text)))

    def _goes_on(self, line: str) -> bool:
        """Whether *line* is the rest of a message that was wrapped; else the message is over."""
        assert self._message is not None
        number, text = self._message
        for whole in (f"{text.rstrip()} {line.strip()}", text + line):
            if is_known(whole):
                self._message = number, whole
                self._say()
                return True
        self._say()
        return False

    def _too_long(self, length: int) -> None:
        """The line at hand is not kept: whatever was open ends here."""
        self._say()
        self._close_rows(torn=not self._blank)
        self._carry = None
        self._odd(self.line, f"a line of {length} bytes is too long to keep", unread=1)

    def _content(self, number: int, line: str) -> None:
        """A line of stdout."""
        rows = self._rows
        if rows is not None:
            if is_row(line):
                if not self._blank or rows.next_is(line):
                    self._blank = False
                    self._row(rows, line)
                    return
                self._after_blank()
                self._astray(number, "without the header of a dump")
                return
            if not line:
                # Where the ends of lines were doubled, the dump goes on.
                self._blank = True
                return
            if rows.is_text(line):
                return
            if self._blank:
                self._after_blank()
            else:
                self._close_rows(torn=is_header(line) or frame(line) is not None)
        elif is_row(line):
            self._astray(number, "without the header of a dump")
            return
        framed = frame(line) if line[:1] in _FRAME_STARTS else None
        if framed is None and line and not is_text(line) and _CONTROL.search(line):
            self._close_stack()
            self._astray(number, "of bytes that are no text")
            return
        known = framed is not None or is_header(line) or line.startswith(PREFIX)
        form = None if known else unread_form(line, self._source is not None)
        if form is not None:
            self._close_stack()
            self._astray(number, form)
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
        elif is_header(line):
            self._placed = True
            self._rows, self._suspect = Rows(number, self._announced()), self._torn
        elif framed is not None:
            self._close_firing()
            self._placed = True
            self._source, rest = framed
            self._firing = number
            if rest:
                self._text(number, rest)
        elif not is_heading(line):
            self._text(number, line)

    def _after_blank(self) -> None:
        """End the open dump, which an empty line follows."""
        self._blank = self._torn = False
        self._close_rows(torn=False)

    def _text(self, number: int, line: str) -> None:
        """A line that an action printed, or what of it follows a frame."""
        text = decode(line)
        part: Part = Message(number, text)
        if text.startswith(PREFIX):
            annotation = read_annotation(number, text)
            if annotation is None:
                self._odd(number, "an annotation that this version of dtkit does not know")
            else:
                part = annotation
                self._placed = True
        elif self._source is None and not line.startswith("#"):  # a comment says that it is one
            if not self._loose:
                self._loose_line, self._loose_text = number, text
            self._loose += 1
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
        self._rows, self._spoilt, self._blank = None, 0, False
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
            self._odd(first, f"{counted(count, 'line')} {what}", unread=count)
            self._stray = None

    def _close_stack(self) -> None:
        if self._stack:
            part = Stack(self._stack_line, tuple(self._stack))
            self._stack, self._stack_line = [], 0
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
