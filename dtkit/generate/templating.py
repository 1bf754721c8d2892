# SPDX-License-Identifier: BSD-2-Clause
"""D from Jinja2 templates, filled only with what is proven to be harmless in D."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import jinja2

from dtkit.generate.bpf import PKTHDR, UNMAPPED, Statement
from dtkit.generate.functions import Group, Pair
from dtkit.generate.point import Point
from dtkit.generate.text import D, primary
from dtkit.probes import Probe

_WORD = re.compile(r"[A-Za-z0-9_.+-]*")

#: What a template may be filled with.
Value = D | Point | Probe | Group | Pair | Statement | int | str | None


def _finalize(value: Any) -> Any:
    """What a template may print: probes, numbers and words; text of its own it may anyway."""
    if isinstance(value, (Probe, int, str, jinja2.Undefined)) and not isinstance(value, bool):
        return value
    raise TypeError(f"a {type(value).__name__} has no place in D")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dtkit.generate"),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        autoescape=False,  # the output is D, not HTML
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["primary"] = primary
    environment.globals.update(PKTHDR=PKTHDR, UNMAPPED=UNMAPPED)
    return environment


def render(template: str, **values: Value | Sequence[Value]) -> str:
    """
    Fill a template.

    :param template: its file name in ``dtkit/generate/templates``.
    :param values: probes (whose parts the catalog has checked), numbers, words, and what is
        marked as D; or sequences of these.
    :return: D, several lines of it.
    :raises ValueError: a word has a character that has no place in an identifier or a version.
    """
    for name, value in values.items():
        for one in [value] if isinstance(value, str) or not isinstance(value, Sequence) else value:
            if isinstance(one, str) and not isinstance(one, D) and not _WORD.fullmatch(one):
                raise ValueError(f"{name} {one!r} is no plain word")
    return _environment().get_template(template).render(values)
