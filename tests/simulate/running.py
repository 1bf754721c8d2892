# SPDX-License-Identifier: BSD-2-Clause
"""Running a program in the embedded DTrace, and seeing that it ran."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from dtkit.simulate import Settings, Simulation, StackPacket

_REFUSED = re.compile(r"^dtrace: (?:failed to compile|invalid probe specifier)", re.MULTILINE)


def ran(
    program: str,
    packets: Iterable[StackPacket] = (),
    settings: Settings | None = None,
    fires: bool = True,
) -> str:
    """
    What dtrace(1) prints of *program*, output and errors in one stream.

    :param fires: False where the program is not to fire; that it compiled is seen all the same.
    """
    simulation = Simulation(program, replace(settings or Settings(), cost=True))
    text = "".join(chunk.text for chunk in simulation.run(packets))
    assert not _REFUSED.search(text), text
    assert any(cost.firings for cost in simulation.costs) is fires, text
    return text
