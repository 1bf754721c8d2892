# SPDX-License-Identifier: BSD-2-Clause
"""Which process has which socket on a host, by its table of open files."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from dtkit.generate.sockets import OlderSocket
from dtkit.live.dtrace import shell_output
from dtkit.live.host import Host

__all__ = ["open_sockets", "sockets_in"]

#: struct xfile of sys/file.h: its size, pid, type of the descriptor, and address of what it is for.
_FILE = struct.Struct("<Qi20xh22xQ")
_SOCKET = 2  # DTYPE_SOCKET


def open_sockets(
    host: Host, output: Callable[[str, Host], bytes] = shell_output
) -> tuple[OlderSocket, ...]:
    """
    The sockets that are open on *host*, each with the first process that has it. Root asks.

    :raises DtraceError: it cannot be asked.
    """
    table = output("sysctl -b kern.file", host)
    names = output("ps -axo pid= -o comm=", host)
    return tuple(sockets_in(table, names))


def sockets_in(table: bytes, names: bytes) -> Iterator[OlderSocket]:
    """
    The sockets in what ``sysctl -b kern.file`` and ``ps -axo pid= -o comm=`` print: any bytes do.
    """
    programs = {}
    for line in names.decode("utf-8", "replace").splitlines():
        pid, _, name = line.strip().partition(" ")
        if pid.isascii() and pid.isdecimal():
            programs[int(pid[:9])] = name.strip()
    at, met = 0, set()
    while at + _FILE.size <= len(table):
        size, pid, kind, address = _FILE.unpack_from(table, at)
        if size < _FILE.size:
            return
        at += size
        if kind == _SOCKET and pid > 0 and address and address not in met:
            met.add(address)
            yield OlderSocket(address, pid, programs.get(pid, "?"))
