# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit doctor``: what a host has of what dtkit needs."""

from __future__ import annotations

import json

import click

from dtkit.cli.failure import Failure
from dtkit.cli.help import Command
from dtkit.cli.options import AS, HOST, TO
from dtkit.cli.table import print_table
from dtkit.cli.terminal import tell
from dtkit.live.doctor import Health, diagnose
from dtkit.live.host import DtraceError, Elevation, Host, NowhereError


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit doctor --as sudo
  dtkit doctor --host root@router
  dtkit doctor --to json | jq 'select(.state != "ok") | .mend'
""",
)
@HOST("It is that host that is asked.")
@AS()
@TO(type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def command(ctx: click.Context, host: str | None, elevation: str | None, form: str) -> int:
    """Say what a host has of what dtkit needs, and what mends what it lacks.

    Looks for dtrace(1), and whether it is permitted to run; for functions with mbufs, the probes
    of pf, ipfw and mib, copyoutmbuf, mbuf_trace; and here for libpcap and tshark. Exit status 1 if
    packets could not be shown. It enables no probe but BEGIN.
    """
    there = Host(host, Elevation(elevation) if elevation else None)
    tell(f"{ctx.command_path}: asking {there}")
    try:
        found = list(diagnose(there))
    except NowhereError as error:
        raise click.UsageError(str(error)) from error
    except DtraceError as error:
        raise Failure(str(error), ctx) from error
    if form == "json":
        for one in found:
            click.echo(json.dumps(one.to_dict()))
    else:
        head = ["STATE", "WHAT", "FOUND", "WHAT MENDS IT"]
        print_table(head, [[str(one.state), one.name, one.found, one.mend] for one in found])
    return 1 if any(one.state is Health.FAILED for one in found) else 0
