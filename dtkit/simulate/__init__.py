# SPDX-License-Identifier: BSD-2-Clause
"""
DTrace embedded: run a D program over packets that take the paths of a simulated network stack.

What comes out is what dtrace(1) prints, to the byte.
"""

from dtkit.simulate.cost import Cost, Costs, ProbeCost
from dtkit.simulate.output import Chunk
from dtkit.simulate.paths import Paths, PathsError, read_paths, shipped_paths
from dtkit.simulate.session import Settings, Simulation, run
from dtkit.simulate.stack import StackPacket

__all__ = [
    "Chunk",
    "Cost",
    "Costs",
    "Paths",
    "PathsError",
    "ProbeCost",
    "Settings",
    "Simulation",
    "StackPacket",
    "read_paths",
    "run",
    "shipped_paths",
]
