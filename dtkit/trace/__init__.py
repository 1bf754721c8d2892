# SPDX-License-Identifier: BSD-2-Clause
"""
A packet's way through the kernel: read it, see it, explain what changed on it.

Three rooms: ``journey`` reads and models, ``views`` shows, ``kernel`` belongs to mbuf_trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtkit.trace.kernel.mtrace import Mtrace, TaggedMbuf

__all__ = ["Mtrace", "TaggedMbuf"]


def __getattr__(name: str) -> Any:
    # When they are asked for: no command needs them.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dtkit.trace.kernel import mtrace

    return getattr(mtrace, name)
