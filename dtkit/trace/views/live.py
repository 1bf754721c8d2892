# SPDX-License-Identifier: BSD-2-Clause
"""
The report page while its journeys end: what it has when it is opened, and what comes after.

One thread adds journeys; others ask for what there is. A page that was opened late, or again, asks
from the first piece on: so all pages have the same.
"""

from __future__ import annotations

import threading

from markupsafe import Markup

from dtkit.trace.journey.model import Journey
from dtkit.trace.views.document import document
from dtkit.trace.views.links import Links
from dtkit.trace.views.rows import PageRows, page_json

__all__ = ["LiveReport"]

#: Journeys that a page has at most: a browser keeps them all, and so do we.
MOST = 100_000


class LiveReport:
    """
    A report that grows.

    :param title: of the page.
    :param most: journeys that it takes.
    :ivar left_out: journeys that came when it was full.
    """

    def __init__(self, title: str, most: int = MOST) -> None:
        self._title, self._most = title, most
        self._rows = PageRows(Links())
        self._pieces: list[str] = []
        self._lock = threading.Lock()
        self.left_out = 0

    def __len__(self) -> int:
        """How many journeys it has."""
        return len(self._pieces)

    def add(self, journey: Journey) -> None:
        """Take a journey that is over, if there is room."""
        with self._lock:
            if len(self._pieces) >= self._most:
                self.left_out += 1
                return
            before = self._rows.sizes()
            row = self._rows.row(journey)
            grown = page_json(self._rows.grown(before))
            self._pieces.append(f'{{"row":{row},"tables":{grown}}}')

    def pieces(self, since: int, most: int) -> list[str]:
        """
        Journeys as JSON: ``row``, and of each table in ``tables`` what the row needs besides what
        the pieces before it brought.

        :param since: how many pieces are known already.
        :param most: how many are wanted.
        """
        return self._pieces[since : since + most]

    def page(self) -> str:
        """The page as HTML, with no journeys yet: it asks for them."""
        empty = PageRows(Links())
        return "".join(document(self._title, [], empty.tables, Markup, live=True))

    def figures(self) -> str:
        """What is made of all journeys so far, as JSON: ``figures``, ``missing``, ``drawing``."""
        with self._lock:
            return page_json({**self._rows.figures(), "drawing": self._rows.drawing()})
