# SPDX-License-Identifier: BSD-2-Clause
"""What a capture that a command writes says of where its packets come from."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from dtkit.cli import CALLED
from dtkit.packets.provenance import Provenance

if TYPE_CHECKING:
    from dtkit.freebsd import Release

__all__ = ["provenance"]


def provenance(host: str | None = None, release: Release | None = None) -> Provenance:
    """What a capture says of where it comes from: the command line, and what it was told."""
    context = click.get_current_context(silent=True)
    words = () if context is None else context.meta.get(CALLED, ())
    # Its filter may name addresses.
    hidden = context is not None and bool(context.params.get("anonymise"))
    command = shlex.join(["dtkit", *words]) if words and not hidden else ""
    system = "" if release is None else f"FreeBSD {release.name}"
    return Provenance(command=command, host=host or "", release=system)
