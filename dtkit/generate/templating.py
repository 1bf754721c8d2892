# SPDX-License-Identifier: BSD-2-Clause
"""D from Jinja2 templates, filled only with what is proven to be harmless in D."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jinja2

from dtkit.probes import Probe

_WORD = re.compile(r"[A-Za-z0-9_.+-]*")


def primary(expression: str) -> str:
    """
    *expression* as a primary expression of D, to put ``->`` or a predicate's slash next to it.

    ``/*args[0]`` would open a comment, and dtrace(1) then takes the program for empty.
    """
    return expression if expression.startswith("args[") else f"({expression})"


def _finalize(value: Any) -> Any:
    """What a template may print: probes, numbers and words; text of its own it may anyway."""
    if isinstance(value, (Probe, int, jinja2.Undefined)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value
    raise TypeError(f"a {type(value).__name__} has no place in D")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dtkit.generate"),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        autoescape=False,  # the output is D, not HTML
    )
    environment.filters["primary"] = primary
    return environment


def render(template: str, **values: Probe | list[Probe] | int | bool | str) -> str:
    """
    Fill a template.

    :param template: its file name in ``dtkit/generate/templates``.
    :param values: probes (whose parts the catalog has checked), numbers, and words.
    :return: D, several lines of it.
    :raises ValueError: a word has a character that has no place in an identifier or a version.
    """
    for name, value in values.items():
        if isinstance(value, str) and not _WORD.fullmatch(value):
            raise ValueError(f"{name} {value!r} is no plain word")
    return _environment().get_template(template).render(values)
