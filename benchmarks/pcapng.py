# SPDX-License-Identifier: BSD-2-Clause
"""
Writing pcapng beside dpkt and python-pcapng: 100,000 packets of 64 bytes, in turn.

dtkit's packets have a comment and a direction each; dpkt writes one interface and no comments,
python-pcapng the same comments. The figure is packets per second, of each peer's.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from statistics import median

import dpkt
import pcapng
import pcapng.blocks

from dtkit.packets.pcapng import PacketDirection, PcapngWriter, packet_options

PACKETS = 100_000
ROUNDS = 3
DATA = bytes(range(64))
TIME = 1_795_226_807_005_403_560


def with_dtkit(count: int) -> bytes:
    stream = io.BytesIO()
    writer = PcapngWriter(stream)
    writer.section("", "benchmark")
    number = writer.interface("fbt::tcp_input:entry", 101)
    options = packet_options("cpu 0, probe id 19971", PacketDirection.INBOUND)
    for index in range(count):
        writer.write(number, TIME + index, DATA, 64, options)
    return stream.getvalue()


def with_dpkt(count: int) -> bytes:
    stream = io.BytesIO()
    writer = dpkt.pcapng.Writer(stream, linktype=101)
    for index in range(count):
        writer.writepkt(DATA, ts=(TIME + index) / 1e9)
    return stream.getvalue()


def with_python_pcapng(count: int) -> bytes:
    stream = io.BytesIO()
    section = pcapng.blocks.SectionHeader(endianness="<")
    interface = section.new_member(
        pcapng.blocks.InterfaceDescription, link_type=101, options={"if_tsresol": b"\x09"}
    )
    writer = pcapng.FileWriter(stream, section)
    for index in range(count):
        block = section.new_member(
            pcapng.blocks.EnhancedPacket,
            interface_id=interface.interface_id,
            options={"opt_comment": "cpu 0, probe id 19971"},
        )
        block.timestamp_high, block.timestamp_low = divmod(TIME + index, 1 << 32)
        block.packet_data = DATA
        writer.write_block(block)
    return stream.getvalue()


WRITERS: dict[str, tuple[Callable[[int], bytes], int]] = {
    "dtkit": (with_dtkit, PACKETS),
    "dpkt": (with_dpkt, PACKETS),
    "python-pcapng": (with_python_pcapng, PACKETS // 20),
}


def main() -> None:
    """Print the ratios."""
    rates: dict[str, list[float]] = {name: [] for name in WRITERS}
    for _ in range(ROUNDS):
        for name, (write, count) in WRITERS.items():
            start = time.perf_counter()
            write(count)
            rates[name].append(count / (time.perf_counter() - start))
    ours = median(rates["dtkit"])
    for name, found in rates.items():
        rate = median(found)
        print(f"{name:<14} {rate:10,.0f} packets/s; dtkit's is {ours / rate:6.2f} times that")


if __name__ == "__main__":
    main()
