# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace export``: journeys, hops and snapshots as tables."""

from __future__ import annotations

from pathlib import Path

import click

from dtkit.cli.extras import needs
from dtkit.cli.help import Command
from dtkit.cli.inputs import keep_inputs, open_output, open_whole
from dtkit.cli.options import OUTPUT, TO
from dtkit.cli.terminal import say
from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.counted import counted
from dtkit.trace.views.perfetto import write_perfetto
from dtkit.trace.views.tables import write_jsonl, write_parquet


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace export capture.pcap | jq 'select(.type == "hop") | .label'
  dtkit trace export --to parquet capture.pcap -o tables
  dtkit trace export --to perfetto path.txt -o path.json
  duckdb -c "SELECT label, count(*) FROM 'tables/hops.parquet' GROUP BY ALL ORDER BY 2 DESC"
""",
)
@source_argument
@TO(
    "JSON lines; Parquet (needs dtkit[parquet]); a trace for ui.perfetto.dev.",
    type=click.Choice(["json", "parquet", "perfetto"]),
    default="json",
)
@OUTPUT("Of Parquet it is the folder of its files.")
def command(source: JourneySource, form: str, output: str) -> None:
    """Write journeys, hops and snapshots as tables: JSON lines or Parquet.

    JSON lines say in `type` which table they belong to. Parquet goes into a folder as
    journeys.parquet, hops.parquet and snapshots.parquet. The tables join by journey and step.
    A trace of Perfetto, for ui.perfetto.dev and chrome://tracing, has a track for each journey, and
    for each vnet and CPU.
    """
    if form == "parquet":
        if output == "-":
            raise click.UsageError("--to parquet writes three files: name their folder with -o")
        needs("--to parquet", "pyarrow", "parquet")
        for table in Path(output).glob("*.parquet"):
            keep_inputs(str(table))
        write_parquet(source, Path(output))
    elif form == "perfetto":
        with open_whole(output) as stream:
            untimed = sum(not timed for timed in write_perfetto(source, stream))
        if untimed:
            have = counted(untimed, "journey has", "journeys have")
            say(f"{have} no times of hops: not written")
    else:
        with open_output(output) as stream:
            write_jsonl(source, stream)
