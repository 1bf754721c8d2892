# SPDX-License-Identifier: BSD-2-Clause
"""
Kernel text: bytes that should be text, and are shown without being obeyed.

Strings of a capture are kept losslessly (``surrogateescape``), so that encoding gives the same
bytes back. For people there is :func:`visible`, for other programs :func:`plain`.
"""

from __future__ import annotations

__all__ = ["decoded", "encoded", "plain", "visible"]


def decoded(data: bytes) -> str:
    """*data* as text; bytes that are no UTF-8 become lone surrogates, as in file names."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes that :func:`decoded` made *text* from."""
    return text.encode("utf-8", "surrogateescape")


def plain(text: str) -> str:
    r"""*text* as valid Unicode, for JSON and files: a byte that is no UTF-8 becomes ``\xff``."""
    if text.isascii():
        return text
    return encoded(text).decode("utf-8", "backslashreplace")


def visible(text: str) -> str:
    r"""*text* for a terminal or a page: what does not print (controls, bidi marks) is escaped."""
    text = plain(text)
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
