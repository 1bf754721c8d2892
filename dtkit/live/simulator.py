# SPDX-License-Identifier: BSD-2-Clause
"""The simulator in place of dtrace(1): the same output, without a kernel."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from dtkit.foreign import encoded
from dtkit.simulate import Settings, Simulation, StackPacket

__all__ = ["SimulatedRun"]


class SimulatedRun(io.RawIOBase):
    """
    What the simulator prints, stdout and stderr in one, as it is read.

    :param text: the script.
    :param settings: of the simulated kernel.
    :param packets: that pass; no more are taken once it was told to stop.
    """

    def __init__(self, text: str, settings: Settings, packets: Iterable[StackPacket]) -> None:
        self._simulation = Simulation(text, settings)
        self._chunks = self._simulation.run(self._arriving(packets))
        self._rest = b""
        self.stopped = False

    @property
    def status(self) -> int:
        """What dtrace(1)'s exit status would be, once all was read."""
        return self._simulation.status

    def _arriving(self, packets: Iterable[StackPacket]) -> Iterator[StackPacket]:
        for packet in packets:
            if self.stopped:
                return
            yield packet

    def stop(self) -> None:
        """Have it end, as an interrupt does with dtrace(1)."""
        self.stopped = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = encoded(chunk.text)
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
