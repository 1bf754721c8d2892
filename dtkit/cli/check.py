# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit check``: what is wrong with a D program, without dtrace(1)."""

from __future__ import annotations

import json

import click

from dtkit.cli.dtrace_options import (
    ProgramCommand,
    dtrace_options,
    kernel_of,
    preprocessed,
    program_options,
    read_program,
)
from dtkit.cli.inputs import READABLE, shown_name
from dtkit.cli.options import TO
from dtkit.dlang import Severity, check, lint
from dtkit.dlang.syntax.preprocess import first_line
from dtkit.foreign import shown
from dtkit.freebsd import Release


@click.command(
    cls=ProgramCommand,
    epilog="""\b
Examples:
  dtkit check tcp.d udp.d
  dtkit check --program 'fbt::tcp_input:entry { tracemem((*args[0])->m_data, 64); }'
  dtkit check --lint --stock --to json tcp.d
""",
)
@click.argument("files", metavar="[FILE.d]...", nargs=-1, type=READABLE)
@program_options
@click.option(
    "--lint",
    "linted",
    is_flag=True,
    help="Warn of what dtrace(1) takes and a good program has not, too.",
)
@TO(type=click.Choice(["text", "json"]), default="text")
def command(
    files: tuple[str, ...],
    program: str | None,
    settings: tuple[str, ...],
    destructive: bool,
    zdefs: bool,
    release: Release,
    stock: bool,
    types_files: tuple[str, ...],
    cpp: bool,
    linted: bool,
    form: str,
) -> int:
    """Say what is wrong with a D program, in dtrace(1)'s words, and where.

    Types, members, arguments, probes and versions are checked as dtrace(1) does before it enables
    anything; no dtrace(1) and no root is needed. Exit status 1 if any finding is an error.
    """
    if bool(files) == (program is not None):
        raise click.UsageError("give either files or --program")
    kernel = kernel_of(release, types_files)
    programs: list[tuple[str, str | None]] = [(read_program(f), shown_name(f)) for f in files]
    if program is not None:
        programs.append((program, None))
    errors = False
    for given, file in programs:
        first = first_line(given)
        options = dtrace_options(
            settings, stock=stock, first=first, destructive=destructive, zdefs=zdefs
        )
        text = preprocessed(given, first, cpp)
        found = check(
            text, file=file, options=options, arguments=(file or "dtrace",), kernel=kernel
        )
        if linted:
            more = lint(
                text,
                file=file,
                arguments=(file or "dtrace",),
                defaults=options.defaultargs,
                kernel=kernel,
            )
            found = sorted([*found, *more], key=lambda one: (one.line or 0, one.column or 0))
        for finding in found:
            errors = errors or finding.severity is Severity.ERROR
            click.echo(json.dumps(finding.to_dict()) if form == "json" else shown(str(finding)))
    return 1 if errors else 0
