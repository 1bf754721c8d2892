# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace`` and its subcommands, in this process."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import jsonschema
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from dtkit.cli.trace import TraceGroup, command
from dtkit.packets.capture import read_capture
from dtkit.trace.journey.schema import journey_schema
from dtkit.trace.views.dissector import dissector
from tests.packets import captures
from tests.trace.frames import PACKETS, Note, ethernet, frame, ipv4, tcp

Dtkit = Callable[..., Result]

WAY: list[Note] = [
    "net/if.c:42: +ether_input",
    ethernet(ipv4(tcp(b"x"))),
    "netinet/ip_input.c:7: +ip_input",
    ipv4(tcp(b"x"), ttl=63),
]
CAPTURE = captures.pcap([frame(3, WAY), frame(2, ["dropped", PACKETS["ipv6"]])])


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "capture.pcap"
    path.write_bytes(CAPTURE)
    return str(path)


def test_help_lists_the_subcommands(dtkit: Dtkit) -> None:
    result = dtkit("trace")
    assert result.exit_code == 0
    for name, help in TraceGroup.modules.items():
        assert f"  {name}  " in result.output
        assert help.split()[0] in result.output


@pytest.mark.parametrize("name", TraceGroup.modules)
def test_every_subcommand_has_help_with_examples(dtkit: Dtkit, name: str) -> None:
    assert isinstance(command, click.Group)
    result = dtkit("trace", name, "--help")
    assert result.exit_code == 0
    assert f"dtkit trace {name}" in result.output.partition("Examples:")[2]


def test_show(dtkit: Dtkit, capture: str) -> None:
    result = dtkit("trace", "show", capture)
    assert result.exit_code == 0
    assert result.stderr == "2 journeys, 0 oddities\n"
    first, second, end = result.stdout.split("\n\n")
    assert first.splitlines()[1] == "  +ether_input  net/if.c:42"
    assert "ipv4 ttl 64 -> 63" in first
    assert second.startswith("#2  1970-01-01 00:00:01.000000000  [fe80::1]:1234 > [fe80::2]:22")
    assert end == "2 packets; 2 freed\n"


def test_show_reads_standard_input_and_colours_a_terminal() -> None:
    def run(terminal: bool, **environment: str) -> str:
        command = [sys.executable, "-m", "dtkit", "trace", "show", "-"]
        base = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        base |= {"TERM": "xterm"} | environment
        leader, follower = pty.openpty()
        out = follower if terminal else subprocess.PIPE
        done = subprocess.run(
            command, input=CAPTURE, stdout=out, stderr=subprocess.DEVNULL, env=base, check=True
        )
        os.close(follower)
        with open(leader, "rb", buffering=0) as stream:
            return (stream.read(1 << 16) if terminal else done.stdout).decode()

    assert "\x1b[32m+ether_input\x1b[0m" in run(True)
    assert "+ether_input" in run(False)
    assert "\x1b" not in run(False)
    assert "\x1b" not in run(True, NO_COLOR="1")
    assert "\x1b" not in run(True, TERM="dumb")


def test_show_as_captured(dtkit: Dtkit, capture: str) -> None:
    lines = dtkit("trace", "show", "--as-captured", capture).stdout.splitlines()
    assert lines[1].strip().startswith("~ changed between")
    order = [line.strip().split()[0] for line in lines[1:] if ".c:" in line]
    assert order == ["+ip_input", "+ether_input"]
    steps = json.loads(
        dtkit("trace", "show", "--as-captured", "--to", "json", capture).stdout.splitlines()[0]
    )["steps"]
    assert [step["step"] for step in steps] == [3, 2, 1, 0]


def test_show_json_follows_the_schema(dtkit: Dtkit, capture: str) -> None:
    validator = jsonschema.Draft202012Validator(journey_schema())
    lines = dtkit("trace", "show", "--to", "json", capture).stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        validator.validate(json.loads(line))
    change = json.loads(lines[0])["steps"][3]["changes"][1]
    assert (change["part"], change["field"]) == ("ipv4", "ttl")
    assert (change["before"], change["after"]) == ("64", "63")


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ([], "12"),
        (["label:ip_input"], "1"),
        (["file:if.c"], "1"),
        (["ip6"], "2"),
        (["tcp port 22"], "12"),
        (["tcp port 22", "label:dropped"], "2"),
        (["udp"], ""),
    ],
    ids=str,
)
def test_filters(dtkit: Dtkit, capture: str, filters: list[str], numbers: str) -> None:
    options = [word for one in filters for word in ("--filter", one)]
    result = dtkit("trace", "show", "--to", "json", *options, capture)
    assert result.exit_code == 0
    found = [str(json.loads(line)["journey"]) for line in result.stdout.splitlines()]
    assert "".join(found) == numbers
    if filters:
        assert result.stderr == f"2 journeys, {len(numbers)} chosen, 0 oddities\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["show", "--filter", "latency:1ms"], ", 0 chosen, 2 of unknown latency"),
        (
            ["show", "--filter", "ip6", "--filter", "latency:<1s"],
            ", 0 chosen, 2 of unknown latency",
        ),
        (["stats", "--slower", "1ms"], ", 2 of unknown latency"),
        (["stats"], ""),
    ],
    ids=["filter", "filters", "slower", "all"],
)
def test_journeys_without_times_are_not_fast(
    dtkit: Dtkit, capture: str, options: list[str], said: str
) -> None:
    assert dtkit("trace", *options, capture).stderr == f"2 journeys{said}, 0 oddities\n"
    against = dtkit("trace", "stats", "--slower", "1ms", "--against", capture, str(PATH)).stderr
    assert f"{capture}: 2 journeys, 2 of unknown latency, 0 oddities\n" in against


def test_a_bad_filter_is_one_line(dtkit: Dtkit, capture: str) -> None:
    result = dtkit("trace", "show", "--filter", "tcp prot 22", capture)
    assert result.exit_code == 2
    assert result.stderr.startswith("dtkit trace show: filter 'tcp prot 22': ")
    assert result.stderr.count("\n") == 1


def test_a_generation_can_be_forced(dtkit: Dtkit, capture: str) -> None:
    result = dtkit("trace", "show", "--generation", "1", "--to", "json", capture)
    assert {json.loads(line)["form"] for line in result.stdout.splitlines()} == {"mbuf_trace 1"}


ODD = captures.pcap([frame(3, WAY)[:-1], frame(3, WAY)])


@pytest.mark.parametrize(
    ("data", "options", "status", "stderr"),
    [
        (
            ODD,
            [],
            0,
            "dtkit trace show: frame 1: claims 4 records, 3 are whole: the others left out\n"
            "2 journeys, 1 oddity\n",
        ),
        (
            ODD,
            ["--strict"],
            1,
            "dtkit trace show: frame 1: claims 4 records, 3 are whole: the others left out\n"
            "2 journeys, 1 oddity\n",
        ),
        (
            b"",
            [],
            1,
            "dtkit trace show: the input is empty: not a capture\n0 journeys, 1 oddity\n",
        ),
        (captures.pcap([]), [], 0, "0 journeys, 0 oddities\n"),
    ],
    ids=["odd", "strict", "empty", "no frames"],
)
def test_oddities(dtkit: Dtkit, data: bytes, options: list[str], status: int, stderr: str) -> None:
    result = dtkit("trace", "show", *options, "-", input=data)
    assert (result.exit_code, result.stderr) == (status, stderr)


def test_graph(dtkit: Dtkit, capture: str, tmp_path: Path) -> None:
    result = dtkit("trace", "graph", capture)
    assert result.stdout.startswith("digraph journeys {\n")
    for name, start in [("g.svg", "<svg "), ("g.mmd", "---\ntitle:"), ("g.gv", "digraph ")]:
        assert dtkit("trace", "graph", capture, "-o", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).read_text().startswith(start)
    assert dtkit("trace", "graph", "--to", "svg", capture).stdout.startswith("<svg ")
    refused = dtkit("trace", "graph", capture, "-o", str(tmp_path / "g.png"))
    assert refused.exit_code == 2
    assert "say the form with --to" in refused.stderr
    assert not (tmp_path / "g.png").exists()


def test_graph_of_two_captures(dtkit: Dtkit, capture: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pcap"
    other.write_bytes(captures.pcap([frame(3, WAY) + b"x", frame(3, ["net/if.c:42: +other"])]))
    result = dtkit("trace", "graph", "--to", "mermaid", "--against", str(other), capture)
    assert result.exit_code == 0
    assert "ether_input<br/>1 | 1" in result.stdout
    assert "other<br/>0 | 1" in result.stdout
    assert "frame 1: 1 byte behind the last record" in result.stderr
    assert "2 journeys, 1 oddity" in result.stderr


def test_report(dtkit: Dtkit, capture: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    options = ["--source-url", "https://x.example/{path}#n{line}", "--source-root", str(tmp_path)]
    result = dtkit("trace", "report", *options, capture, "-o", str(path))
    assert result.exit_code == 0
    page = path.read_text()
    assert page.startswith("<!doctype html>")
    assert "<title>capture.pcap</title>" in page
    assert "https://x.example/net/if.c#n42" in page
    assert dtkit("trace", "report", "--title", "A & B", capture, "-o", "-").stdout.count(
        "A &amp; B"
    )


@pytest.mark.parametrize("url", ["javascript://{path}", "{path}", "https://x/{file}"])
def test_report_refuses_bad_templates(dtkit: Dtkit, capture: str, url: str) -> None:
    for option in ("--source-url", "--editor"):
        result = dtkit("trace", "report", option, url, capture, "-o", "-")
        assert result.exit_code == 2
        assert "link" in result.stderr
        assert result.stderr.count("\n") == 1


def test_convert(dtkit: Dtkit, capture: str, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    result = dtkit("trace", "convert", capture, "-w", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "3 packets written\n2 journeys, 0 oddities\n"
    assert path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    again = dtkit("trace", "convert", capture, "-w", "-").stdout_bytes
    assert b"made by: dtkit trace convert" in again
    frames = list(read_capture(io.BytesIO(again)))
    assert frames == list(read_capture(io.BytesIO(path.read_bytes())))
    shown = [dtkit("trace", "show", name).stdout for name in (capture, str(path))]
    assert shown[0] == shown[1]
    result = dtkit("trace", "convert", "--journeys-only", capture, "-w", str(path))
    assert result.stderr.startswith("2 packets written\n")


def test_convert_keeps_what_has_no_packet(dtkit: Dtkit, tmp_path: Path) -> None:
    data = captures.pcap([frame(3, ["a"]), frame(3, WAY)])
    result = dtkit("trace", "convert", "-", "-w", str(tmp_path / "x"), input=data)
    assert result.stderr == "3 packets written\n2 journeys, 0 oddities\n"


def test_dissector(dtkit: Dtkit, tmp_path: Path) -> None:
    assert dtkit("trace", "dissector").stdout == dissector()
    path = tmp_path / "mbuf_trace.lua"
    assert dtkit("trace", "dissector", "-o", str(path)).stdout == ""
    assert path.read_text() == dissector()


def test_schemas_have_names_of_their_own(dtkit: Dtkit, capture: str) -> None:
    """What they are called is no address; a form that they do not describe is refused."""
    made = {
        form: json.loads(dtkit("trace", "schema", "--to", form).stdout)
        for form in ("json", "pcapng", "packets")
    }
    names = [schema["$id"] for schema in made.values()]
    assert sorted(names) == [f"urn:dtkit:schema:{one}:1" for one in ("journey", "parse", "pcapng")]
    for schema in made.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    line = json.loads(dtkit("trace", "show", "--to", "json", capture).stdout.splitlines()[0])
    jsonschema.validate(line, made["json"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(line, made["packets"])


def test_export(dtkit: Dtkit, capture: str, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in dtkit("trace", "export", capture).stdout.splitlines()]
    steps = [line["type"] for line in lines if line["type"] != "journey"]
    assert steps == ["hop", "snapshot"] * 3
    folder = tmp_path / "tables"
    result = dtkit("trace", "export", "--to", "parquet", capture, "-o", str(folder))
    assert result.exit_code == 0
    assert pq.read_table(folder / "journeys.parquet").num_rows == len(lines) - len(steps)
    assert pq.read_table(folder / "hops.parquet").num_rows == 3
    assert pq.read_table(folder / "snapshots.parquet").num_rows == 3


def test_export_of_two_files_needs_a_folder(dtkit: Dtkit, capture: str) -> None:
    result = dtkit("trace", "export", "--to", "parquet", capture)
    assert result.exit_code == 2
    assert "name their folder with -o" in result.stderr


def test_export_without_pyarrow_says_what_to_install(
    dtkit: Dtkit, capture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = dtkit("trace", "export", "--to", "parquet", capture, "-o", "x")
    assert result.exit_code == 2
    assert "pip install 'dtkit[parquet]'" in result.stderr


PATH = Path(__file__).parents[1] / "data" / "path-epair-pf.txt"


def test_stats(dtkit: Dtkit) -> None:
    result = dtkit("trace", "stats", str(PATH))
    assert (result.exit_code, result.stderr) == (0, "4 journeys, 0 oddities\n")
    assert result.stdout.startswith("4 packets\n")
    assert "Time in each stage of the stack" in result.stdout
    assert dtkit("trace", "stats", "-", input=PATH.read_bytes()).stdout == result.stdout
    rows = [
        json.loads(line)
        for line in dtkit("trace", "stats", "--to", "json", str(PATH)).stdout.splitlines()
    ]
    assert {"type": "dropper", "function": "pf_test", "count": 1} in rows


def test_stats_of_slow_packets(dtkit: Dtkit, tmp_path: Path) -> None:
    result = dtkit("trace", "stats", "--slower", "5ms", str(PATH))
    assert [line[:2] for line in result.stdout.splitlines()[:5]] == ["#1", "#2", "#3", "", "3 "]
    for time in ("5", "ms", "5 m", "-5ms"):
        result = dtkit("trace", "stats", f"--slower={time}", str(PATH))
        assert result.exit_code == 2
        assert "say 5ms, 1.5s" in result.stderr
    assert dtkit("trace", "stats", "--slower", "1s", "--to", "json", str(PATH)).exit_code == 2
    output = tmp_path / "out.txt"
    result = dtkit("trace", "stats", "--against", str(PATH), "-o", str(output), str(PATH))
    assert output.read_text().startswith("4 packets | 4 packets\n")
    result = dtkit("trace", "stats", "--against", str(PATH), "--to", "json", str(PATH))
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows[0]["other"] == 4
    assert not any(row.get("changed") for row in rows)
    result = dtkit("trace", "stats", "--against", str(PATH), "-o", str(output), str(PATH))
    assert result.stderr == f"{PATH}: 4 journeys, 0 oddities\n4 journeys, 0 oddities\n"


def test_show_brief(dtkit: Dtkit) -> None:
    lines = dtkit("trace", "show", "--brief", str(PATH)).stdout.splitlines()
    assert len(lines) == 5
    assert lines[-1].startswith("4 packets; 2 delivered, ")
    assert dtkit("trace", "show", "--brief", "--to", "json", str(PATH)).exit_code == 2


def test_export_to_perfetto(dtkit: Dtkit, tmp_path: Path, capture: str) -> None:
    output = tmp_path / "path.json"
    result = dtkit("trace", "export", "--to", "perfetto", str(PATH), "-o", str(output))
    assert (result.exit_code, result.stderr) == (0, "4 journeys, 0 oddities\n")
    assert len(json.loads(output.read_text())["traceEvents"]) > 500
    result = dtkit("trace", "export", "--to", "perfetto", capture)
    assert result.stderr.startswith("2 journeys have no times of hops: not written\n")
    assert len(json.loads(result.stdout)["traceEvents"]) == 1
