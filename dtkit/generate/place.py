# SPDX-License-Identifier: BSD-2-Clause
"""Where and by whom a packet has to be seen to be followed: conditions on the gates of a path."""

from __future__ import annotations

from dataclasses import dataclass

from dtkit.foreign import encoded
from dtkit.generate.conditions import SEND_TAG, gates
from dtkit.generate.functions import Function, PathError
from dtkit.generate.request import Conditions
from dtkit.generate.text import D, string
from dtkit.mbuf.flags import MFlag
from dtkit.probes import catalog

__all__ = ["DIRECTIONS", "PlaceRequest"]

#: At which gates packets of a direction are chosen: where they come in, or where they leave.
DIRECTIONS = {
    "in": ("ether_input", "ip_input", "ip6_input"),
    "out": ("ether_output", "ether_output_frame", "looutput", "ip_output", "ip6_output"),
}

#: As long as the kernel keeps the name of a jail.
_LONGEST_JAIL = 255


@dataclass(frozen=True, slots=True)
class PlaceRequest:
    """
    Where and by whom; what is None or empty asks for nothing.

    :ivar interface: the interface that a packet is at where it is chosen.
    :ivar vnet: the network stack at work: ``host``, or the address of a ``struct vnet``.
    :ivar jail: the jail, by name or number, whose network stack that is.
    :ivar execname: the program on the CPU.
    :ivar pid: its process.
    :ivar direction: of :data:`DIRECTIONS`, or empty for both.
    """

    interface: str = ""
    vnet: str = ""
    jail: str = ""
    execname: str = ""
    pid: int | None = None
    direction: str = ""

    def allows(self, gate: str) -> bool:
        """Whether packets are chosen at *gate*."""
        return not self.direction or gate in DIRECTIONS[self.direction]

    @property
    def found(self) -> D:
        """Whether the jail in ``this->child`` is the one, in D; empty where none is asked for."""
        if not self.jail:
            return D("")
        if self.jail.isascii() and self.jail.isdecimal() and len(self.jail) < 10:
            return D(f"this->child->pr_id == {int(self.jail)}")
        if len(encoded(self.jail)) > _LONGEST_JAIL:
            raise PathError(f"jail {self.jail!r}: a name has {_LONGEST_JAIL} bytes at most")
        try:
            return D(f"stringof(this->child->pr_name) == {string(self.jail)}")
        except ValueError as error:
            raise PathError(f"jail {self.jail!r}: {error}") from error

    def at(self, function: Function) -> list[D]:
        """
        What has to hold at the entry of *function*, where ``this->m`` is not NULL.

        :raises ConditionError: a name is none.
        """
        asked = Conditions(vnet=self.vnet, execname=self.execname, pid=self.pid)
        needed = list(gates(catalog()["ip_input"], asked))
        if self.jail:
            needed.append(D("(uint64_t)curthread->td_vnet == wanted_vnet"))
        given = function.interface_argument
        interface = f"((struct ifnet *){given})" if given else "this->m->m_pkthdr.rcvif"
        if given and (self.vnet or self.jail):
            # A driver's interrupt is in no vnet yet, but its interface is.
            needed = [
                D(one.replace("curthread->td_vnet", f"{interface}->if_vnet")) for one in needed
            ]
            needed.insert(0, D(f"{interface} != NULL"))
        if self.interface:
            named = Conditions(interface=self.interface)
            (*_, test) = gates(catalog()["ether_input"], named)
            if not given:
                # NULL for packets made here; on output the same bytes hold a send tag.
                needed.append(D(f"(this->m->m_flags & {MFlag.PKTHDR:#x}) != 0"))
                needed.append(D(f"(this->m->m_pkthdr.csum_flags & {SEND_TAG:#x}) == 0"))
            needed.append(D(f"{interface} != NULL"))
            needed.append(D(test.replace("args[0]->", f"{interface}->")))
        return needed
