# SPDX-License-Identifier: BSD-2-Clause
"""
The C core of copyoutmbuf against the ways it could have been done.

Each line is one packet: cycles per byte of the core (words by safe loads), of the same walk with
byte loads (how the stock ``dtrace_bcopy()`` copies), and of a plain ``memcpy()`` per mbuf, which
no probe may call; then how many times the core is faster than bytes. The safe loads do what the
kernel's do, over this program's memory. Least of nine turns each.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

HARNESS = Path(__file__).parent.parent / "opendtrace_patch" / "harness"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Path(directory) / "bench"
        subprocess.run(
            ["cc", "-std=gnu99", "-O2", HARNESS / "bench.c", "-o", bench],
            check=True,
        )
        print("bytes mbufs   core  bytes memcpy   core is")
        for size in (64, 512, 1500, 9000):
            for mbufs in (1, 4, 40):
                done = subprocess.run(
                    [bench, str(size), str(mbufs), str(2_000_000 // size)],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                core, by_bytes, memcpy = (float(cycles) / size for cycles in done.stdout.split())
                print(
                    f"{size:5} {mbufs:5} {core:6.2f} {by_bytes:6.2f} {memcpy:6.2f}"
                    f"   {by_bytes / core:.1f} times as fast as bytes"
                )


if __name__ == "__main__":
    main()
