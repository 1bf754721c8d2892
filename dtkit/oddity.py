# SPDX-License-Identifier: BSD-2-Clause
"""What a reader says of input that is not as it should be.

Readers never raise on their input. They are iterators over ``Thing | Oddity``: whatever could be
read comes out in order, and between it, where it was met, each oddity once. A later stage hands
on the oddities that it is given and adds its own, so that whoever ends the pipeline sees them
all, in place, and decides: print to standard error, count, or stop.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Oddity"]


@dataclass(frozen=True, slots=True)
class Oddity:
    """One thing that was not as it should be, and where: ``str()`` is the line to print.

    :ivar unit: what the input is numbered by: ``frame`` or ``line``.
    :ivar number: which of them, counted from 1; 0 speaks of the input as a whole.
    :ivar text: what is odd, and what became of it.
    :ivar unread: how many of these units are in nothing else that was read, because of it.
    :ivar asked: whether it was asked for: it is said, and is not counted among what is odd.
    """

    unit: str
    number: int
    text: str
    unread: int = 0
    asked: bool = False

    def __str__(self) -> str:
        return f"{self.unit} {self.number}: {self.text}" if self.number else self.text
