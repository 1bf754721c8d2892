# SPDX-License-Identifier: BSD-2-Clause
"""The kernel that a program is compiled for: which probes a description matches, variables."""

from __future__ import annotations

import pytest

from dtkit.dlang import target_kernel
from dtkit.dlang.compiler.compile import library
from dtkit.freebsd import Release, releases
from dtkit.freebsd.tables import SYMBOL_ROOM
from dtkit.probes.description import ProbeDescription


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("fbt::ip_input:entry", {"ip_input"}),
        ("fbt::ip?_input:entry", {"ip6_input"}),
        (r"fbt::ip\_input:entry", {"ip_input"}),
        ("fbt::[t]cp_i*:entry", {"tcp_input"}),
        ("fbt::none:entry", set()),
    ],
)
def test_matches(text: str, functions: set[str]) -> None:
    found = target_kernel().match(ProbeDescription.parse(text))
    assert functions <= {probe.function for probe in found}
    assert bool(functions) == bool(found)


def test_timers_come_when_they_are_asked_for() -> None:
    (first,) = target_kernel().match(ProbeDescription.parse("tick-1s"))
    (again,) = target_kernel().match(ProbeDescription.parse("profile:::tick-1s"))
    assert first is again
    assert target_kernel().match(ProbeDescription.parse("tick-0s")) == []


@pytest.mark.parametrize("known", releases(), ids=lambda known: known.name)
def test_every_variable_has_a_type_and_room_for_it(known: Release) -> None:
    scope = library(target_kernel(known))
    for symbol in target_kernel(known).symbols.values():
        if symbol.type:
            assert 0 < scope.types.size(scope.type_named(symbol.type)) <= SYMBOL_ROOM
