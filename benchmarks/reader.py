# SPDX-License-Identifier: BSD-2-Clause
"""
Reading what dtrace(1) prints beside text2pcap(1), which reads the same rows in its own format.

Programs run in turn, round by round, and figures are medians of what each takes by the clock, from
its start to its end; beside dtkit as it is installed runs dtkit in Python alone, which is what it
is where it could not be compiled. ``DTKIT_BENCHMARK_PACKETS`` is how many packets each stream has,
200,000 unless it says otherwise.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.streams import STREAMS, write
from dtkit.native import speedups

PACKETS = int(os.environ.get("DTKIT_BENCHMARK_PACKETS", "200000"))
ROUNDS = 5

#: Times as fast as text2pcap, to pcapng, that each stream is to be read.
REACH = {
    "one probe, one size": 2.0,
    "random headers": 2.0,
    "sizes vary": 1.0,
    "two probes, two sizes in turn": 1.0,
    "annotated, two probes, four CPUs": 1.0,
    "annotated, two segments a packet": 1.0,
}
#: Packets a second of JSON, and seconds for 100,000 packets to lines.
JSON_REACH = 150_000
LINES_REACH = {"summary": 0.8, "json": 1.15}

PARSE = [sys.executable, "-m", "dtkit", "parse", "--to"]


#: A command, and what is added to its environment.
Command = tuple[list[str], dict[str, str]]

PURE = {"DTKIT_PURE_PYTHON": "1"}


def timed(command: Command) -> float:
    arguments, environment = command
    nowhere = subprocess.DEVNULL
    start = time.perf_counter()
    subprocess.run(
        arguments, env={**os.environ, **environment}, check=True, stdout=nowhere, stderr=nowhere
    )
    return time.perf_counter() - start


def in_turn(commands: dict[str, Command]) -> dict[str, float]:
    """Median seconds of each command, run one after the other, round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            seconds[name].append(timed(command))
    return {name: median(times) for name, times in seconds.items()}


def peak_memory(folder: Path, ours: Path) -> tuple[float, float]:
    """Gigabytes streamed through `dtkit parse`, and MiB it took at most."""
    copies = 12
    script = f"i=0; while [ $i -lt {copies} ]; do cat '{ours}'; i=$((i+1)); done"
    feed = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    measure = (
        "import resource,subprocess,sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measure, *PARSE, "none", "-w", str(folder / "big.pcapng")],
        stdin=feed.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    feed.wait()
    unit = 1 if sys.platform == "darwin" else 1024
    return copies * ours.stat().st_size / 1e9, int(done.stdout) * unit / 2**20


def show(what: str, figures: str, reach: str) -> None:
    print(f"{what:<34} {figures:<64} (reach: {reach})", flush=True)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{PACKETS} packets each; medians of {ROUNDS} rounds, by the clock")
        if speedups is None:
            print("dtkit is not compiled here: it is Python alone")
        for stream in STREAMS:
            ours, theirs = write(stream, folder, PACKETS)
            parse = [*PARSE, "none", "-w", str(folder / "ours.pcapng"), str(ours)]
            text2pcap = ["text2pcap", "-q", str(theirs), str(folder / "theirs.pcapng")]
            times = in_turn(
                {"dtkit": (parse, {}), "text2pcap": (text2pcap, {}), "pure": (parse, PURE)}
            )
            mine, peer, pure = times["dtkit"], times["text2pcap"], times["pure"]
            words = f"dtkit {mine:5.2f} s, text2pcap {peer:5.2f} s"
            if stream in REACH:
                alone = f"in Python alone {peer / pure:.2f} x"
                show(stream, f"{words}: {peer / mine:.2f} x; {alone}", f"{REACH[stream]:.1f} x")
            else:
                alone = f"in Python alone {PACKETS / pure:.0f}/s"
                show(stream, f"{words}: {PACKETS / mine:.0f}/s; {alone}", f"{JSON_REACH}/s")
            if stream == "one probe, one size":
                lines = in_turn({form: ([*PARSE, form, str(ours)], {}) for form in LINES_REACH})
                for form, seconds in lines.items():
                    each = f"{seconds / PACKETS * 100_000:.2f} s for 100,000"
                    show(f"{stream}, to {form}", each, f"{LINES_REACH[form]} s")
                streamed, peak = peak_memory(folder, ours)
                show(f"a stream of {streamed:.2f} GB", f"{peak:.0f} MiB at most", "64 MiB")
            ours.unlink()
            theirs.unlink()
        helps = in_turn(
            {
                "help": ([sys.executable, "-m", "dtkit", "--help"], {}),
                "click": ([sys.executable, "-c", "import click"], {}),
            }
        )
        ratio = helps["help"] / helps["click"]
        show("dtkit --help", f"{ratio:.2f} x `import click`", "under 2.5 x")


if __name__ == "__main__":
    main()
