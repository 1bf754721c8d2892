# SPDX-License-Identifier: BSD-2-Clause
"""The JSON Schema of what is read from dtrace(1), as ``dtkit parse --to json`` prints it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def output_schema() -> dict[str, Any]:
    """The schema, of draft 2020-12: ``schema.json`` beside this module."""
    made: dict[str, Any] = json.loads((resources.files(__package__) / "schema.json").read_text())
    return made
