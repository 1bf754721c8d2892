# SPDX-License-Identifier: BSD-2-Clause
"""
Probe points that carry an mbuf: where they are, how D gets at the mbuf, what its data is.

>>> from dtkit.probes import catalog
>>> catalog()["tcp_input"].expression
'*args[0]'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtkit.door import door

if TYPE_CHECKING:
    from dtkit.probes.arguments import InterfaceArgument, MbufArgument
    from dtkit.probes.data import Data
    from dtkit.probes.listing import ListedProbe, extend, read_listing
    from dtkit.probes.points import Catalog, CatalogError, Probe, UnknownProbeError, catalog

__all__ = [
    "Catalog",
    "CatalogError",
    "Data",
    "InterfaceArgument",
    "ListedProbe",
    "MbufArgument",
    "Probe",
    "UnknownProbeError",
    "catalog",
    "extend",
    "read_listing",
]

#: The module of each name: imported when it is asked for, since journeys need few of them.
_MODULES = {
    "Catalog": "dtkit.probes.points",
    "CatalogError": "dtkit.probes.points",
    "Data": "dtkit.probes.data",
    "InterfaceArgument": "dtkit.probes.arguments",
    "ListedProbe": "dtkit.probes.listing",
    "MbufArgument": "dtkit.probes.arguments",
    "Probe": "dtkit.probes.points",
    "UnknownProbeError": "dtkit.probes.points",
    "catalog": "dtkit.probes.points",
    "extend": "dtkit.probes.listing",
    "read_listing": "dtkit.probes.listing",
}

__getattr__, __dir__ = door(__name__, _MODULES)
