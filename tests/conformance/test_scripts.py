# SPDX-License-Identifier: BSD-2-Clause
"""The ready-made scripts compile as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.machine import Machine

SCRIPTS = sorted((Path(__file__).parents[2] / "d_scripts").glob("*.d"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_compiles(script: Path, machine: Machine) -> None:
    text = script.read_text()
    told = machine.run(["dtrace", "-e", "-s", script.name], {script.name: text})
    if b"Requested version is not supported" in told.err and "copyoutmbuf(" in text:
        pytest.skip("that dtrace(1) has no copyoutmbuf")
    assert told.status == 0, told.err.decode()
