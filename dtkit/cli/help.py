# SPDX-License-Identifier: BSD-2-Clause
"""
How ``--help`` looks: examples first, then options in groups; on a narrow terminal one below the
other.
"""

from __future__ import annotations

from collections.abc import Iterable

import click

__all__ = ["GROUPS", "Command", "HelpContext", "write_examples"]

#: The options by what they are about, in the order in which help shows them. What stands nowhere
#: here is shown at the end.
GROUPS: dict[str, tuple[str, ...]] = {
    "The program": (
        *("--program", "--set", "--destructive", "--zdefs", "--types", "--cpp", "--stock"),
        *("--quiet", "--flowindent", "--bufsize", "--libxo", "--lint"),
    ),
    "Which functions": ("--preset", "--func", "--not-func", "--point"),
    "Which packets": (
        *("--filter", "--inner", "--linktype", "--iface", "--direction", "--vnet", "--jail"),
        *(
            "--exec",
            "--pid",
            "--where",
            "--argument",
            "--only",
            "--last",
            "--probe",
            "--cpu",
            "--link",
        ),
    ),
    "How many": (
        *("--count", "--seconds", "--rate", "--hops", "--sample", "--before-drop", "--memory"),
    ),
    "What of each": (
        *("--length", "--offset", "--max", "--copy", "--depth", "--meta", "--stack"),
        *("--returns", "--sockets", "--no-hops"),
    ),
    "Which kernel": ("--host", "--as", "--listing", "--refresh", "--release", "--ilp32"),
    "The simulated kernel": (
        *("--simulate", "--packets", "--path", "--paths", "--chain", "--split", "--break"),
        *("--cpus", "--drop-rate", "--seed", "--scratch", "--unprivileged"),
        *("--strict-alignment", "--no-direct-map"),
    ),
    "What is shown": (
        *("--to", "--all", "-t", "-v", "-n", "--follow", "--brief", "--as-captured", "--no-advice"),
        *("--slower", "--against", "--top", "--cost", "--journeys-only", "--annotate"),
        *("--count-firings", "--strict"),
    ),
    "The page": ("--title", "--source-url", "--source-root", "--editor", "--serve", "--port"),
    "What others may see": ("--no-payload", "--anonymise", "--key"),
    "Where it goes": ("-o", "-w", "-C", "-G", "-W", "--dwatch"),
    "For Wireshark": (
        *("--extcap-interfaces", "--extcap-version", "--extcap-interface", "--extcap-dlts"),
        *("--extcap-config", "--extcap-capture-filter", "--capture", "--fifo"),
    ),
}

_GROUP_OF = {name: title for title, names in GROUPS.items() for name in names}

#: So many options are one list.
_FEW = 8

#: Where a line is shorter, what an option means stands below it, and not beside it.
_NARROW = 60


class _Formatter(click.HelpFormatter):
    """Text as wide as the terminal, up to 80 columns, however narrow it is."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        if width is None:
            import shutil

            width = max(min(shutil.get_terminal_size().columns, max_width or 80) - 2, 20)
        super().__init__(indent_increment, width, max_width)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        super().write_dl(list(rows), 2 if self.width < _NARROW else col_max, col_spacing)


class HelpContext(click.Context):
    formatter_class = _Formatter


def write_examples(epilog: str | None, formatter: click.HelpFormatter) -> None:
    """Write an epilog: the examples that it begins with, as they are, and what follows."""
    first, _, rest = (epilog or "").partition("\n\n")
    title, newline, lines = first.removeprefix("\b\n").partition("\n")
    if not newline:
        first, rest, lines = "", epilog or "", ""
    if lines:
        with formatter.section(title.rstrip(":")):
            for line in lines.strip("\n").split("\n"):
                formatter.write(f"{line}\n")
    if rest:
        formatter.write_paragraph()
        formatter.write_text(rest)


class Command(click.Command):
    """A command whose help shows examples, and then its options by :data:`GROUPS`."""

    context_class = HelpContext

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        write_examples(self.epilog, formatter)
        self.format_options(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {title: [] for title in GROUPS}
        rest: list[tuple[str, str]] = []
        params = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        grouped = len(params) > _FEW
        for param in params:
            row = param.get_help_record(ctx)
            if row is not None:
                title = next((_GROUP_OF[name] for name in param.opts if name in _GROUP_OF), "")
                (rows[title] if title and grouped else rest).append(row)
        if grouped:
            for title, found in rows.items():
                if found:
                    with formatter.section(title):
                        formatter.write_dl(found)
        with formatter.section("Other options" if grouped else "Options"):
            formatter.write_dl(rest)
