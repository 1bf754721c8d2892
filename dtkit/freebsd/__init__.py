# SPDX-License-Identifier: BSD-2-Clause
"""
What dtkit knows of each release of FreeBSD: one record a release, and tables that it names.

>>> from dtkit.freebsd import release
>>> release("14").layout.m_pkthdr_len
56
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtkit.door import door

if TYPE_CHECKING:
    from dtkit.freebsd.records import (
        RELEASES,
        PatchTree,
        Release,
        UnknownReleaseError,
        default_release,
        layouts,
        patch_trees,
        release,
        release_of,
        releases,
    )
    from dtkit.freebsd.tables import KernelNames, KernelVariable, ProbePoint, TableError

__all__ = [
    "RELEASES",
    "KernelNames",
    "KernelVariable",
    "PatchTree",
    "ProbePoint",
    "Release",
    "TableError",
    "UnknownReleaseError",
    "default_release",
    "layouts",
    "patch_trees",
    "release",
    "release_of",
    "releases",
]

#: The module of each name: imported when it is asked for, since values alone need none of them.
_MODULES = {
    "KernelNames": "dtkit.freebsd.tables",
    "KernelVariable": "dtkit.freebsd.tables",
    "PatchTree": "dtkit.freebsd.records",
    "ProbePoint": "dtkit.freebsd.tables",
    "RELEASES": "dtkit.freebsd.records",
    "Release": "dtkit.freebsd.records",
    "TableError": "dtkit.freebsd.tables",
    "UnknownReleaseError": "dtkit.freebsd.records",
    "default_release": "dtkit.freebsd.records",
    "layouts": "dtkit.freebsd.records",
    "patch_trees": "dtkit.freebsd.records",
    "release": "dtkit.freebsd.records",
    "release_of": "dtkit.freebsd.records",
    "releases": "dtkit.freebsd.records",
}

__getattr__, __dir__ = door(__name__, _MODULES)
