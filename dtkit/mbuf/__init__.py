# SPDX-License-Identifier: BSD-2-Clause
"""
The reference model: kernel memory, mbuf chains, safe copy, ``copyoutmbuf``.

It mirrors the kernel byte for byte and fault for fault, and the C beside it is compared with it.
Read :mod:`~dtkit.mbuf.subroutines` for the contract, :mod:`~dtkit.mbuf.copydata` for the walk.
"""

from dtkit.mbuf.broken import BREAKS, KINDS, Break, BreakError, break_chain
from dtkit.mbuf.case import Case, Setup
from dtkit.mbuf.copydata import dtrace_mbuf_copydata
from dtkit.mbuf.edge_cases import EDGE_CASES, EdgeCase, counting_bytes
from dtkit.mbuf.faults import FaultFlag, KernelFault
from dtkit.mbuf.kernel import Chain, Kernel, Mbuf, Segment, Storage, split
from dtkit.mbuf.layout import (
    FREEBSD_12,
    FREEBSD_13_2019,
    FREEBSD_14,
    FREEBSD_14_ILP32,
    Layout,
    MFlag,
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
