# SPDX-License-Identifier: BSD-2-Clause
"""Programs of our own print what dtrace(1) printed of them, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulate.programs import PROGRAMS, CapturedProgram


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path) -> None:
    captured = CapturedProgram.read(path)
    simulation = captured.simulation()
    assert "".join(chunk.text for chunk in simulation.run()) == captured.output
    assert simulation.status == captured.status


def test_programs_are_there() -> None:
    assert len(PROGRAMS) > 200
