# SPDX-License-Identifier: BSD-2-Clause
"""How this dtkit is started: as a module of a Python's packages, or as one file (``make pyz``)."""

from __future__ import annotations

import sys

__all__ = ["archive", "words"]


def archive() -> str | None:
    """The file that dtkit is run from, if all of it is in one."""
    # What zipimport loads has it; dtkit.pyz is first on the way of modules, so nothing else counts.
    found: object = getattr(__spec__.loader if __spec__ else None, "archive", None)
    return found if isinstance(found, str) else None


def words() -> list[str]:
    """The words of a command that starts the same dtkit, under the same Python."""
    packed = archive()
    return [sys.executable, *([packed] if packed else ["-m", "dtkit"])]
