# SPDX-License-Identifier: BSD-2-Clause
"""``--no-payload`` and ``--anonymise``: packets and journeys that others may see."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from dtkit.cli.extras import needs
from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import keep_inputs
from dtkit.cli.options import Shared

if TYPE_CHECKING:
    from dtkit.packets.privacy import Privacy

__all__ = ["privacy_options"]

NO_PAYLOAD = Shared("--no-payload", is_flag=True, help="Of each packet its headers alone.")
ANONYMISE = Shared(
    "--anonymise",
    is_flag=True,
    help="Other addresses, names and kernel pointers, and no payload (needs dtkit[anonymise]).",
)
KEY = Shared(
    "--key",
    metavar="FILE",
    help="With --anonymise: the same ones each time, by a secret in FILE, made if it is not there.",
)


def privacy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it is called with ``privacy``, None where all is shown."""

    @NO_PAYLOAD()
    @ANONYMISE()
    @KEY()
    @functools.wraps(function)
    def wrapper(
        *arguments: Any, no_payload: bool, anonymise: bool, key: str | None, **rest: Any
    ) -> Any:
        ctx = click.get_current_context()
        if not anonymise:
            refuse(given(ctx, "key"), "is for --anonymise")
        else:
            needs("--anonymise", "yacryptopan", "anonymise")
        privacy = _privacy(key, anonymise) if anonymise or no_payload else None
        return function(*arguments, privacy=privacy, **rest)

    return wrapper


def _privacy(key: str | None, anonymise: bool) -> Privacy:
    from dtkit.packets.privacy import KEY_LENGTH, Anonymiser, Privacy

    return Privacy(Anonymiser(_key(key, KEY_LENGTH))) if anonymise else Privacy()


def _key(name: str | None, length: int) -> bytes:
    """The key in a file, or one that is forgotten."""
    import secrets  # few ask for a key, and it takes its time

    made = secrets.token_bytes(length)
    if name is None:
        return made
    keep_inputs(name)
    try:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        with open(name, "rb") as file:
            found = file.read(length + 1)
        if len(found) != length:
            raise click.UsageError(f"{name} is no key: it has not {length} bytes") from None
        return found
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    return made
