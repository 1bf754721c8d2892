# SPDX-License-Identifier: BSD-2-Clause
"""Which release of FreeBSD a listing is of, by the arguments that its functions have there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from dtkit.freebsd import Release, UnknownReleaseError, releases
from dtkit.probes.description import ProbeDescription
from dtkit.probes.listing import ListedProbe

#: From so many functions on one can tell.
_FEWEST = 20

#: Of the functions that are compared, this share has the arguments that the release gives them:
#: they change a little within a release.
_LIKE = 0.95


def listed_release(listing: Iterable[ListedProbe]) -> Release | None:
    """
    The release that a listing is of, or None where it has too few functions to tell.

    :raises UnknownReleaseError: it is of none that dtkit knows; ``str()`` says which is nearest.
    """
    listed = {
        (probe.description.module, probe.description.function): probe.arguments
        for probe in listing
        if probe.description.provider == "fbt" and probe.description.name == "entry"
    }
    best, most = None, (0.0, 0)
    for known in releases():
        signatures = _signatures(known)
        common = listed.keys() & signatures.keys()
        same = sum(listed[key] in signatures[key] for key in common)
        share = same / len(common) if common else 0.0
        # One that is not released yet may have the tables of the newest that is.
        if len(common) >= _FEWEST and (share, known.released) > (most[0], False):
            best, most = known, (share, len(common))
    if best is None:
        return None
    if most[0] < _LIKE:
        raise UnknownReleaseError(
            f"the listing is of no FreeBSD that dtkit knows; {best.name} is nearest: "
            f"{round(most[0] * most[1])} of {most[1]} functions have its arguments"
        )
    return best


def released_probes(release: Release) -> list[ListedProbe]:
    """The probes that a release has by its own table, as a listing would have them."""
    return [
        ListedProbe(
            one.id,
            ProbeDescription(one.provider, one.module, one.function, one.name),
            one.arguments,
            0,
        )
        for one in release.probes
    ]


@cache
def _signatures(release: Release) -> Mapping[tuple[str, str], set[tuple[str, ...]]]:
    found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for probe in release.probes:
        if probe.provider == "fbt" and probe.name == "entry":
            found.setdefault((probe.module, probe.function), set()).add(probe.arguments)
    return found
