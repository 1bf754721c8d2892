# SPDX-License-Identifier: BSD-2-Clause
"""A call of ``copyoutmbuf()`` as a value: everything that decides its outcome."""

from __future__ import annotations

from dataclasses import dataclass

from dtkit.mbuf.broken import break_chain
from dtkit.mbuf.kernel import Chain, Kernel, Segment
from dtkit.mbuf.layout import FREEBSD_14, Layout
from dtkit.mbuf.machine import MAXCHAIN, Machine
from dtkit.mbuf.memory import ByteOrder


@dataclass(frozen=True, slots=True)
class Setup:
    """A case in memory: ready to run."""

    kernel: Kernel
    machine: Machine
    chain: Chain


@dataclass(frozen=True, slots=True)
class Case:
    """One call of ``copyoutmbuf()`` with all that decides its outcome. Sizes in bytes."""

    segments: tuple[Segment, ...] = (Segment(b"data"),)
    length: int = 0
    offset: int = 0
    layout: Layout = FREEBSD_14
    byteorder: ByteOrder = "little"
    direct_map: bool = True
    strict_alignment: bool = False
    kernel_access: bool = True
    maxchain: int = MAXCHAIN
    scratch: int = 4096
    #: Scratch handed out before the call.
    used: int = 0
    #: ``(kind, index)`` for :func:`dtkit.mbuf.break_chain`, in this order.
    broken: tuple[tuple[str, int], ...] = ()

    def build(self) -> Setup:
        """Lay the case out in a fresh kernel. ``ValueError`` for segments that do not fit."""
        kernel = Kernel(
            self.layout,
            byteorder=self.byteorder,
            direct_map=self.direct_map,
            strict_alignment=self.strict_alignment,
        )
        chain = kernel.build(self.segments)
        for kind, index in self.broken:
            chain = break_chain(kernel, chain, kind, index)
        machine = kernel.cpu(
            self.scratch,
            kernel_access=self.kernel_access,
            maxchain=self.maxchain,
            used=self.used,
        )
        return Setup(kernel, machine, chain)
