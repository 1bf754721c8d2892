# SPDX-License-Identifier: BSD-2-Clause
"""Captures put together by hand for tests: shares nothing with the package's own code."""

from __future__ import annotations

import struct
from collections.abc import Iterable

Option = tuple[int, bytes]


def pcap(
    frames: Iterable[bytes | tuple[int, int, bytes]],
    *,
    order: str = ">",
    nanoseconds: bool = False,
    linktype: int = 147,
    version: tuple[int, int] = (2, 4),
) -> bytes:
    """A classic capture of *frames*: bytes (a second apart), or (seconds, fraction, bytes)."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, *version, 0, 0, 262144, linktype)]
    for index, frame in enumerate(frames):
        seconds, fraction, data = (index, 0, frame) if isinstance(frame, bytes) else frame
        out += [struct.pack(order + "IIII", seconds, fraction, len(data), len(data)), data]
    return b"".join(out)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def options(options: Iterable[Option], order: str = "<") -> bytes:
    packed = [
        struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
        for code, value in options
    ]
    return b"".join(packed) + bytes(4) if packed else b""


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(
    linktype: int = 147, opts: Iterable[Option] = (), order: str = "<", snaplen: int = 0
) -> bytes:
    body = struct.pack(order + "HHI", linktype, 0, snaplen) + options(opts, order)
    return block(1, body, order)


def enhanced(
    data: bytes,
    units: int = 0,
    index: int = 0,
    opts: Iterable[Option] = (),
    order: str = "<",
    length: int | None = None,
) -> bytes:
    wire = len(data) if length is None else length
    head = struct.pack(order + "IIIII", index, units >> 32, units & 0xFFFFFFFF, len(data), wire)
    return block(6, head + data + bytes(-len(data) % 4) + options(opts, order), order)


def simple(data: bytes, length: int | None = None, order: str = "<") -> bytes:
    wire = len(data) if length is None else length
    return block(3, struct.pack(order + "I", wire) + data, order)


def obsolete(data: bytes, units: int = 0, index: int = 0, order: str = "<") -> bytes:
    head = struct.pack(
        order + "HHIIII", index, 0, units >> 32, units & 0xFFFFFFFF, len(data), len(data)
    )
    return block(2, head + data, order)
