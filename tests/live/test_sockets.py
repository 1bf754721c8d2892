# SPDX-License-Identifier: BSD-2-Clause
"""Which process has which socket: the kernel's table of open files."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from dtkit.generate.sockets import OlderSocket
from dtkit.live.host import Host
from dtkit.live.sockets import open_sockets, sockets_in

SOCKET, VNODE = 2, 1
NAMES = b"    1 init\n  98 nc\n 4321 a name\n   -  what\n"


def file(pid: int, kind: int, address: int, size: int = 128) -> bytes:
    return struct.pack("<Qi20xh22xQ", size, pid, kind, address).ljust(size, b"\0")


def test_sockets_of_a_table() -> None:
    table = b"".join(
        [
            file(1, VNODE, 0x1000),
            file(98, SOCKET, 0x2000),
            file(98, SOCKET, 0x3000, 136),  # a later kernel may have longer entries
            file(4321, SOCKET, 0x2000),  # the same one, in another process
            file(4321, SOCKET, 0x4000),
            file(7, SOCKET, 0x5000),
            file(7, SOCKET, 0),
        ]
    )
    assert list(sockets_in(table, NAMES)) == [
        OlderSocket(0x2000, 98, "nc"),
        OlderSocket(0x3000, 98, "nc"),
        OlderSocket(0x4000, 4321, "a name"),
        OlderSocket(0x5000, 7, "?"),
    ]
    assert list(sockets_in(table[:-1], NAMES)) == list(sockets_in(table, NAMES))


def test_the_host_is_asked() -> None:
    asked = []

    def output(command: str, host: Host) -> bytes:
        asked.append((command, host))
        return file(98, SOCKET, 0x2000) if "kern.file" in command else NAMES

    assert open_sockets(Host("router"), output) == (OlderSocket(0x2000, 98, "nc"),)
    assert [command.split()[0] for command, _ in asked] == ["sysctl", "ps"]
    assert {host for _, host in asked} == {Host("router")}


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_bytes_do(table: bytes, names: bytes) -> None:
    for one in sockets_in(table, names):
        assert one.pid > 0
