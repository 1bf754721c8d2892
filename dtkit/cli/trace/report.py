# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace report``: one HTML page."""

from __future__ import annotations

import io
import os
from pathlib import Path

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_whole
from dtkit.cli.options import OUTPUT
from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.trace.views.links import Links, check_template
from dtkit.trace.views.report import write_report


def _template(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else check_template(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace report capture.pcap -o report.html
  dtkit trace report --source-root /usr/src capture.pcap -o report.html
  dtkit trace report --editor 'vscode://file/{path}:{line}' capture.pcap -o report.html
  dtkit trace report --source-url 'https://cgit.freebsd.org/src/tree/sys/{path}#n{line}' \\
      capture.pcap -o report.html
""",
)
@source_argument
@OUTPUT(required=True)
@click.option(
    "--source-url",
    metavar="URL",
    callback=_template,
    help="Link each file:line to a source browser; {path} is the file below sys, {line} the line.",
)
@click.option(
    "--editor",
    metavar="URL",
    callback=_template,
    help="Link each file:line to an editor; {path} is the file in --source-root, else as captured.",
)
@click.option(
    "--source-root",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A kernel source tree: put the lines around each place into the page.",
)
@click.option("--title", help="Of the page; without it, the capture's name.")
def command(
    source: JourneySource,
    output: str,
    source_url: str | None,
    editor: str | None,
    source_root: Path | None,
    title: str | None,
) -> None:
    """Write one HTML page to search, look at and click through.

    The page is self-contained and works from a file, without a network: a list of packets, the
    journey of the chosen one with what changed where, its snapshots decoded, and the graph of
    all ways. ? in the page shows its keys.
    """
    links = Links(source_url, editor, source_root)
    with open_whole(output) as stream:
        text = io.TextIOWrapper(stream, "utf-8", write_through=True)
        write_report(source, text, title or os.path.basename(source.name), links)
        text.detach()
