# SPDX-License-Identifier: BSD-2-Clause
"""Tables: aligned and coloured on a terminal, tab-separated lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from dtkit.foreign import visible


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """
    Print *rows* under *head*.

    On a terminal columns are aligned; where it is narrow, the widest wrap. Elsewhere each row
    is one line, its cells separated by a tab, for cut(1) and awk(1); *head* is left out there.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(map(visible, row)))
        return
    # Not at the top: rich is needed on a terminal only, and takes longer to import than the rest.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, title in enumerate(head):
        table.add_column(title, no_wrap=not index, overflow="fold")
    for row in rows:
        # A Text, not a str: square brackets in a cell are not markup.
        table.add_row(*[Text(visible(cell)) for cell in row])
    Console().print(table)
