# SPDX-License-Identifier: BSD-2-Clause
"""Times as people read them: three digits, and the unit that fits."""

from __future__ import annotations

import time
from functools import lru_cache

__all__ = ["clock", "scaled"]

_UNITS = ((10**9, "s"), (10**6, "ms"), (10**3, "us"))


def scaled(nanoseconds: float) -> str:
    """*nanoseconds* in three digits: ``842 ns``, ``16.6 ms``, ``1.24 s``, ``-5.00 us``."""
    sign, size = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, name in _UNITS:
        # From where it is 1.00 of the unit once rounded.
        if size >= unit * 0.9995:
            value = size / unit
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{sign}{value:.{digits}f} {name}"
    return f"{sign}{size:.0f} ns"


def clock(nanoseconds: int | None) -> str:
    """The wall clock, UTC, to the nanosecond; ``-`` for an unknown time."""
    if nanoseconds is None:
        return "-"
    seconds, fraction = divmod(nanoseconds, 10**9)
    return f"{_second(seconds)}.{fraction:09}"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return str(seconds)
