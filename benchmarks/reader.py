# SPDX-License-Identifier: BSD-2-Clause
"""
Reading dtrace(1)'s dumps beside text2pcap(1), which reads the same packets in its own format.

200,000 dumps of 64 bytes: as dtrace(1) prints them for dtkit, and for text2pcap the same rows with
offset, hex and text in the form of ``od -Ax -tx1z`` without the frames between. Programs run in
turn; figures are ratios of the medians.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

DUMPS = 200_000
ROUNDS = 5
HEADING = "CPU     ID                    FUNCTION:NAME\n"
HEADER = f"{'':11}{''.join(f'  {digit:x}' for digit in range(16))}  0123456789abcdef\n"
FRAME = f"{0:3d} {19971:6d} {'tcp_input:entry':>32} \n"

TO_FIRINGS = """
import sys
from collections import deque
from dtkit.output import read_output
with open(sys.argv[1], "rb") as stream:
    deque(read_output(stream), maxlen=0)
"""


def write_inputs(folder: Path) -> tuple[Path, Path]:
    """The same packets for dtkit and for text2pcap."""
    ours, theirs = folder / "dtrace.txt", folder / "text2pcap.txt"
    chance = random.Random(1)
    header = bytes.fromhex("4510003446f440004006700ac0a80101c0a801643d3c0016")
    with ours.open("w") as dtrace, theirs.open("w") as hexdump:
        dtrace.write(HEADING)
        for _ in range(DUMPS):
            data = header + chance.randbytes(8) + b"\x80\x10" + chance.randbytes(30)
            dtrace.write(FRAME + HEADER)
            for at in range(0, len(data), 16):
                row = data[at : at + 16]
                text = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in row)
                dtrace.write(f"     {at:5x}: {row.hex(' ')}  {text}\n")
                hexdump.write(f"{at:06x} {row.hex(' ')}  {text}\n")
            dtrace.write("\n")
            hexdump.write("\n")
    return ours, theirs


def timed(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


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
    script = f"i=0; while [ $i -lt {copies} ]; do cat {ours}; i=$((i+1)); done"
    feed = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    measure = (
        "import resource,subprocess,sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "dtkit", "parse", "--to", "none", "-w"]
    done = subprocess.run(
        [sys.executable, "-c", measure, *command, str(folder / "big.pcapng")],
        stdin=feed.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    feed.wait()
    unit = 1 if sys.platform == "darwin" else 1024
    return copies * ours.stat().st_size / 1e9, int(done.stdout) * unit / 2**20


def show(what: str, ratio: float, wanted: str) -> None:
    print(f"{what:<58} {ratio:6.2f}   (wanted: {wanted})")


def main() -> None:
    """Print the ratios."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, theirs = write_inputs(folder)
        parse = [python, "-m", "dtkit", "parse", "--to", "none", "-w"]
        times = in_turn(
            {
                "firings": [python, "-c", TO_FIRINGS, str(ours)],
                "pcapng": [*parse, str(folder / "ours.pcapng"), str(ours)],
                "text2pcap": ["text2pcap", "-q", str(theirs), str(folder / "theirs.pcapng")],
                "help": [python, "-m", "dtkit", "--help"],
                "click": [python, "-c", "import click"],
            }
        )
        peer = times["text2pcap"]
        size, their_size = ours.stat().st_size / 1e6, theirs.stat().st_size / 1e6
        more_text = size / their_size
        print(f"{DUMPS} dumps of 64 bytes: {size:.0f} MB of text, {their_size:.0f} for text2pcap")
        print(f"medians of {ROUNDS} runs in turn, start of the programs included")
        for what, seconds in times.items():
            print(f"  {what:<12} {seconds:7.3f} s")
        for what, wanted in (("firings", "2.5"), ("pcapng", "1.0")):
            ratio = peer / times[what]
            show(f"text to {what}: MB/s, of text2pcap's", ratio * more_text, f"{wanted} or more")
            show(f"text to {what}: packets/s, of text2pcap's", ratio, f"{wanted} or more")
        show("dtkit --help: time, of `import click`", times["help"] / times["click"], "under 2.5")
        streamed, peak = peak_memory(folder, ours)
        print(f"peak memory for a stream of {streamed:.2f} GB: {peak:.0f} MiB   (wanted: under 64)")


if __name__ == "__main__":
    main()
