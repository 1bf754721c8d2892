# SPDX-License-Identifier: BSD-2-Clause
"""How many CPUs a host has, and how much memory, by sysctl(8)."""

from __future__ import annotations

from dtkit.generate.holding import Resources
from dtkit.live.dtrace import shell_output
from dtkit.live.host import DtraceError, Host

#: What sh(1) is given to read.
_ASK = "sysctl -n hw.ncpu hw.physmem"


def resources_of(host: Host) -> Resources | None:
    """The CPUs and the memory of a host; None where it does not say. The user asks."""
    try:
        words = shell_output(_ASK, Host(host.name)).split()
    except DtraceError:
        return None
    if len(words) < 2 or not all(word.isdigit() for word in words[-2:]):
        return None
    cpus, memory = map(int, words[-2:])
    return Resources(cpus, memory) if cpus and memory else None
