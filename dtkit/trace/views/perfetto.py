# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys for Perfetto's and Chrome's trace viewers, in the JSON of the Trace Event Format.

Each journey is a track of its own under *journeys*, a slice from its first hop to its last, and in
it one for each hop until the next. Beside that each vnet has a track for each CPU, where the hops
are marks, joined to a journey by a flow. Written while journeys are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, BinaryIO

from dtkit.foreign import plain
from dtkit.trace.journey.model import Hop, HopMoment, Journey
from dtkit.trace.journey.stages import stage_of
from dtkit.version import __version__

__all__ = ["write_perfetto"]

#: The track group of journeys; those of vnets come behind it.
_JOURNEYS = 1

_DAY = 86_400 * 10**9

#: A mark on a CPU's track, in us: what else ran there between two hops is not known.
_MARK = 0.001


def write_perfetto(journeys: Iterable[Journey], stream: BinaryIO) -> Iterator[bool]:
    """
    Write the trace.

    Times in it are us since a midnight, which is said in ``otherData``: so few that a double has
    them to the ns.

    :param stream: binary and writable.
    :return: for each journey, when it is written, whether it has times; without, it is left out.
    """
    return _Writer(stream).write(journeys)


class _Writer:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._start: int | None = None
        self._vnets: dict[str, int] = {}
        self._cpus: set[tuple[int, int]] = set()
        self._first = True

    def write(self, journeys: Iterable[Journey]) -> Iterator[bool]:
        self._stream.write(b'{"displayTimeUnit":"ns","traceEvents":[')
        self._event(ph="M", name="process_name", pid=_JOURNEYS, tid=0, args={"name": "journeys"})
        for journey in journeys:
            steps = [
                moment
                for moment in journey.moments()
                if isinstance(moment, HopMoment) and moment.step.time is not None
            ]
            if steps:
                self._journey(journey, sorted(steps, key=lambda moment: moment.step.time or 0))
            yield bool(steps)
        about = {"dtkit": __version__, "start": None if self._start is None else str(self._start)}
        self._stream.write(b'\n],"otherData":' + json.dumps(about).encode() + b"}\n")

    def _event(self, **event: Any) -> None:
        line = json.dumps(event, separators=(",", ":"))
        self._stream.write(b"\n" if self._first else b",\n")
        self._stream.write(line.encode())
        self._first = False

    def _us(self, time: int) -> float:
        if self._start is None:
            # A day earlier: journeys that end later may have begun earlier.
            self._start = time - time % _DAY - _DAY
        return (time - self._start) / 1000

    def _journey(self, journey: Journey, steps: list[HopMoment]) -> None:
        times = [self._us(moment.step.time or 0) for moment in steps]
        # Perfetto takes a plain id for one of the whole trace, and shows it below no process.
        own = {"local": f"{journey.number:#x}"}
        mine = {"cat": "journey", "id2": own, "pid": _JOURNEYS, "tid": 0}
        title = f"#{journey.number} {journey.headline}"
        about = {
            "outcome": plain(journey.outcome),
            "notes": [plain(note) for note in journey.notes],
            "hops": len(journey.hops),
        }
        self._event(ph="b", ts=times[0], name=title, args=about, **mine)
        changes = _changes(journey)
        ends = [after for _, after in pairwise(times)] + [times[-1]]
        for moment, start, end in zip(steps, times, ends, strict=True):
            args = _about(moment.step) | changes.get(moment.number, {})
            name = f"{moment.step.place.direction}{plain(moment.step.label)}"
            self._event(ph="b", ts=start, name=name, args=args, **mine)
            self._event(ph="e", ts=end, name=name, **mine)
        self._event(ph="e", ts=times[-1], name=title, **mine)
        for at, (moment, start) in enumerate(zip(steps, times, strict=True)):
            where = self._track(moment.step)
            category = stage_of(moment.step.place)
            label = plain(moment.step.label)
            self._event(ph="X", ts=start, dur=_MARK, name=label, cat=category, **where)
            if len(steps) > 1:
                phase = "s" if at == 0 else "f" if at == len(steps) - 1 else "t"
                flow = {"ph": phase, "ts": start, "id": journey.number, "name": "journey"}
                self._event(**flow, cat="journey", bp="e", **where)

    def _track(self, hop: Hop) -> dict[str, int]:
        """The track of a hop's vnet and CPU; named when it is first needed."""
        vnet = "packets" if hop.vnet is None else f"vnet {plain(hop.vnet)}"
        if vnet not in self._vnets:
            self._vnets[vnet] = pid = _JOURNEYS + 1 + len(self._vnets)
            self._event(ph="M", name="process_name", pid=pid, tid=0, args={"name": vnet})
        pid, tid = self._vnets[vnet], (-1 if hop.cpu is None else hop.cpu) + 1
        if (pid, tid) not in self._cpus:
            self._cpus.add((pid, tid))
            name = "cpu unknown" if hop.cpu is None else f"cpu {hop.cpu}"
            self._event(ph="M", name="thread_name", pid=pid, tid=tid, args={"name": name})
        return {"pid": pid, "tid": tid}


def _about(hop: Hop) -> dict[str, Any]:
    """What is known of a hop, but for its time."""
    row = {
        "cpu": hop.cpu,
        "thread": None if hop.thread is None else f"{hop.thread:#x}",
        "process": hop.process,
        "interface": hop.interface,
        "vnet": hop.vnet,
        "file": None if hop.place.file is None else f"{hop.place.path}:{hop.place.line}",
    }
    return {
        name: plain(value) if isinstance(value, str) else value
        for name, value in row.items()
        if value is not None
    }


def _changes(journey: Journey) -> dict[int, dict[str, Any]]:
    """Of steps that are hops: the packet as it was seen behind them, and what had changed."""
    found: dict[int, dict[str, Any]] = {}
    hop: int | None = None
    for moment in journey.moments():
        if isinstance(moment, HopMoment):
            hop = moment.number
        elif hop is not None:
            found[hop] = {"packet": plain(moment.step.summary)}
            if moment.changes is not None and moment.changes.changes:
                found[hop]["changes"] = moment.changes.lines
    return found
