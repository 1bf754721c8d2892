# SPDX-License-Identifier: BSD-2-Clause
"""
Which packets a script follows: a condition in D at each layer at which it is given packets.

A filter looks at the network layer where that is possible, behind the Ethernet header (and one VLAN
tag among the bytes), if there is one; one that asks for Ethernet looks at frames, and at a VLAN tag
where the kernel keeps it: in ``m_pkthdr.ether_vtag``, not among the bytes.
"""

from __future__ import annotations

from dtkit.generate.bpf import TranslationError
from dtkit.generate.filtering import DATA, straight_line, with_tag
from dtkit.generate.functions import Layer, PathError
from dtkit.generate.inner import inner_condition
from dtkit.generate.lazy import Lazy, NotLazyError, all_of, decision
from dtkit.generate.text import D
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Program, compile_filter

#: Mbufs that a filter reaches into.
DEPTH = 3

#: The link type that a filter is compiled for at a layer.
_LINKS = {
    Layer.IPV4: LinkType.IPV4,
    Layer.UNFINISHED: LinkType.IPV4,
    Layer.IPV6: LinkType.IPV6,
    Layer.IP: LinkType.RAW,
    Layer.ETHERNET: LinkType.RAW,
    Layer.ANYTHING: LinkType.RAW,
}


def _type(at: int) -> str:
    return (
        f"this->d[{at}] == 8 && this->d[{at + 1}] == 0 || "
        f"this->d[{at}] == 0x86 && this->d[{at + 1}] == 0xdd"
    )


#: IP behind an Ethernet header: ``this->d`` is moved to it.
BEHIND_ETHERNET = (
    f"(this->l >= 14 && ({_type(12)} ? (this->d += 14, this->l -= 14, 1) : "
    "this->l >= 18 && this->d[12] == 0x81 && this->d[13] == 0 && "
    f"({_type(16)}) && (this->d += 18, this->l -= 18, 1)))"
)

#: The same where the bytes may begin with IP as well.
_IP = "(this->d[0] >= 0x45 && this->d[0] < 0x50 || this->l >= 40 && (this->d[0] & 0xf0) == 0x60)"
BEHIND_ANYTHING = (
    "(this->l >= 34 && (this->d[12] == 8 && this->d[13] == 0 && (this->d[14] & 0xf0) == 0x40 || "
    "this->d[12] == 0x86 && this->d[13] == 0xdd && (this->d[14] & 0xf0) == 0x60) ? "
    "(this->d += 14, this->l -= 14, 1) : "
    "this->l >= 38 && this->d[12] == 0x81 && this->d[13] == 0 && ("
    "this->d[16] == 8 && this->d[17] == 0 && (this->d[18] & 0xf0) == 0x40 || "
    "this->d[16] == 0x86 && this->d[17] == 0xdd && (this->d[18] & 0xf0) == 0x60) ? "
    f"(this->d += 18, this->l -= 18, 1) : this->l >= 20 && {_IP})"
)

#: Any frame, where the bytes may begin with IP as well.
_FRAME = (
    "this->l >= 34 && (this->d[12] == 8 && this->d[13] == 0 && (this->d[14] & 0xf0) == 0x40 || "
    "this->d[12] == 0x86 && this->d[13] == 0xdd && (this->d[14] & 0xf0) == 0x60)"
)

#: The program that every packet of IP passes.
_ALL = "ip or ip6"


class Chosen:
    """
    The packets that pass a filter.

    :param expression: pcap-filter(7); empty for every IP packet.
    :param inner: the same for what tunnels carry, one of which must pass as well; empty for any.
    :raises PathError: it is none.
    :ivar lazy: whether the filter is a lazy expression at every layer.
    """

    def __init__(self, expression: str, inner: str = "") -> None:
        self.expression = expression
        self.inner = inner
        self.lazy = True
        self.on_frames = False
        if not expression:
            return
        try:
            compile_filter(expression, LinkType.RAW)
        except FilterError as error:
            try:
                compile_filter(expression, LinkType.ETHERNET)
            except FilterError:
                raise PathError(str(error)) from error
            self.on_frames = True

    def at(self, layer: Layer) -> D:
        """
        The condition on the packet in ``this->m``, which is not NULL; empty where none passes.

        :raises PathError: the filter is one that bpf(4) would not run.
        """
        outer = self._outer(layer)
        if not outer or not self.inner:
            return outer
        to_ip = {Layer.ETHERNET: BEHIND_ETHERNET, Layer.ANYTHING: BEHIND_ANYTHING}.get(layer, "")
        try:
            return all_of([outer, inner_condition(self.inner, to_ip)])
        except (FilterError, TranslationError) as error:
            raise PathError(f"--inner: {error}") from error

    def _outer(self, layer: Layer) -> D:
        if self.on_frames:
            if layer not in (Layer.ETHERNET, Layer.ANYTHING):
                return D("")
            return D(f"({DATA}, {self._on_frames(layer)})")
        program = self._program(_LINKS[layer])
        if program is None:
            return D("")
        if layer in (Layer.IPV4, Layer.IPV6, Layer.UNFINISHED) and not self.expression:
            return D("1")
        test = self._decision(program, unfinished=layer is Layer.UNFINISHED)
        if layer is Layer.ETHERNET:
            test = f"{BEHIND_ETHERNET} && ({test})"
        elif layer is Layer.ANYTHING:
            test = f"{BEHIND_ANYTHING} && ({test})"
        return D(f"({DATA}, {test})")

    def _program(self, link: LinkType) -> Program | None:
        try:
            if not self.expression:
                return compile_filter(_ALL, LinkType.RAW)
            return compile_filter(self.expression, link)
        except FilterError:
            return None  # no packet of that layer passes

    def _decision(self, program: Program, unfinished: bool = False, frames: bool = False) -> str:
        try:
            lazy = Lazy(program.instructions, unfinished)
        except NotLazyError:
            self.lazy = False
        else:
            return decision(lazy, "this->m", DEPTH, True) if lazy.need else lazy.expression
        # What lies before the packet in the first mbuf is passed over.
        skip = "this->skip = (int)((uint64_t)this->d - (uint64_t)this->m->m_data)"
        try:
            line = straight_line(program.instructions, DEPTH, "this->skip", tagged=frames)
            return f"({skip}, {line})"
        except TranslationError as error:
            raise PathError(f"filter {self.expression!r} cannot be run: {error}") from error

    def _on_frames(self, layer: Layer) -> str:
        program = compile_filter(self.expression, LinkType.ETHERNET)
        test = self._decision(program, frames=True)
        if self.lazy:
            test = with_tag(program.instructions, test, DEPTH, closer=True)
        return f"this->l >= 14 && {test}" if layer is Layer.ETHERNET else f"{_FRAME} && {test}"
