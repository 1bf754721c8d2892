# SPDX-License-Identifier: BSD-2-Clause
"""
Types that are not declared: an error, unless a kernel has them all the same.

No table of ours has all that a kernel declares, but one has the names of it. A name that stands
there is only unknown to us, and one in no table is refused as dtrace(1) refuses it.
"""

from __future__ import annotations

from dtkit.dlang.findings import DError, UnknownError
from dtkit.dlang.types import Array, Tagged, Type, Types


def undeclared(types: Types, kind: str, name: str, message: str, tag: str, at: int) -> DError:
    """
    The error that *kind* *name* is not declared, or has no members.

    :param kind: ``typedef``, ``struct``, ``union`` or ``enum``.
    """
    if (kind, name) in types.doubtful:
        return UnknownError(message, tag, at, told=False)
    names = types.names.typedefs if kind == "typedef" else types.names.tags
    key = name if kind == "typedef" else (kind, name)
    if key in names:
        return UnknownError(message, tag, at)
    error = DError(message, tag, at)
    what = name if kind == "typedef" else f"{kind} {name}"
    error.hint = f"{what} is in no table of dtkit: --types FILE adds declarations"
    return error


def incomplete(types: Types, type_: Type, message: str, tag: str, at: int) -> DError:
    """The error that *type_*, or what it is an array of, has no members."""
    resolved = types.resolve(type_)
    while isinstance(resolved, Array):
        resolved = types.resolve(resolved.element)
    if isinstance(resolved, Tagged) and not types.is_complete(resolved):
        return undeclared(types, resolved.kind, resolved.tag, message, tag, at)
    return DError(message, tag, at)
