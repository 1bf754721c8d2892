# SPDX-License-Identifier: BSD-2-Clause
"""Tables: aligned and coloured on a terminal, tab-separated lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from dtkit.foreign import visible

#: So many characters of a column are enough to read it by, where it wraps.
_WORDS = 14


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """
    Print *rows* under *head*.

    On a terminal columns are aligned; where it is narrow, the widest wrap, and where that leaves
    no room for words, each row is a list. Elsewhere each row is one line, its cells separated by a
    tab, for cut(1) and awk(1); *head* is left out there.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(map(visible, row)))
        return
    # Not at the top: rich is needed on a terminal only, and takes longer to import than the rest.
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console()
    columns = list(zip(head, *rows, strict=True))
    needed = [max(map(len, columns[0])), *(min(_WORDS, max(map(len, c))) for c in columns[1:])]
    if sum(needed) + 2 * (len(needed) - 1) > console.width:
        for row in rows:
            console.print(Text(visible(row[0]), "bold"))
            listed = Table(box=None, pad_edge=False, padding=(0, 2), show_header=False)
            listed.add_column(no_wrap=True)
            listed.add_column(overflow="fold")
            for title, cell in zip(head[1:], row[1:], strict=True):
                if cell:
                    listed.add_row(title, Text(visible(cell)))
            console.print(Padding(listed, (0, 0, 0, 2)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, title in enumerate(head):
        table.add_column(title, no_wrap=not index, overflow="fold")
    for row in rows:
        # A Text, not a str: square brackets in a cell are not markup.
        table.add_row(*[Text(visible(cell)) for cell in row])
    console.print(table)
