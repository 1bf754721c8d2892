# SPDX-License-Identifier: BSD-2-Clause
"""The name of a FreeBSD release, as a parameter of click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    # Not at run time: a command that only has the option need not know all releases.
    from dtkit.freebsd import Release


class ReleaseType(click.ParamType):  # type: ignore[type-arg]
    """The name of a release that dtkit knows, as a :class:`~dtkit.freebsd.Release`."""

    name = "release"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        from dtkit.freebsd import releases

        return f"[{'|'.join(known.name for known in releases())}]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Release:
        from dtkit.freebsd import Release, UnknownReleaseError, release

        if isinstance(value, Release):
            return value
        try:
            return release(value)
        except UnknownReleaseError as error:
            raise click.BadParameter(str(error), ctx, param) from error
