# SPDX-License-Identifier: BSD-2-Clause
"""What is asked for: which bytes of which packets, and how to get at them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum

from dtkit.packets.linktype import LinkType

#: The most bytes of a packet one may ask for: the most an IPv4 packet has.
LONGEST = 65535

#: The most mbufs of a chain that a script may be unrolled for.
DEEPEST = 64

#: Mbufs of a chain that are shown, and that filters reach into, where nothing is said. Headers lie
#: in the first one, mostly.
SEGMENTS, REACH = 8, 3


class Copy(StrEnum):
    """How bytes get out of an mbuf chain."""

    FIRST = "first"  #: the first mbuf: cheapest, enough for headers
    SEGMENTS = "segments"  #: mbuf by mbuf, one clause for each
    COPYOUTMBUF = "copyoutmbuf"  #: the subroutine of that name, where the kernel has it

    @property
    def needs(self) -> str:
        """What a script that copies so runs on."""
        if self is Copy.COPYOUTMBUF:
            return "a kernel and dtrace(1) with the copyoutmbuf subroutine (D 1.14)"
        return "a stock FreeBSD 12 or later"


@dataclass(frozen=True, slots=True)
class Conditions:
    """
    Which firings are shown; what is None or empty asks for nothing.

    :ivar filter: an expression of pcap-filter(7).
    :ivar inner: the same of a packet that a tunnel carries, which must pass as well.
    :ivar linktype: what packets start with at probes where it is not known, for *filter*.
    :ivar interface: name of a network interface.
    :ivar vnet: the network stack that is at work: ``host``, or the address of a ``struct vnet``.
    :ivar execname: name of the program that is running on the CPU.
    :ivar pid: its process.
    :ivar where: an expression of D; ``this->m`` is the mbuf.
    :ivar count: stop after so many packets.
    :ivar seconds: stop after so long.
    :ivar rate: the most packets to show in a second.
    :ivar sample: one of so many, chosen at random.
    :raises ValueError: a number is out of range.
    """

    filter: str = ""
    linktype: LinkType | None = None
    interface: str = ""
    vnet: str = ""
    execname: str = ""
    pid: int | None = None
    where: str = ""
    count: int | None = None
    seconds: int | None = None
    rate: int | None = None
    sample: int | None = None
    inner: str = ""

    def __post_init__(self) -> None:
        for name, least in (("pid", 0), ("count", 1), ("seconds", 1), ("rate", 1), ("sample", 1)):
            value = getattr(self, name)
            if value is not None and not least <= value < 1 << 31:
                raise ValueError(f"{name} {value} is not between {least} and {(1 << 31) - 1}")

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return any(getattr(self, one.name) not in ("", None) for one in fields(self))


@dataclass(frozen=True, slots=True)
class Request:
    """
    What to show of a packet, and of which.

    :ivar length: bytes; 0 asks for all there are, up to *most*.
    :ivar offset: bytes of the chain to skip.
    :ivar most: with *length* 0, the most to show: the constant that tracemem() reserves room for
        in every record, however short the packet.
    :ivar copy: the copy method.
    :ivar annotate: whether the output says where and when each packet was seen, and how long it
        is, in lines that dtkit reads back.
    :ivar depth: mbufs of a chain that the segments method and filters reach into; None is
        :data:`SEGMENTS` for the one, and :data:`REACH` for the other.
    :ivar stack: whether the kernel's stack is shown with each packet.
    :ivar conditions: which packets.
    :ivar meta: whether annotations say what the packet's header has beside its bytes.
    :raises ValueError: a number is out of range.
    """

    length: int = 64
    offset: int = 0
    most: int = 2048
    copy: Copy = Copy.FIRST
    annotate: bool = False
    depth: int | None = None
    stack: bool = False
    conditions: Conditions = field(default_factory=Conditions)
    meta: bool = False

    def __post_init__(self) -> None:
        ranges = {"length": (0, LONGEST), "offset": (0, LONGEST), "most": (1, LONGEST)}
        for name, (least, greatest) in {**ranges, "depth": (1, DEEPEST)}.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= greatest:
                raise ValueError(f"{name} {value} is not between {least} and {greatest}")

    @property
    def segments(self) -> int:
        """Mbufs of a chain that are shown."""
        return self.depth or SEGMENTS

    @property
    def reach(self) -> int:
        """Mbufs of a chain that filters reach into."""
        return self.depth or REACH

    @property
    def size(self) -> int:
        """The most bytes of a packet that are shown."""
        return self.length or self.most
