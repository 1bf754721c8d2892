# SPDX-License-Identifier: BSD-2-Clause
"""From firings to packets."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from dtkit.oddity import Oddity
from dtkit.output import FiringRun, assemble, packets, read_output, read_runs
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.probes import Catalog, Probe, catalog
from tests.output.dtrace_text import dump, framed
from tests.output.rfd import RFD

WHO = "probe=fbt:kernel:tcp_input:entry id=19971 cpu=1"


def read(text: str) -> list[Packet]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    return [item for item in items if isinstance(item, Packet)]


def oddities(text: str) -> list[str]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    found = [item for item in items if isinstance(item, Oddity)]
    assert all(item.unit == "line" for item in found)
    return [str(item) for item in found]


def test_a_bare_dump_is_a_packet_as_it_stands() -> None:
    (packet,) = read(framed(3, 34345, "tcp_input", "entry", dump(RFD)))
    assert packet == Packet(
        RFD,
        LinkType.RAW,
        Origin("fbt::tcp_input:entry", "tcp_input", "entry", 3, 34345),
        line=2,
    )


@pytest.mark.parametrize(
    ("function", "name", "probe"),
    [
        ("tcp_input", "entry", "fbt::tcp_input:entry"),
        ("none", "receive", "tcp:::receive"),
        ("none", "m-freem", "sdt:::m-freem"),
        ("some_function", "entry", "::some_function:entry"),
        ("tcp_input", "return", "::tcp_input:return"),
    ],
)
def test_the_probe_of_a_frame(function: str, name: str, probe: str) -> None:
    (packet,) = read(framed(0, 1, function, name, dump(RFD)))
    assert packet.origin.probe == probe


def test_an_exact_length_cuts_what_is_no_packet() -> None:
    (packet,) = read(f"@dtkit 1 mbuf {WHO} t=99 m=0xff len=52 off=0\n" + dump(RFD))
    assert packet == Packet(
        RFD[:52],
        LinkType.RAW,
        Origin("fbt:kernel:tcp_input:entry", "tcp_input", "entry", 1, 19971),
        line=1,
        timestamp=99,
        mbuf=0xFF,
        length=52,
        exact=True,
    )


def test_an_offset_is_taken_off_the_length() -> None:
    (packet,) = read(f"@dtkit 1 mbuf {WHO} t=99 m=0xff len=52 off=20\n" + dump(RFD[20:]))
    assert packet.data == RFD[20:52]
    assert (packet.offset, packet.length, packet.linktype) == (20, 32, LinkType.TCP)


def test_a_cut_dump_has_its_original_length() -> None:
    (packet,) = read(f"@dtkit 1 mbuf {WHO} t=99 m=0xff len=1500 off=0\n" + dump(RFD))
    assert (packet.data, packet.length, packet.exact) == (RFD, 1500, True)
    assert packet.summary.endswith("length 0, first 64 of 1500 bytes")


def test_without_an_exact_length_nothing_is_cut() -> None:
    (packet,) = read(f"@dtkit 1 mbuf {WHO} t=99 m=0xff pkt=52\n" + dump(RFD))
    assert (packet.data, packet.length, packet.exact) == (RFD, None, False)


@pytest.mark.parametrize(
    ("hint", "length"), [("pkt=1400", 1400), ("pkt=10", None), ("pkt=-1", None), ("x=1", None)]
)
def test_the_first_segment_is_exact_and_pkt_a_hint(hint: str, length: int | None) -> None:
    (packet,) = read(f"@dtkit 1 mbuf {WHO} t=9 m=0xff {hint} off=0 seg=1 mlen=52\n" + dump(RFD))
    assert (packet.data, packet.length, packet.exact) == (RFD[:52], length, True)


def segment(cpu: int, t: int, seg: int, data: bytes, mlen: int | None = None) -> str:
    size = len(data) if mlen is None else mlen
    return f"@dtkit 1 mbuf cpu={cpu} t={t} m=0x{t:x} pkt=-1 off=0 seg={seg} mlen={size}\n" + dump(
        data
    )


def test_segments_of_one_firing_are_joined_though_cpus_interleave() -> None:
    text = (
        segment(0, 1, 1, b"zero ")
        + segment(1, 2, 1, b"one ")
        + segment(0, 1, 2, b"and more")
        + segment(1, 2, 2, b"and more")
        + segment(0, 3, 1, b"next")
    )
    assert [packet.data for packet in read(text)] == [b"zero and more", b"one and more", b"next"]


def test_a_gap_ends_a_packet_and_is_named() -> None:
    text = segment(0, 1, 1, b"a" * 16) + segment(0, 1, 3, b"c" * 16)
    assert [packet.data for packet in read(text)] == [b"a" * 16]
    assert oddities(text) == ["line 7: a segment of an mbuf chain does not follow the one before"]


def test_a_chain_without_its_first_segment_is_no_packet() -> None:
    text = segment(0, 1, 2, b"b" * 16) + segment(0, 2, 1, b"c" * 16)
    assert [packet.data for packet in read(text)] == [b"c" * 16]
    assert len(oddities(text)) == 1


class Live(io.RawIOBase):
    """Output that comes piece by piece, and counts the pieces."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = [piece.encode() for piece in pieces]
        self.read_so_far = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.read_so_far == len(self.pieces):
            return b""
        self.read_so_far += 1
        return self.pieces[self.read_so_far - 1]


def announced(t: int, data: bytes, fields: str) -> str:
    return f"@dtkit 1 mbuf {WHO} t={t} m=0x1 off=0 {fields} dump={len(data)}\n" + dump(data)


@pytest.mark.parametrize(
    "firing",
    [
        pytest.param(lambda t: announced(t, RFD, "len=52"), id="copyoutmbuf"),
        pytest.param(lambda t: announced(t, RFD[:52], "pkt=52 seg=1 mlen=52 last=1"), id="first"),
        pytest.param(
            lambda t: (
                announced(t, RFD[:20], "pkt=52 seg=1 mlen=20 last=0")
                + announced(t, RFD[20:52], "pkt=52 seg=2 mlen=40 last=1")
            ),
            id="segments",
        ),
    ],
)
def test_a_packet_is_there_when_its_last_row_is(firing: Callable[[int], str]) -> None:
    """And not when the next firing begins, for which one may wait long."""
    live = Live([firing(t) for t in range(3)])
    seen = []
    for item in packets(read_output(cast("BinaryIO", live)), catalog()):
        assert not isinstance(item, Oddity)
        if isinstance(item, Packet):
            seen.append((live.read_so_far, item.data))
    assert seen == [(1, RFD[:52]), (2, RFD[:52]), (3, RFD[:52])]


@pytest.mark.parametrize("said", [0, 16, 51, 53, -1, 1 << 70])
def test_a_dump_is_what_its_rows_are_whatever_was_said(said: int) -> None:
    text = announced(1, RFD[:52], "len=52").replace("dump=52", f"dump={said}")
    data = b"".join(packet.data for packet in read(text))
    assert data == (RFD[:16] if said == 16 else RFD[:52])
    assert oddities(text) == (
        ["line 5: 3 lines without the header of a dump"] if said == 16 else []
    )


def test_a_cut_segment_ends_a_packet() -> None:
    text = segment(0, 1, 1, b"a" * 16, mlen=20) + segment(0, 1, 2, b"b" * 16)
    assert [packet.data for packet in read(text)] == [b"a" * 16]
    assert len(oddities(text)) == 1


def test_the_start_line_gives_the_time_of_day() -> None:
    start = "@dtkit 1 start dtkit=0.1.0 timestamp=1000 walltimestamp=1795226807005403060\n"
    (packet,) = read(start + f"@dtkit 1 mbuf {WHO} t=1500 m=0x1 len=4 off=0\n" + dump(b"1234"))
    assert (packet.timestamp, packet.time) == (1500, 1795226807005403560)


@pytest.mark.parametrize(
    "fields",
    ["len=-5 off=0", "len=5 off=-7", "len=x off=", "seg=0 mlen=3", "seg=x mlen=y", "m=0x", ""],
)
def test_fields_that_make_no_sense_raise_nothing(fields: str) -> None:
    read(f"@dtkit 1 mbuf cpu=0 {fields}\n" + dump(RFD))


def piece(data: bytes, fields: str) -> str:
    return f"@dtkit 1 mbuf {WHO} t=5 {fields} mlen={len(data)}\n" + dump(data)


def test_a_first_segment_begins_another_packet() -> None:
    first = piece(b"a" * 20, "m=0xff pkt=60 off=0 seg=1 last=0")
    found = read(first + first + piece(b"b" * 20, "m=0xff pkt=60 off=0 seg=2 last=1"))
    assert [packet.data for packet in found] == [b"a" * 20, b"a" * 20 + b"b" * 20]


def test_a_segment_of_another_mbuf_does_not_follow() -> None:
    first = piece(b"a" * 20, "m=0xff pkt=60 off=0 seg=1 last=0")
    text = first + piece(b"b" * 20, "m=0x100 pkt=60 off=0 seg=2 last=1")
    assert [packet.data for packet in read(text)] == [b"a" * 20]
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    (odd,) = [item for item in items if isinstance(item, Oddity)]
    # The header, a whole row and one of four bytes.
    assert (odd.number, odd.unread) == (8, 3)
    assert "does not follow the one before" in odd.text


@pytest.mark.parametrize(("hint", "length"), [(19, None), (20, 20), (21, 21)])
def test_a_hint_may_say_that_all_was_captured(hint: int, length: int | None) -> None:
    (packet,) = read(piece(b"a" * 20, f"m=0xff pkt={hint} off=0 seg=1 last=1"))
    assert packet.length == length


def test_a_script_with_a_filter_on_freebsd_15() -> None:
    """What dtrace(1) printed of ``dtkit script ip_input ether_output_frame --filter udp``."""
    path = Path(__file__).parents[1] / "data" / "script-udp-15.1.txt"
    text = path.read_text()
    found = read(text)
    assert oddities(text) == []
    assert len(found) == 6
    assert all("UDP" in packet.summary for packet in found)


CUT = f"@dtkit 1 cut {WHO} t=5 m=0xff mbufs=2\n"
UNMAPPED = f"@dtkit 1 unmapped {WHO} t=5 m=0xff seg=2\n"
MORE = "line 1: an mbuf chain went on after 2 mbufs; a greater depth shows more"
HIDDEN = "line 1: an mbuf chain went on in memory that is not mapped"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CUT, [MORE]),
        (CUT * 2, [MORE, "2 mbuf chains in all went on"]),
        (UNMAPPED, [HIDDEN]),
        (UNMAPPED * 3, [HIDDEN, "3 mbuf chains in all went on in memory that is not mapped"]),
        (CUT + UNMAPPED, [MORE, HIDDEN.replace("line 1", "line 2")]),
    ],
    ids=["cut", "cut twice", "unmapped", "unmapped thrice", "both"],
)
def test_what_a_script_did_not_show_of_chains_is_named_once_and_counted(
    text: str, said: list[str]
) -> None:
    assert oddities(text) == said


@pytest.mark.parametrize("end", [CUT, UNMAPPED], ids=["cut", "unmapped"])
def test_a_chain_that_goes_on_unshown_is_over(end: str) -> None:
    first = piece(b"a" * 20, "m=0xff pkt=60 off=0 seg=1 last=0")
    other = piece(b"b" * 20, "m=0x100 pkt=60 off=0 seg=1 last=0")
    items = list(packets(read_output(io.BytesIO((first + end + other).encode())), catalog()))
    kinds = [type(item) for item in items if isinstance(item, Packet | Oddity)]
    assert kinds == [Packet, Oddity, Packet]
    # That of another firing says nothing of it.
    for was, is_ in (("t=5", "t=6"), ("m=0xff", "m=0xfe"), ("cpu=1", "cpu=2")):
        rest = piece(b"b" * 20, "m=0xff pkt=60 off=0 seg=2 last=1")
        text = first + end.replace(was, is_) + rest
        assert [packet.data for packet in read(text)] == [b"a" * 20 + b"b" * 20]


def test_all_that_an_annotation_says_is_in_its_packet() -> None:
    said = "probe=fbt:kernel:ip_input:entry id=5 cpu=2 t=9 m=0xff pkt=90 off=4 seg=1"
    text = f"@dtkit 1 mbuf {said} mlen=24 last=1\n" + dump(RFD[4:20])
    start = "@dtkit 1 start timestamp=10 walltimestamp=1000\n"
    origin = Origin("fbt:kernel:ip_input:entry", "ip_input", "entry", 2, 5)
    (packet,) = read(start + text)
    assert packet == Packet(
        *(RFD[4:20], packet.linktype, origin),
        line=2,
        timestamp=9,
        time=999,
        mbuf=0xFF,
        offset=4,
        length=86,
        exact=True,
    )


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ("mlen=20 off=0 skip=4", RFD[:16]),
        ("mlen=20 off=4", RFD[:16]),
        ("mlen=20 off=4 skip=0", RFD[:20]),
        ("mlen=20 off=0 skip=-4", RFD[:20]),
        ("mlen=20 off=-4", RFD[:20]),
        ("mlen=20", RFD[:20]),
    ],
)
def test_what_is_passed_over_is_taken_off_a_segment(fields: str, data: bytes) -> None:
    (packet,) = read(f"@dtkit 1 mbuf {WHO} t=9 m=0xff seg=1 last=1 {fields}\n" + dump(RFD))
    assert packet.data == data


@pytest.mark.parametrize(
    ("fields", "packets_"),
    [
        ("len=0 off=0", 0),
        ("len=4 off=4", 0),
        ("len=4 off=5", 0),
        ("len=5 off=4", 1),
        ("len=0 off=-1", 0),
        ("len=-1 off=-4", 0),
        ("mlen=4 off=4 seg=1", 0),
        ("mlen=4 off=8 skip=3 seg=1", 1),
        ("mlen=4 off=0 skip=4 seg=1", 0),
        ("mlen=0", 0),
        ("off=4", 1),
        ("", 1),
    ],
)
def test_of_no_bytes_something_is_dumped_all_the_same(fields: str, packets_: int) -> None:
    assert len(read(f"@dtkit 1 mbuf {WHO} t=9 m=0xff {fields}\n" + dump(RFD))) == packets_


def test_a_tag_beside_a_frame_is_put_into_it() -> None:
    frame = bytes(12) + b"\x08\0" + RFD
    where = "probe=fbt::ether_input:entry id=1 cpu=0 t=1 m=0x1"
    whole = frame[:12] + b"\x81\0\0\5" + frame[12:]
    for tag, off, length, data in (
        (5, 0, len(frame), whole),
        (-1, 0, len(frame), frame),
        (5, 2, len(frame), frame),
    ):
        said = f"@dtkit 1 mbuf {where} len={length} off={off} vtag={tag}\n"
        (packet,) = read(said + dump(frame[: len(frame) - off]))
        assert packet.data == data[: len(data) - off]
        assert packet.length == len(data) - off
    (packet,) = read(f"@dtkit 1 mbuf {where} len=900 off=0 vtag=5\n" + dump(frame))
    assert (packet.data, packet.length) == (whole, 904)


def test_what_an_annotation_does_not_say_its_frame_does() -> None:
    (packet,) = read(framed(3, 9, "tcp_input", "entry", "@dtkit 1 mbuf t=5 len=4\n" + dump(RFD)))
    assert packet.origin == Origin("fbt::tcp_input:entry", "tcp_input", "entry", 3, None)
    said = "@dtkit 1 mbuf probe=x cpu=1 id=2 t=5 len=4\n"
    (packet,) = read(framed(3, 9, "tcp_input", "entry", said + dump(RFD)))
    assert packet.origin == Origin("x", "tcp_input", "entry", 1, 2)
    (packet,) = read("@dtkit 1 mbuf t=5 len=4\n" + dump(RFD))
    assert packet.origin == Origin(None, None, None, None, None)


class Asked(Catalog):
    """A catalog that counts what it is asked for."""

    asked: list[str]

    def get(self, text: str) -> Probe | None:
        self.asked.append(text)
        return super().get(text)

    def __iter__(self) -> Iterator[Probe]:
        self.asked.append("all")
        return super().__iter__()


def asked(text: str) -> list[str]:
    """What a catalog is asked for while *text* is read."""
    known = Asked(list(catalog()))
    known.asked = []
    for item in packets(read_output(io.BytesIO(text.encode())), known):
        assert not isinstance(item, Oddity)
    return known.asked


def test_each_probe_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [f"@dtkit 1 mbuf probe=fbt::{name}:entry t=1 len=4\n" + dump(RFD) for name in "abc"]
    frames = [framed(0, 7, name, "entry", dump(RFD)) for name in "abc"]
    assert asked("".join(said * 2)) == [f"fbt::{name}:entry" for name in "abc"]
    assert asked("".join(frames * 2)) == ["all"] * 3
    # No more are remembered than so many.
    monkeypatch.setattr(assemble, "_PLACES", 1)
    assert asked("".join(said * 2)) == [f"fbt::{name}:entry" for name in "abcabc"]
    assert asked(said[0] + said[1] + said[0]) == ["fbt::a:entry", "fbt::b:entry"]
    assert asked("".join(frames[:2] * 2)) == ["all"] * 3  # the last is there still
    monkeypatch.setattr(assemble, "_PLACES", 2)
    assert asked("".join(frames[:2] * 2)) == ["all"] * 2


def test_no_more_chains_are_open_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "_PLACES", 2)
    first = [segment(cpu, 1, 1, b"first ") for cpu in range(4)]
    rest = [segment(cpu, 1, 2, b"rest") for cpu in range(4)]
    assert [packet.data for packet in read("".join(first[:3] + rest[:3]))] == [b"first rest"] * 3
    found = read("".join(first + rest))
    assert [packet.data for packet in found] == [b"first "] * 3 + [b"first rest"]
    assert [packet.origin.cpu for packet in found] == [0, 1, 2, 3]
    assert len(oddities("".join(first + rest))) == 3


@pytest.mark.parametrize("fields", ["len=4 off=4", "len=64 off=64", "len=0 off=0"])
def test_of_no_bytes_there_is_no_packet_in_a_run_either(fields: str) -> None:
    text = f"@dtkit 1 mbuf {WHO} t=9 m=0xff {fields} dump=64\n{dump(RFD)}" * 20
    items = packets(read_runs(io.BytesIO(text.encode())), catalog())
    assert not [item for item in items if isinstance(item, Packet | PacketRun)]


def test_interface_and_process_are_of_the_packet_where_no_hop_has_them() -> None:
    said = f"@dtkit 1 mbuf {WHO} t=9 m=0xff len=4 off=0 flags=0x2 csum=0x0 if=em0\\0 exec=sshd\\0\n"
    (packet,) = read(said + dump(RFD))
    assert packet.header is not None
    assert (packet.header.received, packet.header.process) == ("em0", "sshd")


@pytest.mark.parametrize(
    ("whole", "empty"),
    [
        ("len=60 off=0", "len=0 off=0"),
        ("len=60 off=20", "len=20 off=20"),
        ("len=60 off=20", "len=10 off=20"),
        ("pkt=60 off=0 seg=1 mlen=60 last=1", "pkt=60 off=0 seg=1 mlen=0 last=1"),
        ("pkt=60 off=20 seg=1 mlen=60 last=1", "pkt=60 off=20 seg=1 mlen=20 last=1"),
        ("pkt=60 off=0 seg=1 skip=5 mlen=60 last=1", "pkt=60 off=0 seg=1 skip=60 mlen=60 last=1"),
    ],
    ids=["len", "off", "less than off", "mlen", "off of mlen", "skip"],
)
def test_of_no_bytes_there_is_no_packet_though_there_is_a_dump(whole: str, empty: str) -> None:
    """Alone, as in a run of others."""
    one, none = (
        f"@dtkit 1 mbuf {WHO} t=5 m=0xff {said}\n" + dump(b"a" * 20) for said in (whole, empty)
    )
    assert len(read(one + none)) == 1
    runs = list(read_runs(io.BytesIO((one * 8 + none + one * 8).encode())))
    assert [len(item) for item in runs if isinstance(item, FiringRun)] == [16]
    found = list(packets(iter(runs), catalog()))
    assert sum(len(item) for item in found if isinstance(item, PacketRun)) == 0
    assert sum(isinstance(item, Packet) for item in found) == 16
