# SPDX-License-Identifier: BSD-2-Clause
"""
The reader of dtrace(1)'s structured output, JSON: ``--libxo json``, ``-x oformat=json``.

``{"dtrace": {"probes": [{"timestamp": ns, "cpu": n, "id": n, "provider": "", ..., "output": []},``:
the objects of the list are firings, and come out one by one. The closing brackets are there only
after a clean exit, so their absence is nothing odd. Messages of dtrace(1) itself may stand between
and within the objects, where its stderr is in the same stream. Source: dtrace(1) of FreeBSD 14 and
later.

A buffer that is all text, to its end or to a NUL, comes as that text and not as hex: what followed
the NUL is lost, and filled with zeros as far as an annotation says how long the dump is.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from dtkit.annotations import PREFIX
from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.output.annotation import read_annotation
from dtkit.output.events import (
    Annotation,
    Drop,
    Dump,
    Event,
    Firing,
    Message,
    Part,
    Source,
    Stack,
)
from dtkit.output.stderr import MESSAGE, is_known, read_message
from dtkit.output.uniform import FiringRun, Opener

#: The most characters of an object that are waited for: a firing of a buffer of dtrace(1)'s, 4 MB.
_LONGEST = 10_000_000

#: What begins a firing. It stands in no string, where quotes are escaped: so it tells where the
#: next one begins when something is damaged.
_FIRING = re.compile(r'\{\s*+"timestamp"\s*+:')
_LIST = re.compile(rf'"(probes|aggregations)"\s*+:\s*+\[|(?={_FIRING.pattern})')
_THING = re.compile(r"[^\s,]")
#: What else stands around the lists, and is no firing.
_AROUND = re.compile(r'(?:[{}\s,:]|"(?:__version|dtrace)"|"[0-9.]{1,8}")++')
_NEXT = re.compile(r"[{\]\n]")
#: How many characters at the end of what came so far may be the first of a message, or of the
#: beginning of a list: they are looked at again with what comes next.
_HELD = 4096

#: Characters of an object above which pieces are gathered.
_LONG = 1 << 16

_BRACE = re.compile(r'["{}]')
#: The rest of a string, up to its quote or what may escape it.
_QUOTED = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)

_WORD = r'"([A-Za-z0-9_.$-]*)"'
_NATURAL = "([0-9]{1,18})"
_FIELDS = ",".join(
    rf'\s*+"{name}":\s*+{value}'
    for name, value in {
        "timestamp": _NATURAL,
        "cpu": _NATURAL,
        "id": _NATURAL,
        "provider": _WORD,
        "module": _WORD,
        "function": _WORD,
        "name": r'"([A-Za-z0-9_.$-]++)"',
    }.items()
)
_FIRING_OF_ONE = (
    rf'\{{{_FIELDS},\s*+"output":\s*+\[\s*+\{{\s*+"(?:tracemem|printm)":\s*+'
    r'"0x((?:[0-9a-f]{2})++)"\s*+\}\s*+\]\s*+\}'
)
#: A firing of one dump, with what stands between it and the next.
_REGULAR = re.compile(rf"{_FIRING_OF_ONE}[\s,]*+")

_HEX = re.compile(r"0x((?:[0-9a-f]{2})*)")


def read_structured(pieces: Iterable[bytes], line: int = 1) -> Iterator[Event | FiringRun]:
    """
    Read the JSON output of dtrace(1), with or without its stderr in between.

    :param pieces: the output, cut anywhere.
    :param line: number of its first line.
    :return: events in the order in which they are complete. Bad input raises nothing, but is named.
    """
    reader = _StructuredReader(line)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for piece in pieces:
        yield from reader.feed(decoder.decode(piece))
    yield from reader.feed(decoder.decode(b"", final=True), ended=True)


class _StructuredReader:
    """What was not yet read of the output, and where in it we are."""

    def __init__(self, line: int) -> None:
        self._text = ""
        self._at = 0  # all of the text before is read
        self._line = line  # of the place up to which lines are counted:
        self._counted = 0
        self._begun = 0  # the line of the object at hand, where it was looked at before
        self._list: str | None = None  # the list that is open
        self._stray = 0  # characters that are nothing, since:
        self._stray_line = 0
        self._lost = False  # after an object that was too long: until the next firing
        self._texts = 0  # dumps that came as text
        self._held = ""  # what may be the beginning of a message
        self._later: list[str] = []  # pieces that were not looked at
        self._waiting = 0  # how many characters they have
        self._scanned = 0  # of the object at hand, up to where braces are counted:
        self._depth = 0
        self._quoted = False
        self._followed = 0  # up to where no other firing begins
        self._decode = json.JSONDecoder().raw_decode

    def feed(self, text: str, ended: bool = False) -> Iterator[Event | FiringRun]:
        """Read on; *ended*: nothing follows."""
        self._later.append(text)
        self._waiting += len(text)
        # Of a long object small pieces are gathered: each look at it takes a copy.
        if (
            not ended
            and len(self._text) - self._at > _LONG
            and self._waiting < len(self._text) // 4
        ):
            return
        self._number(self._at)
        gone = self._at
        kept = self._text[gone:]
        self._at = 0
        self._counted -= gone
        self._scanned, self._followed = self._scanned - gone, self._followed - gone
        # What stderr broke into goes on behind its messages: they are taken out, all at once.
        whole, messages = self._apart(kept, "".join(self._later), ended)
        self._text, self._later, self._waiting = whole, [], 0
        for at, message in messages:
            yield from self._read(at, False)
            yield from self._close_stray()
            yield read_message(self._number(at), _clean(message))
            self._line += 1
        yield from self._read(len(whole), ended)
        if ended:
            yield from self._close_stray()
            if self._texts > 1:
                yield Oddity("line", 0, f"{self._texts} dumps in all came as text")

    def _apart(self, kept: str, new: str, ended: bool) -> tuple[str, list[tuple[int, str]]]:
        """
        The text without the messages in what is new, and where these were.

        :param kept: text that was looked at before; what may begin a message is :attr:`_held`.
        """
        new = self._held + new
        self._held = ""
        texts, messages, size, at, look = [kept], [], len(kept), 0, 0
        while (start := new.find("dtrace: ", look)) >= 0:
            found = MESSAGE.match(new, start)
            begins = start == 0 and (not kept or kept[-1] == "\n")
            if found is None or (start == 0 and not begins and not is_known(found[0])):
                if (
                    not ended
                    and "\n" not in new[start : start + _HELD]
                    and len(new) - start < _HELD
                ):
                    break  # it may go on
                look = start + 1
                continue
            texts.append(new[at:start])
            size += start - at
            messages.append((size, found[0].rstrip("\n")))
            at = look = found.end()
        end = len(new)
        if not ended:
            end = start if start >= 0 else end - _begun(new, at)
        texts.append(new[at:end])
        self._held = new[end:]
        return "".join(texts), messages

    def _number(self, at: int) -> int:
        """The number of the line at *at*, which never goes back."""
        if at > self._counted:
            self._line += self._text.count("\n", self._counted, at)
            self._counted = at
        return self._line

    def _read(self, end: int, ended: bool) -> Iterator[Event | FiringRun]:
        """Read up to *end*, where the text ends or a message begins; *ended*: nothing follows."""
        text = self._text
        while True:
            found = _THING.search(text, self._at, end)
            if found is None:
                self._at = max(self._at, end)
                return
            self._at = found.start()
            if self._list is None:
                if not self._open_list(end, ended):
                    return
            elif text[self._at] == "]":
                self._list = None
                self._at += 1
            elif text[self._at] == "{" and not self._lost:
                # Before a message that broke into it is counted.
                self._begun = self._begun or self._number(self._at)
                if run := self._run(end):
                    yield from self._close_stray()
                    yield run
                    continue
                start = self._at
                complete, following = self._complete(end), self._following(end)
                if complete is None or following < complete:
                    if following == end and self._may_go_on(end, ended):
                        return
                    yield from self._damaged(following)
                    continue
                try:
                    found_object, size = self._decode(text[start:complete])
                except (ValueError, RecursionError):
                    yield from self._damaged(following)
                    continue
                self._at += size
                line, self._begun = self._begun, 0
                yield from self._close_stray()
                yield from self._object(found_object, line)
            elif not self._pass_over(end, ended):
                return

    def _complete(self, end: int) -> int | None:
        """Where the object at hand ends, if that is in front of *end*: each brace is seen once."""
        text = self._text
        if self._scanned <= self._at:
            self._scanned, self._depth, self._quoted = self._at, 0, False
        while self._scanned < end:
            if self._quoted:
                found = _QUOTED.match(text, self._scanned, end)
                assert found is not None
                self._scanned = found.end()
                if self._scanned < end and text[self._scanned] == '"':
                    self._scanned += 1
                    self._quoted = False
                elif self._scanned < end:
                    return None  # a backslash that may escape what comes next
                continue
            found = _BRACE.search(text, self._scanned, end)
            if found is None:
                self._scanned = end
                return None
            self._scanned = found.end()
            if found[0] == '"':
                self._quoted = True
            else:
                self._depth += 1 if found[0] == "{" else -1
                if self._depth == 0:
                    return self._scanned
        return None

    def _following(self, end: int) -> int:
        """Where the next firing begins, or *end*."""
        found = _FIRING.search(self._text, max(self._at + 1, self._followed), end)
        if found:
            self._followed = found.start()
            return found.start()
        self._followed = max(self._at + 1, end - _HELD)
        return end

    def _run(self, end: int) -> FiringRun | None:
        """Firings of one dump each, as most are."""
        text, until = self._text, self._at
        if self._list != "probes" or not _REGULAR.match(text, until, end):
            return None
        firings = []
        ends = []
        for found in _REGULAR.finditer(text, until, end):
            if found.start() != until:
                break
            until = found.end()
            ends.append(until)
            firings.append(found.groups())
        line, self._begun = self._begun, 0
        lines = [line] * len(firings)
        if self._line > line or text.find("\n", self._at, until) >= 0:
            lines[1:] = map(self._number, ends[:-1])
        places = [groups[1:-1] for groups in firings]
        sources = {place: _source(*place) for place in dict.fromkeys(places)}
        self._at = until
        return FiringRun(
            Opener.NOTHING,
            lines,
            [sources[place] for place in places],
            [bytes.fromhex(groups[-1]) for groups in firings],
            timestamps=[int(groups[0]) for groups in firings],
        )

    def _open_list(self, end: int, ended: bool) -> bool:
        """Go on behind the beginning of the next list, if it is there."""
        found = _LIST.search(self._text, self._at, end)
        if found:
            until, self._list = found.start(), found[1] or "probes"
        else:
            until = end if ended else max(self._at, end - _HELD)
        if odd := _AROUND.sub("", self._text[self._at : until]):
            expected = _AROUND.match(self._text, self._at, until)
            self._astray(expected.end() if expected else self._at, len(odd))
        self._at = found.end() if found else until
        return found is not None

    def _may_go_on(self, end: int, ended: bool) -> bool:
        """Whether the object that is cut off at *end* may go on with what comes next."""
        # Before a message it does: the message was taken out of the middle.
        return not ended and (end < len(self._text) or end - self._at <= _LONGEST)

    def _damaged(self, until: int) -> Iterator[Event]:
        """Give up an object that cannot be read, and all up to *until*."""
        yield from self._close_stray()
        what = "a firing is cut or damaged"
        if until - self._at > _LONGEST:
            what = f"a firing of more than {_LONGEST} characters is too long to keep"
            self._lost = True
        line, self._begun = self._begun, 0
        yield Oddity("line", line, what, unread=1)
        self._at = until

    def _pass_over(self, end: int, ended: bool) -> bool:
        """Pass over what is no object, up to where one may begin; whether that is here."""
        goal = _FIRING if self._lost else _NEXT
        found = goal.search(self._text, self._at + (not self._lost), end)
        rest = end if ended else max(self._at, end - _HELD)
        until = found.start() if found else rest
        if not self._lost:
            self._astray(self._at, until - self._at)
        self._lost = self._lost and found is None
        self._at = until
        return found is not None

    def _astray(self, at: int, count: int) -> None:
        """Characters that are nothing; a stretch of them is one oddity."""
        if not count:
            return
        self._stray_line = self._stray_line or self._number(at)
        self._stray += count

    def _close_stray(self) -> Iterator[Oddity]:
        if self._stray:
            what = counted(self._stray, "character is", "characters are")
            yield Oddity("line", self._stray_line, f"{what} no firing", 1)
            self._stray = self._stray_line = 0

    # Objects

    def _object(self, found: Any, line: int) -> Iterator[Event]:
        if self._list == "aggregations":
            yield Message(line, _shown(found))
            return
        output = found.get("output")
        cpu = _number(found, "cpu")
        fields = [_text(found.get(key)) for key in ("provider", "module", "function", "name")]
        if fields == ["dtrace", "INTERNAL", "INTERNAL", "DROP"]:
            yield _drop(found, line)
            return
        if not isinstance(output, list) or cpu is None or not any(fields):
            yield Oddity("line", line, "an object is no firing", unread=1)
            return
        # An SDT probe without a function has `none` in its place, here as in text.
        source = Source(cpu, _number(found, "id"), fields[2], fields[3], ":".join(fields))
        parts: list[Part] = []
        for entry in output:
            for part in self._entry(entry, line, parts):
                if isinstance(part, Oddity):
                    yield part
                else:
                    parts.append(part)
        yield Firing(line, source, tuple(parts), _number(found, "timestamp"))

    def _entry(self, entry: Any, line: int, before: list[Part]) -> Iterator[Part | Oddity]:
        """What one action printed."""
        if not isinstance(entry, dict):
            yield Message(line, _shown(entry))
            return
        dump = entry.get("tracemem", entry.get("printm"))
        if isinstance(dump, str):
            yield from self._dump(dump, line, before[-1] if before else None)
        elif isinstance(text := entry.get("message"), str):
            for each in _clean(text).rstrip("\n").split("\n"):
                annotation = read_annotation(line, each) if each.startswith(PREFIX) else None
                yield annotation or Message(line, each)
        elif isinstance(frames := entry.get("stack-frames"), list) and frames:
            symbols = [one.get("symbol") if isinstance(one, dict) else one for one in frames]
            yield Stack(line, tuple(_shown(symbol) for symbol in symbols))
        elif entry.keys() == {"value"}:
            if not _is_said(entry["value"], before):
                yield Message(line, _shown(entry["value"]))
        else:
            yield Message(line, _shown(entry))

    def _dump(self, text: str, line: int, before: Part | None) -> Iterator[Part | Oddity]:
        size = before.number("dump") if isinstance(before, Annotation) else None
        found = _HEX.fullmatch(text)
        if found and (size is None or size == len(found[1]) // 2):
            data = bytes.fromhex(found[1])
        else:
            data = text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "replace")
            if size is not None and size <= _LONGEST:
                data = data.ljust(size, b"\0")
            self._texts += 1
            if self._texts == 1:
                yield Oddity("line", line, "a dump came as text: what followed its NUL is lost")
        if data:
            yield Dump(line, data)


def _source(cpu: str, id: str, *described: str) -> Source:
    return Source(int(cpu), int(id), described[2], described[3], ":".join(described))


def _begun(text: str, at: int) -> int:
    """How many characters at the end of *text*, behind *at*, may begin a message."""
    word = "dtrace: "
    return next((n for n in range(min(7, len(text) - at), 0, -1) if text.endswith(word[:n])), 0)


def _is_escaped(text: str) -> bool:
    """Whether *text* can be turned into the bytes that it was."""
    return not any("\ud800" <= char < "\udc80" or "\udcff" < char <= "\udfff" for char in text)


def _is_said(value: Any, before: list[Part]) -> bool:
    """Whether *value* is an argument of the printf() before, in whose text it stands already."""
    last = before[-1] if before else None
    if isinstance(last, Annotation):
        text = " ".join(last.fields.values())
    elif isinstance(last, Message):
        text = last.text
    else:
        return False
    forms = [_shown(value)]
    if isinstance(value, int):
        unsigned = value & (1 << 64) - 1
        forms += [f"{unsigned:x}", f"{unsigned:o}", str(unsigned)]
    return any(form in text for form in forms)


def _drop(found: dict[str, Any], line: int) -> Drop:
    """A pseudo-probe that stands for drops; without a count, for one at least."""
    said = read_message(line, f"dtrace: {_shown(found.get('msg')).rstrip()}")
    if isinstance(said, Drop):
        return said
    count = _number(found, "count")
    return Drop(line, 1 if count is None else count, "", _number(found, "cpu"))


def _number(found: dict[str, Any], key: str) -> int | None:
    """A field that is a natural number of 64 bits, or None."""
    value = found.get(key)
    return value if type(value) is int and 0 <= value < 1 << 64 else None


def _text(value: Any) -> str:
    """A field that is a word, without the spaces and colons that no probe's has."""
    return re.sub(r"[\s:]", "_", _clean(value)) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """*text* with ``\\xNN`` for bytes that were no UTF-8, and no half characters."""
    return text.encode(
        "utf-8", "surrogateescape" if _is_escaped(text) else "backslashreplace"
    ).decode("utf-8", "backslashreplace")


def _shown(value: Any) -> str:
    """A value as text; what is no plain value stays JSON."""
    return _clean(value) if isinstance(value, str) else json.dumps(value)
