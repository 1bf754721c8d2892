# SPDX-License-Identifier: BSD-2-Clause
"""Each fuzzer runs and finds nothing: with DTKIT_REQUIRE_ALL=1 for a while, else for a moment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.__main__ import NAMES, TOP
from tests.fuzz.targets import TARGETS

#: Inputs of a reader and of a core in C: up to a minute of one processor. Counted, so that the same
#: code meets the same inputs wherever it runs.
READER, CORE = (5_000, 500_000) if os.environ.get("DTKIT_REQUIRE_ALL") == "1" else (300, 20_000)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", NAMES)
def test_fuzzing_finds_nothing(name: str, tmp_path: Path) -> None:
    if name in TARGETS:
        pytest.importorskip("atheris")
    elif shutil.which("clang") is None:
        pytest.skip("no clang")
    runs = READER if name in TARGETS else CORE
    # In a process of its own: libFuzzer takes the memory of who starts it for the fuzzer's.
    fuzz = [sys.executable, "-m", "tests.fuzz", "--seconds", "60", "--runs", str(runs)]
    done = subprocess.run(
        [*fuzz, "--cache", str(tmp_path), name],
        cwd=TOP,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{name}: no runs" not in done.stdout
