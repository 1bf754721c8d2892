# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys as one HTML page that needs nothing else: to search, to look at, to click through.

The page is written while the journeys are read; what Python keeps in memory are the places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from dtkit.trace.journey.model import Journey
from dtkit.trace.views.document import document
from dtkit.trace.views.links import Links
from dtkit.trace.views.rows import PageRows

__all__ = ["write_report"]


def write_report(journeys: Iterable[Journey], stream: TextIO, title: str, links: Links) -> None:
    """
    Write the page.

    :param journeys: of one capture; read once.
    :param stream: for the HTML, UTF-8.
    :param title: of the page, e.g. the capture's name.
    :param links: how places are linked to their source.
    """
    page = PageRows(links)
    rows = (page.row(journey) for journey in journeys)
    for piece in document(title, rows, page.tables, page.drawing):
        stream.write(piece)
