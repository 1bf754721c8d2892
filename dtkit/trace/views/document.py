# SPDX-License-Identifier: BSD-2-Clause
"""The report page as HTML: its template, its style, its script, and the policy that holds it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice

import jinja2
from markupsafe import Markup

from dtkit.foreign import visible
from dtkit.version import __version__

__all__ = ["document", "policy"]

#: The files of the page's script by idea, in the order in which they stand on each other.
_SCRIPT = (
    "data", "time", "elements", "ends", "search", "list", "journey", "lanes", "axis", "hop",
    "snapshot", "graph", "figures", "keys",
)  # fmt: skip

#: Rows that the template is given at once.
_LOT = 64

#: What a page has besides that is filled while it is looked at.
_LIVE = ("live",)


def document(
    title: str,
    rows: Iterable[Markup],
    tables: Callable[[], Markup],
    drawing: Callable[[], Markup],
    live: bool = False,
) -> Iterator[str]:
    """
    The page in pieces, one after the other.

    :param title: of it.
    :param rows: of its journeys, as :class:`dtkit.trace.views.rows.PageRows` has them; read while
        the page is written.
    :param tables: makes those that rows point into, when all rows were read.
    :param drawing: makes the graph, then too.
    :param live: whether the page asks where it came from for more journeys.
    """
    folder = files("dtkit.trace.views").joinpath("page")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(folder.joinpath("report.html.j2").read_text("utf-8"))
    return template.generate(
        title=visible(title),
        version=__version__,
        style=Markup(folder.joinpath("report.css").read_text("utf-8")),
        script=Markup(_script(folder, live)),
        policy=policy(live),
        live=live,
        rows=_in_lots(rows),
        tables=tables,
        drawing=drawing,
    )


def _in_lots(rows: Iterable[Markup]) -> Iterator[Markup]:
    """Rows as they follow each other, many in one: a template takes its time over each."""
    rest = iter(rows)
    while lot := list(islice(rest, _LOT)):
        yield Markup("\n,".join(lot))


def policy(live: bool = False) -> str:
    """The content security policy of the page: its own script, and nothing from elsewhere."""
    script = _script(files("dtkit.trace.views").joinpath("page"), live)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        f"script-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if live:
        parts.append("connect-src 'self'")
    return "; ".join(parts)


def _script(folder: Traversable, live: bool) -> str:
    """The files as one script, whose names are its own."""
    names = (*_SCRIPT, *(_LIVE if live else ()))
    parts = [folder.joinpath("script", f"{name}.js").read_text("utf-8") for name in names]
    return "\n".join(['"use strict";', "(() => {", *parts, "})();", ""])
