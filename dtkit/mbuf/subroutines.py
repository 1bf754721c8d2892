# SPDX-License-Identifier: BSD-2-Clause
"""
The D subroutines ``copyoutmbuf()`` (number 54) and ``mbuflen()`` (number 55).

The contract, clause by clause; Python, C and documentation follow it alike:

1. *Chain data* is the concatenation of ``m_len`` bytes at ``m_data`` of each mbuf along
   ``m_next``. ``m_nextpkt`` and ``m_pkthdr.len`` play no part. ``offset`` left out is 0.
2. ``n = length`` if ``length > 0``; else ``n = max(chain length - offset, 0)``.
3. The result is ``n`` bytes of scratch, 8-byte aligned: byte ``i`` is chain byte ``offset + i``
   where there is one and zero otherwise; none is stale. Length and offset are independent; an
   offset at or past the end is no error.
4. Order of checks: ``m == NULL``; then scratch (``length > 0``) and the walk, or (``length`` 0)
   the counting walk and scratch. Not enough scratch is NOSCRATCH: result 0, the scratch pointer
   where it was, no chain data read.
5. ``canload`` before each header and before each segment's bytes; every load is safe; nothing
   is loaded after the first fault, which gives result 0 and leaves the scratch pointer alone.
6. ``m == NULL`` is BADADDR with ``illval`` 0; a negative ``m_len`` is BADADDR with ``illval`` =
   its address; one mbuf more than ``dtrace_mbuf_maxchain`` in a walk is ILLOP; an unmapped mbuf
   is read through the direct map, or is BADADDR with ``illval`` = that mbuf.
7. A ``length`` of n reads no header past the one that holds byte ``offset + n - 1``.
8. One pass (with ``length`` 0 a counting pass first). A chain that changes meanwhile, or whose
   data overlaps the result, is safe: at most n bytes are written, their values unspecified.
9. ``mbuflen(m)`` is the chain's length, by the same walk, checks and limit.
"""

from __future__ import annotations

from dtkit.mbuf.copydata import dtrace_mbuf_copydata
from dtkit.mbuf.faults import FaultFlag
from dtkit.mbuf.machine import Machine


def copyoutmbuf(machine: Machine, m: int, length: int, offset: int = 0) -> int:
    """
    ``void *copyoutmbuf(struct mbuf *m, size_t length [, size_t offset])``.

    :param machine: the CPU it runs on; its fault flags are clear, as at the start of a clause.
    :param m: address of the first mbuf.
    :param length: bytes wanted; 0 for all from *offset* on.
    :param offset: chain bytes to pass over.
    :returns: the address of the result in scratch, or 0 after a fault (:attr:`Machine.fault`).

    Arguments are cut to ``uintptr_t`` and ``size_t`` of the machine, as C does. Faults: BADADDR,
    BADALIGN, ILLOP, KPRIV, NOSCRATCH; see the module's contract. Source: OpenDTrace RFD
    "copyoutmbuf", with what it leaves open decided there.
    """
    size_max = machine.memory.max_address
    m, length, offset = m & size_max, length & size_max, offset & size_max
    if m == 0:
        machine.raise_fault(FaultFlag.BADADDR, 0)
        return 0
    n = length
    if length == 0:
        n = dtrace_mbuf_copydata(machine, m, offset, size_max, None)
        if machine.flags:
            return 0
    destination = machine.scratch.place(n)
    if destination is None:
        machine.raise_fault(FaultFlag.NOSCRATCH)
        return 0
    copied = dtrace_mbuf_copydata(machine, m, offset, n, destination)
    if machine.flags:
        return 0
    machine.memory.write(destination + copied, bytes(n - copied))
    machine.scratch.ptr = destination + n
    return destination


def mbuflen(machine: Machine, m: int) -> int:
    """
    ``size_t mbuflen(struct mbuf *m)``: bytes of data in the chain at *m*.

    Reads headers only. 0 after a fault (BADADDR, BADALIGN, ILLOP, KPRIV); a sum that ``size_t``
    cannot hold (forged lengths on a 32-bit machine) is the largest ``size_t``.
    """
    size_max = machine.memory.max_address
    m &= size_max
    if m == 0:
        machine.raise_fault(FaultFlag.BADADDR, 0)
        return 0
    length = dtrace_mbuf_copydata(machine, m, 0, size_max, None)
    return 0 if machine.flags else length
