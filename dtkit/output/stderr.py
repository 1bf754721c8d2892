# SPDX-License-Identifier: BSD-2-Clause
"""
What dtrace(1) itself says, on stderr: faults, drops, and everything else as notices.

Where both streams are one, such a message can begin in the middle of a line of stdout, whose rest
then follows on the next line. So a message is looked for anywhere in a line, but only in a form
that dtrace(1) is known to print.
"""

from __future__ import annotations

import re

from dtkit.output.events import Drop, Fault, Notice

#: Words of an error message to the fault flag they stand for.
FLAGS = {
    "invalid address": "BADADDR",
    "invalid alignment": "BADALIGN",
    "illegal operation": "ILLOP",
    "divide-by-zero": "DIVZERO",
    "out of scratch space": "NOSCRATCH",
    "invalid kernel access": "KPRIV",
    "invalid user access": "UPRIV",
    "tuple stack overflow": "TUPOFLOW",
    "bad stack": "BADSTACK",
    "library-level fault": "LIBRARY",
    "unknown fault": "UNKNOWN",
}

#: Numbers of 64 bits and no more: what has more digits is no message of dtrace(1)'s.
_NUMBER = "[0-9]{1,20}"

_FAULT = re.compile(
    rf"dtrace: (?:\[\w+\] )?error on enabled probe ID ({_NUMBER}) \(ID ({_NUMBER}): ([^)\s]*)\): "
    rf"([a-z][a-z -]*?)(?: \((0x[0-9a-f]{{1,16}})\))? in (?:action #({_NUMBER})|predicate)"
    rf"(?: at DIF offset ({_NUMBER}))?"
)
#: What can be dropped; the first, nothing, is trace records.
_KINDS = "|aggregation |dynamic variable |speculative "
_DROP = re.compile(
    rf"dtrace: (?:\[\w+\] )?({_NUMBER}) (?:({_KINDS})drops?|(failed speculation)s?"
    r"|(jstack\(\)/ustack\(\) string table overflow)s?|(error)s? in ERROR probe enabling)"
    r"(?: with non-empty (?:rinsing|dirty) list| \(available buffer\(s\) still busy\)"
    rf"| \(no speculative buffer available\))?(?: on CPU ({_NUMBER}))?"
)
_FORMS = (
    rf"(?:{_FAULT.pattern}|{_DROP.pattern}"
    r"|dtrace: (?:description|script) '(?:(?!dtrace: ).)*' matched [0-9]+ probes?"
    r"|dtrace: (?:buffer|aggregation|dynamic variable) size lowered to \w+"
    r"|dtrace: pid [0-9]+ (?:has exited|terminated by \w+))"
)
#: Messages that may stand in the middle of a line of stdout.
_KNOWN = re.compile(f"{_FORMS}$")
#: Those in the middle of what has no lines; also any other on a line of its own.
MESSAGE = re.compile(rf"{_FORMS}\n|^dtrace: .*\n", re.MULTILINE)


#: What a message begins with that may be wrapped.
_LONG = re.compile(r"dtrace: (?:error on enabled probe ID |(?:description|script) '|[0-9]+ ).*")


def is_known(text: str) -> bool:
    """Whether *text* is a message whose form is known to its last word."""
    return _KNOWN.match(text) is not None


def may_go_on(text: str) -> bool:
    """Whether *text* is the beginning of such a message only: where it was wrapped, it goes on."""
    return _LONG.match(text) is not None and not is_known(text)


def find_message(line: str, continued: bool) -> int:
    """
    Where a message of dtrace(1)'s begins in *line*, or -1.

    :param continued: whether *line* is the rest of one that a message broke into: then what it
        begins with is text, unless it is a message known word for word.
    """
    if line.startswith("dtrace: ") and not continued:
        return 0
    # From the last mention: what stands in front of it is the broken line.
    start = line.rfind("dtrace: ")
    return start if _KNOWN.match(line, start) else -1


def read_message(line: int, text: str) -> Fault | Drop | Notice:
    """Read the message *text*, which starts with ``dtrace: `` and was met on *line*."""
    if found := _FAULT.fullmatch(text):
        epid, id, probe, words, illval, action, offset = found.groups()
        return Fault(
            line,
            epid=int(epid),
            id=int(id),
            probe=probe,
            flag=FLAGS.get(words, words),
            illval=None if illval is None else int(illval, 16),
            action=None if action is None else int(action),
            offset=None if offset is None else int(offset),
        )
    if found := _DROP.fullmatch(text):
        count, *kinds, cpu = found.groups()
        kind = next((kind for kind in kinds if kind), "").rstrip()
        return Drop(line, int(count), kind, None if cpu is None else int(cpu))
    return Notice(line, text.removeprefix("dtrace: "))
