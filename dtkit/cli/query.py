# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit query``: a dataset, asked in SQL."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from dtkit.cli.extras import needs
from dtkit.cli.failure import Failure
from dtkit.cli.help import Command
from dtkit.cli.inputs import open_whole
from dtkit.cli.options import OUTPUT, TO
from dtkit.cli.table import print_table
from dtkit.fleet.dataset import Dataset, DatasetError
from dtkit.fleet.query import Answer, QueryError, query, query_parquet
from dtkit.foreign import visible


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit query 'SELECT * FROM drops ORDER BY packets DESC' fleet
  dtkit query 'SELECT * FROM latency' fleet
  dtkit query 'SELECT way, packets FROM paths ORDER BY 2 DESC LIMIT 5' fleet
  dtkit query --to csv "SELECT * FROM hops WHERE label = 'pf_test'" fleet -o hops.csv
""",
)
@click.argument("text", metavar="SQL")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@TO(
    "A table, JSON lines, CSV, or Parquet.",
    type=click.Choice(["table", "json", "csv", "parquet"]),
    default="table",
)
@OUTPUT()
@click.pass_context
def command(ctx: click.Context, /, text: str, folder: str, form: str, output: str) -> None:
    """Ask a dataset in SQL, as DuckDB speaks it.

    Tables are journeys, hops, snapshots and packets; all have host and date, and those of a journey
    join by host, capture and journey. Views are drops (by host, day and reason), latency (by host
    and day) and paths (the ways that packets took).
    """
    needs("dtkit query", "duckdb", "fleet")
    if form == "table" and output != "-":
        raise click.UsageError("-o is for --to json, csv and parquet: a table is for the terminal")
    if form == "parquet" and output == "-":
        raise click.UsageError("--to parquet writes a file: name it with -o")
    try:
        dataset = Dataset(Path(folder))
        if form == "parquet":
            # Before there is a file: a signal while DuckDB is loaded is said by its own loader.
            write = query_parquet(dataset, text)
            with open_whole(output) as stream:
                write(Path(stream.name))
            return
        answer = query(dataset, text)
        if form == "table":
            rows = [[_shown(value) for value in row] for row in answer.rows]
            print_table([name.upper() for name in answer.names], rows)
            return
        with open_whole(output) as stream:
            for line in _lines(answer, form):
                stream.write(line.encode())
    except (DatasetError, QueryError) as error:
        raise Failure(visible(str(error)), ctx) from error


def _shown(value: Any) -> str:
    """A value for people; on a terminal the table escapes it."""
    if value is None:
        return "-"
    return value.hex() if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value.hex() if isinstance(value, bytes) else value


def _lines(answer: Answer, form: str) -> Iterator[str]:
    if form == "json":
        for row in answer.rows:
            named = dict(zip(answer.names, map(_plain, row), strict=True))
            yield json.dumps(named, default=str) + "\n"
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.names)
    yield text.getvalue()
    for row in answer.rows:
        text.seek(0)
        text.truncate()
        writer.writerow([_plain(value) for value in row])
        yield text.getvalue()
