# SPDX-License-Identifier: BSD-2-Clause
"""
Whose socket a packet is of: where a socket is at hand, and who is seen with it.

A socket knows its user and jail, and no release keeps a process in it. Which process has it is
learnt by its address, where one creates it, accepts it, sends on it or receives from it; of sockets
that are older than the trace, by a look at the table of open files before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dtkit.generate.text import D, string

__all__ = ["FREED", "LEARNT", "OPEN_BEFORE", "OlderSocket", "Seen", "older_sockets", "socket_of"]

#: Where a followed packet's socket is at hand, in D: the sender's, or the one that it came to.
_AT = {
    # Before 15 a sixth argument cannot be had: there it is what the thread is sending on.
    "ip_output": "`osreldate < 1500000 ? (struct socket *)self->sending : "
    "arg5 != 0 ? ((struct inpcb *)arg5)->inp_socket : NULL",
    "udp_append": "((struct inpcb *)arg0)->inp_socket",
    "udp6_append": "((struct inpcb *)arg0)->inp_socket",
    "rip_append": "((struct inpcb *)arg0)->inp_socket",
    # From 14 on a tcpcb begins with its inpcb.
    "tcp_do_segment": "`osreldate < 1400000 ? (struct socket *)arg2 : "
    "((struct inpcb *)arg0)->inp_socket",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """
    Where a process is seen with a socket.

    :ivar number: by which lines say that it was there.
    :ivar entries: of the functions, whose first argument is the socket.
    """

    number: int
    entries: D


#: What socreate() says by its second argument is the first.
CREATED = 1
LEARNT = (
    Seen(2, D("fbt::soaccept:entry")),
    Seen(3, D("fbt::sosend:entry,\nfbt::sousrsend:entry")),
    Seen(4, D("fbt::soreceive:entry")),
)
OPEN_BEFORE = 5

#: Where a socket's address is free for another one: called by sofree(), which 14 inlines.
FREED = D("fbt::sodealloc:entry")

#: As many sockets as a script takes.
_MOST = 2000


@dataclass(frozen=True, slots=True)
class OlderSocket:
    """A socket that was open before: its address, and a process that has it."""

    address: int
    pid: int
    name: str


def socket_of(function: str) -> D:
    """The socket at the entry of *function*, in D; empty where there is none."""
    return D(_AT.get(function, ""))


def older_sockets(sockets: Iterable[OlderSocket]) -> list[D]:
    """The statements that make sockets known that were open before."""
    found = []
    for one in list(sockets)[:_MOST]:
        name = string(one.name.encode("ascii", "replace").decode()[:31])
        found.append(
            D(
                f"owner[{one.address:#x}] = {one.pid}; owner_name[{one.address:#x}] = {name}; "
                f"owner_by[{one.address:#x}] = {OPEN_BEFORE};"
            )
        )
    return found
