# SPDX-License-Identifier: BSD-2-Clause
"""
A packet filter as a condition of D on a chain: lazy where it can be, else as bpf(4) would run it.

Both decide alike. The condition stands in a predicate, so that a packet that does not pass costs no
clause beside.
"""

from __future__ import annotations

from collections.abc import Sequence

from dtkit.generate.bpf import translate
from dtkit.generate.lazy import Lazy, NotLazyError, all_of, decision, steps
from dtkit.generate.text import D
from dtkit.mbuf.flags import MFlag
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import Instruction, Program

#: The bytes of the first mbuf, and how many there are.
DATA = "this->d = (uint8_t *)this->m->m_data, this->l = this->m->m_len"


def condition(program: Program, depth: int, more: Sequence[str] = ()) -> D:
    """
    Whether the chain at ``this->m``, which is not NULL, passes.

    A frame is looked at with the VLAN tag that the kernel keeps beside it, as tcpdump(1) shows it.

    :param depth: mbufs that the filter reaches into.
    :param more: what must hold as well, and is looked at afterwards.
    :raises TranslationError: bpf(4) would not run it.
    """
    instructions = program.instructions
    try:
        plain = Lazy(instructions)
    except NotLazyError:
        frames = program.linktype is LinkType.ETHERNET
        return all_of([straight_line(instructions, depth, tagged=frames), *more])
    if not plain.need:
        return all_of([plain.expression, *more])
    parts = steps(plain, "this->m", depth)
    if program.linktype is LinkType.ETHERNET:
        whole = all_of(parts)
        tagged = with_tag(instructions, whole, depth)
        parts = parts if tagged == whole else [tagged]
    return D(f"({DATA}, {all_of([*parts, *more])})")


def straight_line(
    program: Sequence[Instruction], depth: int, skip: str = "", tagged: bool = False
) -> D:
    """
    The same as bpf(4) would run it.

    :param skip: as in :func:`~dtkit.generate.bpf.translate`.
    :param tagged: likewise.
    """
    return D(f"({', '.join(translate(program, depth, skip, tagged))}, this->ok)")


def with_tag(program: Sequence[Instruction], plain: str, depth: int, closer: bool = False) -> str:
    """*plain*, or what takes its place where the frame has a tag that is not among its bytes."""
    try:
        tagged = decision(Lazy(program, tagged=True), "this->m", depth, closer)
    except NotLazyError:
        # It looks at half a tag, or is too long.
        line = straight_line(program, depth, tagged=True)
        return f"((this->m->m_flags & {MFlag.VLANTAG:#x}) != 0 ? {line} : {plain})"
    if tagged == plain:
        return plain
    return (
        f"((this->m->m_flags & {MFlag.VLANTAG:#x}) != 0 ? "
        f"(this->vtag = (int)this->m->m_pkthdr.PH_per.sixteen[0], {tagged}) : {plain})"
    )
