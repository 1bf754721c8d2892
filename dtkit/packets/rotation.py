# SPDX-License-Identifier: BSD-2-Clause
"""Captures in several files, one after the other, as tcpdump(1) has them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile

__all__ = ["AllWrittenError", "PacketSink", "RotatingFile", "Rotation", "SingleFile"]


class AllWrittenError(Exception):
    """As many files were written as were asked for."""


class PacketSink(Protocol):
    """What packets are written to."""

    def write(self, packet: Packet) -> None:
        """Write one packet."""

    def write_run(self, run: PacketRun) -> None:
        """Write the packets of a run."""

    def flush(self) -> None:
        """Have all that was written where others see it."""

    def close(self) -> None:
        """Make the last file a valid one, and close it."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """
    When another file is begun, and how many there are.

    :ivar size: in millions of bytes; None for any.
    :ivar seconds: for how long one is written; None for ever. Names are then formats of
        strftime(3).
    :ivar count: with *size*, how many files there are, the first written over again; with
        *seconds* alone, after how many to end. None for no end.
    """

    size: int | None = None
    seconds: int | None = None
    count: int | None = None

    def name(self, name: str, number: int, moment: float) -> str:
        """The name of file *number*, from 0; of those since the last name by time."""
        if self.seconds is not None:
            name = time.strftime(name, time.localtime(moment))
        if self.size is None:
            return name
        if self.count is not None:
            number %= self.count
            return f"{name}{number:0{len(str(self.count - 1))}}"
        return f"{name}{number}" if number else name


class SingleFile:
    """One file, from the first packet to the last."""

    def __init__(self, stream: BinaryIO, make: Callable[[BinaryIO], PacketFile]) -> None:
        self._stream, self._file = stream, make(stream)
        self.write, self.write_run = self._file.write, self._file.write_run

    def flush(self) -> None:
        """Have all that was written where others see it."""
        self._stream.flush()

    def close(self) -> None:
        """Make the file a valid one; the stream stays open."""
        self._file.close()
        self._stream.flush()


class RotatingFile:
    """
    A capture that goes on in another file when one is full, or its time is over.

    Each file is a valid one. A file that is begun again is written anew.

    :param opened: opens a file for writing.
    :raises OSError: from any method, when a file cannot be written.
    :raises AllWrittenError: from :meth:`write`, when there is to be no other file.
    """

    def __init__(
        self,
        name: str,
        rotation: Rotation,
        opened: Callable[[str], BinaryIO],
        make: Callable[[BinaryIO], PacketFile],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name, self._rotation = name, rotation
        self._opened, self._make, self._clock = opened, make, clock
        self._number = self._files = 0
        self._begin(clock())

    def _begin(self, moment: float) -> None:
        self._since = moment
        self._files += 1
        self._path = self._rotation.name(self._name, self._number, moment)
        self._stream = self._opened(self._path)
        self._file = self._make(self._stream)

    def write(self, packet: Packet) -> None:
        """Write one packet, into the file whose turn it is."""
        self._turn()
        self._file.write(packet)

    def write_run(self, run: PacketRun) -> None:
        """Write the packets of a run, one by one: each may be the last of its file."""
        for packet in run:
            self.write(packet)

    def flush(self) -> None:
        """Have all that was written where others see it."""
        self._stream.flush()

    def close(self) -> None:
        """Make the last file a valid one, and close it."""
        self._file.close()
        self._stream.close()

    def _turn(self) -> None:
        rotation = self._rotation
        moment = self._clock()
        over = rotation.seconds is not None and moment - self._since >= rotation.seconds
        full = rotation.size is not None and self._stream.tell() >= rotation.size * 1_000_000
        if not over and not full:
            return
        if rotation.size is None and self._files == rotation.count:
            raise AllWrittenError
        self.close()
        # By time a new row of names begins; full files of the same row are numbered.
        renamed = over and rotation.name(self._name, 0, moment) != rotation.name(
            self._name, 0, self._since
        )
        self._number = 0 if renamed else self._number + 1
        self._begin(moment)
