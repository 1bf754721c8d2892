# SPDX-License-Identifier: BSD-2-Clause
"""
Writing pcapng (draft-ietf-opsawg-pcapng): sections, one interface per probe, commented packets.

Own code, because this is dtkit's hot path and no library both writes many interfaces, comments
and nanoseconds and keeps up: ``benchmarks/pcapng.py`` runs it beside them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import pairwise, repeat, zip_longest
from operator import add
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from dtkit.native import speedups
from dtkit.packets.metadata import CUSTOM, ENTERPRISE, HEAD, metadata_pieces
from dtkit.probes.data import Direction

_SECTION = struct.Struct("<IIIHHq")
_INTERFACE = struct.Struct("<IIHHI")
_LENGTH = struct.Struct("<I")
_OPTION = struct.Struct("<HH")

_END_OF_OPTIONS = bytes(4)
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

#: Most layouts of a packet's block that are kept; most captures have a handful.
_SIZES = 4096

#: The most bytes of a packet that are written: Wireshark takes a file for damaged that has more.
LARGEST = 262_144

#: Lengths of packets are 32 bits wide, those of options 16.
_LONGEST = 0xFFFFFFFF
_LONGEST_OPTION = 0xFFFC
_LARGEST_NUMBER = 0xFFFF_FFFF_FFFF_FFFF


class _Mark(NamedTuple):
    """A block in a file that is a section's beginning, or else an interface."""

    section: bool
    start: int
    end: int


def _interfaces_first(marks: Sequence[_Mark], end: int) -> Iterator[tuple[int, int]]:
    """Where to read how much of a file that ends at *end*, to have interfaces in front."""
    behind: list[tuple[int, int]] = []
    for mark, following in zip_longest(marks, marks[1:]):
        if mark.section:
            yield from behind
            behind.clear()
        yield mark.start, mark.end - mark.start
        behind.append((mark.end, (end if following is None else following.start) - mark.end))
    yield from behind


class PacketDirection(IntEnum):
    """PacketDirection bits of ``epb_flags``."""

    UNKNOWN = 0
    INBOUND = 1
    OUTBOUND = 2


#: What ``epb_flags`` has for the directions of probes.
DIRECTIONS = {
    Direction.IN: PacketDirection.INBOUND,
    Direction.OUT: PacketDirection.OUTBOUND,
    Direction.FORWARD: PacketDirection.UNKNOWN,
    Direction.ANY: PacketDirection.UNKNOWN,
}


def _option(code: int, value: bytes) -> bytes:
    return _OPTION.pack(code, len(value)) + value + _PADDING[len(value) % 4]


def _text(code: int, text: str) -> bytes:
    """
    A text option, without NULs (readers stop there) and always UTF-8.

    Surrogates stand for bytes that were no UTF-8; they are shown as ``\\xNN``.
    """
    value = text.replace("\0", "\\0").encode("utf-8", "backslashreplace")
    # Cut at the limit, then drop what the cut left of a character.
    return _option(code, value[:_LONGEST_OPTION].decode("utf-8", "ignore").encode())


def packet_options(
    comment: str = "",
    direction: PacketDirection = PacketDirection.UNKNOWN,
    *,
    number: int | None = None,
    metadata: str | None = None,
) -> bytes:
    """
    Encode the options of a packet; give the result to :meth:`PcapngWriter.write`.

    Kept apart from writing because most packets of a probe share their options.

    :param number: ``epb_packetid``: the same for all that are the same packet.
    :param metadata: what is known of it: :data:`dtkit.packets.metadata.metadata_text` made it.
    """
    options: bytes | None = None
    if speedups is not None:
        options = speedups.packet_options(comment, direction, number, metadata, METADATA_FRONT)
    return options_in_python(comment, direction, number, metadata) if options is None else options


#: What stands in front of the JSON in an option that holds all of it.
METADATA_FRONT = struct.pack("<I", ENTERPRISE) + HEAD.encode()


def options_in_python(
    comment: str, direction: int, number: int | None, metadata: str | None
) -> bytes:
    """The options of a packet; the parameters are those of :func:`packet_options`."""
    options = _text(1, comment) if comment else b""
    if direction:
        options += _option(2, struct.pack("<I", direction))
    if number is not None:
        options += _option(5, struct.pack("<Q", number & _LARGEST_NUMBER))
    if metadata is not None:
        for piece in metadata_pieces(metadata):
            options += _option(CUSTOM, struct.pack("<I", ENTERPRISE) + piece.encode())
    return options + _END_OF_OPTIONS if options else b""


#: Of packets of a kind the number of the interface, bytes in front of theirs, and options; more may
#: follow.
PacketKind: TypeAlias = tuple[int, bytes, bytes, Any]


class Stencil(NamedTuple):
    """
    What many packets say of themselves alike; where None is, a text of the packet's own stands.

    :ivar direction: of :class:`PacketDirection`.
    :ivar comment: its text, in pieces.
    :ivar metadata: its JSON, in pieces.
    """

    direction: PacketDirection
    comment: tuple[str | None, ...]
    metadata: tuple[str | None, ...]


#: Of packets of such a kind the number of the interface, bytes in front of theirs, the stencil, and
#: when they were seen, if that is known of the kind.
StencilKind: TypeAlias = tuple[int, bytes, Stencil, int | None]


#: The texts of a packet's own, each whole or in pieces.
OwnTexts: TypeAlias = tuple[str | tuple[str, ...], ...]


class PcapngWriter:
    """
    Write one pcapng stream; every call writes whole blocks, so the file is valid after each.

    :param stream: binary and writable; need not seek.
    :raises OSError: from any method, when *stream* cannot be written.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._write = stream.write
        self._interfaces = 0
        self._blocks: dict[int, struct.Struct] = {}  # by captured length and that of options
        # Where sections and interfaces begin and end, in a file that can be written again.
        self._stream = stream if isinstance(stream, io.BufferedWriter) else None
        self._marks: list[_Mark] = []

    def section(self, comment: str, application: str, system: str = "") -> None:
        """
        Start a section: interfaces and their numbers begin anew. The first thing to write.

        :param application: ``shb_userappl``, the program that writes.
        :param system: ``shb_os``, the system whose packets they are.
        """
        options = _text(1, comment) if comment else b""
        options += _text(3, system) if system else b""
        options += _text(4, application) + _END_OF_OPTIONS
        length = 28 + len(options)
        self._mark(True, length)
        self._write(
            _SECTION.pack(0x0A0D0D0A, length, 0x1A2B3C4D, 1, 0, -1) + options + _LENGTH.pack(length)
        )
        self._interfaces = 0

    def interface(self, name: str, dlt: int, description: str = "", snaplen: int = 0) -> int:
        """
        Declare an interface with nanosecond timestamps.

        :param name: ``if_name``; for dtkit a probe description.
        :param dlt: link type number.
        :param description: ``if_description``.
        :param snaplen: most bytes captured of a packet; 0 for no limit.
        :return: its number in this section.
        """
        options = _text(2, name)
        if description:
            options += _text(3, description)
        options += _option(9, b"\x09") + _END_OF_OPTIONS
        length = 20 + len(options)
        self._mark(False, length)
        self._write(_INTERFACE.pack(1, length, dlt, 0, snaplen) + options + _LENGTH.pack(length))
        self._interfaces += 1
        return self._interfaces - 1

    def write(
        self, interface: int, timestamp: int, data: bytes, length: int, options: bytes = b""
    ) -> None:
        """
        Write a packet.

        :param interface: number from :meth:`interface`.
        :param timestamp: ns; since the epoch, or what the section's comment says.
        :param data: captured bytes.
        :param length: the packet's length on the wire; never less than what was captured.
        :param options: from :func:`packet_options`.
        """
        captured = len(data)
        block = self._block(captured, len(options))
        total = block.size
        self._write(
            block.pack(
                6,
                total,
                interface,
                timestamp >> 32 & 0xFFFFFFFF,
                timestamp & 0xFFFFFFFF,
                captured,
                captured if length < captured else length if length < _LONGEST else _LONGEST,
                data,
                options,
                total,
            )
        )

    def write_many(
        self,
        kinds: Sequence[PacketKind],
        timestamps: Sequence[int],
        data: Sequence[bytes],
        lengths: Sequence[int],
        options: Sequence[bytes] | None = None,
    ) -> None:
        """
        Write packets, several times as fast as one by one.

        The parameters are those of :meth:`write` for each.

        :param kinds: what packets of a kind have in common: the interface, bytes in front of those
            of the packet, and options.
        :param options: where packets of a kind have not the same ones.
        """
        if not kinds:
            return
        self._write(_packet_blocks(kinds, timestamps, data, lengths, options))

    def write_stencils(
        self,
        number: int,
        time: int,
        kinds: list[StencilKind],
        own: list[OwnTexts],
        data: list[bytes],
        lengths: list[int | None],
    ) -> None:
        """
        Write what is the same packet at several places, faster than by :meth:`write_many`.

        Of each packet no more than :data:`LARGEST` bytes are written.

        :param number: ``epb_packetid`` of them all.
        :param time: that of those whose kind has none, in ns; any number.
        :param own: the texts of each, in the order in which they stand in its comment and metadata.
        :param lengths: how long each is, where more is known than its bytes.
        """
        if not kinds:
            return
        blocks: bytes | None = None
        if speedups is not None:
            blocks = speedups.stencil_blocks(
                number, time, kinds, own, data, lengths, METADATA_FRONT, LARGEST
            )
        if blocks is None:
            blocks = stencil_blocks_in_python(number, time, kinds, own, data, lengths)
        self._write(blocks)

    def close(self) -> None:
        """
        Put interfaces in front of the packets of their sections, if the stream is a file.

        They are declared when the first packet of each comes, as a pipe needs it; but reordercap(1)
        of Wireshark 4.0 takes none that stands behind a packet. The stream stays open.
        """
        stream = self._stream
        behind = any(
            not mark.section and mark.start > before.end for before, mark in pairwise(self._marks)
        )
        if stream is None or not behind or not isinstance(stream.name, str):
            return
        import shutil
        import tempfile  # few captures need them, and they take long to import

        stream.flush()
        end = self._marks[-1].end  # what is behind the last one stays where it is
        with open(stream.name, "rb") as old, tempfile.TemporaryFile() as new:
            for start, size in _interfaces_first(self._marks, end):
                old.seek(start)
                while size > 0 and (piece := old.read(min(size, 1 << 20))):
                    size -= len(piece)
                    new.write(piece)
            new.seek(0)
            stream.seek(0)
            shutil.copyfileobj(new, stream, 1 << 20)
        stream.seek(0, io.SEEK_END)
        self._marks.clear()

    def _mark(self, section: bool, size: int) -> None:
        if self._stream is None:
            return
        try:
            start = self._stream.tell()
        except OSError:  # a pipe
            self._stream = None
            return
        self._marks.append(_Mark(section, start, start + size))

    def _block(self, captured: int, options: int) -> struct.Struct:
        key = captured << 20 | options
        block = self._blocks.get(key)
        if block is None:
            if len(self._blocks) >= _SIZES:
                self._blocks.clear()
            block = self._blocks[key] = _layout(captured, options)
        return block


def _layout(captured: int, options: int) -> struct.Struct:
    """The layout of a packet's block, by the bytes captured and those of its options."""
    return struct.Struct(f"<7I{captured + (-captured & 3)}s{options}sI")


def packet_blocks_in_python(
    kinds: Sequence[PacketKind],
    timestamps: Sequence[int],
    data: Sequence[bytes],
    lengths: Sequence[int],
    options: Sequence[bytes] | None,
) -> bytes:
    """The blocks of packets; the parameters are those of :meth:`PcapngWriter.write_many`."""
    if options is None:
        options = [kind[2] for kind in kinds]
    lengths = list(map(max, lengths, map(len, data)))
    prefixes = [kind[1] for kind in kinds]
    if any(prefixes):
        data = list(map(add, prefixes, data))
        lengths = list(map(add, map(len, prefixes), lengths))
    captured = list(map(len, data))
    shapes = list(zip(captured, map(len, options), strict=True))
    layouts = {shape: _layout(*shape) for shape in set(shapes)}
    each = [layouts[shape] for shape in shapes]
    sizes = [layout.size for layout in each]
    fields = (
        repeat(6),
        sizes,
        [kind[0] for kind in kinds],
        [timestamp >> 32 & 0xFFFFFFFF for timestamp in timestamps],
        [timestamp & 0xFFFFFFFF for timestamp in timestamps],
        captured,
        lengths if max(lengths) <= _LONGEST else [min(length, _LONGEST) for length in lengths],
        data,
        options,
        sizes,
    )
    return b"".join(map(struct.Struct.pack, each, *fields))


def _whole(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else "".join(text)


def stencil_blocks_in_python(
    number: int,
    time: int,
    kinds: Sequence[StencilKind],
    own: Sequence[OwnTexts],
    data: Sequence[bytes],
    lengths: Sequence[int | None],
) -> bytes:
    """The blocks of packets; the parameters are those of :meth:`PcapngWriter.write_stencils`."""
    options = []
    for (_, _, (direction, comment, metadata), _), texts in zip(kinds, own, strict=True):
        one = iter(texts)
        said, known = (
            "".join([_whole(next(one) if piece is None else piece) for piece in pieces])
            for pieces in (comment, metadata)
        )
        options.append(packet_options(said, direction, number=number, metadata=known))
    alike: list[PacketKind] = [(interface, prefix, b"", None) for interface, prefix, *_ in kinds]
    # Of a time there are 64 bits; a damaged capture may say anything.
    times = [min(max(time if kind[3] is None else kind[3], 0), _LARGEST_NUMBER) for kind in kinds]
    whole = [max(length or 0, len(one)) for length, one in zip(lengths, data, strict=True)]
    shown = [one[: LARGEST - len(kind[1])] for kind, one in zip(kinds, data, strict=True)]
    return _packet_blocks(alike, times, shown, whole, options)


_packet_blocks = packet_blocks_in_python if speedups is None else speedups.packet_blocks
