# SPDX-License-Identifier: BSD-2-Clause
"""Each claim of the page on security names a test that there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs/explanation/security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    tree = ast.parse((TOP / file).read_text())
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_claim_names_one() -> None:
    claims = re.findall(r"^- .*(?:\n  .*)*", PAGE, re.MULTILINE)
    assert len(claims) > 8
    assert [claim for claim in claims if "::test_" not in claim] == []
