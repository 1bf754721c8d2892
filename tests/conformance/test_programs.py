# SPDX-License-Identifier: BSD-2-Clause
"""Programs of our own print by dtrace(1) what they print in the simulator, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtkit.dlang import TargetKernel
from tests.conformance.machine import Machine
from tests.simulate.programs import PROGRAMS, CapturedProgram


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_it_prints_the_same(path: Path, machine: Machine, kernel: TargetKernel) -> None:
    captured = CapturedProgram.read(path)
    told = machine.run(captured.words, {captured.file: captured.text})
    simulation = captured.simulation(kernel)
    chunks = list(simulation.run())
    out = "".join(chunk.text for chunk in chunks if not chunk.error)
    errors = "".join(chunk.text for chunk in chunks if chunk.error)
    assert out == told.out.decode("utf-8", "surrogateescape")
    assert errors == told.err.decode("utf-8", "surrogateescape")
    assert simulation.status == told.status
