# SPDX-License-Identifier: BSD-2-Clause
"""
``python -m tests.fuzz [--seconds N] [TARGET ...]``: fuzz each reader and each C core for a while.

Readers (tests/fuzz/targets.py) under atheris, the cores of opendtrace_patch (each layout) and of
mbuf_trace_patch under libFuzzer with the address and undefined-behaviour sanitizers. What was found
and what it grew from are kept in .cache/fuzz/TARGET. Exit status 1 if anything was found. A finding
becomes a file in tests/hostile and a test there.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.targets import TARGETS

TOP = Path(__file__).parents[2]
CACHE = TOP / ".cache/fuzz"
SANITIZE = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
CORES = {f"copyoutmbuf-{layout}": layout for layout in (12, 13, 14, 32)}
NAMES = [*TARGETS, *CORES, "mbuf_trace"]


def seeded(name: str, cache: Path) -> Path:
    """The folder of what a target grows from."""
    corpus = cache / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    if name in TARGETS:
        for seed in TARGETS[name].seeds():
            (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    return corpus


def copyoutmbuf(name: str, cache: Path) -> Path:
    """The fuzzer of the core of opendtrace_patch."""
    harness = TOP / "opendtrace_patch/harness"
    made = cache / name / "fuzz"
    sources = [harness / one for one in ("fuzz.c", "core.c", "harness.c", "machine.c")]
    options = ["-std=c99", "-g", "-O1", *SANITIZE, f"-DLAYOUT={CORES[name]}", "-DBIG=0"]
    subprocess.run(["clang", *options, *sources, "-o", made], check=True)
    return made


def mbuf_trace(name: str, cache: Path) -> Path:
    """The fuzzer of the core of mbuf_trace_patch: its includes are empty files but its own."""
    patch, include = TOP / "mbuf_trace_patch", cache / name / "include"
    core = patch / "kern_mbuf_trace.c"
    for header in re.findall(r'^#include [<"]([^>"]+)', core.read_text(), re.MULTILINE):
        (include / header).parent.mkdir(parents=True, exist_ok=True)
        (include / header).write_text("")
    (include / "sys/mbuf_trace.h").write_text((patch / "mbuf_trace.h").read_text())
    made = cache / name / "fuzz"
    options = ["-std=gnu99", "-g", "-O1", *SANITIZE, "-include", str(patch / "harness/harness.h")]
    sources = [core, patch / "harness/harness.c", patch / "harness/fuzz.c"]
    includes = [f"-I{include}", f"-I{patch}"]
    words: list[str | Path] = ["clang", *options, *includes, *sources, "-lpthread", "-o", made]
    subprocess.run(words, check=True)
    return made


def command(name: str, cache: Path) -> Sequence[str | Path]:
    """What runs the fuzzer of a target."""
    if name in TARGETS:
        return [sys.executable, "-m", "tests.fuzz.reader", name, "-max_len=4096"]
    if name in CORES:
        return [copyoutmbuf(name, cache), "-max_len=200", TOP / "opendtrace_patch/harness/corpus"]
    return [mbuf_trace(name, cache), "-max_len=600"]


def fuzz(name: str, seconds: int, runs: int, cache: Path) -> bool:
    """
    Whether nothing was found.

    :param seconds: for so long at most.
    :param runs: and so many inputs; -1 for no bound.
    :param cache: where all goes that is made of a target.
    """
    corpus = seeded(name, cache)
    words = [*command(name, cache), f"-max_total_time={seconds}", f"-runs={runs}"]
    words += ["-seed=1", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    words.append(f"-artifact_prefix={cache / name}/")
    words.insert(len(words) if name in TARGETS else 1, corpus)  # new ones go into the first
    done = subprocess.run(words, cwd=TOP, capture_output=True, text=True, check=False)
    found = re.search(r"stat::number_of_executed_units: +(\d+)", done.stderr)
    print(f"{name}: {found[1] if found else 'no'} runs, exit {done.returncode}", flush=True)
    if done.returncode:
        print(done.stderr[-3000:])
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="and no more than so many inputs")
    parser.add_argument("--cache", type=Path, default=CACHE, help="what is kept of each target")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(NAMES)
    if unknown:
        parser.error(f"no target {min(unknown)}: {', '.join(NAMES)}")
    names = arguments.targets or NAMES
    good = [fuzz(one, arguments.seconds, arguments.runs, arguments.cache) for one in names]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
