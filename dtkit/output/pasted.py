# SPDX-License-Identifier: BSD-2-Clause
"""
Output that went through mail, a web page or an editor, and what begins it.

Whatever a line went through is undone line by line: no-break blanks, HTML, a prefix that all lines
have (``> ``, blanks, a tab, ``| ``, line numbers, a syslog stamp), columns that were narrowed. What
a line is by then is told by forms that nothing else has: the header of a dump, a frame, a heading,
an annotation, the first row of a hexdump, the beginning of JSON or XML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from dtkit.output.dump import HEADER, printable, proven
from dtkit.output.framing import HEADINGS, frame
from dtkit.output.hexdump import begins_hexdump

#: Undoes what lines went through; of as many lines it makes as many.
Clean = Callable[[bytes], bytes]


class Form(Enum):
    """What the output of dtrace(1), or something like it, can be."""

    TEXT = "text"
    HEXDUMP = "hexdumps"
    JSON = "JSON"
    XML = "XML"


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What an output is from some line on.

    :ivar clean: what undoes what its lines went through; None where that was nothing.
    :ivar sure: whether that is all: a heading does not tell whether indents were cut.
    """

    form: Form
    clean: Clean | None = None
    sure: bool = True

    def behind(self, before: Clean | None) -> Opening:
        """The same where something else is undone first."""
        return Opening(self.form, _both(before, self.clean), self.sure)


def _spread(line: str) -> str:
    """An expression for *line* with any blanks between its words."""
    return r"\s+".join(re.escape(word) for word in line.split())


#: Characters of a line that may tell what an output is: a frame with what an action printed.
_LONGEST = 1000

#: The longest prefix of a line that is looked for.
_PREFIX = r"(?P<prefix>.{0,100}?)"

#: What begins a text, as dtrace(1) prints it behind a prefix, and narrowed.
_EXACT = re.compile(
    rf"{_PREFIX}{re.escape(HEADER)} *",
)
_HEADING = re.compile(rf"{_PREFIX}(?:{re.escape(HEADINGS[0])}|{re.escape(HEADINGS[1].rstrip())}) *")
#: Quoted, indented, or behind a stamp or a number: not what a message left of a frame.
_ANNOTATION = re.compile(
    r"(?P<prefix>|[ \t]*[>|#](?: ?[>|#]){0,20} ?|\t[ \t]*| {2,100}|.{0,100}[0-9\]]: ?)"
    r"@dtkit [0-9]+ [a-z]+ .*"
)
#: A message of dtrace(1)'s may break into a line of its output: only what is plainly quoted counts.
_MESSAGE = re.compile(
    r"(?P<prefix>[>|#](?: ?[>|#]){0,20} ?)dtrace: (?:(?:description|script) '.*' matched [0-9]+ pro"
    r"bes?|error on enabled probe ID [0-9]+ .*|[0-9]+ .*drops? .*)"
)
#: Characters of a header whose columns were narrowed, or widened by tabs and no-break blanks.
_NARROWEST = 300
_FORMS = (_EXACT, _ANNOTATION, _MESSAGE)
_NARROW = re.compile(rf"(?:{_PREFIX}\s)??\s*(?:{_spread(HEADER)}|{_spread(HEADINGS[0])})\s*")
_FRAME = re.compile(
    rf"{_PREFIX}(?P<frame> {{0,2}}[0-9]{{1,10}} "
    r"(?: {0,5}[0-9]{1,10} +\S*:\S+.*| *(?:->|<-|=>|<=|\|) \S.*))"
)

_JSON = re.compile(rb'\s*\{\s*"(?:__version|dtrace|timestamp)"')
_JSON_PERHAPS = re.compile(rb'\s*\{\s*(?:"[_a-z]{0,9})?\Z')
_XML = re.compile(rb"\s*(?:<\?xml\b[^>]*>\s*)?<dtrace>")


def _blanks(data: bytes) -> bytes:
    """No-break blanks as blanks, in UTF-8 and ISO 8859-1."""
    return re.sub(rb"(?<![\x80-\xff])\xa0", b" ", data.replace(b"\xc2\xa0", b" "))


_TAG = re.compile(rb"</?[A-Za-z][^<>\n]{0,200}>")
_ENTITY = re.compile(rb"&(?:#[0-9]{1,5}|#x[0-9a-fA-F]{1,4}|[a-z]{2,6});")


def _unmarked(data: bytes) -> bytes:
    """The text of HTML."""

    def character(found: re.Match[bytes]) -> bytes:
        import html  # few paste from a page, and it takes its time

        text = html.unescape(found[0].decode())
        return b" " if text == "\xa0" else text.replace("\n", " ").encode()

    return _blanks(_ENTITY.sub(character, _TAG.sub(b"", data)))


#: What lines may have gone through, the least first.
_WAYS: tuple[Clean | None, ...] = (None, _blanks, _unmarked)


def json_begins(rest: bytes) -> bool | None:
    """Whether *rest* begins JSON of dtrace(1); None where it is too short to tell."""
    if _JSON.match(rest):
        return True
    return None if _JSON_PERHAPS.match(rest) else False


def opening(line: bytes) -> Opening | None:
    """What *line* shows the output to be from there on; None where it may be anything."""
    if len(line) > _LONGEST or not line.strip():
        return None
    if _XML.match(line):
        return Opening(Form.XML)
    for way in _WAYS:
        cleaned = way(line) if way else line
        if way and cleaned == line:
            continue
        found = _opening(cleaned.decode("latin-1").rstrip("\r\n"))
        if found is not None:
            return found.behind(way)
    return None


def _both(first: Clean | None, second: Clean | None) -> Clean | None:
    if first is None or second is None:
        return first or second
    return lambda data: second(first(data))


def _opening(line: str) -> Opening | None:
    if (found := _FRAME.fullmatch(line)) and frame(found["frame"]) is not None:
        # The text at the end of a row of a hexdump may look like a line of dtrace -F.
        before = begins_hexdump(line) if found["prefix"] else None
        if before is not None and not before.strip():
            return _prefixed(Form.HEXDUMP, before)
        return _prefixed(Form.TEXT, found["prefix"])
    if found := next(filter(None, (form.fullmatch(line) for form in _FORMS)), None):
        return _prefixed(Form.TEXT, found["prefix"])
    if found := _HEADING.fullmatch(line):
        return replace(_prefixed(Form.TEXT, found["prefix"]), sure=False)
    if _NARROW_FIRST.fullmatch(line):
        return Opening(Form.TEXT, _widened)
    if len(line) < _NARROWEST and (found := _NARROW.fullmatch(line)):
        behind = _prefixed(Form.TEXT, found["prefix"] or "")
        return Opening(Form.TEXT, _widened).behind(behind.clean)
    prefix = begins_hexdump(line)
    return None if prefix is None else _prefixed(Form.HEXDUMP, prefix)


def _prefixed(form: Form, prefix: str) -> Opening:
    if not prefix:
        return Opening(form)
    pattern = _alike(prefix).encode("latin-1")
    # Where nothing else is on a line, the blanks that end the prefix may have been cut.
    bare = _alike(prefix.rstrip()).encode("latin-1") if prefix.strip() else rb"[ \t]+"
    taken = re.compile(rb"^(?:" + pattern + rb"|" + bare + rb"(?=\r?$))", re.MULTILINE)
    return Opening(form, lambda data: taken.sub(b"", data))


def _alike(prefix: str) -> str:
    """
    An expression for prefixes like *prefix*: with other numbers, names of months and days.

    A number in it takes all digits that there are: which of several takes how many of a long one
    would be tried in all ways.
    """

    def piece(found: re.Match[str]) -> str:
        number, name, rest = found.groups()
        if number is not None:
            return r"[ \t]*+[0-9]++"
        return "[A-Z][a-z]{2}" if name is not None else re.escape(rest)

    return re.sub(r"([ \t]*[0-9]+)|\b([A-Z][a-z]{2})\b|(.)", piece, prefix, flags=re.DOTALL)


# Columns that were narrowed: to one blank each, as web pages show them, or without their indent.

_NARROW_ROW = re.compile(r"\s*([0-9a-f]{1,8}):\s*((?:[0-9a-f]{2}\s+){0,15}[0-9a-f]{2})(?:\s+(.*))?")
_NARROW_FRAME = re.compile(r"\s*([0-9]{1,10})\s+([0-9]{1,10})\s+([^\s:]*:[^\s:]+)(?:\s(.*))?")
_NARROW_FIRST = re.compile(r"[0-9]{1,10}\s+[0-9]{1,10}\s+[^\s:]+:(?:entry|return)(?:\s.*)?")
_NARROW_FLOW = re.compile(r"\s*([0-9]{1,10})\s+((?:->|<-|=>|<=|\|)\s+[^\s:]*(?::[^\s:]+)?)\s*")


def _widened(data: bytes) -> bytes:
    """Lines with their columns where dtrace(1) has them."""
    lines = data.decode("latin-1").split("\n")
    return "\n".join(map(_wide, lines)).encode("latin-1")


def _wide(line: str) -> str:
    line = line.removesuffix("\r")
    words = line.split()
    for known in (HEADER, *HEADINGS):
        if words == known.split():
            return known
    if found := _NARROW_ROW.fullmatch(line):
        offset, pairs, text = found.groups()
        data = proven(pairs.split(), text or "", 16)
        if data is not None:
            return f"     {int(offset, 16):5x}: {data.hex(' '):<47}  {printable(data)}"
    elif found := _NARROW_FRAME.fullmatch(line):
        cpu, id, name, rest = found.groups()
        return f"{int(cpu):3d} {int(id):6d} {name:>32} {rest or ''}"
    elif found := _NARROW_FLOW.fullmatch(line):
        cpu, shown = found.groups()
        return f"{int(cpu):3d} {' '.join(shown.split()):<41} "
    return line
