# SPDX-License-Identifier: BSD-2-Clause
"""
A filter on what a tunnel carries, as a condition of D: IP in IP, GRE, VXLAN, and one in the other;
and what IPsec has decrypted, which the kernel's tag on it tells.

It goes as far as the first mbuf does, through two tunnels, each with one VLAN tag at most, without
extension headers; :mod:`dtkit.packets.tunnels` goes further, on what was captured.
"""

from __future__ import annotations

from dtkit.generate.filtering import DATA, straight_line
from dtkit.generate.lazy import Lazy, NotLazyError, all_of
from dtkit.generate.text import D
from dtkit.mbuf.flags import MFlag
from dtkit.packets.header import DECRYPTED
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import compile_filter
from dtkit.packets.tunnels import VXLAN_PORT

__all__ = ["inner_condition"]

#: Tunnels that are looked into, one in the other, and tags of a packet.
_DEEPEST, _TAGS = 2, 2


def _ip(at: str) -> str:
    """Whether the type that stands there is of IP."""
    first, second = f"this->d[{at}]", f"this->d[{at} + 1]"
    return f"({first} == 8 && {second} == 0 || {first} == 0x86 && {second} == 0xdd)"


#: The header of IP at ``this->d``: ``this->h`` is where it ends, ``this->p`` what follows. On the
#: way out its length may not be filled in yet: it has no options then.
_HEADER = (
    "(this->l >= 20 && (this->d[0] & 0xf0) == 0x40 && (this->d[6] & 0x1f) == 0 && "
    "this->d[7] == 0 && (this->h = (this->d[0] & 15) ? (this->d[0] & 15) << 2 : 20, "
    "this->p = this->d[9], this->h >= 20) || "
    "this->l >= 40 && (this->d[0] & 0xf0) == 0x60 && (this->h = 40, this->p = this->d[6], 1))"
)

#: A frame at ``this->h`` that has a packet of IP: from there on that is at ``this->h``.
_FRAME = (
    f"(this->l >= this->h + 14 && ({_ip('this->h + 12')} ? (this->h += 14, 1) : "
    "this->l >= this->h + 18 && this->d[this->h + 12] == 0x81 && this->d[this->h + 13] == 0 && "
    f"{_ip('this->h + 16')} && (this->h += 18, 1)))"
)

#: GRE: four bytes more for each of checksum, key and sequence number.
_GRE = (
    "this->p == 47 && this->l >= this->h + 4 && "
    "(this->t = this->h + 2, this->k = this->d[this->h], this->h += 4 + "
    "((this->k & 0x80) >> 5) + ((this->k & 0x20) >> 3) + ((this->k & 0x10) >> 2), "
    f"{_ip('this->t')} || this->d[this->t] == 0x65 && this->d[this->t + 1] == 0x58 && {_FRAME})"
)

_VXLAN = (
    "this->p == 17 && this->l >= this->h + 16 && "
    f"this->d[this->h + 2] == {VXLAN_PORT >> 8:#x} && "
    f"this->d[this->h + 3] == {VXLAN_PORT & 255:#x} && (this->h += 16, {_FRAME})"
)

#: Goes on to the packet within the one at ``this->d``, if there is one.
_PEEL = all_of(
    [
        _HEADER,
        f"(this->p == 4 || this->p == 41 || {_GRE} || {_VXLAN})",
        "this->l > this->h && (this->d += this->h, this->l -= this->h, 1)",
    ]
)


def _decrypted(tags: int) -> str:
    """Whether one of the first *tags* of the packet says that IPsec has decrypted it."""
    found = f"(this->tag->m_tag_id == {DECRYPTED} && this->tag->m_tag_cookie == 0)"
    text = found
    for _ in range(tags - 1):
        text = f"({found} || (this->tag = this->tag->m_tag_link.sle_next) != NULL && {text})"
    return all_of(
        [
            f"(this->m->m_flags & {MFlag.PKTHDR:#x}) != 0",
            "(this->tag = this->m->m_pkthdr.tags.slh_first) != NULL",
            text,
        ]
    )


def inner_condition(expression: str, to_ip: str = "") -> D:
    """
    Whether a packet within the one in ``this->m``, which is not NULL, passes.

    :param expression: of pcap-filter(7), about IP.
    :param to_ip: a condition that moves ``this->d`` to the header of IP; empty where it is there.
    :raises FilterError: it is none, or asks for Ethernet.
    :raises TranslationError: bpf(4) would not run it.
    """
    instructions = compile_filter(expression, LinkType.RAW).instructions
    try:
        test = str(Lazy(instructions).expression)
    except NotLazyError:
        skip = "this->skip = (int)((uint64_t)this->d - (uint64_t)this->m->m_data)"
        test = f"({skip}, {straight_line(instructions, 1, 'this->skip')})"
    found = ""
    for _ in range(_DEEPEST):
        found = f"{_PEEL} && ({test}{f' || {found}' if found else ''})"
    # What was decrypted is at hand itself.
    found = f"{_decrypted(_TAGS)} && {test} || {found}"
    parts = [f"({DATA}, 1)", *([to_ip] if to_ip else []), f"({found})"]
    return all_of(parts)
