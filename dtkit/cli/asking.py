# SPDX-License-Identifier: BSD-2-Clause
"""The options of commands that generate D: which bytes of which packets, at which probes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from dtkit.cli.given import given, given_but, refuse
from dtkit.cli.inputs import open_input
from dtkit.cli.options import (
    COPY,
    COUNT,
    FILTER,
    IFACE,
    INNER,
    LENGTH,
    LISTING,
    META,
    OFFSET,
    RATE,
    SECONDS,
    STACK,
    Shared,
    option_names,
    release_option,
)
from dtkit.cli.terminal import say
from dtkit.counted import counted
from dtkit.freebsd import Release, UnknownReleaseError
from dtkit.generate.conditions import ConditionError
from dtkit.generate.ready import narrowed, ready
from dtkit.generate.request import DEEPEST, LONGEST, REACH, SEGMENTS, Conditions, Copy, Request
from dtkit.oddity import Oddity
from dtkit.packets.linktype import LinkType
from dtkit.probes import (
    Catalog,
    ListedProbe,
    Probe,
    UnknownProbeError,
    catalog,
    extend,
    read_listing,
)
from dtkit.probes.recognise import listed_release

_LINKTYPES = [LinkType.ETHERNET, LinkType.RAW, LinkType.IPV4, LinkType.IPV6]


def _fraction(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """``1/N``, or just ``N``."""
    if value is None:
        return None
    number = value.removeprefix("1/")
    if not number.isascii() or not number.isdecimal() or not 1 <= int(number[:12]) < 1 << 31:
        raise click.BadParameter(f"{value!r} is not 1/N, such as 1/100", ctx, parameter)
    return int(number)


MAX = Shared(
    "--max",
    "most",
    type=click.IntRange(1, LONGEST),
    default=2048,
    show_default=True,
    help="With --length 0, the most to show. Every record takes this much buffer.",
)
DEPTH = Shared(
    "--depth",
    type=click.IntRange(1, DEEPEST),
    help="Mbufs of a chain that segments and filters reach into.  "
    f"[default: {SEGMENTS}; filters: {REACH}]",
)
ARGUMENT = Shared(
    "--argument",
    type=click.IntRange(0, 9),
    metavar="N",
    help="Which argument is the mbuf, where a function takes several.",
)
LINKTYPE = Shared(
    "--linktype",
    type=click.Choice([one.name.lower() for one in _LINKTYPES]),
    help="What packets start with, for --filter at probes where that is not known.",
)
VNET = Shared(
    "--vnet",
    metavar="VNET",
    default="",
    help="Packets of that network stack: `host`, or an address of `dtkit script vnets`.",
)
EXEC = Shared(
    "--exec",
    "execname",
    metavar="NAME",
    default="",
    help="While that program is on the CPU. Input mostly runs in threads of the kernel.",
)
PID = Shared("--pid", type=click.IntRange(0, (1 << 31) - 1), help="While that process is.")
WHERE = Shared("--where", metavar="D", default="", help="A condition in D; this->m is it.")
SAMPLE = Shared("--sample", callback=_fraction, metavar="1/N", help="Show one of N, at random.")


def listing_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--listing`` and ``--release``: the kernel that it is for."""
    return LISTING()(release_option("Signatures differ between releases.", every=True)(command))


def request_options(default: Copy) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """All options of a :class:`Request` but whether it is annotated."""
    options = [
        LENGTH("0 for all of it, up to --max."),
        OFFSET(),
        MAX(),
        COPY(
            "first: the first mbuf, on every FreeBSD. segments: mbuf by mbuf, to be joined by "
            "`dtkit parse`. copyoutmbuf: the whole chain, where the kernel has that subroutine.",
            type=click.Choice([str(copy) for copy in Copy]),
            default=str(default),
        ),
        DEPTH(),
        ARGUMENT(),
        FILTER(default=""),
        INNER(default=""),
        LINKTYPE(),
        IFACE(default=""),
        VNET(),
        EXEC(),
        PID(),
        WHERE(),
        STACK(),
        META(),
        COUNT(),
        SECONDS(),
        RATE(),
        SAMPLE(),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def make_request(ctx: click.Context, annotate: bool, options: dict[str, Any]) -> Request:
    """
    The request that the options of :func:`request_options` ask for.

    :raises click.UsageError: one of them would be of no effect beside the others.
    """
    linktype = options["linktype"]
    if options["length"]:
        refuse(given(ctx, "most"), "is for --length 0; give --length N alone, or --length 0 too")
    if options["copy"] != Copy.SEGMENTS and not options["filter_"]:
        refuse(given(ctx, "depth"), "is for --copy segments and for --filter")
    if not options["filter_"]:
        refuse(given(ctx, "linktype"), "is for --filter, and there is none")
    if not annotate:
        refuse(given(ctx, "meta"), "is for --annotate: the line that it writes says it")
    conditions = Conditions(
        filter=options["filter_"],
        linktype=LinkType[linktype.upper()] if linktype else None,
        interface=options["iface"],
        vnet=options["vnet"],
        execname=options["execname"],
        pid=options["pid"],
        where=options["where"],
        count=options["count"],
        seconds=options["seconds"],
        rate=options["rate"],
        sample=options["sample"],
        inner=options["inner"],
    )
    return Request(
        options["length"],
        options["offset"],
        options["most"],
        Copy(options["copy"]),
        annotate,
        options["depth"],
        options["stack"],
        conditions,
        options["meta"],
    )


def known_probes(ctx: click.Context, listing: str | None, release: Release | None) -> Catalog:
    """The catalog as a release has it, and corrected and extended by a listing."""
    known = catalog(release)
    if listing is None:
        return known
    probes, odd, listed = [], 0, 0
    with open_input(listing) as stream:
        items = list(read_listing(stream))
        if release is not None:
            _same_release(listing, items, release)
        for item in extend(known, items):
            if not isinstance(item, Oddity):
                probes.append(item)
                listed += bool(item.arguments)
                continue
            odd += 1
            if odd <= 3:
                say(f"{ctx.command_path}: {listing}: {item}")
    if odd > 3:
        more = counted(odd - 3, "more line is", "more lines are")
        say(f"{ctx.command_path}: {listing}: {more} odd")
    if not listed:
        raise click.UsageError(
            f"{listing}: no function there takes a struct mbuf; make a listing with "
            "`dtrace -lv -n 'fbt:kernel::entry'` on FreeBSD"
        )
    return Catalog(probes)


def _same_release(listing: str, items: Sequence[ListedProbe | Oddity], release: Release) -> None:
    """A release that is not that of the listing is an error."""
    try:
        found = listed_release(item for item in items if isinstance(item, ListedProbe))
    except UnknownReleaseError as error:
        raise click.UsageError(f"{listing}: {error}; leave --release out") from error
    # Of one that is not released yet the tables are those of the newest that is.
    if found is not None and found.probe_table != release.probe_table:
        raise click.UsageError(f"{listing} is of FreeBSD {found}, and --release says {release}")


def find_probes(known: Catalog, patterns: Sequence[str], argument: int | None) -> list[Probe]:
    """The probes that patterns name, each once, in that order."""
    try:
        found = {str(p): p for pattern in patterns for p in known.match(pattern)}
    except UnknownProbeError as error:
        raise click.UsageError(str(error)) from error
    if argument is None:
        return list(found.values())
    try:
        return [probe.using(argument) for probe in found.values()]
    except ValueError as error:
        raise click.UsageError(str(error)) from error


#: What ready-made scripts take of the options: parameters, and fields of :class:`Conditions`.
_NARROWING = {
    "filter_": "filter",
    "iface": "interface",
    "vnet": "vnet",
    "count": "count",
    "seconds": "seconds",
    "rate": "rate",
}


def ready_made_text(
    ctx: click.Context,
    name: str,
    release: Release | None,
    options: dict[str, Any],
    others: Sequence[str],
) -> str:
    """
    A ready-made script, as the command line asks for it.

    :param others: parameters that have nothing to do with what the script is.
    :raises click.UsageError: it does not take one of the options.
    """
    names = option_names(ctx)
    if not next(one for one in ready() if one.name == name).narrows:
        why = f"{name} is ready-made and takes --release alone"
        refuse(given_but(ctx, *others, "release"), why)
    refuse(
        given_but(ctx, *others, *_NARROWING, "release"),
        f"{name} is ready-made and takes {', '.join(names[one] for one in _NARROWING)} and "
        "--release; name probes to make another",
    )
    conditions = Conditions(**{field: options[one] for one, field in _NARROWING.items()})
    words = ["dtkit", "script", name]
    for one in _NARROWING:
        if options[one] not in ("", None):
            words += [names[one], str(options[one])]
    try:
        text, notes = narrowed(name, conditions, release, words if conditions.any else ())
    except ValueError as error:
        raise refusal(ctx, error) from error
    for note in notes:
        say(f"{ctx.command_path}: {note}")
    return text


def refusal(ctx: click.Context, error: ValueError) -> click.UsageError:
    """The usage error that says of an option what *error* says of a field."""
    if isinstance(error, ConditionError) and error.field:
        name = option_names(ctx).get(_FIELDS.get(error.field, error.field), error.field)
        return click.UsageError(f"{name} {error.text}")
    return click.UsageError(str(error))


#: Fields of :class:`Conditions` whose parameter is called otherwise.
_FIELDS = {"filter": "filter_", "interface": "iface"}
