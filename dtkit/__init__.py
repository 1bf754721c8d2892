# SPDX-License-Identifier: BSD-2-Clause
"""
dtkit: the packet microscope for DTrace on BSD network stacks.

The rooms of the package, from the ground up (a room imports only those before it):
:mod:`dtkit.mbuf`, :mod:`dtkit.probes`, :mod:`dtkit.dlang`, :mod:`dtkit.packets`,
:mod:`dtkit.output`, :mod:`dtkit.generate`, :mod:`dtkit.simulate`, :mod:`dtkit.trace`,
:mod:`dtkit.live`, :mod:`dtkit.front`, :mod:`dtkit.cli`, :mod:`dtkit.testing`. What a program
asks first is here; `docs/howto/python.md` has it in five short ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtkit.door import door
from dtkit.version import __version__

if TYPE_CHECKING:
    from dtkit.dlang import check
    from dtkit.front import InputWarning, read_journeys, read_packets, script
    from dtkit.mbuf import Kernel, Machine, Segment, copyoutmbuf, mbuflen
    from dtkit.output import read_output
    from dtkit.packets.capture import read_capture
    from dtkit.packets.packet import Packet
    from dtkit.probes import Probe, catalog
    from dtkit.trace.journey.model import Journey

__all__ = [
    "InputWarning",
    "Journey",
    "Kernel",
    "Machine",
    "Packet",
    "Probe",
    "Segment",
    "__version__",
    "catalog",
    "check",
    "copyoutmbuf",
    "mbuflen",
    "read_capture",
    "read_journeys",
    "read_output",
    "read_packets",
    "script",
]

#: The module of each public name: imported when it is asked for, for ``dtkit --help`` to be quick.
_ROOMS = {
    "InputWarning": "dtkit.front",
    "Journey": "dtkit.trace.journey.model",
    "Kernel": "dtkit.mbuf",
    "Machine": "dtkit.mbuf",
    "Packet": "dtkit.packets.packet",
    "Probe": "dtkit.probes",
    "Segment": "dtkit.mbuf",
    "catalog": "dtkit.probes",
    "check": "dtkit.dlang",
    "copyoutmbuf": "dtkit.mbuf",
    "mbuflen": "dtkit.mbuf",
    "read_capture": "dtkit.packets.capture",
    "read_journeys": "dtkit.front",
    "read_output": "dtkit.output",
    "read_packets": "dtkit.front",
    "script": "dtkit.front",
}

__getattr__, __dir__ = door(__name__, _ROOMS)
