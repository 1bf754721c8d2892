# SPDX-License-Identifier: BSD-2-Clause
"""
A folder of Parquet that holds what many hosts saw: journeys, hops, snapshots and packets.

::

    dataset.json                                    which version of this form it has
    added/HOST/CAPTURE.json                         what was added, and the files that hold it
    hops/host=HOST/date=2026-11-28/CAPTURE-0.parquet

CAPTURE is the digest of what was read, so nothing is added twice. The files of a capture come into
place one by one, its entry in ``added`` last: what has no entry is no part of the dataset yet, and
adding the same again writes the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from dtkit.counted import counted
from dtkit.foreign import plain
from dtkit.oddity import Oddity
from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes.points import shipped_catalog
from dtkit.trace.journey.columns import Column
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Journey
from dtkit.trace.views.tables import ParquetTable, columns, rows

__all__ = ["TABLES", "VERSION", "Added", "Dataset", "DatasetError", "spooled", "table_columns"]

#: Of the form of a dataset. Older ones are read, newer ones are not.
VERSION = 1

_MARK = "dataset.json"

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

#: What an entry may name: a file of this dataset, and no pattern of several.
_FILE = re.compile(
    rf"(?:journeys|hops|snapshots|packets)/host={_HOST.pattern}/date=[a-z0-9-]+"
    r"/[0-9a-f]{24}-[0-9]+\.parquet"
)

#: Dates that one capture has rows of, at most: the rest, of a damaged clock, is of none.
_MOST_DATES = 400
#: Files that are written at once, at most.
_MOST_OPEN = 24

#: Of rows without a time.
_NO_DATE = "none"

_PIECE = 1 << 20

_CAPTURE = Column("capture", "string", False, "digest of the capture that it is from", "", "")

_PACKET = (
    Column("packet", "int64", False, "its place in the capture, from 0", "", ""),
    Column("time", "int64", True, "ns since 1970; null if unknown", "", ""),
    Column("timestamp", "int64", True, "ns since boot; null if unknown", "", ""),
    Column("probe", "string", True, "where it was seen; null if unknown", "", ""),
    Column("function", "string", True, "of the probe; null if unknown", "", ""),
    Column("cpu", "int64", True, "the CPU it fired on; null if unknown", "", ""),
    Column("offset", "int64", False, "bytes of the packet before data", "", ""),
    Column("length", "int64", True, "bytes of it from there on; null if unknown", "", ""),
    Column("captured", "int64", False, "how many bytes there are", "", ""),
    Column("linktype", "string", False, "what the bytes start with", "", ""),
    Column("data", "binary", False, "the bytes", "", ""),
    Column("summary", "string", False, "one line about the headers", "", ""),
)


def table_columns() -> dict[str, tuple[Column, ...]]:
    """The columns of each table but ``host`` and ``date``, which are folders."""
    found = {
        f"{kind}s": (_CAPTURE, *(one for one in listed if one.name != "host"))
        for kind, listed in columns().items()
    }
    return {**found, "packets": (_CAPTURE, *_PACKET)}


#: Of a dataset.
TABLES = ("journeys", "hops", "snapshots", "packets")


class DatasetError(Exception):
    """A folder is no dataset, or of a newer version, or nothing can be added; one line."""


@dataclass(frozen=True, slots=True)
class Added:
    """
    A capture of a dataset.

    :ivar host: whose it is.
    :ivar capture: digest of what was read.
    :ivar rows: how many rows each table has of it.
    :ivar oddities: how many things were odd in it.
    :ivar files: of the dataset that hold it.
    """

    host: str
    capture: str
    rows: dict[str, int]
    oddities: int
    files: tuple[str, ...]

    def __str__(self) -> str:
        rows = self.rows.items()
        said = [counted(count, table.removesuffix("s"), table) for table, count in rows if count]
        oddities = counted(self.oddities, "oddity", "oddities")
        return ", ".join([*(said or ["nothing"]), oddities])


class Dataset:
    """
    A folder of a dataset.

    :param folder: its place.
    :param create: whether an empty or missing folder becomes one.
    :raises DatasetError: it is none, or of a newer version.
    :raises OSError: it cannot be read or made.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        mark = folder / _MARK
        if not mark.exists():
            if not create:
                raise DatasetError(f"{folder}: no dataset; dtkit dataset add makes one")
            # What was broken off while it was made has begun to write the mark.
            if folder.exists() and any(_MARK not in path.name for path in folder.iterdir()):
                raise DatasetError(f"{folder}: neither a dataset nor empty: left as it is")
            folder.mkdir(parents=True, exist_ok=True)
            _write(mark, {"dtkit dataset": VERSION})
        version = _read(mark).get("dtkit dataset")
        if not isinstance(version, int):
            raise DatasetError(f"{mark}: does not say which version the dataset has")
        if version > VERSION:
            raise DatasetError(f"{folder}: version {version}, newer than this dtkit's {VERSION}")

    def captures(self) -> Iterator[Added]:
        """What was added, by host."""
        for entry in sorted((self.folder / "added").glob("*/*.json")):
            yield _added(entry)

    def files(self) -> dict[str, list[Path]]:
        """The files that hold each table."""
        found: dict[str, list[Path]] = {table: [] for table in TABLES}
        for capture in self.captures():
            for file in capture.files:
                found[file.partition("/")[0]].append(self.folder / file)
        return found

    def add(self, host: str, file: Path) -> Added:
        """
        Add what *host* saw.

        Done before to its end, it is not done again; broken off before, it is done anew.

        :raises DatasetError: the host has no name that will do, or the capture is of several.
        :raises OSError: it cannot be read, or the dataset cannot be written: nothing is added.
        """
        if not _HOST.fullmatch(host):
            raise DatasetError(f"host {host!r}: letters, digits, dots and dashes, please")
        capture = _digest(file)
        entry = self._entry(host, capture)
        if entry.exists():
            return _added(entry)
        # In the folder itself: one for all could be taken away by who is done while others begin.
        work = Path(tempfile.mkdtemp(prefix=f".{capture}-", dir=self.folder))
        try:
            written = _Partitions(work, host, capture)
            try:
                for item in _read_capture(file):
                    written.take(item)
            finally:
                written.close()
            for old in self.folder.glob(f"*/host={host}/*/{capture}-*.parquet"):
                old.unlink(missing_ok=True)
            names = sorted(path.relative_to(work) for path in work.rglob("*.parquet"))
            for name in names:
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(work / name, self.folder / name)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        added = Added(host, capture, dict(written.rows), written.oddities, tuple(map(str, names)))
        entry.parent.mkdir(parents=True, exist_ok=True)
        _write(entry, asdict(added))
        return added

    def _entry(self, host: str, capture: str) -> Path:
        return self.folder / "added" / host / f"{capture}.json"


@contextlib.contextmanager
def spooled(stream: BinaryIO) -> Iterator[Path]:
    """
    What *stream* has, as a file while it is needed: it is read more than once.

    :raises OSError: it cannot be read, or there is no room for it.
    """
    with tempfile.NamedTemporaryFile(prefix="dtkit-") as file:
        shutil.copyfileobj(stream, file, _PIECE)
        file.flush()
        yield Path(file.name)


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    with open(file, "rb") as stream:
        while piece := stream.read(_PIECE):
            found.update(piece)
    return found.hexdigest()[:24]


def _read_capture(file: Path) -> Iterator[Journey | Packet | Oddity]:
    """The journeys in *file*; where there are none, the packets."""
    odd: list[Oddity] = []
    journeys = False
    with open(file, "rb") as stream:
        for item in read_any(stream):
            if isinstance(item, Journey):
                if not journeys:
                    yield from odd
                journeys = True
                yield item
            elif journeys:
                yield item
            elif len(odd) < _MOST_DATES:
                odd.append(item)
    if journeys:
        return
    count = 0
    with open(file, "rb") as stream:
        for event in packets(read_output(stream), shipped_catalog()):
            if isinstance(event, Packet):
                count += 1
                yield event
            elif isinstance(event, Oddity) and count:
                yield event
    if not count:
        yield from odd


class _Partitions:
    """Writes rows to files by table and date."""

    def __init__(self, folder: Path, host: str, capture: str) -> None:
        self._folder, self._host, self._capture = folder, host, capture
        self._columns = table_columns()
        self._open: dict[tuple[str, str], ParquetTable] = {}
        self._parts: Counter[tuple[str, str]] = Counter()
        self._dates: set[str] = set()
        self.rows: Counter[str] = Counter(dict.fromkeys(TABLES, 0))
        self.oddities = 0

    def take(self, item: Journey | Packet | Oddity) -> None:
        """Write an item's rows."""
        if isinstance(item, Oddity):
            self.oddities += not item.asked
        elif isinstance(item, Packet):
            date = self._date(item.time)
            self._row("packets", date, _packet_row(item, self.rows["packets"]))
        else:
            date = self._date(item.time)
            for kind, row in rows(item):
                if row.pop("host", None) is not None:
                    raise DatasetError("journeys of several hosts: add what each host saw")
                self._row(f"{kind}s", date, row)

    def _date(self, time: int | None) -> str:
        if time is None or not 0 <= time < 1 << 63:
            return _NO_DATE
        date = datetime.fromtimestamp(time // 10**9, UTC).date().isoformat()
        if date not in self._dates:
            if len(self._dates) >= _MOST_DATES:
                return _NO_DATE
            self._dates.add(date)
        return date

    def _row(self, table: str, date: str, row: dict[str, Any]) -> None:
        key = table, date
        file = self._open.pop(key, None)
        if file is None:
            if len(self._open) >= _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            folder = self._folder / table / f"host={self._host}" / f"date={date}"
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{self._capture}-{self._parts[key]}.parquet"
            self._parts[key] += 1
            file = ParquetTable(folder / name, self._columns[table])
        self._open[key] = file  # last: the one that was written to longest ago is closed first
        file.add({"capture": self._capture, **row})
        self.rows[table] += 1

    def close(self) -> None:
        """Write the ends of all files."""
        while self._open:
            self._open.popitem()[1].close()


def _packet_row(packet: Packet, number: int) -> dict[str, Any]:
    origin = packet.origin
    return {
        "packet": number,
        "time": packet.time,
        "timestamp": packet.timestamp,
        "probe": None if origin.probe is None else plain(origin.probe),
        "function": None if origin.function is None else plain(origin.function),
        "cpu": origin.cpu,
        "offset": packet.offset,
        "length": packet.length,
        "captured": len(packet.data),
        "linktype": packet.linktype.name,
        "data": packet.data,
        "summary": plain(packet.summary),
    }


def _added(entry: Path) -> Added:
    match _read(entry):
        case {
            "host": str(host),
            "capture": str(capture),
            "rows": dict(counts),
            "oddities": int(oddities),
            "files": list(files),
        } if all(isinstance(count, int) for count in counts.values()) and all(
            isinstance(file, str) and _FILE.fullmatch(file) for file in files
        ):
            return Added(host, capture, counts, oddities, tuple(files))
    raise DatasetError(f"{entry}: no entry of a dataset")


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise DatasetError(f"{file}: no JSON") from error
    if not isinstance(found, dict):
        raise DatasetError(f"{file}: no entry of a dataset")
    return found


def _write(file: Path, value: object) -> None:
    """Whole or not at all."""
    work = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(work, "w", encoding="utf-8") as stream:
            json.dump(value, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(work, file)
    finally:
        work.unlink(missing_ok=True)
