# SPDX-License-Identifier: BSD-2-Clause
"""
One-liners: a dtrace(1) command that shows what is in the mbufs at some probes.

How bytes get out of an mbuf chain is the *copy method*. ``first`` dumps the first mbuf, which is
enough for headers and works on every FreeBSD. ``copyoutmbuf`` copies from the whole chain and needs
the subroutine of that name (OpenDTrace RFD, `copyoutmbuf`).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dtkit import __version__
from dtkit.generate.templating import render
from dtkit.probes import Probe

#: The most bytes of a packet one may ask for: the most an IPv4 packet has.
LONGEST = 65535


class Copy(StrEnum):
    """How bytes get out of an mbuf chain."""

    FIRST = "first"
    COPYOUTMBUF = "copyoutmbuf"


@dataclass(frozen=True, slots=True)
class Request:
    """
    What to show of a packet.

    :ivar length: bytes; 0 asks for all there are, up to *most*.
    :ivar offset: bytes of the chain to skip.
    :ivar most: with *length* 0, the most to show: the constant that tracemem() reserves room for
        in every record, however short the packet.
    :ivar copy: the copy method.
    :ivar annotate: whether the output says where and when each packet was seen, and how long it
        is, in lines that dtkit reads back.
    :raises ValueError: a number is out of range.
    """

    length: int = 64
    offset: int = 0
    most: int = 2048
    copy: Copy = Copy.FIRST
    annotate: bool = False

    def __post_init__(self) -> None:
        for name, least in (("length", 0), ("offset", 0), ("most", 1)):
            value = getattr(self, name)
            if not least <= value <= LONGEST:
                raise ValueError(f"{name} {value} is not between {least} and {LONGEST}")


def program(probes: Sequence[Probe], request: Request) -> str:
    """
    The D program that shows packets at *probes*, on several lines.

    :raises ValueError: *probes* is empty.
    """
    if not probes:
        raise ValueError("no probe was given")
    return render(
        "oneliner.d.j2",
        probes=list(probes),
        size=request.length or request.most,
        everything=request.length == 0,
        offset=request.offset,
        copy=str(request.copy),
        annotate=request.annotate,
        version=__version__,
    ).strip()


def oneliner(probes: Sequence[Probe], request: Request) -> str:
    """
    The command that shows packets at *probes*, ready for a shell.

    >>> from dtkit.probes import catalog
    >>> oneliner([catalog()["tcp_input"]], Request(copy=Copy.COPYOUTMBUF))
    "dtrace -n 'fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64), 64); }'"

    :raises ValueError: *probes* is empty.
    """
    lines = (line.strip() for line in program(probes, request).splitlines())
    words = ["dtrace", *(["-q"] if request.annotate else []), "-n", " ".join(filter(None, lines))]
    return shlex.join(words)
