# SPDX-License-Identifier: BSD-2-Clause
"""How many there are of something, in words."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, one: str, many: str = "") -> str:
    """
    A number and what it counts: ``1 packet``, ``2 packets``, ``0 oddities``.

    :param one: what is said of one, a verb with it where one goes along: ``packet is``.
    :param many: what is said of any other number, where that is not *one* with an s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"
