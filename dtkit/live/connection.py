# SPDX-License-Identifier: BSD-2-Clause
"""
The connection by which another host is traced: its own packets are not to be among those shown.

Each packet that is shown there would come here in one more packet, which passes the probes as well.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from dataclasses import dataclass

from dtkit.live.dtrace import shell_output
from dtkit.live.host import Host
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, compile_filter

__all__ = ["Connection", "own_connection"]

_SSH = 22


@dataclass(frozen=True, slots=True)
class Connection:
    """
    A connection of ssh(1), as the other host sees it.

    :ivar client: address that it comes from: of this host, or of what is between.
    :ivar server: address that it goes to.
    :ivar port: of sshd(8).
    """

    client: ipaddress.IPv4Address | ipaddress.IPv6Address
    server: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    def __str__(self) -> str:
        return f"tcp port {self.port} and host {self.client}"

    def excluded(self, expression: str) -> str:
        """
        *expression*, a pcap filter, without the packets of this connection.

        It stays as it is where it passes none of them, and where it asks for that port.
        """
        names = f"{self.port}|ssh" if self.port == _SSH else f"{self.port}"
        if re.search(rf"\bport\s+(?:{names})\b", expression) or not self._passes(expression):
            return expression
        other = f"not ({self})"
        return f"({expression}) and {other}" if expression else other

    def _passes(self, expression: str) -> bool:
        if not expression:
            return True
        try:
            program = compile_filter(expression, LinkType.RAW)
        except FilterError:
            return False  # which is said by whoever takes it
        return any(program.matches(packet) for packet in self._packets())

    def _packets(self) -> list[bytes]:
        """A segment each way; the client's port may be any."""
        found = []
        for source, target, ports in (
            (self.client, self.server, (50000, self.port)),
            (self.server, self.client, (self.port, 50000)),
        ):
            tcp = struct.pack(">HHIIBBHHH", *ports, 1, 1, 0x50, 0x18, 1024, 0, 0) + bytes(40)
            if source.version == 4:
                length = 20 + len(tcp)
                head = struct.pack(">BBHHHBBH", 0x45, 0, length, 1, 0x4000, 64, 6, 0)
            else:
                head = struct.pack(">IHBB", 0x60000000, len(tcp), 6, 64)
            found.append(head + source.packed + target.packed + tcp)
        return found


def own_connection(host: Host) -> Connection | None:
    """
    The connection by which *host* is reached; None where it is not known.

    :raises DtraceError: it cannot be reached.
    """
    if host.name is None:
        return None
    # As the user: sudo(8) would not hand the variable on.
    said = shell_output('printf "\\n%s\\n" "$SSH_CONNECTION"\n', Host(host.name))
    for line in said.decode("ascii", "replace").splitlines():
        words = line.split()
        if len(words) != 4 or not re.fullmatch("[0-9]{1,5}", words[3]):
            continue
        try:
            client, server = (ipaddress.ip_address(words[n].partition("%")[0]) for n in (0, 2))
        except ValueError:
            continue
        if client.version == server.version:
            return Connection(client, server, int(words[3]))
    return None
