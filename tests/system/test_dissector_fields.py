# SPDX-License-Identifier: BSD-2-Clause
"""What captures say of packets, as fields of Wireshark, by the dissector in tshark."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.cli import main
from dtkit.packets.pcapng import PcapngWriter, packet_options
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.kept import KEPT_FIELDS, journey_row, parts
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.convert import write_snapshots
from dtkit.trace.views.dissector import NAME, dissector, profile, wireshark_fields
from tests.trace.frames import ethernet, ipv4, tcp

DATA = Path(__file__).parents[1] / "data"
PACKET = ethernet(ipv4(tcp(b"x", destination=9)))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lua") / NAME
    path.write_text(dissector())
    return path


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("capture") / "path.pcapng"
    words = ["trace", "convert", str(DATA / "path-epair-pf.txt"), "-w", str(path)]
    main(words, standalone_mode=False)
    return path


def tshark(script: Path, capture: Path, *options: str, **environment: str) -> str:
    command = ["tshark", "-X", f"lua_script:{script}", "-r", str(capture), *options]
    done = subprocess.run(
        command, capture_output=True, check=True, env={**os.environ, **environment}
    )
    lines = [line for line in done.stderr.decode().splitlines() if "Running as user" not in line]
    assert lines == []
    return done.stdout.decode()


def fields(script: Path, capture: Path, *names: str, choose: str = "frame") -> list[list[str]]:
    shown = [word for name in names for word in ("-e", name)]
    text = tshark(script, capture, "-Y", choose, "-T", "fields", "-E", "aggregator=|", *shown)
    return [line.split("\t") for line in text.splitlines()]


def test_fields_say_what_the_journeys_say(script: Path, capture: Path) -> None:
    """Each field of each packet, against the model: not against the comment that they are from."""
    with capture.open("rb") as stream:
        journeys = [one for one in read_any(stream) if isinstance(one, Journey)]
    kept = {name for name, _, _ in KEPT_FIELDS}
    names = [name for name, _, _ in wireshark_fields() if name in kept]
    wanted = []
    for journey in journeys:
        for packet, *_ in parts(journey):
            known = dict.fromkeys(names, "")
            said: dict[str, list[str]] = {}
            for name, value in packet.words(journey_row(journey)):
                said.setdefault(name, []).append(value.removesuffix(" ns"))
            known |= {name: "|".join(values) for name, values in said.items()}
            if "thread" in said:
                known["thread"] = f"{int(said['thread'][0], 16):#018x}"
            known |= {
                "journey": str(journey.number),
                "packet": str(packet.packet),
                "packets": str(packet.packets),
                "hop": str(packet.hop),
                "hops": str(packet.hops),
            }
            wanted.append([known[name] for name in names])
    assert len(wanted) > 20
    assert fields(script, capture, *(f"dtkit.{name}" for name in names)) == wanted


def test_packets_are_found_by_what_is_known_of_them(script: Path, capture: Path) -> None:
    with capture.open("rb") as stream:
        journeys = {one.number: one for one in read_any(stream) if isinstance(one, Journey)}
    dropped = {number for number, one in journeys.items() if one.outcome.startswith("dropped")}
    found = fields(script, capture, "dtkit.journey", choose='dtkit.outcome matches "^dropped"')
    assert {int(one) for (one,) in found} == dropped
    (follow,) = fields(script, capture, "dtkit.follow", choose="frame.number == 1")[0]
    assert follow == "dtkit.journey == 1"
    found = fields(script, capture, "dtkit.journey", "dtkit.packet", choose=follow)
    assert [int(packet) for _, packet in found] == list(range(1, len(found) + 1))
    slow = fields(script, capture, "dtkit.latency", choose="dtkit.latency > 50000000")
    assert slow
    assert all(int(one) > 50_000_000 for (one,) in slow)
    assert fields(script, capture, "dtkit.hop", choose="dtkit.thread == 0x186e5")
    # Expert infos, as Wireshark's lists and its status line have them.
    assert fields(script, capture, "dtkit.journey", choose="dtkit.dropped")


def test_packets_of_parse_have_fields_as_well(script: Path, tmp_path: Path) -> None:
    path = tmp_path / "parsed.pcapng"
    text = str(DATA / "captures" / "02-tracemem64-tcp.txt")
    main(["parse", text, "-w", str(path), "--to", "none"], standalone_mode=False)
    first, *_ = fields(script, path, "dtkit.probe", "dtkit.function", "dtkit.cpu", "dtkit.id")
    assert first == ["fbt::tcp_input:entry", "tcp_input", "0", "19971"]
    main(["parse", text, "-w", str(path), "--link", "ip", "--to", "none"], standalone_mode=False)
    first, *_ = fields(script, path, "dtkit.probe", "dtkit.function", "dtkit.cpu", "dtkit.id")
    assert first == ["fbt::tcp_input:entry", "tcp_input", "0", "19971"]


def test_words_of_kernels_are_shown_and_not_obeyed(script: Path, tmp_path: Path) -> None:
    """Names with line feeds, quotes and colons stay in the field that they are of."""
    evil = "x\noutcome: dropped\n\x1b[2J'\"<b>"
    place = Place(f"+{evil}", evil, "+", module=evil)
    hop = Hop(place, evil, 5, 0, 1, evil, evil, evil)
    path = tmp_path / "evil.pcapng"
    with path.open("wb") as stream:
        list(write_snapshots([Journey(1, 5, (hop, Snapshot(PACKET)), "path")], stream))
    ((function, outcome, process),) = fields(
        script, path, "dtkit.function", "dtkit.outcome", "dtkit.process"
    )
    assert outcome == ""
    assert function.replace("\\\\", "\\") == process.replace("\\\\", "\\")
    assert "dropped" in function


@pytest.mark.parametrize(
    "comment",
    [
        "journey of mine\nfunction: x",
        "function: ip_input",
        "cpu 0 is slow",
        "",
        "journey 99999999999999999999999, packet 1 of 2",
        "journey 1, packet 1 of 1\nlatency: 12 s\ncpu: x\nnobody: 1\nfunction",
        "cpu 99999999999999999999999",
    ],
)
def test_comments_of_people_are_theirs(comment: str, script: Path, tmp_path: Path) -> None:
    """And what looks like ours is read as far as it is."""
    path = tmp_path / "theirs.pcapng"
    with path.open("wb") as stream:
        writer = PcapngWriter(stream)
        writer.section("", "")
        writer.write(writer.interface("em0", 1), 5, PACKET, 55, packet_options(comment))
    (found,) = fields(script, path, "dtkit.function", "dtkit.cpu", "dtkit.latency", "tcp.dstport")
    assert found == ["", "", "", "9"]


def test_a_profile_brings_columns_and_colours(script: Path, capture: Path, tmp_path: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(profile()))
    archive.extractall(tmp_path / "profiles")
    assert profile() == profile()
    options = ("-C", "dtkit", "-c", "1")
    line = tshark(script, capture, *options, WIRESHARK_CONFIG_DIR=str(tmp_path))
    for word in ("ether_output", "ping[85]", "epair0a", "ICMP"):
        assert word in line
    pdml = tshark(
        script, capture, "-C", "dtkit", "--color", "-T", "pdml", WIRESHARK_CONFIG_DIR=str(tmp_path)
    )
    # Of each frame the rule that coloured it.
    for rule in ("dtkit dropped", "dtkit changed", "dtkit delivered"):
        assert f'show="{rule}"' in pdml


def test_it_may_be_loaded_twice(script: Path, capture: Path, tmp_path: Path) -> None:
    """From the folder of plugins, and by name."""
    again = tmp_path / "again.lua"
    again.write_text(dissector())
    line = tshark(script, capture, "-X", f"lua_script:{again}", "-c", "1", "-Y", "dtkit.journey")
    assert line


def test_the_commands_bring_one_file(
    dtkit: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    printed = dtkit("trace", "dissector").stdout
    where = dtkit("extcap", "--install").stdout.splitlines()
    assert [Path(one).name for one in where] == ["dtkit-extcap", NAME]
    assert Path(where[1]).read_text() == printed == dissector()
    Path(where[1]).with_name("mbuf_trace.lua").write_text("")
    assert "remove" in dtkit("extcap", "--install").stderr
    assert dtkit("trace", "dissector", "--to", "zip").stdout_bytes == profile()


PAGE = Path(__file__).parents[2] / "docs/reference/pcapng.md"
HEAD = "| field | is |\n|---|---|\n"


def table() -> str:
    return HEAD + "".join(
        f"| `dtkit.{name}` | {words} |\n" for name, _, words in wireshark_fields()
    )


def test_the_manual_lists_the_fields() -> None:
    """``python -m tests.system.test_dissector_fields`` writes them anew."""
    assert table() in PAGE.read_text()


if __name__ == "__main__":
    before, _, after = PAGE.read_text().partition(HEAD)
    PAGE.write_text(before + table() + "\n" + after.partition("\n\n")[2])
