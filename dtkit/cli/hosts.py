# SPDX-License-Identifier: BSD-2-Clause
"""Files of several hosts on a command line: ``NAME=FILE``, or a file that names its host."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

import click

from dtkit.cli.inputs import READABLE

__all__ = ["HOST_FILE"]

_NAMED = re.compile(r"([A-Za-z0-9][\w.@:-]{0,62})=(.+)", re.DOTALL)


class HostFile(click.ParamType):  # type: ignore[type-arg]  # click before 8.4 has none
    """A host and its file; the value is both."""

    name = "[NAME=]FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        found = _NAMED.fullmatch(value)
        named, file = found.groups() if found else ("", value)
        file = READABLE.convert(file, param, ctx)
        return named or (PurePath(file).stem if file != "-" else "stdin"), file


HOST_FILE = HostFile()
