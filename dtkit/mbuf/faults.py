# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong in probe context, as the kernel flags it and as dtrace(1) words it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class FaultFlag(enum.IntFlag):
    """
    The fault bits of a CPU's ``cpuc_dtrace_flags``.

    Values and names are those of ``CPU_DTRACE_*`` in the kernel's ``sys/cpuvar_defs.h``
    (FreeBSD) and ``sys/cpuvar.h`` (illumos). ``DROP`` and ``NOFAULT`` of the same word are no
    faults and are left out.
    """

    BADADDR = 0x0004
    BADALIGN = 0x0008
    DIVZERO = 0x0010
    ILLOP = 0x0020
    NOSCRATCH = 0x0040
    KPRIV = 0x0080
    UPRIV = 0x0100
    TUPOFLOW = 0x0200
    BADSTACK = 0x1000

    @property
    def text(self) -> str:
        """What dtrace(1) calls the fault: ``"invalid address"``."""
        return _TEXT[self]

    @property
    def has_illval(self) -> bool:
        """Whether the kernel sets ``illval`` with this flag."""
        return self in _WITH_ILLVAL


#: In the order in which the kernel looks for the fault to report when several flags are set
#: (``DTRACE_FLAGS2FLT`` in ``sys/dtrace_impl.h``); the wording is ``dtrace_faultstr()``'s.
_TEXT = {
    FaultFlag.BADADDR: "invalid address",
    FaultFlag.ILLOP: "illegal operation",
    FaultFlag.DIVZERO: "divide-by-zero",
    FaultFlag.KPRIV: "invalid kernel access",
    FaultFlag.UPRIV: "invalid user access",
    FaultFlag.TUPOFLOW: "tuple stack overflow",
    FaultFlag.BADALIGN: "invalid alignment",
    FaultFlag.NOSCRATCH: "out of scratch space",
    FaultFlag.BADSTACK: "bad stack",
}

_WITH_ILLVAL = frozenset(
    {
        FaultFlag.BADADDR,
        FaultFlag.BADALIGN,
        FaultFlag.KPRIV,
        FaultFlag.UPRIV,
        FaultFlag.BADSTACK,
    }
)

#: The faults for which dtrace(1) prints the offending value (``dt_handle_err()``).
_PRINTS_ILLVAL = frozenset({FaultFlag.BADADDR, FaultFlag.BADALIGN, FaultFlag.BADSTACK})


@dataclass(frozen=True, slots=True)
class KernelFault:
    """
    A fault as a value: the flag, and the offending address where the flag has one.

    ``str()`` is dtrace(1)'s wording: ``invalid address (0x18)``. The kernel keeps the address
    of a KPRIV too (:attr:`illval`), but dtrace(1) does not print it.
    """

    flag: FaultFlag
    #: The offending address, unsigned, for BADADDR, BADALIGN, KPRIV, UPRIV and BADSTACK; else 0.
    illval: int = 0

    def __str__(self) -> str:
        if self.flag in _PRINTS_ILLVAL:
            return f"{self.flag.text} (0x{self.illval:x})"
        return self.flag.text

    def error_line(
        self,
        probe: str,
        *,
        epid: int = 1,
        id: int = 1,
        action: int | None = None,
        offset: int | None = None,
    ) -> str:
        """
        The line in which dtrace(1) reports this fault, as ``dt_handle_err()`` words it.

        :param probe: provider:module:function:name.
        :param epid: the enabled probe's number; *id* is the probe's.
        :param action: number of the action in its clause, from 1; None for a predicate.
        :param offset: byte offset in the DIF; None leaves it out, as where an action itself
            faulted.
        """
        where = "predicate" if action is None else f"action #{action}"
        at = "" if offset is None else f" at DIF offset {offset}"
        return f"dtrace: error on enabled probe ID {epid} (ID {id}: {probe}): {self} in {where}{at}"

    @classmethod
    def of_flags(cls, flags: FaultFlag, illval: int) -> KernelFault | None:
        """The fault that the kernel reports for *flags*; None when none is set."""
        for flag in _TEXT:
            if flags & flag:
                return cls(flag, illval if flag.has_illval else 0)
        return None
