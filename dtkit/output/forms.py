# SPDX-License-Identifier: BSD-2-Clause
"""The forms in which what was read is shown: bytes to print of each item of an output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain

from dtkit.foreign import visible
from dtkit.output.events import Dump, Event, Firing, to_dict
from dtkit.packets.hexdump import hexdump_lines
from dtkit.packets.line import PacketLines
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.packets.summary import summarize

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


def jsons_of_run(run: PacketRun) -> Iterator[bytes]:
    """The lines of :func:`json_of_packet` for each packet of *run*, in a third of the time."""
    begins = {id(origin): _json_begin(origin) for origin in run.origins}
    exact = json.dumps(run.exact)
    lines = []
    for data, linktype, origin, line, timestamp, time, mbuf, offset, length, _, _ in run:
        lines.append(
            f"{begins[id(origin)]}"
            f'"time": {"null" if time is None else time}, '
            f'"timestamp": {"null" if timestamp is None else timestamp}, '
            f'"mbuf": {"null" if mbuf is None else _address(mbuf)}, '
            f'"offset": {offset}, '
            f'"length": {"null" if length is None else length}, '
            f'"captured": {len(data)}, '
            f'"exact": {exact}, '
            f'"linktype": "{linktype.name}", '
            f'"data": "{data.hex()}", '
            f'"summary": {_quoted(summarize(data, linktype, length))}, '
            f'"line": {line}}}\n'
        )
    yield "".join(lines).encode()


_quoted = json.encoder.encode_basestring_ascii


def _address(mbuf: int) -> str:
    return f'"{mbuf:#x}"'


def _json_begin(origin: Origin) -> str:
    return json.dumps({"type": "packet", **origin._asdict()})[:-1] + ", "


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


def run_form_of(
    name: str, lines: PacketLines, everything: bool = False
) -> Callable[[PacketRun], Iterator[bytes]]:
    """
    What prints a run of packets as :func:`form_of` prints each, where that is quicker.

    :param everything: for :func:`json_of_all`.
    """

    def summary(run: PacketRun) -> Iterator[bytes]:
        yield "".join([f"{visible(line)}\n" for line in lines.lines(run)]).encode()

    form = json_of_all if everything else form_of(name, lines)
    if form is None:
        return lambda run: iter(())
    forms = {"summary": summary, "json": jsons_of_run}
    return forms.get(name, lambda run: chain.from_iterable(map(form, run)))
