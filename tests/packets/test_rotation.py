# SPDX-License-Identifier: BSD-2-Clause
"""Captures in several files: each a valid one, and no packet lost between them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from dtkit.packets.capture import Frame, read_capture
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.packets.rotation import AllWrittenError, RotatingFile, Rotation
from dtkit.probes import catalog


def packet(number: int) -> Packet:
    return Packet(number.to_bytes(4, "big") * 100, LinkType.RAW)


def numbers(path: Path) -> list[int]:
    found = list(read_capture(io.BytesIO(path.read_bytes())))
    assert all(isinstance(one, Frame) for one in found)
    return [int.from_bytes(one.data[:4], "big") for one in found if isinstance(one, Frame)]


class Clock:
    def __init__(self) -> None:
        self.now = 1_600_000_000.0

    def __call__(self) -> float:
        return self.now


def writer(path: Path, rotation: Rotation, clock: Clock) -> RotatingFile:
    def opened(name: str) -> BinaryIO:
        return open(name, "wb")

    def make(stream: BinaryIO) -> PacketFile:
        return PacketFile(stream, Provenance("test"), catalog())

    return RotatingFile(str(path), rotation, opened, make, clock)


def test_by_size(tmp_path: Path) -> None:
    file = writer(tmp_path / "x", Rotation(size=1), Clock())
    for number in range(5000):
        file.write(packet(number))
    file.close()
    parts = [tmp_path / name for name in ("x", "x1", "x2")]
    assert sorted(tmp_path.iterdir()) == parts
    assert all(1_000_000 <= part.stat().st_size < 1_001_000 for part in parts[:-1])
    assert [n for part in parts for n in numbers(part)] == list(range(5000))


def test_a_ring(tmp_path: Path) -> None:
    file = writer(tmp_path / "x", Rotation(size=1, count=11), Clock())
    runs: Iterator[PacketRun] = (
        PacketRun(
            [packet(n).data for n in range(at, at + 100)],
            [LinkType.RAW] * 100,
            [packet(0).origin] * 100,
            range(100),
        )
        for at in range(0, 30_000, 100)
    )
    for run in runs:
        file.write_run(run)
    file.close()
    assert {one.name for one in tmp_path.iterdir()} == {f"x{n:02}" for n in range(11)}
    kept = sorted(n for one in tmp_path.iterdir() for n in numbers(one))
    assert kept == list(range(kept[0], 30_000))
    assert kept[0] > 0


def test_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    file = writer(tmp_path / "x-%s", Rotation(seconds=10, count=2), clock)
    for number in range(20):
        file.write(packet(number))
        clock.now += 1
    with pytest.raises(AllWrittenError):
        file.write(packet(20))
    file.close()
    assert numbers(tmp_path / "x-1600000000") == list(range(10))
    assert numbers(tmp_path / "x-1600000010") == list(range(10, 20))
