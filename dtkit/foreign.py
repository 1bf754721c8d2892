# SPDX-License-Identifier: BSD-2-Clause
"""
Words of others: of kernels, packets, scripts and hosts, shown without being obeyed.

Bytes that should be text are kept losslessly (``surrogateescape``), so that encoding gives the
same bytes back. For people there is :func:`visible`, through which every such word goes on its way
to a terminal; for other programs :func:`plain`.
"""

from __future__ import annotations

import re

__all__ = ["decoded", "encoded", "plain", "shown", "visible"]


def decoded(data: bytes) -> str:
    """*data* as text; bytes that are no UTF-8 become lone surrogates, as in file names."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes that :func:`decoded` made *text* from."""
    return text.encode("utf-8", "surrogateescape")


def plain(text: str) -> str:
    r"""*text* as valid Unicode, for JSON and files: a byte that is no UTF-8 becomes ``\xff``."""
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def visible(text: str) -> str:
    r"""
    *text* as one line that a terminal or a page only shows.

    What does not print is escaped: control characters of both sets (``\x1b``, ``\x9b``), line
    separators, and the marks that turn the direction of writing (``\u202e``).
    """
    if text.isprintable():
        return text
    text = plain(text)
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def shown(text: str) -> str:
    """*text* of several lines for a terminal: each as :func:`visible` has it, tabs kept."""
    return _LAYOUT.sub(lambda found: visible(found[0]), text)


def _escaped(surrogate: re.Match[str]) -> str:
    code = ord(surrogate[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code < 0xDD00 else f"\\u{code:04x}"


#: A byte that was no UTF-8; or half of a pair, as JSON can have it.
_SURROGATE = re.compile("[\ud800-\udfff]")

#: What lies between the two characters that only lay text out.
_LAYOUT = re.compile("[^\n\t]+")
