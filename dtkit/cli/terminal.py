# SPDX-License-Identifier: BSD-2-Clause
"""
What goes to a terminal, or may: every foreign word on its way there passes :mod:`dtkit.foreign`.
"""

from __future__ import annotations

import codecs
import io
import locale
import os
import sys

import click

from dtkit.foreign import visible

__all__ = ["drawn", "fitting", "say", "take_any_character", "tell"]

#: What bars are drawn with, and with what where the locale has no such characters.
_BLOCKS = str.maketrans("█▉▊▋▌▍▎▏", "########")

#: Of a terminal that does not say.
_COLUMNS = 80


def say(text: str) -> None:
    """Print a line on stderr, whoever its words are from; where a bar is, above it."""
    # Not err=True: click would write past the bar.
    click.echo(visible(text), file=sys.stderr)


def tell(text: str) -> None:
    """Say it on a terminal only: to someone who waits."""
    if sys.stderr.isatty():
        say(text)


def drawn(line: str) -> str:
    """*line* with its bars as this locale can show them."""
    return line if _is_utf8(locale.getencoding()) else line.translate(_BLOCKS)


def fitting(line: str) -> str:
    r"""*line* as far as a row of the terminal takes it: ``\r`` goes back in the last row only."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        columns = 0
    return line[: (columns or _COLUMNS) - 1]


def take_any_character() -> None:
    """Have characters that standard output and stderr cannot encode escaped there, not refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream.encoding):
            stream.reconfigure(errors="backslashreplace")


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"
