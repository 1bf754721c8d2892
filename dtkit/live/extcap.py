# SPDX-License-Identifier: BSD-2-Clause
"""
Wireshark's extcap protocol: what it is told of our interfaces, and of what can be set for them.

Wireshark runs a program of its extcap folder with ``--extcap-interfaces`` and the like, and reads
sentences from its output; with ``--capture --fifo F`` it has packets written to F.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dtkit.program import words

__all__ = [
    "INTERFACES",
    "ExtcapInterface",
    "config",
    "dlts",
    "install",
    "install_dissector",
    "interfaces",
]

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
        ExtcapInterface("dtkit-probe", "dtkit: any probe", ("ip_input",)),
        ExtcapInterface("dtkit-path", "dtkit: the ways of packets through the kernel"),
        ExtcapInterface("dtkit-mbuf-trace", "dtkit: mbuf_trace", (), _USER0),
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
    if interface.value == "dtkit-probe":
        arguments.append(
            _Argument("--point", "Probe", "string", "As `dtkit probes` lists them", {}, "ip_input")
        )
    if interface.value == "dtkit-path":
        arguments.append(
            _Argument("--preset", "Functions", "selector", "Which to look at", presets, "default")
        )
    if interface.value != "dtkit-mbuf-trace":
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
