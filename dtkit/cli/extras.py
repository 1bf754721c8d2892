# SPDX-License-Identifier: BSD-2-Clause
"""What comes with an extra, asked for before it is needed."""

from __future__ import annotations

import importlib.util

import click

__all__ = ["needs"]


def needs(what: str, module: str, extra: str) -> None:
    """
    See that the *module* that *what* needs is installed.

    :raises click.UsageError: it is not; the line says which *extra* brings it.
    """
    if importlib.util.find_spec(module) is None:
        raise click.UsageError(f"{what} needs {module}: pip install 'dtkit[{extra}]'")
