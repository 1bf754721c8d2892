# SPDX-License-Identifier: BSD-2-Clause
"""
Hosts in a row, each with a simulated stack of its own, and the links between them.

The first and the last host send packets to each other, those between pass them on by a path of
theirs. What a link does to a frame (time, loss, doubling) is drawn from a seed, and each host has a
clock of its own, so that who looks at what the hosts' scripts print can be held to the truth.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from dtkit.simulate.session import Settings, Simulation
from dtkit.simulate.stack import StackPacket

__all__ = ["SimulatedHost", "SimulatedLink", "run_network"]

#: What a host takes for a packet before the next one, in ns.
_TURN = 100_000


@dataclass(frozen=True, slots=True)
class SimulatedHost:
    """
    One host of a row.

    :ivar program: the D program that it runs.
    :ivar onward: path of packets that come from the host before it; of the last host's, too.
    :ivar homeward: path of packets that come from the host after it; of the first host's, too.
    :ivar offset: ns that its clock is ahead.
    :ivar drift: ns that its clock gains in a ns.
    :ivar settings: what else its run is given.
    """

    program: str
    onward: str = "input"
    homeward: str = "input"
    offset: int = 0
    drift: float = 0.0
    settings: Settings = field(default_factory=Settings)

    def clock(self, time: int, since: int) -> int:
        """What its clock says at *time*, in ns since the epoch; it began to drift at *since*."""
        return time + self.offset + round((time - since) * self.drift)

    def time(self, clock: int, since: int) -> int:
        """When its clock says so."""
        return since + round((clock - self.offset - since) / (1 + self.drift))


@dataclass(frozen=True, slots=True)
class SimulatedLink:
    """
    Between two hosts of a row.

    :ivar delay: ns that a frame takes at least.
    :ivar jitter: ns that it may take longer.
    :ivar loss: share of the frames that are lost.
    :ivar doubling: share of the frames that come twice.
    """

    delay: int = 200_000
    jitter: int = 100_000
    loss: float = 0.0
    doubling: float = 0.0


def run_network(
    hosts: Sequence[SimulatedHost],
    links: Sequence[SimulatedLink],
    there: Iterable[tuple[int, bytes]],
    back: Iterable[tuple[int, bytes]],
    seed: int = 0,
) -> list[str]:
    """
    Let packets pass through *hosts*.

    :param hosts: two at least.
    :param links: between each and the next.
    :param there: Ethernet frames of the first host for the last one, and when it sends them, in ns
        since the epoch.
    :param back: those of the last host for the first one.
    :return: what the program of each host printed.
    """
    if len(links) != len(hosts) - 1:
        raise ValueError(f"{len(hosts)} hosts in a row have {len(hosts) - 1} links")
    chance = random.Random(seed)
    sent = [sorted(there), sorted(back)]
    since = min((time for frames in sent for time, _ in frames), default=0)
    # Which way, when, and the frame: what has come to a host so far.
    arrived: list[list[tuple[int, bool, bytes]]] = [[] for _ in hosts]
    own = {0: sent[0], len(hosts) - 1: sent[1]}
    # A row has no circles: each way is run host by host, and what is passed on is known then.
    for onward in (True, False):
        order = range(len(hosts)) if onward else range(len(hosts) - 1, -1, -1)
        frames: list[tuple[int, bytes]] = []
        for number in order:
            if number == order[0]:
                frames = own[number]
            else:
                link = links[number - 1 if onward else number]
                came = [one for frame in frames for one in _carried(frame, link, chance)]
                arrived[number] += [(time, onward, data) for time, data in came]
                if number == order[-1]:
                    continue
                host = hosts[number]
                path = host.onward if onward else host.homeward
                frames = _passed(host, path, came, since)
    return [
        _printed(host, own.get(number, ()), arrived[number], since)
        for number, host in enumerate(hosts)
    ]


def _carried(
    frame: tuple[int, bytes], link: SimulatedLink, chance: random.Random
) -> list[tuple[int, bytes]]:
    """When a frame comes to the other end: not at all, or twice."""
    time, data = frame
    lost, doubled = chance.random() < link.loss, chance.random() < link.doubling
    if lost:
        return []
    time += link.delay + chance.randint(0, link.jitter)
    return [(time, data), (time + link.jitter, data)] if doubled else [(time, data)]


def _passed(
    host: SimulatedHost, path: str, came: Sequence[tuple[int, bytes]], since: int
) -> list[tuple[int, bytes]]:
    """The frames that *host* sends on of those that came."""
    frames: list[tuple[int, bytes]] = []

    def wire(clock: int, frame: bytes) -> None:
        frames.append((host.time(clock, since), frame))

    packets = _packets(host, [(time, path, data) for time, data in came], since)
    for _ in Simulation(host.program, replace(host.settings, wire=wire)).run(packets):
        pass
    return frames


def _printed(
    host: SimulatedHost,
    own: Iterable[tuple[int, bytes]],
    arrived: Iterable[tuple[int, bool, bytes]],
    since: int,
) -> str:
    """What *host*'s program prints of all that it sees."""
    arrivals = [(time, "output", data) for time, data in own]
    for time, onward, data in arrived:
        arrivals.append((time, host.onward if onward else host.homeward, data))
    packets = _packets(host, arrivals, since)
    return "".join(chunk.text for chunk in Simulation(host.program, host.settings).run(packets))


def _packets(
    host: SimulatedHost, arrivals: Iterable[tuple[int, str, bytes]], since: int
) -> list[StackPacket]:
    """Packets as *host*'s clock has them; no two at once."""
    packets = []
    last = 0
    for time, path, data in sorted(arrivals):
        last = max(time, last + _TURN)
        packets.append(StackPacket(data, host.clock(last, since), ethernet=True, path=path))
    return packets
