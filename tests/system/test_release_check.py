# SPDX-License-Identifier: BSD-2-Clause
"""``make release-check``: each step in order, a line for each, and one exit status."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import release_check
from tools.release_check import STEPS

TOP = Path(__file__).parents[2]


def run(tmp_path: Path, make: str, *steps: str) -> subprocess.CompletedProcess[str]:
    """With a stand-in for make, which is told what it is asked for."""
    program = tmp_path / "make"
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n{make}\n')
    program.chmod(0o755)
    code = (
        "import sys, pathlib; from tools import release_check as r;"
        f"r.LOGS = pathlib.Path({str(tmp_path)!r}) / 'logs'; r.TOP = r.LOGS.parent;"
        "sys.exit(r.main())"
    )
    words = [sys.executable, "-c", code, "--make", str(program), *steps]
    return subprocess.run(words, cwd=TOP, capture_output=True, text=True)


def test_every_step_is_taken_in_order(tmp_path: Path) -> None:
    done = run(tmp_path, "echo first; echo; echo all of $1; echo; echo 'make[1]: Leaving'")
    assert done.returncode == 0
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [" ".join([step.target, *step.variables]) for step in STEPS]
    *lines, total = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", step.target] for step in STEPS]
    assert lines[0].endswith("all of test")
    assert total.startswith(f"{len(STEPS)} of {len(STEPS)} steps are good")


def test_one_that_fails_stops_none_and_is_the_status(tmp_path: Path) -> None:
    done = run(
        tmp_path, 'test "$1" != proof || { echo no prover; echo "make: *** Error 2"; exit 2; }'
    )
    assert done.returncode == 1
    assert len((tmp_path / "asked").read_text().splitlines()) == len(STEPS)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert re.match(r"FAILED proof +\d+ s  no prover$", line)
    assert (tmp_path / "logs/proof.log").read_text().startswith("no prover\n")


def test_some_steps_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "", "pyz", "test")
    assert (tmp_path / "asked").read_text().split() == ["test", "pyz"]
    assert done.returncode == 0
    assert run(tmp_path, "", "nothing").returncode == 2


def test_steps_are_targets_and_the_checklist_has_them() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    assert {step.target for step in STEPS} <= targets
    assert release_check.TOP == TOP
    said = (TOP / "CONTRIBUTING.md").read_text().partition("## A release\n")[2]
    assert [step for step in STEPS if f"`{step.target}`" not in said] == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.target)
def test_variables_of_a_step_are_the_makefiles(step: release_check.Step) -> None:
    text = (TOP / "Makefile").read_text()
    assert all(re.search(rf"^{one.partition('=')[0]} =", text, re.M) for one in step.variables)
