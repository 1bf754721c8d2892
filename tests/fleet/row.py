# SPDX-License-Identifier: BSD-2-Clause
"""Three simulated hosts in a row, of which the one in the middle translates addresses."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from dtkit.fleet.join import Capture, JoinedHosts
from dtkit.fleet.passage import Leg
from dtkit.generate.functions import choose, known_functions
from dtkit.generate.path import PathRequest, path_script
from dtkit.probes import catalog
from dtkit.simulate import Settings, read_paths
from dtkit.simulate.network import SimulatedHost, SimulatedLink, run_network
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path
from dtkit.trace.journey.snapshot import Snapshot
from tests.trace.frames import ipv4

ALPHA, BRAVO, OUTSIDE = "10.0.0.1", "198.51.100.9", "192.0.2.1"

#: When the first packet is sent, and how long until the next one, in ns.
START, EVERY = 1_700_000_000_000_000_000, 10_000_000

PATHS = f"""
path output
  begins network
  ip_output m 0 0 0 0 0
    frame-output

path frame-output
  ether_output ifp m 0 0
    prepend ethernet
    ether_output_frame ifp m
      wire m
      vtnet_txq_eof 0
        free m

path input
  ether_input ifp m
    ether_demux ifp m
      strip ethernet
      ip_input m
        udp_input &m &off 17
          udp_append 0 m
        soreceive_dgram 0 0 0 0 0 0
          free m

path outward
  ether_input ifp m
    ether_demux ifp m
      strip ethernet
      ip_input m
        ip_forward m 0
          ip_output m 0 0 1 0 0
            rewrite ttl -1
            rewrite source {OUTSIDE}
            frame-output

path inward
  ether_input ifp m
    ether_demux ifp m
      strip ethernet
      ip_input m
        ip_tryforward m
          rewrite ttl -1
          rewrite destination {ALPHA}
          frame-output
"""


@cache
def program() -> str:
    functions = choose(known_functions(catalog()))
    return path_script(functions, PathRequest(size=128, rate=10**6, hops=10**7))[0]


def frame(number: int, way: int, identity: int, port: int = 53, size: int = 8) -> bytes:
    """A frame that says in its payload which one it is."""
    source, destination = ((ALPHA, BRAVO), (BRAVO, OUTSIDE))[way]
    data = struct.pack(">II", number, way).ljust(size, b"\1")
    udp = struct.pack(">HHHH", 1024 + number % 7, port, 8 + len(data), 0) + data
    packet = ipv4(udp, source=source, destination=destination, protocol=17, identity=identity)
    return bytes((2, 0, 0, 0, 0, 2 - way, 2, 0, 0, 0, 0, 1 + way, 8, 0)) + packet


def texts(
    there: Iterable[tuple[int, bytes]],
    back: Iterable[tuple[int, bytes]],
    links: Sequence[SimulatedLink] = (SimulatedLink(), SimulatedLink()),
    clocks: Sequence[tuple[int, float]] = ((0, 0.0), (0, 0.0), (0, 0.0)),
    seed: int = 0,
) -> list[str]:
    """What the scripts of alpha, router and bravo print of these packets."""
    settings = Settings(file="path.d", paths=read_paths(PATHS))
    ways = (("input", "input"), ("outward", "inward"), ("input", "input"))
    hosts = [
        SimulatedHost(program(), *way, offset, drift, settings)
        for way, (offset, drift) in zip(ways, clocks, strict=True)
    ]
    return run_network(hosts, links, there, back, seed)


HOSTS = ("alpha", "router", "bravo")


def row(
    there: Iterable[tuple[int, bytes]], back: Iterable[tuple[int, bytes]], **how: Any
) -> list[Capture]:
    """What alpha, router and bravo see of packets there and back: see :func:`texts`."""
    captures = []
    for name, text in zip(HOSTS, texts(there, back, **how), strict=True):
        found = list(read_path(io.BytesIO(text.encode())))
        journeys = [one for one in found if isinstance(one, Journey)]
        assert len(journeys) == len(found), [one for one in found if one not in journeys]
        captures.append(Capture(name, journeys))
    return captures


def traffic(count: int, way: int, every: int = EVERY) -> Iterator[tuple[int, bytes]]:
    """Frames at even times."""
    for number in range(count):
        time = START + number * every + way * every // 2
        yield time, frame(number, way, (number * 7 + way) & 0xFFFF)


def which(journey: Journey) -> tuple[int, int]:
    """Which packet a journey is of, by its payload: its number, and its way."""
    data = next(step.data for step in journey.steps if isinstance(step, Snapshot))
    at = data.index(b"\x45") + 28
    number, way = struct.unpack_from(">II", data, at)
    return number, way


def score(joined: JoinedHosts) -> tuple[float, float]:
    """Precision and recall of the passages that were found: 1 is all."""

    def packet(leg: Leg) -> tuple[int, int]:
        return which(joined.captures[leg.host].journeys[leg.place])

    right = sum(packet(one.sender) == packet(one.receiver) for one in joined.passages)
    seen = [[which(journey) for journey in capture.journeys] for capture in joined.captures]
    # Each that a host got was sent by its neighbour, which saw it as well.
    true = sum(
        packet[1] == way
        for way, hosts in ((0, (1, 2)), (1, (1, 0)))
        for host in hosts
        for packet in seen[host]
    )
    found = len(joined.passages)
    return (right / found if found else 1.0), (right / true if true else 1.0)
