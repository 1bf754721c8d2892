# SPDX-License-Identifier: BSD-2-Clause
"""
Wireshark's extcap protocol: what it is told of our interfaces, and of what can be set for them.

Wireshark runs a program of its extcap folder with ``--extcap-interfaces`` and the like, and reads
sentences from its output; with ``--capture --fifo F`` it has packets written to F: those that a
script of ours sees, as they come.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dtkit.generate.functions import choose, known_functions
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.generate.script import script
from dtkit.oddity import Oddity
from dtkit.output import Drop, Fault, Notice, packets, read_runs
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog
from dtkit.probes.points import shipped_catalog
from dtkit.program import words
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path
from dtkit.trace.views.convert import write_snapshots

__all__ = [
    "INTERFACES",
    "MBUF_TRACE",
    "ExtcapInterface",
    "Said",
    "config",
    "dlts",
    "install",
    "install_dissector",
    "interfaces",
    "script_of",
    "write_capture",
]

#: Interfaces that are no probe: what tcpdump(1) reads there, journeys, and any probe.
MBUF_TRACE = "dtkit-mbuf-trace"
_PATH = "dtkit-path"
_PROBE = "dtkit-probe"

_ETHERNET = (1, "EN10MB", "Ethernet")
_RAW = (101, "RAW", "Raw IP")
_USER0 = (147, "USER0", "mbuf_trace")


@dataclass(frozen=True, slots=True)
class ExtcapInterface:
    """
    An interface that Wireshark can capture from.

    :ivar value: its name there.
    :ivar display: what it shows.
    :ivar probes: whose packets it has; empty for ``path`` and ``mbuf_trace``.
    :ivar dlt: number, name and words of a link type.
    """

    value: str
    display: str
    probes: tuple[str, ...] = ()
    dlt: tuple[int, str, str] = _RAW


#: In the order in which Wireshark lists them.
INTERFACES = {
    one.value: one
    for one in (
        ExtcapInterface("dtkit-ip", "dtkit: IP in and out", ("ip_input", "ip_output")),
        ExtcapInterface("dtkit-ip-input", "dtkit: IP in", ("ip_input", "ip6_input")),
        ExtcapInterface("dtkit-ip-output", "dtkit: IP out", ("ip_output", "ip6_output")),
        ExtcapInterface("dtkit-tcp-input", "dtkit: TCP in", ("tcp_input", "tcp6_input")),
        ExtcapInterface("dtkit-udp-input", "dtkit: UDP in", ("udp_input", "udp6_input")),
        ExtcapInterface("dtkit-ether-input", "dtkit: frames in", ("ether_input",), _ETHERNET),
        ExtcapInterface(_PROBE, "dtkit: any probe", ("ip_input",)),
        ExtcapInterface(_PATH, "dtkit: the ways of packets through the kernel"),
        ExtcapInterface(MBUF_TRACE, "dtkit: mbuf_trace", (), _USER0),
    )
}


@dataclass(frozen=True, slots=True)
class _Argument:
    """What can be set in Wireshark's dialog."""

    call: str
    display: str
    kind: str
    tooltip: str
    choices: Mapping[str, str] = field(default_factory=dict)
    default: str = ""


def _sentence(what: str, **values: str | int) -> str:
    safe = {key: str(value).translate({0x7B: 0x28, 0x7D: 0x29}) for key, value in values.items()}
    return f"{what} " + "".join(f"{{{key}={value}}}" for key, value in safe.items())


def interfaces(version: str) -> Iterator[str]:
    """The sentences on all interfaces."""
    yield _sentence("extcap", version=version, display="dtkit")
    for one in INTERFACES.values():
        yield _sentence("interface", value=one.value, display=one.display)


def dlts(interface: ExtcapInterface) -> Iterator[str]:
    """The sentence on what packets start with; each is told in the capture as well."""
    number, name, display = interface.dlt
    yield _sentence("dlt", number=number, name=name, display=display)


def config(interface: ExtcapInterface, presets: Mapping[str, str]) -> Iterator[str]:
    """
    The sentences on what can be set.

    :param presets: names of sets of functions, and what is said of them.
    """
    arguments = [
        _Argument("--host", "Host", "string", "Run dtrace(1) there, by ssh; empty for this host"),
        _Argument(
            "--as",
            "Become root by",
            "selector",
            "Without asking for a password: Wireshark has no terminal",
            {"": "nothing", "sudo": "sudo", "doas": "doas"},
        ),
    ]
    if interface.value == _PROBE:
        arguments.append(
            _Argument("--point", "Probe", "string", "As `dtkit probes` lists them", {}, "ip_input")
        )
    if interface.value == _PATH:
        arguments.append(
            _Argument("--preset", "Functions", "selector", "Which to look at", presets, "default")
        )
    if interface.value != MBUF_TRACE:
        arguments.append(
            _Argument("--length", "Bytes", "unsigned", "Bytes of each packet", {}, "128")
        )
    for number, one in enumerate(arguments):
        values = {"call": one.call, "display": one.display, "type": one.kind}
        if one.default and not one.choices:
            values["default"] = one.default
        yield _sentence("arg", number=number, **values, tooltip=one.tooltip)
        for value, display in one.choices.items():
            default = "true" if value == one.default else "false"
            yield _sentence("value", arg=number, value=value, display=display, default=default)


def script_of(
    interface: ExtcapInterface, filter_: str, probe: str, preset: str, length: int
) -> tuple[str, list[str]]:
    """
    The script whose output is captured, and what is to be said of it.

    :param probe: that of the interface for any probe.
    :param preset: the functions of the interface for journeys.
    :param length: bytes of each packet.
    :raises UnknownProbeError: no probe is called so.
    :raises PathError: there is nothing to look at.
    :raises ValueError: something else cannot be asked for, the filter for one.
    """
    if interface.value == _PATH:
        functions = choose(known_functions(catalog()), preset)
        return path_script(functions, PathRequest(filter_, length))[0], []
    names = [probe] if interface.value == _PROBE else list(interface.probes)
    found = [one for name in names for one in catalog().match(name)]
    conditions = Conditions(filter=filter_)
    return script(found, Request(length, copy=Copy.SEGMENTS, annotate=True, conditions=conditions))


#: What dtrace(1) says beside packets, and what is odd.
Said = Oddity | Fault | Drop | Notice


def write_capture(
    interface: ExtcapInterface, stream: BinaryIO, sink: BinaryIO, say: Callable[[Said], None]
) -> None:
    """
    Write what the script of an interface prints as a capture, each packet at once.

    :param stream: the output of dtrace(1).
    :param say: is called with whatever there is to say.
    :raises OSError: one of both streams fails.
    """
    if interface.value == _PATH:
        for _ in write_snapshots(_journeys(stream, say), sink):
            sink.flush()
        return
    file = PacketFile(sink, Provenance(), shipped_catalog())
    file.close()  # Wireshark waits for the beginning
    sink.flush()
    for item in packets(read_runs(stream), shipped_catalog()):
        if isinstance(item, Packet):
            file.write(item)
        elif isinstance(item, PacketRun):
            file.write_run(item)
        else:
            if isinstance(item, Said) and not (isinstance(item, Notice) and item.began):
                say(item)
            continue
        sink.flush()


def _journeys(stream: BinaryIO, say: Callable[[Said], None]) -> Iterator[Journey]:
    for item in read_path(stream):
        if isinstance(item, Oddity):
            say(item)
        else:
            yield item


def install(folder: Path | None = None) -> Path:
    """
    Put a program there that speaks for us.

    :param folder: where; without it, where Wireshark says that it looks.
    :return: the program.
    :raises OSError: it cannot be written.
    """
    folder = folder or _wanted()
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "dtkit-extcap"
    command = shlex.join([*words(), "extcap"])
    program.write_text(f'#!/bin/sh\n# Written by dtkit extcap --install.\nexec {command} "$@"\n')
    program.chmod(0o755)
    return program


def install_dissector(text: str, name: str, folder: Path | None = None) -> Path:
    """
    Put a dissector in Lua where Wireshark loads it from.

    :param name: of the file.
    :param folder: where; without it, where Wireshark says that it looks.
    :return: the file.
    :raises OSError: it cannot be written.
    """
    where = _folders().get("personal lua plugins", Path.home() / ".local/lib/wireshark/plugins")
    folder = folder or where
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def _wanted() -> Path:
    """Where Wireshark looks for programs of the user's own; else where it looks for any."""
    found = _folders()
    for name in ("personal extcap path", "extcap path"):
        if name in found and (name.startswith("personal") or os.access(found[name], os.W_OK)):
            return found[name]
    return Path.home() / ".local/lib/wireshark/extcap"


def _folders() -> dict[str, Path]:
    """The folders of Wireshark's, by what it calls them; none where it is not installed."""
    found = {}
    if shutil.which("tshark"):
        said = subprocess.run(
            ["tshark", "-G", "folders"], capture_output=True, text=True, check=False
        ).stdout
        for line in said.splitlines():
            name, _, path = line.partition(":")
            found[name.strip().lower()] = Path(path.strip())
    return found
