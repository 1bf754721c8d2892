# SPDX-License-Identifier: BSD-2-Clause
"""
What dtkit knows of each release of FreeBSD: one record a release, and tables that it names.

>>> from dtkit.freebsd import release
>>> release("14").layout.m_pkthdr_len
56
"""

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
