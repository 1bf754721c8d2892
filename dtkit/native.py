# SPDX-License-Identifier: BSD-2-Clause
"""
The inner loops of reading and writing that are in C, where they were compiled.

Where there is no compiler dtkit is installed without them, and Python does the same, more slowly:
each function has its double beside the code that uses it. ``DTKIT_PURE_PYTHON=1`` in the
environment leaves them out, for tests and comparisons.
"""

from __future__ import annotations

import os
from types import ModuleType

__all__ = ["speedups"]

#: What this version of dtkit expects of the C: one that is left from another version is left out.
_VERSION = 7


def _compiled() -> ModuleType | None:
    if os.environ.get("DTKIT_PURE_PYTHON"):
        return None
    try:
        import dtkit._speedups as found
    except ImportError:
        return None
    return found if found.VERSION == _VERSION else None


#: The module of the functions, or None.
speedups = _compiled()
