# SPDX-License-Identifier: BSD-2-Clause
"""The offsets, against structures that ctypes lays out as a C compiler would."""

from __future__ import annotations

import ctypes
from ctypes import c_char, c_int32, c_uint8, c_uint16, c_uint32, c_uint64
from typing import Any

import pytest

from dtkit.freebsd import layouts
from dtkit.mbuf import FREEBSD_12, FREEBSD_14, FREEBSD_14_ILP32, Layout
from dtkit.mbuf.layout import PageVector


def structure(name: str, *fields: tuple[str, Any]) -> Any:
    return type(name, (ctypes.Structure,), {"_fields_": list(fields)})


def union(name: str, *fields: tuple[str, Any]) -> Any:
    return type(name, (ctypes.Union,), {"_fields_": list(fields)})


def pkthdr(pointer: Any, *, leaf: bool) -> Any:
    """struct pkthdr: FreeBSD 12's, or with leaf_rcvif that of 14 (padded there on ILP32)."""
    narrow = ctypes.sizeof(pointer) == 4
    return structure(
        "pkthdr",
        ("rcvif", pointer),
        *([("leaf_rcvif", pointer)] if leaf else []),
        ("tags", pointer),
        ("len", c_int32),
        ("flowid", c_uint32),
        ("csum_flags", c_uint32),
        ("fibnum", c_uint16),
        ("numa_domain", c_uint8),
        ("rsstype", c_uint8),
        *([("pad", c_uint32)] if leaf and narrow else []),
        ("rcv_tstmp", c_uint64),
        ("ph_per", c_uint64),
        ("ph_loc", c_uint64),
    )


def mbuf(pointer: Any, header: Any, m_ext: Any, epg: Any = None) -> Any:
    narrow = ctypes.sizeof(pointer) == 4
    front = union("front", ("pkthdr", header), *([("epg", epg)] if epg else []))
    return structure(
        "mbuf",
        ("m_next", pointer),
        ("m_nextpkt", pointer),
        ("m_data", pointer),
        ("m_len", c_int32),
        ("m_type_flags", c_uint32),
        *([("m_pad", c_uint32)] if narrow else []),
        ("front", front),
        ("m_ext", m_ext),
    )


def epg(pointer: Any) -> Any:
    return structure(
        "epg",
        ("npgs", c_uint8),
        ("nrdy", c_uint8),
        ("hdrlen", c_uint8),
        ("trllen", c_uint8),
        ("first_off", c_uint16),
        ("last_len", c_uint16),
        ("flags", c_uint8),
        ("record_type", c_uint8),
        ("spare", c_uint8 * 2),
        ("enc_cnt", c_int32),
        ("tls", pointer),
        ("so", pointer),
        ("seqno", c_uint64),
        ("stailq", pointer),
    )


def m_ext_12(pointer: Any) -> Any:
    return structure(
        "m_ext",
        ("ext_cnt", pointer),
        ("ext_buf", pointer),
        ("ext_size", c_uint32),
        ("ext_type_flags", c_uint32),
        ("ext_free", pointer),
        ("ext_arg1", pointer),
        ("ext_arg2", pointer),
    )


def m_ext_14(pointer: Any, paddr: Any, pages: int) -> Any:
    vector = structure(
        "vector", ("pa", paddr * pages), ("trail", c_char * 64), ("hdr", c_char * 23)
    )
    plain = structure("plain", ("ext_buf", pointer), ("ext_arg2", pointer))
    return structure(
        "m_ext",
        ("ext_cnt", pointer),
        ("ext_size", c_uint32),
        ("ext_type_flags", c_uint32),
        ("where", union("where", ("plain", plain), ("vector", vector))),
        ("ext_free", pointer),
        ("ext_arg1", pointer),
    )


LP64 = mbuf(c_uint64, pkthdr(c_uint64, leaf=True), m_ext_14(c_uint64, c_uint64, 5), epg(c_uint64))
ILP32 = mbuf(c_uint32, pkthdr(c_uint32, leaf=True), m_ext_14(c_uint32, c_uint32, 16), epg(c_uint32))
TWELVE = mbuf(c_uint64, pkthdr(c_uint64, leaf=False), m_ext_12(c_uint64))


@pytest.mark.parametrize(
    ("layout", "struct"),
    [(FREEBSD_12, TWELVE), (FREEBSD_14, LP64), (FREEBSD_14_ILP32, ILP32)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_offsets_are_those_of_the_structures(layout: Layout, struct: Any) -> None:
    for name in ("m_next", "m_nextpkt", "m_data", "m_len", "m_type_flags"):
        assert getattr(layout, name) == getattr(struct, name).offset, name
    front, m_ext = struct.front.offset, struct.m_ext.offset
    fields = dict(struct._fields_)
    header = dict(fields["front"]._fields_)["pkthdr"]
    ext = fields["m_ext"]
    assert layout.m_dat == front
    assert layout.m_pkthdr_len == front + header.len.offset
    assert layout.m_pktdat == m_ext
    assert layout.ext_size == m_ext + ext.ext_size.offset
    if layout.extpg is None:
        assert layout.ext_buf == m_ext + ext.ext_buf.offset
        return
    epg = dict(fields["front"]._fields_)["epg"]
    where = m_ext + ext.where.offset
    vector = dict(dict(ext._fields_)["where"]._fields_)["vector"]
    assert layout.ext_buf == where
    assert layout.extpg == PageVector(
        npgs=front + epg.npgs.offset,
        hdrlen=front + epg.hdrlen.offset,
        trllen=front + epg.trllen.offset,
        first_off=front + epg.first_off.offset,
        last_len=front + epg.last_len.offset,
        pa=where + vector.pa.offset,
        pa_size=vector.pa.size // layout.extpg.max_pages,
        trail=where + vector.trail.offset,
        hdr=where + vector.hdr.offset,
        max_pages=layout.extpg.max_pages,
    )


def test_an_mbuf_with_its_vector_of_pages_fills_msize() -> None:
    assert ctypes.sizeof(LP64) == ctypes.sizeof(ILP32) == 256
    assert ctypes.sizeof(TWELVE) == 136  # as measured on FreeBSD 12.1


@pytest.mark.parametrize("layout", layouts().values(), ids=layouts())
def test_m_type_and_m_flags_share_a_word(layout: Layout) -> None:
    assert layout.type_flags(1, 0x103, "little") == 0x00010301
    assert layout.type_flags(1, 0x103, "big") == 0x01000103
    for byteorder in ("little", "big"):
        assert layout.flags(layout.type_flags(7, 0xABCDEF, byteorder), byteorder) == 0xABCDEF
