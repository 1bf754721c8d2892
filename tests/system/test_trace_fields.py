# SPDX-License-Identifier: BSD-2-Clause
"""A new field of a hop: one line in the model, and whoever knows its value. No more than that."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest

PACKAGE = Path(__file__).parents[2] / "dtkit"

LINE = '    colour: Annotated[str | None, Words("of the packet; null if it has none")] = None\n'

PROGRAM = """
import io, json, pathlib, sys
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.schema import journey_schema
from dtkit.trace.views.links import Links
from dtkit.trace.views.report import write_report
from dtkit.trace.views.tables import described, write_parquet

journey = Journey(1, 5, (Hop(Place("ip_input", "ip_input"), time=5, colour="mauve"),), "path")
page = io.StringIO()
write_report([journey], page, "t", Links())
write_parquet([journey], pathlib.Path(sys.argv[1]))
print(json.dumps([journey.to_dict(), journey_schema(), described(), page.getvalue()]))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dtkit with one line more: a field of hops that nobody knows yet."""
    top = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, top / "dtkit", ignore=shutil.ignore_patterns("__pycache__"))
    model = top / "dtkit" / "trace" / "journey" / "hop.py"
    text = model.read_text()
    last = re.search(r"    vnet: Annotated\[.*\] = None\n", text)
    assert last is not None
    model.write_text(text[: last.end()] + LINE + text[last.end() :])
    return top


def test_one_line_adds_a_field_of_a_hop(house: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(house)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=house,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made, schema, described, page = json.loads(done.stdout)
    assert made["steps"][0]["colour"] == "mauve"
    assert schema["$defs"]["hop"]["properties"]["colour"] == {
        "description": "of the packet; null if it has none",
        "type": ["string", "null"],
    }
    jsonschema.Draft202012Validator(schema).validate(made)
    assert "| `colour` | string | of the packet; null if it has none |" in described
    table = pq.read_table(tmp_path / "hops.parquet")
    assert table.to_pylist()[0]["colour"] == "mauve"
    journeys, tables = (
        json.loads(text)
        for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    )
    columns = tables["columns"]
    hop = journeys[0][columns["journey"].index("steps")][0]
    assert tables["words"][hop[columns["hop"].index("colour")]] == "mauve"
    assert ["colour", "string"] in tables["facts"]  # which the page lists of an opened hop
