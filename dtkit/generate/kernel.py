# SPDX-License-Identifier: BSD-2-Clause
"""What a script of ``dtkit path`` can look at in a kernel, by a listing of its probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from dtkit.freebsd import Release
from dtkit.generate.functions import (
    COPIES,
    MOVES,
    Function,
    known_functions,
    listed_functions,
)
from dtkit.generate.tellers import NOTHING, Tellers, tellers
from dtkit.oddity import Oddity
from dtkit.probes import ListedProbe, catalog, read_listing
from dtkit.probes.recognise import released_probes

__all__ = ["KernelFunctions", "any_kernel", "listed_kernel", "released_kernel"]


@dataclass(frozen=True, slots=True)
class KernelFunctions:
    """
    What there is to look at.

    :ivar functions: those that are given an mbuf.
    :ivar tellers: what tells why packets end.
    :ivar typed: probes of the listing whose arguments have types; none where it has no types at
        all, and the functions are those that are known otherwise.
    :ivar odd: what was odd about the listing.
    """

    functions: list[Function]
    tellers: Tellers = NOTHING
    typed: tuple[ListedProbe, ...] = ()
    odd: tuple[Oddity, ...] = ()


def any_kernel() -> KernelFunctions:
    """What is known without a listing: the functions of the catalog, and no rules of firewalls."""
    return KernelFunctions(known_functions(catalog()))


def released_kernel(release: Release) -> KernelFunctions:
    """What a release has by its own table."""
    typed = tuple(one for one in released_probes(release) if one.arguments)
    return KernelFunctions(listed_functions(typed), tellers(typed), typed)


def listed_kernel(stream: BinaryIO) -> KernelFunctions:
    """
    What a listing says, the output of ``dtrace -lv``.

    :raises OSError: *stream* cannot be read.
    """
    typed: list[ListedProbe] = []
    names: set[str] = set()
    odd: list[Oddity] = []
    for item in read_listing(stream):
        if isinstance(item, Oddity):
            odd.append(item)
        else:
            names.add(item.description.function)
            if item.arguments:
                typed.append(item)
    if names and not typed:
        needed = {*MOVES, *COPIES, "m_freem"} | names
        found = [one for one in known_functions(catalog()) if one.name in needed]
        return KernelFunctions(found, odd=tuple(odd))
    return KernelFunctions(listed_functions(typed), tellers(typed), tuple(typed), tuple(odd))
