# SPDX-License-Identifier: BSD-2-Clause
"""
Probe points that carry an mbuf: where they are, how D gets at the mbuf, what its data is.

>>> from dtkit.probes import catalog
>>> catalog()["tcp_input"].expression
'*args[0]'
"""

from dtkit.probes.arguments import InterfaceArgument, MbufArgument
from dtkit.probes.listing import ListedProbe, extend, read_listing
from dtkit.probes.points import Catalog, CatalogError, Data, Probe, UnknownProbeError, catalog

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
