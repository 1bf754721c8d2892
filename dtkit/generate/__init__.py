# SPDX-License-Identifier: BSD-2-Clause
"""Generating D that shows packets: one-liners and scripts for any probe that has an mbuf."""

from dtkit.generate.oneliners import oneliner
from dtkit.generate.request import Conditions, Copy, Request

__all__ = ["Conditions", "Copy", "Request", "oneliner"]
