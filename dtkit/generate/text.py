# SPDX-License-Identifier: BSD-2-Clause
"""
Text on its way into a D program: what becomes of what a user typed.

dtrace(1) runs as root, so nothing that was typed gets into a program as it is: it becomes a
literal, a comment that cannot end early, or an expression that was parsed (:class:`D`).
"""

from __future__ import annotations

import re

#: What stays as it is: csh(1) would take an exclamation mark for history, even in quotes.
_PRINTABLE = re.compile(r"[ #-$&-\[\]-~]*")


class D(str):
    """Text that is D, made or checked here: a literal, an expression, a statement."""

    __slots__ = ()


def string(text: str) -> D:
    r"""
    A string literal of D whose value is *text*, in UTF-8.

    >>> print(string('5" of "\\\\"'))
    "5\042 of \042\134\042"

    :raises ValueError: *text* has a NUL, which ends a string in D, or is longer than strings are.
    """
    data = text.encode("utf-8", "surrogateescape")
    if 0 in data:
        raise ValueError(f"{text!r} has a NUL in it")
    if len(data) > 255:
        raise ValueError(f"a string of {len(data)} bytes is longer than D's strings, 255")
    return D('"' + "".join(map(_character, data)) + '"')


def _character(byte: int) -> str:
    # Three octal digits always, so that no digit that follows becomes part of the escape.
    return chr(byte) if _PRINTABLE.fullmatch(chr(byte)) else f"\\{byte:03o}"


def comment(text: str) -> D:
    r"""
    *text* for a comment: on one line, printable, and unable to end or open one.

    >>> print(comment("a */ b\n" + chr(0xFC)))
    a *\057 b\012\303\274
    """
    safe = text.replace("*/", "*\\057").replace("/*", "\\057*")
    data = safe.encode("utf-8", "surrogateescape")
    return D("".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in data))


def primary(expression: str) -> D:
    """
    *expression* as a primary expression of D, to put ``->`` or a predicate's slash next to it.

    ``/*args[0]`` would open a comment, and dtrace(1) then takes the program for empty.
    """
    return D(expression if expression.startswith("args[") else f"({expression})")
