# SPDX-License-Identifier: BSD-2-Clause
"""``--release``: the FreeBSD release that a command is about, one option for all commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dtkit.freebsd import Release, UnknownReleaseError, default_release, release, releases


class ReleaseType(click.ParamType):  # type: ignore[type-arg]
    """The name of a release that dtkit knows, as a :class:`~dtkit.freebsd.Release`."""

    name = "release"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return f"[{'|'.join(known.name for known in releases())}]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Release:
        if isinstance(value, Release):
            return value
        try:
            return release(value)
        except UnknownReleaseError as error:
            raise click.BadParameter(str(error), ctx, param) from error


def release_option(
    what: str, every: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """
    ``--release``, as the parameter ``release``.

    :param what: what of the release counts, for the help.
    :param every: whether without it every release is meant, and the parameter is None; otherwise
        the default release is.
    """
    default = "every one" if every else default_release().name
    return click.option(
        "--release",
        type=ReleaseType(),
        default=None if every else lambda: default_release(),
        help=f"{what}  [default: {default}]",
    )
