# SPDX-License-Identifier: BSD-2-Clause
"""The tests that ask a real dtrace(1) run over ssh(1); the simulator stands in for that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.live.loopback import loopback

TOP = Path(__file__).parents[2]

#: A few of each area will do here.
SOME = "verdicts or first or come_back or sizeof or m_nothing or m_len"


def test_conformance_over_ssh(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    stand_in = f'exec {sys.executable} -m tests.conformance.stand_in "$@"'
    for name, text in (
        ("dtrace", f"PYTHONPATH={TOP} {stand_in}".replace("exec ", "", 1)),
        ("uname", "echo FreeBSD"),
        ("sysctl", "echo 1501000"),
        ("ping", ":"),
    ):
        (there / name).write_text(f"#!/bin/sh\n{text}\n")
        (there / name).chmod(0o755)
    with loopback(tmp_path, there) as here:
        words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
        words += ["tests/conformance", "-k", SOME]
        told = subprocess.run(
            words,
            cwd=TOP,
            env=os.environ
            | {"DTKIT_DTRACE_HOST": "router", "PATH": f"{here}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
    assert told.returncode == 0, told.stdout[-4000:]
    for area in ("scripts", "generated", "checker", "programs"):
        assert re.search(rf"^{area} +router +FreeBSD 15 +[1-9][0-9]* +0 +0$", told.stdout, re.M)
