# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace schema``: the JSON Schema of journeys."""

from __future__ import annotations

import json

import click

from dtkit.cli.inputs import open_output
from dtkit.cli.options import OUTPUT, TO
from dtkit.trace.journey.schema import journey_schema, packet_schema


@click.command(
    epilog="""\b
Examples:
  dtkit trace schema -o journey.schema.json
  dtkit trace schema --to pcapng -o packet.schema.json
  dtkit trace schema | jq '."$defs".hop.properties | keys'
"""
)
@TO(
    "Of journeys in JSON lines; of what a pcapng file says of each packet.",
    type=click.Choice(["json", "pcapng"]),
    default="json",
)
@OUTPUT()
def command(form: str, output: str) -> None:
    """Print the JSON Schema of what dtkit trace show --to json prints.

    With --to pcapng, of the JSON that dtkit trace convert, and -w of dtkit parse and dtkit run, put
    beside each packet.
    """
    schema = journey_schema() if form == "json" else packet_schema()
    with open_output(output) as stream:
        stream.write(json.dumps(schema, indent=2).encode() + b"\n")
