# SPDX-License-Identifier: BSD-2-Clause
"""
The reference model: kernel memory, mbuf chains, safe copy, ``copyoutmbuf``.

It mirrors the kernel byte for byte and fault for fault, and the C beside it is compared with it.
Read :mod:`~dtkit.mbuf.subroutines` for the contract, :mod:`~dtkit.mbuf.copydata` for the walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtkit.door import door

if TYPE_CHECKING:
    from dtkit.mbuf.broken import BREAKS, KINDS, Break, BreakError, break_chain
    from dtkit.mbuf.case import Case, Setup
    from dtkit.mbuf.copydata import dtrace_mbuf_copydata
    from dtkit.mbuf.edge_cases import EDGE_CASES, EdgeCase, counting_bytes
    from dtkit.mbuf.faults import FaultFlag, KernelFault
    from dtkit.mbuf.flags import MFlag
    from dtkit.mbuf.kernel import Chain, Kernel, Mbuf, Segment, Storage, split
    from dtkit.mbuf.layout import (
        FREEBSD_12,
        FREEBSD_13_2019,
        FREEBSD_14,
        FREEBSD_14_ILP32,
        Layout,
    )
    from dtkit.mbuf.machine import Access, Canload, Load, Machine, Scratch
    from dtkit.mbuf.memory import DirectMap, KernelPanic, Memory, Region, ToxicRange
    from dtkit.mbuf.subroutines import copyoutmbuf, mbuflen

__all__ = [
    "BREAKS",
    "EDGE_CASES",
    "FREEBSD_12",
    "FREEBSD_13_2019",
    "FREEBSD_14",
    "FREEBSD_14_ILP32",
    "KINDS",
    "Access",
    "Break",
    "BreakError",
    "Canload",
    "Case",
    "Chain",
    "DirectMap",
    "EdgeCase",
    "FaultFlag",
    "Kernel",
    "KernelFault",
    "KernelPanic",
    "Layout",
    "Load",
    "MFlag",
    "Machine",
    "Mbuf",
    "Memory",
    "Region",
    "Scratch",
    "Segment",
    "Setup",
    "Storage",
    "ToxicRange",
    "break_chain",
    "copyoutmbuf",
    "counting_bytes",
    "dtrace_mbuf_copydata",
    "mbuflen",
    "split",
]

#: The module of each name: imported when it is asked for, since most commands need few of them.
_MODULES = {
    "Access": "dtkit.mbuf.machine",
    "BREAKS": "dtkit.mbuf.broken",
    "Break": "dtkit.mbuf.broken",
    "BreakError": "dtkit.mbuf.broken",
    "Canload": "dtkit.mbuf.machine",
    "Case": "dtkit.mbuf.case",
    "Chain": "dtkit.mbuf.kernel",
    "DirectMap": "dtkit.mbuf.memory",
    "EDGE_CASES": "dtkit.mbuf.edge_cases",
    "EdgeCase": "dtkit.mbuf.edge_cases",
    "FREEBSD_12": "dtkit.mbuf.layout",
    "FREEBSD_13_2019": "dtkit.mbuf.layout",
    "FREEBSD_14": "dtkit.mbuf.layout",
    "FREEBSD_14_ILP32": "dtkit.mbuf.layout",
    "FaultFlag": "dtkit.mbuf.faults",
    "KINDS": "dtkit.mbuf.broken",
    "Kernel": "dtkit.mbuf.kernel",
    "KernelFault": "dtkit.mbuf.faults",
    "KernelPanic": "dtkit.mbuf.memory",
    "Layout": "dtkit.mbuf.layout",
    "Load": "dtkit.mbuf.machine",
    "MFlag": "dtkit.mbuf.flags",
    "Machine": "dtkit.mbuf.machine",
    "Mbuf": "dtkit.mbuf.kernel",
    "Memory": "dtkit.mbuf.memory",
    "Region": "dtkit.mbuf.memory",
    "Scratch": "dtkit.mbuf.machine",
    "Segment": "dtkit.mbuf.kernel",
    "Setup": "dtkit.mbuf.case",
    "Storage": "dtkit.mbuf.kernel",
    "ToxicRange": "dtkit.mbuf.memory",
    "break_chain": "dtkit.mbuf.broken",
    "copyoutmbuf": "dtkit.mbuf.subroutines",
    "counting_bytes": "dtkit.mbuf.edge_cases",
    "dtrace_mbuf_copydata": "dtkit.mbuf.copydata",
    "mbuflen": "dtkit.mbuf.subroutines",
    "split": "dtkit.mbuf.kernel",
}

__getattr__, __dir__ = door(__name__, _MODULES)
