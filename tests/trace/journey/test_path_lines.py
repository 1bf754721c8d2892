# SPDX-License-Identifier: BSD-2-Clause
"""What a script says of packets, line by line, put together by hand and read to journeys."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from dtkit.oddity import Oddity
from dtkit.output import Annotation, Event, Firing, Source, read_output
from dtkit.packets.linktype import LinkType
from dtkit.trace.journey import path
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.path import journeys, read_path
from dtkit.trace.journey.snapshot import Snapshot
from tests.output.dtrace_text import dump, framed
from tests.trace.frames import ipv4, tcp

#: The clock: what is said to be since boot is that much before the epoch's.
WALL = 1_700_000_000_000_000_000
START = framed(
    0, 1, "", "BEGIN", f"@dtkit 1 start dtkit=0 timestamp=1000 walltimestamp={WALL + 1000}"
)
VNETS = "@dtkit 1 vnet vnet=0x10 jail=0 name=host\n@dtkit 1 vnet vnet=0x20 jail=3 name=a b\n"
END = framed(0, 2, "", "END", "@dtkit 1 end fired=9 matched=9 ends=9 limited=0 faults=0")

SECOND = 10**9
IP = ipv4(tcp(b"x" * 20))
ETHERNET = bytes(12) + b"\x08\0" + IP


def line(
    kind: str,
    function: str = "ip_input",
    *,
    cpu: int = 0,
    id: int = 7,
    data: bytes = b"",
    **fields: Any,
) -> str:
    """A line about a packet in the framing of dtrace(1), with a dump of *data*."""
    said = " ".join(f"{name.rstrip('_')}={value}" for name, value in fields.items())
    return framed(
        cpu,
        id,
        function,
        "entry",
        f"@dtkit 2 {kind} id={id} {said}" + (f"\n{dump(data)}" if data else ""),
    )


def hop(
    time: int, function: str = "ip_input", j: int = 1, *, m: str = "0x100", **fields: Any
) -> str:
    return line("hop", function, t=time, m=m, j=j, **fields)


def free(time: int, j: int = 1, *, m: str = "0x100", by: str = "", **fields: Any) -> str:
    stack = f"              kernel`m_freem+0x3d\n              kernel`{by}\n" if by else ""
    return line("free", "mb_dtor_mbuf", t=time, m=m, j=j, **fields) + stack


def read(*lines: str, whole: bool = True) -> tuple[list[Journey], list[str]]:
    """Journeys, and what was odd."""
    text = "".join([START, VNETS, *lines, END] if whole else lines)
    found = list(read_path(io.BytesIO(text.encode())))
    for one in found:
        assert isinstance(one, Journey) or (one.unit == "line" and one.number >= 0)
    return (
        [one for one in found if isinstance(one, Journey)],
        [one.text for one in found if isinstance(one, Oddity)],
    )


def only(*lines: str) -> Journey:
    (journey,), odd = read(*lines)
    assert odd == []
    return journey


def nameless(hops: int, vnet: str) -> str:
    """What is said of hops in the network stack of a jail that the script does not know."""
    are = "hop is" if hops == 1 else "hops are"
    return f"{hops} {are} in network stacks without a name ({vnet}): of jails made after the start"


def labels(journey: Journey) -> list[str]:
    return [step.text for step in journey.hops]


# What a line says


def test_a_hop_says_all_that_its_line_does() -> None:
    journey = only(
        line(
            "hop", "ip_input", cpu=3, t=5000, m="0x100", j=9, n=1, tid=100012, pid=77, vnet="0x20",
            if_="em 0\\0", exec="a b\\0",
        )
    )  # fmt: skip
    (step,) = journey
    assert isinstance(step, Hop)
    assert step.place.text == step.place.label == "ip_input"
    assert (step.place.direction, step.place.module, step.arguments) == ("", None, None)
    assert (step.time, step.cpu, step.thread) == (WALL + 5000, 3, 100012)
    assert (step.process, step.interface, step.vnet) == ("a b[77]", "em 0", "a b")
    assert (journey.number, journey.time, journey.form) == (1, WALL + 5000, "path")
    assert (journey.origin, journey.notes) == (None, ())
    assert journey.outcome == "still in the kernel when the script ended"


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"if_": "\\0", "exec": "\\0"}, (None, None, None, None)),
        ({}, (None, None, None, None)),
        ({"vnet": "0x30"}, (None, None, None, "0x30")),
        ({"vnet": "0x10"}, (None, None, None, "host")),
        ({"vnet": "0"}, (None, None, None, None)),
        ({"pid": 4}, (None, None, None, None)),
        ({"tid": 0, "pid": 0, "exec": "x"}, (0, "x[0]", None, None)),
        ({"exec": "x"}, (None, "x[None]", None, None)),
    ],
    ids=[
        "empty",
        "nothing",
        "a vnet without a name",
        "a vnet",
        "no vnet",
        "no name",
        "0",
        "no pid",
    ],
)
def test_what_a_line_does_not_say_is_not_known(
    fields: dict[str, Any], shown: tuple[object, ...]
) -> None:
    (journey,), odd = read(hop(1, **fields))
    (step,) = journey.hops
    assert (step.thread, step.process, step.interface, step.vnet) == shown
    assert odd == [nameless(1, "0x30")] * (shown[3] == "0x30")


@pytest.mark.parametrize(
    ("said", "text", "direction"),
    [
        (line("return", "ip_output", t=2, j=1, value=0), "-ip_output(0)", "-"),
        (line("return", "ip_output", t=2, j=1), "-ip_output(0)", "-"),
        (line("return", "ip_output", t=2, j=1, value=35), "-ip_output(EAGAIN, not now)", "-"),
        (line("return", "pf_test", t=2, j=1, value=0), "-pf_test(PF_PASS)", "-"),
        (line("return", "ip_forward", t=2, j=1, value=77), "-ip_forward(77)", "-"),
        (
            line("move", "m_pullup", t=2, j=1, m="0x200", from_="0x100"),
            "-m_pullup(now in mbuf 0x200)",
            "-",
        ),
        (line("move", "m_pullup", t=2, j=1, from_="0x100"), "-m_pullup(now in mbuf ?)", "-"),
        (line("move", "m_defrag", t=2, j=1, m="0x0", from_="0x100"), "-m_defrag(failed)", "-"),
        (
            line("move", "m_defrag", t=2, j=1, m="0x0", from_="0x100", freed=0),
            "-m_defrag(failed)",
            "-",
        ),
        (
            line("move", "m_pullup", t=2, j=1, m="0x0", from_="0x100", freed=1),
            "-m_pullup(failed, and freed it)",
            "-",
        ),
        (line("copy", "m_dup", t=2, j=0, of=1, m="0x100", from_="0x100"), "-m_dup(failed)", "-"),
        (free(2), "m_free", ""),
        (free(2, by="tcp_do_segment+0x12"), "m_free(by tcp_do_segment+0x12)", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 50 else "",
)  # fmt: skip
def test_each_kind_of_line_is_a_hop(said: str, text: str, direction: str) -> None:
    journey = only(hop(1, "tcp_input"), said)
    first, second = journey.hops
    assert second.text == text
    assert second.place.direction == direction
    assert second.place.text == text.partition("(")[0]
    assert second.place.label == second.place.text.lstrip("-")
    assert second.time == WALL + 2
    assert first.text == "tcp_input"


def test_the_mbuf_that_a_function_is_done_with_is_no_end() -> None:
    journey = only(
        hop(1, "m_pullup"),
        free(2, moving=1),
        line("move", "m_pullup", t=3, j=1, m="0x200", from_="0x100"),
        hop(4, m="0x200"),
        free(5, m="0x200", moving=0, by="ip_input+0x1"),
    )
    assert labels(journey) == [
        "+m_pullup",
        "-m_pullup(now in mbuf 0x200)",
        "ip_input",
        "m_free(by ip_input+0x1)",
    ]
    assert journey.outcome == "dropped: freed by ip_input+0x1"


# How it ended


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ([], "still in the kernel when the script ended"),
        ([free(2)], "freed"),
        ([free(2, by="x+0x1")], "freed by x+0x1"),
        ([free(2, by="soreceive_generic+0x1")], "delivered: freed by soreceive_generic+0x1"),
        (
            [free(2, by="pf_test+0x1"), line("return", "pf_test", t=3, j=1, value=1)],
            "dropped: pf_test returned PF_DROP",
        ),
        (
            # What pf has sent on itself, as by route-to, it says that of as well.
            [line("return", "pf_test", t=2, j=1, value=1), free(3, by="soreceive_generic+0x1")],
            "delivered: freed by soreceive_generic+0x1",
        ),
        (
            [free(2, by="soreceive+0x1"), line("return", "ip_output", t=3, j=1, value=65)],
            "dropped: ip_output returned EHOSTUNREACH, no route to the host",
        ),
        ([line("return", "ip_output", t=2, j=1, value=36), free(3)], "freed"),
        ([line("return", "ip_output", t=2, j=1), free(3)], "freed"),
        ([line("return", "ip_input", t=2, j=1, value=65), free(3)], "freed"),
        (
            [line("move", "m_pullup", t=2, j=1, m="0x0", from_="0x100", freed=1), free(3)],
            "dropped: m_pullup failed and freed it",
        ),
        (
            [line("move", "m_pullup", t=2, j=1, m="0x0", from_="0x100", freed=0), free(3)],
            "freed",
        ),
        ([free(2, by="a+0x1"), hop(3), free(4, by="b+0x1")], "freed by b+0x1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_outcomes(said: list[str], outcome: str) -> None:
    assert only(hop(1), *said).outcome == outcome


# Entries and order


@pytest.mark.parametrize(
    ("back", "entered"),
    [
        (line("return", "ip_output", t=3, j=1, tid=5), True),
        (line("return", "ip_output", t=3, j=1, tid=6), False),
        (line("return", "ip_output", t=3, j=1), False),
        (line("return", "ip_input", t=3, j=1, tid=5), False),
        (line("return", "ip_output", t=1, j=1, tid=5), False),
        (line("return", "ip_output", t=2, j=1, tid=5), False),
        (line("move", "ip_output", t=3, j=1, tid=5, m="0x200", from_="0x100"), True),
        (line("move", "ip_output", t=3, j=1, tid=5, m="0x0", from_="0x100"), True),
        (line("copy", "ip_output", t=3, j=2, of=1, tid=5, m="0x200", from_="0x100", off=0), True),
        (line("copy", "ip_output", t=3, j=0, of=1, tid=5, m="0x100", from_="0x100", off=0), True),
        (line("hop", "ip_output", t=3, j=1, tid=5), False),
    ],
    ids=[
        "return", "another thread", "no thread", "another function", "before", "at once", "moved",
        "not moved", "copied", "not copied", "hop",
    ],
)  # fmt: skip
def test_a_hop_that_returns_to_its_thread_later_is_an_entry(back: str, entered: bool) -> None:
    found, _ = read(hop(2, "ip_output", tid=5), back)
    step = next(step for step in found[0].hops if step.text.lstrip("+") == "ip_output")
    assert step.place.direction == ("+" if entered else "")


def test_a_copy_is_no_return_for_the_copy_itself() -> None:
    found, _ = read(
        hop(1, "tcp_input"),
        line("copy", "m_dup", t=5, j=2, of=1, tid=5, m="0x200", from_="0x100", off=0),
        hop(4, "m_dup", 2, m="0x200", tid=5),
    )
    copy = next(one for one in found if one.origin)
    assert labels(copy) == ["m_dup", "m_dup(copied from #1)"]


def test_steps_and_the_time_of_a_journey_go_by_their_times() -> None:
    journey = only(hop(9, "c", n=3), hop(5, "a", n=1), hop(7, "b", n=2), free(11, n=3))
    assert labels(journey) == ["a", "b", "c", "m_free"]
    assert journey.time == WALL + 5
    assert journey.notes == ()


# What is missing


@pytest.mark.parametrize(
    ("numbers", "freed", "notes"),
    [
        ([1, 2], 2, ()),
        ([1, 3], 3, ("1 hop is missing before f1",)),
        ([1, 4, 5], 5, ("2 hops are missing before f1",)),
        ([2, 4], 4, ("1 hop is missing before f0", "1 hop is missing before f1")),
        ([1], 2, ("1 hop is missing at the end",)),
        ([1], 4, ("3 hops are missing at the end",)),
        ([1, 2], 1, ()),
        # What was said later has an earlier time: it is there, but in another place.
        ([3, 1, 4], 4, ("1 hop is out of order: times went back", "1 hop is missing before f0")),
        ([3, 1, 2, 4], 4, ("1 hop is out of order: times went back",)),
        ([2, 1, 1], 2, ("1 hop is out of order: times went back",)),
        (
            [2, 9, 1],
            9,
            ("2 hops are out of order: times went back", "6 hops are missing before f1"),
        ),
        ([0, 1], None, ()),
        ([None, 1], 1, ()),
    ],
    ids=str,
)
def test_hops_that_are_missing_are_counted(
    numbers: list[int | None], freed: int | None, notes: tuple[str, ...]
) -> None:
    said: list[dict[str, Any]] = [{} if number is None else {"n": number} for number in numbers]
    hops = [hop(at, f"f{at}", **fields) for at, fields in enumerate(said)]
    end = free(99) if freed is None else free(99, n=freed)
    assert only(*hops, end).notes == notes


def test_drops_are_said_in_the_journeys_that_were_under_way() -> None:
    # A message breaks into the firing in front of it, which is read when it is over.
    found, odd = read(
        *(hop(1, j=1, m="0x100"), hop(1, j=1, m="0x100"), "dtrace: 3 drops on CPU 0\n"),
        *(hop(2, j=2, m="0x200"), hop(2, j=2, m="0x200"), "dtrace: 4 drops on CPU 1\n"),
        *(hop(3, j=3, m="0x300"), hop(3, j=3, m="0x300")),
    )
    assert [one.notes for one in found] == [
        ("2 messages of drops while it was under way: hops may be missing",),
        ("dropped 4 records on CPU 1 while it was under way: hops may be missing",),
        (),
    ]
    assert odd == ["dropped 3 records on CPU 0", "dropped 4 records on CPU 1"]


def test_no_more_lines_of_a_journey_are_kept_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "_MOST_RECORDS", 3)
    told: list[tuple[int, Step]] = []
    text = "".join([START, *(hop(at, f"f{at}") for at in range(5)), END])
    stream = io.BytesIO(text.encode())
    (journey,) = read_path(stream, lambda number, step: told.append((number, step)))
    assert isinstance(journey, Journey)
    assert labels(journey) == ["f0", "f1", "f2"]
    assert journey.notes == ("2 more lines about it are not kept",)
    assert [str(step) for _, step in told] == ["f0", "f1", "f2"]
    # A copy is told to an original that has room for it only.
    copy = line("copy", "m_dup", t=9, j=2, of=1, m="0x200", from_="0x100", off=0)
    assert [labels(one) for one in read(hop(1), hop(2), copy)[0]] == [
        ["ip_input", "ip_input", "-m_dup(copied to #2)"],
        ["m_dup(copied from #1)"],
    ]
    assert [labels(one) for one in read(hop(1), hop(2), hop(3), copy)[0]] == [
        ["ip_input"] * 3,
        ["m_dup(copied from #1)"],
    ]


# When it is over


@pytest.mark.parametrize(("later", "over"), [(SECOND, False), (SECOND + 1, True)])
@pytest.mark.parametrize("end", ["free", "failed"])
def test_a_journey_is_kept_open_for_a_second_after_its_end(
    later: int, over: bool, end: str
) -> None:
    """Functions that freed it still have to return."""
    if end == "free":
        last = free(2)
    else:
        last = line("move", "m_pullup", t=2, j=1, m="0x0", from_="0x100", freed=1)
    found, odd = read(
        hop(1),
        last,
        hop(2 + later, j=2, m="0x200"),
        line("return", "ip_input", t=3 + later, j=1, value=0),
    )
    assert odd == []
    assert len(found) == 2
    first = next(one for one in found if one.number == 1)
    assert ("-ip_input(0)" in labels(first)) is not over
    assert len(first.hops) == (2 if over else 3)


@pytest.mark.parametrize(("records", "over"), [(3, False), (4, True)])
def test_nor_is_it_kept_open_for_more_lines_than_so_many(
    monkeypatch: pytest.MonkeyPatch, records: int, over: bool
) -> None:
    monkeypatch.setattr(path, "_PATIENCE", 3)
    others = [hop(3 + at, j=2, m="0x200") for at in range(records)]
    found, _ = read(hop(1), free(2), *others, line("return", "ip_input", t=9, j=1, value=0))
    first = next(one for one in found if one.number == 1)
    assert ("-ip_input(0)" in labels(first)) is not over


def test_what_failed_and_was_not_freed_goes_on() -> None:
    failed = line("move", "m_defrag", t=2, j=1, m="0x0", from_="0x100", freed=0)
    journey = only(hop(1), failed, hop(3 + 2 * SECOND))
    assert labels(journey) == ["ip_input", "-m_defrag(failed)", "ip_input"]


def test_a_journey_is_handed_on_when_it_is_over() -> None:
    taken: list[int] = []

    def stream() -> Iterator[Event]:
        events = read_output(io.BytesIO(text.encode()))
        for number, event in enumerate(events):
            taken.append(number)
            yield event

    text = (
        START + hop(1) + free(2) + "".join(hop(3 + at * SECOND, j=2, m="0x200") for at in range(5))
    )
    first = next(journeys(stream()))
    assert isinstance(first, Journey)
    assert first.number == 1
    assert len(taken) < 6


def test_a_return_to_a_journey_that_was_never_seen_is_none() -> None:
    assert read(line("return", "ip_output", t=1, j=5, value=1)) == ([], [])


@pytest.mark.parametrize(("most", "ended"), [(2, True), (3, False)])
def test_where_too_many_are_under_way_the_first_ends(
    monkeypatch: pytest.MonkeyPatch, most: int, ended: bool
) -> None:
    monkeypatch.setattr(path, "_MOST_OPEN", most)
    found, odd = read(*(hop(at, j=at, m=f"0x{at}00") for at in (1, 2, 3, 4)))
    assert [one.number for one in found] == [1, 2, 3, 4]
    given_up = [one.notes == ("given up: too many packets are under way",) for one in found]
    assert given_up == ([True, True, False, False] if ended else [True, False, False, False])
    assert found[0].outcome == ""
    # It is said once.
    assert odd == [f"more than {most} packets are under way: the first end"]


# Where a packet is


def test_who_was_in_an_mbuf_before_has_gone() -> None:
    found, odd = read(hop(1, j=1), hop(2, j=2), hop(3, j=2), free(4, j=2))
    assert odd == []
    assert [one.notes for one in found] == [
        ("its free was not seen: another packet is in its mbuf",),
        (),
    ]
    assert [one.outcome for one in found] == ["", "freed"]


@pytest.mark.parametrize(
    "gone",
    [
        [free(2)],
        [hop(2, m="0x200")],
        [line("move", "m_pullup", t=2, j=1, m="0x200", from_="0x100")],
        [line("move", "m_pullup", t=2, j=1, m="0x0", from_="0x100", freed=1)],
    ],
    ids=["freed", "elsewhere", "moved", "failed"],
)
def test_who_left_an_mbuf_is_not_disturbed_by_who_comes(gone: list[str]) -> None:
    found, odd = read(hop(1), *gone, hop(3, j=2), hop(4, j=2), free(5, j=2))
    assert odd == []
    assert [one.notes for one in found] == [(), ()]


@pytest.mark.parametrize(
    "failed",
    [
        line("move", "m_pullup", t=2, j=1, m="0x0", from_="0x200"),
        line("copy", "m_dup", t=2, j=0, of=1, m="0x0", from_="0x200"),
    ],
    ids=["a move", "a copy"],
)
def test_what_failed_says_where_the_packet_is(failed: str) -> None:
    found, _ = read(hop(1), failed, hop(3, j=2, m="0x200"))
    assert [one.notes for one in found] == [
        ("its free was not seen: another packet is in its mbuf",),
        (),
    ]


def test_a_free_elsewhere_does_not_empty_an_mbuf() -> None:
    # The first is in 0x200; that 0x100 is freed, says nothing of who is there now.
    found, _ = read(
        hop(1, j=1, m="0x100"),
        hop(2, j=1, m="0x200"),
        hop(3, j=2, m="0x100"),
        line("free", "mb_dtor_mbuf", t=4, j=1),
        hop(5, j=3, m="0x100"),
    )
    notes = {one.number: one.notes for one in found}
    assert notes[2] == ("its free was not seen: another packet is in its mbuf",)
    assert notes[1] == notes[3] == ()


def test_a_return_says_nothing_of_where_it_is() -> None:
    journey = only(
        hop(1), hop(2, m="0x200"), line("return", "ip_input", t=3, j=1, m="0x300", value=0)
    )
    assert journey.notes == ()
    found, _ = read(
        hop(1, j=1, m="0x100"),
        hop(2, j=2, m="0x200"),
        line("return", "ip_input", t=3, j=2, m="0x100", value=0),
    )
    assert [one.notes for one in found] == [(), ()]


def test_another_run_begins_anew() -> None:
    again = START.replace("timestamp=1000 ", "timestamp=2000 ")
    found, odd = read(hop(SECOND * 5), END, again, hop(1, "tcp_input"))
    assert odd == []
    assert [labels(one) for one in found] == [["ip_input"], ["tcp_input"]]
    assert [one.number for one in found] == [1, 2]
    assert [one.time for one in found] == [WALL + SECOND * 5, WALL + 1 - 1000]
    assert [one.notes for one in found] == [(), ()]


def test_a_run_that_was_cut_is_said_though_another_was_not() -> None:
    text = START + hop(1) + END + START + hop(2)
    _, odd = read(text, whole=False)
    assert odd == ["the output is cut: the script did not come to its end"]


def test_who_asks_is_told_when_scripts_begin() -> None:
    begun: list[int] = []
    text = (START + hop(1) + START + END).encode()
    list(read_path(io.BytesIO(text), started=lambda: begun.append(1)))
    assert len(begun) == 2


# Copies


@pytest.mark.parametrize(
    ("offset", "linktype"), [(0, LinkType.ETHERNET), (14, LinkType.UNKNOWN), (None, LinkType.RAW)]
)
def test_a_copy_starts_with_what_its_original_does(offset: int | None, linktype: LinkType) -> None:
    off = {} if offset is None else {"off": offset}
    data = ETHERNET if offset == 0 else IP
    found, odd = read(
        hop(1, "ether_input", mlen=len(ETHERNET), data=ETHERNET),
        line(
            "copy", "m_copym", t=2, j=2, of=1, m="0x200", from_="0x100", mlen=len(data), data=data,
            **off,
        ),
        free(3, j=2, m="0x200"),
    )  # fmt: skip
    assert odd == []
    original, copy = sorted(found, key=lambda one: one.number)
    assert (original.origin, copy.origin) == (None, 1)
    assert labels(copy) == ["m_copym(copied from #1)", "m_free"]
    (shown,) = copy.snapshots
    assert (shown.data, shown.known) == (data, linktype if offset is not None else shown.known)
    # An older script does not say from where on it copied, and not to whom it did.
    told = [] if offset is None else ["-m_copym(copied to #2)"]
    assert labels(original) == ["ether_input", *told]
    # The bytes of the copy are no bytes of the original.
    assert [one.data for one in original.snapshots] == [ETHERNET]


def test_a_copy_of_the_first_form_is_not_told_to_its_original() -> None:
    copied = line(
        "copy", "m_dup", probe="fbt:kernel:m_dup:return", t=2, j=2, of=1, m="0x200", off=0
    )
    original, copy = read(hop(1), copied)[0]
    assert labels(original) == ["ip_input"]
    assert labels(copy) == ["m_dup(copied from #1)"]


def test_the_last_bytes_that_tell_say_what_a_copy_starts_with() -> None:
    found, _ = read(
        hop(1, "ether_input", mlen=len(ETHERNET), data=ETHERNET),
        hop(2, "ip_input", mlen=len(IP), data=IP),
        hop(3, "no_such_function", mlen=4, data=b"\1\2\3\4"),
        hop(4, "no_such_function"),
        line("copy", "m_dup", t=5, j=2, of=1, m="0x200", off=0, mlen=len(IP), data=IP),
    )
    assert found[1].snapshots[0].known is LinkType.RAW


def test_a_copy_of_what_was_not_seen_is_said_once() -> None:
    copies = [
        line("copy", "m_dup", t=at, j=at, of=90 + at, m=f"0x{at}00", from_="0x900", off=0)
        for at in (1, 2)
    ]
    found, odd = read(*copies)
    assert [labels(one) for one in found] == [["m_dup(a copy)"]] * 2
    assert [one.origin for one in found] == [None, None]
    assert odd == ["a copy of a packet that was not seen before"]


def test_a_copy_of_nobody_is_of_nobody() -> None:
    copied = line("copy", "m_dup", t=2, j=2, m="0x200", from_="0x100", off=0)
    _, copy = read(hop(1), copied)[0]
    assert labels(copy) == ["m_dup(a copy)"]


def test_a_copy_that_failed_is_of_the_packet_that_was_to_be_copied() -> None:
    journey = only(
        hop(1),
        line("copy", "m_dup", t=2, j=0, of=1, m="0x100", from_="0x100", off=0, mlen=4, data=IP[:4]),
        hop(3),
    )
    assert labels(journey) == ["ip_input", "-m_dup(failed)", "ip_input"]
    assert journey.snapshots == ()


def test_a_copy_that_is_copied() -> None:
    found, _ = read(
        hop(1),
        line("copy", "m_dup", t=2, j=2, of=1, m="0x200", from_="0x100", off=0),
        line("copy", "m_dup", t=3, j=3, of=2, m="0x300", from_="0x200", off=0),
    )
    assert [one.origin for one in found] == [None, 1, 2]
    assert labels(found[1]) == ["m_dup(copied from #1)", "-m_dup(copied to #3)"]


# Bytes


@pytest.mark.parametrize(
    ("fields", "size", "length"),
    [
        ({}, 60, None),
        ({"mlen": 40}, 40, None),
        ({"len": 40}, 40, None),
        ({"len": 50, "mlen": 40}, 50, None),
        ({"mlen": 40, "pkt": 60}, 40, 60),
        ({"mlen": 40, "pkt": 40}, 40, None),
        ({"mlen": 40, "pkt": 39}, 40, None),
        ({"mlen": 40, "pkt": -1}, 40, None),
        ({"len": 1500, "pkt": 1400}, 60, 1500),
        ({"mlen": 1}, 1, None),
    ],
    ids=str,
)
def test_the_bytes_of_a_hop(fields: dict[str, Any], size: int, length: int | None) -> None:
    assert len(IP) == 60
    (shown,) = only(hop(1, data=IP, **fields)).snapshots
    assert shown == Snapshot(IP[:size], LinkType.RAW, length)


@pytest.mark.parametrize("fields", [{"mlen": 0}, {"mlen": -1}, {"len": 0, "mlen": 40}], ids=str)
def test_of_no_bytes_there_is_no_snapshot(fields: dict[str, Any]) -> None:
    assert only(hop(1, data=IP, **fields)).snapshots == ()


@pytest.mark.parametrize(
    ("fields", "tagged", "length"),
    [
        ({"vtag": 5}, True, None),
        ({"vtag": 5, "pkt": 83}, True, 87),
        ({"vtag": -1}, False, None),
        ({"vtag": 5, "off": 0}, True, None),
        ({"vtag": 5, "off": 2}, False, None),
    ],
    ids=str,
)
def test_a_tag_beside_a_frame(fields: dict[str, Any], tagged: bool, length: int | None) -> None:
    assert len(ETHERNET) == 74
    (shown,) = only(hop(1, "ether_input", data=ETHERNET, mlen=74, **fields)).snapshots
    data = ETHERNET[:12] + b"\x81\0\0\5" + ETHERNET[12:] if tagged else ETHERNET
    assert shown == Snapshot(data, LinkType.ETHERNET, length)


def test_a_tag_beside_what_is_no_frame_is_left() -> None:
    (shown,) = only(hop(1, data=IP, vtag=5)).snapshots
    assert shown.data == IP


def test_the_same_bytes_are_shown_once() -> None:
    other = IP[:8] + b"\x3f" + IP[9:]
    journey = only(
        hop(1, data=IP),
        hop(2, data=IP),
        hop(3, data=other),
        hop(4),
        hop(5, data=other),
        hop(6, data=IP),
    )
    assert [one.data for one in journey.snapshots] == [IP, other, IP]
    assert [isinstance(step, Hop) for step in journey] == [
        True, False, True, True, False, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "data", "linktype"),
    [
        ("ether_input", IP, LinkType.ETHERNET),
        ("ip_input", ETHERNET, LinkType.RAW),
        ("ip6_input", ETHERNET, LinkType.RAW),
        ("ip_output", b"\0" * 20, LinkType.RAW),
        ("pf_test", IP, LinkType.RAW),
        ("pf_test", b"\x60" + IP[1:], LinkType.RAW),
        ("tcp_input", IP, LinkType.RAW),
        ("no_such_function", IP, LinkType.RAW),
        ("no_such_function", ETHERNET, LinkType.ETHERNET),
        ("no_such_function", b"\1\2\3", None),
    ],
    ids=["frame", "IPv4", "IPv6", "unfinished", "4", "6", "known", "IP", "Ethernet", "nothing"],
)
def test_what_bytes_start_with(function: str, data: bytes, linktype: LinkType | None) -> None:
    (shown,) = only(hop(1, function, data=data)).snapshots
    assert shown.known is linktype


def test_what_a_probe_promises_counts_where_bytes_do_not_tell() -> None:
    said = line("hop", "none", probe="tcp:::receive", t=1, j=1, m="0x100", data=tcp(b"x" * 9))
    (shown,) = only(said).snapshots
    assert shown.known is LinkType.TCP
    (shown,) = only(hop(1, "none", data=tcp(b"x" * 9))).snapshots
    assert shown.known is None


def test_an_address_that_looks_like_ip_is_none() -> None:
    frame = b"\x44" + ETHERNET[1:]
    (shown,) = only(hop(1, "no_such_function", data=frame)).snapshots
    assert shown.known is LinkType.ETHERNET


def test_an_id_is_known_by_the_firings_before() -> None:
    events: list[Event] = [
        Firing(1, Source(0, 7, "ip_input", "entry"), ()),
        Annotation(2, "hop", {"id": "7", "t": "1", "j": "1", "m": "0x1"}),
        Annotation(3, "hop", {"id": "8", "t": "2", "j": "1", "m": "0x1"}),
    ]
    (journey,) = (one for one in journeys(events) if isinstance(one, Journey))
    assert labels(journey) == ["ip_input", "probe 8"]


def test_of_a_hop_interface_and_process_are_its_own() -> None:
    said = hop(1, flags="0x2", csum="0x0", if_="em0\\0", exec="sshd\\0")
    (step,) = only(said).hops
    assert step.header is not None
    assert "em0" not in str(step.header)
    assert "sshd" not in str(step.header)
    assert (step.interface, step.process) == ("em0", "sshd[None]")


# What is odd


def test_what_dtrace_says_is_handed_on() -> None:
    refused = "dtrace: failed to compile script x.d: line 9: why"
    _, odd = read(f"{refused}\n", whole=False)
    assert odd == [refused, "no hops of `dtkit path` in it"]
    # That it has begun is nothing to tell.
    assert read("dtrace: script 'x.d' matched 9 probes\n", hop(1))[1] == []


def test_a_vnet_may_have_no_name() -> None:
    (step,) = only("@dtkit 1 vnet vnet=0x40 jail=9\n", hop(1, vnet="0x40")).hops
    assert step.vnet == ""


def test_times_that_go_back() -> None:
    back = [hop(5 * SECOND), hop(4 * SECOND, j=2, m="0x200")]
    assert read(*back)[1] == []
    once = [hop(5 * SECOND), hop(4 * SECOND - 1, j=2, m="0x200")]
    assert read(*once)[1] == ["a time goes back by more than a second"]
    twice = [*once, hop(3 * SECOND, j=2, m="0x200")]
    assert read(*twice)[1] == ["a time goes back by more than a second", "2 times in all went back"]
    # By the latest there was.
    assert read(hop(5 * SECOND), hop(4 * SECOND), hop(4 * SECOND - 5))[1] == [
        "a time goes back by more than a second"
    ]


@pytest.mark.parametrize(
    "bad",
    [
        line("hop", t=1, m="0x100"),
        line("hop", j=1, m="0x100"),
        line("hop", t="x", j=1, m="0x100"),
        line("hop", probe="fbt:kernel:ip_input", t=1, j=1, m="0x100"),
    ],
    ids=["no journey", "no time", "no number", "no probe"],
)
def test_lines_that_say_too_little_are_named_once_and_counted(bad: str) -> None:
    found, odd = read(bad, bad, hop(1, j=5))
    assert [labels(one) for one in found] == [["ip_input"]]
    assert odd == [
        "a line about a packet does not say which or when",
        "2 lines in all do not say which or when",
    ]


def test_a_probe_tells_function_and_module() -> None:
    said = line("hop", "other", probe="fbt:pf.ko:pf_test:entry", cpu=3, t=1, j=1, m="0x100")
    (step,) = only(said.replace("@dtkit 2", "@dtkit 1")).hops
    assert (step.place.label, step.place.module) == ("pf_test", "pf.ko")
    (step,) = only(line("hop", probe="fbt::pf_test:entry", t=1, j=1, m="0x100")).hops
    assert (step.place.label, step.place.module) == ("pf_test", None)


def test_the_cpu_of_a_line_is_that_of_its_framing_or_its_own() -> None:
    (step,) = only(line("hop", cpu=3, t=1, j=1, m="0x100")).hops
    assert step.cpu == 3
    said = line("hop", cpu=0, t=1, j=1, m="0x100").replace("t=1", "cpu=5 t=1")
    (step,) = only(said).hops
    assert step.cpu == 5


def quiet(text: str) -> str:
    """A line as it is with -q."""
    return text[text.index("@dtkit") :]


def test_lines_that_do_not_name_their_probe_are_counted() -> None:
    lines = [quiet(hop(1, id=5, n=1)), quiet(hop(2, id=6, n=2))]
    found, odd = read(quiet(START), *lines, quiet(END), whole=False)
    assert [labels(one) for one in found] == [["probe 5", "probe 6"]]
    assert odd == ["2 lines about packets do not name their probe: run the script without -q"]
    assert found[0].hops[0].cpu is None


def test_a_line_that_does_not_even_say_its_id() -> None:
    bare = quiet(hop(1)).replace("id=7 ", "")
    _, odd = read(quiet(START), bare, quiet(END), whole=False)
    assert odd == ["a line about a packet does not say which or when"]


def test_faults_are_told_one_by_one_and_then_counted() -> None:
    fault = (
        "dtrace: error on enabled probe ID 7 (ID 9: fbt:kernel:ip_input:entry): "
        "invalid address (0x2a) in action #1 at DIF offset 12\n"
    )
    said = "fault at fbt:kernel:ip_input:entry: BADADDR 0x2a in action 1"
    for count in (1, 3):
        assert read(fault * count)[1] == [said] * count
    assert read(fault * 4)[1] == [said] * 3 + ["4 faults in all"]


NOTHING_PASSED = "no packet passed the filter, of those seen 8 times at gates"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"faults": 5}, ["5 faults: their packets lack hops"]),
        ({"faults": 0}, []),
        (
            {"missed": 3, "matched": 9, "kept": 1},
            ["3 packets were not followed: too many were held back at once (nspec)"],
        ),
        ({"limited": 4}, ["a limit (count, rate or hops) left packets out, seen 4 times at gates"]),
        (
            {"limited": 4, "beyond": 0},
            ["a limit (rate or hops) left packets out, seen 4 times at gates"],
        ),
        (
            {"limited": 4, "beyond": 3},
            [
                "a limit (rate or hops) left packets out, seen 4 times at gates",
                "--count left packets out, seen 3 times at gates",
            ],
        ),
        (
            {"fired": 8, "matched": 0, "limited": 0, "beyond": 3},
            ["--count left packets out, seen 3 times at gates"],
        ),
        ({"fired": 8, "matched": 0}, [NOTHING_PASSED]),
        ({"fired": 8, "matched": 1}, []),
        ({"fired": 0, "matched": 0}, []),
        (
            {"fired": 8, "matched": 0, "limited": 4},
            ["a limit (count, rate or hops) left packets out, seen 4 times at gates"],
        ),
        ({"fired": 8}, []),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_end_says(end: dict[str, int], said: list[str]) -> None:
    fields = " ".join(f"{name}={value}" for name, value in end.items())
    last = framed(0, 2, "", "END", f"@dtkit 1 end {fields}")
    assert read(START, hop(1), last, whole=False)[1] == said


def test_faults_that_were_told_are_not_counted_at_the_end() -> None:
    fault = (
        "dtrace: error on enabled probe ID 7 (ID 9: fbt:kernel:ip_input:entry): "
        "invalid address (0x2a) in action #1 at DIF offset 12\n"
    )
    last = framed(0, 2, "", "END", "@dtkit 1 end faults=1")
    assert len(read(START, fault, hop(1), last, whole=False)[1]) == 1


def test_what_has_no_start_is_since_boot_and_said_once() -> None:
    (journey,), odd = read(hop(5), hop(6), END, whole=False)
    assert odd == ["no start of a script: times are since boot"]
    assert journey.time == 5


def test_a_start_that_does_not_tell_the_clocks() -> None:
    for said in ("timestamp=5", "walltimestamp=5", ""):
        start = framed(0, 1, "", "BEGIN", f"@dtkit 1 start dtkit=0 {said}")
        (journey,), odd = read(start, hop(5), END, whole=False)
        assert odd == []
        assert journey.time == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (START, ["the output is cut: the script did not come to its end"]),
        (START + END, []),
        (START + hop(1), ["the output is cut: the script did not come to its end"]),
        (
            hop(1),
            [
                "no start of a script: times are since boot",
                "the output is cut: the script did not come to its end",
            ],
        ),
    ],
    ids=["a start", "a start and an end", "a hop", "no start"],
)
def test_the_end_of_the_output(text: str, said: list[str]) -> None:
    assert read(text, whole=False)[1] == said


def test_parts_that_belong_to_no_annotation_are_passed_over() -> None:
    other = dump(b"no" * 9)
    said = f"words\n{other}\n@dtkit 2 hop id=7 t=1 m=0x100 j=1 mlen=4\n{dump(IP[:4])}{other}"
    journey = only(framed(0, 7, "ip_input", "entry", said))
    assert [one.data for one in journey.snapshots] == [IP[:4]]


def test_several_annotations_of_one_firing() -> None:
    first, second = (f"@dtkit 2 hop id=7 t={time} m=0x100 j=1 mlen=4\n" for time in (1, 2))
    journey = only(framed(0, 7, "ip_input", "entry", first + second + dump(IP[:4])))
    assert labels(journey) == ["ip_input", "ip_input"]
    assert len(journey.snapshots) == 1


def test_steps_are_told_as_they_come_with_their_bytes() -> None:
    told: list[tuple[int, Step]] = []
    text = "".join([
        START,
        hop(1, data=IP),
        hop(2, data=IP),
        line("copy", "m_dup", t=3, j=2, of=1, m="0x200", from_="0x100", off=0, mlen=4, data=IP[:4]),
        line("return", "ip_input", t=4, j=1, value=0),
        END,
    ])  # fmt: skip
    list(read_path(io.BytesIO(text.encode()), lambda number, step: told.append((number, step))))
    assert [
        (number, step.text if isinstance(step, Hop) else step.data) for number, step in told
    ] == [
        (1, "ip_input"),
        (1, IP),
        (1, "ip_input"),
        (1, IP),
        (1, "-m_dup(copied to #2)"),
        (2, "m_dup(copied from #1)"),
        (2, IP[:4]),
        (1, "-ip_input(0)"),
    ]


# Why


@pytest.mark.parametrize(
    ("said", "text", "rule", "reason"),
    [
        (line("counter", "x", t=2, j=1, counter="ips_badsum"), "ips_badsum(counted)", None,
         "bad checksum"),
        (line("counter", "x", t=2, j=1), "?(counted)", None, None),
        (line("icmp", "icmp_error", t=2, j=1, type=11, code=0), "icmp_error(type 11 code 0)", None,
         "ttl expired"),
        (line("rule", "r", t=2, j=1, rule=16, nr=3, state=1, anchor="web", label="no"),
         'pf(rule 3 in anchor web, label "no", state)',
         'pf rule 3 in anchor web, label "no"', None),
        (line("rule", "r", t=2, j=1, by="ipfw", rule=9, nr=100, set=3, action=4),
         "ipfw(rule 100 in set 3: dummynet)", "ipfw rule 100 in set 3", None),
        (line("verdict", "v", t=2, j=1, by="ipfw", rule="0x99"),
         "ipfw rule at 0x99(it cannot be read)", "ipfw rule at 0x99", None),
        (line("verdict", "v", t=2, j=1, rule="0x99"), "pf rule at 0x99(it cannot be read)",
         "pf rule at 0x99", None),
    ],
    ids=["counter", "no-counter", "icmp", "pf", "ipfw", "unread", "unread-pf"],
)  # fmt: skip
def test_a_line_on_why_is_a_hop(said: str, text: str, rule: str | None, reason: str | None) -> None:
    _, hop_ = only(hop(1, "tcp_input"), said).hops
    assert (hop_.text, hop_.rule, hop_.reason) == (text, rule, reason)


def test_a_verdict_by_a_rule_that_was_read_is_no_hop_of_its_own() -> None:
    rule = line("rule", "r", t=2, j=1, by="pf", rule="0x10", nr=3)
    verdict = line("verdict", "v", t=3, j=1, by="pf", rule="0x10")
    assert len(only(hop(1, "tcp_input"), rule, verdict).hops) == 2


@pytest.mark.parametrize(
    ("vnet", "advice"),
    [("0x20", "jexec 'a b' pfctl -vvsr"), ("0x10", "pfctl -vvsr"), ("0x99", "pfctl -vvsr")],
    ids=["jail", "host", "unknown"],
)
def test_advice_is_for_the_jail_that_was_at_work(vnet: str, advice: str) -> None:
    refused = line("return", "pf_test", t=2, j=1, value=1, vnet=vnet)
    (journey,), odd = read(hop(1, "ip_output", vnet=vnet), refused, free(3, by="pf_test+0x1"))
    assert len(odd) == (vnet == "0x99")
    assert journey.outcome == "dropped: pf_test returned PF_DROP"
    assert journey.advice.startswith(advice)


def sock(time: int = 2, function: str = "ip_output", **fields: Any) -> str:
    return line("socket", function, t=time, j=1, **fields)


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ([sock(so=5, pid=7, uid=0, jail=3, known=1, exec="nc")], (False, "nc[7]", 0, "a b", 1)),
        ([sock(so=5, pid=0, uid=-1, jail=9, known=2)], (False, "", None, "9", 2)),
        ([sock(function="soappend", so=5, pid=7, uid=8, exec="b")], (True, "b[7]", 8, "", 0)),
        ([sock(so=5, pid=7, uid=0, exec="a"), sock(3, so=5, pid=0)], (False, "a[7]", 0, "", 0)),
        ([sock(so=5, pid=0), sock(3, so=5, pid=7, uid=0, exec="a")], (False, "a[7]", 0, "", 0)),
        ([sock(so=0, pid=7, exec="a")], None),
    ],
    ids=["sent", "unknown", "delivered", "known-first", "known-later", "no-socket"],
)  # fmt: skip
def test_whose_socket_a_packet_came_by(said: list[str], owner: tuple[Any, ...] | None) -> None:
    journey = only(hop(1, "tcp_input"), *said)
    assert [tuple(one) for one in journey.owners] == ([] if owner is None else [owner])
    assert len(journey.hops) == 1


def test_a_bad_checksum_is_told_from_the_last_bytes() -> None:
    wrong = bytearray(ipv4(bytes.fromhex("0400003500101234") + bytes(8), protocol=17))
    journey = only(
        hop(1, "udp_input", data=bytes(wrong), mlen=len(wrong)), free(3, by="udp_input+0x1")
    )
    assert journey.reason == "bad checksum"
    del wrong[-1]  # cut: no checksum can be told
    cut = hop(1, "udp_input", data=bytes(wrong), mlen=36)
    journey = only(cut, free(3, by="udp_input+0x1"))
    assert journey.reason == "bad checksum, or no listener and silent"


def test_another_packet_in_the_mbuf_is_noted_only_of_who_was_there() -> None:
    journeys_, _ = read(hop(1, j=1), hop(2, j=2, m="0x200"), hop(3, j=2, m="0x100"))
    assert [bool(one.notes) for one in journeys_] == [True, False]


@pytest.mark.parametrize(("most", "told"), [(3, True), (2, False)], ids=["room", "no-room"])
def test_what_the_sender_was_told_is_of_the_original(
    monkeypatch: pytest.MonkeyPatch, most: int, told: bool
) -> None:
    monkeypatch.setattr(path, "_MOST_RECORDS", most)
    copy = line("copy", "m_copym", t=2, j=2, of=1, m="0x200", from_="0x100", off=0)
    said = line("icmp", "icmp_error", t=3, j=2, type=11, code=0)
    found, odd = read(hop(1), copy, said)
    assert odd == []
    own, of_copy = (labels(one) for one in found)
    assert own[2:] == ["icmp_error(type 11 code 0)"] * told
    assert of_copy[1:] == ["icmp_error(type 11 code 0)"]


def test_whoever_was_given_up_is_in_no_mbuf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "_MOST_OPEN", 1)
    found, _ = read(hop(1, j=1), hop(2, j=2, m="0x200"), hop(3, j=2), hop(4, j=2))
    assert [(one.number, len(one.hops)) for one in found] == [(1, 1), (2, 3)]
    assert found[1].notes == ()


def test_hops_in_jails_made_after_the_start_are_counted() -> None:
    stacks = [0x91, 0x92, 0x93, 0x94]
    lines = [hop(n, "ip_output", j=n, m=hex(n), vnet=hex(one)) for n, one in enumerate(stacks, 1)]
    assert read(*lines, hop(9, "ip_input", j=9, m="0x9", vnet="0x10"))[1] == [
        "4 hops are in network stacks without a name (0x91, 0x92, 0x93, ...): of jails made after "
        "the start"
    ]
    assert read(*lines[:1])[1] == [
        "1 hop is in network stacks without a name (0x91): of jails made after the start"
    ]


def test_a_socket_without_an_address_is_none() -> None:
    journey = only(
        hop(2000),
        line("socket", "sbappend", t=2100, m="0x100", j=1, so="0x0", pid=3, uid=0, jail=0),
        line(
            "socket", "sbappend", t=2200, m="0x100", j=1, so="0x50", pid=7, uid=5, jail=0, exec="n"
        ),
        free(3000),
    )
    assert [(one.process, one.user) for one in journey.owners] == [("n[7]", 5)]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"pkt": 40, "mlen": 20}, True),
        ({"pkt": 40, "mlen": 0}, True),
        ({"pkt": 40, "mlen": 40}, False),
        ({"pkt": 40}, False),
        ({}, False),
    ],
    ids=["two", "an-empty-one", "one", "length-unknown", "unknown"],
)
def test_a_packet_of_several_mbufs_may_have_been_put_into_another(
    fields: dict[str, Any], told: bool
) -> None:
    journey = only(
        hop(2000, "ip6_input", **fields),
        hop(2100, "m_freem", pkt=40, mlen=40),
        free(3000, by="ip6_input+0x9c"),
    )
    assert (journey.reason == "goes on in another mbuf") is told


def ring(time: int, cpu: int = 0) -> str:
    text = f"@dtkit 1 start dtkit=0 timestamp={time} walltimestamp={WALL + time} ring=65536"
    return framed(cpu, 1, "", "BEGIN", text)


def test_a_ring_says_from_when_on_it_has_lines() -> None:
    end = framed(0, 2, "", "END", "@dtkit 1 end fired=9 matched=9 ends=9 limited=0 faults=0")
    lines = [hop(2000), hop(2100, cpu=1, j=2, m="0x200"), free(3000), free(3100, 2, m="0x200")]
    found, odd = read(*lines, ring(1000, 2), end, whole=False)
    assert [journey.number for journey in found] == [1, 2]
    assert [one for one in odd if "the ring (65536 bytes a CPU) goes back to" in one]


def test_lines_of_no_ring_and_of_no_start_are_said_once() -> None:
    found, odd = read(hop(2000), free(3000), whole=False)
    assert [journey.number for journey in found] == [1]
    assert not [one for one in odd if "the ring" in one]
