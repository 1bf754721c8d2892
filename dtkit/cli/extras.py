# SPDX-License-Identifier: BSD-2-Clause
"""What comes with an extra, asked for before it is needed."""

from __future__ import annotations

import importlib.util
import os

import click

from dtkit.program import archive

__all__ = ["needs"]


def needs(what: str, module: str, extra: str) -> None:
    """
    See that the *module* that *what* needs is installed.

    :raises click.UsageError: it is not; the line says which *extra* brings it.
    """
    if importlib.util.find_spec(module) is None:
        packed = archive()
        without = f", which {os.path.basename(packed)} does not have" if packed else ""
        raise click.UsageError(f"{what} needs {module}{without}: pip install 'dtkit[{extra}]'")
