# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys, their hops and their snapshots as rows of three tables, for databases and data frames.

The tables share ``journey`` (the frame's number), and the two of steps ``step`` (its place in the
journey, from 0), by which they join. Memory is bounded: rows are written while journeys are read.
Their columns are those of JSON (:mod:`dtkit.trace.journey.columns`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from dtkit.trace.journey.columns import Column
from dtkit.trace.journey.model import HOP, JOURNEY, SNAPSHOT, HopMoment, Journey, SnapshotMoment
from dtkit.trace.views.jsonlines import JsonLines, row_line

__all__ = ["ParquetTable", "columns", "described", "rows", "write_jsonl", "write_parquet"]

#: Rows of a table that are in memory at once, at most.
_BATCH = 4096

_TABLES = (JOURNEY, HOP, SNAPSHOT)


def columns() -> dict[str, tuple[Column, ...]]:
    """The columns of each table: ``journey``, ``hop``, ``snapshot``."""
    key = JOURNEY.columns[0]
    found = {table.name: (key, *table.columns) for table in _TABLES}
    return {**found, JOURNEY.name: JOURNEY.columns}


def _type(column: Column) -> str:
    return "string[]" if column.type == "change[]" else column.type


def described() -> str:
    """The three tables in the manual's words, as Markdown."""
    lines = []
    for name, listed in columns().items():
        lines += [f"| {name}s | type | |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {_type(one)} | {one.words} |" for one in listed]
        lines.append("")
    return "\n".join(lines)


def rows(journey: Journey) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of *journey*: ``journey``, ``hop`` or ``snapshot``, and the row by column.

    Changes are lines of text, bytes are bytes.
    """
    yield JOURNEY.name, JOURNEY.row(journey)
    key = {JOURNEY.names[0]: journey.number}
    for moment in journey.moments():
        if isinstance(moment, HopMoment):
            yield HOP.name, {**key, **HOP.row(moment)}
        else:
            yield SNAPSHOT.name, _snapshot_row(journey, moment)


def _snapshot_row(journey: Journey, moment: SnapshotMoment) -> dict[str, Any]:
    row = {JOURNEY.names[0]: journey.number, **SNAPSHOT.row(moment)}
    if moment.changes is not None:
        row["changes"] = moment.changes.lines
    return row


def write_jsonl(journeys: Iterable[Journey], stream: BinaryIO) -> None:
    """Write the rows as JSON lines, ``type`` saying which table each belongs to."""
    made = JsonLines()
    for journey in journeys:
        key = f'"{JOURNEY.names[0]}": {journey.number}, '
        lines = [row_line(JOURNEY, JOURNEY.row(journey))]
        for moment in journey.moments():
            if isinstance(moment, HopMoment):
                lines.append(made.hop(moment.number, moment.depth, moment.step, key))
            else:
                lines.append(row_line(SNAPSHOT, _snapshot_row(journey, moment)))
        stream.write("\n".join([*lines, ""]).encode())


def write_parquet(journeys: Iterable[Journey], folder: Path) -> None:
    """
    Write ``journeys.parquet``, ``hops.parquet`` and ``snapshots.parquet`` into *folder*, which is
    made if missing.

    Columns carry their descriptions as metadata of the field. A number that does not fit its column
    (of a damaged or forged input) is null. A file of Parquet is of no use without its end: until
    all three have theirs, what was in *folder* stays.

    :raises ImportError: pyarrow is not installed: it comes with ``dtkit[parquet]``.
    :raises OSError: the files cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".dtkit-", dir=folder) as made:
        with ExitStack() as stack:
            tables = {
                kind: stack.enter_context(ParquetTable(Path(made) / f"{kind}s.parquet", listed))
                for kind, listed in columns().items()
            }
            for journey in journeys:
                for kind, row in rows(journey):
                    tables[kind].add(row)
        for file in Path(made).iterdir():
            file.replace(folder / file.name)


class ParquetTable:
    """
    A file of Parquet that rows are added to, a batch of them in memory at a time.

    :param file: to write.
    :param columns: of its rows.
    :raises ImportError: pyarrow is not installed.
    :raises OSError: it cannot be written; also of :meth:`add` and at the end.
    """

    def __init__(self, file: Path, columns: Sequence[Column]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {
            "int64": pa.int64(),
            "string": pa.string(),
            "binary": pa.binary(),
            "string[]": pa.list_(pa.string()),
        }
        self._schema = pa.schema(
            [
                pa.field(one.name, types[_type(one)], metadata={"description": one.words})
                for one in columns
            ]
        )
        self._numbers = [one.name for one in columns if one.type == "int64"]
        self._made = pa.Table.from_pylist
        self._writer = pq.ParquetWriter(file, self._schema)
        self._batch: list[dict[str, Any]] = []

    def __enter__(self) -> ParquetTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, row: dict[str, Any]) -> None:
        """Add a row; a number that does not fit becomes null."""
        for name in self._numbers:
            if row[name] is not None and not -(2**63) <= row[name] < 2**63:
                row[name] = None
        self._batch.append(row)
        if len(self._batch) >= _BATCH:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the file's end."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._batch:
            self._writer.write_table(self._made(self._batch, self._schema))
            self._batch.clear()
