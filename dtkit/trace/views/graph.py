# SPDX-License-Identifier: BSD-2-Clause
"""
The ways of all packets as one graph: functions, and how often a packet went from one to the next.

A packet's *way* is the functions that it enters or passes, in the order of time. Leaving a
function is no step of the way where its entering was one, else every call would be two edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dtkit.bounded import Bounded
from dtkit.foreign import plain, visible
from dtkit.trace.journey.model import Hop, Journey, Place, Way
from dtkit.trace.journey.outcome import end_of, function_in
from dtkit.trace.journey.stages import stage_of
from dtkit.trace.views.scale import scaled

__all__ = ["Edge", "Graph", "GraphNode", "Key", "passed"]

#: Group (directory or module) and label of a function.
Key = tuple[str, str]

#: A capture that names more functions than this is not one of a kernel's: the further ones are
#: one node, so that memory stays bounded.
_MOST_NODES = 10_000
_ELSEWHERE: Key = ("", "elsewhere")


@dataclass(slots=True)
class GraphNode:
    """A function.

    :ivar count: how often a packet came by.
    :ivar starts: how many ways start here.
    :ivar ends: how many end here.
    :ivar position: sum of its positions in the ways, counted from 0.
    :ivar other: how often in the graph compared with, or None.
    :ivar dropped: how many packets were dropped here.
    :ivar reasons: why, as far as that is known.
    """

    count: int = 0
    starts: int = 0
    ends: int = 0
    position: int = 0
    other: int | None = None
    dropped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Edge:
    """A step from one function to the next.

    :ivar count: how often it was taken.
    :ivar timed: how often with known times.
    :ivar total: ns that these took in all.
    :ivar longest: ns of the longest.
    :ivar other: how often in the graph compared with, or None.
    """

    count: int = 0
    timed: int = 0
    total: int = 0
    longest: int = 0
    other: int | None = None

    @property
    def mean(self) -> float | None:
        """ns that it takes on average, or None where no times are known."""
        return self.total / self.timed if self.timed else None

    @property
    def label(self) -> str:
        """What to write beside it."""
        said = str(self.count) if self.other is None else f"{self.count} | {self.other}"
        mean = self.mean
        return said if mean is None else f"{said}, {scaled(mean)}"


@dataclass(slots=True)
class Graph:
    """The aggregate of journeys.

    :ivar nodes: functions by group and label.
    :ivar edges: steps by the functions that they lead from and to.
    :ivar journeys: how many went into it.
    """

    nodes: dict[Key, GraphNode] = field(default_factory=dict)
    edges: dict[tuple[Key, Key], Edge] = field(default_factory=dict)
    journeys: int = 0

    @classmethod
    def of(cls, journeys: Iterable[Journey]) -> Graph:
        """The graph of *journeys*, in memory bounded by the functions that they name."""
        graph = cls()
        for journey in journeys:
            graph.add(journey)
        return graph

    def add(self, journey: Journey) -> None:
        """Add one more journey."""
        self.journeys += 1
        nodes, edges, times = journey.way.tell(self._passed)
        for position, node in enumerate(nodes):
            node.count += 1
            node.position += position
        for edge in edges:
            edge.count += 1
        for edge, took in times:
            edge.timed += 1
            edge.total += took
            edge.longest = max(edge.longest, took)
        if nodes:
            nodes[0].starts += 1
            nodes[-1].ends += 1
            self._lost(journey, nodes[-1])

    def _passed(
        self, way: Way
    ) -> tuple[tuple[GraphNode, ...], tuple[Edge, ...], tuple[tuple[Edge, int], ...]]:
        """The nodes and edges that *way* leads over; and, where times are known, what an edge
        took."""
        nodes: list[GraphNode] = []
        edges: list[Edge] = []
        times: list[tuple[Edge, int]] = []
        last: Key | None = None
        last_time: int | None = None
        for hop, key in passed(way):
            node = self.nodes.get(key)
            if node is None:
                if len(self.nodes) >= _MOST_NODES:
                    key = _ELSEWHERE
                node = self.nodes.setdefault(key, GraphNode())
            nodes.append(node)
            if last is not None:
                edge = self.edges.get((last, key))
                if edge is None:
                    edge = self.edges[last, key] = Edge()
                edges.append(edge)
                if last_time is not None and hop.time is not None:
                    times.append((edge, hop.time - last_time))
            last, last_time = key, hop.time
        return tuple(nodes), tuple(edges), tuple(times)

    def _lost(self, journey: Journey, last: GraphNode) -> None:
        """Count a dropped packet where it was dropped: by whom the reason names, if it is there."""
        end, reason = end_of(plain(journey.outcome))
        if end == "dropped":
            function = function_in(reason)
            named = next(
                (
                    self.nodes[key]
                    for key in map(key_of, journey.hops)
                    if key[1] == function and key in self.nodes
                ),
                last,
            )
            named.dropped += 1
            if journey.reason:
                named.reasons[plain(journey.reason)] += 1

    def against(self, other: Graph) -> Graph:
        """This graph and *other* in one: each node and edge with both counts."""
        both = Graph(journeys=self.journeys)
        for key in [*self.nodes, *(key for key in other.nodes if key not in self.nodes)]:
            mine, theirs = self.nodes.get(key, GraphNode()), other.nodes.get(key, GraphNode())
            both.nodes[key] = GraphNode(
                mine.count,
                mine.starts,
                mine.ends,
                mine.position if mine.count else theirs.position,
                theirs.count,
                mine.dropped,
                mine.reasons,
            )
        for pair in [*self.edges, *(pair for pair in other.edges if pair not in self.edges)]:
            mine_edge, their_edge = self.edges.get(pair, Edge()), other.edges.get(pair, Edge())
            both.edges[pair] = Edge(
                mine_edge.count,
                mine_edge.timed,
                mine_edge.total,
                mine_edge.longest,
                their_edge.count,
            )
        return both

    @property
    def compared(self) -> bool:
        """Whether this is two graphs in one."""
        return any(node.other is not None for node in self.nodes.values())

    def groups(self) -> dict[str, list[Key]]:
        """Functions by group, groups and functions in the order in which packets meet them."""
        mean = {key: self.mean_position(key) for key in self.nodes}
        groups: dict[str, list[Key]] = {}
        for key in sorted(self.nodes, key=lambda key: (mean[key], key)):
            groups.setdefault(key[0], []).append(key)
        return groups

    def mean_position(self, key: Key) -> float:
        """Where in the ways a function stands on average, counted from 0."""
        node = self.nodes[key]
        return node.position / (node.count or node.other or 1)


def key_of(hop: Hop) -> Key:
    """The node that *hop* belongs to: its function, in its directory; of a function that is known
    by its name alone, in its stage of the stack, for "kernel" says nothing. Where there are several
    hosts, on its host."""
    place = hop.place
    if hop.host is not None:
        return plain(hop.host), plain(place.name)
    kept = _keys.get(id(place))
    if kept is not None:
        return kept[1]
    known = place.file is not None or place.module is None
    key = plain(place.group) if known else stage_of(place), plain(place.name)
    return _keys.keep(id(place), (place, key), len(place.text))[1]


#: Nodes of places that were met; a place is asked for with each packet that passes it.
_keys: Bounded[int, tuple[Place, Key]] = Bounded(16_384)


def passed(way: Way) -> Iterator[tuple[Hop, Key]]:
    """The hops of *way* that enter a function or pass one, each with its node."""
    inside: list[str] = []
    within: dict[str, int] = {}
    last: Key | None = None
    for hop in way.hops:
        place = hop.place
        label, direction = place.label, place.direction
        if direction == "-" and within.get(label):
            left = None
            while left != label:
                left = inside.pop()
                within[left] -= 1
            # It goes on from the function that it was called from, for which no hop is needed.
            continue
        if direction == "+":
            inside.append(label)
            within[label] = within.get(label, 0) + 1
        key = key_of(hop)
        if key != last or direction == "+":
            yield hop, key
        last = key


def side(count: int, other: int | None) -> str:
    """Which of two compared graphs has it: ``both``, ``first`` or ``second`` only."""
    if other is None or (count and other):
        return "both"
    return "first" if count else "second"


def group_title(group: str) -> str:
    """What to call a group; functions of unknown origin are the kernel's."""
    return visible(group) or "kernel"
