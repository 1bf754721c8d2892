# SPDX-License-Identifier: BSD-2-Clause
"""The report page's template: the rows of journeys in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from markupsafe import Markup

from dtkit.trace.views.document import document


def pieces(rows: Iterator[Markup]) -> Iterator[str]:
    return document("t", rows, lambda: Markup("{}"), lambda: Markup("<svg/>"))


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 128, 200])
def test_rows_are_a_list_whatever_their_number(count: int) -> None:
    text = "".join(pieces(Markup(f'["{number}"]') for number in range(count)))
    block = re.search(r'id="data-journeys">(.*?)</script>', text, re.DOTALL)
    assert block is not None
    assert json.loads(block[1]) == [[str(number)] for number in range(count)]
    assert block[1].count("\n") == count + 1


def test_the_page_is_written_while_rows_are_read() -> None:
    rows = (Markup("[]") for _ in range(10_000))
    made = pieces(rows)
    while "[]" not in next(made):
        pass
    assert sum(1 for _ in rows) > 9000
