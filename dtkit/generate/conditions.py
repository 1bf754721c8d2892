# SPDX-License-Identifier: BSD-2-Clause
"""Conditions as D, for one probe: expressions of a predicate, behind ``this->m != NULL``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dtkit.foreign import encoded
from dtkit.generate.request import Conditions
from dtkit.generate.text import D, string
from dtkit.mbuf.flags import MFlag
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Program, compile_filter
from dtkit.probes import Data, Probe
from dtkit.probes.data import Direction

#: IFNAMSIZ and MAXCOMLEN, less the NUL.
_LONGEST_INTERFACE = 15
_LONGEST_EXECNAME = 19

#: CSUM_SND_TAG: the place of rcvif holds a send tag.
SEND_TAG = 0x80000000

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{1,16}")

_LINKTYPES = {
    Data.ETHERNET: LinkType.ETHERNET,
    Data.NETWORK: LinkType.RAW,
    Data.IP: LinkType.RAW,
    Data.IPV4: LinkType.IPV4,
    Data.IPV6: LinkType.IPV6,
}


class ConditionError(ValueError):
    """
    A condition that cannot be had at a probe, or that is no condition; ``str()`` says which.

    :ivar field: of :class:`Conditions`; empty where it is more than one.
    :ivar text: what is wrong with it.
    """

    def __init__(self, field: str, text: str) -> None:
        self.field, self.text = field, text
        super().__init__(f"{field} {text}" if field else text)


def gates(probe: Probe, conditions: Conditions) -> Iterator[D]:
    """
    What must hold for a firing, cheapest first; none of it can fault on a sound mbuf.

    :raises ConditionError: a condition cannot be had at *probe*.
    """
    if conditions.pid is not None:
        yield D(f"pid == {conditions.pid}")
    if conditions.execname:
        if len(conditions.execname.encode("utf-8", "surrogateescape")) > _LONGEST_EXECNAME:
            raise ConditionError(
                "execname",
                f"{conditions.execname!r}: the kernel keeps {_LONGEST_EXECNAME} bytes of a "
                "program's name",
            )
        yield D(f"execname == {_literal('execname', conditions.execname)}")
    if conditions.vnet:
        yield _vnet(conditions.vnet)
    if conditions.interface:
        yield from _interface(probe, conditions.interface)
    if conditions.sample is not None and conditions.sample > 1:
        yield D(f"rand() % {conditions.sample} == 0")


def _literal(field: str, text: str) -> D:
    try:
        return string(text)
    except ValueError as error:
        raise ConditionError(field, f"{text!r}: {error}") from error


def _vnet(text: str) -> D:
    if text == "host":
        return D("curthread->td_vnet == `vnet0")
    if not _ADDRESS.fullmatch(text):
        raise ConditionError(
            "vnet",
            f"{text!r} is neither `host` nor an address such as 0xfffff80003456780; "
            "`dtkit script vnets` shows them",
        )
    return D(f"(uint64_t)curthread->td_vnet == {text.lower()}")


def _interface(probe: Probe, name: str) -> Iterator[D]:
    if len(encoded(name)) > _LONGEST_INTERFACE:
        raise ConditionError(
            "interface",
            f"{name!r}: names of interfaces have {_LONGEST_INTERFACE} bytes at most",
        )
    if probe.interface is not None:
        # Each of them is NULL at times (bpf_mtap before attach, pf's loopback).
        interface = probe.interface_pointers[-1]
        for pointer in probe.interface_pointers:
            yield D(f"{pointer} != NULL")
    elif probe.direction is Direction.OUT:
        raise ConditionError(
            "interface",
            f"{name!r}: {probe} does not know its interface yet; "
            "use ether_output, bpf_mtap or pf_test",
        )
    else:
        # NULL for packets made here; on output the same bytes hold a send tag.
        interface = "this->m->m_pkthdr.rcvif"
        yield D(f"(this->m->m_flags & {MFlag.PKTHDR:#x}) != 0")
        if probe.direction is Direction.ANY:
            yield D(f"(this->m->m_pkthdr.csum_flags & {SEND_TAG:#x}) == 0")
        yield D(f"{interface} != NULL")
    yield D(f"stringof({interface}->if_xname) == {_literal('interface', name)}")


def starts_with(probe: Probe, conditions: Conditions) -> LinkType | None:
    """What packets at *probe* start with, as far as it is known or said."""
    return _LINKTYPES.get(probe.data) or conditions.linktype


def packet_filter(probe: Probe, conditions: Conditions) -> Program | None:
    """
    The filter, compiled for what packets at *probe* start with.

    :return: None where no filter is asked for.
    :raises ConditionError: libpcap refuses it there (its words), or it is not known what packets
        start with.
    """
    if not conditions.filter:
        return None
    linktype = starts_with(probe, conditions)
    if linktype is None:
        raise ConditionError(
            "filter",
            f"at {probe}: it is not known what packets start with there; say it by a linktype: "
            "ethernet, raw, ipv4 or ipv6",
        )
    try:
        return compile_filter(conditions.filter, linktype)
    except FilterError as error:
        raise ConditionError("", f"{error} (at {probe}, link type {linktype.name})") from error
