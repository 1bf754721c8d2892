# SPDX-License-Identifier: BSD-2-Clause
"""
Many hosts: one packet through all of them.

:mod:`~dtkit.fleet.sight` says what a packet is recognised by on another host,
:mod:`~dtkit.fleet.passage` finds it there, :mod:`~dtkit.fleet.clocks` learns from that how far the
clocks are apart, and :mod:`~dtkit.fleet.join` makes one journey of it.
"""
