# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit script``, and the options that it shares with ``dtkit oneliner``."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from dtkit.dlang import target_kernel
from dtkit.dlang.compiler.compile import library
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.parser import parse
from dtkit.generate.point import Point, points
from dtkit.generate.ready import ready
from dtkit.output import packets, read_output
from dtkit.packets import pcapfilter
from dtkit.packets.packet import Packet
from dtkit.probes import Probe, catalog
from dtkit.simulate import Settings, StackPacket
from tests.generate.filters import FRAMES, ICMP, TCP, UDP
from tests.simulate.running import ran

Dtkit = Callable[..., Result]

LISTING = str(Path(__file__).parent.parent / "data" / "captures" / "listing-input-entry.txt")


def made(dtkit: Dtkit, *args: str) -> str:
    result = dtkit("script", *args)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def simulated(text: str, given: list[StackPacket], cpus: int = 1) -> str:
    return ran(text, given, Settings(file="x.d", cpus=cpus))


def read(text: str) -> list[Packet]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    return [item for item in items if isinstance(item, Packet)]


# What comes of it


@pytest.mark.parametrize("copy", ["first", "segments", "copyoutmbuf"])
@pytest.mark.parametrize("offset", [0, 13, 40, 300])
@pytest.mark.parametrize("length", [0, 16, 200])
def test_every_copy_method_gives_the_bytes_that_are_asked_for(
    dtkit: Dtkit, copy: str, offset: int, length: int
) -> None:
    text = made(dtkit, "ip_input", "--copy", copy, "--offset", str(offset), "--length", str(length))
    given = [
        StackPacket(TCP),
        StackPacket(ICMP, lengths=(20, 0, 30)),
        StackPacket(UDP, lengths=(1, 1, 1, 1)),
    ]
    reach = [52, 20, 1] if copy == "first" else [1000] * 3
    wanted = []
    for packet, far in zip(given, reach, strict=True):
        data = packet.data[:far][offset:]
        wanted.append(data[: length or None])
    assert [packet.data for packet in read(simulated(text, given))] == [
        one for one in wanted if one
    ]


def test_segments_of_firings_on_many_cpus_are_joined(dtkit: Dtkit) -> None:
    text = made(dtkit, "ip_input", "--length", "0")
    given = [StackPacket(ICMP, lengths=(n, 7)) for n in range(20, 50)]
    found = read(simulated(text, given, cpus=4))
    assert [packet.data for packet in found] == [ICMP] * 30
    assert all(packet.exact for packet in found)


def test_a_chain_that_goes_on_is_named(dtkit: Dtkit) -> None:
    text = made(dtkit, "ip_input", "--length", "0", "--depth", "2")
    output = simulated(text, [StackPacket(ICMP, lengths=(20, 20)), StackPacket(TCP)])
    result = dtkit("parse", input=output)
    assert "an mbuf chain went on after 2 mbufs; a greater depth shows more" in result.stderr
    assert [packet.data for packet in read(output)] == [ICMP[:40], TCP]


def test_accepted_and_fired_are_counted_per_probe(dtkit: Dtkit) -> None:
    text = made(dtkit, "ip_input", "udp_input", "ip_forward", "--filter", "udp")
    output = simulated(text, [StackPacket(TCP), StackPacket(UDP), StackPacket(ICMP)])
    assert re.findall(r"^@dtkit 1 end (.*)", output, re.M) == [
        "probe=fbt::ip_forward:entry fired=0 accepted=0",
        "probe=fbt::udp_input:entry fired=1 accepted=1",
        "probe=fbt::ip_input:entry fired=3 accepted=1",
        "faults=0",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--filter icmp", [ICMP]),
        ("--filter 'not icmp'", [TCP, UDP]),
        ("--count 2", [TCP, UDP]),
        ("--rate 1", [TCP]),
        ("--exec intr", [TCP, UDP, ICMP]),
        ("--exec nginx", []),
        ("--pid 12", [TCP, UDP, ICMP]),
        ("--pid 13", []),
        ("--where 'this->m->m_len == 52'", [TCP]),
        ("--sample 1/1", [TCP, UDP, ICMP]),
        ("--iface lo0", [TCP, UDP, ICMP]),
        ("--iface em0", []),
        ("--vnet 0xfffff80003456780", []),
        ("--depth 1 --filter tcp", [TCP]),
    ],
)
def test_conditions(dtkit: Dtkit, options: str, expected: list[bytes]) -> None:
    import shlex

    text = made(dtkit, "ip_input", "--length", "0", *shlex.split(options))
    output = simulated(text, [StackPacket(TCP), StackPacket(UDP), StackPacket(ICMP)])
    assert [packet.data for packet in read(output)] == expected
    assert "faults=0" in output


def test_an_interface_by_argument(dtkit: Dtkit) -> None:
    text = made(dtkit, "ether_input", "--iface", "em0")
    assert len(read(simulated(text, [StackPacket(FRAMES[0], ethernet=True)]))) == 1


def test_a_stack_is_told_with_its_packet(dtkit: Dtkit) -> None:
    output = simulated(made(dtkit, "tcp_input", "--stack"), [StackPacket(TCP)])
    assert re.search(r"^@dtkit 1 stack .*\n\n +kernel`ip_input\+0x", output, re.M)
    assert [packet.data for packet in read(output)] == [TCP]


def test_a_broken_chain_faults_and_the_next_packet_is_whole(dtkit: Dtkit) -> None:
    text = made(dtkit, "ip_input", "--length", "0", "--depth", "2")
    output = simulated(
        text, [StackPacket(ICMP, lengths=(20,), breakages=(("hole-next", 0),)), StackPacket(TCP)]
    )
    assert [packet.data for packet in read(output)][-1] == TCP


# Listings


def test_a_listing_makes_every_function_a_probe(dtkit: Dtkit) -> None:
    result = dtkit("oneliner", "--listing", LISTING, "sctp_input")
    unknown = dtkit("oneliner", "sctp_input")
    known = dtkit("probes", "--listing", LISTING, "--to", "json")
    assert unknown.exit_code == 2
    if "sctp_input" in known.stdout:
        assert result.stdout.startswith("dtrace -n 'fbt::sctp_input:entry ")
    assert '"fbt::ether_input_internal:entry"' in known.stdout or '"depth": 1' in known.stdout


def test_every_probe_of_a_listing_makes_a_script_that_compiles(dtkit: Dtkit) -> None:
    names = [
        line.split("\t")[0] for line in dtkit("probes", "--listing", LISTING).stdout.splitlines()
    ]
    assert len(names) > 20
    text = made(dtkit, "--listing", LISTING, "--copy", "first", *names)
    known = library(target_kernel())
    program = parse(text, types=known.types.typedefs, variables=known.globals)
    assert len([item for item in program.externals if isinstance(item, tree.Clause)]) > 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the listing is empty"),
        ("Inter-|   Receive\n lo: 1 2 3\n", "no row of a listing"),
        (
            "   ID   PROVIDER            MODULE                          FUNCTION NAME\n"
            "    1        fbt           genunix                         ip_input entry\n\n"
            "\tArgument Types\n\t\targs[0]: mblk_t *\n\n",
            "no function there takes a struct mbuf",
        ),
    ],
    ids=["empty", "another program", "another system"],
)
def test_a_listing_of_nothing_says_so(dtkit: Dtkit, text: str, said: str) -> None:
    result = dtkit("oneliner", "--listing", "-", "ip_input", input=text)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "no function there takes a struct mbuf" in result.stderr.splitlines()[-1]


def test_another_argument_is_of_unknown_data(dtkit: Dtkit) -> None:
    text = "   ID   PROVIDER            MODULE                          FUNCTION NAME\n"
    text += "    1        fbt            kernel                         ip_output entry\n\n"
    text += "\tArgument Types\n\t\targs[0]: struct mbuf *\n\t\targs[1]: struct mbuf *\n\n"
    result = dtkit("oneliner", "--listing", "-", "--argument", "1", "ip_output", input=text)
    assert "args[1] != NULL && args[1]->m_len > 0" in result.stdout
    refused = dtkit("oneliner", "--listing", "-", "--argument", "2", "ip_output", input=text)
    assert refused.exit_code == 2
    assert "argument 2 is no mbuf; args[0], args[1] are" in refused.stderr


# Usage


def test_list_names_every_script(dtkit: Dtkit) -> None:
    names = [line.split("\t")[0] for line in dtkit("script", "--list").stdout.splitlines()]
    assert names == [one.name for one in ready()]


def test_output_goes_to_a_file(dtkit: Dtkit, tmp_path: Path) -> None:
    path = tmp_path / "x.d"
    assert dtkit("script", "drops", "-o", str(path)).stdout == ""
    assert path.read_text() == dtkit("script", "drops").stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "name a probe"),
        (["drops", "--length", "3"], "drops is ready-made and takes --filter, --iface, "),
        (["nosuch"], "no probe 'nosuch'"),
        (["ip_input", "--filter", "tcp prot 22"], "syntax error"),
        (["ip_input", "--filter", "ether host 02:00:00:00:00:01"], "link type IPV4"),
        (["ip_input", "--filter", "ip6"], "expression rejects all packets"),
        (["ether_input", "--filter", "ip protochain 6"], "loop"),
        (["m_freem", "--filter", "tcp"], "say it by a linktype"),
        (["ip_output", "--iface", "em0"], "does not know its interface yet"),
        (["ip_input", "--iface", "an-interface-with-a-long-name"], "15 bytes"),
        (["ip_input", "--exec", "x" * 20], "19 bytes"),
        (["ip_input", "--vnet", "jail1"], "neither `host` nor an address"),
        (["ip_input", "--sample", "1/0"], "is not 1/N"),
        (["ip_input", "--sample", "2/3"], "is not 1/N"),
        (["ip_input", "--count", "0"], "0 is not in the range"),
        (["ip_input", "--dwatch", "../x"], "no name of a profile"),
        (["ip_input", "--where", "this->m = 0"], "an assignment"),
        (["ip_input", "--release", "11"], "11"),
        (["ip_input", "-o", "/nonexistent/x.d"], "No such file"),
    ],
)
def test_what_cannot_be_is_one_line(dtkit: Dtkit, args: list[str], said: str) -> None:
    result = dtkit("script", *args)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert said in line


def test_a_probe_that_no_packet_can_pass_is_left_out(dtkit: Dtkit) -> None:
    result = dtkit("script", "ip_input", "ip6_input", "--filter", "ip6", "--copy", "first")
    assert result.exit_code == 0
    assert result.stderr.startswith("dtkit script: fbt::ip_input:entry is left out: filter 'ip6'")
    assert "fbt::ip6_input:entry" in result.stdout
    assert "fbt::ip_input:entry" not in result.stdout


@pytest.mark.parametrize("of", ["12", "14"])
def test_every_probe_that_knows_its_interface_has_a_sound_script(dtkit: Dtkit, of: str) -> None:
    without = []
    for probe in catalog():
        result = dtkit("script", str(probe.description), "--iface", "em0")
        if result.exit_code:
            without.append(probe.description.function or probe.description.name)
            assert "does not know its interface yet" in result.stderr
            continue
        checked = dtkit("check", "--release", of, "--zdefs", "--program", result.stdout)
        assert (checked.exit_code, checked.stdout) == (0, ""), probe.description
    assert without == ["ip_output", "ip6_output", "accept-refused", "debug-output"]


# What it costs


@pytest.mark.parametrize(
    ("command", "links"),
    [
        ("script ip_input ip_output tcp_input", {"IPV4", "RAW"}),
        ("oneliner ip_input ip_output tcp_input", {"IPV4", "RAW"}),
        ("script ip_input ip6_input ether_input ether_output", {"IPV4", "IPV6", "ETHERNET", "RAW"}),
        ("script ip_input --copy segments --dwatch x", {"IPV4"}),
    ],
    ids=["script", "oneliner", "link types", "dwatch"],
)
def test_clauses_and_a_filter_are_worked_out_once(
    dtkit: Dtkit, monkeypatch: pytest.MonkeyPatch, command: str, links: set[str]
) -> None:
    """And libpcap compiles the filter once for each thing that packets start with."""
    worked_out: list[list[str]] = []

    def counted(probes: Sequence[Probe], *rest: Any, **more: Any) -> tuple[list[Point], list[str]]:
        worked_out.append([str(probe) for probe in probes])
        return points(probes, *rest, **more)

    for module in ("dtkit.generate.script", "dtkit.generate.oneliners"):
        monkeypatch.setattr(f"{module}.points", counted)
    library = pcapfilter._libpcap()
    compiled: list[bytes] = []

    def compile_(handle: Any, code: Any, text: bytes, *rest: Any) -> int:
        compiled.append(text)
        status: int = library.pcap_compile(handle, code, text, *rest)
        return status

    class Counting:
        pcap_compile = staticmethod(compile_)

        def __getattr__(self, name: str) -> Any:
            return getattr(library, name)

    counting = Counting()
    monkeypatch.setattr(pcapfilter, "_libpcap", lambda: counting)
    pcapfilter.compile_filter.cache_clear()
    result = dtkit(*command.split(), "--filter", "tcp port 22")
    assert result.exit_code == 0
    assert len(worked_out) == 1
    assert compiled == [b"tcp port 22"] * len(links)
