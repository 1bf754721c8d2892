# SPDX-License-Identifier: BSD-2-Clause
"""What many hosts saw as tables: nothing lost, nothing twice, whatever ends it in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from dtkit.fleet.dataset import TABLES, Dataset, DatasetError, table_columns
from dtkit.fleet.query import VIEWS, QueryError, query
from dtkit.fleet.spread import add_all, scheduler_address

Dtkit = Callable[..., Result]

DATA = Path(__file__).parents[1] / "data"
PATHS = [DATA / "path-15.1.txt", DATA / "path-epair-pf.txt"]
FRAMES = DATA / "mbuf_trace-freebsd-14-epair.pcap"
DUMPS = DATA / "script-udp-15.1.txt"


def content(dataset: Dataset) -> dict[str, Counter[tuple[object, ...]]]:
    """Every row of every table."""
    return {
        table: Counter(tuple(map(str, row)) for row in query(dataset, f"FROM {table}").rows)
        for table in TABLES
    }


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    made = Dataset(tmp_path / "fleet", create=True)
    for host, file in (("alpha", PATHS[0]), ("bravo", PATHS[1]), ("mt", FRAMES), ("d", DUMPS)):
        made.add(host, file)
    return made


def test_each_kind_of_input_has_its_rows(dataset: Dataset) -> None:
    rows = {one.host: one.rows for one in dataset.captures()}
    for host in ("alpha", "bravo", "mt"):
        assert rows[host]["journeys"]
        assert rows[host]["hops"] > rows[host]["journeys"]
        assert not rows[host]["packets"]
    assert rows["d"]["packets"]
    for table, found in content(dataset).items():
        assert found.total() == sum(counts[table] for counts in rows.values())


def test_columns_are_those_of_the_tables_with_host_and_date(dataset: Dataset) -> None:
    for table, columns in table_columns().items():
        names = query(dataset, f"FROM {table} LIMIT 0").names
        assert set(names) == {*(one.name for one in columns), "host", "date"}
        empty = query(Dataset(dataset.folder.parent / table, create=True), f"FROM {table}")
        assert set(empty.names) == set(names)


def test_rows_stand_under_the_day_of_their_packet(dataset: Dataset) -> None:
    wrong = query(
        dataset,
        "SELECT count(*) FROM journeys WHERE date <> 'none' AND "
        "date <> strftime(make_timestamp_ns(time), '%Y-%m-%d')",
    )
    assert list(wrong.rows) == [(0,)]


def test_the_same_is_not_added_twice(dataset: Dataset) -> None:
    before, files = content(dataset), sorted(dataset.folder.rglob("*"))
    dataset.add("alpha", PATHS[0])
    assert content(dataset) == before
    assert sorted(dataset.folder.rglob("*")) == files
    dataset.add("other", PATHS[0])  # of another host it is something else
    assert content(dataset)["journeys"].total() > before["journeys"].total()


KILLED = """
import os, sys
from pathlib import Path
from typing import Any
from dtkit.fleet.dataset import Dataset
import dtkit.fleet.dataset as module
calls, replace = 0, os.replace
def counted(*args):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), 9)
    replace(*args)
module.os.replace = counted
Dataset(Path(sys.argv[1]), create=True).add("alpha", Path(sys.argv[2]))
"""


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_killed_in_the_middle_nothing_is_lost_and_nothing_twice(tmp_path: Path, at: int) -> None:
    whole = Dataset(tmp_path / "whole", create=True)
    whole.add("alpha", PATHS[1])
    folder = tmp_path / "killed"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(PATHS[1]), str(at)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    broken = Dataset(folder, create=True)
    assert not content(broken)["journeys"]  # what is not whole is not seen
    broken.add("alpha", PATHS[1])
    assert content(broken) == content(whole)
    # Nor does another engine, which reads the folders, see anything twice.
    read = ds.dataset(folder / "hops", partitioning="hive", format="parquet")
    assert read.count_rows() == content(whole)["hops"].total()


def test_another_engine_answers_the_same(dataset: Dataset) -> None:
    ours = query(dataset, "SELECT label, count(*) FROM hops GROUP BY label")
    table = ds.dataset(dataset.folder / "hops", partitioning="hive", format="parquet").to_table()
    theirs = pc.value_counts(table["label"])
    counted = {one["values"].as_py(): one["counts"].as_py() for one in theirs}
    assert {row[0]: row[1] for row in ours.rows} == counted


@pytest.mark.parametrize("view", VIEWS)
def test_views_say_what_their_words_promise(dataset: Dataset, view: str) -> None:
    rows = list(query(dataset, f"FROM {view}").rows)
    assert rows
    if view == "latency":
        (alpha,) = (row for row in rows if row[0] == "alpha")
        took = query(dataset, "SELECT max(duration) / 1e3 FROM journeys WHERE host = 'alpha'")
        assert list(took.rows) == [(alpha[-1],)]


def test_a_query_can_load_nothing_from_elsewhere(dataset: Dataset) -> None:
    with pytest.raises(QueryError):
        query(dataset, "SELECT * FROM 'https://dtkit.invalid/x.parquet'")


def test_a_newer_dataset_is_left_alone(dataset: Dataset) -> None:
    (dataset.folder / "dataset.json").write_text('{"dtkit dataset": 2}')
    with pytest.raises(DatasetError, match="version 2, newer than this dtkit's 1"):
        Dataset(dataset.folder)


@pytest.mark.parametrize(
    ("mark", "said"),
    [("[]", "no entry"), ("{", "no JSON"), ('{"dtkit dataset": "x"}', "which version")],
    ids=["a-list", "cut", "no-number"],
)
def test_a_damaged_dataset_is_named(tmp_path: Path, mark: str, said: str) -> None:
    (tmp_path / "dataset.json").write_text(mark)
    with pytest.raises(DatasetError, match=said):
        Dataset(tmp_path)


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(DatasetError, match="neither a dataset nor empty"):
        Dataset(tmp_path, create=True)
    with pytest.raises(DatasetError, match="no dataset"):
        Dataset(tmp_path / "none")


@pytest.mark.parametrize("host", ["../up", "", "a b", "-x", "a=b", "x" * 65])
def test_a_host_is_no_path(dataset: Dataset, host: str) -> None:
    with pytest.raises(DatasetError, match="letters, digits"):
        dataset.add(host, PATHS[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk_adds_nothing(tmp_path: Path, dtkit: Dtkit) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=24k", "none", str(small)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        result = dtkit("dataset", "add", str(small / "fleet"), f"alpha={PATHS[1]}")
        assert result.exit_code == 1
        assert "No space left" in result.stderr
        assert len(result.stderr.splitlines()) == 1
        dataset = Dataset(small / "fleet", create=True)
        assert not list(dataset.captures())
        assert [path.name for path in (small / "fleet").iterdir()] == ["dataset.json"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_who_is_done_takes_nothing_from_who_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Dataset(tmp_path, create=True)
    begin = tempfile.mkdtemp

    def beside(*args: Any, **options: Any) -> str:
        monkeypatch.setattr(tempfile, "mkdtemp", begin)
        dataset.add("bravo", PATHS[1])  # begins and ends while the other begins
        return str(begin(*args, **options))

    monkeypatch.setattr(tempfile, "mkdtemp", beside)
    dataset.add("alpha", PATHS[0])
    assert [added.host for added in dataset.captures()] == ["alpha", "bravo"]


# The commands


def test_commands_add_list_and_ask(tmp_path: Path, dtkit: Dtkit) -> None:
    folder = str(tmp_path / "fleet")
    result = dtkit("dataset", "add", folder, f"alpha={PATHS[0]}", str(PATHS[1]))
    assert result.exit_code == 0, result.stderr
    assert "alpha: path-15.1.txt: 3 journeys" in result.stderr
    again = dtkit("dataset", "add", folder, f"alpha={PATHS[0]}")
    assert again.stderr.endswith(": already there\n")
    listed = dtkit("dataset", "list", folder)
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == [
        "alpha",
        "path-epair-pf",
    ]
    asked = dtkit("query", "--to", "csv", "SELECT host, count(*) n FROM hops GROUP BY ALL", folder)
    assert asked.stdout.splitlines()[0] == "host,n"
    refused = dtkit("query", "SELECT nonsense", folder)
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
    file = tmp_path / "x.parquet"
    assert dtkit("query", "--to", "parquet", "FROM hops", folder, "-o", str(file)).exit_code == 0
    counts = [int(line.split(",")[1]) for line in asked.stdout.splitlines()[1:]]
    assert pq.read_table(file).num_rows == sum(counts)


LATE = "SELECT CAST(CASE WHEN i = 5000 THEN 'x' ELSE '1' END AS int) FROM range(9000) t(i)"


@pytest.mark.parametrize("form", ["table", "json", "parquet"])
@pytest.mark.parametrize(
    ("text", "said"),
    [("", "nothing is asked"), (";", "nothing is asked"), (LATE, "Conversion Error")],
    ids=["empty", "no-statement", "a-late-row"],
)
def test_what_has_no_answer_is_one_line(
    tmp_path: Path, dtkit: Dtkit, form: str, text: str, said: str
) -> None:
    folder = str(tmp_path / "fleet")
    dtkit("dataset", "add", folder, str(PATHS[0]))
    output = () if form == "table" else ("-o", str(tmp_path / "x"))
    refused = dtkit("query", "--to", form, *output, text, folder)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"dtkit query: {said}")
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("form", ["table", "parquet"])
def test_a_damaged_file_of_a_dataset_is_named(tmp_path: Path, dtkit: Dtkit, form: str) -> None:
    folder = tmp_path / "fleet"
    dtkit("dataset", "add", str(folder), str(PATHS[0]))
    (file,) = folder.glob("hops/*/*/*.parquet")
    file.write_bytes(b"garbage")
    output = () if form == "table" else ("-o", str(tmp_path / "x"))
    refused = dtkit("query", "--to", form, *output, "FROM drops", str(folder))
    assert refused.exit_code == 1
    assert str(file) in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_file_that_cannot_be_read_does_not_end_the_others(tmp_path: Path, dtkit: Dtkit) -> None:
    folder = str(tmp_path / "fleet")
    result = dtkit("dataset", "add", folder, f"../x={PATHS[0]}", f"a b={PATHS[0]}")
    assert result.exit_code == 2  # no such names
    listed = list(add_all(Dataset(Path(folder), create=True), [("b d", PATHS[0]), ("e", PATHS[1])]))
    assert [isinstance(done, Exception) for _, _, done in listed] == [True, False]


# On a cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler of Dask, and two worker processes."""
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard"]
    where = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(
            [
                *dask,
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--no-dashboard",
                "--scheduler-file",
                file,
            ],
            **where,  # type: ignore[call-overload]
        )
    ]
    try:
        deadline = time.monotonic() + 60
        while not (file.exists() and (found := re.search(r"tcp://[\d.:]+", file.read_text()))):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for _ in range(2):
            options = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)]
            processes.append(
                subprocess.Popen([*worker, found[0], *options], **where)  # type: ignore[call-overload]
            )
        yield found[0], processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_worker_that_is_killed_loses_nothing(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    text = PATHS[1].read_text()
    captures = []
    for number in range(8):
        file = tmp_path / f"{number}.txt"
        file.write_text(text.replace("j=", f"j={number + 1}"))
        captures.append((f"host{number}", file))
    plain = Dataset(tmp_path / "plain", create=True)
    for host, capture in captures:
        plain.add(host, capture)
    address, processes = cluster
    spread = Dataset(tmp_path / "spread", create=True)
    done = 0
    for _, _, added in add_all(spread, captures, scheduler=address):
        assert not isinstance(added, Exception), added
        done += 1
        if done == 2:
            processes[1].send_signal(signal.SIGKILL)
    assert done == len(captures)
    assert content(spread) == content(plain)


@pytest.mark.parametrize(
    "address",
    ["[", ":", "", "tcp://", "x y", "a\nb:1", "tcp://h:1\n", "a\0b:1", "h", "h:", "h:0", "h:99999",
     "h:-1", "h:1/x", "u:p@h:1", "tcp://[::1", "[]:1", "http://h:1", "inproc://h:1", "\x1b[2J:1"],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_address_of_a_scheduler_is_a_usage_error(
    tmp_path: Path, dtkit: Dtkit, address: str
) -> None:
    folder = tmp_path / "fleet"
    result = dtkit("dataset", "add", str(folder), "--scheduler", address, f"alpha={PATHS[0]}")
    assert result.exit_code == 2, result.stderr
    assert "is no HOST:PORT such as tcp://10.0.0.1:8786" in result.stderr.splitlines()[-1]
    assert "".join(result.stderr.splitlines()).isprintable()
    assert not folder.exists()
    with pytest.raises(ValueError, match=r"is no HOST:PORT"):
        next(add_all(Dataset(folder, create=True), [("alpha", PATHS[0])], scheduler=address))


@pytest.mark.parametrize(
    "address", ["h:1", "10.0.0.1:8786", "tcp://a-b.example:65535", "tls://[fe80::1%em0]:8786"]
)
def test_addresses_of_schedulers(address: str) -> None:
    assert scheduler_address(address) == address


@pytest.mark.parametrize(
    "says",
    [None, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9, bytes(4096)],
    ids=["nothing", "goodbye", "http", "zeros"],
)
def test_who_is_no_scheduler_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtkit: Dtkit, says: bytes | None
) -> None:
    monkeypatch.setattr("dtkit.fleet.spread._PATIENCE", 2)
    with _listening(says) as address:
        begun = time.monotonic()
        result = dtkit(
            "dataset", "add", str(tmp_path / "fleet"), "--scheduler", address, f"a={PATHS[0]}"
        )
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert f"no scheduler of Dask answers at {address}: " in line
    assert time.monotonic() - begun < 20


@contextmanager
def _listening(says: bytes | None) -> Iterator[str]:
    """Who takes every connection and says this; b"" ends it, and None is never a word."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:

        def take() -> None:
            while True:
                try:
                    taken = stack.enter_context(server.accept()[0])
                except OSError:  # closed
                    return
                if says is not None:
                    taken.sendall(says)
                if says == b"":
                    taken.close()

        thread = threading.Thread(target=take)
        thread.start()
        yield "tcp://{}:{}".format(*server.getsockname())
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_workers_here_make_the_same_dataset(tmp_path: Path, dtkit: Dtkit) -> None:
    files = [f"alpha={PATHS[0]}", f"bravo={PATHS[1]}", f"mt={FRAMES}"]
    assert dtkit("dataset", "add", str(tmp_path / "one"), *files).exit_code == 0
    command = [sys.executable, "-m", "dtkit", "dataset", "add", "--jobs", "2"]
    done = subprocess.run(
        [*command, str(tmp_path / "two"), *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 3
    assert content(Dataset(tmp_path / "two")) == content(Dataset(tmp_path / "one"))


def test_a_capture_of_another_host_is_not_said_to_be_there(tmp_path: Path, dtkit: Dtkit) -> None:
    folder = str(tmp_path / "fleet")
    dtkit("dataset", "add", folder, f"alpha={PATHS[0]}")
    assert "already there" not in dtkit("dataset", "add", folder, f"other={PATHS[0]}").stderr
    assert "already there" in dtkit("dataset", "add", folder, f"other={PATHS[0]}").stderr


def test_a_damaged_entry_is_named(dataset: Dataset) -> None:
    (entry,) = (dataset.folder / "added" / "alpha").iterdir()
    entry.write_text('{"host": "alpha"}')
    with pytest.raises(DatasetError, match="no entry of a dataset"):
        dataset.add("alpha", PATHS[0])


def test_a_question_reads_and_writes_the_files_of_who_asks(
    tmp_path: Path, dataset: Dataset, dtkit: Dtkit
) -> None:
    theirs, made = tmp_path / "theirs.csv", tmp_path / "made.csv"
    theirs.write_text("word\nsecret\n")
    text = f"COPY (SELECT * FROM read_csv('{theirs}', header=true)) TO '{made}'"
    assert dtkit("query", text, str(dataset.folder)).exit_code == 0
    assert made.read_text() == theirs.read_text()


def test_no_extension_is_fetched_that_nobody_asked_for(dataset: Dataset, dtkit: Dtkit) -> None:
    """DuckDB would fetch what reads addresses of the web, and whatever else it knows of."""
    asked = "SELECT * FROM 'https://127.0.0.1:1/x.parquet'"
    result = dtkit("query", asked, str(dataset.folder))
    assert result.exit_code == 1
    assert "requires the extension httpfs to be loaded" in result.stderr
    assert "download" not in result.stderr


@pytest.mark.parametrize(
    "file",
    ["hops/../../theirs.parquet", "hops/*/*/*.parquet", "/theirs.parquet", "hops//theirs.parquet",
     "hops/host=../date=none/{0}-0.parquet", "hops/host=a/date=../{0}-0.parquet",
     "hops/host=a/date=none/{0}-0.parquet\n", "hops/\0", "others/host=a/date=none/{0}-0.parquet",
     5],
    ids=ascii,
)  # fmt: skip
def test_an_entry_leads_to_no_other_file(dataset: Dataset, dtkit: Dtkit, file: str | int) -> None:
    (entry,) = (dataset.folder / "added" / "alpha").iterdir()
    found = json.loads(entry.read_text())
    named = file.format(found["capture"]) if isinstance(file, str) else file
    entry.write_text(json.dumps({**found, "files": [named]}))
    result = dtkit("query", "SELECT count(*) FROM hops", str(dataset.folder))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.endswith("no entry of a dataset")
