# SPDX-License-Identifier: BSD-2-Clause
"""What was asked for is right, and could not be done."""

from __future__ import annotations

import click

__all__ = ["Failure"]


class Failure(click.ClickException):
    """A line on stderr, and exit status 1."""

    def __init__(self, message: str, ctx: click.Context) -> None:
        super().__init__(message)
        self.ctx = ctx
