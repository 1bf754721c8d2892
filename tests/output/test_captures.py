# SPDX-License-Identifier: BSD-2-Clause
"""Every real output is read right: what is in each file was counted by hand."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from dtkit.oddity import Oddity
from dtkit.output import (
    Drop,
    Dump,
    Event,
    Fault,
    Firing,
    Message,
    Notice,
    Source,
    Stack,
    packets,
    read_output,
)
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from tests.output.captures import CAPTURES, EXPECTED, Held, output_of


def events_of(name: str) -> list[Event]:
    return list(read_output(io.BytesIO(output_of(name))))


def firings_of(name: str) -> list[Firing]:
    return [event for event in events_of(name) if isinstance(event, Firing)]


def packets_of(name: str) -> list[Packet]:
    return [item for item in packets(events_of(name), catalog()) if isinstance(item, Packet)]


def test_the_table_has_every_capture() -> None:
    files = {path.name for path in CAPTURES.glob("*.txt")} - {"listing-input-entry.txt"}
    assert files == set(EXPECTED)


TEXT_ALONE = {"50-tcp-chain.txt", "52-ip_output-chain.txt", "path-prototype.txt"}


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_is_lost_and_nothing_invented(name: str) -> None:
    found: Counter[str] = Counter()
    for event in events_of(name):
        if isinstance(event, Oddity):
            # Of printf() alone, with -q and without stderr, nothing tells that it is dtrace(1)'s.
            assert name in TEXT_ALONE
            assert "lines of text that belong to no firing" in event.text
            continue
        for part in [event, *(event.parts if isinstance(event, Firing) else ())]:
            found[type(part).__name__] += part.count if isinstance(part, Drop) else 1
    assert EXPECTED[name] == Held(
        found[Firing.__name__],
        found[Dump.__name__],
        found[Message.__name__],
        found[Stack.__name__],
        found[Fault.__name__],
        found[Drop.__name__],
        found[Notice.__name__],
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_every_line_is_somewhere(name: str) -> None:
    """What is read, written again in the order of its lines, is the file but for blank lines."""
    text = output_of(name).decode()
    kept = set()
    for event in events_of(name):
        for part in [event, *(event.parts if isinstance(event, Firing) else ())]:
            kept.add(part.number if isinstance(part, Oddity) else part.line)
            if isinstance(part, Dump):
                kept.update(range(part.line, part.line + 1 + -(-len(part.data) // 16)))
            elif isinstance(part, Stack):
                kept.update(range(part.line, part.line + len(part.frames)))
    lines = {number for number, line in enumerate(text.split("\n"), 1) if line.strip()}
    headings = {n for n, line in enumerate(text.split("\n"), 1) if line.startswith("CPU ")}
    assert lines - headings == kept


def test_a_firing_knows_where_it_came_from() -> None:
    first = firings_of("53-ether_input-epair.txt")[0]
    assert first.source == Source(cpu=0, id=5704, function="ether_input", name="entry")
    assert first.line == 3


def test_the_bytes_of_a_dump() -> None:
    (packet,) = packets_of("69-tracemem-printable-buffer.txt")
    assert packet.data == b"hello, plain tex"


def test_stderr_in_the_middle_of_a_line() -> None:
    events = events_of("20-ERROR-probe.txt")
    texts = [
        part.text
        for event in events
        if isinstance(event, Firing)
        for part in event.parts
        if isinstance(part, Message)
    ]
    assert texts == ["epid 1 action 1 offset 4294967295 fault 1 addr 3f"] * 4
    fault = next(event for event in events if isinstance(event, Fault))
    assert fault == Fault(3, 1, 20035, "fbt:kernel:ip_input:entry", "BADADDR", 0x3F, 1, None)


@pytest.mark.parametrize(
    ("name", "flag", "illval", "action", "offset"),
    [
        ("15-invalid-address.txt", "BADADDR", 0x3F, 1, None),
        ("16-invalid-address-alloca.txt", "BADADDR", 0x1, 2, 52),
        ("17-null-deref.txt", "BADADDR", 0x18, 1, 24),
        ("18-out-of-scratch.txt", "NOSCRATCH", None, 1, 24),
        ("73-invalid-address-high.txt", "BADADDR", 0xFFFFFFFFFFFFF03F, 1, None),
        ("path-prototype.txt", "BADADDR", 0x2A, None, 168),
    ],
)
def test_faults(
    name: str, flag: str, illval: int | None, action: int | None, offset: int | None
) -> None:
    fault = next(event for event in events_of(name) if isinstance(event, Fault))
    assert (fault.flag, fault.illval, fault.action, fault.offset) == (flag, illval, action, offset)


def test_stacks() -> None:
    assert firings_of("30-stack.txt")[0].parts == (
        Stack(
            4,
            (
                "kernel`swi_net+0x12b",
                "kernel`ithread_loop+0x1cb",
                "kernel`fork_exit+0x7e",
                "kernel`0xffffffff80643c2e",
            ),
        ),
    )


def test_flow_indent() -> None:
    sources = [firing.source for firing in firings_of("33-flowindent.txt")]
    assert (
        sources
        == [
            Source(0, None, "ip_input", "entry"),
            Source(0, None, "ip_input", "return"),
        ]
        * 4
    )


def test_packets_of_real_probes() -> None:
    assert packets_of("02-tracemem64-tcp.txt")[0].summary == (
        "127.0.0.1:21547 > 127.0.0.1:7777 TCP [S] seq 154017922 win 65535 options "
        "[mss 16344,nop,wscale 6,sackOK,TS val 3168331376 ecr 0] length 0, 60 of 64 bytes"
    )
    assert packets_of("55-ip6.txt")[1].summary == (
        "::1 > ::1 ICMP6 echo reply id 260 seq 0 length 16, 56 of 64 bytes"
    )
    ethernet = packets_of("53-ether_input-epair.txt")
    assert ethernet[0].linktype.name == "ETHERNET"
    assert ethernet[0].summary == (
        "10.9.0.1 > 10.9.0.2 ICMP echo request id 45056 seq 0 length 64, first 64 of 98 bytes"
    )
