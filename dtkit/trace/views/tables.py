# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys, their hops and their snapshots as rows of three tables, for databases and data frames.

The tables share ``journey`` (the frame's number), and the two of steps ``step`` (its place in the
journey, from 0), by which they join. Memory is bounded: rows are written while journeys are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from dtkit.foreign import plain
from dtkit.trace.journey.model import Hop, Journey

__all__ = ["HOPS", "JOURNEYS", "SNAPSHOTS", "rows", "write_jsonl", "write_parquet"]

#: Columns of the table of journeys: name, type, what it holds. Every type may be null where the
#: description says so.
JOURNEYS = (
    ("journey", "int64", "number of the frame, or of the packet that was followed"),
    ("time", "int64", "ns since 1970: when the mbuf was freed, or the first hop; null if unknown"),
    ("form", "string", "what it was read from"),
    (
        "origin",
        "int64",
        "the journey that it is a copy of; null if it is none, or of an unknown one",
    ),
    ("outcome", "string", "how it ended, in words; empty if unknown"),
    ("notes", "string[]", "what is missing from it, and why"),
)

#: Columns of the table of hops.
HOPS = (
    ("journey", "int64", "number of the frame, or of the packet that was followed"),
    ("step", "int32", "place in the journey, from 0, in the order of time"),
    ("time", "int64", "ns since 1970: the hop's own, else the journey's; null if unknown"),
    ("depth", "int32", "how deep it is nested, by entering and leaving"),
    ("label", "string", "the function, or what else the trace point says"),
    ("direction", "string", "'+' for entering, '-' for leaving, '' for neither"),
    ("arguments", "string", "what stood in parentheses; null if nothing did"),
    ("file", "string", "source file as captured; null if unknown"),
    ("line", "int32", "line in it; null if unknown"),
    ("group", "string", "subsystem: the file's directory below sys, or the module"),
    ("cpu", "int32", "null if unknown"),
    ("thread", "int64", "null if unknown"),
    ("process", "string", "of that thread, as name[pid]; null if unknown"),
    ("interface", "string", "that the packet came from or goes to; null if unknown"),
    ("vnet", "string", "the network stack (jail) at work; null if unknown"),
)

#: Columns of the table of snapshots.
SNAPSHOTS = (
    ("journey", "int64", "number of the frame, or of the packet that was followed"),
    ("step", "int32", "place in the journey, from 0, in the order of time"),
    ("time", "int64", "ns since 1970, of the hop before, else the journey's; null if unknown"),
    ("label", "string", "of the hop before; null if there is none"),
    ("linktype", "string", "what the bytes start with"),
    ("captured", "int32", "how many bytes there are"),
    ("length", "int32", "how many the packet has, where more are known to exist; else null"),
    ("data", "binary", "the bytes; in JSON lower-case hex"),
    ("summary", "string", "one line about the headers"),
    ("since", "int32", "step of the snapshot compared with; null for the first"),
    ("changes", "string[]", "what changed since, a line each; null for the first"),
)

_TABLES = {"journey": JOURNEYS, "hop": HOPS, "snapshot": SNAPSHOTS}

#: Rows of a table that are in memory at once, at most.
_BATCH = 4096


def rows(journey: Journey) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of *journey*: ``journey``, ``hop`` or ``snapshot``, and the row by column."""
    yield (
        "journey",
        {
            "journey": journey.number,
            "time": journey.time,
            "form": plain(journey.form),
            "origin": journey.origin,
            "outcome": plain(journey.outcome),
            "notes": [plain(note) for note in journey.notes],
        },
    )
    for index, step in enumerate(journey.seen):
        before = journey.hop_before(index)
        if isinstance(step, Hop):
            place = step.place
            yield (
                "hop",
                {
                    "journey": journey.number,
                    "step": index,
                    "time": journey.time if step.time is None else step.time,
                    "depth": journey.depths[index],
                    "label": plain(place.label),
                    "direction": place.direction,
                    "arguments": None if step.arguments is None else plain(step.arguments),
                    "file": None if place.file is None else plain(place.file),
                    "line": place.line,
                    "group": plain(place.group),
                    "cpu": step.cpu,
                    "thread": step.thread,
                    "process": None if step.process is None else plain(step.process),
                    "interface": None if step.interface is None else plain(step.interface),
                    "vnet": None if step.vnet is None else plain(step.vnet),
                },
            )
        else:
            change = journey.diffs[index]
            own = None if before is None else before.time
            yield (
                "snapshot",
                {
                    "journey": journey.number,
                    "step": index,
                    "time": journey.time if own is None else own,
                    "label": None if before is None else plain(before.place.label),
                    "linktype": step.linktype.name,
                    "captured": len(step.data),
                    "length": step.length,
                    "data": step.data,
                    "summary": step.summary,
                    "since": journey.snapshot_before(index),
                    "changes": None if change is None else change.lines,
                },
            )


def write_jsonl(journeys: Iterable[Journey], stream: BinaryIO) -> None:
    """Write the rows as JSON lines, ``type`` saying which table each belongs to."""
    for journey in journeys:
        for kind, row in rows(journey):
            if kind == "snapshot":
                row["data"] = row["data"].hex()
            stream.write(json.dumps({"type": kind, **row}).encode() + b"\n")


def write_parquet(journeys: Iterable[Journey], folder: Path) -> None:
    """
    Write ``journeys.parquet``, ``hops.parquet`` and ``snapshots.parquet`` into *folder*, which is
    made if missing.

    Columns carry their descriptions as metadata of the field.

    :raises ImportError: pyarrow is not installed: it comes with ``dtkit[parquet]``.
    :raises OSError: the files cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "int32": pa.int32(),
        "int64": pa.int64(),
        "string": pa.string(),
        "binary": pa.binary(),
        "string[]": pa.list_(pa.string()),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers = {}
        for kind, columns in _TABLES.items():
            schema = pa.schema(
                [
                    pa.field(name, types[form], metadata={"description": said})
                    for name, form, said in columns
                ]
            )
            file = folder / f"{kind}s.parquet"
            writers[kind] = stack.enter_context(pq.ParquetWriter(file, schema))
        batches: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _TABLES}

        def flush(kind: str) -> None:
            if batches[kind]:
                writer = writers[kind]
                writer.write_table(pa.Table.from_pylist(batches[kind], writer.schema))
                batches[kind].clear()

        for journey in journeys:
            for kind, row in rows(journey):
                # What does not fit a column's type (a time of a damaged capture) is null.
                for name in ("time", "thread"):
                    if row.get(name) is not None and not -(2**63) <= row[name] < 2**63:
                        row[name] = None
                batches[kind].append(row)
                if len(batches[kind]) >= _BATCH:
                    flush(kind)
        for kind in batches:
            flush(kind)
