# SPDX-License-Identifier: BSD-2-Clause
"""dtkit and tshark(1) as processes of their own, and what they are given to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DTKIT = [sys.executable, "-m", "dtkit"]

#: What a script of dtkit path printed: its journeys have times.
FOLLOWED = (Path(__file__).parent.parent / "data/path-epair-pf.txt").read_bytes()


def tshark(path: Path) -> tuple[int, int]:
    """How many packets tshark reads, and its exit status: not 0 where the file ends inside one."""
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.number"],
        capture_output=True,
        text=True,
        check=False,
    )
    return len(done.stdout.splitlines()), done.returncode
