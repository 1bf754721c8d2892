# SPDX-License-Identifier: BSD-2-Clause
"""What scripts print of a packet's header, in words; from a real kernel's output to Wireshark."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

from dtkit.dlang.compiler.compile import compile_program
from dtkit.dlang.options import WITH_COPYOUTMBUF
from dtkit.packets.header import HEADER_FIELDS, MbufHeader, header_from, header_words, read_header
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.schema import journey_schema
from tests.packets import captures
from tests.trace.frames import ipv4, tcp

DATA = Path(__file__).parents[1] / "data"
REAL = str(DATA / "meta-15.1.txt")


def said(fields: Mapping[str, str], *, hop: bool = False) -> MbufHeader | None:
    def number(name: str) -> int | None:
        return int(fields[name], 0) if name in fields else None

    return read_header(number, fields, hop=hop)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        pytest.param({}, None, id="not-asked"),
        pytest.param({"flags": "0x1"}, {"flags": "EXT"}, id="no-header"),
        pytest.param(
            {"flags": "0x1", "csum": "0x1", "flow": "1", "tags": "0.15", "vtag": "7"},
            {"flags": "EXT"},
            id="no-header-whatever-follows",
        ),
        pytest.param(
            {"flags": "0x2", "csum": "0", "flow": "0", "rss": "0", "fib": "0", "tags": "0.0,0.0"},
            {"flags": "PKTHDR", "csum": "", "flow": 0, "rss": "NONE", "fib": 0, "tags": ""},
            id="nothing",
        ),
        pytest.param(
            {"flags": "0x1123", "csum": "0x8f080000"},
            {
                "flags": "EXT,PKTHDR,MCAST,EXTPG,0x1000",
                "csum": "L3_CALC,L3_VALID,L4_CALC,L4_VALID,SND_TAG,0x80000",
                "tags": "",
            },
            id="bits-without-a-name",
        ),
        pytest.param(
            {"flags": "0x2082", "vtag": "7", "flow": "4294967295", "rss": "130", "fib": "1"},
            {
                "flags": "PKTHDR,VLANTAG,PROTO1",
                "flow": 4294967295,
                "rss": "RSS_TCP_IPV4",
                "fib": 1,
                "vlan": 7,
                "tags": "",
            },
            id="flow",
        ),
        pytest.param({"flags": "2", "vtag": "-1"}, {"flags": "PKTHDR", "tags": ""}, id="no-vlan"),
        pytest.param(
            {"flags": "2", "rss": "255"},
            {"flags": "PKTHDR", "rss": "INNER_OPAQUE", "tags": ""},
            id="inner",
        ),
        pytest.param(
            {"flags": "2", "rss": "8"},
            {"flags": "PKTHDR", "rss": "0x8", "tags": ""},
            id="no-such-hash",
        ),
        pytest.param(
            {"flags": "2", "tags": "0.15,0.815,4b3cc420.1,0.7f0,beef.2,x,1,0.0"},
            {"flags": "PKTHDR", "tags": "PF,PF,IPFW_RULE,2032,0xbeef.2"},
            id="tags",
        ),
        pytest.param(
            {"flags": "2", "if": "em0", "exec": "nc"},
            {"flags": "PKTHDR", "received": "em0", "process": "nc", "tags": ""},
            id="who",
        ),
    ],
)
def test_a_line_in_words(fields: dict[str, str], wanted: dict[str, int | str] | None) -> None:
    found = said(fields)
    assert (None if found is None else found.known()) == wanted
    assert header_from(wanted) == found


def test_a_hop_tells_interface_and_process_itself() -> None:
    found = said({"flags": "2", "if": "em0", "exec": "nc"}, hop=True)
    assert found is not None
    assert (found.received, found.process) == (None, None)


def test_words_leave_out_what_says_nothing() -> None:
    assert header_words(MbufHeader("PKTHDR", "", 0, "NONE", 2, tags="PF")) == [
        "flags PKTHDR",
        "fib 2",
        "tags PF",
    ]


@pytest.mark.parametrize(
    "forged", [3, [], {"flow": "1"}, {"flags": 2}, {"fib": True}, {"csum": []}]
)
def test_a_forged_header_is_refused(forged: object) -> None:
    with pytest.raises(ValueError, match="a header"):
        header_from(forged)


def test_what_a_kernel_said(dtkit: Callable[..., Result]) -> None:
    """Checksums of lo0 are not summed; those of UDP are left to the interface; a multicast."""
    lines = dtkit("parse", REAL, "--to", "json").stdout.splitlines()
    packets = [json.loads(line) for line in lines]
    assert all(set(packet["header"]) <= set(HEADER_FIELDS) for packet in packets)
    tcp = [one["header"] for one in packets if one["function"] == "tcp_input"]
    assert len(tcp) == 8
    assert {(one["csum"], one["received"], one["process"]) for one in tcp} == {
        ("L3_CALC,L3_VALID,L4_CALC,L4_VALID", "lo0", "intr")
    }
    flags = Counter(packet["header"]["flags"] for packet in packets)
    assert flags == {"PKTHDR": 40, "PKTHDR,MCAST": 4}
    udp = [one["header"]["process"] for one in packets if one["header"]["csum"] == "IP_UDP"]
    assert Counter(udp) == {"kernel": 4, "nc": 2}
    assert (
        "csum L3_CALC,L3_VALID,L4_CALC,L4_VALID, received lo0" in dtkit("parse", "-v", REAL).stdout
    )


def test_it_is_in_captures_and_comes_back(dtkit: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "meta.pcapng"
    dtkit("parse", REAL, "-w", str(path), "--to", "none")
    with path.open("rb") as stream:
        journeys = [one for one in read_any(stream) if isinstance(one, Journey)]
    hop = journeys[1].hops[0]
    assert (hop.place.label, hop.interface, hop.process) == ("tcp_input", "lo0", "intr")
    assert hop.header is not None
    assert hop.header.csum == "L3_CALC,L3_VALID,L4_CALC,L4_VALID"
    jsonschema.validate(json.loads(json.dumps(journeys[1].to_dict())), journey_schema())
    shown = dtkit("trace", "show", str(path)).stdout
    assert "lo0, flags PKTHDR, csum L3_CALC,L3_VALID,L4_CALC,L4_VALID" in shown
    page = tmp_path / "page.html"
    assert dtkit("trace", "report", str(path), "-o", str(page)).exit_code == 0
    assert "csum L3_CALC,L3_VALID,L4_CALC,L4_VALID" in page.read_text()


def test_it_is_asked_for_with_annotations_only(dtkit: Callable[..., Result]) -> None:
    assert "--annotate" in dtkit("oneliner", "--meta", "ip_input").stderr
    assert "flags=0x%x" in dtkit("oneliner", "--meta", "--annotate", "ip_input").stdout
    assert "flags=" not in dtkit("oneliner", "--annotate", "ip_input").stdout


@pytest.mark.parametrize("copy", ["first", "copyoutmbuf"])
def test_hops_of_followed_packets_say_it(copy: str, dtkit: Callable[..., Result]) -> None:
    words = ("path", "script", "--preset", "input", "--copy", copy)
    plain, meta = (dtkit(*words, *more, "icmp").stdout for more in ((), ("--meta",)))
    compile_program(meta, options=WITH_COPYOUTMBUF)
    assert "flags=0x%x csum=0x%x" in meta
    assert "flags=" not in plain
    assert "tag1" not in plain


def test_the_simulated_kernel_says_it_as_well(dtkit: Callable[..., Result], tmp_path: Path) -> None:
    capture = tmp_path / "packets.pcap"
    capture.write_bytes(captures.pcap([ipv4(tcp(b"x"))] * 2, linktype=101))
    words = ["--simulate", "--packets", str(capture)]
    result = dtkit("run", "ip_input", "--meta", *words, "--to", "json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert len(found) == 2
    assert all("PKTHDR" in one["header"]["flags"] for one in found)


def test_the_manual_lists_the_fields() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/oneliner.md").read_text()
    assert all(f"| `{name}` | {words} |" in page for name, (_, words) in HEADER_FIELDS.items())
