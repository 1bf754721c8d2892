# SPDX-License-Identifier: BSD-2-Clause
"""What other tools make of captures with metadata, and what is left of it behind them."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pcapng
import pytest

from dtkit.cli import main
from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame, read_capture
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Journey

DATA = Path(__file__).parents[1] / "data"
PATH = DATA / "path-epair-pf.txt"

# python-pcapng warns of its own way of declaring options.
pytestmark = pytest.mark.filterwarnings("ignore:Field type should not be:DeprecationWarning")


def run(*words: str | Path) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journeys of a path as ``trace convert`` writes them."""
    path = tmp_path_factory.mktemp("capture") / "path.pcapng"
    main(["trace", "convert", str(PATH), "-w", str(path)], standalone_mode=False)
    return path


def frames(path: Path) -> list[Frame]:
    with path.open("rb") as stream:
        found = list(read_capture(stream))
    assert not [one for one in found if isinstance(one, Oddity)]
    return [one for one in found if isinstance(one, Frame)]


def journeys(path: Path) -> list[Journey]:
    with path.open("rb") as stream:
        found = list(read_any(stream))
    assert not [one for one in found if isinstance(one, Oddity)]
    return [one for one in found if isinstance(one, Journey)]


def flags_and_numbers(path: Path) -> list[tuple[object, object]]:
    with path.open("rb") as stream:
        blocks = [
            block
            for block in pcapng.FileScanner(io.BytesIO(stream.read()))
            if isinstance(block, pcapng.blocks.EnhancedPacket)
        ]
    return [(b.options.get("epb_packetid"), str(b.options.get("epb_flags"))) for b in blocks]


TOOLS: dict[str, Callable[[Path, Path], list[str | Path]]] = {
    "editcap": lambda old, new: ["editcap", old, new],
    "mergecap": lambda old, new: ["mergecap", "-a", "-w", new, old],
    "reordercap": lambda old, new: ["reordercap", old, new],
    "tshark": lambda old, new: ["tshark", "-r", old, "-w", new],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_keep_all_that_is_known_of_each_packet(
    tool: str, capture: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.pcapng"
    run(*TOOLS[tool](capture, new))
    kept, before = frames(new), frames(capture)
    if tool == "reordercap":
        before.sort(key=lambda frame: frame.time or 0)
    assert [one[1:] for one in kept] == [one[1:] for one in before]
    assert all(one.metadata and one.comments for one in kept)
    assert sorted(map(str, flags_and_numbers(new))) == sorted(map(str, flags_and_numbers(capture)))
    by_number = {journey.number: journey for journey in journeys(new)}
    assert by_number == {journey.number: journey for journey in journeys(capture)}


def test_a_merged_capture_has_the_journeys_of_both(capture: Path, tmp_path: Path) -> None:
    """Packets are put in by time; interfaces and the section's comment are the first one's."""
    other, merged = tmp_path / "other.pcapng", tmp_path / "merged.pcapng"
    loopback = DATA / "mbuf_trace-freebsd-14-loopback.pcap"
    main(["trace", "convert", str(loopback), "-w", str(other)], standalone_mode=False)
    run("mergecap", "-w", merged, capture, other)
    found = journeys(merged)
    both = [*journeys(capture), *journeys(other)]
    assert len(found) == len(both)
    assert all(journey in found for journey in both)


def test_a_capture_cut_short_by_editcap_says_how_long_its_packets_are(
    capture: Path, tmp_path: Path
) -> None:
    new = tmp_path / "cut.pcapng"
    run("editcap", "-s", "30", capture, new)
    for cut, whole in zip(journeys(new), journeys(capture), strict=True):
        assert cut.hops == whole.hops
        for one, other in zip(cut.snapshots, whole.snapshots, strict=True):
            assert one.data == other.data[:30]
            assert (one.length or 30) == (other.length or len(other.data))


def test_wireshark_finds_packets_by_their_words(capture: Path) -> None:
    """``frame.comment contains "dropped"``, the direction, and the journey as packet id."""
    outcomes = {journey.number: journey.outcome for journey in journeys(capture)}
    dropped = [number for number, outcome in outcomes.items() if outcome.startswith("dropped")]
    assert dropped
    fields = ["-T", "fields", "-e", "frame.packet_id"]
    found = run("tshark", "-r", capture, "-Y", 'frame.comment contains "outcome: drop"', *fields)
    assert [int(line) for line in found.split()] == dropped
    out = run("tshark", "-r", capture, "-Y", "frame.packet_flags_direction == 2", *fields)
    assert set(out.split()) <= {str(number) for number in outcomes}
    assert out


def test_capinfos_and_tcpdump_read_it(capture: Path, tmp_path: Path) -> None:
    count = len(frames(capture))
    said = run("capinfos", capture)
    assert re.search(rf"Number of packets: +{count}\n", said)
    assert "made by: dtkit trace convert" in said
    # tcpdump(1) reads one link type: what parse makes of packets with --link.
    one = tmp_path / "one.pcapng"
    words = ["parse", str(PATH), "-w", str(one), "--link", "ethernet", "--to", "none"]
    main(words, standalone_mode=False)
    assert len(run("tcpdump", "-r", one).splitlines()) == len(frames(one)) > 10


def test_packets_of_parse_keep_what_is_known_of_them(tmp_path: Path) -> None:
    """parse -w has no journeys: each packet is a way of one hop when trace reads it."""
    text, path = DATA / "captures" / "02-tracemem64-tcp.txt", tmp_path / "parsed.pcapng"
    main(["parse", str(text), "-w", str(path), "--to", "none"], standalone_mode=False)
    new = tmp_path / "new.pcapng"
    run("editcap", path, new)
    found = journeys(new)
    assert len(found) == len(frames(path)) > 0
    for journey in found:
        (hop,), (snapshot,) = journey.hops, journey.snapshots
        assert (hop.place.label, hop.cpu) == ("tcp_input", 0)
        assert len(snapshot.data) == 64
