# SPDX-License-Identifier: BSD-2-Clause
"""One packet through several hosts: where the truth is known, as the simulator knows it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.fleet.join import Capture, join
from dtkit.fleet.window import JoiningWindow
from dtkit.simulate.network import SimulatedLink
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Hop, Journey
from dtkit.trace.journey.outcome import end_of
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from tests.fleet.row import EVERY, HOSTS, START, frame, row, score, texts, traffic, which
from tests.trace.frames import ipv4

DAY = 86_400 * 10**9

LOSSY = SimulatedLink(loss=0.05)


@pytest.mark.parametrize(
    ("links", "clocks"),
    [
        ((SimulatedLink(), SimulatedLink()), ((0, 0.0), (0, 0.0), (0, 0.0))),
        ((LOSSY, LOSSY), ((0, 0.0), (5 * 10**9, 2e-5), (-DAY, -1e-5))),
        ((SimulatedLink(jitter=30_000_000), LOSSY), ((0, 0.0), (-1, 0.0), (1, 1e-4))),
    ],
    ids=["plain", "loss-and-skew", "jitter-and-drift"],
)
def test_every_packet_is_found_on_the_next_host(
    links: tuple[SimulatedLink, SimulatedLink], clocks: tuple[tuple[int, float], ...]
) -> None:
    joined = join(row(traffic(80, 0), traffic(80, 1), links=links, clocks=clocks, seed=3))
    assert score(joined) == (1.0, 1.0)


def test_clocks_are_known_to_what_the_links_take() -> None:
    clocks = ((0, 0.0), (5 * 10**9, 2e-5), (-DAY, -1e-5))
    every = 10 * EVERY
    joined = join(row(traffic(60, 0, every), traffic(60, 1, every), clocks=clocks))
    middle = START + 30 * every
    for host, (offset, drift) in enumerate(clocks):
        read = middle + offset + round((middle - START) * drift)
        doubt = joined.reference.doubt(host)
        assert doubt is not None
        assert doubt < 500_000
        assert abs(joined.reference.time(host, read) - middle) <= doubt
    (router,) = joined.reference.clocks[1] or ()
    assert router.drift == pytest.approx(2e-5, rel=0.05)


def test_a_journey_goes_through_all_hosts_in_one_time() -> None:
    captures = row(traffic(20, 0), traffic(20, 1), clocks=((0, 0), (DAY, 0), (-DAY, 0)))
    journeys = list(join(captures))
    assert len(journeys) == 40
    assert [journey.number for journey in journeys] == list(range(1, 41))
    for journey in journeys:
        hosts = list(dict.fromkeys(hop.host for hop in journey.hops))
        way = which(journey)[1]
        assert hosts == (["alpha", "router", "bravo"], ["bravo", "router", "alpha"])[way]
        times = [hop.time for hop in journey.hops if hop.time is not None]
        assert times == sorted(times)
        assert journey.outcome.startswith("delivered: freed by soreceive_dgram")
    lines = [line for diff in journeys[0].diffs if diff for line in diff.lines]
    assert [line for line in lines if "ethernet" not in line] == [
        "ipv4 ttl 64 -> 63",
        "ipv4 source 10.0.0.1 -> 192.0.2.1",
    ]


def test_what_was_sent_and_never_came_is_lost() -> None:
    links = (SimulatedLink(), SimulatedLink(loss=0.2))
    captures = row(traffic(100, 0), traffic(100, 1), links=links, seed=1)
    got = Counter(which(journey) for journey in captures[2].journeys)
    journeys = list(join(captures))
    for journey in journeys:
        packet = which(journey)
        if packet[1] == 0:
            # The last packets leave when bravo's capture may be over.
            said = "lost: left router, not seen on bravo"
            lost = journey.outcome == said
            assert lost is not bool(got[packet]) or packet[0] > 97
    assert sum(end_of(journey.outcome)[0] == "lost" for journey in journeys) > 20


def test_packets_that_are_equal_to_the_byte_are_told_apart_by_time() -> None:
    # Sent again and again, as a probe is; with losses, order alone would be wrong.
    same = frame(1, 0, 9)
    there = [*traffic(50, 0), *((START + n * EVERY + 3_000_000, same) for n in range(50))]
    links = (SimulatedLink(loss=0.1), SimulatedLink(loss=0.1))
    captures = row(there, traffic(50, 1), links=links, seed=5)
    joined = join(captures)
    assert score(joined) == (1.0, 1.0)
    for one in joined.passages:
        sent = joined.reference.time(one.sender.host, one.sender.ends.went or 0)
        came = joined.reference.time(one.receiver.host, one.receiver.ends.came or 0)
        assert 0 <= came - sent < 1_000_000
        assert one.alike == 1


def test_equal_packets_in_a_burst_are_said_to_be_alike() -> None:
    burst = [(START + 10**9 + n * 150_000, frame(1, 0, 9)) for n in range(4)]
    captures = row([*traffic(20, 0), *burst], traffic(20, 1))
    joined = join(captures)
    assert score(joined) == (1.0, 1.0)
    alike = [journey for journey in joined if any("alike" in note for note in journey.notes)]
    assert alike
    assert any("look alike" in line for line in joined.told())


def test_a_frame_that_is_doubled_on_the_wire_is_one_packet_that_came_twice() -> None:
    links = (SimulatedLink(), SimulatedLink(doubling=0.2))
    captures = row(traffic(60, 0), [], links=links, seed=2)
    twice = [packet for packet, n in Counter(map(which, captures[2].journeys)).items() if n > 1]
    assert twice
    # Without packets back the clocks are not known: both are said to look alike then.
    joined = join(captures)
    assert score(joined)[0] == 1.0
    captures = row(traffic(60, 0), traffic(60, 1), links=links, seed=2)
    joined = join(captures)
    assert score(joined) == (1.0, 1.0)
    noted = [which(one) for one in joined if any("came to bravo again" in n for n in one.notes)]
    assert {packet for packet in noted if packet[1] == 0} >= set(twice)


def test_a_packet_that_goes_into_a_tunnel_is_found_by_what_is_around_it() -> None:
    inner = frame(1, 0, 5)[14:]

    def seen(*data: bytes, labels: tuple[bytes, ...]) -> Journey:
        steps: list[Hop | Snapshot] = []
        for one, label in zip(data, labels, strict=True):
            steps += [Hop.parse(label)._replace(time=START), Snapshot(one)]
        return Journey(1, START, tuple(steps))

    around = ipv4(inner, source="192.0.2.9", destination="192.0.2.10", protocol=4, identity=77)
    gate = seen(inner, around, labels=(b"ip_input", b"+ip_output"))
    far = seen(around, inner, labels=(b"ip_input", b"gif_input"))
    (journey,) = join([Capture("gate", [gate]), Capture("far", [far])])
    assert [hop.host for hop in journey.hops] == ["gate", "gate", "far", "far"]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "bravo: saw no packet"),
        (1, "bravo: no packet of it was seen elsewhere"),
    ],
    ids=["nothing", "other-packets"],
)
def test_a_host_that_saw_none_of_the_packets_is_named(count: int, said: str) -> None:
    captures = row(traffic(5, 0), [])
    other = row([], traffic(20 + count, 1))[2].journeys[20:]
    joined = join([*captures[:2], Capture("bravo", other)])
    assert any(line.startswith(said) for line in joined.told())
    assert len(list(joined)) == 5 + count


@pytest.mark.parametrize("empty", [0, 1, 2])
def test_any_host_may_have_seen_nothing(empty: int) -> None:
    captures = row(traffic(5, 0), traffic(5, 1), links=(LOSSY, LOSSY), seed=4)
    captures[empty] = Capture(captures[empty].name, [])
    journeys = list(join(captures))
    assert sum(len(one.hops) for one in journeys) == sum(
        len(journey.hops) for one in captures for journey in one.journeys
    )


def test_journeys_without_times_are_joined_all_the_same() -> None:
    captures = [
        Capture(one.name, [_untimed(journey) for journey in one.journeys])
        for one in row(traffic(5, 0), traffic(5, 1))
    ]
    joined = join(captures)
    assert score(joined) == (1.0, 1.0)
    assert all("is not known" in note for one in joined for note in one.notes)


def _untimed(journey: Journey) -> Journey:
    steps = tuple(
        step._replace(time=None) if isinstance(step, Hop) else step for step in journey.steps
    )
    return Journey(journey.number, None, steps, journey.form, outcome=journey.outcome)


def test_clocks_one_way_are_not_sure() -> None:
    joined = join(row(traffic(30, 0), [], clocks=((0, 0), (DAY, 0), (0, 0))))
    assert score(joined) == (1.0, 1.0)
    assert joined.reference.doubt(1) is None
    assert any("one way only" in line for line in joined.told())
    for one in joined:
        assert one.notes


def test_what_is_joined_is_kept_in_one_file_that_every_view_takes(
    tmp_path: Path, dtkit: Callable[..., Result]
) -> None:
    links = (SimulatedLink(), SimulatedLink(loss=0.2))
    names = []
    for name, text in zip(HOSTS, texts(traffic(20, 0), traffic(20, 1), links, seed=1), strict=True):
        (tmp_path / f"{name}.txt").write_text(text)
        names.append(str(tmp_path / f"{name}.txt"))
    file = str(tmp_path / "joined.pcapng")
    done = dtkit("trace", "join", "-w", file, *names)
    assert (done.exit_code, done.stdout) == (0, "")
    printed = dtkit("trace", "join", "--to", "json", *names).stdout
    with open(file, "rb") as stream:
        kept = [one for one in read_any(stream) if isinstance(one, Journey)]
    kept.sort(key=lambda journey: journey.number)
    assert [journey.to_dict() for journey in kept] == list(map(json.loads, printed.splitlines()))
    lost = dtkit("trace", "show", "--brief", "--filter", "outcome:lost", file)
    assert "not seen on bravo" in lost.stdout
    assert (
        dtkit("trace", "join", "--brief", "--filter", "outcome:lost", *names).stdout == lost.stdout
    )
    for view in ("graph", "report", "stats", "export"):
        output = tmp_path / f"{view}.svg"
        assert dtkit("trace", view, file, "-o", str(output)).exit_code == 0
        assert "alpha" in output.read_text()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("a", "b=a"), "b and a are the same capture"),
        (("x=a", "x=c"), "2 files for host x"),
    ],
    ids=["the-same-twice", "one-name"],
)
def test_files_that_cannot_be_joined_are_named(
    tmp_path: Path, dtkit: Callable[..., Result], files: tuple[str, ...], said: str
) -> None:
    first, *_, last = texts(traffic(3, 0), [])
    (tmp_path / "a").write_text(first)
    (tmp_path / "c").write_text(last)
    given = [
        f"{name}{'=' if name or '=' in file else ''}{tmp_path / path}"
        for file in files
        for name, _, path in [file.rpartition("=")]
    ]
    result = dtkit("trace", "join", *given)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-w", "-", "--brief"), "standard output"),
        (("-w", "-", "-o", "-"), "standard output"),
        (("-w", "x", "-o", "x"), "want x"),
    ],
    ids=["form", "output", "file"],
)
def test_one_output_has_one_form(
    tmp_path: Path,
    dtkit: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text(texts(traffic(3, 0), [])[0])
    result = dtkit("trace", "join", *options, "a")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not Path("x").exists()


OWNER = Owner(False, "nc[7]", 0, "", 1)


def owned(journey: Journey) -> Journey:
    return replace(journey, owners=(OWNER,), outcome="delivered: x", advice="look there")


def test_whose_socket_a_packet_is_of_is_told_of_all_hosts() -> None:
    captures = row(traffic(2, 0), traffic(2, 1))
    captures[0] = Capture("alpha", [owned(one) for one in captures[0].journeys])
    assert [one.owners for one in join(captures)] == [(OWNER,)] * 4


def test_what_is_joined_while_it_comes_says_all_that_it_does_later() -> None:
    captures = row(traffic(2, 0), traffic(2, 1))
    window = JoiningWindow(HOSTS)
    for host, capture in enumerate(captures):
        for journey in capture.journeys:
            window.add(host, owned(journey), 0.0)
    later = join([Capture(one.name, list(map(owned, one.journeys))) for one in captures])
    assert list(window.rest()) == list(later)
    assert not list(window.rest())
