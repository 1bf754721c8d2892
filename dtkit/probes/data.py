# SPDX-License-Identifier: BSD-2-Clause
"""What there is at a probe, and which way it is going."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Data", "Direction"]


class Data(StrEnum):
    """What the data of a probe's mbuf starts with."""

    ETHERNET = "ethernet"
    NETWORK = "network"  #: IPv4, IPv6 or a bare ARP
    IP = "ip"  #: IPv4 or IPv6, told by the version nibble
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way packets are going at a probe."""

    IN = "in"
    OUT = "out"
    FORWARD = "forward"
    ANY = "any"
