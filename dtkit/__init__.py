# SPDX-License-Identifier: BSD-2-Clause
"""
dtkit: the packet microscope for DTrace on BSD network stacks.

The rooms of the package, from the ground up (a room imports only those before it):
:mod:`dtkit.mbuf`, :mod:`dtkit.probes`, :mod:`dtkit.dlang`, :mod:`dtkit.packets`,
:mod:`dtkit.output`, :mod:`dtkit.generate`, :mod:`dtkit.simulate`, :mod:`dtkit.trace`,
:mod:`dtkit.live`, :mod:`dtkit.cli`, :mod:`dtkit.testing`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtkit.mbuf import Kernel, Machine, Segment, copyoutmbuf, mbuflen

__version__ = "0.1.0"

__all__ = ["Kernel", "Machine", "Segment", "__version__", "copyoutmbuf", "mbuflen"]

#: The room of each public name: imported when it is asked for, for ``dtkit --help`` to be quick.
_ROOMS = {
    "Kernel": "dtkit.mbuf",
    "Machine": "dtkit.mbuf",
    "Segment": "dtkit.mbuf",
    "copyoutmbuf": "dtkit.mbuf",
    "mbuflen": "dtkit.mbuf",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)
