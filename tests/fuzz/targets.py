# SPDX-License-Identifier: BSD-2-Clause
"""What is fuzzed: for each reader a function that takes any bytes and must not raise."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dtkit.dlang import check
from dtkit.output import Dump, Firing, packets, read_output, to_dict
from dtkit.packets.capture import Frame, read_capture
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.pcapfilter import FilterError, compile_filter
from dtkit.packets.provenance import Provenance
from dtkit.probes import UnknownProbeError, catalog, extend, read_listing
from dtkit.simulate import Settings, StackPacket, run
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.filter import journey_filter
from dtkit.trace.journey.model import Journey
from dtkit.trace.views.convert import write_snapshots

DATA = Path(__file__).parents[1] / "data"
SCRIPTS = Path(__file__).parents[2] / "d_scripts"


def output(data: bytes) -> None:
    """Text, JSON or a hexdump: to packets, JSON and lines."""
    for item in packets(read_output(io.BytesIO(data)), catalog()):
        if isinstance(item, Packet):
            json.dumps(item.to_dict())
        elif isinstance(item, Firing):
            for part in item.parts:
                if not isinstance(part, Dump):
                    json.dumps(to_dict(part, item.source))
        else:
            json.dumps(to_dict(item))
        str(item)


def journeys(data: bytes) -> None:
    """A capture of mbuf_trace, or the output of a script of ``dtkit path``."""
    for item in read_any(io.BytesIO(data)):
        str(item)
        if isinstance(item, Journey):
            json.dumps(item.to_dict())


def capture(data: bytes) -> None:
    """pcap or pcapng, with a summary of each frame."""
    for item in read_capture(io.BytesIO(data)):
        if isinstance(item, Frame):
            for linktype in (LinkType.ETHERNET, LinkType.RAW):
                str(Packet(item.data, linktype, length=item.length))


def listing(data: bytes) -> None:
    """A kernel's own list of probes."""
    for item in extend(catalog(), read_listing(io.BytesIO(data))):
        str(item)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def checked(data: bytes) -> None:
    """D, as ``dtkit check`` reads it."""
    for finding in check(text_of(data)):
        str(finding)


def simulated(data: bytes) -> None:
    """D, compiled and run over one packet."""
    packet = StackPacket(bytes.fromhex("4500001c00000000400100007f0000017f0000010800f7ff00000000"))
    for _ in run(text_of(data), [packet], Settings(largest_buffer=1 << 16)):
        pass


def filters(data: bytes) -> None:
    """What is asked for, of packets and of journeys."""
    for make in (lambda text: compile_filter(text, LinkType.RAW), journey_filter):
        try:
            make(text_of(data))
        except FilterError as error:
            str(error)


def probes(data: bytes) -> None:
    """A probe as one names it."""
    try:
        catalog().match(text_of(data))
    except UnknownProbeError as error:
        str(error)


@dataclass(frozen=True, slots=True)
class Target:
    """
    :ivar run: takes the bytes.
    :ivar seeds: what it begins with.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def _files(folder: Path, *globs: str) -> Callable[[], Iterable[bytes]]:
    """Files of a folder, cut to what a fuzzer can change in good time."""
    return lambda: (
        path.read_bytes()[:4096] for glob in globs for path in sorted(folder.glob(glob))
    )


def _kept() -> Iterable[bytes]:
    """Captures that have journeys, and packets, with what is known of them."""
    for name in ("mbuf_trace-freebsd-14-loopback.pcap", "path-15.1.txt"):
        with (DATA / name).open("rb") as stream:
            found = [one for one in read_any(stream) if isinstance(one, Journey)]
        for one in found[:3]:
            made = io.BytesIO()
            list(write_snapshots([one], made))
            yield made.getvalue()
    with (DATA / "meta-15.1.txt").open("rb") as stream:
        made = io.BytesIO()
        file = PacketFile(made, Provenance(), catalog())
        for item in packets(read_output(stream), catalog()):
            if isinstance(item, Packet):
                file.write(item)
        yield made.getvalue()


def _texts(*texts: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [text.encode() for text in texts]


TARGETS = {
    "output": Target(output, _files(DATA / "captures", "*.txt")),
    "journeys": Target(journeys, _files(DATA, "*.pcap", "path*.txt", "speculated*.txt")),
    "kept": Target(journeys, _kept),
    "capture": Target(capture, _files(DATA, "*.pcap")),
    "listing": Target(listing, _files(DATA / "captures", "listing*.txt")),
    "check": Target(checked, _files(SCRIPTS, "*.d")),
    "simulate": Target(simulated, _files(SCRIPTS, "*.d")),
    "filter": Target(
        filters, _texts("tcp port 22 and ip[6:2] & 0x1fff = 0", "label:ip_*", "latency:<5ms")
    ),
    "probe": Target(probes, _texts("tcp_input", "fbt::ip*:entry", "ip*_[io]*")),
}
