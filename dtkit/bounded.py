# SPDX-License-Identifier: BSD-2-Clause
"""What is met again and again, kept in bounded memory."""

from __future__ import annotations

from typing import ClassVar, TypeVar

__all__ = ["Bounded"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Bounded(dict[_Key, _Value]):
    """
    A dict of so many items at most: where one more has no room, all are forgotten.

    What is met often comes in again soon; a capture of a hostile hand is ever new, and has no end.
    Where keys are identities (``id(hop)``), the value has to hold what they are of, so that nothing
    else gets its identity.

    :ivar most: how many items it holds.
    :cvar LARGE: of how much text an item may be.
    """

    LARGE: ClassVar[int] = 4096

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def keep(self, key: _Key, value: _Value, size: int = 0) -> _Value:
        """
        Keep *value*, which is returned.

        :param size: of its text, where that can be long: of what is larger than most, few are met
            again, and many fill the memory.
        """
        if size <= self.LARGE:
            if len(self) >= self.most:
                self.clear()
            self[key] = value
        return value
