# SPDX-License-Identifier: BSD-2-Clause
"""
dtkit: the packet microscope for DTrace on BSD network stacks.

The rooms of the package, from the ground up (a room imports only those before it):
:mod:`dtkit.mbuf`, :mod:`dtkit.probes`, :mod:`dtkit.dlang`, :mod:`dtkit.packets`,
:mod:`dtkit.output`, :mod:`dtkit.generate`, :mod:`dtkit.simulate`, :mod:`dtkit.trace`,
:mod:`dtkit.live`, :mod:`dtkit.cli`, :mod:`dtkit.testing`.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
