# SPDX-License-Identifier: BSD-2-Clause
"""The variables of the simulated kernel that programs read, as ```time_uptime``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dtkit.freebsd.tables import SYMBOL_ROOM, KernelVariable
from dtkit.mbuf import Memory, Region

#: Ticks in a second, unless a host says otherwise.
_HZ = 1000
_SECOND = 1_000_000_000

#: What each is: a number, or text; by the time since boot in ns, the time between the epoch and
#: boot, and the number of CPUs.
_VALUES: dict[str, Callable[[int, int, int], int | bytes]] = {
    "hz": lambda now, boot, cpus: _HZ,
    "tick": lambda now, boot, cpus: 1_000_000 // _HZ,
    "ticks": lambda now, boot, cpus: now * _HZ // _SECOND,
    "time_uptime": lambda now, boot, cpus: now // _SECOND,
    "time_second": lambda now, boot, cpus: (boot + now) // _SECOND,
    "mp_ncpus": lambda now, boot, cpus: cpus,
    "mp_maxid": lambda now, boot, cpus: cpus - 1,
    "ostype": lambda now, boot, cpus: b"FreeBSD\0",
}


class KernelVariables:
    """
    The variables that a program names, in memory.

    :param memory: the address space.
    :param symbols: the variables of the kernel, by name.
    :param names: those that the program names.
    :param cpus: how many CPUs there are.
    :param osreldate: of the release.
    :raises KeyError: one of them is not simulated; with its name.
    """

    def __init__(
        self,
        memory: Memory,
        symbols: Mapping[str, KernelVariable],
        names: Iterable[str],
        cpus: int,
        osreldate: int = 0,
    ) -> None:
        self._cpus = cpus
        self._osreldate = osreldate
        self._regions: dict[str, Region] = {}
        for name in names:
            if name not in _VALUES and name != "osreldate":
                raise KeyError(name)
            region = memory.map(symbols[name].address, SYMBOL_ROOM, f"`{name}")
            self._regions[name] = region

    def update(self, now: int, boot: int) -> None:
        """
        Let them have the values of this moment.

        :param now: ns since boot.
        :param boot: ns between the epoch and boot.
        """
        for name, region in self._regions.items():
            value: int | bytes = self._osreldate
            if name in _VALUES:
                value = _VALUES[name](now, boot, self._cpus)
            data = value.to_bytes(8, "little") if isinstance(value, int) else value
            region.data[: len(data)] = data
