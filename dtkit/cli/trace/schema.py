# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace schema``: the JSON Schemas of what dtkit prints and keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_output
from dtkit.cli.options import OUTPUT, TO
from dtkit.output.schema import output_schema
from dtkit.trace.journey.schema import journey_schema, packet_schema

#: By the words of ``--to``, what each is of.
SCHEMAS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "json": ("Journeys", journey_schema),
    "pcapng": ("What captures say of packets", packet_schema),
    "packets": ("Packets, and what else dtrace(1) printed", output_schema),
}


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace schema -o journey.schema.json
  dtkit trace schema --to pcapng -o packet.schema.json
  dtkit trace schema | jq '."$defs".hop.properties | keys'
""",
)
@TO(
    "Of journeys in JSON lines; of what a pcapng file says of each packet; of what dtkit parse "
    "--to json prints.",
    type=click.Choice(list(SCHEMAS)),
    default="json",
)
@OUTPUT()
def command(form: str, output: str) -> None:
    """Print the JSON Schema of what dtkit trace show --to json prints.

    With --to pcapng, of the JSON that dtkit trace convert, and -w of dtkit parse and dtkit run, put
    beside each packet; with --to packets, of what dtkit parse and dtkit run print with --to json.
    """
    _, schema = SCHEMAS[form]
    with open_output(output) as stream:
        stream.write(json.dumps(schema(), indent=2).encode() + b"\n")
