# SPDX-License-Identifier: BSD-2-Clause
"""
Plain hexdumps of other programs, each one packet.

Read are those of ``hexdump -C``, xxd(1) with groups of any size and in either byte order,
``od -A x -t x1`` and ``x1z``, the hexdump package, ``tcpdump -x`` to ``-XX``, ``tshark -x`` and
what Wireshark copies. Rows start with an offset; the text behind the hex may look like hex itself
and is cut off by layout, or by what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.output.dump import Flaw, printable
from dtkit.output.events import Dump, Event, Firing, Message
from dtkit.output.lines import Block, decode

_HEX = "[0-9A-Fa-f]"
_PAIR = f"{_HEX}{{2}}"

#: The offset, and what is behind it: a colon (xxd, tcpdump), or blanks.
_START = re.compile(rf"(?:0x)?({_HEX}{{4,16}})(:?)( {{1,24}})(?={_HEX})")
_FIRST = re.compile(rf"(.{{0,100}}?)(?<!{_HEX})((?:0x)?0{{4,16}}:? {{1,24}}{_PAIR}.*)")
#: Behind blanks: pairs, with one more blank in the middle or without, and the text, with bars or
#: angles around it or without. Behind one blank there is no such gap.
_HALVES = re.compile(
    rf"({_PAIR}(?: {_PAIR}){{7}}  (?:{_PAIR}(?: {_PAIR}){{0,7}})?|{_PAIR}(?: {_PAIR}){{0,15}})"
    r"(?: *| {2,}\S.*| {3,}.*)"
)
_PAIRS = re.compile(rf"({_PAIR}(?: {_PAIR})*)(?: *|  .*)")
#: Behind a colon: groups of any size.
_GROUP = re.compile(rf" *((?:{_PAIR})+)(?= |$)")

_END = re.compile(rf"{_HEX}{{6,}}$")

#: Blanks behind a colon that none but a group that is set to the right has.
_INDENT = 3

#: Bytes of a row in front of a prefix that is no blank: less may be anything.
_FEWEST = 8
#: Groups of a row that are looked at.
_MOST = 256

#: What ``*`` may stand for: a hostile offset behind it must not fill the memory.
_LARGEST = 1 << 25

#: Lines of text in front of a dump that are taken for what its program says of it.
LINES_ABOVE = 4

#: Characters of a row.
_LONGEST_ROW = 4096

#: What lines that hold bytes have.
_BYTES = re.compile(rf"(?:{_PAIR}[\sx,:\\\xc2\xa00]*){{4}}|\b[eE]\s+[fF]\b")

#: Forms that are not read, and what to do; the last is that of a dump that was damaged.
_UNREAD = (
    (
        rf"{_HEX}{{7,8}}(?: {{1,4}}{_HEX}{{4}}){{1,8}}\s*|[0-7]{{7}}(?: [0-7]{{6}}){{1,8}}\s*",
        "of a hexdump in words, whose byte order nothing tells: use hexdump -C",
    ),
    (
        rf"\s*(?:{_PAIR}){{14,}}\s*|\s*(?:{_PAIR}[ :]){{13,}}{_PAIR}\s*",
        "of hex without offsets: `xxd -r -p | xxd` makes a hexdump of it",
    ),
    (
        rf"""[\s"{{]*(?:0x{_HEX}{{1,2}},?\s?){{4,}}.*|[\s"]*(?:\\x{_PAIR}){{4,}}.*""",
        "of bytes as programs have them: a hexdump is read",
    ),
    (
        rf".*?\b(?:0x)?{_HEX}{{1,16}}:(?:[\s\xc2]+(?:{_PAIR}){{1,4}}){{4,16}}(?:\s.*)?"
        rf"|.*\b{' +'.join('0123456789')} +[aA] +[bB] +[cC] +[dD] +[eE] +[fF]\b.*",
        "of a hexdump in a form that is not known",
    ),
)
_FORMS = [(re.compile(form), words) for form, words in _UNREAD]


def unread_form(line: str, framed: bool) -> str | None:
    """
    What *line* is, in words that go on ``3 lines ...``, if it holds bytes but is not read.

    :param framed: whether it is of a firing, which may print anything: then only what must be a
        damaged dump is.
    """
    if len(line) > _LONGEST_ROW or _BYTES.search(line) is None:
        return None
    for form, words in _FORMS[-1:] if framed else _FORMS:
        if form.fullmatch(line):
            return words
    return None


class Row(NamedTuple):
    """A row: its offset and bytes, and whether its groups are turned, where that is proven."""

    offset: int
    data: bytes
    turned: bool | None = None


def read_row(line: str, turned: bool | None = None) -> Row | None:
    """
    Read a row; None when *line* is none.

    :param turned: whether groups of bytes are little-endian, where rows before have proven it.
    """
    found = _START.match(line)
    if found is None:
        return None
    rest, offset = line[found.end() :], int(found[1], 16)
    if found[2]:
        # Where a first group is set to the right, it is short, and turned: xxd -e.
        read = _grouped(rest, turned if len(found[3]) < _INDENT else True)
        return Row(offset, *read) if read is not None else None
    area = (_PAIRS if len(found[3]) == 1 else _HALVES).fullmatch(rest)
    data = bytes.fromhex(area[1]) if area else None
    return Row(offset, data) if data else None


def _grouped(rest: str, turned: bool | None) -> tuple[bytes, bool | None] | None:
    """The bytes of a row behind a colon: pairs, or groups in the order that the text tells."""
    halves = _bytes(rest[:49]) if rest[23:25] == "  " else None
    if halves and rest[50:].rstrip() == printable(halves).rstrip():
        return halves, None  # the hexdump package: two halves, and the text at its column
    area = rest.partition("  ")[0].split()
    if area and all(len(word) == 2 for word in area):
        return (data, None) if (data := _bytes(" ".join(area))) else None
    words: list[str] = []
    at = 0
    while len(words) < _MOST and (found := _GROUP.match(rest, at)):
        words.append(found[1])
        at = found.end()
    for count in range(len(words), 0, -1):
        shown = "".join((*words[count:], *rest[at:].split()))
        groups = [bytes.fromhex(word) for word in words[:count]]
        orders = {False: b"".join(groups), True: b"".join(group[::-1] for group in groups)}
        fitting = [order for order, data in orders.items() if shown == _squeezed(data)]
        if turned and True in fitting:
            return orders[True], True
        if len(fitting) == 1:
            return orders[fitting[0]], fitting[0]
        if fitting and turned is not None:
            return orders[turned], None
    # Two bytes a group are as xxd(1) and tcpdump(1) have them; of more, the order may be either.
    if area and all(len(word) <= 4 for word in area) and (data := _bytes("".join(area))):
        return data, None
    return None


def _squeezed(data: bytes) -> str:
    """The text of *data*, blanks apart."""
    return "".join(printable(data).split())


def _bytes(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def begins_hexdump(line: str) -> str | None:
    """What stands in front of the first row of a hexdump in *line*; None where there is none."""
    found = _FIRST.fullmatch(line)
    if found is None:
        return None
    prefix, text = found.groups()
    row = read_row(text)
    if row is None or (prefix and not prefix[-1].isspace()):
        return None
    return prefix if not prefix.strip() or len(row.data) >= _FEWEST else None


class HexdumpReader:
    """
    Reads plain hexdumps; an offset of 0 begins the next one.

    ``*`` repeats the row before it up to the next offset. Lines that are no rows are messages, if
    they are comments or stand right above a dump; others are counted and named.

    :param line: number of the line in front of the first.
    """

    def __init__(self, line: int) -> None:
        self._line = line
        self._data = bytearray()
        self._start = 0
        self._last = b""
        self._repeat = False
        self._turned: bool | None = None  # whether its groups are little-endian
        self._above: list[tuple[int, str]] = []  # lines since the last row, as far as kept
        self._strange = 0  # lines that are nothing, since:
        self._strange_line = 0

    def block(self, block: Block) -> Iterator[Event]:
        """Read some lines."""
        for line in block.lines():
            self._line += 1
            yield from self._read(line.rstrip())
        if block.overlong:
            self._line += 1
            what = f"a line of {block.overlong} bytes is too long to keep"
            yield Oddity("line", self._line, what, unread=1)

    def end(self) -> Iterator[Event]:
        """The end of the output."""
        yield from self._pass_over()
        if self._strange:
            what = f"{counted(self._strange, 'line')} among hexdumps, no rows"
            yield Oddity("line", self._strange_line, what, self._strange)
        yield from self._dump()

    def _dump(self) -> Iterator[Event]:
        if self._data:
            yield Firing(self._start, None, (Dump(self._start, bytes(self._data)),))
            self._data.clear()

    def _pass_over(self) -> Iterator[Event]:
        """What was above is about no dump."""
        for number, line in self._above:
            yield Message(number, decode(line))
            if not line.startswith("#"):
                self._strange_line = self._strange_line or number
                self._strange += 1
        self._above.clear()

    def _read(self, line: str) -> Iterator[Event]:
        row = read_row(line, self._turned)
        if row is None and self._data and _END.match(line):
            row = Row(int(line, 16), b"")  # the length, as hexdump and od close with it
        if row is None:
            if line == "*":
                self._repeat = bool(self._last)
            elif line:
                if len(self._above) == LINES_ABOVE:
                    yield from self._pass_over()
                self._above.append((self._line, line))
            else:
                yield from self._pass_over()
            return
        offset, piece, turned = row
        if offset == 0:
            self._turned = None
            yield from self._dump()
            for number, text in self._above:
                yield Message(number, decode(text))
            self._above.clear()
        elif self._above:
            yield from self._pass_over()
        data = self._data
        if not data:
            self._start = self._line
        if self._repeat and len(data) < offset <= _LARGEST:
            missing = offset - len(data)
            data += (self._last * (missing // len(self._last) + 1))[:missing]
        self._repeat = False
        self._turned = self._turned if turned is None else turned
        if offset != len(data) or offset > _LARGEST:
            yield Oddity("line", self._line, Flaw.OFFSET.value, unread=1)
            return
        data += piece
        self._last = piece or self._last
