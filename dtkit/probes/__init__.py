# SPDX-License-Identifier: BSD-2-Clause
"""
Probe points that carry an mbuf: where they are, how D gets at the mbuf, what its data is.

>>> from dtkit.probes import catalog
>>> catalog()["tcp_input"].mbuf
'*args[0]'
"""

from dtkit.probes.listing import ListedProbe, MbufArgument, extend, read_listing
from dtkit.probes.points import Catalog, CatalogError, Data, Probe, UnknownProbeError, catalog

__all__ = [
    "Catalog",
    "CatalogError",
    "Data",
    "ListedProbe",
    "MbufArgument",
    "Probe",
    "UnknownProbeError",
    "catalog",
    "extend",
    "read_listing",
]
