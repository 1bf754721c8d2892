# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path``: follow packets through a stock kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import click

from dtkit.cli.given import given, given_but, refuse
from dtkit.cli.inputs import READABLE, first_interrupt, open_input, open_output
from dtkit.cli.terminal import say, tell
from dtkit.foreign import visible
from dtkit.generate.estimate import DOF_MAXSIZE
from dtkit.generate.functions import (
    PRESETS,
    Function,
    PathError,
    choose,
    known_functions,
    listed_functions,
)
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.request import Copy
from dtkit.live.dtrace import DtraceError, NowhereError, listing, running
from dtkit.oddity import Oddity
from dtkit.probes import ListedProbe, catalog, read_listing
from dtkit.trace.journey.model import Hop, Step
from dtkit.trace.journey.path import read_path
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.scale import clock
from dtkit.trace.views.show import Overview, journey_text

_NUMBER = click.IntRange(1, (1 << 31) - 1)


@click.command(
    epilog="""\b
Examples:
  dtkit path 'tcp port 22 and host 10.0.0.1' > path.d
  dtrace -lv -n 'fbt:::entry' > listing.txt; dtkit path --from listing.txt icmp -o path.d
  dtrace -s path.d 2>&1 | dtkit trace show -
  dtkit path run --host root@router --preset forward udp port 53
  dtkit path run --follow --seconds 10 icmp
  dtkit path --estimate --from listing.txt
"""
)
@click.argument("words", metavar="[run] [FILTER]...", nargs=-1)
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="default",
    show_default=True,
    help="Which functions to look at.",
)
@click.option("--func", "wanted", metavar="GLOB", multiple=True, help="Look at these instead.")
@click.option("--not-func", "unwanted", metavar="GLOB", multiple=True, help="And not at these.")
@click.option(
    "--from",
    "listed",
    type=READABLE,
    metavar="LISTING",
    help="The kernel's functions, as `dtrace -lv -n 'fbt:::entry'` prints them; - is stdin.",
)
@click.option(
    "--host",
    metavar="HOST",
    help="Run it there, by ssh(1), and without --from ask that host for its functions.",
)
@click.option(
    "--length",
    "size",
    type=click.IntRange(0, 9216),
    default=64,
    show_default=True,
    help="Bytes of the packet that each hop shows.",
)
@click.option(
    "--copy",
    type=click.Choice(["first", "copyoutmbuf"]),
    default="first",
    show_default=True,
    help="Bytes of the first mbuf; or of the whole chain, where the kernel has copyoutmbuf.",
)
@click.option("--returns", is_flag=True, help="Show returns of all functions, with their values.")
@click.option("--stack", is_flag=True, help="Record the whole stack where packets are freed.")
@click.option(
    "--rate", type=_NUMBER, default=100, show_default=True, help="Packets to begin with a second."
)
@click.option(
    "--hops", type=_NUMBER, default=10_000, show_default=True, help="Hops to show a second."
)
@click.option("--count", type=_NUMBER, help="Follow so many packets, then end.")
@click.option(
    "--seconds",
    type=click.IntRange(0, (1 << 31) - 1),
    default=60,
    show_default=True,
    help="End after so long; 0 is at ^C.",
)
@click.option("--estimate", is_flag=True, help="Say what would be enabled, and do nothing.")
@click.option("--follow", is_flag=True, help="With run, and with --read: print hops as they come.")
@click.option(
    "--read", "output_file", type=READABLE, metavar="FILE", help="Read a script's output."
)
@click.option("-o", "output", metavar="FILE", default="-", help="Write to FILE; - is stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    preset: str,
    wanted: tuple[str, ...],
    unwanted: tuple[str, ...],
    listed: str | None,
    host: str | None,
    size: int,
    copy: str,
    returns: bool,
    stack: bool,
    rate: int,
    hops: int,
    count: int | None,
    seconds: int,
    estimate: bool,
    follow: bool,
    output_file: str | None,
    output: str,
) -> int:
    """Print a D script that follows packets through the kernel, or run it.

    A packet is chosen where it first passes FILTER, in the language of pcap-filter(7), and then
    followed by the address of its mbuf: through address translation, into copies, across jails, to
    where it is freed. No kernel patch is needed. The output is for `dtkit trace`; with `run` its
    journeys are printed as they end.
    """
    if output_file is not None:
        if words:
            raise click.UsageError("--read takes no filter: use `dtkit trace show --filter`")
        refuse(
            given_but(ctx, "output_file", "follow", "output"), "--read takes only --follow and -o"
        )
        with open_input(output_file) as stream, open_output(output) as sink:
            return 1 if _print(ctx, stream, sink, follow) else 0
    run = words[:1] == ("run",)
    filter_ = " ".join(words[1:] if run else words).strip()
    if host is not None and listed is not None and not run:
        raise click.UsageError("the functions come from --host or --from, not from both")
    if follow and not run:
        raise click.UsageError("--follow is for `dtkit path run` and for --read FILE")
    if wanted:
        refuse(given(ctx, "preset"), "--func looks at other functions instead; give one of them")
    if not size:
        refuse(given(ctx, "copy"), "--length 0 copies nothing")
    if estimate:
        refuse(given(ctx, "output", "follow"), "--estimate only prints a line")
    request = PathRequest(
        filter_, size, Copy(copy), returns, stack, rate, hops, count, seconds or None
    )
    try:
        functions = choose(_functions(ctx, listed, host, run), preset, wanted, unwanted)
        text, expected = path_script(functions, request, ["dtkit", "path", *_command_line(ctx)])
    except (PathError, NowhereError) as error:
        raise click.UsageError(str(error)) from error
    except DtraceError as error:
        raise _Failed(str(error), ctx) from error
    if estimate:
        click.echo(str(expected))
        return 0
    if expected.size.dof > DOF_MAXSIZE:
        click.echo(f"{ctx.command_path}: {expected.warning}", err=True)
    with open_output(output) as sink:
        if not run:
            sink.write(text.encode())
            return 0
        tell(f"{ctx.command_path}: {host or 'dtrace'}: enabling {expected.probes} probes")
        started = partial(
            tell, f"{ctx.command_path}: {host or 'dtrace'}: following packets, to the end with ^C"
        )
        try:
            with running(text, host) as child, first_interrupt(child.stop):
                return 1 if _print(ctx, child.output, sink, follow, started) else 0
        except DtraceError as error:
            raise _Failed(str(error), ctx) from error


def _functions(
    ctx: click.Context, listed: str | None, host: str | None, run: bool
) -> list[Function]:
    """The functions to choose from, by what the command line says."""
    if listed is None and host is None and not run:
        say(
            f"{ctx.command_path}: only the functions that dtkit knows; --from LISTING has all of a "
            "kernel's"
        )
        return known_functions(catalog())
    found: list[ListedProbe] = []
    odd: list[Oddity] = []
    if listed is None:
        asking = f"{host or 'dtrace'}: listing its functions"
        tell(f"{ctx.command_path}: {asking}; --from a file saves that")
    with _listing(listed, host) as stream:
        for item in read_listing(stream):
            if isinstance(item, Oddity):
                odd.append(item)
            elif item.mbufs:
                found.append(item)
    for item in odd[:3]:
        say(f"{ctx.command_path}: {listed or host or 'dtrace'}: {item}")
    if len(odd) > 3:
        more = len(odd) - 3
        say(f"{ctx.command_path}: {more} more lines of the listing are odd")
    functions = listed_functions(found)
    if not functions:
        raise PathError(
            "no function in the listing is given a struct mbuf; make it with "
            "`dtrace -lv -n 'fbt:::entry'` as root on FreeBSD"
        )
    return functions


@contextmanager
def _listing(listed: str | None, host: str | None) -> Iterator[BinaryIO]:
    if listed is not None:
        with open_input(listed) as stream:
            yield stream
    else:
        with listing(host) as stream:
            yield stream


class _Failed(click.ClickException):
    """What was asked for is right, and could not be done."""

    def __init__(self, message: str, ctx: click.Context) -> None:
        super().__init__(message)
        self.ctx = ctx


def _print(
    ctx: click.Context,
    stream: BinaryIO,
    sink: BinaryIO,
    follow: bool,
    started: Callable[[], None] | None = None,
) -> int:
    """Print journeys as they end, or each step as it comes; how many oddities there were."""
    odd = read = 0

    def seen(number: int, step: Step) -> None:
        sink.write(f"{_followed(number, step)}\n".encode())
        sink.flush()

    overview = Overview()
    for item in read_path(stream, seen if follow else None, started):
        if isinstance(item, Oddity):
            odd += 1
            say(f"{ctx.command_path}: {item}")
            continue
        read += 1
        overview.add(item)
        if not follow:
            sink.write(f"{journey_text(item)}\n\n".encode())
        elif item.outcome or item.notes:
            said = "; ".join(visible(text) for text in (item.outcome, *item.notes) if text)
            sink.write(f"#{item.number}  => {said}\n".encode())
        sink.flush()
    if overview.known:
        sink.write(f"{overview}\n".encode())
    journeys = "1 journey" if read == 1 else f"{read} journeys"
    say(f"{journeys}, {'1 oddity' if odd == 1 else f'{odd} oddities'}")
    return 0 if read else odd


def _followed(number: int, step: Step) -> str:
    """A step of a journey that is not over, on a line."""
    if isinstance(step, Snapshot):
        return f"#{number}    = {visible(step.summary)}"
    assert isinstance(step, Hop)
    known = [clock(step.time), visible(f"{step.place.direction or ' '}{step.label}")]
    known += [f"cpu {step.cpu}"] if step.cpu is not None else []
    known += [visible(one) for one in (step.process, step.interface) if one]
    known += [f"vnet {visible(step.vnet)}"] if step.vnet else []
    return f"#{number}  {'  '.join(known)}"


def _command_line(ctx: click.Context) -> list[str]:
    """The words of the command as they can be given again."""
    found = []
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in ("words", "output", "estimate", "follow", "output_file"):
            continue
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = ctx.params[name]
        for one in value if isinstance(value, tuple) else [value]:
            found += [parameter.opts[0]] if one is True else [parameter.opts[0], str(one)]
    return [*found, *ctx.params["words"]]
