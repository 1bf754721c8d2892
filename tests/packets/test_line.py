# SPDX-License-Identifier: BSD-2-Clause
"""Packets as lines that a person reads."""

from __future__ import annotations

import time

import pytest

from dtkit.packets.line import PacketLines, Times
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Origin, Packet
from dtkit.probes import catalog
from tests.trace.frames import ipv4, tcp

DATA = ipv4(tcp(b"x" * 9))
SEEN = Origin("fbt:kernel:tcp_input:entry", "tcp_input", "entry", 3, 77)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def packet(moment: int | None = None, boot: int | None = None, origin: Origin = SEEN) -> Packet:
    return Packet(DATA, LinkType.RAW, origin, timestamp=boot, time=moment, mbuf=0x10, offset=4)


def line(times: Times, *packets: Packet, verbose: bool = False) -> list[str]:
    lines = PacketLines(catalog(), times, verbose)
    return [lines.line(one) for one in packets]


def test_columns_are_under_their_head() -> None:
    lines = PacketLines(catalog())
    for one in (packet(), packet(1_600_000_000_123456789), packet(boot=5_000_000_001)):
        head, text = lines.head(one), lines.line(one)
        assert text.index("tcp_input") == head.index("PROBE")
        assert text.index("In ") == head.index("DIR")
        assert text.index("10.0.0.1:1234 > ") == head.index("PACKET")
        assert text[head.index("CPU") : head.index("CPU") + 3] == "  3"


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (Times.CLOCK, ["12:26:40.000000005 ", "12:26:41.000000007 "]),
        (Times.NONE, ["  3 ", "  3 "]),
        (Times.EPOCH, ["1600000000.000000005 ", "1600000001.000000007 "]),
        (Times.DELTA, ["    0.000000000 ", "    1.000000002 "]),
    ],
)
def test_times_are_as_tcpdump_has_them(times: Times, said: list[str]) -> None:
    first, second = packet(1_600_000_000_000000005), packet(1_600_000_001_000000007)
    found = line(times, first, second)
    assert [text[: len(start)] for text, start in zip(found, said, strict=True)] == said


def test_the_short_form_is_short_and_says_where_it_was_cut() -> None:
    long = Origin("sdt:::a-probe-with-a-name-that-goes-on-and-on" * 2, None, None, 0)
    text, whole = (
        line(Times.CLOCK, packet(1_600_000_000_000000005, origin=long), verbose=v)[0]
        for v in (False, True)
    )
    assert len(text) == 120
    assert text.endswith("...")
    assert len(whole) > 120
    assert whole.endswith("length 9  (mbuf 0x10, offset 4)")


def test_a_time_that_no_clock_has_is_a_number() -> None:
    assert line(Times.CLOCK, packet(1 << 90))[0].startswith(str((1 << 90) // 10**9))
