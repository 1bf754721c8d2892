# SPDX-License-Identifier: BSD-2-Clause
"""Captures that commands write: ``-w``, and ``-C``, ``-G``, ``-W`` as in tcpdump(1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import click

from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import keep_inputs, open_output, refuse_terminal
from dtkit.cli.provenance import provenance
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.packets.rotation import PacketSink, RotatingFile, Rotation, SingleFile
from dtkit.probes.points import shipped_catalog

__all__ = ["open_capture", "rotation"]


def rotation(
    ctx: click.Context, write: str | None, size: int | None, seconds: int | None, count: int | None
) -> Rotation | None:
    """
    What ``-C``, ``-G`` and ``-W`` ask for.

    :raises click.UsageError: they would be of no effect.
    """
    asked = given(ctx, "file_size", "file_seconds", "file_count")
    if write in (None, "-"):
        refuse(asked, "is for -w FILE, and more than one file")
    if count is not None and size is None and seconds is None:
        refuse(asked, "says how many files; -C or -G say when one ends")
    return Rotation(size, seconds, count) if asked else None


@contextmanager
def open_capture(
    name: str,
    turns: Rotation | None = None,
    merged: bool = False,
    made: Provenance | None = None,
) -> Iterator[PacketSink]:
    """
    A pcapng file to write packets to; a valid one at the end, however that comes.

    :param name: its path, or ``-`` for standard output.
    :param turns: when to go on in another file.
    :param merged: whether all packets are of one interface.
    :param made: where the packets come from.
    :raises OSError: it cannot be written.
    :raises click.UsageError: it is a file that this command reads, or a terminal.
    """
    make = partial(_packet_file, merged=merged, made=made or provenance())
    if turns is not None:
        capture: PacketSink = RotatingFile(name, turns, _open, make)
        try:
            yield capture
        finally:
            capture.close()
        return
    if name == "-":
        refuse_terminal("-w -")
    with open_output(name) as stream:
        capture = SingleFile(stream, make)
        try:
            yield capture
        finally:
            capture.close()


def _open(name: str) -> BinaryIO:
    keep_inputs(name)
    return open(name, "wb")


def _packet_file(stream: BinaryIO, merged: bool, made: Provenance) -> PacketFile:
    return PacketFile(stream, made, shipped_catalog(), merged)
