# SPDX-License-Identifier: BSD-2-Clause
"""The options of all subcommands of ``dtkit path``: which packets, at which functions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import click

from dtkit.cli.asking import EXEC, PID, VNET, refusal
from dtkit.cli.completion.kinds import Completes
from dtkit.cli.failure import Failure
from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import open_input
from dtkit.cli.options import (
    AS,
    COPY,
    COUNT,
    CPUS,
    HOST,
    IFACE,
    INNER,
    LENGTH,
    LISTING,
    META,
    NUMBER,
    RATE,
    SECONDS,
    STACK,
    Shared,
    SizeType,
)
from dtkit.cli.running import connection
from dtkit.cli.terminal import say, tell
from dtkit.counted import counted
from dtkit.freebsd import UnknownReleaseError, default_release
from dtkit.generate.conditions import ConditionError
from dtkit.generate.estimate import Estimate
from dtkit.generate.functions import (
    PRESETS,
    PathError,
    choose,
)
from dtkit.generate.holding import Resources, ending, tellable
from dtkit.generate.kernel import KernelFunctions, any_kernel, listed_kernel, released_kernel
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.place import DIRECTIONS, PlaceRequest
from dtkit.generate.request import Copy
from dtkit.generate.sockets import OlderSocket
from dtkit.live.host import DtraceError, Elevation, Host, NowhereError
from dtkit.live.kernel import host_release
from dtkit.live.listings import kept_listing
from dtkit.live.resources import resources_of
from dtkit.live.sockets import open_sockets
from dtkit.probes.recognise import listed_release

PRESET = Shared(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="default",
    show_default=True,
    help="Which functions to look at.",
)
FUNC = Shared(
    "--func",
    "wanted",
    metavar="GLOB",
    multiple=True,
    shell_complete=Completes("function"),
    help="Look at these instead.",
)
NOT_FUNC = Shared(
    "--not-func",
    "unwanted",
    metavar="GLOB",
    multiple=True,
    shell_complete=Completes("function"),
    help="And not at these.",
)
RETURNS = Shared("--returns", is_flag=True, help="Show returns of all functions, with values.")
HOPS = Shared(
    "--hops",
    type=NUMBER,
    default=10_000,
    show_default=True,
    help="Hops in a second, after which no other packet is begun with.",
)
JAIL = Shared(
    "--jail", metavar="JAIL", default="", help="Packets in the network stack of that jail."
)
DIRECTION = Shared(
    "--direction",
    type=click.Choice(list(DIRECTIONS)),
    help="Packets that come in, or that leave: where they do.",
)


def _tellable() -> dict[str, Any]:
    names = "; ".join(reason.name for reason in tellable())
    return {"help": f"{ONLY.help} GLOB is matched against: {names}."}


ONLY = Shared(
    "--only",
    metavar="END",
    shell_complete=Completes("end"),
    help="Show packets only that end so: dropped, slower:5ms, reason:GLOB. Until then their hops "
    "are held back.",
    late=_tellable,
)
NO_HOPS = Shared(
    "--no-hops",
    is_flag=True,
    help="With --only dropped: no hops, but a record where a packet is dropped. For what cannot "
    "be held back.",
)
BEFORE_DROP = Shared(
    "--before-drop",
    "ring",
    type=SizeType(),
    help="Flight recorder: keep the newest lines in a ring of SIZE on each CPU, and end at the "
    "first packet that ends as --only says: dropped, without it.",
)
MEMORY = Shared("--memory", type=SizeType(), help="Memory of the host, for --only.")
REFRESH = Shared(
    "--refresh", is_flag=True, help="List a host's functions anew: its listing is kept."
)
SOCKETS = Shared(
    "--sockets",
    is_flag=True,
    help="Tell whose sockets a packet is of: user, jail and process.",
)
COUNT_FIRINGS = Shared(
    "--count-firings", is_flag=True, help="Count how often each probe fires, at its cost."
)


@dataclass(frozen=True, slots=True)
class PathAsked:
    """
    What a command line asks for.

    :ivar text: the script.
    :ivar estimate: what it would enable.
    :ivar host: where it is to run, if anywhere.
    :ivar ring: whether it prints all at its end.
    """

    text: str
    estimate: Estimate
    host: Host
    ring: bool = False


def path_options(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the argument FILTER and the options; it is called with ``asked``."""

    @click.argument("words", metavar="[FILTER]...", nargs=-1)
    @PRESET()
    @FUNC()
    @NOT_FUNC()
    @LISTING()
    @HOST("Without --listing it is asked for its functions. run takes several.", multiple=True)
    @AS()
    @REFRESH()
    @LENGTH("Of these each hop shows so many.", type=click.IntRange(0, 9216))
    @COPY(
        "first: the first mbuf. copyoutmbuf: the whole chain, where the kernel has that "
        "subroutine.",
        type=click.Choice(["first", "copyoutmbuf"]),
        default="first",
    )
    @IFACE("Where a packet is chosen.", default="")
    @VNET()
    @JAIL()
    @EXEC()
    @PID()
    @DIRECTION()
    @RETURNS()
    @INNER("Followed from where it is seen so.", default="")
    @META()
    @SOCKETS()
    @STACK("It is that of each hop; that of a free is recorded in any case.")
    @RATE("So many are begun with.", default=100, show_default=True)
    @HOPS()
    @ONLY()
    @NO_HOPS()
    @BEFORE_DROP()
    @CPUS("With --only they say how much is held back.")
    @MEMORY()
    @COUNT_FIRINGS()
    @COUNT()
    @SECONDS("0 is at ^C.", type=click.IntRange(0, (1 << 31) - 1), default=60, show_default=True)
    @click.pass_context
    @functools.wraps(function)
    def wrapper(ctx: click.Context, /, host: tuple[str, ...], **options: Any) -> int | None:
        if len(host) > 1 and ctx.info_name != "run":
            raise click.UsageError("several --host are for run: a script is for one")
        rest = {name: options.pop(name) for name in options.keys() - of_host}
        asked = [
            ask(ctx, host=one, simulate=bool(rest.get("simulate")), **options)
            for one in host or (None,)
        ]
        if len(asked) > 1:
            rest["hosts"] = asked
        return function(asked[0], **rest)

    def ask(
        ctx: click.Context,
        /,
        words: tuple[str, ...],
        preset: str,
        wanted: tuple[str, ...],
        unwanted: tuple[str, ...],
        listing: str | None,
        host: str | None,
        elevation: str | None,
        refresh: bool,
        length: int,
        copy: str,
        iface: str,
        vnet: str,
        jail: str,
        execname: str,
        pid: int | None,
        direction: str | None,
        returns: bool,
        inner: str,
        meta: bool,
        sockets: bool,
        stack: bool,
        rate: int,
        hops: int,
        only: str | None,
        no_hops: bool,
        ring: int | None,
        cpus: int | None,
        memory: int | None,
        count_firings: bool,
        count: int | None,
        seconds: int,
        simulate: bool,
    ) -> PathAsked:
        running = ctx.info_name == "run" and not simulate
        if host is not None and listing is not None and not running:
            raise click.UsageError("the functions come from --host or --listing, not from both")
        if wanted:
            refuse(given(ctx, "preset"), "--func looks at other functions; give one of them")
        if not length:
            refuse(given(ctx, "copy"), "--length 0 copies nothing")
        if refresh and (listing is not None or (host is None and not running)):
            refuse(given(ctx, "refresh"), "is for --host, and for run, without --listing")
        if ring is not None:
            only = only or "dropped"
            refuse(given(ctx, "no_hops"), "--before-drop is about hops")
            refuse(given(ctx, "count"), "--before-drop ends with the first")
            refuse(given(ctx, "rate", "hops"), "is not for --before-drop: the ring is the bound")
        if only is not None:
            refuse(given(ctx, "rate", "hops"), "is not for --only: how much is held is the bound")
        if no_hops and only != "dropped":
            raise click.UsageError("--no-hops is for --only dropped")
        if no_hops:
            hopless = given(ctx, "returns", "stack", "meta", "sockets")
            refuse(hopless, "is said with hops: not with --no-hops")
        if only is None or no_hops or ring is not None:
            refuse(given(ctx, "cpus", "memory"), "is for --only, where hops are held back")
        there = Host(host, Elevation(elevation) if elevation else None)
        if elevation and not running and (host is None or listing is not None):
            refuse(given(ctx, "elevation"), "is for --host, and for run")
        filter_ = " ".join(words).strip()
        if running and (own := connection(ctx, there)):
            filter_ = own.excluded(filter_)
        if vnet and jail:
            raise click.UsageError("--vnet and --jail both say whose network stack; give one")
        request = PathRequest(
            filter_,
            length,
            Copy(copy),
            returns,
            stack,
            rate,
            hops,
            count,
            seconds or None,
            count_firings,
            meta,
            inner,
            PlaceRequest(iface, vnet, jail, execname, pid, direction or ""),
            sockets=sockets,
            brief=no_hops,
            ring=ring or 0,
        )
        try:
            if only is not None:
                request = replace(request, only=ending(only))
            if only is not None and not no_hops and ring is None:
                asked = (running or host is not None) and not (cpus and memory)
                machine = (resources_of(there) if asked else None) or Resources()
                machine = Resources(cpus or machine.cpus, memory or machine.memory)
                request = replace(request, machine=machine)
            if simulate and listing is None:
                kernel = released_kernel(default_release())
            else:
                kernel = _kernel(ctx, listing, there, running, refresh)
            functions = choose(kernel.functions, preset, wanted, unwanted)
            if sockets and running:
                request = replace(request, older=_older(ctx, there))
            text, expected = path_script(functions, request, _command_line(ctx), kernel.tellers)
        except ConditionError as error:
            raise refusal(ctx, error) from error
        except (PathError, NowhereError) as error:
            raise click.UsageError(str(error)) from error
        except DtraceError as error:
            raise Failure(str(error), ctx) from error
        if expected.warning:
            fewer = "--preset, --func and --not-func make it fewer"
            say(f"{ctx.command_path}: {expected.warning}; {fewer}")
        return PathAsked(text, expected, there, ring is not None)

    of_host = inspect.signature(ask).parameters.keys() - {"simulate"}
    return wrapper


def _older(ctx: click.Context, host: Host) -> tuple[OlderSocket, ...]:
    """The sockets that are open on *host* already."""
    try:
        return open_sockets(host)
    except DtraceError as error:
        say(
            f"{ctx.command_path}: processes of sockets that are open already are not known: {error}"
        )
        return ()


def _kernel(
    ctx: click.Context, listed: str | None, host: Host, running: bool, refresh: bool
) -> KernelFunctions:
    """What there is to look at, by what the command line says."""
    if listed is None and host.name is None and not running:
        say(
            f"{ctx.command_path}: only the functions that dtkit knows, and no rules of firewalls; "
            "--listing FILE has all of a kernel's"
        )
        return any_kernel()
    where = listed or str(host)
    if listed is None:
        tell(f"{ctx.command_path}: {host}: listing its functions; --listing FILE saves that")
    with kept_listing(host, refresh) if listed is None else open_input(listed) as stream:
        kernel = listed_kernel(stream)
    for item in kernel.odd[:3]:
        say(f"{ctx.command_path}: {where}: {item}")
    if len(kernel.odd) > 3:
        one, many = "more line of the listing is", "more lines of the listing are"
        say(f"{ctx.command_path}: {counted(len(kernel.odd) - 3, one, many)} odd")
    if kernel.functions and not kernel.typed:
        say(
            f"{ctx.command_path}: {where}: no argument has a type: the kernel is without CTF, or "
            "`dtrace -l` was without -v; only the functions that dtkit knows are followed"
        )
        return kernel
    try:
        release = listed_release(kernel.typed) if listed is not None else host_release(host)
    except UnknownReleaseError as error:
        say(f"{ctx.command_path}: {error}; its own functions are followed all the same")
    else:
        if release is not None:
            say(f"{ctx.command_path}: {where}: FreeBSD {release}")
    return kernel


#: What does not change the script.
_ASIDE = (
    *("words", "output", "follow", "form", "elevation", "refresh", "serve", "port"),
    *("simulate", "packets", "path"),
)


def _command_line(ctx: click.Context) -> list[str]:
    """The words of the command that prints this script."""
    found = ["dtkit", "path"]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in _ASIDE:
            continue
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = ctx.params[name]
        option = max(parameter.opts, key=len)
        for one in value if isinstance(value, tuple) else [value]:
            found += [option] if one is True else [option, str(one)]
    return [*found, *ctx.params["words"]]
