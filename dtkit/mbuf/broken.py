# SPDX-License-Identifier: BSD-2-Clause
"""Deliberately broken chains: what a wild pointer, a bug or a forger makes of a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dtkit.mbuf.kernel import Chain, Kernel, Mbuf, Storage

_Apply = Callable[[Kernel, Chain, Mbuf], None]


@dataclass(frozen=True, slots=True)
class Break:
    """A way to break a chain at one of its mbufs."""

    kind: str
    #: What is broken, in a few words.
    text: str
    apply: _Apply


@dataclass(frozen=True, slots=True)
class Breakage:
    """
    How an mbuf of a packet is broken.

    :ivar kind: of :data:`KINDS`.
    :ivar mbuf: which of its chain, from 0.
    :ivar packet: of which packet, from 1; None for each.
    """

    kind: str
    mbuf: int = 0
    packet: int | None = None


class BreakError(ValueError):
    """That chain cannot be broken in that way."""


def break_chain(kernel: Kernel, chain: Chain, kind: str, index: int = 0) -> Chain:
    """
    Break *chain* (built by *kernel*) at mbuf *index*, counted from 0, in memory.

    :param kind: a key of :data:`BREAKS`, or ``"null"``: no chain at all.
    :returns: the chain as a probe now gets it: the same, or with address 0 for ``null``.
    :raises BreakError: there is no such kind or mbuf, or that mbuf cannot be broken so.
    """
    if not 0 <= index < len(chain):
        raise BreakError(f"no mbuf {index}: the chain has {len(chain)}, counted from 0")
    if kind == "null":
        return replace(chain, address=0)
    if kind not in BREAKS:
        raise BreakError(f"no way to break a chain is called {kind!r}: {', '.join(KINDS)}")
    mbuf = chain.mbufs[index]
    if kind.endswith("-data") and mbuf.storage is Storage.PAGES:
        raise BreakError(f"mbuf {index} is unmapped: its m_data is no address to break")
    BREAKS[kind].apply(kernel, chain, mbuf)
    return chain


def _hole(kernel: Kernel) -> int:
    """An address with nothing around it."""
    return (kernel.device.limit & ~0xFFFF) + 0x0D00_0000


def _zero_cycle(kernel: Kernel, chain: Chain, mbuf: Mbuf) -> None:
    kernel.poke(mbuf, "m_len", 0)
    kernel.poke(mbuf, "m_next", mbuf.address)


def _edge(kernel: Kernel, chain: Chain, mbuf: Mbuf) -> None:
    page = kernel.memory.region_at(_hole(kernel) - 1)
    if page is None:
        page = kernel.memory.map(_hole(kernel) - 0x4000, 0x4000, "before a hole")
    kernel.poke(mbuf, "m_data", page.limit - mbuf.length // 2)


def _misaligned(kernel: Kernel, chain: Chain, mbuf: Mbuf) -> None:
    at = mbuf.address + kernel.layout.m_next
    following = kernel.memory.read_uint(at, kernel.layout.word)
    if not following:
        raise BreakError("the last mbuf has no m_next to misalign")
    kernel.poke(mbuf, "m_next", following + 1)


def _pkthdr_len(kernel: Kernel, chain: Chain, mbuf: Mbuf) -> None:
    if mbuf is not chain.mbufs[0]:
        raise BreakError("only the first mbuf, 0, has an m_pkthdr.len")
    kernel.poke(mbuf, "m_pkthdr_len", 1)


@dataclass(frozen=True, slots=True)
class _Poke:
    """Another value in one field of the header."""

    field: str
    value: Callable[[Kernel, Chain, Mbuf], int]

    def __call__(self, kernel: Kernel, chain: Chain, mbuf: Mbuf) -> None:
        kernel.poke(mbuf, self.field, self.value(kernel, chain, mbuf))


_WAYS: tuple[tuple[str, str, _Apply], ...] = (
    ("cycle", "m_next points to the first mbuf", _Poke("m_next", lambda k, c, m: c.address)),
    ("self-cycle", "m_next points to its own mbuf", _Poke("m_next", lambda k, c, m: m.address)),
    ("zero-cycle", "m_len is 0 and m_next points to its own mbuf", _zero_cycle),
    ("negative-len", "m_len is -1", _Poke("m_len", lambda k, c, m: -1)),
    ("huge-len", "m_len is 0x7fffffff", _Poke("m_len", lambda k, c, m: 0x7FFFFFFF)),
    ("null-data", "m_data is NULL", _Poke("m_data", lambda k, c, m: 0)),
    ("hole-data", "m_data points to an unmapped page", _Poke("m_data", lambda k, c, m: _hole(k))),
    (
        "toxic-data",
        "m_data points to device memory",
        _Poke("m_data", lambda k, c, m: k.device.base),
    ),
    ("edge-data", "the second half of the data is unmapped", _edge),
    ("hole-next", "m_next points to an unmapped page", _Poke("m_next", lambda k, c, m: _hole(k))),
    ("misaligned-next", "m_next is one too high", _misaligned),
    ("pkthdr-len", "m_pkthdr.len is 1", _pkthdr_len),
)

#: Every way to break one mbuf, by its name.
BREAKS: dict[str, Break] = {kind: Break(kind, text, apply) for kind, text, apply in _WAYS}

#: The names that :func:`break_chain` knows.
KINDS: tuple[str, ...] = (*BREAKS, "null")
