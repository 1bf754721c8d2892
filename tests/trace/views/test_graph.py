# SPDX-License-Identifier: BSD-2-Clause
"""The aggregate of journeys, and its drawings: by Graphviz, as XML, and with hostile labels."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ET
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.foreign import visible
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.drawing import dot, mermaid
from dtkit.trace.views.graph import Graph, passed
from dtkit.trace.views.layout import order
from dtkit.trace.views.svg import PALETTE, svg

DATA = Path(__file__).parents[2] / "data"
SVG = "{http://www.w3.org/2000/svg}"


def journey(*texts: str) -> Journey:
    return Journey(1, None, tuple(Hop.parse(text.encode()) for text in texts), "")


IN = ("net/if.c:1: +ether_input", "netinet/ip_input.c:2: +ip_input")
FIRST = Graph.of([journey(*IN, "netinet/tcp_input.c:3: tcp_input")] * 3 + [journey(*IN)])
SECOND = Graph.of([journey(*IN, "netpfil/pf/pf.c:4: dropped")] * 2)
HOSTILE = ['a"b', "a\\", "</svg><script>x</script>", "a]b}c", "a\nb", "\x1b[31m", "%N\\N", "#35;",
           "\\l\\G", "&lt;b&#35;&amp;"]  # fmt: skip


@pytest.mark.parametrize(
    ("hops", "expected"),
    [
        ("+a +b -b +c -c -a", "a b c"),
        ("+a -a", "a"),
        ("a a b", "a b"),
        ("+a +a", "a a"),
        ("-a -b", "a b"),
        ("+a x -a y", "a x y"),
        ("", ""),
    ],
)
def test_the_way_of_a_packet(hops: str, expected: str) -> None:
    assert " ".join(hop.place.label for hop, _ in passed(journey(*hops.split()).way)) == expected


def test_the_aggregate() -> None:
    assert FIRST.journeys == 4
    assert {key[1]: (n.count, n.starts, n.ends) for key, n in FIRST.nodes.items()} == {
        "ether_input": (4, 4, 0),
        "ip_input": (4, 0, 1),
        "tcp_input": (3, 0, 3),
    }
    assert {(a[1], b[1]): edge.count for (a, b), edge in FIRST.edges.items()} == {
        ("ether_input", "ip_input"): 4,
        ("ip_input", "tcp_input"): 3,
    }
    assert list(FIRST.groups()) == ["net", "netinet"]


def test_latencies_where_times_are_known() -> None:
    def hop(label: str, time: int | None) -> Hop:
        return Hop(Place(label, label, "+"), time=time)

    graph = Graph.of(
        Journey(1, None, (hop("a", 100), Snapshot(b""), hop("b", end)), "") for end in (1100, 3100)
    )
    graph.add(Journey(1, None, (hop("a", 100), hop("b", None)), ""))
    (edge,) = graph.edges.values()
    assert (edge.count, edge.timed, edge.mean, edge.longest) == (3, 2, 2000.0, 3000)
    assert edge.label == "3, 2.00 us"


def test_a_way_counts_in_each_graph_that_it_is_added_to() -> None:
    one = journey(*IN, "-ip_input", "tcp_input")
    again = [Journey(n, None, one.steps, way=one.way) for n in range(3)]
    assert Graph.of(again[:2]) == Graph.of([journey(*IN, "-ip_input", "tcp_input")] * 2)
    assert Graph.of(again) == Graph.of([journey(*IN, "-ip_input", "tcp_input") for _ in again])


def test_memory_is_bounded_by_the_functions_of_a_kernel() -> None:
    graph = Graph.of(journey("start", f"label {number}") for number in range(12_000))
    assert len(graph.nodes) == 10_001
    assert graph.nodes["", "elsewhere"].count == 2001


def test_a_comparison_has_both_counts() -> None:
    both = FIRST.against(SECOND)
    assert both.compared
    assert not FIRST.compared
    assert {key[1]: (node.count, node.other) for key, node in both.nodes.items()} == {
        "ether_input": (4, 2),
        "ip_input": (4, 2),
        "tcp_input": (3, 0),
        "dropped": (0, 2),
    }
    assert {(a[1], b[1]): (edge.count, edge.other) for (a, b), edge in both.edges.items()} == {
        ("ether_input", "ip_input"): (4, 2),
        ("ip_input", "tcp_input"): (3, 0),
        ("ip_input", "dropped"): (0, 2),
    }


def graphviz(text: str) -> Any:
    """What Graphviz understands of a drawing."""
    done = subprocess.run(["dot", "-Tjson"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return json.loads(done.stdout)


def test_graphviz_reads_the_dot() -> None:
    drawn = graphviz(dot(FIRST.against(SECOND), "first | second"))
    clusters = {o["label"] for o in drawn["objects"] if o["name"].startswith("cluster")}
    assert clusters == {"net", "netinet", "netpfil/pf"}
    labels = {o["label"] for o in drawn["objects"] if not o["name"].startswith("cluster")}
    assert "tcp_input\\n3 | 0" in labels
    assert {edge["label"]: edge.get("style") for edge in drawn["edges"]} == {
        "4 | 2": None,
        "3 | 0": None,
        "0 | 2": "dashed",
    }
    assert drawn["label"] == "first | second"


def test_mermaid() -> None:
    assert mermaid(FIRST.against(SECOND)).splitlines() == [
        "flowchart TD",
        '  subgraph g0["net"]',
        '    n0["ether_input<br/>4 | 2"]',
        "  end",
        '  subgraph g1["netinet"]',
        '    n1["ip_input<br/>4 | 2"]',
        '    n2["tcp_input<br/>3 | 0"]',
        "  end",
        '  subgraph g2["netpfil/pf"]',
        '    n3["dropped<br/>0 | 2"]',
        "  end",
        '  n0 -->|"4 | 2"| n1',
        '  n1 -->|"3 | 0"| n2',
        '  n1 -.->|"0 | 2"| n3',
        "  classDef first stroke:#0072b2,stroke-width:3px",
        "  classDef second stroke:#a84600,stroke-width:3px,stroke-dasharray:5 4",
        "  class n2 first",
        "  class n3 second",
        "  linkStyle 1 stroke:#0072b2,color:#0072b2",
        "  linkStyle 2 stroke:#a84600,color:#a84600",
    ]


JOINER = "#8288;"


@pytest.mark.parametrize(
    ("label", "written"),
    [
        # What these would do is known from rendering them: entities keep them from it,
        ('a"b', "a#34;b"),
        ("a]b", "a#93;b"),
        ("`a`", "#96;a#96;"),
        ("<b>", "#60;b#62;"),
        ("#35;", "#35;35#59;"),
        ("&lt;", "#38;lt#59;"),
        ("%%{init}", "#37;#37;#123;init#125;"),
        ("日", "#26085;"),
        # words are only obeyed outside of quotes,
        ("end", "end"),
        ("subgraph", "subgraph"),
        ("click", "click"),
        # but these are looked for when entities have been decoded, or in the whole line.
        ("a\\nb", f"a#92;{JOINER}nb"),
        ("$$x$$", f"#36;{JOINER}#36;x#36;{JOINER}#36;"),
        ("fa:fa-car", f"fa#58;{JOINER}fa-car"),
        ("to: epair0a", "to#58; epair0a"),
        ("direction LR", f"direction{JOINER} LR"),
    ],
)
def test_mermaid_does_not_obey_labels(label: str, written: str) -> None:
    hop = Hop(Place(label, label, file=f"{label}/x.c", line=1))
    lines = mermaid(Graph.of([Journey(1, None, (hop,))])).splitlines()
    assert lines[1:3] == [f'  subgraph g0["{written}"]', f'    n0["{written}<br/>1"]']


def test_mermaid_takes_its_title_from_yaml() -> None:
    title = 'a"b\\ <b> 日 \U0001f4a5 %%{x}'
    lines = mermaid(FIRST, title).splitlines()
    assert lines[0] == lines[2] == "---"
    assert lines[1].isascii()
    assert not set(lines[1].partition(" ")[2][1:-1]) & set('"<>%{}#;&')
    # What is quoted is JSON, and so YAML.
    assert json.loads(lines[1].partition(" ")[2]) == title.replace("<", "\u2039")


def test_the_svg_says_what_the_graph_says() -> None:
    root = ET.fromstring(svg(FIRST.against(SECOND), "title", ("one.pcap", "two.pcap")))
    nodes = {g.get("data-label"): g.get("class") for g in root.iter(f"{SVG}g") if g.get("class")}
    assert nodes == {
        "ether_input": "node both",
        "ip_input": "node both",
        "tcp_input": "node first",
        "dropped": "node second",
    }
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"only in one.pcap", "only in two.pcap", "net", "netpfil/pf", "0 | 2"} <= set(texts)
    edges = [p.get("class") for p in root.iter(f"{SVG}path") if "M" in (p.get("d") or "")]
    assert sorted(filter(None, edges))[-3:] == ["edge first", "edge second", "edge second"]


Box = tuple[float, float, float, float]


def boxes_of(root: ET.Element) -> dict[str, Box]:
    """The boxes of a drawing by their function: left, top, right, bottom."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        for rect in group.findall(f"{SVG}rect") if group.get("data-label") is not None else ():
            x, y, width, height = (float(rect.get(name, "")) for name in BOX_ATTRIBUTES)
            found[group.get("data-label") or ""] = (x, y, x + width, y + height)
    return found


BOX_ATTRIBUTES = ("x", "y", "width", "height")


def lines_of(root: ET.Element) -> Iterator[list[tuple[float, float]]]:
    """Points along each line of a drawing, close to each other."""
    for path in root.iter(f"{SVG}path"):
        if "C" not in (path.get("d") or ""):
            continue  # of the legend
        numbers = [float(n) for n in re.findall(r"-?[0-9.]+", path.get("d") or "")]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        line = [points[0]]
        for at in range(1, len(points), 3):
            corners = points[at - 1 : at + 3]
            for step in range(1, 25):
                t = step / 24
                line.append(
                    tuple(
                        (1 - t) ** 3 * a
                        + 3 * (1 - t) ** 2 * t * b
                        + 3 * (1 - t) * t**2 * c
                        + t**3 * d
                        for a, b, c, d in zip(*corners, strict=True)
                    )
                )
        yield line


def check_drawing(graph: Graph) -> None:
    """No box is over another, no line behind a box, and all is in the picture."""
    root = ET.fromstring(svg(graph))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    boxes = boxes_of(root)
    assert len(boxes) == len(graph.nodes)
    for one, two in itertools.combinations(boxes.values(), 2):
        assert one[2] < two[0] or two[2] < one[0] or one[3] < two[1] or two[3] < one[1]
    lines = list(lines_of(root))
    assert len(lines) == len(graph.edges)
    for line in lines:
        for x, y in line:
            assert 0 <= x <= width
            assert 0 <= y <= height
            for left, top, right, bottom in boxes.values():
                assert not (left + 1 < x < right - 1 and top + 1 < y < bottom - 1)


def ways(*texts: str) -> Graph:
    return Graph.of(journey(*text.split()) for text in texts)


HARD = {
    "back edges": ways("a b c d e f", "f a", "e b", "f c", "d a", "c a"),
    "self loops": ways("+a +a +b +b +b +c", "+c +c +a"),
    "a long one past everything": ways("a b c d e f g", "a g", "g a", "b f", "f b"),
    "one row": ways(*(f"start n{n}" for n in range(14)), *(f"n{n} n{n + 1}" for n in range(13))),
    "all with all": ways(*(f"n{a} n{b}" for a in range(9) for b in range(9) if a != b)),
    "sixty": Graph.of(
        journey(
            *(
                f"g{n % 5}/x.c:1: f{n}"
                for n in [(seed * step * step + step) % 60 for step in range(20)]
            )
        )
        for seed in range(1, 9)
    ),
    "two in one": FIRST.against(SECOND),
    "nothing": ways(),
}


@pytest.mark.parametrize("graph", HARD.values(), ids=list(HARD))
def test_no_line_is_behind_a_box(graph: Graph) -> None:
    check_drawing(graph)


@pytest.mark.parametrize(
    "name",
    [
        "mbuf_trace-freebsd-12.1-epair.pcap",
        "mbuf_trace-freebsd-12.1-loopback.pcap",
        "path-epair-pf.txt",
    ],
)
def test_real_captures_are_drawn_well(name: str) -> None:
    with (DATA / name).open("rb") as stream:
        check_drawing(Graph.of(one for one in read_any(stream) if isinstance(one, Journey)))


@pytest.mark.parametrize(
    "name",
    [
        "mbuf_trace-freebsd-15.1-drops.pcap",
        "path-15.1-ipv6.txt",
        "path-15.1-queue-of-one.txt",
        "path-15.1-reasons.txt",
        "path-epair-pf.txt",
    ],
)
def test_labels_of_real_captures_cover_nothing(name: str) -> None:
    """Neither boxes nor each other, however many lines there are."""
    with (DATA / name).open("rb") as stream:
        graph = Graph.of(one for one in read_any(stream) if isinstance(one, Journey))
    root = ET.fromstring(svg(graph))
    labels = []
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") == "halo":
            x, y, width, height = (float(rect.get(name, "")) for name in BOX_ATTRIBUTES)
            labels.append((x + 0.1, y + 0.1, x + width - 0.1, y + height - 0.1))  # as rounded
    assert len(labels) >= len(graph.edges)  # and the names of lanes
    boxes = list(boxes_of(root).values())
    for number, (left, top, right, bottom) in enumerate(labels):
        for x, y, end, low in (*boxes, *labels[:number]):
            assert not (left < end and x < right and top < low and y < bottom)


@given(st.lists(st.lists(st.integers(0, 25), max_size=12), max_size=12))
def test_any_graph_is_drawn_well(walks: list[list[int]]) -> None:
    names = [[f"d{n % 4}/x.c:1: f{n}" for n in walk] for walk in walks]
    check_drawing(Graph.of(journey(*texts) for texts in names))


def test_a_huge_graph_is_drawn_too() -> None:
    check = svg(Graph.of(journey(*(f"f{n * k % 3001}" for n in range(600))) for k in range(1, 6)))
    assert len(boxes_of(ET.fromstring(check))) > 1000


def test_the_order_lets_few_packets_go_back() -> None:
    graph = ways(*["a b c d"] * 9, "d b", "c a")
    assert [label for _, label in order(graph)] == ["a", "b", "c", "d"]
    # On average `last` comes early, in the short way; but nothing comes after it.
    graph = ways("a last", "a b c d e f g last")
    assert order(graph)[-1][1] == "last"


def test_it_starts_where_packets_start() -> None:
    """Also where more packets come back to another function than begin here."""
    graph = ways(*["start loop a loop a loop a end"] * 3)
    assert order(graph)[0][1] == "start"
    with (DATA / "path-epair-pf.txt").open("rb") as stream:
        graph = Graph.of(one for one in read_any(stream) if isinstance(one, Journey))
    boxes = boxes_of(ET.fromstring(svg(graph)))
    assert min(boxes, key=lambda label: boxes[label][1]) == "ether_output"


def test_drops_are_where_the_reason_says() -> None:
    with (DATA / "path-epair-pf.txt").open("rb") as stream:
        graph = Graph.of(one for one in read_any(stream) if isinstance(one, Journey))
    assert {key[1]: node.dropped for key, node in graph.nodes.items() if node.dropped} == {
        "pf_test": 1
    }
    root = ET.fromstring(svg(graph))
    (lost,) = (
        g for g in root.iter(f"{SVG}g") if "lost" in (g.get("class") or "") and g.get("tabindex")
    )
    assert lost.get("data-label") == "pf_test"
    assert [text.text for text in lost.iter(f"{SVG}text")] == ["pf_test", "6, 1 dropped"]
    (why,) = lost.iter(f"{SVG}title")
    assert (why.text or "").endswith("; dropped: 1 refused by a firewall")
    said = {text.text for text in root.iter(f"{SVG}text")}
    assert {"packets, and how long they took on average", "packets dropped here"} <= said
    # Its lanes are the stages of the stack: that all are the kernel's is no news.
    assert {"link", "queue", "firewall", "ip"} <= said


def test_labels_are_over_lines_and_not_under_them() -> None:
    root = ET.fromstring(svg(HARD["sixty"]))
    (drawn,) = (g for g in root.iter(f"{SVG}g") if g.get("transform"))
    kinds = [f"{element.tag.removeprefix(SVG)} {element.get('class')}" for element in drawn]
    lines = [at for at, kind in enumerate(kinds) if kind.startswith("path edge")]
    labels = [at for at, kind in enumerate(kinds) if kind.startswith("text label")]
    assert max(lines) < min(labels)
    for at in labels:
        assert kinds[at - 1] == "rect halo"


def test_each_lane_is_as_tall_as_what_is_in_it() -> None:
    root = ET.fromstring(svg(HARD["sixty"]))
    (drawn,) = (g for g in root.iter(f"{SVG}g") if g.get("transform"))
    top = float((drawn.get("transform") or "").removesuffix(")").split()[-1])
    lanes = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "lane"]
    boxes = list(boxes_of(root).values())
    assert len(lanes) == 5
    for lane in lanes:
        left, y, width, height = (float(lane.get(name, "")) for name in BOX_ATTRIBUTES)
        inside = [box for box in boxes if left <= box[0] and box[2] <= left + width]
        assert inside
        assert all(y < top + box[1] and top + box[3] < y + height for box in inside)
        assert y + height - (top + max(box[3] for box in inside)) < 40


# Colours.


def contrast(one: str, two: str) -> float:
    """The contrast of two colours, from 1 to 21, by WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((light(one), light(two)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(theme: int) -> None:
    for ink in ("text", "muted", "first", "second", "gone"):
        for ground in ("page", "lane", "box"):
            assert contrast(PALETTE[ink][theme], PALETTE[ground][theme]) >= 4.5, (ink, ground)
    for ground in ("page", "lane", "box"):
        assert contrast(PALETTE["line"][theme], PALETTE[ground][theme]) >= 3, ground


def pixels(png: bytes) -> Iterator[bytes]:
    """The pixels of a picture of 8 bits, three bytes each."""
    width, height, depth, kind = struct.unpack_from(">IIBB", png, 16)
    assert depth == 8
    size = {2: 3, 6: 4}[kind]
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, before = zlib.decompress(data), bytes(size * width)
    for number in range(height):
        start = number * (size * width + 1)
        how, line = raw[start], bytearray(raw[start + 1 : start + 1 + size * width])
        for index in range(size * width):
            left = line[index - size] if index >= size else 0
            up, corner = before[index], before[index - size] if index >= size else 0
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda value: abs(guess - value))
            line[index] = line[index] + (0, left, up, (left + up) // 2, nearest)[how] & 255
        before = bytes(line)
        yield from (before[at : at + 3] for at in range(0, size * width, size))


@pytest.mark.skipif(shutil.which("rsvg-convert") is None, reason="make system-packages")
def test_viewers_without_variables_show_it_as_it_is() -> None:
    """librsvg knows no variables of CSS; Inkscape and most viewers neither."""
    drawing = svg(ways("a b c", "a c"))
    done = subprocess.run(
        ["rsvg-convert", "-b", "white", "-f", "png"],
        input=drawing.encode(),
        capture_output=True,
        check=True,
    )
    seen = Counter(f"#{pixel.hex()}" for pixel in pixels(done.stdout))
    assert seen["#000000"] == 0
    root = ET.fromstring(drawing)
    total = int(root.get("width", "")) * int(root.get("height", ""))
    assert seen.total() == total
    assert seen[PALETTE["lane"][0]] > total / 5
    assert seen[PALETTE["box"][0]] > total / 10
    assert seen[PALETTE["line"][0]] > 100
    assert seen[PALETTE["text"][0]] > 0


def test_hostile_labels_stay_text() -> None:
    graph = Graph.of([journey(*HOSTILE, *(f"d{h}d/f.c:1: {h}" for h in HOSTILE))])
    drawn = graphviz(dot(graph, HOSTILE[0]))
    assert len([o for o in drawn["objects"] if o["name"].startswith("n")]) == len(graph.nodes)
    root = ET.fromstring(svg(graph, HOSTILE[2]))
    assert not list(root.iter(f"{SVG}script"))
    assert "</svg><script>x</script>" in {g.get("data-label") for g in root.iter(f"{SVG}g")}
    text = mermaid(graph, HOSTILE[0])
    assert "<script" not in text
    assert all(line.count('"') in (0, 2) for line in text.splitlines())


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_graphviz_draws_titles_and_labels_as_they_are(text: str) -> None:
    def drawn(what: dict[str, Any]) -> list[str]:
        """The lines of a text, once Graphviz has obeyed what it does not take for text."""
        return [one["text"] for one in what["_ldraw_"] if one["op"] == "T"]

    found = graphviz(dot(Graph.of([journey(text)]), text))
    assert drawn(found) == [visible(text)]
    (node,) = [one for one in found["objects"] if one["name"].startswith("n")]
    assert drawn(node) == [visible(text), "1"]


@given(st.lists(st.lists(st.binary(max_size=12), max_size=5), max_size=4))
def test_any_labels_can_be_drawn(ways: list[list[bytes]]) -> None:
    def made(texts: list[bytes]) -> Journey:
        steps: tuple[Step, ...] = tuple(Hop.parse(text) for text in texts)
        return Journey(1, None, steps, "")

    graph = Graph.of(map(made, ways))
    ET.fromstring(svg(graph, "t"))
    for text in (dot(graph), mermaid(graph), svg(graph.against(FIRST))):
        text.encode()


@pytest.mark.parametrize("draw", [dot, mermaid])
def test_a_title_only_shows(draw: Callable[..., str]) -> None:
    """It may be the name of a file, or of a host: as a shell hands it on."""
    drawn = draw(Graph(), "z\udcff\x1b[31m")
    assert "\x1b" not in drawn
    assert drawn.encode()
