# SPDX-License-Identifier: BSD-2-Clause
"""
How large dtrace(1)'s buffers must be, and how often it must read them.

Each CPU has two buffers and dtrace(1) reads them in turn. A record takes its full constant size,
however short the packet, and what does not fit until the next switch is dropped. What is left of a
buffer behind the record is also all the scratch memory that copyoutmbuf() has.
"""

from __future__ import annotations

from dataclasses import dataclass

from dtkit.counted import counted
from dtkit.generate.request import Copy, Request

#: The line about a packet, its record's header, and that of the dump.
_OVERHEAD = 96

#: Frames of a kernel stack that dtrace records by default, 8 bytes each.
_STACK = 20 * 8

#: Packets a second that a script should be good for when no rate is given.
_BUSY = 10_000

#: Segments that chains are taken to have on average.
_SEGMENTS = 2

#: What FreeBSD's dtrace(1) takes by default, and the most that is asked for: per CPU, twice.
_LEAST, _MOST = 4, 64

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Buffers:
    """
    Buffer options of a script.

    :ivar mebibytes: ``bufsize``, a power of two.
    :ivar hertz: ``switchrate``.
    :ivar why: how they were found, one line.
    """

    mebibytes: int
    hertz: int
    why: str


def buffers(request: Request) -> Buffers:
    """Buffers that hold what the packets of one switch take, by length and rate."""
    record = request.size + _OVERHEAD + (_STACK if request.stack else 0)
    what = f"{record} bytes a record"
    if request.copy is Copy.SEGMENTS:
        record *= _SEGMENTS
        what += f", {_SEGMENTS} records a packet"
    elif request.copy is Copy.COPYOUTMBUF:
        # The record, and as much scratch again for the copy behind it.
        record += request.size
        what += f" and {request.size} of scratch"
    rate = min(request.conditions.rate or _BUSY, _BUSY * 10)
    # Read more often before asking for more memory.
    hertz = 1 if record * rate <= _LEAST * _MIB else 10
    needed = record * rate // hertz
    size = _LEAST
    while size * _MIB < needed and size < _MOST:
        size *= 2
    good = min(size * _MIB * hertz // record, rate)
    return Buffers(size, hertz, f"{what}: good for {counted(good, 'packet')} a second on each CPU")
