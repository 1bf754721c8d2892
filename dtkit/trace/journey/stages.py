# SPDX-License-Identifier: BSD-2-Clause
"""
Where in the stack a function stands: driver, link, firewall, ip, transport, socket or queue.

A function is told by its name, a place in the source by its directory where the name tells nothing.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

from dtkit.trace.journey.model import Hop, Place

__all__ = ["DIRECTIONS", "STAGES", "direction_of", "last_direction_of", "stage_of"]

#: Functions of each stage, as globs; the first that matches counts.
_FUNCTIONS = {
    "queue": "netisr_queue* netisr_process* netisr_dispatch* swi_net isr_* taskqueue_*",
    "firewall": "pf_* pfil_* ipfw_* ip_fw_* dummynet* dn_* fr_check* ipf_*",
    "socket": "so[a-z]* sb[a-z]* uipc_* unp_* rts_input raw_* tcp_usr_* udp_send udp_append",
    "transport": "tcp_* tcp6_* udp_* udp6_* sctp_* syncache_* rip_* rip6_* cc_*",
    "ip": "ip_* ip6_* icmp_* icmp6_* igmp_* mld_* frag6_* in_delayed_cksum* in6_* ipsec_* esp_* "
    "ah_* ipcomp_* encap* gre_* in_gif_* in6_gif_*",
    "link": "ether_* if_* arp* in_arpinput nd6_* bridge_* vlan_* lagg_* looutput llc_* sppp_* "
    "ng_* bpf_*",
    "driver": "*_rxeof* *_txeof* *_encap *_intr* *_transmit *_start *_start_locked *_qflush "
    "iflib_* vtnet_* epair_* tun_* tap_* lagg_transmit",
}

#: Directories of each stage, below ``sys``.
_DIRECTORIES = {
    "firewall": "netpfil",
    "driver": "dev",
    "link": "net",
    "ip": "netinet netinet6 netipsec",
    "socket": "kern",
}

#: In the order in which a packet that comes in passes them, ``wire`` between two hosts; ``other``
#: is what is none of them.
STAGES = ("wire", "driver", "queue", "link", "firewall", "ip", "transport", "socket", "other")

#: Which way a packet goes, by the first function that it was seen at.
DIRECTIONS = ("in", "out", "unknown")

_OUTPUT = "*_output* *_transmit *_start* sosend* *_xmit* looutput tcp_usr_send udp_send rip_send"
_INPUT = "*_input* *_rxeof* *_demux netisr_* *_tryforward ip_forward ip6_forward *_receive"


def _any_of(globs: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{translate(glob)})" for glob in globs.split()))


_STAGES = [(stage, _any_of(globs)) for stage, globs in _FUNCTIONS.items()]
_WAYS = [("out", _any_of(_OUTPUT)), ("in", _any_of(_INPUT))]


@lru_cache(maxsize=16_384)
def stage_of(place: Place) -> str:
    """The stage that *place* belongs to, one of :data:`STAGES`."""
    for stage, matches in _STAGES:
        if matches.match(place.label):
            return stage
    top = place.group.partition("/")[0] if place.path is not None else ""
    for stage, directories in _DIRECTORIES.items():
        if top in directories.split():
            return stage
    return "other"


def direction_of(hops: tuple[Hop, ...]) -> str:
    """Which way a packet with these hops went first, one of :data:`DIRECTIONS`."""
    return next(filter(None, (_way(hop.place.label) for hop in hops)), "unknown")


def last_direction_of(hops: tuple[Hop, ...]) -> str:
    """Which way a packet with these hops went last, one of :data:`DIRECTIONS`."""
    return next(filter(None, (_way(hop.place.label) for hop in reversed(hops))), "unknown")


@lru_cache(maxsize=16_384)
def _way(label: str) -> str:
    return next((way for way, matches in _WAYS if matches.match(label)), "")
