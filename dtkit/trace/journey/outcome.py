# SPDX-License-Identifier: BSD-2-Clause
"""
What became of a packet: delivered, dropped, or just freed, by who freed it and what was returned.

The kernel does not say it anywhere, so it is read off: a function that returns an error has
dropped the packet it was given; one that only looks at packets or passes them on and frees one has
dropped it; one that takes data out of a packet and frees it has delivered it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from dtkit.freebsd.values import ERRNO, PF_DROPS, PF_VERDICTS, WAITING

__all__ = [
    "ENDS",
    "end_of",
    "freed_by",
    "function_in",
    "refused",
    "unnamed",
    "value_in_words",
    "who_freed",
]

#: How a packet can end, as outcomes begin.
ENDS = ("dropped", "lost", "delivered", "freed", "still in the kernel")

#: What pfil(9) has from FreeBSD 13 on; before, it was an errno.
_PFIL = {0: "PFIL_PASS", 1: "PFIL_DROPPED", 2: "PFIL_CONSUMED", 3: "PFIL_REALLOCED"}

#: Functions that free one mbuf or a chain of them, whoever asks for it.
_FREEING = ("m_free", "m_freem", "mb_free_*", "mb_dtor_*", "uma_*", "m_freem_list", "zone_*")

#: Functions that free what they have used.
_TAKERS = (
    "so*receive*", "soreceive*", "sbcut*", "sbdrop*", "sbflush*", "sbcompress", "sbappend*",
    "sorflush*", "sbrelease*", "tcp_do_segment", "tcp_twcheck", "tcp_reass*", "icmp_input",
    "icmp6_input", "icmp_reflect", "in_arpinput", "arpintr", "nd6_*_input", "igmp_input",
    "mld_input", "rts_input", "unp_*", "uipc_*", "*_txeof*", "*_txintr*", "*_encap", "tunread",
    "tapread", "syncache_*", "tcp_m_*", "mld_*", "rip_append", "vtnet_txq_*", "tcp_discardcb",
    "bstp_input", "carp_*", "lacp_input",
)  # fmt: skip

#: Functions that pass packets on, and free those that they do not.
_PASSERS = (
    "ip_input", "ip6_input", "ip_forward", "ip6_forward", "ip_tryforward", "ip_output",
    "ip6_output", "ether_*", "if_input", "ifdead_*", "looutput", "if_simloop", "udp_input",
    "udp6_input", "tcp_input", "netisr_*", "pf_*", "pfil_*",
    "ipfw_*", "dummynet_*", "dn_*", "arpresolve*", "nd6_*", "bridge_*", "vlan_*", "lagg_*",
    "icmp_error", "icmp6_error", "ip_reass*", "frag6_*", "ip_fragment", "*_transmit", "*_start*",
    "*_qflush*", "encap*_input", "in_gif_*", "gre_*",
)  # fmt: skip

_FRAME = re.compile(r"(?:[^`]+`)?([^+`]+)(?:\+0x[0-9a-f]+)?")


@lru_cache(maxsize=4096)
def end_of(outcome: str) -> tuple[str, str]:
    """How it ended in a word, and what else *outcome* says: ``("dropped", "pf_test ...")``.

    :return: both empty where it is not known.
    """
    for end in ENDS:
        if outcome.startswith(end):
            return end, outcome[len(end) :].lstrip(": ")
    end, _, reason = outcome.partition(": ")
    return end, reason


#: The function in a reason: ``pf_test returned PF_DROP``, ``freed by ip_input+0x12``.
_FUNCTION = re.compile(r"(?:freed )?by (?:[^`\s]*`)?([\w.]+)|([\w.]+) returned\b|([\w.]+): ")


def function_in(reason: str) -> str:
    """The function that *reason* (of :func:`end_of`) names; empty if it names none."""
    found = _FUNCTION.search(reason)
    return next(filter(None, found.groups()), "") if found else ""


def value_in_words(kind: str, value: int) -> str:
    """
    A function's value for people.

    :param kind: ``errno``, ``pf``, ``pfil``, ``reject``, or empty where it is not known what it is.
    :param value: as the register had it, 64 bits.
    """
    number = _int(value)
    if kind == "pf":
        return PF_VERDICTS.get(number, str(number))
    if kind == "pfil" and number in _PFIL:
        return _PFIL[number]
    if kind == "reject":
        return "REJECTED" if number else "0"
    if kind in ("errno", "pfil"):
        return ERRNO.get(number, str(number))
    return str(value) if abs(value) < 1 << 31 else f"{value & (1 << 64) - 1:#x}"


def refused(kind: str, value: int) -> bool:
    """Whether the value says that the packet was dropped."""
    number = _int(value)
    if kind == "pf":
        return number in PF_DROPS
    if kind == "pfil" and number in _PFIL:
        return _PFIL[number] == "PFIL_DROPPED"
    if kind == "reject":
        return number != 0
    return kind in ("errno", "pfil") and number in ERRNO and number not in WAITING


#: Functions that free what a firewall refuses.
_REFUSERS = (
    "pf_*", "ipfw_*", "pfil_*", "ipf_*", "fr_check*", "ip_output", "ip6_output", "ip_input",
    "ip6_input", "ip_forward", "ip6_forward", "ip_tryforward", "ip6_tryforward", "ether_*",
    "bridge_*",
)  # fmt: skip

#: EACCES and EPERM: what a firewall's refusal becomes.
_REFUSALS = (1, 13)


def sent_on(kind: str, value: int, freed_by: str) -> bool:
    """
    Whether a refusal is none: pf has sent the packet on itself, as by route-to.

    It then says PF_DROP as well, which those that asked it pass on, and others free the packet.

    :param kind: of the *value*, which :func:`refused` takes for a refusal.
    :param freed_by: the function that freed the packet; empty where that is not known.
    """
    said = kind in ("pf", "pfil") or (kind == "errno" and _int(value) in _REFUSALS)
    return said and bool(freed_by) and not _matches(freed_by, _REFUSERS)


def _int(value: int) -> int:
    """An int of C in a register: its low 32 bits."""
    number = value & 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def unnamed(frames: Iterable[str]) -> str:
    """
    The frame of a function that had the mbuf freed and has no name: its address, or empty.

    dtrace(1) names what was loaded when it began.
    """
    for frame in frames:
        if frame.startswith("0x"):
            return frame
        match = _FRAME.fullmatch(frame)
        if not _matches(match[1] if match else frame, _FREEING):
            break
    return ""


def who_freed(frames: Iterable[str]) -> tuple[str, str]:
    """
    Who had the mbuf freed; above functions that have no name, who called them.

    :param frames: of the stack at the free, innermost first.
    :return: the function, and its frame; both empty where the stack does not tell.
    """
    for frame in frames:
        match = _FRAME.fullmatch(frame)
        name = match[1] if match else frame
        if not frame.startswith("0x") and not _matches(name, _FREEING):
            return name, frame
    return "", ""


def freed_by(function: str, frame: str) -> str:
    """What it means that *function* freed a packet."""
    where = frame.rpartition("`")[2]
    if not function:
        return "freed"
    if _matches(function, _TAKERS):
        return f"delivered: freed by {where}"
    if _matches(function, _PASSERS):
        return f"dropped: freed by {where}"
    return f"freed by {where}"


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
