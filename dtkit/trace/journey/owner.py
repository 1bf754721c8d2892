# SPDX-License-Identifier: BSD-2-Clause
"""Whose socket a packet is of: user and jail, which it knows, and the process that has it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KNOWN", "Owner"]

#: How a process is known, as lines about sockets number it.
KNOWN = {
    1: "it created the socket",
    2: "it accepted the connection",
    3: "it sent on the socket",
    4: "it received from the socket",
    5: "it had the socket before the trace",
}


class Owner(NamedTuple):
    """
    Who has a socket.

    :ivar delivered: whether the packet came to the socket; else it was sent on it.
    :ivar process: as ``name[pid]``; empty if it is not known.
    :ivar user: id; None if unknown.
    :ivar jail: by name, or id; empty for the host.
    :ivar known: how the process is known, of :data:`KNOWN`; 0 where it is not.
    """

    delivered: bool
    process: str
    user: int | None
    jail: str
    known: int

    def __str__(self) -> str:
        """``sent by nc[125]: user 0, jail alpha, known because it sent on the socket``."""
        said = [] if self.user is None else [f"user {self.user}"]
        if self.jail:
            said.append(f"jail {self.jail}")
        if self.known in KNOWN:
            said.append(f"known because {KNOWN[self.known]}")
        role = "delivered to" if self.delivered else "sent by"
        who = self.process or "a process that was not seen"
        return f"{role} {who}: {', '.join(said)}" if said else f"{role} {who}"
