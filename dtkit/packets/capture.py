# SPDX-License-Identifier: BSD-2-Clause
"""
Reading captures: pcap and pcapng, told apart by their first bytes, one frame at a time.

Classic pcap comes in both byte orders, with micro- and nanoseconds, and with a frame check
sequence named in the link type; pcapng in sections of either byte order, each with its own
interfaces, clocks and comments. Formats: pcap-savefile(5), draft-ietf-opsawg-pcap and
draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.packets.metadata import CUSTOM, ENTERPRISE

__all__ = ["Frame", "read_capture"]

#: No frame and no block may be longer, in bytes: a length above it is a damaged file. libpcap
#: captures at most 256 KiB of a frame (128 MiB on two link types that carry no packets).
LONGEST = 1 << 26


class Frame(NamedTuple):
    """One captured frame. (A named tuple, since it is made for each frame of a long capture.)

    :ivar number: counted from 1 over the whole file.
    :ivar time: ns since the epoch, or None where the file has none (simple packet blocks).
    :ivar data: the bytes that were captured.
    :ivar length: bytes of the frame on the wire; more than ``len(data)`` when it was cut short.
    :ivar linktype: number from pcap-linktype(7): 1 Ethernet, 101 raw IP, 147 user 0.
    :ivar fcs: bytes of frame check sequence that end the frame, 0 where none are said to.
    :ivar interface: its interface's name, if the file tells.
    :ivar comments: what pcapng comments on this frame.
    :ivar metadata: the texts of its custom options of our number: see
        :mod:`dtkit.packets.metadata`.
    """

    number: int
    time: int | None
    data: bytes
    length: int
    linktype: int
    fcs: int = 0
    interface: str | None = None
    comments: tuple[str, ...] = ()
    metadata: tuple[bytes, ...] = ()


def read_capture(stream: BinaryIO) -> Iterator[Frame | Oddity]:
    """Frames of the capture in *stream*, and what is odd about it, in the order of the file.

    Nothing raises on bad input: what cannot be read is named and left out, and a file whose
    structure is lost ends there. Memory is bounded by the longest frame, and a frame comes out
    as soon as its bytes are in, so a pipe from a running tcpdump(1) works.

    :param stream: at the first byte of the capture; need not be seekable.
    """
    if isinstance(stream, io.RawIOBase):
        stream = io.BufferedReader(stream)
    magic = stream.read(4)
    if not magic:
        yield Oddity("frame", 0, "the input is empty: not a capture")
    elif magic == b"\x0a\x0d\x0d\x0a":
        yield from _read_pcapng(stream)
    elif magic in _PCAP_MAGICS:
        yield from _read_pcap(stream, *_PCAP_MAGICS[magic])
    else:
        what = f"starts with {magic.hex()}, which is neither pcap nor pcapng"
        yield Oddity("frame", 0, f"the input {what}")


# pcap: a 24-byte header, then records of 16 bytes of header and the frame.

#: The magic as it stands in the file: struct's byte order, nanoseconds per unit of time.
_PCAP_MAGICS = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}


def _read_pcap(stream: BinaryIO, order: str, tick: int) -> Iterator[Frame | Oddity]:
    header = stream.read(20)
    if len(header) < 20:
        yield Oddity("frame", 0, "the capture ends in its file header")
        return
    major, minor, _, _, _, link = struct.unpack(f"{order}HHIIII", header)
    if (major, minor) != (2, 4):
        yield Oddity("frame", 0, f"the capture says it is pcap {major}.{minor}: read as 2.4")
    # The link type is the low 26 bits; bit 26 says that the top four, the length of a frame
    # check sequence in 16-bit words, mean something.
    linktype = link & 0x03FFFFFF
    fcs = (link >> 28) * 2 if link & 0x04000000 else 0

    record = struct.Struct(f"{order}IIII")
    unpack, read, new = record.unpack, stream.read, tuple.__new__
    ticks = 10**9 // tick
    number = 0
    while head := read(16):
        number += 1
        if len(head) < 16:
            text = f"the capture ends {counted(len(head), 'byte')} into its header"
            yield Oddity("frame", number, text)
            return
        seconds, fraction, captured, length = unpack(head)
        if captured > LONGEST:
            text = f"claims {captured} bytes: the capture is damaged from here on, not read"
            yield Oddity("frame", number, text)
            return
        data = read(captured)
        if len(data) < captured:
            size = counted(len(data), "byte")
            text = f"the capture ends {size} into this frame of {captured}: left out"
            yield Oddity("frame", number, text)
            return
        if fraction >= ticks:
            yield Oddity("frame", number, f"{fraction} is more than a second's fraction: added up")
        if captured > length:
            text = f"captured {counted(captured, 'byte')} of {length}: kept all"
            yield Oddity("frame", number, text)
            length = captured
        time = seconds * 1000000000 + fraction * tick
        # Frame(...), in half the time: this is the hot path of all that reads captures.
        yield new(Frame, (number, time, data, length, linktype, fcs, None, (), ()))


# pcapng: blocks of type, length, body, length again; sections start with a section header.

_SECTION, _INTERFACE, _PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_WANTED = frozenset((_SECTION, _INTERFACE, _PACKET, _SIMPLE, _ENHANCED))


@dataclass(frozen=True, slots=True)
class _Interface:
    linktype: int
    snaplen: int
    name: str | None
    #: Units of time in a second, and seconds to add.
    resolution: int
    offset: int
    fcs: int

    def nanoseconds(self, units: int) -> int:
        return units * 10**9 // self.resolution + self.offset * 10**9


def _read_pcapng(stream: BinaryIO) -> Iterator[Frame | Oddity]:
    number = 0
    order = ""
    interfaces: list[_Interface] = []
    head = b"\x0a\x0d\x0d\x0a" + stream.read(4)
    while head:
        at = f"after frame {number}" if number else "before the first frame"
        if len(head) < 8:
            yield Oddity("frame", 0, f"the capture ends in a block header, {at}")
            return
        body = b""
        if head[:4] == b"\x0a\x0d\x0d\x0a":
            body = stream.read(4)
            order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(body, "")
            interfaces = []
            if not order:
                text = f"a section header without byte-order magic, {at}: the rest is not read"
                yield Oddity("frame", 0, text)
                return
        kind, length = struct.unpack(f"{order}II", head)
        if length % 4 or not 12 + len(body) <= length <= LONGEST:
            text = f"a block of {counted(length, 'byte')}, {at}: the rest is not read"
            yield Oddity("frame", 0, text)
            return
        missing = length - 8 - len(body)
        if kind in _WANTED:
            rest = stream.read(missing)
            missing -= len(rest)
            body += rest
        else:  # not read into memory at once
            while missing and (rest := stream.read(min(missing, 65536))):
                missing -= len(rest)
                body = rest[-4:]
        number += kind in (_PACKET, _SIMPLE, _ENHANCED)
        if missing:
            size = counted(missing, "byte")
            text = f"the capture ends {size} before the end of a block: left out"
            yield Oddity("frame", number, text)
            return
        if body[-4:] != head[4:8]:
            text = "a block's lengths disagree: read by the first"
            yield Oddity("frame", number, text)
        try:
            if kind == _INTERFACE:
                interface, odd = _interface(order, body[:-4])
                interfaces.append(interface)
                if odd:
                    yield Oddity("frame", 0, f"interface {len(interfaces) - 1}: {odd}")
            elif kind in (_PACKET, _SIMPLE, _ENHANCED):
                frame, odd = _packet(order, kind, number, body[:-4], interfaces)
                if odd:
                    yield Oddity("frame", number, odd)
                if frame is not None:
                    yield frame
        except struct.error:
            text = f"a block of {counted(length, 'byte')} is too short: left out"
            yield Oddity("frame", number, text)
        head = stream.read(8)


def _options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Code and value of each pcapng option in *data*; stops where they are damaged."""
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(f"{order}HH", data, at)
        value = data[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            return
        yield code, value
        at += 4 + (length + 3) // 4 * 4


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "backslashreplace")


def _interface(order: str, body: bytes) -> tuple[_Interface, str]:
    linktype, _, snaplen = struct.unpack_from(f"{order}HHI", body)
    name, resolution, offset, fcs, odd = None, 10**6, 0, 0, ""
    for code, value in _options(order, body[8:]):
        if code == 2:
            name = _text(value)
        elif code == 9 and len(value) == 1:
            resolution = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == 13 and len(value) == 1:
            fcs = value[0]
        elif code == 14 and len(value) == 8:
            (offset,) = struct.unpack(f"{order}q", value)
        elif code in (9, 13, 14):
            odd = f"option {code} has {counted(len(value), 'byte')}: passed over"
    return _Interface(linktype, snaplen, name, resolution, offset, fcs), odd


def _packet(
    order: str, kind: int, number: int, body: bytes, interfaces: list[_Interface]
) -> tuple[Frame | None, str]:
    """The frame in a packet block of any *kind*, if it can be had, and what is odd about it."""
    units: int | None = None
    if kind == _SIMPLE:
        index, start = 0, 4
        (length,) = struct.unpack_from(f"{order}I", body)
        captured = length
    else:
        start = 20
        if kind == _ENHANCED:
            index, high, low, captured, length = struct.unpack_from(f"{order}IIIII", body)
        else:
            index, _, high, low, captured, length = struct.unpack_from(f"{order}HHIIII", body)
        units = high << 32 | low
    if index >= len(interfaces):
        return None, f"is of interface {index}, which the section does not describe: left out"
    interface = interfaces[index]
    if kind == _SIMPLE:
        # A simple block does not say how much was captured: the snapshot length does.
        captured = min(captured, interface.snaplen or captured, len(body) - 4)
    data, odd = body[start : start + captured], ""
    if len(data) < captured:
        odd = f"claims {counted(captured, 'byte')}, its block has {len(data)}: kept those"
    elif captured > length:
        odd = f"captured {counted(captured, 'byte')} of {length}: kept all"
        length = captured
    options = list(_options(order, body[start + (captured + 3) // 4 * 4 :]))
    comments = tuple(_text(value) for code, value in options if code == 1)
    ours = struct.pack(f"{order}I", ENTERPRISE)
    metadata = tuple(value[4:] for code, value in options if code == CUSTOM and value[:4] == ours)
    time = None if units is None else interface.nanoseconds(units)
    linktype, fcs, name = interface.linktype, interface.fcs, interface.name
    length = max(length, len(data))
    return Frame(number, time, data, length, linktype, fcs, name, comments, metadata), odd
