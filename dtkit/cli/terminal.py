# SPDX-License-Identifier: BSD-2-Clause
"""
What goes to a terminal, or may: every foreign word on its way there passes :mod:`dtkit.foreign`.
"""

from __future__ import annotations

import sys

import click

from dtkit.foreign import visible

__all__ = ["say", "tell"]


def say(text: str) -> None:
    """Print a line on stderr, whoever its words are from; where a bar is, above it."""
    # Not err=True: click would write past the bar.
    click.echo(visible(text), file=sys.stderr)


def tell(text: str) -> None:
    """Say it on a terminal only: to someone who waits."""
    if sys.stderr.isatty():
        say(text)
