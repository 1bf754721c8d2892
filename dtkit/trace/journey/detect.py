# SPDX-License-Identifier: BSD-2-Clause
"""Reading journeys from what one is given: a capture, or a script's output."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame, read_capture
from dtkit.trace.journey.codec import Generation, read_journeys
from dtkit.trace.journey.model import Journey

if TYPE_CHECKING:
    from dtkit.trace.journey.path import Seen

__all__ = ["read_any"]

#: What pcapng starts with, which could be text: line feeds and a carriage return.
_PCAPNG = b"\n\r\r\n"


def read_any(
    stream: BinaryIO, generation: Generation | None = None, seen: Seen | None = None
) -> Iterator[Journey | Oddity]:
    """
    The journeys in a capture of mbuf_trace, in the output of a script of ``dtkit path``, or in a
    capture that was made of either.

    :param stream: binary; need not seek. Read to its end, in bounded memory.
    :param generation: of a capture's frames; None asks each frame.
    :param seen: told of each step: of a script's output at once, of a capture with its journey.
    :raises OSError: *stream* cannot be read.
    """
    head = b""
    while len(head) < 4 and (more := stream.read(4 - len(head))):
        head += more
    rest = io.BufferedReader(_Rejoined(head, stream), 1 << 16)
    # Before a script's output there may be the command that gave it, or what ssh(1) had to say.
    if head and head != _PCAPNG and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        if generation is not None:
            yield Oddity("line", 0, "this is no capture of mbuf_trace: it has no generation")
        from dtkit.trace.journey.path import read_path  # and with it all that reads output

        yield from read_path(rest, seen)
    else:
        frames = read_capture(rest)
        known: Iterator[Frame | Journey | Oddity] = frames
        if head == _PCAPNG:  # which alone has room for more than a packet's bytes
            from dtkit.trace.journey.kept import kept_journeys  # and with it all that reads rows

            known = kept_journeys(frames)
        for item in read_journeys(known, generation):
            if seen is not None and isinstance(item, Journey):
                for step in item.steps:
                    seen(item.number, step)
            yield item


class _Rejoined(io.RawIOBase):
    """A stream that begins with what was read of it already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            read = getattr(self._stream, "read1", self._stream.read)
            data = read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
