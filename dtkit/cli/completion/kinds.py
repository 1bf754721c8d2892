# SPDX-License-Identifier: BSD-2-Clause
"""What a parameter completes to: the kinds of words, and where those are found at each Tab."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

__all__ = ["COMPLETE", "FILES", "FOLDERS", "LIVE", "Completes", "items"]

#: A shell sets it at a Tab, as click has it: ``bash_complete``.
COMPLETE = "_DTKIT_COMPLETE"

#: Kinds that the shell completes itself.
FILES, FOLDERS = "file", "dir"

#: What may go to a shell as it is: nothing that it expands, splits or runs.
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)

#: A word, and what it is; empty where there is nothing to say.
Word = tuple[str, str]


class Completes:
    """
    The ``shell_complete`` of a parameter: what it takes.

    To click it says nothing: at each Tab the table is asked, and not the command.

    :ivar kinds: of words, as the table names them.
    """

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def __call__(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return []


def items(words: Iterable[Word], incomplete: str) -> Iterator[CompletionItem]:
    """Of the words those that begin so, and that no shell takes for anything but a word."""
    for word, what in words:
        if word.startswith(incomplete) and _PLAIN.fullmatch(word):
            yield CompletionItem(word, help=what or None)


def _profiles(incomplete: str) -> Iterator[Word]:
    from dtkit.cli.config import names

    return ((name, "a profile of config.toml") for name in names("profile"))


def _hosts(incomplete: str) -> Iterator[Word]:
    from dtkit.cli.completion.sshhosts import ssh_hosts
    from dtkit.cli.config import names

    user, at, _ = incomplete.rpartition("@")
    if not at:
        yield from ((name, "a host of config.toml") for name in names("host"))
    with suppress(OSError):
        for name, where in ssh_hosts():
            yield f"{user}{at}{name}", where


#: Words that are looked for at each Tab, by their kind.
LIVE: dict[str, Callable[[str], Iterable[Word]]] = {"profile": _profiles, "host": _hosts}
