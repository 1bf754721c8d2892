# SPDX-License-Identifier: BSD-2-Clause
"""Each fuzzer runs and finds nothing: with DTKIT_REQUIRE_ALL=1 for a minute, else for a moment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzzers
from tests.fuzz.targets import TARGETS

#: Inputs of a reader and of a core in C: about a minute of one processor. Counted, so that the same
#: code meets the same inputs wherever it runs.
READER, CORE = (40_000, 2_000_000) if os.environ.get("DTKIT_REQUIRE_ALL") == "1" else (300, 20_000)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", fuzzers.NAMES)
def test_fuzzing_finds_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in TARGETS:
        pytest.importorskip("atheris")
    elif shutil.which("clang") is None:
        pytest.skip("no clang")
    monkeypatch.setattr(fuzzers, "CACHE", tmp_path)  # grows from what it begins with, each time
    runs = READER if name in TARGETS else CORE
    found_nothing = fuzzers.fuzz(name, 60, runs)
    said = capsys.readouterr().out
    assert found_nothing, said
    assert f"{name}: no runs" not in said
