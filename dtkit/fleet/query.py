# SPDX-License-Identifier: BSD-2-Clause
"""Questions to a dataset in SQL, answered by an embedded DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtkit.fleet.dataset import TABLES, Dataset, table_columns
from dtkit.trace.journey.columns import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["VIEWS", "Answer", "QueryError", "connect", "query", "query_parquet"]

#: What is asked for most, by name: the words that say what it is, and how it is made of the tables.
VIEWS = {
    "drops": (
        "packets that were dropped or lost, by host, day and reason",
        """SELECT host, date, outcome, count(*) AS packets, min(journey) AS example
           FROM journeys WHERE outcome LIKE 'dropped%' OR outcome LIKE 'lost%'
           GROUP BY host, date, outcome""",
    ),
    "latency": (
        "what packets took, by host and day, in microseconds",
        """SELECT host, date, count(duration) AS packets,
                  min(duration) / 1e3 AS least, median(duration) / 1e3 AS median,
                  quantile_cont(duration, 0.9) / 1e3 AS p90,
                  quantile_cont(duration, 0.99) / 1e3 AS p99, max(duration) / 1e3 AS most
           FROM journeys WHERE duration IS NOT NULL GROUP BY host, date""",
    ),
    "paths": (
        "the ways that packets took: their functions in order, and how many took each",
        """SELECT host, way, count(*) AS packets FROM (
             SELECT host, capture, journey, string_agg(label, ' ' ORDER BY step) AS way
             FROM hops WHERE direction <> '-' GROUP BY host, capture, journey)
           GROUP BY host, way""",
    ),
}

_TYPES = {
    "int64": "BIGINT",
    "string": "VARCHAR",
    "binary": "BLOB",
    "string[]": "VARCHAR[]",
    "change[]": "VARCHAR[]",
}


class QueryError(Exception):
    """DuckDB refused a question, in one line of its words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a question gives.

    :ivar names: of the columns.
    :ivar rows: to be iterated over once.
    """

    names: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


def connect(dataset: Dataset) -> DuckDBPyConnection:
    """
    DuckDB with the tables and views of *dataset*.

    It loads no extension from elsewhere of itself. What is asked may read and write files, install
    extensions, and all else that DuckDB can do as the user: a question is a program.

    :raises ImportError: duckdb is not installed: it comes with ``dtkit[fleet]``.
    """
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    files = dataset.files()
    for table in TABLES:
        connection.execute(_table(table, files[table]))
    for name, (_, text) in VIEWS.items():
        connection.execute(f"CREATE VIEW {name} AS {text}")
    return connection


def _table(table: str, files: Sequence[Path]) -> str:
    if not files:
        known = (*table_columns()[table], *_FOLDERS)
        empty = ", ".join(f'NULL::{_TYPES[one.type]} AS "{one.name}"' for one in known)
        return f"CREATE VIEW {table} AS SELECT {empty} WHERE false"
    listed = ", ".join(_quoted(str(file)) for file in files)
    return (
        f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{listed}], union_by_name=true, "
        "hive_partitioning=true, hive_types={'host': VARCHAR, 'date': VARCHAR})"
    )


#: Columns that are folders.
_FOLDERS = (
    Column("host", "string", False, "whose it is", "", ""),
    Column(
        "date", "string", False, "day of the journey or packet, in UTC; none if unknown", "", ""
    ),
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def query(dataset: Dataset, text: str) -> Answer:
    """
    Ask *dataset*.

    :param text: SQL of DuckDB, about ``journeys``, ``hops``, ``snapshots``, ``packets``, and
        :data:`VIEWS`.
    :raises ImportError: duckdb is not installed.
    :raises QueryError: DuckDB refuses.
    """
    with _asking():
        connection = connect(dataset)
        result = connection.execute(text)
        if result is None:
            raise QueryError(_NOTHING)
        names = tuple(one[0] for one in result.description or ())
    return Answer(names, _rows(connection))


#: Of a text in which there is no statement.
_NOTHING = "nothing is asked"


def _rows(connection: DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    """
    :raises QueryError: of a row that comes late: much is looked at only as it is fetched.
    """
    while True:
        with _asking():
            found = connection.fetchmany(1024)
        if not found:
            return
        yield from found


@contextmanager
def _asking() -> Iterator[None]:
    """
    Around all that DuckDB does.

    What a signal's handler raises within it is an interrupt here, too: DuckDB hides it.

    :raises QueryError: it refuses, runs out of memory, or finds a file of the dataset damaged.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise QueryError(" ".join(str(error).split())) from error
    except RuntimeError as error:
        if "interrupted" in str(error):
            raise KeyboardInterrupt from error
        raise


def query_parquet(dataset: Dataset, text: str) -> Callable[[Path], None]:
    """
    What writes the answer to a file, as Parquet; it raises :class:`QueryError`, too.

    :raises ImportError: duckdb is not installed.
    """
    with _asking():
        connection = connect(dataset)

    def write(file: Path) -> None:
        try:
            with _asking():
                relation = connection.sql(text)
                if relation is None:
                    raise QueryError(f"{_NOTHING} that has an answer")
                relation.write_parquet(str(file))
        finally:
            connection.close()  # and with it the threads that write, which may open the file late

    return write
