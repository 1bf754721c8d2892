# SPDX-License-Identifier: BSD-2-Clause
"""
An independent writer of what dtrace(1) prints, for tests of the reader.

Written from the manual page's and the captures' looks, not from the reader: it formats, the reader
cuts by column.
"""

from __future__ import annotations

from collections.abc import Iterable

HEADING = "CPU     ID                    FUNCTION:NAME\n"
FLOW_HEADING = "CPU FUNCTION                                 \n"
HEADER = " " * 11 + "".join(f"  {digit:x}" for digit in range(16)) + "  0123456789abcdef\n"


def dump(data: bytes) -> str:
    """What tracemem() prints: a newline, the header, the rows; nothing at all for no bytes."""
    if not data:
        return ""
    text = "\n" + HEADER
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        shown = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in row)
        hexes = "".join(f" {byte:02x}" for byte in row)
        text += f"     {at:5x}:{hexes:<48}  {shown}\n"
    return text


def framed(cpu: int, id: int, function: str, name: str, output: str) -> str:
    """A firing in the default framing."""
    return f"{cpu:3d} {id:6d} {function + ':' + name:>32} {output}\n"


def flow(cpu: int, depth: int, arrow: str, function: str, output: str) -> str:
    """A firing with ``-F``."""
    return f"{cpu:3d} {' ' * depth + arrow + ' ' + function:<41} {output}\n"


def firings(dumps: Iterable[bytes], cpu: int = 0, function: str = "tcp_input") -> str:
    """Firings of one dump each."""
    return "".join(framed(cpu, 19971, function, "entry", dump(data)) for data in dumps)
