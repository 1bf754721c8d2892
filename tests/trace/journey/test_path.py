# SPDX-License-Identifier: BSD-2-Clause
"""Journeys read back from scripts: run in the simulated kernel, run on a real one, and broken."""

from __future__ import annotations

import io
import re
import struct
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtkit.generate.functions import Function, choose, known_functions
from dtkit.generate.path import PathRequest, path_script
from dtkit.oddity import Oddity
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.filter import journey_filter
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.outcome import unnamed, who_freed
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.path import read_path
from dtkit.trace.views.show import journey_text
from dtkit.trace.views.stats import Statistics
from tests.simulate.running import ran
from tests.trace.frames import ipv4, tcp

REAL = Path(__file__).parents[2] / "data" / "path-epair-pf.txt"

#: Functions that the simulated kernel passes and the catalog does not have.
MORE = [Function("netisr_dispatch", 1), Function("tcp_do_segment", 0), Function("looutput", 1)]


@cache
def script(
    filter_: str = "tcp port 22",
    *,
    returns: bool = False,
    size: int = 64,
    rate: int = 100,
    count: int | None = None,
) -> str:
    functions = choose([*known_functions(catalog()), *MORE])
    request = PathRequest(filter_, returns=returns, size=size, rate=rate, count=count)
    return path_script(functions, request)[0]


def segment(data: bytes = b"x" * 40, port: int = 22, **fields: int) -> bytes:
    """An IPv4 packet of TCP to *port*."""
    transport = bytearray(tcp(data))
    transport[2:4] = struct.pack(">H", port)
    return ipv4(bytes(transport), **fields)  # type: ignore[arg-type]


@cache
def simulated(
    *packets: StackPacket, text: str = "", cpus: int = 1, drop_rate: float = 0.0, seed: int = 0
) -> str:
    settings = Settings(file="path.d", cpus=cpus, drop_rate=drop_rate, seed=seed)
    return ran(text or script(), packets, settings)


def read(text: str | bytes) -> tuple[list[Journey], list[str]]:
    """Journeys, and what was odd."""
    data = text.encode() if isinstance(text, str) else text
    found = list(read_path(io.BytesIO(data)))
    journeys = [one for one in found if isinstance(one, Journey)]
    return journeys, [str(one) for one in found if isinstance(one, Oddity)]


def only(text: str) -> Journey:
    (journey,), odd = read(text)
    assert odd == []
    return journey


def labels(journey: Journey) -> list[str]:
    return [hop.text for hop in journey.hops]


def changes(journey: Journey) -> list[str]:
    return [line for diff in journey.diffs if diff for line in diff.lines]


# What becomes of packets


def test_an_address_is_translated() -> None:
    journey = only(simulated(StackPacket(segment(), path="nat")))
    assert labels(journey)[:3] == ["ip_input", "ip_forward", "+ip_output"]
    assert changes(journey) == ["ipv4 source 10.0.0.1 -> 192.0.2.1"]
    assert journey.outcome.startswith("delivered: freed by vtnet_txq_eof+")


def test_a_translated_packet_that_the_filter_no_longer_matches_is_followed() -> None:
    text = script("host 10.0.0.1")
    journey = only(simulated(StackPacket(segment(), path="nat"), text=text))
    assert labels(journey)[-1].startswith("-ip_output")
    assert len(journey.snapshots) == 2


def test_a_packet_is_forwarded() -> None:
    journey = only(simulated(StackPacket(segment(ttl=9), path="forward")))
    assert "ip_tryforward" in labels(journey)
    assert changes(journey) == ["ipv4 ttl 9 -> 8"]


def test_a_pullup_moves_it_to_another_mbuf() -> None:
    journey = only(simulated(StackPacket(segment(), path="gathered", lengths=(20,))))
    at = labels(journey).index("+m_pullup")
    assert re.fullmatch(r"-m_pullup\(now in mbuf 0x[0-9a-f]+\)", labels(journey)[at + 1])
    # It goes on in the mbuf that was given back, with the bytes gathered there.
    assert [len(one.data) for one in journey.snapshots][:2] == [20, 40]
    assert journey.outcome.startswith("delivered: freed by tcp_do_segment+")


@pytest.mark.parametrize("ethernet", [False, True], ids=["m_dup", "m_copym"])
def test_a_copy_is_a_journey_of_its_own(ethernet: bool) -> None:
    data = segment()
    if ethernet:
        data = bytes(12) + b"\x08\0" + data
    first, second = read(simulated(StackPacket(data, path="copied", ethernet=ethernet)))[0]
    copy, original = sorted([first, second], key=lambda one: one.origin is None)
    assert (original.origin, copy.origin) == (None, original.number)
    name = "m_copym" if ethernet else "m_dup"
    assert f"-{name}(copied to #{copy.number})" in labels(original)
    assert labels(copy)[0] == f"{name}(copied from #{original.number})"
    assert copy.snapshots[0].data == original.snapshots[0].data
    assert copy.outcome
    assert original.outcome.startswith("delivered")


def test_a_drop_says_who() -> None:
    journey = only(simulated(StackPacket(segment(), path="dropped")))
    assert journey.outcome.startswith("dropped: freed by ip_input+")


def test_a_refusal_says_why() -> None:
    journey = only(simulated(StackPacket(segment(), path="refused")))
    assert journey.outcome == "dropped: pf_test returned PF_DROP"
    # The function that freed it had still to return.
    assert labels(journey)[-1] == "-ip_output(EACCES, permission denied: a firewall refused it)"


def test_delivery() -> None:
    journey = only(simulated(StackPacket(segment())))
    assert journey.outcome.startswith("delivered: freed by tcp_do_segment+")
    assert {hop.vnet for hop in journey.hops} == {"host"}
    assert journey.hops[0].interface == "lo0"
    assert journey.hops[0].process == "intr[12]"


# Identity


def test_a_reused_mbuf_is_a_new_packet() -> None:
    text = simulated(*(StackPacket(segment(identity=number)) for number in range(3)))
    assert len(set(re.findall(r"2 hop .* m=(0x[0-9a-f]+) ", text))) == 1
    journeys, odd = read(text)
    assert [journey.number for journey in journeys] == [1, 2, 3]
    assert odd == []
    assert len({len(journey) for journey in journeys}) == 1


def test_a_reused_mbuf_whose_free_was_not_seen() -> None:
    text = simulated(StackPacket(segment(identity=1)), StackPacket(segment(identity=2)))
    free = next(line for line in lines(text) if " free " in line)
    journeys, _ = read(text.replace(free, ""))
    assert [len(one.hops) for one in journeys][1] > 3
    assert journeys[0].notes == ("its free was not seen: another packet is in its mbuf",)
    assert journeys[0].outcome == ""


def test_others_are_not_followed() -> None:
    journey = only(
        simulated(
            StackPacket(segment(port=80)), StackPacket(segment()), StackPacket(segment(port=23))
        )
    )
    assert journey.snapshots[0].summary.startswith("10.0.0.1")
    assert ":22" in journey.snapshots[0].summary or ".22" in journey.snapshots[0].summary


def test_a_frame_is_chosen_behind_its_ethernet_header() -> None:
    tagged = bytes(12) + b"\x81\0\0\x07\x08\0" + segment()
    plain = bytes(12) + b"\x08\0" + segment()
    for frame in (plain, tagged):
        text = simulated(StackPacket(frame, ethernet=True))
        journey = read(text)[0][0]
        assert labels(journey)[0] in ("ether_input", "+ether_input")


def test_rate_limits_how_many_are_begun_with() -> None:
    text = script(rate=2)
    packets = [StackPacket(segment(identity=number), time=1000 * number) for number in range(5)]
    assert len(read(simulated(*packets, text=text))[0]) == 2


# Order and loss


#: What stands in front of a line: the CPU, the probe's id and its name.
FRAME = r"^ +(\d+) +\d+ +\S+ "
LINE = re.compile(rf"{FRAME}@dtkit 2 .*?(?={FRAME}|\Z)", re.S | re.M)


def lines(text: str) -> list[str]:
    """The lines about packets, each with what belongs to it."""
    return [match[0] for match in LINE.finditer(text)]


def around(text: str) -> tuple[str, str]:
    """What is in front of the lines about packets, and what is behind them."""
    found = lines(text)
    return text[: text.index(found[0])], text[text.index(found[-1]) + len(found[-1]) :]


def interleaved(text: str) -> str:
    """The blocks of two packets' lines, taken in turn, and so their times."""
    by: dict[int, list[str]] = {0: [], 1: []}
    for block in lines(text):
        by[int(block.split()[0])].append(block)
    mixed = []
    for number, pair in enumerate(zip(by[0], by[1], strict=True)):
        for cpu, block in enumerate(pair):
            time = 10**12 + 1000 * number + 300 * cpu
            # The second is in an mbuf of its own, where one after the other used the same.
            block = re.sub(r" m=0x([0-9a-f]+)", rf" m=0x{cpu or ''}\1", block)
            mixed.append(re.sub(r" t=\d+ ", f" t={time} ", block, count=1))
    start, end = around(text)
    return start + "".join(mixed) + end


def test_two_packets_on_two_cpus() -> None:
    packets = [StackPacket(segment(identity=number), path="nat") for number in (1, 2)]
    text = simulated(*packets, cpus=2)
    alone, _ = read(text)
    journeys, odd = read(interleaved(text))
    assert odd == []
    assert [labels(one) for one in journeys] == [labels(one) for one in alone]
    assert [{hop.cpu for hop in one.hops} for one in journeys] == [{0}, {1}]
    for journey in journeys:
        gaps = [b.time - a.time for a, b in zip(journey.hops, journey.hops[1:], strict=False)]  # type: ignore[operator]
        assert set(gaps) == {1000}


def test_steps_are_put_in_order_by_time() -> None:
    text = simulated(StackPacket(segment(), path="nat"))
    (first, *rest), (start, end) = lines(text), around(text)
    backwards = start + first + "".join(reversed(rest)) + end
    assert labels(read(backwards)[0][0]) == labels(only(text))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_lost_is_said_in_its_journey(seed: int) -> None:
    packets = [StackPacket(segment(identity=number), path="nat") for number in range(8)]
    whole = labels(read(simulated(*packets))[0][0])
    journeys, odd = read(simulated(*packets, drop_rate=0.05, seed=seed))
    assert any("drop" in text for text in odd)
    short = [one for one in journeys if len(one.hops) < len(whole)]
    assert short
    for journey in short:
        # Lines that have no number (returns) can be lost without a trace of their own, but then
        # the drops are told.
        assert any("missing" in note or "drop" in note for note in journey.notes)


def test_lost_hops_are_counted_where_they_are_missing() -> None:
    text = simulated(StackPacket(segment(), path="nat"))
    (first, second, third, *rest), (start, end) = lines(text), around(text)
    name = third.split()[2].removesuffix(":entry")
    ((journey,), _) = read(start + first + third + "".join(rest) + end)
    assert journey.notes == (f"1 hop is missing before {name}",)
    left = [line for line in rest if " hop " in line]
    last = next(line for line in rest if " free " in line)
    ((journey,), _) = read(start + first + second + last + end)
    assert journey.notes == (f"{len(left) + 1} hops are missing at the end",)


def test_drops_of_dynamic_variables_are_said_in_journeys_under_way() -> None:
    text = simulated(StackPacket(segment()))
    at = text.index(next(line for line in lines(text) if " free " in line))
    text = f"{text[:at]}dtrace: 3 dynamic variable drops\n{text[at:]}"
    (journey,), odd = read(text)
    assert odd == ["line " + str(text[:at].count("\n") + 1) + ": dropped 3 dynamic variables"]
    assert journey.notes == (
        "dropped 3 dynamic variables while it was under way: hops may be missing",
    )


def test_faults_are_told_once_each_and_then_counted() -> None:
    text = simulated(StackPacket(segment()))
    fault = (
        "dtrace: error on enabled probe ID 7 (ID 9: fbt:kernel:ip_input:entry): "
        "invalid address (0x2a) in action #1 at DIF offset 12\n"
    )
    odd = read(fault * 9 + text)[1]
    assert len(odd) == 4
    assert odd[-1] == "9 faults in all"


def test_cut_output_keeps_what_is_there() -> None:
    text = simulated(*(StackPacket(segment(identity=number), path="nat") for number in (1, 2)))
    cut = text[: text.index([line for line in lines(text) if " free " in line][-1]) - 200]
    journeys, odd = read(cut)
    assert len(journeys) == 2
    assert journeys[0].outcome.startswith("delivered")
    assert journeys[1].outcome == "still in the kernel when the script ended"
    assert odd[-1] == "the output is cut: the script did not come to its end"


def test_times_that_go_back_are_said_once() -> None:
    text = simulated(*(StackPacket(segment(identity=number)) for number in range(4)))
    back = re.sub(r" t=(\d+) m=(\S+) j=(2048|3072|4096) ", r" t=5 m=\2 j=\3 ", text)
    journeys, odd = read(back)
    assert len(journeys) == 4
    assert sum("back" in one for one in odd) == 2  # the first, and how many in all
    assert any(one.endswith("a time goes back by more than a second") for one in odd)


def test_without_a_start_times_are_since_boot() -> None:
    text = simulated(StackPacket(segment()))
    (journey,), odd = read("".join(lines(text)) + around(text)[1])
    assert odd == ["no start of a script: times are since boot"]
    assert journey.time is not None
    assert journey.time < 10**12


def test_another_run_begins_anew() -> None:
    text = simulated(StackPacket(segment()))
    journeys, odd = read(text + text)
    assert odd == []
    assert [journey.number for journey in journeys] == [1, 2]


def test_text_that_is_no_output_of_a_script_is_said_to_be_none() -> None:
    for text in (b"# Test data\n\nwords\n", b"words", b"@dt"):
        unread, odd = read_any(io.BytesIO(text))
        assert "1 line of text that belongs to no firing: " in str(unread)
        assert str(odd) == "no hops of `dtkit path` in it"
    found = list(read_any(io.BytesIO(b"# dtrace -s path.d\n" + REAL.read_bytes())))
    assert len(found) == 4


@pytest.mark.parametrize("text", ["", "dtrace: script matched 0 probes\n", "hello\n"])
def test_nothing_to_read(text: str) -> None:
    journeys, odd = read(text)
    assert journeys == []
    assert odd[-1] == "no hops of `dtkit path` in it"


def test_names_cannot_pass_for_fields() -> None:
    text = simulated(StackPacket(segment()))
    text = text.replace("exec=intr", "exec=a b j=99999 t=1 if=x exec=y").replace(
        "if=lo0", "if=e m0 j=77777"
    )
    journey = only(text)
    assert journey.hops[0].process == "a b j=99999 t=1 if=x exec=y[12]"
    assert journey.hops[0].interface == "e m0 j=77777"


@given(st.data())
@settings(max_examples=30)
def test_nothing_raises(data: st.DataObject) -> None:
    text = bytearray(REAL.read_bytes()[:20000])
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(text) - 1))
        end = at + data.draw(st.integers(0, 80))
        text[at:end] = data.draw(st.binary(max_size=40))
    for item in read_path(io.BytesIO(bytes(text))):
        if isinstance(item, Journey):
            str(item)
            item.to_dict()


# What it is told at once


def test_steps_are_told_as_they_come() -> None:
    told: list[tuple[int, Step]] = []
    text = simulated(StackPacket(segment(), path="nat"))
    list(read_path(io.BytesIO(text.encode()), lambda number, step: told.append((number, step))))
    hops = [step.place.label for _, step in told if isinstance(step, Hop)]
    assert hops[:2] == ["ip_input", "ip_forward"]
    assert {number for number, _ in told} == {1}


# A real kernel


def test_a_ping_through_a_jail_that_translates() -> None:
    found = list(read_any(io.BytesIO(REAL.read_bytes())))
    assert all(isinstance(one, Journey) for one in found)
    journeys = {one.number: one for one in found if isinstance(one, Journey)}
    ping = next(one for one in journeys.values() if "ICMP echo request" in str(one))
    vnets = [hop.vnet for hop in ping.hops]
    assert list(dict.fromkeys(vnets)) == ["host", "router", "bravo"]
    assert "ipv4 source 10.0.0.1 -> 10.0.1.1" in changes(ping)
    assert "icmp echo type 8 -> 0" in changes(ping)
    assert ping.outcome == "delivered: freed by soreceive_generic+0x943"
    copy = next(one for one in journeys.values() if one.origin == ping.number)
    assert labels(copy)[0] == f"m_copym(copied from #{ping.number})"


def test_a_packet_that_pf_dropped() -> None:
    journeys, odd = read(REAL.read_bytes())
    assert odd == []
    dropped = [one for one in journeys if one.outcome.startswith("dropped")]
    assert [one.outcome for one in dropped] == ["dropped: pf_test returned PF_DROP"]
    assert "UDP" in dropped[0].snapshots[0].summary
    assert not any(hop.interface == "epair1b" for hop in dropped[0].hops)


PING = Path(__file__).parents[2] / "data" / "path-15.1.txt"


def test_a_ping_of_the_second_form_from_freebsd_15() -> None:
    journeys, odd = read(PING.read_bytes())
    assert odd == []
    ping, *copies = sorted(journeys, key=lambda one: one.number)
    # It is chosen where its header is not finished: the source is still missing.
    assert labels(ping)[:2] == ["+ip_output", "looutput"]
    assert changes(ping)[:4] == [
        "ipv4 version 0 -> 4",
        "ipv4 header length 0 -> 20",
        "ipv4 id 0 -> 19779",
        "ipv4 source 0.0.0.0 -> 127.0.0.1",
    ]
    assert "icmp echo type 8 -> 0" in changes(ping)
    # The copies that two sockets are given are journeys of their own, and no change of this one.
    assert [copy.origin for copy in copies] == [ping.number] * len(copies)
    assert not any("in front" in text or "bytes" in text for text in changes(ping))
    assert {hop.cpu for hop in ping.hops} == {0}


def test_a_line_whose_probe_nothing_names_is_shown_by_its_id() -> None:
    quiet = "".join(re.sub(FRAME, "", line) for line in lines(PING.read_text()))
    journeys, odd = read("@dtkit 1 start dtkit=0 timestamp=1 walltimestamp=2\n" + quiet)
    assert re.fullmatch(r"probe \d+", labels(journeys[0])[0].lstrip("+"))
    assert any(re.search(r"\d+ lines about packets do not name their probe", one) for one in odd)


def test_what_a_limit_leaves_out_is_said() -> None:
    packets = [StackPacket(segment(identity=number), time=1000 * number) for number in range(5)]
    odd = read(simulated(*packets, text=script(rate=2)))[1]
    assert [
        one
        for one in odd
        if one.endswith("a limit (count, rate or hops) left packets out, seen 3 times at gates")
    ]


@pytest.mark.parametrize(
    ("count", "rate", "odd", "asked"),
    [
        # A count is asked for: what it leaves out is said, and is not odd.
        (2, 100, 0, 3),
        (2, 2, 0, 3),
        (3, 2, 3, 0),
        (9, 5, 0, 0),
    ],
    ids=["count", "both", "rate", "neither"],
)
def test_what_the_count_leaves_out_is_told_from_the_rest(
    count: int, rate: int, odd: int, asked: int
) -> None:
    packets = [StackPacket(segment(identity=number), time=1000 * number) for number in range(5)]
    output = io.BytesIO(simulated(*packets, text=script(count=count, rate=rate)).encode())
    said = [item for item in read_any(output) if isinstance(item, Oddity)]
    where = "left packets out, seen {} times at gates"
    assert [(one.text, one.asked) for one in said] == [
        *([(f"a limit (rate or hops) {where.format(odd)}", False)] if odd else []),
        *([(f"--count {where.format(asked)}", True)] if asked else []),
    ]


def test_a_filter_that_nothing_passes_is_said() -> None:
    odd = read(simulated(StackPacket(segment(port=80))))[1]
    assert any("no packet passed the filter, of those seen 1 time at gates" in one for one in odd)


def test_a_tag_beside_the_frame_is_put_into_it() -> None:
    text = simulated(StackPacket(bytes(12) + b"\x08\0" + segment(), ethernet=True))
    journey = read(text.replace("vtag=-1", "vtag=7"))[0][0]
    assert journey.snapshots[0].data[12:18] == bytes.fromhex("810000070800")
    assert journey.snapshots[0].length in (None, len(segment()) + 18)


def test_callers_of_each_hop_of_a_real_kernel() -> None:
    with PING.with_name("path-stacks-15.1.txt").open("rb") as stream:
        read = list(read_path(stream))
    (journey,) = (one for one in read if isinstance(one, Journey))
    assert len(read) == 1
    entered = [hop for hop in journey.hops if hop.place.direction != "-"]
    called = {hop.place.label: hop.stack[0] for hop in entered if hop.stack}
    assert called["ip_output"] == "kernel`udp_send+0x986"
    assert called["ether_output_frame"] == "kernel`ether_output+0x688"
    assert entered[0].process is not None
    assert entered[0].process.startswith("nc[")
    assert all(hop.stack is None for hop in journey.hops if hop not in entered)
    # What is behind a stack in its firing is still the packet.
    assert journey.snapshots[-1].data.startswith(b"E")
    text = journey_text(journey)
    assert "  < kernel`udp_send+0x986 < kernel`sosend_dgram+0x2fc < " in text


def test_sockets_of_a_packet_of_a_real_kernel() -> None:
    with PING.with_name("path-sockets-15.1.txt").open("rb") as stream:
        (journey,) = read_path(stream)
    assert isinstance(journey, Journey)
    assert journey.owners == (
        Owner(False, "nc[135]", 0, "alpha", 1),
        Owner(True, "nc[95]", 0, "bravo", 5),
    )
    assert journey.sockets == (
        "sent by nc[135]: user 0, jail alpha, known because it created the socket",
        "delivered to nc[95]: user 0, jail bravo, known because it had the socket before the trace",
    )
    # Its last hops were in a thread of the kernel, which had nothing to do with it.
    assert journey.processes == {"nc[135]", "nc[95]"}
    assert "kernel[0]" in {hop.process for hop in journey.hops}
    assert journey_filter("proc:nc[95]")(journey)
    assert Statistics.of([journey]).by["process"].keys() == {"nc[135]", "nc[95]"}
    assert journey.sockets[1] in journey_text(journey)
    assert not any(hop.place.label == "" for hop in journey.hops)
    assert journey.snapshots[0].data[:1] == b"\x40"


def test_what_is_not_known_of_a_socket_is_said() -> None:
    assert str(Owner(True, "", None, "", 0)) == "delivered to a process that was not seen"
    assert str(Owner(False, "", 7, "web", 9)) == (
        "sent by a process that was not seen: user 7, jail web"
    )


def test_a_module_that_came_later_is_not_taken_for_who_freed_it() -> None:
    frames = ["kernel`m_freem+0x1d", "0xffffffff814ce6ce", "kernel`pfil_mbuf_in+0x38"]
    assert who_freed(frames) == ("pfil_mbuf_in", "kernel`pfil_mbuf_in+0x38")
    assert unnamed(frames) == "0xffffffff814ce6ce"
    assert unnamed(frames[::2]) == ""
    assert unnamed(["kernel`ip_input+0x1", "0xffffffff814ce6ce"]) == ""
