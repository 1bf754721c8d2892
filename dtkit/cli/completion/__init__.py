# SPDX-License-Identifier: BSD-2-Clause
"""
``dtkit completion``: have a shell complete command lines of dtkit.

What it prints asks dtkit at each Tab: then the commands are not imported, but read from
``table.json``, which ``make golden`` writes.
"""

from __future__ import annotations

import click

from dtkit.cli.help import Command

#: The shells that ask at each Tab.
SHELLS = ("bash", "fish", "tcsh", "zsh")


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  eval "$(dtkit completion bash)"                                  # in ~/.bashrc
  source <(dtkit completion zsh)                                   # in ~/.zshrc, after compinit
  dtkit completion fish > ~/.config/fish/completions/dtkit.fish
  dtkit completion tcsh > ~/.dtkit.tcsh                            # ~/.tcshrc: source ~/.dtkit.tcsh
""",
)
@click.argument("shell", type=click.Choice([*SHELLS, "sh"]), metavar="bash|fish|tcsh|zsh")
def command(shell: str) -> None:
    """Print what has a shell complete command lines of dtkit at Tab.

    Commands, options and their choices are completed, probes, scripts and releases, the profiles
    and hosts of ~/.config/dtkit/config.toml, and the hosts that ssh(1) knows.
    """
    if shell == "sh":
        # FreeBSD's sh(1), by libedit; others complete nothing at all.
        raise click.UsageError(
            "sh completes commands and names of files alone, as it is; give bash, fish, tcsh or zsh"
        )
    from dtkit.cli.completion.shells import source

    click.echo(source(shell), nl=False)
