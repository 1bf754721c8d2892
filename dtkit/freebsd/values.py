# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel's functions return, by number: errors, and verdicts of pf(4)."""

from __future__ import annotations

__all__ = ["ERRNO", "PF_DROPS", "PF_VERDICTS", "WAITING"]

#: FreeBSD's errno(2), as the network stack uses it.
ERRNO = {
    1: "EPERM, operation not permitted",
    2: "ENOENT, no such thing",
    5: "EIO, input/output error",
    6: "ENXIO, device not configured",
    12: "ENOMEM, cannot allocate memory",
    13: "EACCES, permission denied: a firewall refused it",
    16: "EBUSY, device busy",
    17: "EEXIST, it exists",
    19: "ENODEV, not supported by the device",
    22: "EINVAL, invalid argument",
    32: "EPIPE, broken pipe",
    34: "ERANGE, too large",
    35: "EAGAIN, not now",
    36: "EINPROGRESS, in progress",
    40: "EMSGSIZE, too long to send unfragmented",
    43: "EPROTONOSUPPORT, protocol not supported",
    45: "EOPNOTSUPP, not supported",
    46: "EPFNOSUPPORT, protocol family not supported",
    47: "EAFNOSUPPORT, address family not supported",
    49: "EADDRNOTAVAIL, no such address here",
    50: "ENETDOWN, network is down",
    51: "ENETUNREACH, no route to the network",
    53: "ECONNABORTED, connection aborted",
    54: "ECONNRESET, connection reset",
    55: "ENOBUFS, no buffer space: a queue is full",
    57: "ENOTCONN, not connected",
    60: "ETIMEDOUT, timed out",
    61: "ECONNREFUSED, connection refused",
    64: "EHOSTDOWN, host is down",
    65: "EHOSTUNREACH, no route to the host",
}

#: What is no drop: the packet waits, for an address to be resolved, say.
WAITING = {35, 36}

#: pf(4)'s verdicts.
PF_VERDICTS = {
    0: "PF_PASS",
    1: "PF_DROP",
    2: "PF_SCRUB",
    3: "PF_NOSCRUB",
    4: "PF_NAT",
    6: "PF_BINAT",
    8: "PF_RDR",
    10: "PF_SYNPROXY_DROP",
    11: "PF_DEFER",
}
PF_DROPS = {1, 10}
