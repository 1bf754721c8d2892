# SPDX-License-Identifier: BSD-2-Clause
"""
``struct mbuf`` as data: where the fields are in each supported kernel.

Read from ``sys/sys/mbuf.h`` of FreeBSD; each layout names its version. Offsets and sizes are
in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dtkit.mbuf.memory import ByteOrder


@dataclass(frozen=True, slots=True)
class PageVector:
    """
    Where an M_EXTPG mbuf says which bytes are its data.

    They are, in this order: header bytes kept with the list of pages, up to :attr:`max_pages`
    physical pages, trailer bytes kept with the list; ``m_data`` is an offset into all that.
    Offsets are into the mbuf, or where there is a :attr:`pointer` into what it points to.
    """

    npgs: int  # number of pages, npgs_size bytes
    hdrlen: int  # uint8_t: header bytes in use
    trllen: int  # uint8_t: trailer bytes in use
    first_off: int  # uint16_t: where the data starts in the first page
    last_len: int  # uint16_t: bytes of data in the last page
    pa: int  # the array of physical addresses, pa_size bytes each
    pa_size: int
    trail: int
    hdr: int
    max_pages: int
    max_hdr: int = 23
    max_trail: int = 64
    npgs_size: int = 1
    #: Where in the mbuf the pointer to the list is; None when the list is in the mbuf.
    pointer: int | None = None
    #: Bytes of the structure, when it is one of its own.
    size: int = 0

    @property
    def counts(self) -> tuple[int, int]:
        """Offset and size of the run of fields from ``npgs`` through the last of the counts."""
        return self.npgs, max(self.last_len + 2, self.trllen + 1) - self.npgs


@dataclass(frozen=True, slots=True)
class Layout:
    """The offsets of one kernel's ``struct mbuf``."""

    name: str
    source: str
    #: Bytes of a pointer and of ``size_t``.
    word: Literal[4, 8]
    m_next: int
    m_nextpkt: int
    m_data: int
    #: ``int32_t``.
    m_len: int
    #: ``uint32_t`` of two bit-fields, ``m_type:8`` and then ``m_flags:24``.
    m_type_flags: int
    #: Where the optional parts, or the data, begin.
    m_dat: int
    #: ``int32_t``; valid only with M_PKTHDR, and not to be trusted then.
    m_pkthdr_len: int
    #: Behind the packet header: ``m_ext``, or the data.
    m_pktdat: int
    ext_buf: int
    ext_size: int
    #: Unmapped mbufs: None when this kernel has none and the flag must not be looked at.
    extpg: PageVector | None = None
    msize: int = 256

    @property
    def header_used(self) -> int:
        """Bytes from the start of the mbuf through the last header field a walk looks at."""
        return (self.m_type_flags if self.extpg else self.m_len) + 4

    def flags(self, type_flags: int, byteorder: ByteOrder) -> int:
        """``m_flags`` of the 32-bit word at :attr:`m_type_flags`."""
        return type_flags >> 8 if byteorder == "little" else type_flags & 0xFFFFFF

    def type_flags(self, m_type: int, flags: int, byteorder: ByteOrder) -> int:
        """The 32-bit word that holds *m_type* and *flags*."""
        return m_type | flags << 8 if byteorder == "little" else m_type << 24 | flags


FREEBSD_12 = Layout(
    name="freebsd-12",
    source="FreeBSD 12.1-RELEASE, amd64: offsetof, measured",
    word=8,
    m_next=0,
    m_nextpkt=8,
    m_data=16,
    m_len=24,
    m_type_flags=28,
    m_dat=32,
    m_pkthdr_len=48,
    m_pktdat=88,
    ext_buf=96,
    ext_size=104,
)

FREEBSD_13_2019 = Layout(
    name="freebsd-13-2019",
    source="13-CURRENT of April 2019, LP64: sys/sys/mbuf.h, when struct mbuf_ext_pgs was apart",
    word=8,
    m_next=0,
    m_nextpkt=8,
    m_data=16,
    m_len=24,
    m_type_flags=28,
    m_dat=32,
    m_pkthdr_len=48,
    m_pktdat=88,
    ext_buf=96,
    ext_size=104,
    extpg=PageVector(
        npgs=0,
        hdrlen=8,
        trllen=9,
        first_off=4,
        last_len=6,
        pa=16,
        pa_size=8,
        trail=192,
        hdr=152,
        max_pages=17,
        max_hdr=32,
        npgs_size=2,
        pointer=96,
        size=256,
    ),
)

FREEBSD_14 = Layout(
    name="freebsd-14",
    source="FreeBSD 14 and main (2025), LP64: sys/sys/mbuf.h, after leaf_rcvif came (2021)",
    word=8,
    m_next=0,
    m_nextpkt=8,
    m_data=16,
    m_len=24,
    m_type_flags=28,
    m_dat=32,
    m_pkthdr_len=56,
    m_pktdat=96,
    ext_buf=112,
    ext_size=104,
    extpg=PageVector(
        npgs=32,
        hdrlen=34,
        trllen=35,
        first_off=36,
        last_len=38,
        pa=112,
        pa_size=8,
        trail=152,
        hdr=216,
        max_pages=5,
    ),
)

FREEBSD_14_ILP32 = Layout(
    name="freebsd-14-ilp32",
    source="FreeBSD 14 and main (2025), armv7: sys/sys/mbuf.h; vm_paddr_t is 4 bytes there",
    word=4,
    m_next=0,
    m_nextpkt=4,
    m_data=8,
    m_len=12,
    m_type_flags=16,
    m_dat=24,
    m_pkthdr_len=36,
    m_pktdat=80,
    ext_buf=92,
    ext_size=84,
    extpg=PageVector(
        npgs=24,
        hdrlen=26,
        trllen=27,
        first_off=28,
        last_len=30,
        pa=92,
        pa_size=4,
        trail=156,
        hdr=220,
        max_pages=16,
    ),
)
