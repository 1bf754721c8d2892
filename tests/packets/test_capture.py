# SPDX-License-Identifier: BSD-2-Clause
"""The capture reader against captures put together by hand, tshark, dpkt and any bytes."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame, read_capture
from tests.packets import captures as make

SECOND = 10**9


def read(data: bytes) -> tuple[list[Frame], list[str]]:
    items = list(read_capture(io.BytesIO(data)))
    return (
        [item for item in items if isinstance(item, Frame)],
        [str(item) for item in items if isinstance(item, Oddity)],
    )


@pytest.mark.parametrize("order", [">", "<"], ids=["big-endian", "little-endian"])
@pytest.mark.parametrize(
    ("nanoseconds", "time"), [(False, 7_000_005_000), (True, 7_000_000_005)], ids=["us", "ns"]
)
def test_pcap(order: str, nanoseconds: bool, time: int) -> None:
    frames, odd = read(make.pcap([(7, 5, b"abc"), b""], order=order, nanoseconds=nanoseconds))
    assert frames == [
        Frame(1, time, b"abc", 3, 147, 0, None, ()),
        Frame(2, SECOND, b"", 0, 147, 0, None, ()),
    ]
    assert odd == []


def test_a_link_type_with_a_frame_check_sequence() -> None:
    frames, odd = read(make.pcap([b"abcdefgh"], linktype=1 | 0x04000000 | 2 << 28))
    assert [(frame.linktype, frame.fcs) for frame in frames] == [(1, 4)]
    assert odd == []


def test_the_top_bits_mean_nothing_without_bit_26() -> None:
    frames, _ = read(make.pcap([b"abcdefgh"], linktype=147 | 2 << 28))
    assert [(frame.linktype, frame.fcs) for frame in frames] == [(147, 0)]


@pytest.mark.parametrize("order", [">", "<"], ids=["big-endian", "little-endian"])
def test_pcapng_blocks_of_every_kind(order: str) -> None:
    data = (
        make.section(order)
        + make.interface(1, [(2, b"em0"), (9, b"\x09")], order)
        + make.interface(101, [(2, b"caf\xe9"), (13, b"\x04")], order)
        + make.enhanced(b"abc", 5, 0, [(1, b"one"), (1, b"two")], order, length=9)
        + make.block(0x0BAD, b"unknown", order)
        + make.obsolete(b"defg", 3, 1, order)
        + make.simple(b"hi", None, order)
    )
    frames, odd = read(data)
    assert frames == [
        Frame(1, 5, b"abc", 9, 1, 0, "em0", ("one", "two")),
        Frame(2, 3000, b"defg", 4, 101, 4, "caf\\xe9", ()),
        Frame(3, None, b"hi", 2, 1, 0, "em0", ()),
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("options", "units", "time"),
    [
        ([], 1, 1000),
        ([(9, b"\x03")], 7, 7_000_000),
        ([(9, b"\x09")], 7, 7),
        ([(9, b"\x0c")], 7999, 7),
        ([(9, b"\x8a")], 512, SECOND // 2),
        ([(9, b"\x00"), (14, (100).to_bytes(8, "little"))], 2, 102 * SECOND),
        ([(14, (-1).to_bytes(8, "little", signed=True))], 2_000_000, SECOND),
    ],
    ids=["default", "ms", "ns", "ps", "1/1024 s", "offset", "negative offset"],
)
def test_pcapng_clocks(options: list[make.Option], units: int, time: int) -> None:
    frames, odd = read(make.section() + make.interface(opts=options) + make.enhanced(b"x", units))
    assert [frame.time for frame in frames] == [time]
    assert odd == []


def test_each_section_has_its_own_interfaces_and_byte_order() -> None:
    data = (
        make.section("<")
        + make.interface(1, [(2, b"a")], "<")
        + make.enhanced(b"1", order="<")
        + make.section(">")
        + make.interface(147, [(2, b"b")], ">")
        + make.enhanced(b"2", order=">")
    )
    frames, odd = read(data)
    assert [(f.number, f.linktype, f.interface) for f in frames] == [(1, 1, "a"), (2, 147, "b")]
    assert odd == []


def test_a_simple_block_is_cut_at_the_snapshot_length() -> None:
    data = make.section() + make.interface(1, snaplen=4) + make.simple(b"abcd", 900)
    frames, odd = read(data)
    assert [(frame.data, frame.length) for frame in frames] == [(b"abcd", 900)]
    assert odd == []


GOOD = make.pcap([b"first", b"second"])
GOOD_NG = make.section() + make.interface() + make.enhanced(b"first") + make.enhanced(b"second")


@pytest.mark.parametrize(
    ("data", "kept", "odd"),
    [
        (b"", 0, "the input is empty: not a capture"),
        (b"GIF8", 0, "the input starts with 47494638, which is neither pcap nor pcapng"),
        (GOOD[:20], 0, "the capture ends in its file header"),
        (GOOD[:-3], 1, "frame 2: the capture ends 3 bytes into this frame of 6: left out"),
        (GOOD[:-8], 1, "frame 2: the capture ends 14 bytes into its header"),
        (
            GOOD + b"\xff" * 16,
            2,
            "frame 3: claims 4294967295 bytes: the capture is damaged from here on, not read",
        ),
        (make.pcap([b"x"], version=(3, 1)), 1, "the capture says it is pcap 3.1: read as 2.4"),
        (
            make.pcap([(1, 1_500_000, b"x")]),
            1,
            "frame 1: 1500000 is more than a second's fraction: added up",
        ),
        (GOOD_NG[:-3], 1, "frame 2: the capture ends 3 bytes before the end of a block: left out"),
        (GOOD_NG[:10], 0, "a section header without byte-order magic"),
        (GOOD_NG + b"\6\0\0\0", 2, "the capture ends in a block header, after frame 2"),
        (GOOD_NG + b"\6\0\0\0\7\0\0\0", 2, "a block of 7 bytes, after frame 2: the rest is not"),
        (GOOD_NG[:-4] + b"\0\0\0\0", 2, "frame 2: a block's lengths disagree: read by the first"),
        (GOOD_NG + make.enhanced(b"x", 0, 5), 2, "frame 3: is of interface 5, which the section"),
        (GOOD_NG + make.block(6, b"abcd"), 2, "frame 3: a block of 16 bytes is too short: left"),
        (
            make.section() + make.interface(opts=[(9, b"12")]) + make.enhanced(b"x"),
            1,
            "interface 0: option 9 has 2 bytes: passed over",
        ),
    ],
)
def test_what_is_odd_is_named_once_and_the_rest_kept(data: bytes, kept: int, odd: str) -> None:
    frames, oddities = read(data)
    assert len(frames) == kept
    assert len(oddities) == 1
    assert oddities[0].startswith(odd)


def test_an_enhanced_block_that_lies_about_its_data() -> None:
    lie = make.enhanced(b"abcd").replace(b"\4\0\0\0", b"\x99\0\0\0", 1)
    frames, odd = read(make.section() + make.interface() + lie)
    assert [frame.data for frame in frames] == [b"abcd"]
    assert odd == ["frame 1: claims 153 bytes, its block has 4: kept those"]


def test_a_pipe_gives_each_frame_as_soon_as_its_bytes_are_in() -> None:
    class Slow(io.RawIOBase):
        """Gives one byte a time, and knows how many it gave."""

        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            buffer[: (chunk := len(GOOD[self.given : self.given + 1]))] = GOOD[
                self.given : self.given + 1
            ]
            self.given += chunk
            return chunk

    slow = Slow()
    items = read_capture(slow)  # type: ignore[arg-type]
    first = next(items)
    assert isinstance(first, Frame)
    assert first.data == b"first"
    assert slow.given == 24 + 16 + 5


@given(st.binary(max_size=200), st.sampled_from([b"", GOOD, GOOD[:24], GOOD_NG, GOOD_NG[:60]]))
def test_any_bytes_never_raise(data: bytes, before: bytes) -> None:
    read(before + data)


@given(st.integers(0, len(GOOD_NG) - 1), st.integers(0, 255), st.sampled_from([GOOD, GOOD_NG]))
def test_any_changed_byte_never_raises(at: int, value: int, good: bytes) -> None:
    data = bytearray(good)
    data[at % len(data)] = value
    read(bytes(data))


@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999_999), st.binary(max_size=50)),
        max_size=5,
    ),
    st.sampled_from("<>"),
)
def test_agrees_with_dpkt(frames: list[tuple[int, int, bytes]], order: str) -> None:
    data = make.pcap(frames, order=order)
    theirs = [(round(time * 10**6), data) for time, data in dpkt.pcap.Reader(io.BytesIO(data))]
    ours, odd = read(data)
    assert [(frame.time, frame.data) for frame in ours] == [(t * 1000, d) for t, d in theirs]
    assert odd == []


def test_agrees_with_tshark(tmp_path: Path) -> None:
    data = (
        make.section(">")
        + make.interface(147, [(2, b"one"), (9, b"\x09")], ">")
        + make.interface(147, [(2, b"two"), (9, b"\xa0")], ">")
        + make.enhanced(b"abc", 1_700_000_000_123_456_789, 0, [(1, b"said")], ">", length=9)
        + make.enhanced(b"defgh", 1_700_000_000 << 32 | 1 << 31, 1, [], ">")
    )
    path = tmp_path / "capture.pcapng"
    path.write_bytes(data)
    fields = ["time_epoch", "cap_len", "len", "interface_name", "comment"]
    command = ["tshark", "-r", str(path), "-Tfields", "-Eseparator=|"]
    for field in fields:
        command += ["-e", f"frame.{field}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    frames, odd = read(data)
    ours = [
        f"{f.time // SECOND}.{f.time % SECOND:09}|{len(f.data)}|{f.length}|{f.interface}|"
        f"{','.join(f.comments)}"
        for f in frames
        if f.time is not None
    ]
    assert done.stdout.splitlines() == ours
    assert odd == []
