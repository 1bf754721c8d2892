# SPDX-License-Identifier: BSD-2-Clause
"""The Wireshark dissector that comes with dtkit, in Lua, for all three generations."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["dissector"]


def dissector() -> str:
    """Its text, to be put into Wireshark's personal plugin folder as ``mbuf_trace.lua``."""
    return files("dtkit.trace.kernel").joinpath("mbuf_trace.lua").read_text(encoding="utf-8")
