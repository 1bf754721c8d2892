# SPDX-License-Identifier: BSD-2-Clause
"""What is found when it is asked for, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["lazily"]

_Found = TypeVar("_Found")


class lazily(Generic[_Found]):  # noqa: N801, it is written as a decorator
    """
    A property that is found once, and then an attribute of its object.

    What functools.cached_property is since Python 3.12; before, that takes a lock each time, which
    for what is short to find takes longer than to find it.
    """

    def __init__(self, find: Callable[[Any], _Found]) -> None:
        self._find = find
        self._name = ""
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, thing: None, owner: type) -> lazily[_Found]: ...

    @overload
    def __get__(self, thing: object, owner: type) -> _Found: ...

    def __get__(self, thing: object | None, owner: type) -> lazily[_Found] | _Found:
        if thing is None:
            return self
        found = thing.__dict__[self._name] = self._find(thing)
        return found
