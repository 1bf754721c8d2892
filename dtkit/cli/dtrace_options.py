# SPDX-License-Identifier: BSD-2-Clause
"""The options of dtrace(1) that commands of ours take too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from dtkit.cli.completion.kinds import Completes
from dtkit.cli.help import Command
from dtkit.cli.inputs import READABLE, open_input, shown_name
from dtkit.cli.options import STOCK, Shared, release_option
from dtkit.dlang import WITH_COPYOUTMBUF, OptionError, Options, TypesError, target_kernel
from dtkit.dlang.compiler.compile import library
from dtkit.dlang.syntax.preprocess import FirstLine, PreprocessError, preprocess
from dtkit.dlang.target import TargetKernel
from dtkit.foreign import shown
from dtkit.freebsd import Release

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

#: What stands here for a letter of dtrace(1): short options are tcpdump(1)'s in dtkit.
_LETTERS = {
    "-n": "--program",
    "-x": "--set",
    "-w": "--destructive",
    "-Z": "--zdefs",
    "-C": "--cpp",
    "-q": "--quiet",
    "-F": "--flowindent",
    "-b": "--bufsize",
    "-s": "FILE.d",
}


class ProgramCommand(Command):
    """A command on a D program, which says what the letters of dtrace(1) are called here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Parse the command line.

        :raises click.NoSuchOption: there is no such option; the message has the name of what
            dtrace(1) calls so.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            here = _LETTERS.get(error.option_name)
            names = {name for option in self.params for name in option.opts}
            if here is None or not (here in names or here == "FILE.d"):
                raise
            message = f"{error.option_name} of dtrace(1) is {here} here"
            raise click.UsageError(message, ctx) from None


PROGRAM = Shared("--program", metavar="D", help="The program itself, as dtrace -n has it.")
SET = Shared(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME[=VALUE]",
    shell_complete=Completes("setting"),
    help="An option of dtrace(1), as its -x has it.",
)
DESTRUCTIVE = Shared("--destructive", is_flag=True, help="Allow destructive actions: dtrace -w.")
TYPES = Shared(
    "--types",
    "types_files",
    multiple=True,
    type=READABLE,
    help="A file of D declarations: types, inlines, translators that dtkit does not know.",
)
CPP = Shared(
    "--cpp",
    is_flag=True,
    help="Let cpp(1) read the program first: dtrace -C. A #! line with -C asks for it, too.",
)
ZDEFS = Shared("--zdefs", is_flag=True, help="Allow probes that do not exist: dtrace -Z.")


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The program, ``--set``, and on which dtrace(1) it is to run."""
    options: list[Decorator] = [
        PROGRAM(),
        SET(),
        DESTRUCTIVE(),
        ZDEFS(),
        release_option("Its probes and types count."),
        STOCK(),
        TYPES(),
        CPP(),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def dtrace_options(
    settings: Sequence[str],
    *,
    stock: bool = False,
    first: FirstLine | None = None,
    **more: str | bool | None,
) -> Options:
    """
    The options that were asked for.

    :param first: what the script says itself; the command line has the last word.
    :param settings: each ``NAME`` or ``NAME=VALUE``.
    :param more: options with letters of their own; None and False are not set.
    """
    options = Options() if stock else WITH_COPYOUTMBUF
    for name, value in first.settings if first is not None else ():
        try:
            options = options.set(name, value)
        except OptionError as error:
            setting = name if value is None else f"{name}={value}"
            raise click.ClickException(f"the script's #! line: {setting}: {error}") from None
    pairs: list[tuple[str, str | None]] = [
        (name, None if value is True else str(value))
        for name, value in more.items()
        if value not in (None, False)
    ]
    for asked in settings:
        name, equals, text = asked.partition("=")
        pairs.append((name, text if equals else None))
    for name, value in pairs:
        try:
            options = options.set(name, value)
        except OptionError as error:
            setting = name if value is None else f"{name}={value}"
            raise click.BadParameter(f"{setting}: {error}", param_hint="--set") from None
    return options


#: Bytes of the longest script that is read; what dtkit makes of a whole kernel has a tenth of it.
_LONGEST = 16 << 20


def read_program(name: str) -> str:
    """
    The text of a script, whatever bytes are in it.

    :raises click.UsageError: it does not end where a script would have ended.
    """
    with open_input(name) as stream:
        text = stream.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise click.UsageError(f"{shown_name(name)}: more than {_LONGEST >> 20} MiB are no D")
    return text.decode("utf-8", "surrogateescape")


def preprocessed(text: str, first: FirstLine, cpp: bool) -> str:
    """The program as D: what cpp(1) makes of it, where that is asked for."""
    if not cpp and not first.cpp:
        return text
    try:
        return preprocess(text, first.cpp_options)
    except PreprocessError as error:
        raise click.ClickException(shown(str(error))) from None


def kernel_of(release: Release, types_files: Sequence[str]) -> TargetKernel:
    """The kernel that programs are for, with the declarations of these files."""
    types = [(read_program(file), shown_name(file)) for file in types_files]
    kernel = target_kernel(release, types)
    try:
        library(kernel)
    except TypesError as error:
        raise click.UsageError(f"--types: {error}") from None
    return kernel
