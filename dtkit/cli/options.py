# SPDX-License-Identifier: BSD-2-Clause
"""
The options that more than one command has: one name for one thing, in all of them.

A command takes one by calling it: ``@OUTPUT()``. What may differ from command to command is the
default, the choices, and what the help adds; name and meaning stand here alone. Letters are those
of tcpdump(1), and mean what they mean there; but for ``-o``, which tcpdump(1) does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dtkit.cli.completion.kinds import Completes
from dtkit.cli.inputs import READABLE
from dtkit.cli.releases import ReleaseType

if TYPE_CHECKING:
    from dtkit.mbuf.broken import Breakage

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: A count that D and the kernel can keep.
NUMBER = click.IntRange(1, (1 << 31) - 1)


class NumberRange(click.FloatRange):
    """A number in a range, which ``nan`` is not: it compares with nothing."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class SizeType(click.ParamType):  # type: ignore[type-arg]  # click before 8.4 has none
    """A number of bytes: ``64k``, ``16m``, ``1g``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch("([1-9][0-9]{0,9})([kmgt]?)", value.lower())
        if found is None:
            self.fail(f"{value!r} is no size such as 64k, 16m or 1g", param, ctx)
        return int(found[1]) << 10 * (" kmgt".index(found[2] or " "))


class SharedOption(click.Option):
    """
    An option that a command has from the table here.

    :ivar shared: its row in the table.
    """

    def __init__(self, *arguments: Any, shared: Shared, **attributes: Any) -> None:
        self.shared = shared
        super().__init__(*arguments, **attributes)

    def get_help_extra(self, ctx: click.Context) -> Any:
        """What help adds in brackets: the range only where it is one to know."""
        extra = super().get_help_extra(ctx)
        if extra.get("range", "").endswith(f"<={NUMBER.max}"):
            del extra["range"]
        return extra


class Shared:
    """
    A row of the table: an option, whichever command has it.

    :param names: as click.option() takes them.
    :param help: what it means.
    :param late: makes attributes for which other rooms are imported: when a command takes the
        option, and not before.
    :param attributes: what else click.option() takes.
    """

    def __init__(
        self,
        *names: str,
        help: str,
        late: Callable[[], dict[str, Any]] = dict,
        **attributes: Any,
    ) -> None:
        self.names, self.help, self._late, self._attributes = names, help, late, attributes

    def __call__(self, more: str = "", **changes: Any) -> Callable[[_Command], _Command]:
        """
        Give a command the option.

        :param more: a sentence that the help adds for this command.
        :param changes: of the default, the choices and the like.
        """
        attributes = {"help": self.help, **self._attributes, **self._late()}
        attributes["help"] += f" {more}" if more else ""
        attributes |= changes
        if attributes.get("required"):
            # To click from 8.3 on even None is a default, and what has one is not missed.
            attributes.pop("default", None)
        if isinstance(attributes.get("type"), click.IntRange):
            attributes.setdefault("metavar", "N")
        return click.option(*self.names, cls=SharedOption, shared=self, **attributes)


def parse_lengths(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> list[tuple[int, bool]] | None:
    """``20,0,1448p``: bytes of each mbuf, and whether they are in unmapped pages."""
    if value is None:
        return None
    items = [item.strip() for item in value.split(",")]
    if not all(re.fullmatch("[0-9]{1,7}p?", item) for item in items):
        raise click.BadParameter(f"{value!r} is not a list of lengths such as 20,0,40,1448p")
    return [(int(item.rstrip("p")), item.endswith("p")) for item in items]


def parse_breaks(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[Breakage, ...]:
    """``KIND``, ``KIND:MBUF``, ``KIND@PACKET``, ``KIND@PACKET:MBUF``."""
    from dtkit.mbuf.broken import KINDS, Breakage

    found = []
    for value in values:
        match = re.fullmatch("([a-z-]+)(?:@([0-9]{1,9}))?(?::([0-9]{1,6}))?", value)
        if match is None or match[1] not in KINDS:
            kinds = ", ".join(KINDS)
            raise click.BadParameter(
                f"{value!r} is not KIND[@PACKET][:MBUF]; KIND is one of {kinds}"
            )
        packet = None if match[2] is None else int(match[2])
        found.append(Breakage(match[1], int(match[3] or 0), packet))
    return tuple(found)


def _bytes() -> dict[str, Any]:
    from dtkit.generate.request import LONGEST

    return {"type": click.IntRange(0, LONGEST)}


def _elevations() -> dict[str, Any]:
    from dtkit.live.host import Elevation

    return {"type": click.Choice([str(one) for one in Elevation])}


def _kinds() -> dict[str, Any]:
    from dtkit.mbuf.broken import KINDS

    return {"help": f"{BREAK.help} KIND: {', '.join(KINDS)}."}


def _named_host(
    ctx: click.Context, param: click.Parameter, value: str | tuple[str, ...] | None
) -> str | tuple[str | None, ...] | None:
    if value is None or value == ():
        return value
    # Not at the top: few ask for it.
    from dtkit.cli.config import named_host

    if isinstance(value, str):
        return named_host(ctx, param, value)
    before, found, known = ctx.default_map, [], []
    for one in value:
        ctx.default_map = before
        found.append(named_host(ctx, param, one))
        known.append(ctx.default_map)
    if any(one != known[0] for one in known):
        raise click.UsageError(
            "several --host with other options each in the file: give the options here"
        )
    return tuple(found)


# What comes out, and where it goes.

TO = Shared("--to", "form", help="Form of output.", show_default=True)
OUTPUT = Shared(
    "-o", "output", metavar="FILE", default="-", help="Write to FILE; - is standard output."
)
WRITE = Shared(
    "-w", "write", metavar="FILE", help="Write packets to a pcapng FILE; - is standard output."
)
FILE_SIZE = Shared(
    "-C",
    "file_size",
    type=NUMBER,
    metavar="N",
    help="With -w: begin another file when one has N million bytes.",
)
FILE_SECONDS = Shared(
    "-G",
    "file_seconds",
    type=NUMBER,
    metavar="N",
    help="With -w: begin another file after N seconds; FILE is a format of strftime(3).",
)
FILE_COUNT = Shared(
    "-W",
    "file_count",
    type=NUMBER,
    metavar="N",
    help="With -C, write over the first of N files again; with -G alone, end after N files.",
)
TIMES = Shared(
    "-t",
    "times",
    count=True,
    help="Lines without a time; -tt: with seconds since 1970; -ttt: since the line before.",
)
VERBOSE = Shared("-v", "verbose", count=True, help="All of each packet: no short form.")
NUMERIC = Shared("-n", "numeric", count=True, help="No names for addresses; there never are any.")
STRICT = Shared("--strict", is_flag=True, help="Exit with 1 if anything in the input was odd.")
AGAINST = Shared(
    "--against",
    type=READABLE,
    metavar="OTHER",
    help="A capture to compare with, read alike.",
)
NO_ADVICE = Shared(
    "--no-advice", is_flag=True, help="Say why a packet ended, and not what to look at next."
)
BRIEF = Shared("--brief", is_flag=True, help="One line a packet, without its hops.")

FOLLOW = Shared("--follow", is_flag=True, help="Print hops as they come, not journeys as they end.")

LAST = Shared(
    "--last",
    type=NumberRange(0, 1 << 31, min_open=True),
    metavar="SECONDS",
    help="Only what was under way in the last SECONDS before the end.",
)

# Which packets, and how much of them.

FILTER = Shared(
    "--filter", "filter_", metavar="EXPR", help="Only packets that match, as in pcap-filter(7)."
)
INNER = Shared(
    "--inner",
    metavar="EXPR",
    help="Only packets within which a tunnel carries one that matches: IP in IP, GRE, VXLAN.",
)
IFACE = Shared("-i", "--iface", metavar="NAME", help="The interface that packets are at.")
LENGTH = Shared(
    "--length",
    late=_bytes,
    default=64,
    show_default=True,
    help="Bytes of each packet.",
)
OFFSET = Shared(
    "--offset",
    late=_bytes,
    default=0,
    show_default=True,
    help="Bytes to skip, such as headers that are of no interest.",
)
COPY = Shared("--copy", show_default=True, help="How bytes get out of an mbuf chain.")
META = Shared(
    "--meta",
    is_flag=True,
    help="Say what the kernel knows of a packet beside its bytes: flags, checksums, flow, tags.",
)
STACK = Shared("--stack", is_flag=True, help="Show the kernel's stack as well.")
COUNT = Shared("-c", "--count", type=NUMBER, metavar="N", help="End after so many packets.")
SECONDS = Shared("--seconds", type=NUMBER, metavar="N", help="End after so long.")
RATE = Shared("--rate", type=NUMBER, metavar="N", help="So many packets a second at most.")

CPUS = Shared("--cpus", type=click.IntRange(1, 4096), metavar="N", help="CPUs of the host.")

# Which kernel.

LISTING = Shared(
    "--listing",
    type=READABLE,
    metavar="FILE",
    help="Output of `dtrace -lv`, or - for stdin: that kernel's own probes and signatures.",
)
RELEASE = Shared("--release", type=ReleaseType(), help="The FreeBSD that it is about.")
STOCK = Shared(
    "--stock", is_flag=True, help="As a dtrace(1) without copyoutmbuf: every released one."
)
HOST = Shared(
    "--host",
    metavar="HOST",
    shell_complete=Completes("host"),
    is_eager=True,  # what is known of it is the default of others
    callback=_named_host,
    help="Run dtrace(1) there, by ssh(1): a name for that, or of ~/.config/dtkit/config.toml.",
)
AS = Shared(
    "--as",
    "elevation",
    late=_elevations,
    help="Become root by it, to run dtrace(1).",
)

# Packets of a file, and what mbufs they are in.

PACKETS = Shared(
    "--packets", type=READABLE, metavar="FILE", help="A pcap or pcapng file of packets; - is stdin."
)
PATH = Shared(
    "--path",
    metavar="NAME",
    shell_complete=Completes("path"),
    help="The path that packets take in the simulated kernel.",
)
SPLIT = Shared(
    "--split",
    "lengths",
    callback=parse_lengths,
    metavar="N,N,...",
    help="Bytes in each mbuf; one more has the rest.  [default: one mbuf]",
)
BREAK = Shared(
    "--break",
    "breakages",
    callback=parse_breaks,
    multiple=True,
    metavar="KIND[@PACKET][:MBUF]",
    shell_complete=Completes("breakage"),
    late=_kinds,
    help="Break an mbuf, counted from 0, of a packet, counted from 1; of each without PACKET.",
)

#: The letters that tcpdump(1) has and a command here may have, and what they are.
LETTERS = {
    "-C": FILE_SIZE,
    "-G": FILE_SECONDS,
    "-W": FILE_COUNT,
    "-c": COUNT,
    "-i": IFACE,
    "-n": NUMERIC,
    "-t": TIMES,
    "-v": VERBOSE,
    "-w": WRITE,
    "-o": OUTPUT,
}


def release_option(what: str, every: bool = False) -> Callable[[_Command], _Command]:
    """
    ``--release``, as the parameter ``release``.

    :param what: what of the release counts, for the help.
    :param every: whether without it every release is meant, and the parameter is None; otherwise
        the default release is.
    """
    from dtkit.freebsd import default_release

    default = "every one" if every else default_release().name
    return RELEASE(
        f"{what}  [default: {default}]", default=None if every else lambda: default_release()
    )


def option_names(ctx: click.Context) -> dict[str, str]:
    """The name of each option of a command, by its parameter."""
    return {
        one.name: max(one.opts, key=len)
        for one in ctx.command.params
        if isinstance(one, click.Option) and one.name
    }
