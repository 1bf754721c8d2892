# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit simulate``."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.simulate.captures import ipv4

Dtkit = Callable[..., Result]

TCP = ipv4(60, 6, bytes.fromhex("1f901e61 00000001 00000002 5010 0400"))
ONELINER = "fbt::tcp_input:entry { tracemem((*args[0])->m_data, 32); }"


@pytest.fixture
def capture(tmp_path: Path) -> str:
    return write(tmp_path / "a.pcap", 101, [TCP] * 3)


def write(path: Path, linktype: int, frames: list[bytes]) -> str:
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for number, frame in enumerate(frames):
        size = len(frame)
        content += struct.pack("<IIII", 1_600_000_000 + number, 0, size, size) + frame
    path.write_bytes(content)
    return str(path)


def test_what_dtrace_prints(dtkit: Dtkit, capture: str) -> None:
    result = dtkit("simulate", "--release", "12", "--program", ONELINER, "--packets", capture)
    assert result.exit_code == 0
    assert result.stderr == "dtrace: description 'fbt::tcp_input:entry ' matched 1 probe\n"
    firing = (
        "  0  19971                  tcp_input:entry \n"
        "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n"
        "         0: 45 00 00 3c 00 00 00 00 40 06 00 00 7f 00 00 01  E..<....@.......\n"
        "        10: 7f 00 00 01 1f 90 1e 61 00 00 00 01 00 00 00 02  .......a........\n"
        "\n"
    )
    heading = "CPU     ID                    FUNCTION:NAME\n"
    assert result.stdout == heading + firing * 3 + "\n\n"


def test_it_is_parsed(dtkit: Dtkit, capture: str) -> None:
    program = ONELINER.replace("32", "60")
    printed = dtkit("simulate", "--program", program, "--packets", capture).output
    result = dtkit("parse", input=printed)
    assert result.stdout.count("127.0.0.1:8080 > 127.0.0.1:7777 TCP [.] seq 1:21 ack 2") == 3


def test_a_script_with_arguments(dtkit: Dtkit, tmp_path: Path) -> None:
    script = tmp_path / "a.d"
    script.write_text('#!/usr/sbin/dtrace -s\nBEGIN { printf("%d %s\\n", $1, $$2); exit($1); }\n')
    result = dtkit("simulate", "--quiet", str(script), "3", "word")
    assert (result.exit_code, result.stdout) == (3, "3 word\n\n")


def test_a_compile_error(dtkit: Dtkit) -> None:
    result = dtkit("simulate", "--program", "BEGIN { trace(x); }")
    assert result.exit_code == 1
    assert result.stderr == (
        "dtrace: invalid probe specifier BEGIN { trace(x); }: in action list: failed to resolve x: "
        "Unknown variable name\n"
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("misaligned-next@2:1", "the last mbuf has no m_next to misalign"),
        ("hole-data@2:2", "no mbuf 2: the chain has 2, counted from 0"),
    ],
)
def test_a_chain_that_cannot_be_broken_so_ends_the_run(
    dtkit: Dtkit, capture: str, how: str, said: str
) -> None:
    result = dtkit(
        "simulate", "--program", ONELINER, "--packets", capture, "--split", "20", "--break", how
    )
    assert result.exit_code == 2
    assert result.stderr.endswith(f"\ndtkit simulate: --break: {said}\n")


def test_split_and_break(dtkit: Dtkit, capture: str) -> None:
    program = 'fbt::tcp_input:entry { printf("%d\\n", (*args[0])->m_next->m_len); }'
    arguments = ["simulate", "--quiet", "--program", program, "--packets", capture, "--split", "20"]
    assert dtkit(*arguments).stdout == "40\n40\n40\n\n\n"
    result = dtkit(*arguments, "--break", "hole-next@2:0")
    assert result.stdout == "40\n40\n\n\n"
    assert "invalid address" in result.stderr


def test_flow_and_buffer_size(dtkit: Dtkit, capture: str) -> None:
    program = "fbt::ip_input:entry, fbt::ip_input:return { }"
    result = dtkit(
        "simulate", "--flowindent", "--bufsize", "4k", "--program", program, "--packets", capture
    )
    assert result.stdout.count("-> ip_input") == result.stdout.count("<- ip_input") == 3


def test_paths(dtkit: Dtkit, capture: str, tmp_path: Path) -> None:
    program = 'fbt:::entry { printf("%s ", probefunc); }'
    arguments = ["simulate", "--quiet", "--program", program, "--packets", capture]
    assert "ip_tryforward" in dtkit(*arguments, "--path", "forward").stdout
    own = tmp_path / "paths.txt"
    own.write_text("path mine\n  ip_input m\n")
    result = dtkit(*arguments, "--paths", str(own), "--path", "mine")
    assert result.stdout.split() == ["ip_input"] * 3
    result = dtkit(*arguments, "--path", "nosuch")
    assert result.exit_code == 2
    assert "--path nosuch: the paths are input" in result.stderr
    own.write_text("nonsense\n")
    assert dtkit(*arguments, "--paths", str(own)).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--program", "BEGIN { }", "--split", "x"],
        ["--program", "BEGIN { }", "--break", "nonsense@1"],
        ["--program", "BEGIN { }", "--set", "nosuch"],
        ["--program", "BEGIN { }", "--cpus", "0"],
        ["--program", "BEGIN { }", "--drop-rate", "nan"],
        ["/dev/zero"],
        ["-", "--packets", "-"],
    ],
)
def test_usage(dtkit: Dtkit, arguments: list[str]) -> None:
    assert dtkit("simulate", *arguments).exit_code == 2


def test_ethernet_and_loopback(dtkit: Dtkit, tmp_path: Path) -> None:
    program = 'fbt::tcp_input:entry { printf("%d ", (*args[0])->m_len); }'
    ethernet = write(tmp_path / "e.pcap", 1, [bytes(12) + b"\x08\x00" + TCP])
    loopback = write(tmp_path / "l.pcap", 0, [bytes(4) + TCP])
    other = write(tmp_path / "o.pcap", 147, [TCP] * 3)
    for name in (ethernet, loopback):
        result = dtkit("simulate", "--quiet", "--program", program, "--packets", name)
        assert result.stdout.split() == ["60"]
    result = dtkit("simulate", "--quiet", "--program", program, "--packets", other)
    assert result.stderr == (
        "dtkit simulate: frame 1: link type 147 is not simulated, but Ethernet, raw IP, loopback, "
        "pflog and IP in Linux's cooked captures\n"
        "dtkit simulate: 3 frames in all are of link type 147\n"
    )
    assert result.exit_code == 1
    assert dtkit("simulate", "--quiet", "--program", program, "--packets", __file__).exit_code == 1


@pytest.mark.parametrize(
    ("linktype", "header"),
    [
        (117, b"\x3d\x02" + bytes(62)),  # 61 bytes, and 3 to the multiple of 4
        (117, b"\x40\x02" + bytes(62)),
        (113, bytes(14) + b"\x08\x00"),
        (276, b"\x08\x00" + bytes(18)),
    ],
    ids=["pflog", "pflog-64", "cooked", "cooked-2"],
)
def test_headers_of_captures(dtkit: Dtkit, tmp_path: Path, linktype: int, header: bytes) -> None:
    """What firewalls log, and what Linux captures of all interfaces, starts at its IP header."""
    program = 'fbt::tcp_input:entry { printf("%d ", (*args[0])->m_len); }'
    name = write(tmp_path / "in.pcap", linktype, [header + TCP])
    result = dtkit("simulate", "--quiet", "--program", program, "--packets", name)
    assert (result.stdout.split(), result.stderr) == (["60"], "")


@pytest.mark.parametrize(
    ("linktype", "frame"),
    [(117, b""), (113, bytes(14) + b"\x08\x06" + TCP), (276, b"\x08")],
    ids=["pflog", "cooked", "cooked-2"],
)
def test_headers_without_ip(dtkit: Dtkit, tmp_path: Path, linktype: int, frame: bytes) -> None:
    name = write(tmp_path / "in.pcap", linktype, [frame])
    result = dtkit("simulate", "--program", "fbt::ip_input:entry { }", "--packets", name)
    assert f"frame 1: link type {linktype} is not simulated" in result.stderr


def test_cut_frames(dtkit: Dtkit, tmp_path: Path) -> None:
    """Lengths are of what was captured, as is said: a filter may want more."""
    name = Path(write(tmp_path / "in.pcap", 101, [TCP]))
    cut = struct.pack("<IIII", 0, 0, len(TCP), 154) + TCP
    name.write_bytes(name.read_bytes() + cut + cut)
    result = dtkit("simulate", "--program", "fbt::ip_input:entry { }", "--packets", str(name))
    said = [line.partition(": ")[2] for line in result.stderr.splitlines() if "captured" in line]
    assert said == [
        "frame 2: 60 of its 154 bytes were captured: it is simulated as long as these",
        "2 frames in all were captured in part",
    ]


def test_json(dtkit: Dtkit, capture: str) -> None:
    program = (
        'fbt::tcp_input:entry { trace(cpu); printf("%d x", arg2); stack(2); '
        "tracemem((*args[0])->m_data, 3); @n = count(); @q[1] = quantize(5); printa(@n); }"
    )
    result = dtkit(
        "simulate", "--release", "12", "--libxo", "json", "--program", program, "--packets", capture
    )
    dtrace = json.loads(result.stdout)["dtrace"]
    assert len(dtrace["probes"]) == 3
    first = dtrace["probes"][0]
    assert (first["id"], first["function"], first["name"]) == (19971, "tcp_input", "entry")
    value, message, argument, stack, memory, total = first["output"]
    assert (value, message, argument) == ({"value": 0}, {"message": "6 x"}, {"value": 6})
    assert stack["stack-frames"][0]["name"] == "ip_input"
    assert memory == {"tracemem": "0x450000"}
    # The packets are a second apart, and each second what was aggregated is looked at.
    assert total["aggregation-data"] == [{"keys": [], "count": 1}]
    (rest,) = dtrace["aggregations"]
    assert rest["aggregation-name"] == "q"
    assert rest["aggregation-data"][0]["buckets"][1] == {"value": 4, "count": 3}


def test_json_of_nothing(dtkit: Dtkit) -> None:
    result = dtkit("simulate", "--libxo", "json", "--program", "BEGIN { exit(0); }")
    assert len(json.loads(result.stdout)["dtrace"]["probes"]) == 1
    result = dtkit("simulate", "--set", "oformat=json", "--program", "fbt::ip_input:entry { }")
    assert json.loads(result.stdout) == {"dtrace": {"probes": []}}


def test_any_bytes(dtkit: Dtkit) -> None:
    result = dtkit("simulate", "-", input=bytes(range(256)))
    assert result.exit_code == 1
    assert result.stderr.startswith("dtrace: failed to compile script stdin: line ")


def test_a_file_that_is_not_there(dtkit: Dtkit) -> None:
    assert dtkit("simulate", "/nonexistent.d").exit_code == 1


def test_costs_instead_of_output(dtkit: Dtkit, capture: str) -> None:
    program = "fbt::ip_input:entry /arg0 == 1/ { } fbt::tcp_input:entry { @ = count(); }"
    words = ["simulate", "--release", "12", "--quiet", "--program", program, "--packets", capture]
    result = dtkit(*words, "--cost")
    assert result.stdout == (
        "fbt:kernel:ip_input:entry\t20035\t3\t1\t7\t0\t0\t0\n"
        "fbt:kernel:tcp_input:entry\t19971\t3\t1\t2\t0\t1\t0\n"
    )
    result = dtkit(*words, "--cost", "--to", "json")
    assert json.loads(result.stdout.splitlines()[0]) == {
        "probe": "fbt:kernel:ip_input:entry",
        "id": 20035,
        "firings": 3,
        "clauses": 1,
        "instructions": 7,
        "lookups": 0,
        "aggregations": 0,
        "bytes": 0,
    }


def test_a_form_is_for_costs(dtkit: Dtkit) -> None:
    result = dtkit("simulate", "--program", "BEGIN { }", "--to", "json")
    assert result.exit_code == 2
    assert "--to: is for --cost" in result.stderr


def test_without_packets_it_is_said_what_fires(dtkit: Dtkit, capture: str) -> None:
    said = "dtkit simulate: without --packets FILE only BEGIN and END fire\n"
    result = dtkit("simulate", "--quiet", "--program", ONELINER)
    assert result.exit_code == 0
    assert result.stderr == said
    assert said not in dtkit("simulate", "--program", ONELINER, "--packets", capture).stderr
    program = "BEGIN { trace(1); exit(0); } END { trace(2); } ERROR { trace(3); }"
    assert said not in dtkit("simulate", "--program", program).stderr
    assert said not in dtkit("simulate", "--program", ONELINER.replace("32", "nosuch")).stderr
