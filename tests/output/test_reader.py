# SPDX-License-Identifier: BSD-2-Clause
"""The reader of dtrace(1)'s text: every framing, every oddity, any bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.output import (
    Annotation,
    Drop,
    Dump,
    Event,
    Firing,
    FiringRun,
    Message,
    Notice,
    Source,
    Stack,
    packets,
    read_output,
    read_runs,
    reader,
)
from dtkit.output.lines import LONGEST
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog
from tests.ids import plain
from tests.output.all_the_way import take_all_the_way
from tests.output.dtrace_text import FLOW_HEADING, HEADER, HEADING, dump, firings, flow, framed
from tests.packets.frames import ipv4, ipv6, tcp, udp

A, B = bytes(range(40)), bytes(range(100, 152))


def read(text: str | bytes) -> list[Event]:
    return list(read_output(io.BytesIO(text.encode() if isinstance(text, str) else text)))


class ByLines(io.RawIOBase):
    """A stream that hands out a line at a time, so that no run fits in."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)

    def read(self, size: int = -1) -> bytes:
        return next(self._lines, b"")


def by_lines(lines: Iterable[bytes]) -> list[Event]:
    return list(read_output(cast("BinaryIO", ByLines(lines))))


def dumps(events: list[Event]) -> list[bytes]:
    return [
        part.data
        for event in events
        if isinstance(event, Firing)
        for part in event.parts
        if isinstance(part, Dump)
    ]


def oddities(events: list[Event]) -> list[str]:
    return [str(event) for event in events if isinstance(event, Oddity)]


SOURCE = Source(0, 19971, "tcp_input", "entry")

FRAMINGS = {
    "default": (
        HEADING + framed(0, 19971, "tcp_input", "entry", dump(A)),
        [Firing(2, SOURCE, (Dump(3, A),))],
    ),
    "without heading": (
        framed(0, 19971, "tcp_input", "entry", dump(A)),
        [Firing(1, SOURCE, (Dump(2, A),))],
    ),
    "quiet": (dump(A) + dump(B), [Firing(2, None, (Dump(2, A),)), Firing(7, None, (Dump(7, B),))]),
    "flow indent": (
        FLOW_HEADING
        + flow(0, 1, "->", "tcp_input", dump(A))
        + flow(0, 3, "=>", "read", "")
        + flow(0, 3, "<=", "read", "")
        + flow(3, 3, "|", ":BEGIN", "hello")
        + flow(0, 1, "<-", "tcp_input", ""),
        [
            Firing(2, Source(0, None, "tcp_input", "entry"), (Dump(3, A),)),
            Firing(8, Source(0, None, "read", "entry"), ()),
            Firing(9, Source(0, None, "read", "return"), ()),
            Firing(10, Source(3, None, "", "BEGIN"), (Message(10, "hello"),)),
            Firing(11, Source(0, None, "tcp_input", "return"), ()),
        ],
    ),
    "printf on the same line": (
        framed(1, 7, "ip_input", "entry", "len 40" + dump(A)),
        [Firing(1, Source(1, 7, "ip_input", "entry"), (Message(1, "len 40"), Dump(2, A)))],
    ),
    "printf on other lines": (
        framed(1, 7, "ip_input", "entry", "one\ntwo\n" + dump(A) + "three\n"),
        [
            Firing(
                1,
                Source(1, 7, "ip_input", "entry"),
                (Message(1, "one"), Message(2, "two"), Dump(4, A), Message(8, "three")),
            )
        ],
    ),
    "two dumps and a trace": (
        framed(1, 7, "ip_input", "entry", dump(A) + dump(B) + " 1409286213"),
        [
            Firing(
                1,
                Source(1, 7, "ip_input", "entry"),
                (Dump(2, A), Dump(7, B), Message(12, " 1409286213")),
            )
        ],
    ),
    "several CPUs": (
        framed(0, 19971, "tcp_input", "entry", dump(A))
        + framed(12, 20035, "ip_input", "entry", dump(B))
        + framed(1234, 20035, "ip_input", "entry", dump(A)),
        [
            Firing(1, SOURCE, (Dump(2, A),)),
            Firing(7, Source(12, 20035, "ip_input", "entry"), (Dump(8, B),)),
            Firing(14, Source(1234, 20035, "ip_input", "entry"), (Dump(15, A),)),
        ],
    ),
    "wide names and ids": (
        framed(0, 1234567, "a_function_with_quite_a_long_name", "entry", dump(A)),
        [
            Firing(
                1,
                Source(0, 1234567, "a_function_with_quite_a_long_name", "entry"),
                (Dump(2, A),),
            )
        ],
    ),
    "BEGIN and END": (
        framed(0, 1, "", "BEGIN", "") + framed(0, 2, "", "END", "bye"),
        [
            Firing(1, Source(0, 1, "", "BEGIN"), ()),
            Firing(2, Source(0, 2, "", "END"), (Message(2, "bye"),)),
        ],
    ),
    "a stack after a dump": (
        framed(0, 19971, "tcp_input", "entry", dump(A) + "\n              kernel`f+0x1\n"),
        [Firing(1, SOURCE, (Dump(2, A), Stack(7, ("kernel`f+0x1",))))],
    ),
    "text that looks like hex": (
        dump(b" 41 42 43 44 45 46 47 48 49 4a 4"),
        [Firing(2, None, (Dump(2, b" 41 42 43 44 45 46 47 48 49 4a 4"),))],
    ),
    "text that ends in spaces": (dump(b"  a   "), [Firing(2, None, (Dump(2, b"  a   "),))]),
    "text that looks like a message": (
        dump(b"dtrace: 3 drops on CPU 0"),
        [Firing(2, None, (Dump(2, b"dtrace: 3 drops on CPU 0"),))],
    ),
    "messages of dtrace": (
        "dtrace: description 'fbt::f:entry ' matched 1 probe\ndtrace: 3 drops on CPU 1\n",
        [Notice(1, "description 'fbt::f:entry ' matched 1 probe"), Drop(2, 3, "", 1)],
    ),
    "an annotation": (
        "@dtkit 1 mbuf cpu=0 t=5 m=0x10 pkt=40 off=0 seg=1 mlen=40\n" + dump(A),
        [
            Firing(
                1,
                None,
                (
                    Annotation(
                        1,
                        "mbuf",
                        {"cpu": "0", "t": "5", "m": "0x10", "pkt": "40", "off": "0"}
                        | {"seg": "1", "mlen": "40"},
                    ),
                    Dump(3, A),
                ),
            )
        ],
    ),
    "an annotation in a frame": (
        framed(0, 19971, "tcp_input", "entry", "@dtkit 1 mbuf cpu=0\n" + dump(A)),
        [Firing(1, SOURCE, (Annotation(1, "mbuf", {"cpu": "0"}), Dump(3, A)))],
    ),
    "blank lines": ("x\n\n\n" + dump(A), [Message(1, "x"), Firing(5, None, (Dump(5, A),))]),
}


@pytest.mark.parametrize(("text", "expected"), FRAMINGS.values(), ids=FRAMINGS)
def test_framing(text: str, expected: list[Event]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(("text", "expected"), FRAMINGS.values(), ids=FRAMINGS)
def test_framing_with_carriage_returns(text: str, expected: list[Event]) -> None:
    assert read(text.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(("text", "expected"), FRAMINGS.values(), ids=FRAMINGS)
def test_framing_without_the_last_newline(text: str, expected: list[Event]) -> None:
    assert read(text.rstrip("\n")) == expected


OF_STDOUT = {name: case for name, case in FRAMINGS.items() if name != "messages of dtrace"}


@pytest.mark.parametrize(("text", "expected"), OF_STDOUT.values(), ids=OF_STDOUT)
def test_stderr_may_break_in_anywhere(text: str, expected: list[Event]) -> None:
    """A message of dtrace(1) in the middle of stdout changes nothing else, lines aside."""
    message = "dtrace: 7 drops on CPU 3\n"
    plain = [re.sub(r"line=\d+", "", repr(event)) for event in expected]
    for at in range(len(text)):
        events = read(text[:at] + message + text[at:])
        rest = [event for event in events if event != Drop(text[:at].count("\n") + 1, 7, "", 3)]
        assert len(rest) == len(events) - 1, at
        assert [re.sub(r"line=\d+", "", repr(event)) for event in rest] == plain, at


@pytest.mark.parametrize("size", [1, 15, 16, 17, 0xFFFFF, 0x100000, 0x100001, 0x100123])
def test_dumps_of_any_size(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert dumps(read(dump(data[:size]) + "\n" + dump(B))) == [data[:size], B]


def row(text: str, number: int, change: str | None) -> str:
    """*text* with its *number*th row of a dump (from 0) replaced, or taken out."""
    lines = text.split("\n")
    rows = [index for index, line in enumerate(lines) if re.match(r" {5,}[0-9a-f]+:", line)]
    lines[rows[number] : rows[number] + 1] = [] if change is None else [change]
    return "\n".join(lines)


def interleave(one: str, other: str) -> str:
    pairs = zip(one.splitlines(True), other.splitlines(True), strict=True)
    return "".join(line for pair in pairs for line in pair)


ONE, TWO, THREE = bytes(range(48)), bytes(range(48, 96)), bytes(range(96, 144))
TEXT = firings([ONE, TWO, THREE])
TWIN = firings([TWO], cpu=1, function="ip_input")

BAD = {
    "nothing": ("", [], ["the input is empty"]),
    "binary garbage": (
        b"\x7fELF\0\1\n\xff\xfe\x01\n" + firings([ONE]).encode() + b"\0",
        [ONE],
        ["line 1: 2 lines of bytes that are no text", "line 9: 1 line of bytes that are no text"],
    ),
    "a wrong offset": (
        row(TEXT, 4, "        20:" + " 00" * 16),
        [ONE, TWO[:16], THREE],
        ["line 8: a dump is cut short: a row has the wrong offset"],
    ),
    "a row missing": (
        row(TEXT, 4, None),
        [ONE, TWO[:16], THREE],
        ["line 8: a dump is cut short: a row has the wrong offset"],
    ),
    "a row cut in the middle": (
        row(TEXT, 4, "        10: 40 41 42 4"),
        [ONE, TWO[:19], THREE],
        ["line 8: a dump is cut short: a row is cut"],
    ),
    "a row cut in its offset": (
        row(TEXT, 4, "        1"),
        [ONE, TWO[:16], THREE],
        None,
    ),
    "the last row cut": (
        TEXT[: -len(" ................\n\n") - 5],
        [ONE, TWO, THREE[:46]],
        ["line 14: a dump is cut short: a row is cut"],
    ),
    "rows out of order": (
        row(row(TEXT, 4, "        20:" + " 11" * 16), 5, "        10:" + " 22" * 16),
        [ONE, TWO[:16], THREE],
        ["line 8: a dump is cut short: a row has the wrong offset"],
    ),
    "a row that is not hex": (
        row(TEXT, 4, "        10: 40 41 xx" + " 00" * 13 + "  ................"),
        [ONE, TWO[:16], THREE],
        ["line 8: a dump is cut short: a row is not hex"],
    ),
    "rows without a header": (
        "        30:" + " 00" * 16 + "\n" + TEXT,
        [ONE, TWO, THREE],
        ["line 1: 1 line without the header of a dump"],
    ),
    "a header without rows": (
        HEADER + "\n" + TEXT,
        [ONE, TWO, THREE],
        ["line 1: a dump has no rows"],
    ),
    "two firings interleaved line by line": (
        firings([ONE]) + interleave(firings([TWO]), TWIN) + firings([THREE]),
        [ONE, THREE],
        ["line 9: a dump has no rows", "line 10: dumps are interleaved"],
    ),
    "a firing within another one's dump": (
        TEXT[:300] + "\n" + TWIN + firings([THREE]),
        [ONE[:35], TWO, THREE],
        None,
    ),
    "a line of 10 MB": (
        firings([ONE]) + "x" * 10_000_000 + "\n" + firings([TWO]),
        [ONE, TWO],
        ["line 7: a line of 10000000 bytes is too long to keep"],
    ),
    "an annotation of a later version": (
        "@dtkit 3 mbuf x=y\n" + firings([ONE]),
        [ONE],
        ["line 1: an annotation that this version of dtkit does not know"],
    ),
}


@pytest.mark.parametrize(("text", "kept", "said"), BAD.values(), ids=BAD)
def test_bad_input_is_named_once_and_the_rest_is_kept(
    text: str | bytes, kept: list[bytes], said: list[str] | None
) -> None:
    events = read(text)
    assert dumps(events) == kept
    if said is not None:
        assert oddities(events) == said


def test_text_that_ends_like_a_message_of_dtrace_is_text() -> None:
    data = b"x" * 16 + b"\0\0dtrace: 9 drops" + b"y" * 14
    assert read(dump(data)) == [Firing(2, None, (Dump(2, data),))]


def test_text_in_utf8_is_text() -> None:
    assert read("gr\u00fc\u00dfe\n" + dump(A))[0] == Message(1, "gr\u00fc\u00dfe")


DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "text",
    [
        f"  0 {DIGITS:>6} {'f:entry':>32} \n",
        f"{DIGITS} {'1':>6} {'f:entry':>32} \n",
        f"@dtkit {DIGITS} mbuf a=1\n",
        f"@dtkit 1 mbuf t={DIGITS} cpu=0x{DIGITS} len=-{DIGITS} m=1_0 pkt=0b1\n" + dump(A),
        "@dtkit 1 mbuf off=\u0663\n" + dump(A),
        f"dtrace: {DIGITS} drops on CPU 0\n",
        f"dtrace: error on enabled probe ID {DIGITS} (ID 1: a:b:c:d): bad stack in predicate\n",
        f"00000000: 00\n{DIGITS}: 00\n",
        "  \u0661      1                          f:entry \n",
    ],
    ids=lambda text: plain(text[:20]),
)
def test_hostile_numbers_raise_nothing(text: str) -> None:
    read(text)


def test_unread_lines_are_counted() -> None:
    events = read(row(TEXT, 4, None))
    assert [event.unread for event in events if isinstance(event, Oddity)] == [1]
    events = read("        10: 00\n        20: 00\n")
    assert [event.unread for event in events if isinstance(event, Oddity)] == [2]


@given(st.binary(max_size=600))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    read(data)


PIECES = st.sampled_from(
    [
        firings([bytes(20)] * 12),
        dump(bytes(20)) * 12,
        "x" * 600,
        "@dtkit 1 mbuf t=-5 cpu=-1 m=-0x1 len=99999999999 pkt=999999999999 off=-3\n",
        "\ud800",
        HEADER,
        HEADING,
        "\n",
        "        10: 00 01",
        "         0:" + " 61" * 16 + "  aaaaaaaaaaaaaaaa\n",
        "         0: 41" + " " * 47 + "A\n",
        framed(0, 1, "f", "entry", ""),
        "dtrace: 3 drops on CPU 0\n",
        "dtrace: error on enabled probe ID 1 (ID 2: a:b:c:d): invalid address (0x0) in action #1\n",
        "@dtkit 1 mbuf cpu=0 t=1 m=0x1 seg=1 mlen=1\n",
        "@dtkit 1 mbuf cpu=0 t=1 m=0x1 seg=2 mlen=-1\n",
        "@dtkit 1 start timestamp=1 walltimestamp=x\n",
        "              kernel`f+0x1\n",
        "00000000: 00 01\n",
        "*\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=12), max_size=30))
def test_any_mixture_of_its_own_pieces_is_read_without_an_exception(pieces: list[str]) -> None:
    take_all_the_way("".join(pieces).encode("utf-8", "surrogatepass"))


def capture_of(data: bytes, read: Callable[[BinaryIO], Iterator[Event | FiringRun]]) -> list[bytes]:
    """The blocks of the capture of *data*, those of interfaces first: their place may differ."""
    stream = io.BytesIO()
    capture = PacketFile(stream, Provenance("test"), catalog())
    for item in packets(read(io.BytesIO(data)), catalog()):
        if isinstance(item, PacketRun):
            capture.write_run(item)
        elif isinstance(item, Packet):
            capture.write(item)
    capture.close()
    written, blocks = stream.getvalue(), []
    while written:
        length = int.from_bytes(written[4:8], "little")
        blocks.append(written[:length])
        written = written[length:]
    return sorted(blocks, key=lambda block: block[0] not in (0x0A, 1))


#: Packets of which a capture is not the same everywhere: a known probe's and an unknown one's,
#: IPv4 longer than it was dumped, IPv6, and a TCP header, which becomes an exported PDU.
ALIKE = [
    ipv4(6, tcp(payload=bytes(24))),
    ipv4(17, udp(bytes(36)), length=1500),
    ipv6(6, tcp(payload=bytes(4))),
    tcp(payload=bytes(44)),
    bytes(64),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 9, 10, 100]),
            st.sampled_from(["tcp_input", "udp_input", "any_function"]),
            st.sampled_from(ALIKE),
        ),
        max_size=40,
    )
)
def test_a_capture_of_runs_is_that_of_their_packets(seen: list[tuple[int, str, bytes]]) -> None:
    text = "".join(framed(cpu, 7, name, "entry", dump(data)) for cpu, name, data in seen)
    assert capture_of(text.encode(), read_runs) == capture_of(text.encode(), read_output)


SAID = st.fixed_dictionaries(
    {
        "probe": st.sampled_from(["fbt::tcp_input:entry", "fbt::ip_output:entry", "x"]),
        "cpu": st.sampled_from([0, 0, 1]),
        "t": st.sampled_from([5, 5, 6]),
        "m": st.sampled_from([0, 0xFFFFF80001, 0xFFFFF80001]),
        "pkt": st.sampled_from([-1, 60, 64, 70]),
        "off": st.sampled_from([0, 0, 0, 20]),
        "more": st.sampled_from([0, 0, 0, 7, -64]),
        "data": st.sampled_from(ALIKE),
    }
)


def said(seg: int, last: int, one: dict[str, Any], skip: bool) -> str:
    data = one["data"]
    where = f"probe={one['probe']} id=7 cpu={one['cpu']} t={one['t']} m={one['m']:#x}"
    of = f"pkt={one['pkt']} off={one['off']} seg={seg} {'skip=0 ' if skip else ''}"
    length = f"mlen={len(data) + one['more']} dump={len(data)} last={last}"
    return f"@dtkit 1 mbuf {where} {of}{length}\n" + dump(data)


@given(st.lists(st.tuples(SAID, st.sampled_from(["1 1", "1 1", "1 0", "2 1", "2 0", "3 1"]))),
       st.booleans(), st.booleans())  # fmt: skip
def test_packets_of_annotated_runs_are_those_of_their_firings(
    seen: list[tuple[dict[str, Any], str]], skip: bool, started: bool
) -> None:
    """Segments in any order, lengths that are right or not, CPUs in between."""
    text = "@dtkit 1 start timestamp=1 walltimestamp=100\n" if started else ""
    for one, numbers in seen:
        seg, last = map(int, numbers.split())
        text += said(seg, last, one, skip)
    runs = [
        part
        for item in packets(read_runs(io.BytesIO(text.encode())), catalog())
        for part in (item if isinstance(item, FiringRun | PacketRun) else [item])
    ]
    lines = text.encode().splitlines(keepends=True)
    single = list(packets(iter(by_lines(lines)), catalog()))
    assert [item for item in runs if isinstance(item, Packet)] == [
        item for item in single if isinstance(item, Packet)
    ]
    assert sorted(map(str, runs)) == sorted(map(str, single))
    assert capture_of(text.encode(), read_runs) == capture_of(text.encode(), read_output)


@pytest.mark.parametrize(
    "form",
    [
        "@dtkit 1 mbuf probe=fbt::ip_input:entry id=1 cpu=0 t={t} m=0x1 len=64 off=0 dump=64\n",
        "@dtkit 1 mbuf probe=fbt::ip_input:entry id=1 cpu=0 t={t} m=0x1 pkt=64 off=0 seg=1 "
        "mlen=64 dump=64 last=1\n",
        "",
    ],
)
def test_what_is_alike_is_read_in_runs(form: str) -> None:
    text = "".join(form.format(t=at) + dump(ALIKE[at % 2]) for at in range(50))
    items = list(packets(read_runs(io.BytesIO(text.encode())), catalog()))
    found = [one for item in items if isinstance(item, PacketRun) for one in item]
    assert len(found) >= 48  # all but the first and the last
    single = list(packets(read_output(io.BytesIO(text.encode())), catalog()))
    assert found == [item for item in single if isinstance(item, Packet)][-len(found) - 1 : -1]


def test_packets_of_runs_are_those_of_their_firings() -> None:
    data = firings([bytes([0x45, at]) * 32 for at in range(50)]).encode()
    found: list[Event | Packet] = []
    kinds = []
    for item in packets(read_runs(io.BytesIO(data)), catalog()):
        kinds.append(type(item))
        if isinstance(item, FiringRun | PacketRun):
            found += item
        else:
            found.append(item)
    assert kinds == [Firing, Packet, FiringRun, PacketRun, Firing, Packet]
    single = list(packets(read_output(io.BytesIO(data)), catalog()))
    for kind in (Firing, Packet):
        assert [item for item in found if type(item) is kind] == [
            item for item in single if type(item) is kind
        ]


@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 30), st.binary(max_size=8)), max_size=4
    ),
    st.booleans(),
)
def test_any_change_to_a_run_is_read_without_an_exception(
    edits: list[tuple[int, int, bytes]], quiet: bool
) -> None:
    """Runs and lines agree on whatever is left, and nothing raises on the way to a capture."""
    data = bytearray((dump(bytes(range(30))) * 14 if quiet else firings([ONE] * 14)).encode())
    for at, length, piece in edits:
        data[at : at + length] = piece
    take_all_the_way(bytes(data))
    lines = re.findall(rb"[^\n]*\n|[^\n]+$", bytes(data))
    assert read(bytes(data)) == by_lines(lines)


OUTPUTS = st.lists(
    st.tuples(
        st.integers(0, 999),
        st.sampled_from(["tcp_input", "ip_input", "a_function_of_a_rather_long_name", ""]),
        st.lists(st.binary(min_size=1, max_size=70), max_size=3),
        st.sampled_from(["", "len 5", "two\nlines\n", "45 00 00 34"]),
    ),
    max_size=12,
)


@given(OUTPUTS, st.booleans())
def test_what_an_independent_writer_writes_is_read_back(
    outputs: list[tuple[int, str, list[bytes], str]], crlf: bool
) -> None:
    text = HEADING
    for number, (cpu, function, data, before) in enumerate(outputs):
        text += framed(cpu, number, function, "entry", before + "".join(map(dump, data)))
    events = read(text.replace("\n", "\r\n") if crlf else text)
    found = [event for event in events if isinstance(event, Firing)]
    assert found == events
    assert [(firing.source, dumps([firing])) for firing in found] == [
        (Source(cpu, number, function, "entry"), data)
        for number, (cpu, function, data, _) in enumerate(outputs)
    ]
    said = ["\n".join(p.text for p in f.parts if isinstance(p, Message)) for f in found]
    assert said == [before.rstrip("\n") for *_, before in outputs]


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=4),
    st.integers(1, 40),
    st.lists(st.integers(0, 2), min_size=1, max_size=60),
    st.booleans(),
)
def test_runs_are_read_as_lines_are(
    odd: list[bytes], size: int, cpus: list[int], quiet: bool
) -> None:
    """Reading in runs and reading line by line agree, whatever stands between."""
    data = [bytes([index % 256]) * size for index in range(len(cpus))]
    data[len(data) // 2 : len(data) // 2] = odd
    cpus = [*cpus, *[0] * len(odd)]
    pairs = zip(cpus, data, strict=True)
    if quiet:
        text = "".join(dump(piece) for _, piece in pairs)
    else:
        text = HEADING + "".join(framed(c, 19971, "f", "entry", dump(p)) for c, p in pairs)
    whole = read(text)
    # One line to a block: no run fits in.
    assert whole == by_lines(line.encode() for line in text.splitlines(keepends=True))
    assert dumps(whole) == data


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 90)), max_size=3),
    st.lists(st.integers(0, 100), max_size=3),
    st.booleans(),
)
def test_blocks_may_end_at_any_line(
    cuts: list[tuple[int, int]], ends: list[int], annotated: bool
) -> None:
    """A firing that two blocks share, whole or cut, is read as if they were one."""
    form = "@dtkit 1 mbuf probe=fbt::f:entry id=1 cpu=0 t={at} m=0x1 len=40 off=0 dump=40\n"
    if annotated:
        text = "".join(form.format(at=at) + dump(bytes(40)) for at in range(14))
    else:
        text = HEADING + firings([bytes(40)] * 14)
    data = bytearray(text.encode())
    for at, length in cuts:
        del data[at : at + length]
    lines = data.splitlines(keepends=True)
    bounds = sorted({0, *(end % (len(lines) + 1) for end in ends), len(lines)})
    blocks = [b"".join(lines[begin:end]) for begin, end in pairwise(bounds)]
    assert by_lines(blocks) == by_lines(map(bytes, lines))


def test_hex_in_upper_case_is_hex() -> None:
    for count in (1, 14):
        data = [bytes([0xAB] * 40)] * count
        assert dumps(read(firings(data).replace("ab ab", "aB AB"))) == data


@pytest.mark.parametrize("change", [b"\0", b"\xff", b"\x1b"])
def test_a_frame_in_a_run_is_as_odd_as_in_any_other_line(change: bytes) -> None:
    """Of bytes that are no text, there is no probe."""
    data = firings([ONE] * 14).encode()
    at = data.index(b" tcp_input", 700)
    data = data[:at] + change + data[at + 1 :]
    lines = data.splitlines(keepends=True)
    assert read(data) == by_lines(lines)


@pytest.mark.parametrize(
    ("at", "change", "flaws", "whole"),
    [
        (11 + 3 * 5, "\x07", 1, 199),
        (11 + 47, "\x07", 1, 199),
        (61 + 4, "\x07", 0, 200),  # the text is not read
        (61 + 4, "\n", 1, 199),  # but it is one line
    ],
)
def test_a_run_with_a_flaw_in_it_is_read_line_by_line(
    at: int, change: str, flaws: int, whole: int
) -> None:
    good = firings([ONE] * 200)
    lines = good.split("\n")
    flawed = lines[600 + 3]
    assert flawed.startswith("        10:")
    lines[600 + 3] = flawed[:at] + change + flawed[at + 1 :]
    events = read("\n".join(lines))
    assert len(oddities(events)) == flaws
    assert dumps(events).count(ONE) == whole


def test_memory_is_bounded_while_streaming(tmp_path: Path) -> None:
    """What was read is not kept: the reader holds a block, not the file."""
    import tracemalloc

    path = tmp_path / "long.txt"
    path.write_text(HEADING + firings([bytes(64)] * 1000) * 40)
    with path.open("rb") as stream:
        tracemalloc.start()
        count = sum(1 for _ in read_output(stream))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 8 << 20 < path.stat().st_size


def unread(events: list[Event]) -> list[tuple[int, str, int]]:
    return [
        (event.number, event.text, event.unread) for event in events if isinstance(event, Oddity)
    ]


def test_a_dump_that_is_torn_makes_the_next_suspect_until_an_empty_line() -> None:
    """A header within a dump: whose the rows behind it are, nothing tells, nor of the one after."""
    whole = dump(A)[1:]
    header, one, two = whole.splitlines(keepends=True)[:3]
    torn = header + one + header + one + "text\n"
    bad = header + two
    events = read("\n" + torn + bad)
    assert unread(events)[-1] == (7, "dumps are interleaved", 2)
    events = read("\n" + torn + "\n" + bad)
    assert unread(events)[-1] == (8, "a dump is cut short: a row has the wrong offset", 1)


def test_rows_that_were_read_in_part_count_as_lines() -> None:
    header, one, _, three = dump(A)[1:].splitlines(keepends=True)
    two = dump(bytes(20))[1:].splitlines(keepends=True)[2]  # four bytes
    # A header, one whole row and one of four bytes, and one that is out of place.
    events = read("\n" + header + one + header + one + two + one)
    assert unread(events)[-1] == (4, "dumps are interleaved", 4)
    events = read("\n" + header + one + two + three + three)
    assert unread(events) == [(2, "a dump is cut short: a row has the wrong offset", 2)]
    assert [len(data) for data in dumps(events)] == [20]


def test_a_line_that_is_broken_into_twice_begins_where_it_began() -> None:
    text = (
        framed(0, 1, "f", "entry", "") + "12dtrace: 1 drops on CPU 0\n34dtrace: 2 drops on CPU 0\n"
    )
    events = read(text + "56\n")
    assert [event.line for event in events if isinstance(event, Drop)] == [2, 3]
    (firing,) = [event for event in events if isinstance(event, Firing)]
    assert firing.parts == (Message(2, "123456"),)


def test_lines_without_a_place_are_named_in_their_order_and_before_their_firing() -> None:
    row = dump(A).splitlines(keepends=True)[2]
    events = read(framed(0, 1, "f", "entry", "x") + row + row + "\0\n" + row)
    assert [type(event) for event in events] == [Oddity, Oddity, Oddity, Firing]
    assert unread(events) == [
        (2, "2 lines without the header of a dump", 2),
        (4, "1 line of bytes that are no text", 1),
        (5, "1 line without the header of a dump", 1),
    ]


# Bounds


def test_a_firing_keeps_no_more_parts_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST_PARTS", 3)
    source = Source(0, 1, "f", "entry")
    text = framed(0, 1, "f", "entry", "a\nb\nc\nd" + dump(A) + "e")
    assert read(text) == [
        Firing(1, source, (Message(1, "a"), Message(2, "b"), Message(3, "c"))),
        Message(4, "d"),
        Firing(5, source, (Dump(5, A),)),
        Message(9, "e"),
    ]
    text = framed(0, 1, "f", "entry", "a\nb")
    assert read(text) == [Firing(1, source, (Message(1, "a"), Message(2, "b")))]


def test_a_stack_keeps_no_more_frames_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST_PARTS", 3)
    names = [f"kernel`f{number}" for number in range(7)]
    frames = "".join(f"              {name}\n" for name in names)
    assert read(frames) == [
        Stack(1, tuple(names[:3])),
        Stack(4, tuple(names[3:6])),
        Stack(7, tuple(names[6:])),
    ]


@pytest.mark.parametrize(("size", "spoilt"), [(32, None), (33, 0), (48, 0), (49, 1), (80, 2)])
def test_a_dump_keeps_no_more_bytes_than_so_many(
    monkeypatch: pytest.MonkeyPatch, size: int, spoilt: int | None
) -> None:
    monkeypatch.setattr(reader, "_LARGEST", 32)
    data = bytes(range(size))
    events = read("x\n" + dump(data))  # the text keeps it from being a run
    assert dumps(events) == [data[:48]]
    said = (3, "a dump is cut short: it is too long to keep", spoilt)
    assert unread(events) == ([] if spoilt is None else [said])


@pytest.mark.parametrize(("size", "kept"), [(LONGEST, True), (LONGEST + 1, False)])
def test_a_line_may_be_so_long(size: int, kept: bool) -> None:
    events = read("a\n" + "x" * size + "\n" + dump(A))
    assert (Message(2, "x" * size) in events) is kept
    said = (2, f"a line of {size} bytes is too long to keep", 1)
    assert unread(events) == ([] if kept else [said])
    assert dumps(events) == [A]


def test_a_line_that_is_too_long_ends_what_is_open() -> None:
    header, one, *_ = dump(A)[1:].splitlines(keepends=True)
    events = read("\n" + header + one + "x" * (LONGEST + 1) + "\n" + one)
    assert dumps(events) == [A[:16]]
    assert (
        unread(events)
        == [
            (4, f"a line of {LONGEST + 1} bytes is too long to keep", 1),
            (2, "a dump is broken into by the next output", 0),
            (5, "1 line without the header of a dump", 1),
        ]
        or len(unread(events)) == 3
    )


def test_a_line_that_is_broken_into_too_often_is_not_kept() -> None:
    drop = "dtrace: 1 drops on CPU 0\n"
    half = LONGEST // 2
    # Twice that is kept; what comes behind that is a line of its own.
    events = read("a" * half + drop + "b" * half + drop + "c" + drop + "d\n" + dump(A))
    assert [event.line for event in events if isinstance(event, Drop)] == [1, 2, 3]
    assert Message(1, "a" * half + "b" * half + "cd") in events
    events = read("a" * half + drop + "b" * (half + 1) + drop + "c" + drop + "d\n" + dump(A))
    assert unread(events) == [(1, "a line is broken into too often to keep", 1)]
    assert Message(3, "cd") in events


# Text that belongs to nothing

NO_FIRING = "1 line of text that belongs to no firing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb\n", [(1, "2 lines of text that belong to no firing: a", 2)]),
        ("\na\n", [(2, "1 line of text that belongs to no firing: a", 1)]),
        ("# a\n", []),
        ("# a\nb\n", [(2, "1 line of text that belongs to no firing: b", 1)]),
        (
            "sh: 1: dtrace: \xe9" + "x" * 99,
            [(1, f"{NO_FIRING}: sh: 1: dtrace: \xe9{'x' * 84}...", 1)],
        ),
        ("a\n" + dump(A), []),
        (
            "a\n" + framed(0, 1, "f", "entry", ""),
            [(1, "1 line of text that belongs to no firing: a", 1)],
        ),
        ("a\n@dtkit 1 end fired=0\n", []),
        ("a\n@dtkit 9 end fired=0\n", None),
        (framed(0, 1, "f", "entry", "a\nb"), []),
        ("a\ndtrace: 1 drops on CPU 0\n", []),
    ],
    ids=[
        *("text", "behind an empty line", "a comment", "behind a comment", "a long line"),
        *("a dump", "a frame"),
        *("an annotation", "a later annotation", "of a firing", "a message"),
    ],
)
def test_text_that_belongs_to_nothing(text: str, said: list[tuple[int, str, int]] | None) -> None:
    found = unread(read(text))
    if said is None:
        assert len(found) == 2
    else:
        assert found == said


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("@dtkit 1 mbuf t=1\n", True),
        ("@dtkit 2 hop t=1\n", True),
        ("@dtkit 3 mbuf t=1\n", False),
        ("@dtkit x mbuf t=1\n", False),
        ("@dtkit 1\n", False),
    ],
)
def test_annotations_that_are_not_known_are_named(text: str, known: bool) -> None:
    found = [said for said in unread(read(text)) if "annotation" in said[1]]
    said = (1, "an annotation that this version of dtkit does not know", 0)
    assert found == ([] if known else [said])


def test_a_row_behind_an_empty_line_that_does_not_go_on_has_no_place() -> None:
    header, one, _, three = dump(A)[1:].splitlines(keepends=True)
    events = read("\n" + header + one + "\n" + three + three + "\n" + dump(B))
    assert dumps(events) == [A[:16], B]
    assert unread(events) == [(5, "2 lines without the header of a dump", 2)]


def test_a_row_behind_an_empty_line_that_goes_on_is_of_the_dump() -> None:
    """Where the ends of lines were doubled."""
    text = dump(A).replace("\n", "\n\n")
    assert dumps(read(text + dump(B))) == [A, B]
    assert unread(read(text + dump(B))) == []
