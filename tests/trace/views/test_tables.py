# SPDX-License-Identifier: BSD-2-Clause
"""Hops and snapshots as tables: JSON lines, and Parquet as DuckDB reads it."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.jsonlines import JsonLines
from dtkit.trace.views.tables import columns, described, rows, write_jsonl, write_parquet
from tests.trace.frames import ethernet, ipv4, tcp

PACKET = ethernet(ipv4(tcp(b"x")))


def journey(number: int) -> Journey:
    steps: tuple[Step, ...] = (
        Hop.parse(b"net/if.c:42: +ether_input"),
        Snapshot(PACKET),
        Hop.parse(b"netinet/ip_input.c:7: ip_input(em0\xff)"),
        Snapshot(ipv4(tcp(b"x"), ttl=63), None, 99),
        Hop(Place("f", "f", "-", module="if_em"), None, 5, 1, 0x10),
    )
    return Journey(number, 1000, steps, "mbuf_trace 3")


def test_the_rows_of_a_journey() -> None:
    first, *made = rows(journey(7))
    assert first == (
        "journey",
        {
            "journey": 7,
            "time": 1000,
            "form": "mbuf_trace 3",
            "origin": None,
            "outcome": "",
            "reason": "",
            "source": "",
            "rule": "",
            "advice": "",
            "notes": [],
            "sockets": [],
            "duration": None,
        },
    )
    assert [kind for kind, _ in made] == ["hop", "snapshot", "hop", "snapshot", "hop"]
    assert made[2][1] == {
        "journey": 7,
        "step": 2,
        "depth": 1,
        "label": "ip_input",
        "direction": "",
        "file": "netinet/ip_input.c",
        "line": 7,
        "group": "netinet",
        "arguments": "em0\\xff",
        "time": None,
        "cpu": None,
        "thread": None,
        "process": None,
        "interface": None,
        "vnet": None,
        "rule": None,
        "reason": None,
        "host": None,
        "stack": None,
        "text": "netinet/ip_input.c:7: ip_input(em0\\xff)",
    }
    assert made[3][1] == {
        "journey": 7,
        "step": 3,
        "depth": 1,
        "since": 1,
        "changes": [
            "ethernet removed (14 bytes)",
            "ipv4 ttl 64 -> 63",
            "ipv4 checksum 0x66c6 -> 0x67c6",
        ],
        "time": None,
        "label": "ip_input",
        "data": ipv4(tcp(b"x"), ttl=63),
        "length": 99,
        "captured": 41,
        "linktype": "RAW",
        "summary": "10.0.0.1:1234 > 10.0.0.2:22 TCP [.] seq 1:2 ack 1 win 1024 length 1, "
        "first 41 of 99 bytes",
        "offloads": [],
    }
    assert (made[4][1]["time"], made[4][1]["cpu"], made[4][1]["group"]) == (5, 1, "if_em")


def test_rows_have_the_columns_in_order() -> None:
    for kind, row in rows(journey(1)):
        assert list(row) == [column.name for column in columns()[kind]]


def test_the_manual_has_the_tables() -> None:
    """With DTKIT_GOLDEN=1 they are written there."""
    path = Path(__file__).parents[3] / "docs" / "reference" / "trace.md"
    manual = path.read_text()
    start = manual.index("| journeys | type")
    end = manual.index("\n\nWhere do packets") + 1
    if os.environ.get("DTKIT_GOLDEN"):
        path.write_text(manual[:start] + described() + manual[end:])
    else:
        assert manual[start:end] == described()


def test_json_lines() -> None:
    stream = io.BytesIO()
    write_jsonl([journey(1), journey(2)], stream)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    steps = ["hop", "snapshot", "hop", "snapshot", "hop"]
    assert [line["type"] for line in lines] == ["journey", *steps] * 2
    assert bytes.fromhex(lines[2]["data"]) == PACKET


def test_parquet_says_the_same(tmp_path: Path) -> None:
    write_parquet((journey(number) for number in range(1, 1501)), tmp_path / "out")
    for kind, listed in columns().items():
        table = pq.read_table(tmp_path / "out" / f"{kind}s.parquet")
        expected = [row for n in range(1, 1501) for k, row in rows(journey(n)) if k == kind]
        assert table.to_pylist() == expected
        for one in listed:
            described = table.schema.field(one.name).metadata[b"description"]
            assert described.decode() == one.words


def test_the_query_of_the_manual(tmp_path: Path) -> None:
    write_parquet([journey(1), journey(2)], tmp_path)
    manual = (Path(__file__).parents[3] / "docs" / "reference" / "trace.md").read_text()
    query = manual.partition("```sql\n")[2].partition("```")[0]
    assert "hops.parquet" in query
    with duckdb.connect() as database:
        database.execute(f"SET file_search_path = '{tmp_path}'")
        found = database.execute(query).fetchall()
    assert found == [("netinet", "ip_input", "ipv4 ttl 64 -> 63", 2)]


def test_a_number_that_fits_no_column_is_null(tmp_path: Path) -> None:
    far = Journey(1, 2**64, (Hop(Place("f", "f"), thread=2**64 - 1),), "")
    write_parquet([far], tmp_path)
    (row,) = pq.read_table(tmp_path / "hops.parquet").to_pylist()
    assert (row["time"], row["thread"]) == (None, None)


def test_lines_are_the_json_of_journeys() -> None:
    """Made from text that is kept, they say what json.dumps() says, for hops met before, too."""
    made = JsonLines()
    evil = Journey(3, None, (Hop.parse(b'+a"\\\xff'), Snapshot(b"\xff"), Hop.parse(b"x")))
    again = journey(1)
    for one in (again, journey(2), again, evil, evil):
        assert made.line(one) == json.dumps(one.to_dict())
        backwards = one.to_dict()
        backwards["steps"].reverse()
        assert made.line(one, newest_first=True) == json.dumps(backwards)


def test_rows_are_written_as_they_are() -> None:
    stream = io.BytesIO()
    made = [journey(1), journey(2)]
    write_jsonl([*made, *made], stream)
    expected = []
    for kind, row in [row for one in [*made, *made] for row in rows(one)]:
        if kind == "snapshot":
            row["data"] = row["data"].hex()
        expected.append(json.dumps({"type": kind, **row}))
    assert stream.getvalue().decode().splitlines() == expected
