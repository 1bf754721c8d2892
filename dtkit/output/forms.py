# SPDX-License-Identifier: BSD-2-Clause
"""The forms in which what was read is shown: bytes to print of each item of an output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from dtkit.foreign import visible
from dtkit.output.events import Dump, Event, Firing, to_dict
from dtkit.packets.hexdump import hexdump_lines
from dtkit.packets.line import PacketLines
from dtkit.packets.packet import Packet

#: What is printed of an item; nothing of most.
Form = Callable[[Event | Packet], Iterator[bytes]]


def json_of_packet(item: Event | Packet) -> Iterator[bytes]:
    """A JSON object on a line."""
    if type(item) is Packet:
        yield json.dumps(item.to_dict()).encode() + b"\n"


def json_of_all(item: Event | Packet) -> Iterator[bytes]:
    """A JSON object for whatever there was, a line each; told apart by ``type``."""
    if isinstance(item, Firing):
        parts = [to_dict(part, item.source) for part in item.parts if not isinstance(part, Dump)]
    else:
        parts = [item.to_dict() if isinstance(item, Packet) else to_dict(item)]
    for part in parts:
        yield json.dumps(part).encode() + b"\n"


def raw_of_packet(item: Event | Packet) -> Iterator[bytes]:
    """The bytes alone."""
    if type(item) is Packet:
        yield item.data


#: The names of forms; ``none`` shows nothing.
FORMS = ("summary", "json", "hexdump", "raw", "none")


def form_of(name: str, lines: PacketLines) -> Form | None:
    """
    The form of that name.

    :param lines: makes the lines: of ``summary`` the whole, of ``hexdump`` a comment, above bytes
        that text2pcap(1) and dtkit read.
    """

    def summary(item: Event | Packet) -> Iterator[bytes]:
        if type(item) is Packet:
            yield f"{visible(lines.line(item))}\n".encode()

    def hexdump(item: Event | Packet) -> Iterator[bytes]:
        if type(item) is Packet:
            yield f"# {visible(lines.line(item))}\n".encode()
            for line in hexdump_lines(item.data):
                yield f"{line}\n".encode()
            yield b"\n"

    if name not in FORMS:
        raise ValueError(f"no form is called {name!r}: {', '.join(FORMS)}")
    forms: dict[str, Form] = {
        "summary": summary,
        "json": json_of_packet,
        "hexdump": hexdump,
        "raw": raw_of_packet,
    }
    return forms.get(name)
