# SPDX-License-Identifier: BSD-2-Clause
"""D from Jinja2 templates, filled only with what is proven to be harmless in D."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import jinja2

from dtkit.annotations import form
from dtkit.freebsd import release
from dtkit.generate.conditions import SEND_TAG
from dtkit.generate.functions import Finder, Group, Pair, Refusal
from dtkit.generate.narrowed import Narrowed
from dtkit.generate.point import Point
from dtkit.generate.sockets import Seen
from dtkit.generate.text import D, primary
from dtkit.mbuf.flags import MFlag
from dtkit.probes import Probe

_WORD = re.compile(r"[A-Za-z0-9_.+-]*")

#: What a template may be filled with.
Value = D | Point | Probe | Group | Pair | Finder | Refusal | Narrowed | Seen | int | str | None

#: What the data of a function's mbuf starts with, as a script numbers it.
KINDS = {"IP": 1, "ETHERNET": 2, "ANYTHING": 3}

#: What templates call the flags of an mbuf.
_FLAGS = {f"M_{flag.name}": D(f"{flag:#x}") for flag in MFlag}


def _say(kind: str, version: int = 1, **values: Probe | int | str | Sequence[str]) -> D:
    """The statement that prints a line of :mod:`dtkit.annotations`, or one for each aggregation."""
    fields = {
        field: [str(value)] if isinstance(value, Probe) else value
        for field, value in values.items()
    }
    text, arguments = form(kind, fields, version)
    function = "printa" if any(argument.startswith("@") for argument in arguments) else "printf"
    given = ", ".join([f'"{text}\\n"', *arguments])
    return D(f"{function}({given});")


def _since(name: str) -> int:
    """The first ``kern.osreldate`` of a release, to tell kernels apart in D by ```osreldate``."""
    return release(name).osreldates.start


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
    environment.globals.update(
        since=_since, say=_say, CSUM_SND_TAG=D(f"{SEND_TAG:#x}"), **KINDS, **_FLAGS
    )
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
