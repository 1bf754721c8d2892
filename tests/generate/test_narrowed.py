# SPDX-License-Identifier: BSD-2-Clause
"""Ready-made scripts for some packets alone."""

from __future__ import annotations

import io

import pytest

from dtkit.dlang import check, target_kernel
from dtkit.freebsd import release, releases
from dtkit.generate.conditions import ConditionError
from dtkit.generate.ready import narrowed, ready, ready_made
from dtkit.generate.request import Conditions
from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket
from tests.generate.filters import FRAMES, ICMP, TCP, UDP
from tests.simulate.running import ran
from tests.trace.frames import ipv4, tcp

NAMES = [one.name for one in ready() if one.narrows]

EACH = {
    "filter": Conditions(filter="tcp port 80 or udp port 53"),
    "interface": Conditions(interface="em0"),
    "host": Conditions(vnet="host"),
    "vnet": Conditions(vnet="0xfffff80003456780"),
    "count": Conditions(count=5),
    "rate": Conditions(rate=5),
    "seconds": Conditions(seconds=5),
    "all": Conditions("tcp or icmp6", None, "em0", "host", count=5, seconds=6, rate=7),
}


@pytest.mark.parametrize("asked", EACH)
@pytest.mark.parametrize("name", NAMES)
def test_it_compiles_on_every_release(name: str, asked: str) -> None:
    if name == "retransmits" and EACH[asked].interface:
        with pytest.raises(ConditionError, match="does not know its interface yet"):
            narrowed(name, EACH[asked])
        return
    text, _ = narrowed(name, EACH[asked], command=["dtkit", "script", name, "--x"])
    assert f"Made by:  dtkit script {name} --x" in text.partition("*/")[0]
    assert text.partition("*/")[2] != ready_made(name).partition("*/")[2]
    patched = {"X_VERSION"} if "copyoutmbuf(" in text else set()
    for known in releases():
        findings = check(text, file=f"{name}.d", kernel=target_kernel(known))
        assert {finding.tag for finding in findings} <= patched, known


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_is_asked_for_it_is_the_script_as_it_is(name: str) -> None:
    assert narrowed(name, Conditions()) == (ready_made(name), [])


def shown(name: str, conditions: Conditions, given: list[StackPacket], **settings: object) -> str:
    kernel = target_kernel(release("15"))
    text, _ = narrowed(name, conditions)
    return ran(text, given, Settings(file=f"{name}.d", kernel=kernel, **settings))  # type: ignore[arg-type]


def read(text: str) -> list[bytes]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    return [item.data for item in items if isinstance(item, Packet)]


AGAIN = [ipv4(tcp(b"0123456789", sequence=at, destination=to)) for to in (80, 81) for at in (5, 15)]
AGAIN = [AGAIN[0], AGAIN[1], AGAIN[0], AGAIN[2], AGAIN[3], AGAIN[2]]

#: What each script says of what it is given, by filter.
SHOWS = [
    ("packets-at-input", [StackPacket(TCP), StackPacket(UDP)], "udp", [UDP]),
    ("drops", [StackPacket(UDP)], "udp", [UDP]),
    ("drops", [StackPacket(UDP)], "tcp", []),
    ("pf-verdicts", [StackPacket(TCP, path="refused"), StackPacket(UDP)], "tcp", [TCP]),
    ("pf-verdicts", [StackPacket(TCP, path="refused")], "udp", []),
    (
        "in-and-out",
        [StackPacket(one, ethernet=True) for one in FRAMES[:3]],
        "not ip and not ip6",
        [],
    ),
]


@pytest.mark.parametrize(("name", "given", "filter_", "expected"), SHOWS)
def test_packets_that_pass_a_filter(
    name: str, given: list[StackPacket], filter_: str, expected: list[bytes]
) -> None:
    assert read(shown(name, Conditions(filter=filter_), given)) == expected


def test_what_is_counted_is_what_passes() -> None:
    refused = [StackPacket(TCP, path="refused"), StackPacket(TCP, path="refused")]
    assert shown("pf-verdicts", Conditions(filter="udp"), refused).split()[-2:] == [
        "VERDICT", "PACKETS"
    ]  # fmt: skip
    assert shown("pf-verdicts", Conditions(count=1), refused).split()[-2:] == ["drop", "1"]
    frames = [StackPacket(frame, ethernet=True) for frame in FRAMES[:3]]
    assert shown("vnets", Conditions(count=2), frames).split()[-3:] == ["0x0", "em0", "2"]
    assert "em0" not in shown("vnets", Conditions(interface="em1"), frames)
    text = shown("in-and-out", Conditions(interface="em0", count=2), frames)
    assert text.split()[-4:-1] == ["em0", "in", "2"]
    assert len(read(text)) == 2
    assert read(shown("in-and-out", Conditions(rate=1), frames)) == [FRAMES[0][:64]]


def test_latency_of_some() -> None:
    given = [StackPacket(FRAMES[0], ethernet=True), StackPacket(TCP)]
    found = "segments from an Ethernet: 1\n"
    assert found in shown("latency", Conditions(filter="tcp"), given)
    assert found not in shown("latency", Conditions(filter="udp"), given)
    assert "not asked for, or" in shown("latency", Conditions(filter="udp"), given)


def test_the_shape_and_life_of_some() -> None:
    given = [StackPacket(TCP), StackPacket(UDP), StackPacket(ICMP)]
    text = shown("chain-shape", Conditions(filter="udp"), given)
    assert "ip_input         in the mbuf           1" in text
    # The simulated kernel makes no mbufs that a script could see.
    text, _ = narrowed("mbuf-life", Conditions(filter="udp port 9", count=3))
    chosen, _, others = text.partition("/* The packets that are asked for")[2].partition("END")
    assert chosen.count("@life") == 1
    assert chosen.index("@life") < chosen.index("exit(0)") < chosen.index("@alive")
    assert "printa" in others


def test_segments_of_one_connection_that_are_sent_again() -> None:
    given = [StackPacket(one, path="transmit") for one in AGAIN]
    assert read(shown("retransmits", Conditions(filter="port 80"), given)) == [AGAIN[0]]
    assert len(read(shown("retransmits", Conditions(), given))) > 2
    assert len(read(shown("retransmits", Conditions(rate=1), given))) == 1
    assert len(read(shown("retransmits", Conditions(count=2), given))) == 2


def test_a_place_that_cannot_tell_is_left_out_and_said() -> None:
    text, notes = narrowed("drops", Conditions(interface="em0"))
    assert notes == [
        "fbt::ip_output:entry is left out: interface 'em0': fbt::ip_output:entry does not know its "
        "interface yet; use ether_output, bpf_mtap or pf_test"
    ]
    assert "self->out" not in text


@pytest.mark.parametrize(
    ("name", "conditions", "said"),
    [
        ("drops", Conditions(filter="ether src 1:2:3:4:5:6"), "no packet at fbt::ip_input:entry"),
        ("drops", Conditions(filter="what is"), "syntax error"),
        ("latency", Conditions(vnet="here"), "neither `host` nor an address"),
        ("vnets", Conditions(interface="a-name-of-too-many"), "15 bytes at most"),
    ],
)
def test_what_cannot_be_had_is_refused(name: str, conditions: Conditions, said: str) -> None:
    with pytest.raises(ConditionError, match=said):
        narrowed(name, conditions)


def test_a_name_stays_a_string() -> None:
    text, _ = narrowed("vnets", Conditions(interface='a"b'))
    assert 'a"b' not in text
    assert r'== "a\042b"' in text
