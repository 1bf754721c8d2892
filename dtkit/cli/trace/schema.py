# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace schema``: the JSON Schema of journeys."""

from __future__ import annotations

import json

import click

from dtkit.cli.inputs import open_output
from dtkit.cli.options import OUTPUT
from dtkit.trace.journey.schema import journey_schema


@click.command(
    epilog="""\b
Examples:
  dtkit trace schema -o journey.schema.json
  dtkit trace schema | jq '."$defs".hop.properties | keys'
"""
)
@OUTPUT()
def command(output: str) -> None:
    """Print the JSON Schema of what dtkit trace show --to json prints."""
    with open_output(output) as stream:
        stream.write(json.dumps(journey_schema(), indent=2).encode() + b"\n")
