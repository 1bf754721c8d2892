# SPDX-License-Identifier: BSD-2-Clause
"""
The front door: what a program of one's own asks first, in a call each.

These hand out packets and journeys and nothing between them. What else was read is not lost
without a word: it goes to *other*, which by default warns of what was dropped, faulty or odd.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, BinaryIO

import dtkit.freebsd
import dtkit.generate.script
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.oddity import Oddity
from dtkit.output import Drop, Event, Fault, packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Journey

__all__ = ["InputWarning", "read_journeys", "read_packets", "script"]


class InputWarning(UserWarning):
    """Something in an input is no packet and no journey, and says that there is less of them."""


def warn(item: Event | Oddity) -> None:
    """Warn of drops, faults and oddities; of firings, text and notices there is nothing to say."""
    if isinstance(item, Drop | Fault | Oddity):
        warnings.warn(str(item), InputWarning, stacklevel=3)


def read_packets(
    stream: BinaryIO, other: Callable[[Event | Oddity], object] = warn
) -> Iterator[Packet]:
    """
    The packets in what dtrace(1) printed: text or JSON, annotated or not, or a plain hexdump.

    :param stream: binary, such as ``open(name, "rb")`` or ``sys.stdin.buffer``; need not seek. It
        is read as packets are taken, in bounded memory.
    :param other: is called with everything else that was read, in order.
    :raises OSError: *stream* cannot be read. Bad input raises nothing.

    >>> import io
    >>> printed = b"00000000: 4500 0014 0000 0000 4011 0000 0a00 0001  E.......@......."
    >>> [packet] = read_packets(io.BytesIO(printed))
    >>> packet.data[9]
    17
    """
    for item in packets(read_output(stream), catalog()):
        if isinstance(item, Packet):
            yield item
        else:
            other(item)


def read_journeys(
    stream: BinaryIO, other: Callable[[Event | Oddity], object] = warn
) -> Iterator[Journey]:
    """
    The journeys in a capture of mbuf_trace (pcap, pcapng), or in what a script of ``dtkit path``
    printed.

    :param stream: binary; need not seek. It is read as journeys are taken, in bounded memory.
    :param other: is called with each :class:`~dtkit.oddity.Oddity`.
    :raises OSError: *stream* cannot be read. Bad input raises nothing.
    """
    for item in read_any(stream):
        if isinstance(item, Journey):
            yield item
        else:
            other(item)


_CONDITIONS = {one.name for one in fields(Conditions)}
_REQUEST = {one.name for one in fields(Request)} - {"conditions", "annotate"}


def script(*names: str, release: int | str | None = None, **options: Any) -> str:
    """
    The D script that shows packets at probes, as ``dtkit script`` prints it.

    :param names: descriptions, functions or globs of probes in the catalog.
    :param release: the FreeBSD that it is for, ``"15"``; without it, the script is for every one.
    :param options: fields of :class:`~dtkit.generate.request.Request` and of
        :class:`~dtkit.generate.request.Conditions`: ``length=128``, ``filter="tcp port 22"``.
    :raises UnknownReleaseError: there is no such release.
    :raises UnknownProbeError: no probe is called so.
    :raises ValueError: what is asked for cannot be had there.
    :raises TypeError: there is no such option.

    >>> "tcp_input" in script("tcp_input", filter="port 22", length=128)
    True
    """
    unknown = sorted(options.keys() - _CONDITIONS - _REQUEST)
    if unknown:
        known = ", ".join(sorted(_CONDITIONS | _REQUEST))
        raise TypeError(f"script() has no option {unknown[0]!r}; it has {known}")
    chosen = {name: value for name, value in options.items() if name in _REQUEST}
    chosen["copy"] = Copy(chosen.get("copy", Copy.SEGMENTS))
    conditions = Conditions(**{name: options[name] for name in options.keys() & _CONDITIONS})
    there = catalog(None if release is None else dtkit.freebsd.release(str(release)))
    probes = list({str(probe): probe for name in names for probe in there.match(name)}.values())
    request = Request(annotate=True, conditions=conditions, **chosen)
    text, notes = dtkit.generate.script.script(probes, request)
    for note in notes:
        warnings.warn(note, InputWarning, stacklevel=2)
    return text
