# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path``: scripts printed, estimated, run and read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

from dtkit.dlang.compiler.compile import compile_program
from dtkit.freebsd import release
from dtkit.trace.journey.schema import journey_schema
from tests.cli.listing import LISTING, row
from tests.packets import captures
from tests.trace.frames import ethernet, ipv4, tcp

Dtkit = Callable[..., Result]

REAL = Path(__file__).parent.parent / "data" / "path-epair-pf.txt"


@pytest.fixture
def listing(tmp_path: Path) -> str:
    path = tmp_path / "listing.txt"
    path.write_text(LISTING)
    return str(path)


def test_a_script_for_a_listing(dtkit: Dtkit, listing: str) -> None:
    result = dtkit("path", "--listing", listing, "--seconds", "5", "tcp", "port", "22")
    assert result.exit_code == 0
    assert result.stderr == ""
    compile_program(result.stdout)
    assert "tick-5s" in result.stdout
    assert "fbt::malloc" not in result.stdout
    made_by = next(line for line in result.stdout.splitlines() if "Made by" in line)
    assert made_by.endswith(f"dtkit path --listing {listing} --seconds 5 tcp port 22")


def test_without_a_listing_it_says_what_it_lacks(dtkit: Dtkit) -> None:
    result = dtkit("path", "icmp")
    assert result.exit_code == 0
    assert "--listing FILE has all of a kernel's" in result.stderr
    compile_program(result.stdout)


def test_estimate(dtkit: Dtkit, listing: str) -> None:
    result = dtkit("path", "estimate", "--listing", listing, input=None)
    assert result.exit_code == 0
    assert result.stdout.startswith("7 functions, ")


def test_only_what_ends_so(dtkit: Dtkit, listing: str) -> None:
    result = dtkit("path", "--listing", listing, "--only", "slower:5ms", "udp")
    assert result.exit_code == 0
    compile_program(result.stdout)
    assert "self->took > 5000000" in result.stdout
    held = dtkit("path", "estimate", "--listing", listing, "--only", "dropped", "udp")
    said = "256 journeys can be held back at a time and 25856 can end in a second, for 32 MiB of "
    assert held.stdout.rstrip().endswith(f"{said}the 1024 MiB of 4 CPUs")
    asked = ["path", "estimate", "--listing", listing, "udp"]
    held = dtkit(*asked, "--only", "dropped", "--cpus", "1", "--memory", "64m", "--to", "json")
    assert json.loads(held.stdout)["held"] == 2 << 20
    assert json.loads(held.stdout)["journeys"] is None
    ring = dtkit(*asked, "--before-drop", "4m")
    assert ring.stdout.rstrip().endswith("a ring of 4096 KiB on each CPU")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--only", "lost", "udp"], "'lost' is none of dropped, slower:TIME and reason:GLOB"),
        (["--only", "dropped", "--rate", "5", "udp"], "--rate: is not for --only"),
        (["--only", "dropped", "--hops", "5", "udp"], "--hops: is not for --only"),
        (["--no-hops", "udp"], "--no-hops is for --only dropped"),
        (["--only", "slower:5ms", "--no-hops", "udp"], "--no-hops is for --only dropped"),
        (["--only", "dropped", "--no-hops", "--stack", "udp"], "--stack: is said with hops"),
        (["--before-drop", "1m", "--only", "dropped", "--no-hops"], "--before-drop is about hops"),
        (["--before-drop", "1m", "--count", "3"], "--count: --before-drop ends with the first"),
        (["--before-drop", "1m", "--rate", "3"], "--rate: is not for --before-drop"),
        (["--before-drop", "4k"], "a ring of 4096 bytes: less than 100 hops"),
        (["--before-drop", "some"], "'some' is no size such as 64k"),
        (["--cpus", "3", "udp"], "--cpus: is for --only, where hops are held back"),
        (["--listing", "{listing}", "tcp prot 22"], "filter 'tcp prot 22'"),
        (["--listing", "{listing}", "--func", "nope"], "no function 'nope' that is given an mbuf"),
        (["--listing", "{empty}"], "no function in the listing is given a struct mbuf"),
        (["--listing", "{listing}", "--host", "h"], "not from both"),
        (["--host", "-oProxyCommand=id"], "is no name of a host"),
    ],
    ids=[
        "only",
        "only rate",
        "only hops",
        "no hops",
        "no hops slower",
        "no hops stack",
        "ring no hops",
        "ring count",
        "ring rate",
        "ring small",
        "ring size",
        "cpus",
        "filter",
        "function",
        "no mbufs",
        "both",
        "host",
    ],
)
def test_usage(dtkit: Dtkit, listing: str, tmp_path: Path, args: list[str], said: str) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text(row(1, "malloc", ["size_t"]))
    words = [word.format(listing=listing, empty=empty) for word in args]
    result = dtkit("path", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_what_the_kernel_would_refuse_is_warned_of(dtkit: Dtkit) -> None:
    many = "".join(row(number, f"f{number}", ["struct mbuf *"]) for number in range(1, 1500))
    result = dtkit("path", "--listing", "-", "--preset", "all", "icmp", input=many + LISTING)
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 1
    assert "the kernel refuses more than 8388608 (sysctl kern.dtrace.dof_maxsize=" in result.stderr
    assert result.stderr.endswith(" allows them); --preset, --func and --not-func make it fewer\n")


def test_a_listing_without_types_is_said(dtkit: Dtkit) -> None:
    terse = "".join(
        f"{n:5d} {'fbt':>10} {'kernel':>17} {f:>33} entry\n" for n, f in enumerate("ab")
    )
    result = dtkit("path", "--listing", "-", "icmp", input=terse)
    assert result.exit_code == 2
    assert "without types" in result.stderr


def test_a_real_output_is_read(dtkit: Dtkit) -> None:
    result = dtkit("trace", "show", str(REAL))
    assert result.exit_code == 0
    assert result.stderr == "4 journeys, 0 oddities\n"
    assert "  => dropped: pf_test returned PF_DROP\n" in result.stdout
    assert "vnet router" in result.stdout


def test_a_real_output_is_followed(dtkit: Dtkit) -> None:
    result = dtkit("trace", "show", "--follow", "-", input=REAL.read_bytes())
    lines = result.stdout.splitlines()
    assert lines[0].startswith("#1  2026-")
    assert "+ether_output" not in lines[0]
    assert "ether_output" in lines[0]
    assert any(line.startswith("#4  => dropped: pf_test returned PF_DROP; ") for line in lines)


@pytest.mark.parametrize("name", ["graph", "report", "convert", "export"])
def test_every_view_of_journeys_takes_it(dtkit: Dtkit, tmp_path: Path, name: str) -> None:
    output = tmp_path / "output"
    option = "-w" if name == "convert" else "-o"
    result = dtkit("trace", name, str(REAL), option, str(output))
    assert result.exit_code == 0, result.output
    data = output.read_bytes()
    assert len(data) > 1000
    if name == "graph":
        assert b"pf_test" in data
        assert b" us" in data  # latencies


def test_json_is_of_the_schema(dtkit: Dtkit) -> None:
    result = dtkit("trace", "show", "--to", "json", str(REAL))
    schema = journey_schema()
    journeys = [json.loads(line) for line in result.stdout.splitlines()]
    for journey in journeys:
        jsonschema.validate(journey, schema)
    assert {journey["origin"] for journey in journeys} == {None, 1}
    assert journeys[-1]["outcome"] == "dropped: pf_test returned PF_DROP"
    assert {step["vnet"] for step in journeys[0]["steps"] if step["type"] == "hop"} == {
        "host",
        "router",
        "bravo",
    }


def test_filters_choose_journeys(dtkit: Dtkit) -> None:
    result = dtkit("trace", "show", "--filter", "udp port 9999", str(REAL))
    assert result.stdout.count("=> ") == 1
    assert "4 journeys, 1 chosen" in result.stderr


@pytest.mark.parametrize(
    ("path", "reason", "hop"),
    [
        ("refused", "refused by a rule of pf (pf rule 3 in anchor web/deep", "pf(rule 3 in anchor"),
        ("denied", "refused by a rule of ipfw (ipfw rule 100 in set 2)", "ipfw(rule 100 in set 2"),
    ],
)
@pytest.mark.parametrize("linktype", [101, 1], ids=["raw", "ethernet"])
def test_the_simulated_kernel_tells_rules(
    dtkit: Dtkit, tmp_path: Path, path: str, reason: str, hop: str, linktype: int
) -> None:
    """It has the listing of its release: nothing need be said with --listing."""
    capture = tmp_path / "packets.pcap"
    packet = ipv4(tcp(b"x" * 40))
    frames = [packet if linktype == 101 else ethernet(packet)]
    capture.write_bytes(captures.pcap(frames, linktype=linktype))
    words = ["--simulate", "--packets", str(capture), "--path", path, "tcp"]
    result = dtkit("path", "run", *words)
    assert result.exit_code == 0, result.output
    assert reason in result.stdout
    assert hop in result.stdout
    assert "--listing" not in result.stderr


@pytest.fixture
def dtrace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dtrace(1) on the path that lists the functions above and runs scripts in the simulator."""
    packet = bytearray(ipv4(tcp(b"x" * 40)))
    packet[22:24] = b"\0\x16"
    (tmp_path / "packets.pcap").write_bytes(captures.pcap([bytes(packet)], linktype=101))
    (tmp_path / "listing").write_text(LISTING)
    program = tmp_path / "dtrace"
    program.write_text(
        f"#!/bin/sh\ncd {tmp_path}\ncase $1 in\n-l) cat listing ;;\n"
        f"-s) cat $2 > script.d; exec {sys.executable} -m dtkit simulate script.d "
        f"--packets packets.pcap --path nat ;;\nesac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


@pytest.mark.usefixtures("dtrace")
def test_run_prints_journeys(dtkit: Dtkit) -> None:
    result = dtkit("path", "run", "tcp", "port", "22")
    assert result.exit_code == 0, result.stderr
    assert "ipv4 source 10.0.0.1 -> 192.0.2.1" in result.stdout
    assert "  => delivered: freed by vtnet_txq_eof+" in result.stdout
    assert result.stderr.endswith("\n1 journey, 0 oddities\n")
    assert "this host runs 'Linux', and dtkit knows FreeBSD alone" in result.stderr


@pytest.mark.usefixtures("dtrace")
def test_run_and_follow(dtkit: Dtkit) -> None:
    result = dtkit("path", "run", "--follow", "tcp", "port", "22")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("#1  ")
    assert "ip_input" in result.stdout.splitlines()[0]


def test_run_needs_dtrace(dtkit: Dtkit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = dtkit("path", "run", "icmp")
    assert result.exit_code == 2
    assert "no dtrace(1) here: name a FreeBSD host" in result.stderr


REFUSED = (
    "dtrace: failed to compile script /dev/stdin: line 40: probe description fbt::foo:entry "
    "does not match any probes"
)


@pytest.mark.parametrize("words", ["trace show --follow -", "trace show -", "trace export -"])
def test_why_dtrace_refused_a_script_is_said(dtkit: Dtkit, words: str) -> None:
    result = dtkit(*words.split(), input=f"{REFUSED}\n")
    assert result.exit_code == 1
    command = " ".join(words.split()[:2])
    assert result.stderr.splitlines()[0] == f"dtkit {command}: line 1: {REFUSED}"


def test_that_dtrace_began_is_not_said(dtkit: Dtkit) -> None:
    text = b"dtrace: script 'path.d' matched 7 probes\n" + REAL.read_bytes()
    assert dtkit("trace", "show", "-", input=text).stderr == "4 journeys, 0 oddities\n"


def test_the_release_of_a_listing_is_said(dtkit: Dtkit, tmp_path: Path) -> None:
    known = release("15")
    listing = tmp_path / "listing"
    text = "".join(
        row(probe.id, probe.function, list(probe.arguments))
        for probe in known.probes
        if probe.module == "kernel" and probe.name == "entry"
    )
    listing.write_text(text)
    assert f": {listing}: FreeBSD 15\n" in dtkit("path", "--listing", str(listing)).stderr
    listing.write_text(text.replace("struct ifnet *", "struct interface *"))
    odd = dtkit("path", "--listing", str(listing))
    assert odd.exit_code == 0
    assert "the listing is of no FreeBSD that dtkit knows; 15 is nearest: " in odd.stderr


def test_a_kernel_without_type_data_is_followed_by_what_is_known(
    dtkit: Dtkit, tmp_path: Path
) -> None:
    listing = tmp_path / "listing"
    names = ("ip_input", "ip_output", "nothing_known")
    listing.write_text("".join(row(n, name, []) for n, name in enumerate(names, 1)))
    result = dtkit("path", "--listing", str(listing))
    assert result.exit_code == 0, result.stderr
    assert "no argument has a type: the kernel is without CTF" in result.stderr
    assert "fbt::ip_input:entry" in result.stdout
    assert "nothing_known" not in result.stdout
    assert "ip6_input" not in result.stdout


def test_the_last_seconds_alone(dtkit: Dtkit) -> None:
    def shown(*args: str) -> list[int]:
        result = dtkit("trace", "show", "--to", "json", *args, str(REAL))
        assert result.exit_code == 0, result.stderr
        found = [json.loads(line)["journey"] for line in result.stdout.splitlines()]
        chosen = f", {len(found)} chosen" if args else ""
        assert result.stderr == f"{len(every or found)} journeys{chosen}, 0 oddities\n"
        return found

    every: list[int] = []
    every = shown()
    assert shown("--last", "1000") == every
    last = shown("--last", "0.5")
    assert 0 < len(last) < len(every)
    times = {}
    for line in dtkit("trace", "show", "--to", "json", str(REAL)).stdout.splitlines():
        journey = json.loads(line)
        times[journey["journey"]] = max(
            step["time"] for step in journey["steps"] if step["type"] == "hop"
        )
    end = max(times.values())
    assert last == [number for number in every if times[number] >= end - 500_000_000]


def test_the_reasons_are_in_the_help(dtkit: Dtkit) -> None:
    said = " ".join(dtkit("path", "script", "--help").stdout.split())
    assert "GLOB is matched against: refused by a rule of pf; " in said
    assert "ttl expired; " in said
