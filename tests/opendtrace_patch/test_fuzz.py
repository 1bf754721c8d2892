# SPDX-License-Identifier: BSD-2-Clause
"""The fuzzer finds nothing in the core, and something in a broken one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.opendtrace_patch.harness import HARNESS, PATCH, WARNINGS, compile_c


def build(directory: Path, layout: int) -> Path:
    """The fuzzer over the core in *directory*'s parent, as the README says to build it."""
    fuzzer = directory.parent / "fuzz"
    compile_c(
        "clang",
        [
            *WARNINGS,
            "-g",
            "-O1",
            "-fsanitize=fuzzer,address,undefined",
            "-fno-sanitize-recover=all",
            f"-DLAYOUT={layout}",
            "-DBIG=0",
            *(directory / name for name in ("fuzz.c", "core.c", "harness.c", "machine.c")),
            "-o",
            fuzzer,
        ],
    )
    return fuzzer


def fuzz(directory: Path, runs: int, layout: int = 14) -> subprocess.CompletedProcess[str]:
    fuzzer = build(directory, layout)
    corpus = directory.parent / "corpus"
    shutil.copytree(HARNESS / "corpus", corpus)
    options = [f"-runs={runs}", "-seed=1", "-max_len=200", "-verbosity=0"]
    return subprocess.run(
        [fuzzer, *options, f"-artifact_prefix={directory.parent}/", corpus],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the harness beside one of the core, to be changed."""
    for name in ("dtrace_mbuf.c", "dtrace_mbuf.h"):
        shutil.copy(PATCH / name, tmp_path)
    return Path(shutil.copytree(HARNESS, tmp_path / "harness"))


@pytest.mark.parametrize(
    ("layout", "runs"), [(14, 20_000), *((layout, 5_000) for layout in (12, 13, 32))]
)
def test_nothing_is_found(sources: Path, layout: int, runs: int) -> None:
    done = fuzz(sources, runs, layout)
    assert done.returncode == 0, done.stderr


def test_a_broken_core_is_found(sources: Path) -> None:
    core = sources.parent / "dtrace_mbuf.c"
    text = core.read_text()
    right = "if (chunk > len - done)\n\t\t\t\tchunk = len - done;\n\t\t\tif (dst"
    assert text.count(right) == 1
    core.write_text(text.replace(right, "if (dst"))
    done = fuzz(sources, 100_000)
    assert done.returncode != 0
    assert re.search("AddressSanitizer|fuzz: a store outside the result", done.stderr)


def test_the_corpus_is_small() -> None:
    files = list((HARNESS / "corpus").iterdir())
    assert 50 < len(files) < 500
    assert all(path.stat().st_size <= 200 for path in files)
