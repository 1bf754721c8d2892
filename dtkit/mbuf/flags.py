# SPDX-License-Identifier: BSD-2-Clause
"""Flags of an mbuf, as sys/mbuf.h of FreeBSD has them."""

from __future__ import annotations

import enum

__all__ = ["MFlag"]


class MFlag(enum.IntFlag):
    """The flags in ``m_flags`` that have one meaning in every layer (mbuf(9))."""

    EXT = 0x001
    PKTHDR = 0x002
    EOR = 0x004
    RDONLY = 0x008
    BCAST = 0x010
    MCAST = 0x020
    PROMISC = 0x040
    VLANTAG = 0x080
    #: The data is in pages without a mapping (sendfile(2), kernel TLS). The bit had no use in
    #: FreeBSD 12: look at :attr:`dtkit.mbuf.Layout.extpg` before testing it.
    EXTPG = 0x100
    NOFREE = 0x200
    TSTMP = 0x400
