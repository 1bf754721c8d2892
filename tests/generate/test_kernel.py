# SPDX-License-Identifier: BSD-2-Clause
"""What a kernel has to look at, by its listing: with types, without, and damaged."""

from __future__ import annotations

import io

from dtkit.freebsd import default_release
from dtkit.generate.functions import Function
from dtkit.generate.kernel import any_kernel, listed_kernel, released_kernel
from dtkit.generate.tellers import NOTHING

HEAD = "   ID   PROVIDER            MODULE                          FUNCTION NAME\n"


def row(id: int, function: str, *types: str) -> str:
    arguments = [f"args[{n}]: {text}" for n, text in enumerate(types)] or ["None"]
    what = "\tArgument Types\n" + "".join(f"\t\t{text}\n" for text in arguments) + "\n"
    return f"{id:5d}        fbt            kernel {function:>33} entry\n\n{what}"


def test_functions_are_those_that_are_given_an_mbuf() -> None:
    text = HEAD + row(1, "ip_input", "struct mbuf *") + row(2, "other", "int") + row(3, "none")
    kernel = listed_kernel(io.BytesIO(text.encode()))
    assert kernel.functions == [Function("ip_input", 0)]
    assert [one.description.function for one in kernel.typed] == ["ip_input", "other"]
    assert (kernel.tellers, kernel.odd) == (NOTHING, ())


def test_without_types_they_are_those_that_are_known_otherwise() -> None:
    text = HEAD + row(1, "ip_input") + row(2, "unheard_of") + "rubbish\n"
    kernel = listed_kernel(io.BytesIO(text.encode()))
    names = {one.name for one in kernel.functions}
    assert {"ip_input", "m_pullup", "m_copym"} <= names
    assert names.isdisjoint(("unheard_of", "ip6_input"))
    assert (kernel.tellers, kernel.typed) == (NOTHING, ())
    assert [one.number for one in kernel.odd] == [text.count("\n")]


def test_an_empty_listing_has_none() -> None:
    assert listed_kernel(io.BytesIO()).functions == []


def test_a_release_has_all_that_its_table_has() -> None:
    kernel = released_kernel(default_release())
    names = {one.name for one in kernel.functions}
    assert {one.name for one in any_kernel().functions} - names <= {"m_copyup", "m_dup"}
    assert kernel.tellers.rules
    assert kernel.tellers.ipfw
    assert any_kernel().tellers == NOTHING
