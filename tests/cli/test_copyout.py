# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit copyout``: what it prints, and the examples of the RFD byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.mbuf import EDGE_CASES, KINDS
from dtkit.output.events import Fault
from dtkit.output.stderr import read_message
from tests.packets.captures import pcap

Dtkit = Callable[..., Result]

#: The segment of the RFD's first example: 52 bytes of IPv4 and TCP.
RFD_FIRST = bytes.fromhex(
    "45100034 46f44000 4006700a c0a80101 c0a80164"
    "3d3c0016 707dfa57 c2ccf14b 80100410 b5a50000 0101080a 3ac804ae 943c095f"
)
#: That of the second, which is another one: the RFD shows it from its TCP header on.
RFD_SECOND = RFD_FIRST[:20] + bytes.fromhex(
    "3d3c0016 707dfd03 c2cd2533 80100410 1ca60000 0101080a 3ac8b5e5 943cba92"
)
HEAD = "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n"
#: As printed in the RFD, in the spacing that dtrace(1) gives it.
RFD_FIRST_DUMP = (
    HEAD
    + """\
         0: 45 10 00 34 46 f4 40 00 40 06 70 0a c0 a8 01 01  E..4F.@.@.p.....
        10: c0 a8 01 64 3d 3c 00 16 70 7d fa 57 c2 cc f1 4b  ...d=<..p}.W...K
        20: 80 10 04 10 b5 a5 00 00 01 01 08 0a 3a c8 04 ae  ............:...
        30: 94 3c 09 5f 00 00 00 00 00 00 00 00 00 00 00 00  .<._............
"""
)
RFD_SECOND_DUMP = (
    HEAD
    + """\
         0: 3d 3c 00 16 70 7d fd 03 c2 cd 25 33 80 10 04 10  =<..p}....%3....
        10: 1c a6 00 00 01 01 08 0a 3a c8 b5 e5 94 3c ba 92  ........:....<..
        20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
        30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
"""
)
FIRST_SKIPPED_DUMP = (
    HEAD
    + """\
         0: 3d 3c 00 16 70 7d fa 57 c2 cc f1 4b 80 10 04 10  =<..p}.W...K....
        10: b5 a5 00 00 01 01 08 0a 3a c8 04 ae 94 3c 09 5f  ........:....<._
        20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
        30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
"""
)


@pytest.mark.parametrize("split", [None, "20,32", "1,0,13,38", "52,0"])
@pytest.mark.parametrize("release", ["12", "14", "15 --ilp32"])
@pytest.mark.parametrize(
    ("packet", "offset", "dump"),
    [
        pytest.param(RFD_FIRST, 0, RFD_FIRST_DUMP, id="first"),
        pytest.param(RFD_SECOND, 20, RFD_SECOND_DUMP, id="second"),
        pytest.param(RFD_FIRST, 20, FIRST_SKIPPED_DUMP, id="second request of the first packet"),
    ],
)
def test_the_examples_of_the_rfd(
    dtkit: Dtkit, release: str, packet: bytes, offset: int, dump: str, split: str | None
) -> None:
    args = ["--packets", "-", "--length", "64", "--offset", str(offset)]
    args += ["--release", *release.split()]
    args += ["--split", split] if split else []
    result = dtkit("copyout", *args, input=pcap([packet], linktype=101))
    assert result.exit_code == 0
    assert result.stdout.endswith("\n\n" + dump)
    assert result.stderr == ""


def test_the_picture(dtkit: Dtkit) -> None:
    result = dtkit("copyout", "--chain", "20,0,64,40p,1448", "--length", "100", "--offset", "10")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:8] == [
        "chain at 0xfffff80003a00000, freebsd-14, 5 mbufs",
        "    0  0xfffff80003a00000  internal  m_len    20  [#]  took 10-19",
        "    1  0xfffff80003a00100  internal  m_len     0  []",
        "    2  0xfffff80003a00200  internal  m_len    64  [##]  took 0-63",
        "    3  0xfffff80003a00300  pages     m_len    40  [#]  took 0-25",
        "    4  0xfffff80003a00400  cluster   m_len  1448  [................................]",
        "scratch at 0xfffffe0003000000: 65536 bytes, used 0 before, 100 after",
        "copyoutmbuf(0xfffff80003a00000, 100, 10) = 0xfffffe0003000000",
    ]


def test_headers_that_a_forged_length_covers_are_not_taken(dtkit: Dtkit) -> None:
    result = dtkit("copyout", "--chain", "20,32,100", "--break", "huge-len:1")
    assert "out of scratch space" in result.stderr
    assert "took" not in result.stdout


def test_only_the_first_mbuf_has_a_packet_header_to_break(dtkit: Dtkit) -> None:
    result = dtkit("copyout", "--chain", "20,32", "--break", "pkthdr-len:1")
    assert result.exit_code == 2
    assert result.stderr == "dtkit copyout: only the first mbuf, 0, has an m_pkthdr.len\n"


def test_a_fault_is_the_line_that_dtrace_prints_and_status_1(dtkit: Dtkit) -> None:
    result = dtkit("copyout", "--chain", "20,32", "--length", "64", "--break", "negative-len:1")
    assert result.exit_code == 1
    assert "copyoutmbuf(0xfffff80003a00000, 64, 0) = 0x0\n" in result.stdout
    assert result.stderr == (
        "dtrace: error on enabled probe ID 1 (ID 1: dtkit:model:copyoutmbuf:entry): "
        "invalid address (0xfffff80003a00118) in action #1\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_dtkits_own_reader_understands_every_fault(dtkit: Dtkit, kind: str) -> None:
    args = ["--chain", "20,32", "--length", "20000", "--break", f"{kind}:0", "--strict-alignment"]
    text, listed = dtkit("copyout", *args), dtkit("copyout", *args, "--to", "json")
    assert text.exit_code == listed.exit_code
    said = json.loads(listed.stdout)
    if kind == "pkthdr-len":  # m_pkthdr.len plays no part
        assert said["fault"] is None
        assert said["data"] == bytes(range(52)).hex().ljust(40000, "0")
        return
    assert (said["data"], said["result"]) == (None, 0)
    message = read_message(1, text.stderr.removesuffix("\n"))
    assert isinstance(message, Fault)
    assert message.flag == said["fault"]["flag"]
    assert (message.illval or 0) == said["fault"]["illval"]
    assert (message.action, message.offset) == (1, None)


def test_json(dtkit: Dtkit) -> None:
    args = ["--length", "8", "--offset", "18", "--scratch", "64", "--release", "12"]
    result = dtkit("copyout", "--chain", "20,32", *args, "--to", "json")
    base, m = 0xFFFFFE0003000000, 0xFFFFF80003A00000
    assert json.loads(result.stdout) == {
        "type": "copyout",
        "layout": "freebsd-12",
        "mbuf": m,
        "length": 8,
        "offset": 18,
        "chain": [
            {"mbuf": m, "storage": "internal", "m_len": 20, "taken": [[18, 20]]},
            {"mbuf": m + 256, "storage": "internal", "m_len": 32, "taken": [[0, 6]]},
        ],
        "scratch": {"base": base, "size": 64, "before": 0, "after": 8},
        "result": base,
        "data": "1213141516171819",
        "fault": None,
    }


@pytest.mark.parametrize(
    ("args", "flag"),
    [
        (["--chain", "20", "--unprivileged"], "KPRIV"),
        (["--chain", "20,100p", "--no-direct-map"], "BADADDR"),
        (["--chain", "20,30", "--scratch", "49"], "NOSCRATCH"),
        (["--chain", ",".join(["1"] * 513)], "ILLOP"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value)[:30],
)
def test_options_decide(dtkit: Dtkit, args: list[str], flag: str) -> None:
    result = dtkit("copyout", *args, "--to", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["fault"]["flag"] == flag


def test_each_packet_of_a_capture_is_a_chain(dtkit: Dtkit, tmp_path: Path) -> None:
    packets = [b"one", b"", b"three", bytes(range(200)) * 300]
    (tmp_path / "x.pcap").write_bytes(pcap(packets))
    result = dtkit("copyout", "--packets", str(tmp_path / "x.pcap"), "--to", "json")
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [bytes.fromhex(item["data"]) for item in found] == packets
    assert [len(item["chain"]) for item in found] == [1, 1, 1, 4]
    text = dtkit("copyout", "--packets", str(tmp_path / "x.pcap"), "--length", "3")
    assert text.stdout.count("chain at") == 4


def test_oddities_of_a_capture_are_said_and_the_rest_is_used(dtkit: Dtkit) -> None:
    whole = pcap([b"one", b"two"])
    result = dtkit("copyout", "--packets", "-", input=whole[:-1])
    assert result.exit_code == 0
    assert result.stdout.count("chain at") == 1
    assert result.stderr.startswith("dtkit copyout: frame 2: ")


def test_no_packet_at_all_is_status_1(dtkit: Dtkit) -> None:
    result = dtkit("copyout", "--packets", "-", input=b"not a capture")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--chain", "20", "--cases"],
        ["--chain", "20", "--split", "3"],
        ["--chain", ""],
        ["--chain", "20,-1"],
        ["--chain", "20,x"],
        ["--chain", "16385"],
        ["--chain", "30000p"],
        ["--chain", "20,30p", "--release", "12"],
        ["--chain", "20", "--length", "-1"],
        ["--chain", "20", "--length", str(1 << 64)],
        ["--chain", "20", "--break", "glue:0"],
        ["--chain", "20", "--break", "cycle:one"],
        ["--chain", "20", "--break", "cycle:1"],
        ["--chain", "20", "--break", "misaligned-next:0"],
        ["--chain", "20,30p", "--break", "hole-data:1"],
        ["--packets", "/nonexistent.pcap"],
    ],
    ids=lambda args: " ".join(args) or "nothing",
)
def test_a_usage_error_is_one_line_and_status_2(dtkit: Dtkit, args: list[str]) -> None:
    result = dtkit("copyout", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("dtkit copyout: ")
    assert result.stderr.count("\n") == 1


def test_cases_are_computed(dtkit: Dtkit) -> None:
    result = dtkit("copyout", "--cases")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert len(rows) == len(EDGE_CASES)
    outcomes = {row[1]: row[3] for row in rows}
    assert outcomes["longer than the chain"] == "64 bytes: 52 of the chain, 12 zero"
    assert outcomes["length 0 from an offset on"] == "1488 bytes"
    assert outcomes["length 0, offset past the end"] == "0 bytes"
    assert outcomes["NULL"] == "BADADDR: invalid address (0x0)"
    assert outcomes["an mbuf points to itself"] == "ILLOP: illegal operation"
    assert outcomes["an unmapped mbuf, without one"].startswith("BADADDR: invalid address (0xffff")
    assert {int(row[0]) for row in rows} == {1, 2, 3, 4, 5, 6, 7}
    listed = dtkit("copyout", "--cases", "--to", "json").stdout.splitlines()
    assert [list(map(str, json.loads(line).values())) for line in listed] == rows


def test_help_has_examples(dtkit: Dtkit) -> None:
    text = dtkit("copyout", "--help").stdout
    assert "Examples:\n  dtkit copyout" in text.replace("Examples:\n    ", "Examples:\n  ")


DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_examples_of_the_manual_are_what_is_printed(dtkit: Dtkit) -> None:
    text = (DOCS / "reference/copyout.md").read_text()
    examples = re.findall(r"```\n\$ dtkit (copyout .*)\n([^`]*)```", text)
    assert len(examples) == 2
    for command, printed in examples:
        result = dtkit(*command.split())
        assert result.stdout + result.stderr == printed


def test_the_example_of_the_models_manual_runs() -> None:
    block = re.search(r"```python\n(.*?)```", (DOCS / "explanation/mbuf.md").read_text(), re.DOTALL)
    assert block is not None
    exec(compile(block[1].replace("print(cpu.log)", ""), "mbuf.md", "exec"), {})
