# SPDX-License-Identifier: BSD-2-Clause
"""
The ``dtkit`` command: one module per subcommand, imported when it is asked for.

A command module is named in :data:`COMMANDS` and holds a click command called ``command``;
it turns arguments into calls and results into text, and nothing else.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

import click

from dtkit.cli.completion.kinds import COMPLETE, Completes
from dtkit.cli.help import HelpContext, write_examples
from dtkit.cli.terminal import say, take_any_character
from dtkit.version import __version__

#: Subcommand, and what ``dtkit --help`` says of it. The table is the only list of commands:
#: ``dtkit --help`` must not import every room to print it.
COMMANDS = {
    "probes": "List the probe points that carry an mbuf.",
    "oneliner": "Print a dtrace(1) command that shows packets at a probe.",
    "run": "Show packets as they come: run dtrace(1), here or on another host.",
    "doctor": "Say what a host has of what dtkit needs, and what mends what it lacks.",
    "script": "Print a D script that shows packets, or a ready-made one.",
    "parse": "Read what dtrace(1) printed: packets, messages, stacks, faults and drops.",
    "copyout": "Run copyoutmbuf() on a chain, good or broken, in the reference model.",
    "extcap": "Be an interface of Wireshark's: packets as they come.",
    "check": "Say what is wrong with a D program, without dtrace(1).",
    "simulate": "Run a D program over packets in a simulated kernel.",
    "path": "Follow packets through a stock kernel: print the D script, or run it.",
    "dataset": "Keep what many hosts saw as tables.",
    "query": "Ask a dataset in SQL.",
    "trace": "Show packets' ways through the kernel: mbuf_trace captures, dtkit path.",
    "completion": "Have a shell complete command lines of dtkit.",
}

#: Under this name a context has the words of the command line.
CALLED = f"{__name__}.called"


class LazyGroup(click.Group):
    """A group whose commands are modules of a package, and whose errors are one line."""

    #: The package, and its commands with what help says of them.
    package: ClassVar[str] = __name__
    modules: ClassVar[dict[str, str]] = COMMANDS
    context_class = HelpContext
    #: The command that is meant where none is named; ``""`` for none.
    usual: ClassVar[str] = ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        command.short_help = self.modules[cmd_name]
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        write_examples(self.epilog, formatter)
        self.format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.modules.items()))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Remember how we were called: captures say which command made them."""
        words = list(args)
        ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta.setdefault(CALLED, words)
        return ctx

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run as click does, but say errors in one line: ``dtkit COMMAND: what to do``."""
        for stream, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, stream) is None:  # closed by the shell: `dtkit ... >&-`
                setattr(sys, stream, open(os.devnull, mode))  # noqa: SIM115
        take_any_character()
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        _collect_seldom()
        try:
            with _orderly_end():
                if asked := os.environ.get(COMPLETE):
                    from dtkit.cli.completion.shells import answer

                    sys.exit(answer(asked))
                status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            _fail(error)
        except click.exceptions.Abort:
            # As a shell reports a command that SIGINT ended.
            sys.exit(130)
        except BrokenPipeError:
            # The reader of our output has gone (`dtkit parse | head`): nothing to say, and
            # nothing to be said at interpreter exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:
            # A disk that is full, a file that may not be read: nothing of ours to trace back.
            where = f"{error.filename}: " if error.filename else ""
            say(f"dtkit: {where}{error.strerror or error}")
            sys.exit(1)
        sys.exit(status if isinstance(status, int) else 0)


def _collect_seldom() -> None:
    """
    Have Python look for cycles seldom, and not once more at its end: we make none that last.

    (Measured: a quarter of the time of ``trace convert`` went there.)
    """
    gc.set_threshold(50_000, 20, 20)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """
    Have SIGTERM and SIGHUP end this program as an error does: what was written is written whole.

    The second one ends it at once.
    """

    def end(signum: int, frame: object) -> NoReturn:
        for which in before:
            signal.signal(which, signal.SIG_DFL)
        heard.append(signum)
        sys.exit(128 + signum)

    heard: list[int] = []
    before: dict[signal.Signals, Any] = {}
    try:
        for which in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(which) is signal.SIG_DFL:
                before[which] = signal.signal(which, end)
    except ValueError:  # not the main thread: signals are somebody else's
        pass
    try:
        yield
    except (KeyboardInterrupt, click.exceptions.Abort):
        if heard:  # a library has made one of what was raised within it
            sys.exit(128 + heard[0])
        raise
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


def _fail(error: click.ClickException) -> NoReturn:
    context = getattr(error, "ctx", None)
    name = context.command_path if context is not None else "dtkit"
    message = " ".join(error.format_message().split())
    invalid = isinstance(error, click.BadParameter) and not isinstance(
        error, click.MissingParameter
    )
    if isinstance(error, click.UsageError) and not invalid and message.endswith("."):
        # click's own words (ours end without a stop): what is wrong, but not what to do.
        message = f"{message[:-1]}; see `{name} --help`"
    say(f"{name}: {message}")
    sys.exit(error.exit_code)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  dtkit run --as sudo tcp_input --filter 'port 22'
  dtkit path run --host root@router --preset forward udp port 53
  dtrace -s script.d 2>&1 | dtkit parse -w packets.pcapng
  dtkit simulate script.d --packets trace.pcap

`dtkit COMMAND --help` shows examples of each.
""",
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="dtkit", message="%(prog)s %(version)s")
@click.option(
    "--profile",
    "profile_name",
    metavar="NAME",
    shell_complete=Completes("profile"),
    help="Options of that name in ~/.config/dtkit/config.toml are the defaults.",
)
@click.pass_context
def main(ctx: click.Context, profile_name: str | None) -> None:
    """The packet microscope for DTrace on BSD network stacks.

    Generate D that shows packets at any kernel function, and read back what dtrace(1) says.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False
    if profile_name is not None:
        # Not at the top: few ask for it, and it looks at every command.
        from dtkit.cli.config import profile

        ctx.default_map = profile(main, ctx, profile_name)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
