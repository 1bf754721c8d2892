# SPDX-License-Identifier: BSD-2-Clause
"""
Streams of dumps as people have them, each for dtkit and for text2pcap(1).

text2pcap is given the same rows, hex and text, without frames and annotations: it takes those for
packets. Its offsets have six digits, as ``od -A x -t x1z`` writes them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["STREAMS", "write"]

HEADING = "CPU     ID                    FUNCTION:NAME\n"
HEADER = f"\n{'':11}{''.join(f'  {digit:x}' for digit in range(16))}  0123456789abcdef\n"
BASE = bytes.fromhex("4510003446f440004006700ac0a80101c0a801643d3c0016")
START = "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1795226807005403060\n"

#: Of each firing or object, the text for dtkit, and the dumps in it.
Stream = Iterator[tuple[str, list[bytes]]]


def _rows(data: bytes, offset: str) -> str:
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in row)
        rows.append(f"{offset % at} {row.hex(' '):<47}  {text}\n")
    return "".join(rows)


def _dump(data: bytes) -> str:
    return HEADER + _rows(data, "     %5x:")


def _framed(cpu: int, id: int, name: str, data: bytes) -> str:
    return f"{cpu:3d} {id:6d} {name:>32} {_dump(data)}\n"


def _packet(chance: random.Random) -> bytes:
    return BASE + chance.randbytes(8) + b"\x80\x10" + chance.randbytes(30)


def _one_size(chance: random.Random, count: int) -> Stream:
    for _ in range(count):
        data = _packet(chance)
        yield _framed(0, 19971, "tcp_input:entry", data), [data]


def _random(chance: random.Random, count: int) -> Stream:
    for _ in range(count):
        data = b"\x45" + chance.randbytes(63)
        yield _framed(0, 19971, "tcp_input:entry", data), [data]


def _sizes(chance: random.Random, count: int) -> Stream:
    for _ in range(count):
        data = (_packet(chance) + chance.randbytes(64))[: chance.randrange(40, 129)]
        yield _framed(0, 19971, "tcp_input:entry", data), [data]


def _two(chance: random.Random, count: int) -> Stream:
    for number in range(count):
        data = _packet(chance) + bytes(32 * (number % 2))
        name = ("tcp_input:entry", "ip_input:entry")[number % 2]
        yield _framed(0, 19971 + number % 2, name, data), [data]


def _said(number: int, probe: str, data: bytes, segment: str) -> str:
    where = f"probe=fbt::{probe}:entry id={19971 + number % 2} cpu={number % 4}"
    when = f"t={38808119933 + number * 1000} m={0xFFFFF80002425B00 + number * 256:#x}"
    return f"@dtkit 1 mbuf {where} {when} {segment} mlen={len(data)} dump={len(data)} "


def _annotated(chance: random.Random, count: int) -> Stream:
    for number in range(count):
        data = _packet(chance)[: 52 + number % 3 * 6]
        probe = ("tcp_input", "ip_input")[number % 2]
        said = _said(number, probe, data, f"pkt={len(data)} off=0 seg=1")
        yield f"{said}last=1\n{_dump(data)}", [data]


def _segments(chance: random.Random, count: int) -> Stream:
    for number in range(count):
        data = _packet(chance) + bytes(36)
        text = ""
        for at, part in enumerate((data[:52], data[52:]), 1):
            said = _said(number, "ip_output", part, f"pkt={len(data)} off=0 seg={at}")
            text += f"{said}last={at - 1}\n{_dump(part)}"
        yield text, [data[:52], data[52:]]


def _json(chance: random.Random, count: int) -> Stream:
    for number in range(count):
        data = _packet(chance)
        probe = '"provider":"fbt","module":"kernel","function":"tcp_input","name":"entry"'
        where = f'"timestamp":{187700171227 + number},"cpu":0,"id":23580,{probe}'
        comma = ", " if number else ""
        yield f'{comma}{{{where}, "output": [{{"tracemem":"0x{data.hex()}"}}]}}', [data]


#: Of each stream, what stands in front of it, and what makes it.
STREAMS: dict[str, tuple[str, Callable[[random.Random, int], Stream]]] = {
    "one probe, one size": (HEADING, _one_size),
    "random headers": (HEADING, _random),
    "sizes vary": (HEADING, _sizes),
    "two probes, two sizes in turn": (HEADING, _two),
    "annotated, two probes, four CPUs": (START, _annotated),
    "annotated, two segments a packet": (START, _segments),
    "--libxo json": ('{"dtrace": {"probes": [', _json),
}


def write(name: str, folder: Path, count: int) -> tuple[Path, Path]:
    """Write a stream of so many packets: for dtkit, and for text2pcap(1)."""
    begin, make = STREAMS[name]
    ours, theirs = folder / f"{name}.txt", folder / f"{name}.text2pcap"
    with ours.open("w") as dtrace, theirs.open("w") as hexdump:
        dtrace.write(begin)
        for text, dumps in make(random.Random(1), count):
            dtrace.write(text)
            for data in dumps:
                hexdump.write(_rows(data, "%06x") + "\n")
    return ours, theirs
