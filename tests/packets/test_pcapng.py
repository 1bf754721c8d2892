# SPDX-License-Identifier: BSD-2-Clause
"""The pcapng writer, read back by tshark(1) and by python-pcapng."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import pcapng
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.capture import read_capture
from dtkit.packets.packet import Origin, Packet
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.pcapng import PacketDirection, PcapngWriter, packet_options
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog
from tests.packets.frames import PACKETS, ipv4, tcp


def blocks_of(data: bytes) -> list[Any]:
    with warnings.catch_warnings():
        # python-pcapng warns of its own table of options.
        warnings.simplefilter("ignore", DeprecationWarning)
        return list(pcapng.FileScanner(io.BytesIO(data)))


def written(*packets: Packet) -> bytes:
    stream = io.BytesIO()
    file = PacketFile(stream, Provenance("dtkit test"), catalog())
    for packet in packets:
        file.write(packet)
    file.close()
    return stream.getvalue()


def tshark(data: bytes, *fields: str) -> list[list[str]]:
    """Fields of every packet, as tshark sees them."""
    if shutil.which("tshark") is None:
        pytest.skip("no tshark on this machine")
    options = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-n", "-r", "-", "-T", "json", *options],
        input=data,
        capture_output=True,
        check=True,
    )
    return [
        [packet["_source"]["layers"].get(field, [""])[0] for field in fields]
        for packet in json.loads(done.stdout)
    ]


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=70),
            st.integers(0, 2**64 - 1),
            st.integers(0, 2**32 - 1),
            st.text(max_size=30),
            st.sampled_from(PacketDirection),
        ),
        max_size=6,
    )
)
def test_python_pcapng_reads_what_was_written(
    packets: list[tuple[bytes, int, int, str, PacketDirection]],
) -> None:
    stream = io.BytesIO()
    writer = PcapngWriter(stream)
    writer.section("section", "dtkit")
    number = writer.interface("fbt::f:entry", 101, "a description", snaplen=64)
    assert number == 0
    for data, time, length, comment, direction in packets:
        writer.write(number, time, data, length, packet_options(comment, direction))
    section, interface, *found = blocks_of(stream.getvalue())
    assert section.options["opt_comment"] == "section"
    assert (interface.link_type, interface.snaplen) == (101, 64)
    assert interface.options["if_name"] == "fbt::f:entry"
    assert len(found) == len(packets)
    for block, (data, time, length, comment, direction) in zip(found, packets, strict=True):
        assert block.packet_data == data
        assert (block.timestamp_high << 32 | block.timestamp_low) == time
        assert block.packet_len == max(length, len(data))
        shown = comment.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
        assert block.options.get("opt_comment", "") == shown
        assert ("epb_flags" in block.options) == bool(direction)


def test_each_probe_is_an_interface_with_its_link_type() -> None:
    packets = [
        Packet(data, linktype, Origin(f"fbt::{linktype.name.lower()}:entry"))
        for linktype, data in PACKETS.values()
    ]
    found = tshark(written(*packets), "frame.interface_name", "frame.protocols")
    assert [name for name, _ in found] == [packet.origin.probe for packet in packets]
    for (_, protocols), name in zip(found, PACKETS, strict=True):
        for part in name.split():
            if part not in ("in", "over", "bare", "anything"):
                assert part.replace("ethernet", "eth").replace("icmp6", "icmpv6") in protocols


def test_what_is_known_of_a_packet_is_in_the_capture() -> None:
    packet = Packet(
        ipv4(6, tcp()),
        PACKETS["tcp"][0],
        Origin("fbt:kernel:ip_input:entry", "ip_input", "entry", 3, 20035),
        time=1795226807005403560,
        mbuf=0xFFFFF80001,
        offset=14,
        length=1500,
    )
    fields = ["frame.interface_name", "frame.comment", "frame.len", "frame.cap_len"]
    ((name, comment, length, captured),) = tshark(written(packet), *fields)
    assert name == "fbt::ip_input:entry"
    assert comment == "cpu 3, probe id 20035, mbuf 0xfffff80001, offset 14"
    assert (length, captured) == ("1500", "40")
    ((time,),) = tshark(written(packet), "frame.time_epoch")
    assert "1795226807.005403560" in time or "2026-11-21T02:06:47.005403560" in time
    *_, block = blocks_of(written(packet))
    assert block.options["epb_flags"] is not None


def test_the_section_says_what_its_times_are() -> None:
    linktype, data = PACKETS["tcp"]
    bare, timed = Packet(data, linktype), Packet(data, linktype, timestamp=5)
    blocks = blocks_of(written(bare, bare, timed, Packet(data, linktype, time=9)))
    comments = [b.options["opt_comment"] for b in blocks if "opt_comment" in b.options]
    assert [comment[:31] for comment in comments] == [
        "the trace has no times: packets",
        "times are since boot: the trace",
        "times are of the day, from the ",
    ]
    times = [b.timestamp_low for b in blocks if hasattr(b, "timestamp_low")]
    assert times == [0, 1, 5, 9]


def test_a_cut_packet_is_not_malformed() -> None:
    linktype, _ = PACKETS["tcp"]
    packet = Packet(ipv4(6, tcp(0x18, payload=b"x" * 50))[:48], linktype)
    assert tshark(written(packet), "frame.len", "_ws.malformed") == [["90", ""]]


def test_no_packets_are_a_valid_file() -> None:
    assert tshark(written(), "frame.len") == []
    assert len(blocks_of(written())) == 1


def test_a_comment_longer_than_an_option_can_be_is_cut() -> None:
    stream = io.BytesIO()
    writer = PcapngWriter(stream)
    writer.section("é" * 70_000, "dtkit")
    (section,) = blocks_of(stream.getvalue())
    assert section.options["opt_comment"] == "é" * (0xFFFC // 2)


def test_interfaces_stand_in_front_of_packets_in_a_file(tmp_path: Path) -> None:
    """reordercap(1) needs it; a pipe has them when they are first needed."""
    path = tmp_path / "out.pcapng"

    def fill(stream: BinaryIO) -> None:
        writer = PcapngWriter(stream)
        for part in ("one", "two"):
            writer.section(part, "test")
            for index in range(3):
                number = writer.interface(f"{part} {index}", 1)
                for _ in range(index):
                    writer.write(number, index, bytes([index]) * 60, 60)
        writer.close()

    pipe = io.BytesIO()
    fill(pipe)
    with path.open("wb") as stream:
        fill(stream)

    def kinds(data: bytes) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            found = list(pcapng.FileScanner(io.BytesIO(data)))
        return "".join(type(block).__name__[0] for block in found)

    assert kinds(pipe.getvalue()) == "SIIEIEE" * 2
    assert kinds(path.read_bytes()) == "SIIIEEE" * 2
    assert list(read_capture(io.BytesIO(pipe.getvalue()))) == list(
        read_capture(io.BytesIO(path.read_bytes()))
    )
