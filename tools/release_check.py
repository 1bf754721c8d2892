# SPDX-License-Identifier: BSD-2-Clause
"""
``make release-check``: all that a release has to pass, one after the other.

Each step is a target of the Makefile. What it prints goes to .cache/release-check/STEP.log; a line
here says how it ended. A step that fails does not stop those after it; the exit status is 0 if none
did.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["STEPS", "Step", "check"]

TOP = Path(__file__).resolve().parent.parent
LOGS = TOP / ".cache/release-check"

#: What make says of itself, which tells nothing of the step.
OF_MAKE = re.compile(r"\w*make(\[\d+\])?: ")


@dataclass(frozen=True)
class Step:
    """A target, and the variables that a release sets for it."""

    target: str
    variables: tuple[str, ...] = ()


#: What is quick to fail stands first.
STEPS = (
    Step("test"),
    Step("conformance"),
    Step("docs"),
    Step("builds"),
    Step("port"),
    Step("pyz"),
    Step("upstream"),
    Step("proof"),
    Step("benchmark"),
    Step("fuzz", ("SECONDS=3600",)),
    Step("mutants", ("SAMPLE=200",)),
)


def check(make: Sequence[str], steps: Sequence[Step]) -> bool:
    """
    Take the steps.

    :param make: the words of the make program.
    :return: whether all of them ended well.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    good = []
    for step in steps:
        start = time.monotonic()
        with (LOGS / f"{step.target}.log").open("w+b") as log:
            done = subprocess.run(
                [*make, step.target, *step.variables],
                cwd=TOP,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            log.seek(0)
            lines = log.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip() and not OF_MAKE.match(line)]
        last = said[-1] if said else ""
        good.append(done.returncode == 0)
        word = "ok" if good[-1] else "FAILED"
        took = time.monotonic() - start
        print(f"{word:<6} {step.target:<12} {took:6.0f} s  {last[:120]}", flush=True)
    print(f"{sum(good)} of {len(good)} steps are good; {LOGS.relative_to(TOP)} has their output")
    return all(good)


def main() -> int:
    parser = argparse.ArgumentParser(description="Take the steps of a release.")
    parser.add_argument("--make", default="make", help="the make program, and words for it")
    parser.add_argument(
        "steps", nargs="*", help="these alone, of: " + " ".join(s.target for s in STEPS)
    )
    given = parser.parse_args()
    if unknown := set(given.steps) - {step.target for step in STEPS}:
        parser.error(f"no such step: {' '.join(sorted(unknown))}")
    steps = [step for step in STEPS if not given.steps or step.target in given.steps]
    return 0 if check(given.make.split(), steps) else 1


if __name__ == "__main__":
    sys.exit(main())
