# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit dataset add``: what hosts saw, added to a dataset."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from dtkit.cli.extras import needs
from dtkit.cli.failure import Failure
from dtkit.cli.help import Command
from dtkit.cli.hosts import HOST_FILE
from dtkit.cli.inputs import open_input
from dtkit.cli.terminal import say
from dtkit.fleet.dataset import Added, Dataset, DatasetError, spooled
from dtkit.fleet.spread import add_all, scheduler_address
from dtkit.foreign import visible


def _scheduler(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else scheduler_address(value)
    except ValueError as error:
        raise click.BadParameter(visible(str(error)), ctx, param) from error


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit dataset add fleet alpha=a.txt bravo=b.txt
  ssh alpha cat path.txt | dtkit dataset add fleet alpha=-
  dtkit dataset add fleet --jobs 4 day/*.txt
  dtkit dataset add /nfs/fleet --scheduler tcp://10.0.0.1:8786 /nfs/day/*.txt
""",
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.argument("files", metavar="[HOST=]FILE...", type=HOST_FILE, nargs=-1, required=True)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Files at once, each in a process of its own.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    callback=_scheduler,
    help="Of a Dask cluster that sees the same files: tcp://10.0.0.1:8786.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    folder: str,
    files: tuple[tuple[str, str], ...],
    jobs: int,
    scheduler: str | None,
) -> int:
    """Add what hosts saw: journeys, hops, snapshots and packets, by host and day.

    FILE is a capture of mbuf_trace, the output of a dtkit path script, or any output of dtrace(1)
    with packets in it; without a HOST its name is the host. What was added before is not added
    again, and what was broken off in the middle is done anew.
    """
    needs("dtkit dataset", "pyarrow", "fleet")
    if jobs > 1 or scheduler is not None:
        needs("more than one process", "distributed", "fleet")
    if jobs > 1 and scheduler is not None:
        raise click.UsageError("--jobs is for workers here: a cluster has its own")
    failed = 0
    try:
        dataset = Dataset(Path(folder), create=True)
        with ExitStack() as stack:
            captures = [(host, _file(file, stack)) for host, file in files]
            known = {(one.host, one.capture) for one in dataset.captures()}
            for host, file, done in add_all(dataset, captures, jobs, scheduler):
                name = f"{visible(host)}: " + ("" if str(file) == host else f"{file.name}: ")
                if isinstance(done, Added):
                    say(
                        f"{name}{done}"
                        + (": already there" if (done.host, done.capture) in known else "")
                    )
                else:
                    failed += 1
                    say(f"{name}{visible(str(done))}")
    except DatasetError as error:
        raise Failure(visible(str(error)), ctx) from error
    return 1 if failed else 0


def _file(name: str, stack: ExitStack) -> Path:
    """A file that can be read twice."""
    if name != "-":
        return Path(name)
    stream = stack.enter_context(open_input(name))
    return stack.enter_context(spooled(stream))
