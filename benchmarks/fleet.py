# SPDX-License-Identifier: BSD-2-Clause
"""
What a fleet costs: bytes of a packet in each form, and how fast a dataset takes and answers.

The text is that of a `dtkit path` script in the simulated kernel, repeated with other times.
Every figure is of a whole command, as users type it.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.fleet.row import texts, traffic

#: Files, and how often what the simulated host prints stands in each.
FILES, REPEATS = 8, 40
ROUNDS = 3


def timed(*words: str) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dtkit", *words], check=True, capture_output=True)
    return time.perf_counter() - began


def size(folder: Path) -> int:
    """Bytes of all files below *folder*."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def repeated(text: str, number: int) -> str:
    """Other packets that look the same: each part at other times, as a run of its own."""
    parts = []
    for repeat in range(REPEATS):
        later = (number * REPEATS + repeat) * 10**9
        head, wall, rest = re.split(r"(?<=walltimestamp=)(\d+)", text, maxsplit=1)
        parts += [head, str(int(wall) + later), rest]
    return "".join(parts)


def main() -> None:
    """Print the figures."""
    router = texts(traffic(100, 0), traffic(100, 1))[1]
    packets = 200 * REPEATS * FILES
    with tempfile.TemporaryDirectory(prefix="dtkit-") as name:
        top = Path(name)
        files = []
        for number in range(FILES):
            file = top / f"host{number}.txt"
            file.write_text(repeated(router, number))
            files.append(str(file))
        text = sum(os.path.getsize(file) for file in files)
        packed = sum(len(gzip.compress(Path(file).read_bytes(), 6)) for file in files[:1]) * FILES
        took: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(ROUNDS):
            for jobs, times in took.items():
                folder = str(top / f"fleet-{jobs}-{turn}")
                times.append(timed("dataset", "add", "--jobs", str(jobs), folder, *files))
        one, two = (median(times) for times in took.values())
        dataset = top / "fleet-1-0"
        print(f"{packets} packets of {FILES} hosts, 11 hops each, {os.cpu_count()} CPUs")
        for what, total in (
            ("text of dtrace(1)", text),
            ("gzip -6 of it", packed),
            ("dataset", size(dataset)),
        ):
            print(f"  {what:20} {total / packets:8.0f} bytes a packet")
        print(f"  dataset add          {packets / one:8.0f} packets/s, {text / one / 1e6:.1f} MB/s")
        print(f"  --jobs 2             {one / two:8.2f} times as fast")
        few = top / "few"
        timed("dataset", "add", str(few), *files[:2])
        for view in ("drops", "latency", "paths"):
            for place, count in ((few, packets // FILES * 2), (dataset, packets)):
                asked = [timed("query", f"SELECT * FROM {view}", str(place)) for _ in range(ROUNDS)]
                print(f"  query {view:14} {median(asked):8.2f} s of {count} packets")


if __name__ == "__main__":
    main()
