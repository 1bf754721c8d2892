# SPDX-License-Identifier: BSD-2-Clause
"""Generating D that shows packets: one-liners and scripts for any probe that has an mbuf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtkit.generate.request import Conditions, Copy, Request

if TYPE_CHECKING:
    from dtkit.generate.oneliners import oneliner

__all__ = ["Conditions", "Copy", "Request", "oneliner"]


def __getattr__(name: str) -> Any:
    # With it comes the compiler of D, which commands that only name a request can do without.
    if name == "oneliner":
        from dtkit.generate.oneliners import oneliner

        return oneliner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
