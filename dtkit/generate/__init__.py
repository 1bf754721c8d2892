# SPDX-License-Identifier: BSD-2-Clause
"""Generating D that shows packets: one-liners from the catalog of probes, with Jinja2."""

from dtkit.generate.oneliner import Copy, Request, oneliner

__all__ = ["Copy", "Request", "oneliner"]
