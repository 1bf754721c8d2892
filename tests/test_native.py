# SPDX-License-Identifier: BSD-2-Clause
"""The functions in C and their doubles in Python say the same, whatever they are given."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.streams import STREAMS, write
from dtkit.native import speedups as installed
from dtkit.output import packets, read_runs, uniform
from dtkit.output.uniform import SEPARATOR, Opener, columns_in_python, split_in_python
from dtkit.packets import linktype, pcapng, summary
from dtkit.packets.linktype import (
    LinkType,
    claimed_in_python,
    layers_in_python,
    sniff,
    sniffed_in_python,
)
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.pcapng import (
    LARGEST,
    METADATA_FRONT,
    Stencil,
    options_in_python,
    packet_blocks_in_python,
    stencil_blocks_in_python,
)
from dtkit.packets.provenance import Provenance
from dtkit.packets.summary import summarize_in_python
from dtkit.probes import catalog
from dtkit.trace.journey.codec import PACKET, cut_in_python, read_frame
from dtkit.trace.journey.columns import members_in_python
from dtkit.trace.journey.offload import plainly_none_in_python
from tests.output.dtrace_text import HEADING, dump, firings, framed
from tests.packets.frames import PACKETS, ethernet, icmp, ipv4, ipv6, tcp, udp

TOP = Path(__file__).parents[1]
OPENERS = (Opener.NOTHING, Opener.FRAME, Opener.ANNOTATION)


def loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def c(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The module in C as its source is now, whatever is installed."""
    build = loaded("hatch_build", TOP / "hatch_build.py")
    made = build.compile_speedups(TOP, tmp_path_factory.mktemp("speedups"))
    return loaded("dtkit._speedups", made)


def said(number: int, data: bytes) -> str:
    where = f"probe=fbt::tcp_input:entry id=7 cpu={number % 4} t={number + 5} m=0xfffff8000{number}"
    return f"@dtkit 1 mbuf {where} len={len(data)} off=0 dump={len(data)}\n{dump(data)}"


#: What blocks are made of: firings of each kind, and what damages them.
TEXTS = st.one_of(
    st.builds(lambda data: firings([data] * 3), st.binary(min_size=1, max_size=70)),
    st.builds(lambda data: dump(data) * 3, st.binary(min_size=1, max_size=40)),
    st.builds(said, st.integers(0, 99), st.binary(min_size=1, max_size=40)),
    st.sampled_from(
        [HEADING, SEPARATOR.decode(), "\n", "\n\n", "x", "\r\n", "@dtkit ", "@dtkit 1 mbuf", "0"]
    ),
    st.text(max_size=5),
)
EDITS = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 3), st.binary(max_size=3)))


@example([framed(0, 1, "f", "entry", dump(bytes(4095 + at))) * 3 for at in range(3)], [])
@given(st.lists(TEXTS, max_size=12), EDITS)
def test_blocks_are_split_alike(
    c: ModuleType, texts: list[str], edits: list[tuple[int, int, bytes]]
) -> None:
    block = bytearray("".join(texts).encode("utf-8", "replace"))
    for at, length, piece in edits:
        block[at : at + length] = piece
    found = c.split(bytes(block), OPENERS)
    assert found == split_in_python(bytes(block), OPENERS)


def test_a_change_of_any_byte_is_seen_alike(c: ModuleType) -> None:
    """One dump among others, whose every byte becomes every kind of another one."""
    good = firings([bytes(range(0x41, 0x41 + size)) for size in (20, 17, 32, 20)]).encode()
    begin = good.index(SEPARATOR, 200)
    regular = 0
    for at in range(begin, good.index(SEPARATOR, begin + 1)):
        for change in (b"\n", b" ", b"0", b"g", b"A", b"\0", b"\xff", b":", b""):
            block = good[:at] + change + good[at + 1 :]
            found = c.split(block, OPENERS)
            assert found == split_in_python(block, OPENERS)
            regular += sum(data is not None for data in found[4])
    assert regular > 2000  # and most of the others are read all the same


WORDS = (b"@dtkit 1 mbuf probe=", b" cpu=", b" m=")
NUMBERS = st.one_of(
    st.integers(-(10**18), 10**18).map(str),
    st.sampled_from(["", "-", "-0", "007", "+1", "1 ", "9" * 18, "9" * 19, "-" + "9" * 18, "٣"]),
)
ADDRESSES = st.one_of(
    st.integers(0, 1 << 65).map(hex),
    st.sampled_from(["", "0", "0x", "0x00", "0xA", "0xfffffffffffffffff", "0x0"]),
)
NAMES = st.sampled_from(["fbt::tcp_input:entry", "x", "", "a b", "\x7f", "é", "=", "~!"])


@given(st.lists(st.tuples(NAMES, NUMBERS, ADDRESSES), min_size=1, max_size=4), st.booleans())
def test_annotations_are_read_alike(
    c: ModuleType, values: list[tuple[str, str, str]], cut: bool
) -> None:
    lines = [
        b"".join(word + value.encode() for word, value in zip(WORDS, each, strict=True))
        for each in values
    ]
    lines[-1] = lines[-1][: -1 if cut else None]
    assert c.columns(lines, WORDS, "sdx") == columns_in_python(lines, WORDS, "sdx")


def test_numbers_are_read_as_they_are_written(c: ModuleType) -> None:
    lines = [b"@dtkit 1 mbuf probe=a cpu=-12 m=0xfffff80002425b00"]
    assert c.columns(lines, WORDS, "sdx") == [["a"], [-12], [0xFFFFF80002425B00]]


#: Bytes of which many look like a header.
HEADERS = st.builds(
    lambda first, rest, zeros: bytes([first]) + rest + bytes(zeros),
    st.sampled_from([0x45, 0x46, 0x4F, 0x44, 0x60, 0x6F, 0x00, 0x50]),
    st.binary(max_size=70),
    st.integers(0, 50),
) | st.binary(max_size=3)


@given(
    st.lists(HEADERS, max_size=8),
    st.sampled_from([1 << 4, 1 << 6, 1 << 4 | 1 << 6]),
    st.sampled_from([1, 6, 17, 58]),
)
def test_link_types_are_told_alike(
    c: ModuleType, data: list[bytes], versions: int, number: int
) -> None:
    assert c.layers(data, versions, number) == layers_in_python(data, versions, number)


def test_ip_is_told_alike(c: ModuleType) -> None:
    """A header with its checksum, each byte of it changed; IPv6 with each next header."""
    header = bytes.fromhex("4500003c1c4640004006b1e6ac100a63ac100a0c")
    assert sniff(header).name == "RAW"
    tried = [
        header[:at] + bytes([value]) + header[at + 1 :] + bytes(12)
        for at in range(20)
        for value in range(256)
    ]
    tried += [bytes([0x60, 0, 0, 0, 0, 8, number]) + bytes(40) for number in range(256)]
    found = c.layers(tried, 1 << 4 | 1 << 6, 17)
    assert found == layers_in_python(tried, 1 << 4 | 1 << 6, 17)
    assert {0, 1} <= set(found)


@given(st.lists(st.tuples(HEADERS, st.sampled_from([-1, 0, 14])), max_size=8))
def test_lengths_are_told_alike(c: ModuleType, each: list[tuple[bytes, int]]) -> None:
    data = [b"\0" * 12 + piece if start == 14 else piece for piece, start in each]
    data += [b"\0" * 12 + kind + b"\x45\0\5\xdc" for kind in (b"\x08\0", b"\x86\xdd", b"\x08\x06")]
    starts = [*(start for _, start in each), 14, 14, 14]
    assert c.claimed_lengths(data, starts) == claimed_in_python(data, starts)


IP4, IP6, RAW, ETHER = LinkType.IPV4, LinkType.IPV6, LinkType.RAW, LinkType.ETHERNET
STAMPS = bytes.fromhex("0101080a8000000100000002")

#: Packets that are described in C.
USUAL = {
    "stamps": (ETHER, ethernet(0x0800, ipv4(6, tcp(0x18, STAMPS, b"hello")))),
    "handshake": (
        ETHER,
        ethernet(
            0x0800, ipv4(6, tcp(0x12, bytes.fromhex("020405b4 0402 080affffffff00000000 030307")))
        ),
    ),
    "sack": (RAW, ipv4(6, tcp(0x10, bytes.fromhex("0512 0000000a0000001e fffffff0ffffffff 00")))),
    "other options": (IP4, ipv4(6, tcp(0x30, bytes.fromhex("fd04ca0e fe02 2203ff 01 020301")))),
    "options of IPv4": (
        IP4,
        b"\x46\0\0\x30" + ipv4(6, b"")[4:] + b"\1\1\1\0" + tcp(0xC1, payload=b"quit"),
    ),
    "segments to be cut": (ETHER, ethernet(0x0800, ipv4(6, tcp(payload=bytes(99)), length=0))),
    "the same without Ethernet": (RAW, ipv4(6, tcp(payload=bytes(99)), length=0)),
    "udp": (ETHER, ethernet(0x0800, ipv4(17, udp(b"query"))) + bytes(9)),
    "no checksum": (RAW, ipv4(17, udp(b"query"), sum=False)),
    "echo": (RAW, ipv4(1, icmp())),
    "reply": (IP4, ipv4(1, icmp(0, 7))),
    "tag": (ETHER, ethernet(0x0800, ipv4(17, udp()), tag=4095)),
    "tags": (ETHER, ethernet(0x88A8, b"\x10\2" + ethernet(0x86DD, ipv6(17, udp()), 3)[12:])),
    "ipv6": (ETHER, ethernet(0x86DD, ipv6(6, tcp(0x02, STAMPS)))),
    "ipv6 alone": (RAW, ipv6(6, tcp(0xFF, payload=b"x"))),
    "ipv6 without a length": (RAW, b"\x60" + bytes(5) + ipv6(6, tcp(payload=b"x"))[6:]),
    "ping6": (IP6, ipv6(58, icmp(128))),
    "pong6": (IP6, ipv6(58, icmp(129, 1))),
}

#: IPv4 in IPv6.
MAPPED = bytes(10) + b"\xff\xff"

LENGTHS = (None, 0, 54, 1500, -1, 1 << 70)


@pytest.mark.parametrize(("kind", "data"), USUAL.values(), ids=USUAL)
def test_usual_packets_are_described_alike(c: ModuleType, kind: LinkType, data: bytes) -> None:
    for length in (*LENGTHS[:4], len(data)):
        assert c.summary(data, kind.dlt, length) == summarize_in_python(data, kind, length)


ALL = {**USUAL, **{f"any {name}": packet for name, packet in PACKETS.items()}}


@pytest.mark.parametrize(("kind", "data"), ALL.values(), ids=ALL)
def test_a_change_of_any_header_is_seen_alike(c: ModuleType, kind: LinkType, data: bytes) -> None:
    """A packet cut at each length, and with every byte of its headers changed."""
    tried = [data[:size] for size in range(len(data) + 1)]
    for at in range(min(len(data), 90)):
        tried += [data[:at] + bytes([value]) + data[at + 1 :] for value in range(256)]
    said = 0
    for changed, length in zip(tried, cycle(LENGTHS)):
        line = c.summary(changed, kind.dlt, length)
        said += line is not None
        assert line in (None, summarize_in_python(changed, kind, length))
        assert c.sniffed(changed, length) == sniffed_in_python(changed, length)
    # Two in six of the lengths are left to Python.
    assert said > len(tried) / 3 or (kind, data) not in USUAL.values()


@given(
    st.sampled_from(list(ALL.values())),
    st.sampled_from(LinkType),
    EDITS,
    st.none() | st.integers(0, 200),
)
def test_all_packets_are_described_alike(
    c: ModuleType,
    packet: tuple[LinkType, bytes],
    other: LinkType,
    edits: list[tuple[int, int, bytes]],
    length: int | None,
) -> None:
    changed = bytearray(packet[1])
    for at, size, piece in edits:
        changed[at % 90 : at % 90 + size] = piece
    data = bytes(changed)
    for kind in (packet[0], other):
        line = c.summary(data, kind.dlt, length)
        assert line in (None, summarize_in_python(data, kind, length))
        assert summary.summarize(data, kind, length) == summarize_in_python(data, kind, length)
    assert c.sniffed(data, length) == sniffed_in_python(data, length)


@pytest.mark.parametrize("group", [1, 0x10, 0xABC, 0xFFFF], ids=hex)
def test_addresses_are_written_alike(c: ModuleType, group: int) -> None:
    """Of IPv6 with zeros in each place that can have them."""
    for zeros in range(256):
        address = b"".join((0 if zeros >> place & 1 else group).to_bytes(2) for place in range(8))
        data = ipv6(17, udp())[:8] + address + address[::-1] + udp()
        line = c.summary(data, IP6.dlt, None)
        assert line in (None, summarize_in_python(data, IP6))
        # IPv4 in IPv6, which versions of Python write in two ways, is left to them.
        mapped = any(each.startswith(MAPPED) for each in (address, address[::-1]))
        assert (line is None) is mapped


@given(
    st.lists(
        st.tuples(
            st.tuples(
                st.integers(0, 2**32 - 1),
                st.sampled_from([b"", bytes(12), bytes(3)]),
                st.sampled_from([b"", bytes(8)]),
            ),
            st.integers(-(1 << 80), 1 << 80),
            st.binary(max_size=9),
            st.integers(-(1 << 80), 1 << 80) | st.integers(0, 2000),
            st.sampled_from([b"", bytes(4), bytes(12)]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_blocks_of_packets_are_written_alike(c: ModuleType, each: list[Any]) -> None:
    columns: list[Any] = list(map(list, zip(*each, strict=True)))
    assert c.packet_blocks(*columns) == packet_blocks_in_python(*columns)
    columns[4] = None
    assert c.packet_blocks(*columns) == packet_blocks_in_python(*columns)


KIND = (1, b"", b"")


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("split", ("text", OPENERS)),
        ("columns", ([b"a", 1], (b"a",), "s")),
        ("columns", ([b"a"], ("a",), "s")),
        ("columns", ([b"a"], (b"a",), "")),
        ("layers", (["a"], 16, 6)),
        ("layers", (7, 16, 6)),
        ("sniffed", ("text", None)),
        ("sniffed", (b"", "1")),
        ("sniffed", (b"",)),
        ("summary", ("text", 1, None)),
        ("summary", (b"", "1", None)),
        ("summary", (USUAL["echo"][1], RAW.dlt, "1")),
        ("summary", (b"", 1)),
        ("claimed_lengths", ([b""], [])),
        ("claimed_lengths", ([""], [0])),
        ("claimed_lengths", ([b""], [1 << 70])),
        ("packet_blocks", ([KIND], [0], [b""], [0], [""])),
        ("packet_blocks", ([KIND], [0], [b""], [0], [])),
        ("packet_blocks", ([KIND], [0], [""], [0], [b""])),
        ("packet_blocks", ([KIND], [0], [b""], ["0"], None)),
        ("packet_blocks", ([KIND], ["0"], [b""], [0], None)),
        ("packet_blocks", ([(-1, b"", b"")], [0], [b""], [0], None)),
        ("packet_blocks", ([(1, "", b"")], [0], [b""], [0], None)),
        ("packet_blocks", ([(1, b"")], [0], [b""], [0], None)),
        ("packet_blocks", ([1], [0], [b""], [0], None)),
    ],
)
def test_wrong_arguments_raise(c: ModuleType, function: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        getattr(c, function)(*arguments)


#: Text as it mostly is, as it seldom is, and as long as an option can be.
SAID = st.one_of(
    st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=90),
    st.text(st.characters(), max_size=20),
    st.builds("x".__mul__, st.sampled_from([0, 64_999, 65_000, 65_001, 65_532, 65_533, 70_000])),
)


@example("x" * 65_532, 2, 2**64 + 7, "y" * 65_000)
@example("", 0, None, None)
@example("", 0, None, "")
@given(
    SAID,
    st.sampled_from(list(pcapng.PacketDirection)),
    st.none() | st.integers(-(2**65), 2**65),
    st.none() | SAID.filter(str.isascii),
)
def test_options_of_packets_are_the_same(
    c: ModuleType, comment: str, direction: int, number: int | None, metadata: str | None
) -> None:
    given = comment, direction, number, metadata
    made = c.packet_options(*given, METADATA_FRONT)
    plain = comment.isascii() and "\0" not in comment and len(comment) <= 65_532
    plain &= metadata is None or ("\0" not in metadata and len(metadata) <= 65_000)
    assert made == (options_in_python(*given) if plain else None)


def test_what_are_no_options_is_refused(c: ModuleType) -> None:
    front = METADATA_FRONT
    assert c.packet_options(b"", 0, None, None, front) is None
    assert c.packet_options("", 0, None, b"", front) is None
    assert c.packet_options("", 0, None, "", bytes(501)) is None
    for wrong in (("", -1, None, None), ("", 0, "1", None), ("", 0, None, "", ""), ("",)):
        with pytest.raises((TypeError, OverflowError)):
            c.packet_options(*wrong, *([front] if len(wrong) == 4 else []))


#: Text of a stencil in pieces, with a text of each packet's own among them or without; and kinds.
PIECES = st.lists(st.none() | SAID, max_size=4).map(tuple)
TIMES = st.integers(-1, 2**64) | st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, -(2**70)])
STENCILS = st.tuples(
    st.integers(0, 2**32 - 1),
    st.sampled_from([b"", LinkType.TCP.prefix]),
    st.builds(
        Stencil,
        st.sampled_from(list(pcapng.PacketDirection)),
        PIECES,
        PIECES.filter(lambda pieces: all(one is None or one.isascii() for one in pieces)),
    ),
    st.none() | TIMES,
)
OWN_PIECE = st.text(st.characters(min_codepoint=0, max_codepoint=126), max_size=9)
OWN = OWN_PIECE | st.lists(OWN_PIECE, max_size=3).map(tuple)


@st.composite
def stencilled(draw: st.DrawFn) -> tuple[Any, ...]:
    """The parameters of ``write_stencils()``."""
    number = draw(st.integers(-(2**65), 2**65))
    kinds = draw(st.lists(STENCILS, min_size=1, max_size=3))
    own = [
        tuple(draw(OWN) for piece in (*comment, *metadata) if piece is None)
        for _, _, (_, comment, metadata), _ in kinds
    ]
    data = [draw(st.binary(max_size=9)) for _ in kinds]
    lengths = [draw(st.sampled_from([None, -1, 0, 5, 2**32 - 1, 2**70])) for _ in kinds]
    return number, draw(TIMES), kinds, own, data, lengths


def stencil(
    comment: tuple[str | None, ...], metadata: tuple[str | None, ...], time: int | None = None
) -> pcapng.StencilKind:
    return 1, b"", Stencil(pcapng.PacketDirection(1), comment, metadata), time


LONG = "x" * 32_500


@example((7, 5, [stencil(("a", None), (None,))], [("b", "c")], [b"x"], [1]))
@example((7, 5, [stencil((), (LONG, LONG))], [()], [b"x"], [1]))
@example((7, 5, [stencil((), (LONG, LONG, "x"))], [()], [b"x"], [1]))
@example((7, 5, [stencil((), (LONG, None))], [((LONG[1:], "x"),)], [b"x"], [1]))
@example((7, 5, [stencil((), (LONG, None))], [((LONG, "x"),)], [b"x"], [1]))
@example((7, 5, [stencil((), (None, "a", None))], [(("b", "", "c"), ())], [b"x"], [1]))
@example((7, 5, [stencil(("x" * 65_532,), ())], [()], [b""], [0]))
@example((7, 5, [stencil(("x" * 65_533,), ())], [()], [b""], [0]))
@example((7, 5, [stencil((None,), (None,))], [("", "a")], [b""], [0]))
@example((7, 5, [stencil((), (), 9), stencil((), ())], [(), ()], [b"", b""], [None, 3]))
@example((7, 5, [stencil((), (), 2**64)], [()], [b""], [0]))
@example((7, -5, [stencil((), ())], [()], [b""], [0]))
@given(stencilled())
def test_packets_of_stencils_are_the_same(c: ModuleType, given_: tuple[Any, ...]) -> None:
    _, time, kinds, own, *_ = given_
    plain = True
    for (_, _, (_, comment, metadata), when), texts in zip(kinds, own, strict=True):
        one = iter(texts)
        for pieces, most in ((comment, 65_532), (metadata, 65_000)):
            text = "".join(["".join(next(one)) if piece is None else piece for piece in pieces])
            plain &= text.isascii() and "\0" not in text and len(text) <= most
        plain &= -(2**63) <= (time if when is None else when) < 2**63
    made = c.stencil_blocks(*given_, METADATA_FRONT, LARGEST)
    assert made == (stencil_blocks_in_python(*given_) if plain else None)


@pytest.mark.parametrize("size", [LARGEST - 1, LARGEST, LARGEST + 1])
@pytest.mark.parametrize("kind", [LinkType.ETHERNET, LinkType.TCP])
def test_a_packet_is_cut_alike_to_what_a_capture_takes(
    c: ModuleType, kind: LinkType, size: int
) -> None:
    whole = (7, 5, [(1, kind.prefix, STENCIL[2], None)], [("a", "b")], [bytes(size)], [None])
    made = c.stencil_blocks(*whole, METADATA_FRONT, LARGEST)
    assert made == stencil_blocks_in_python(*whole)
    captured, length = struct.unpack_from("<II", made, 20)
    assert (captured, length) == (
        min(size + len(kind.prefix), LARGEST),
        size + len(kind.prefix),
    )


STENCIL = stencil(("x", None), (None,))


def test_what_a_stencil_lacks_is_left_to_python(c: ModuleType) -> None:
    whole: list[Any] = [1, 0, [STENCIL], [("a", "b")], [b""], [0], METADATA_FRONT, LARGEST]
    assert c.stencil_blocks(*whole) == stencil_blocks_in_python(*whole[:-2])
    assert c.stencil_blocks(1, 0, [], [], [], [], METADATA_FRONT, LARGEST) == b""
    for at, value in [
        (3, [("a",)]),
        (3, [("a", 1)]),
        (3, [("a", ("b", 1))]),
        (3, [("a", (("b",),))]),
        (2, [(1, b"", (0, ["x"], ()), None)]),
        (2, [(1, b"", (0, (1,), ()), None)]),
        (6, bytes(501)),
        (7, -1),
    ]:
        assert c.stencil_blocks(*whole[:at], value, *whole[at + 1 :]) is None
    many = [column * 257 for column in whole[2:6]]
    assert c.stencil_blocks(1, 0, *many, METADATA_FRONT, LARGEST) is None
    for at, value in [
        (0, "1"),
        (1, "1"),
        (2, (STENCIL,)),
        (2, [STENCIL, STENCIL]),
        (2, [STENCIL[:3]]),
        (2, [(1, "", STENCIL[2], None)]),
        (2, [(-1, b"", STENCIL[2], None)]),
        (2, [(1, b"", STENCIL[2][:2], None)]),
        (2, [(1, b"", STENCIL[2], "0")]),
        (2, [(1, b"", (-1, (), ()), None)]),
        (2, [7]),
        (3, [["a", "b"]]),
        (4, ["x"]),
        (5, ["0"]),
        (6, "x"),
        (7, "x"),
    ]:
        with pytest.raises((TypeError, OverflowError)):
            c.stencil_blocks(*whole[:at], value, *whole[at + 1 :])
    with pytest.raises(TypeError):
        c.stencil_blocks(*whole[:-1])


MEMBERS = st.lists(
    st.tuples(
        st.sampled_from(['"a":', '"other":']),
        st.integers(0, 1),
        st.none()
        | st.integers(-(2**65), 2**65)
        | st.text(max_size=6)
        | st.text(st.characters(min_codepoint=30, max_codepoint=127), max_size=6)
        | st.lists(st.text(max_size=3), max_size=3).map(tuple),
    ),
    max_size=5,
)


@example([('"a":', 0, ""), ('"b":', 1, ""), ('"c":', 0, ()), ('"d":', 1, ()), ('"e":', 0, 0)])
@example([('"a":', 0, 2**63 - 1), ('"b":', 0, ("x", "y"))])
@given(MEMBERS)
def test_members_of_json_are_written_alike(c: ModuleType, each: list[tuple[str, int, Any]]) -> None:
    names, nulls, values = (list(zip(*each, strict=True)) or [(), (), ()]) if each else ([], [], [])
    arguments = tuple(names), bytes(nulls), tuple(values)
    texts = [text for value in values for text in (value if isinstance(value, tuple) else (value,))]
    plain = all(
        0 <= one < 2**63 if isinstance(one, int) else one is None or json.dumps(one)[1:-1] == one
        for one in texts
    )
    assert c.members(*arguments) == (members_in_python(*arguments) if plain else None)


def test_what_are_no_members_is_refused(c: ModuleType) -> None:
    assert c.members(("é",), b"\0", ("a",)) is None
    assert c.members(("a",), b"\0", (("a", 1),)) is None
    assert c.members(("a",), b"\0", (1.5,)) is None
    refused: list[tuple[Any, ...]] = [
        ((), b""),
        ([], b"", ()),
        ((), "", ()),
        ((), b"", []),
        (("a",), b"", ("b",)),
        (("a",), b"\0", ()),
    ]
    for wrong in refused:
        with pytest.raises(TypeError):
            c.members(*wrong)


@given(
    st.sampled_from([0x0800, 0x86DD]),
    st.sampled_from([0x45, 0x45, 0x46]),
    st.sampled_from([0, 19, 20, 21, 40, 1500, 9216, 9217, 65535]),
    st.sampled_from([1, 6, 17]),
    st.sampled_from([0, 0x1234]),
    st.binary(min_size=8, max_size=8) | st.just(b"\xff" * 8),
    st.sampled_from(["of the pseudo header", "with the length", "whole"]),
    st.sampled_from([53, 54, 80]),
)
def test_what_is_left_to_the_hardware_is_told_alike(
    c: ModuleType,
    kind: int,
    first: int,
    total: int,
    protocol: int,
    checksum: int,
    addresses: bytes,
    stored: str,
    size: int,
) -> None:
    pseudo = sum(struct.unpack(">4H", addresses)) + protocol
    pseudo += max(total - 20, 0) if stored == "with the length" else 0
    while pseudo >> 16:
        pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
    sum_ = struct.pack(">H", 0x4321 if stored == "whole" else pseudo)
    header = struct.pack(">BxHxxxxxBH", first, total, protocol, checksum) + addresses
    at = {6: 16, 17: 6, 1: 2}[protocol]
    data = bytes(12) + struct.pack(">H", kind) + header + bytes(at) + sum_ + bytes(60)
    assert c.plainly_none(data[:size]) == plainly_none_in_python(data[:size])


def test_what_is_no_packet_is_refused(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.plainly_none("")


RECORDS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 2, 3, 4]),
        st.sampled_from([b"", b"a\0", b"ab", b"\1", b"a\0b", b"\0"]) | st.binary(max_size=5),
    ),
    max_size=5,
)


@example(">", [(0, bytes(1024))], 0, 0, 0)
@given(
    st.sampled_from("<>"),
    RECORDS,
    st.sampled_from([0, 0, 0, -1, 1]),
    st.sampled_from([0, 0, 0, -1, 1]),
    st.integers(0, 3),
)
def test_frames_are_cut_alike(
    c: ModuleType,
    order: str,
    records: list[tuple[int, bytes]],
    more: int,
    behind: int,
    generation: int,
) -> None:
    data = struct.pack(f"{order}H", max(len(records) + more, 0))
    for kind, payload in records:
        data += struct.pack(f"{order}HH", len(payload), kind) + payload
    data = data[:-1] if behind < 0 else data + bytes(behind)
    cut = cut_in_python(data, generation)
    assert c.cut(data, generation) == cut
    if cut is not None:
        reading = read_frame(data, generation or None)  # type: ignore[arg-type]
        assert (reading.generation, reading.order, reading.oddities) == (cut[0], ">", [])
        found = [one.payload for one in reading.records if one.kind == PACKET]
        assert list(cut[2]) == found[::-1]


def test_what_is_no_frame_is_refused(c: ModuleType) -> None:
    for wrong in ((b"",), ("", 0), (b"", "0")):
        with pytest.raises(TypeError):
            c.cut(*wrong)


def all_of(stream: bytes) -> tuple[list[str], bytes]:
    """What is read of a stream, and the capture of its packets."""
    capture = io.BytesIO()
    file = PacketFile(capture, Provenance("test"), catalog())
    found: list[str] = []
    for item in packets(read_runs(io.BytesIO(stream)), catalog()):
        found.append(str(list(item) if isinstance(item, PacketRun) else item))
        if isinstance(item, PacketRun):
            found += [packet.summary for packet in item]
            file.write_run(item)
        elif isinstance(item, Packet):
            file.write(item)
    file.close()
    return found, capture.getvalue()


DOUBLES = (
    (uniform, "_split", "split", split_in_python),
    (uniform, "_columns", "columns", columns_in_python),
    (linktype, "_layers", "layers", layers_in_python),
    (linktype, "_sniffed", "sniffed", sniffed_in_python),
    (linktype, "_claimed", "claimed_lengths", claimed_in_python),
    (pcapng, "_packet_blocks", "packet_blocks", packet_blocks_in_python),
    (summary, "_usual", "summary", None),
)


@pytest.fixture
def with_c(c: ModuleType) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, function, _ in DOUBLES:
            patch.setattr(module, name, getattr(c, function))
        yield patch


@pytest.mark.parametrize("damaged", [False, True], ids=["whole", "damaged"])
@pytest.mark.parametrize("name", STREAMS)
def test_streams_become_the_same_packets_and_the_same_bytes(
    name: str, damaged: bool, tmp_path: Path, with_c: pytest.MonkeyPatch
) -> None:
    stream = bytearray(write(name, tmp_path, 400)[0].read_bytes())
    if damaged:
        chance = random.Random(2)
        for _ in range(20):
            stream[chance.randrange(len(stream))] = chance.choice(b"\n 0f:@\xff")
    compiled = all_of(bytes(stream))
    for module, attribute, _, double in DOUBLES:
        with_c.setattr(module, attribute, double)
    assert compiled == all_of(bytes(stream))
    assert len(compiled[1]) > 20_000


def test_the_installed_module_can_be_left_out() -> None:
    code = "from dtkit.native import speedups; print(speedups)"
    environment = {**os.environ, "DTKIT_PURE_PYTHON": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "None\n"
    if installed is not None:
        assert uniform._split is installed.split
