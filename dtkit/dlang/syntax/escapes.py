# SPDX-License-Identifier: BSD-2-Clause
"""Escape sequences of D strings: those of C but for the quote and the question mark."""

from __future__ import annotations

import re

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]*)|([0-7]{1,3})|(.))", re.DOTALL)

_NAMES = {
    0x00: "\\0",
    0x07: "\\a",
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0B: "\\v",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}


def unescape(text: str) -> str:
    """
    Resolve the escapes of a string constant.

    >>> unescape(r"a\\n\\x41")
    'a\\nA'
    """
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        hexadecimal, octal, simple = match.groups()
        if hexadecimal is not None:
            return _byte(int(hexadecimal or "0", 16) & 0xFF)
        if octal:
            return _byte(int(octal, 8) & 0xFF)
        return _SIMPLE.get(simple, "\\" + simple)

    return _ESCAPE.sub(character, text)


def _byte(value: int) -> str:
    # A byte that is no character travels as a surrogate, and is that byte again when encoded.
    return chr(value) if value < 0x80 else chr(0xDC00 + value)


def escape(data: bytes) -> str:
    """How ``%S``, ``%C`` and dtrace(1)'s messages write *data*."""
    return "".join(
        _NAMES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}") for byte in data
    )
