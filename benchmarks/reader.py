# SPDX-License-Identifier: BSD-2-Clause
"""
Reading what dtrace(1) prints beside text2pcap(1), which reads the same rows in its own format.

Programs run in turn, round by round, start included. Figures are medians of the time that a program
spends on a processor, which other work on the machine hardly changes.
``DTKIT_BENCHMARK_PACKETS`` is how many packets each stream has, 200,000 unless it says otherwise.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.streams import STREAMS, write

PACKETS = int(os.environ.get("DTKIT_BENCHMARK_PACKETS", "200000"))
ROUNDS = 3

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


def spent() -> float:
    """Seconds that programs run so far have spent on a processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command: list[str]) -> float:
    before = spent()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return spent() - before


def in_turn(commands: dict[str, list[str]]) -> dict[str, float]:
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
    print(f"{what:<34} {figures:<44} (reach: {reach})", flush=True)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{PACKETS} packets each; medians of processor time of {ROUNDS} runs in turn")
        for stream in STREAMS:
            ours, theirs = write(stream, folder, PACKETS)
            times = in_turn(
                {
                    "dtkit": [*PARSE, "none", "-w", str(folder / "ours.pcapng"), str(ours)],
                    "text2pcap": ["text2pcap", "-q", str(theirs), str(folder / "theirs.pcapng")],
                }
            )
            mine, peer = times["dtkit"], times["text2pcap"]
            words = f"dtkit {mine:6.2f} s, text2pcap {peer:6.2f} s"
            if stream in REACH:
                show(stream, f"{words}: {peer / mine:.2f} x", f"{REACH[stream]:.1f} x")
            else:
                show(stream, f"{words}: {PACKETS / mine:.0f}/s", f"{JSON_REACH}/s")
            if stream == "one probe, one size":
                lines = in_turn({form: [*PARSE, form, str(ours)] for form in LINES_REACH})
                for form, seconds in lines.items():
                    each = f"{seconds / PACKETS * 100_000:.2f} s for 100,000"
                    show(f"{stream}, to {form}", each, f"{LINES_REACH[form]} s")
                streamed, peak = peak_memory(folder, ours)
                show(f"a stream of {streamed:.2f} GB", f"{peak:.0f} MiB at most", "64 MiB")
            ours.unlink()
            theirs.unlink()
        helps = in_turn(
            {
                "help": [sys.executable, "-m", "dtkit", "--help"],
                "click": [sys.executable, "-c", "import click"],
            }
        )
        ratio = helps["help"] / helps["click"]
        show("dtkit --help", f"{ratio:.2f} x `import click`", "under 2.5 x")


if __name__ == "__main__":
    main()
