# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit script``: a whole D script that shows packets."""

from __future__ import annotations

import re
from typing import Any

import click

from dtkit.cli.asking import (
    find_probes,
    known_probes,
    listing_option,
    make_request,
    ready_made_text,
    refusal,
    request_options,
)
from dtkit.cli.completion.kinds import Completes
from dtkit.cli.given import given_but, refuse
from dtkit.cli.help import Command
from dtkit.cli.inputs import open_output
from dtkit.cli.options import OUTPUT
from dtkit.cli.table import print_table
from dtkit.cli.terminal import say
from dtkit.freebsd import Release
from dtkit.generate.ready import ready
from dtkit.generate.request import Copy
from dtkit.generate.script import script

_PROFILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit script --list
  dtkit script packets-at-input > packets-at-input.d
  dtkit script drops --iface em0 --filter 'udp port 53' --seconds 60 -o drops.d
  dtkit script tcp_input --filter 'port 22 and tcp[tcpflags] & tcp-syn != 0' -o syn.d
  dtkit script 'ip*_input' --iface em0 --length 0 --rate 100 -o in.d
  dtkit script ip_input --dwatch in -o ~/dwatch/in
""",
)
@click.argument(
    "names", metavar="[NAME|PROBE]...", nargs=-1, shell_complete=Completes("script", "probe")
)
@click.option("--list", "listed", is_flag=True, help="List the ready-made scripts.")
@request_options(Copy.SEGMENTS)
@listing_option
@click.option("--dwatch", metavar="PROFILE", default="", help="Write a dwatch(1) profile instead.")
@OUTPUT()
@click.pass_context
def command(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    listed: bool,
    listing: str | None,
    release: Release | None,
    argument: int | None,
    dwatch: str,
    output: str,
    **options: Any,
) -> None:
    """Print a D script that shows packets at PROBE, or the ready-made script NAME.

    A script says what it is for and how to run it; its output is for `dtkit parse`. At the end it
    tells how often each probe fired and how many packets it accepted. PROBE is any probe that
    `dtkit probes` lists, by function, description or glob.
    """
    if listed:
        refuse([*names, *given_but(ctx, "names", "listed")], "--list stands alone")
        print_table(["NAME", "SHOWS"], [[one.name, one.title] for one in ready()])
        return
    if not names:
        raise click.UsageError("name a probe (`dtkit probes`) or a script (`dtkit script --list`)")
    if dwatch and not _PROFILE.fullmatch(dwatch):
        raise click.UsageError(f"--dwatch {dwatch!r} is no name of a profile")
    if len(names) == 1 and names[0] in {one.name for one in ready()}:
        text = ready_made_text(ctx, names[0], release, options, ("names", "output"))
    else:
        found = find_probes(known_probes(ctx, listing, release), names, argument)
        words = ["dtkit", "script", *_command_line(ctx)]
        try:
            text, notes = script(found, make_request(ctx, True, options), words, profile=dwatch)
        except ValueError as error:
            raise refusal(ctx, error) from error
        for note in notes:
            say(f"{ctx.command_path}: {note}")
    with open_output(output) as stream:
        stream.write(text.encode())


def _command_line(ctx: click.Context) -> list[str]:
    """The words of the command as they can be given again, where it goes aside."""
    words = list(ctx.params["names"])
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in ("names", "output") or not isinstance(parameter, click.Option):
            continue
        value = ctx.params.get(name)
        if value is None or value == parameter.default or value is False:
            continue
        option = max(parameter.opts, key=len)
        words += [option] if value is True else [option, str(value)]
    return words
