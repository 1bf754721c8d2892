# SPDX-License-Identifier: BSD-2-Clause
"""VLAN tags that a kernel keeps beside a frame, put where they stand on the wire."""

from __future__ import annotations

#: Bytes of a tag, with its type.
TAG_SIZE = 4

_AT = 12
_TYPE = b"\x81\x00"


def with_tag(frame: bytes, tag: int | None) -> bytes:
    """
    The frame as bpf(4) shows it: with the tag behind the addresses, if there is one.

    Which type an outer tag had is lost: it is 0x8100, as in bpf.

    >>> with_tag(bytes(12) + b"\\x08\\x00", 5)[12:].hex()
    '810000050800'
    """
    if tag is None or not 0 <= tag <= 0xFFFF or len(frame) < _AT:
        return frame
    return frame[:_AT] + _TYPE + tag.to_bytes(2, "big") + frame[_AT:]
