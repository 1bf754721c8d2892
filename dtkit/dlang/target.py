# SPDX-License-Identifier: BSD-2-Clause
"""What a D program is compiled for: the probes of a kernel, its types and its variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from dtkit.freebsd import KernelVariable, ProbePoint, Release, default_release
from dtkit.probes.description import GLOB, ProbeDescription

#: The probes that dtrace itself has.
_OWN = [("BEGIN", 1), ("END", 2), ("ERROR", 3)]

#: Probes of the profile provider, which come into being when they are asked for.
_TIMER = re.compile(
    r"(?:tick|profile)-([1-9][0-9]{0,9})(ns|nsec|us|usec|ms|msec|s|sec|m|min|h|hour|d|day|hz)?"
)

#: The shortest time between two firings of one, in nanoseconds, and the units that come near.
_SHORTEST = 200_000
_NANOSECONDS = {"ns": 1, "nsec": 1, "us": 1_000, "usec": 1_000}

#: What only probes of the profile provider are called.
_TIMER_LIKE = re.compile(r"(?:tick|profile)-")

#: How the probes of a function are called.
_FBT_NAMES = ("entry", "return")


class TargetKernel:
    """
    The kernel of a release, which a program is compiled for.

    :param release: whose types and variables it has.
    :param probes: its probes, those of the ``dtrace`` provider aside; without them, all that the
        release has.
    :param types: further declarations, as D, and the name of the file that each is from.
    """

    def __init__(
        self,
        release: Release,
        probes: Iterable[ProbePoint] | None = None,
        types: Iterable[tuple[str, str]] = (),
    ) -> None:
        own = [ProbePoint(id_, "dtrace", "", "", probe) for probe, id_ in _OWN]
        self.release = release
        self.probes = own + sorted(
            release.probes if probes is None else probes, key=lambda probe: probe.id
        )
        self.kernel_declarations = release.kernel_declarations
        self.library_declarations = release.library_declarations
        self.symbols: dict[str, KernelVariable] = dict(release.symbols)
        self.types = tuple(types)
        self.constants = dict(release.constants)
        self.names = release.names
        self._exact: dict[tuple[str, str], list[ProbePoint]] = {}
        for probe in self.probes:
            self._exact.setdefault((probe.function, probe.name), []).append(probe)
        self._by_id = {probe.id: probe for probe in self.probes}
        self._providers = {probe.provider for probe in self.probes}

    def __iter__(self) -> Iterator[ProbePoint]:
        return iter(self.probes)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.release.name

    def probe(self, id_: int) -> ProbePoint | None:
        """The probe of that number."""
        return self._by_id.get(id_)

    def match(self, description: ProbeDescription) -> list[ProbePoint]:
        """The probes that *description* describes, by number."""
        key = description.function, description.name
        # Most descriptions name their function and probe: no need to try every probe.
        if all(key) and not any(map(GLOB.search, key)):
            candidates = self._exact.get(key, [])
        else:
            candidates = self.probes
        found = [
            probe
            for probe in candidates
            if description.matches(probe.provider, probe.module, probe.function, probe.name)
        ]
        return found or self._timers(description)

    def may_have(self, description: ProbeDescription) -> bool:
        """Whether such a kernel may have a probe of that description, listed or not."""
        provider, name = description.provider, description.name
        if not self.may_have_provider(provider):
            return False
        if not provider and _TIMER_LIKE.match(name):
            return False
        alone = ProbeDescription(name=name)
        if provider == "fbt":
            return not name or any(alone.matches("", "", "", own) for own in _FBT_NAMES)
        complete = provider in ("dtrace", "profile")
        return not complete or bool(GLOB.search("".join(description.fields)))

    def may_have_provider(self, name: str) -> bool:
        """
        Whether there may be a provider of that name, which may be a pattern.

        That of a process has the number of the process at its end.
        """
        if not name or GLOB.search(name) or name[-1].isdecimal() or "$" in name:
            return True
        return name in self.names.providers or name in self._providers

    def _timers(self, description: ProbeDescription) -> list[ProbePoint]:
        """The timer that is made when a program names it: ``tick-1s``, ``profile-97hz``."""
        provider, module, function, name = description.fields
        match = _TIMER.fullmatch(name)
        if provider not in ("", "profile") or module or function or match is None:
            return []
        number, unit = int(match[1]), match[2]
        every = _SHORTEST
        if unit in ("hz", None):
            every = 1_000_000_000 // number
        elif unit in _NANOSECONDS:
            every = number * _NANOSECONDS[unit]
        if every < _SHORTEST:
            return []
        probe = self._exact.get(("", name))
        if probe is None:
            timer = ProbePoint(self.probes[-1].id + len(self._exact) + 1, "profile", "", "", name)
            probe = self._exact[("", name)] = [timer]
            self._by_id[timer.id] = timer
        return probe


@cache
def _target(release: Release) -> TargetKernel:
    return TargetKernel(release)


def target_kernel(
    release: Release | None = None, types: Iterable[tuple[str, str]] = ()
) -> TargetKernel:
    """
    The kernel of a release, or of the default one; made once for each.

    :param types: further declarations, as D, and the name of the file that each is from.
    """
    more = tuple(types)
    if more:
        return TargetKernel(release or default_release(), types=more)
    return _target(release or default_release())
