# SPDX-License-Identifier: BSD-2-Clause
"""The door of a package: its public names, each imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["door"]


def door(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    ``__getattr__`` and ``__dir__`` of a package (PEP 562), for it to be imported quickly.

    :param package: its ``__name__``.
    :param modules: of each public name the module that has it.
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(modules[name]), name)

    def names() -> list[str]:
        return [*{*vars(sys.modules[package]), *modules}]  # which dir() sorts

    return get, names
