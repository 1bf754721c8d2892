# SPDX-License-Identifier: BSD-2-Clause
"""The probes and variables of kernels."""

from __future__ import annotations

import pytest

from dtkit.dlang import DError, kernel
from dtkit.dlang.kernels import SYMBOL_ROOM, Description, read_probes, read_symbols


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("BEGIN", ("", "", "", "BEGIN")),
        ("fbt::ip_input:entry", ("fbt", "", "ip_input", "entry")),
        (":::ip_input:entry", ("", "", "ip_input", "entry")),
        ("ip_input:", ("", "", "ip_input", "")),
    ],
)
def test_descriptions(text: str, fields: tuple[str, ...]) -> None:
    assert Description.parse(text).fields == fields


def test_a_field_too_many() -> None:
    with pytest.raises(DError, match="Overspecified probe description"):
        Description.parse("a:b:c:d:e")


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
    assert {probe.function for probe in kernel().match(Description.parse(text))} == functions


def test_timers_come_when_they_are_asked_for() -> None:
    (first,) = kernel().match(Description.parse("tick-1s"))
    (again,) = kernel().match(Description.parse("profile:::tick-1s"))
    assert first is again
    assert kernel().match(Description.parse("tick-0s")) == []


def test_a_table_of_probes() -> None:
    (probe,) = read_probes("# ID ...\n7\tip\t-\t-\tsend\tstruct mbuf * > pktinfo_t *\tvoid *\n")
    assert str(probe) == "ip:::send"
    assert probe.argument_types(0) == ("struct mbuf *", "pktinfo_t *")
    assert probe.argument_types(1) == ("void *", "void *")


def test_a_table_of_variables() -> None:
    found = read_symbols("# NAME TYPE\nhz\tint\nostype\tchar [8]\n")
    assert [found[name].type for name in ("hz", "ostype")] == ["int", "char [8]"]
    assert found["ostype"].address - found["hz"].address == SYMBOL_ROOM


def test_every_variable_has_a_type_and_room_for_it() -> None:
    from dtkit.dlang.compiler.compile import library

    scope = library(kernel())
    for symbol in kernel().symbols.values():
        assert 0 < scope.types.size(scope.type_named(symbol.type)) <= SYMBOL_ROOM
