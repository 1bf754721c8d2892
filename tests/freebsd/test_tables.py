# SPDX-License-Identifier: BSD-2-Clause
"""The tables of kernels, and what is said of one that is not complete."""

from __future__ import annotations

import pytest

from dtkit.freebsd import TableError
from dtkit.freebsd.tables import SYMBOL_ROOM, read_probes, read_symbols, table_text


def test_a_table_of_probes() -> None:
    (probe,) = read_probes("# ID ...\n7\tip\t-\t-\tsend\tstruct mbuf * > pktinfo_t *\tvoid *\n")
    assert str(probe) == "ip:::send"
    assert probe.argument_types(0) == ("struct mbuf *", "pktinfo_t *")
    assert probe.argument_types(1) == ("void *", "void *")


def test_a_table_of_variables() -> None:
    found = read_symbols("# NAME TYPE\nhz\tint\nostype\tchar [8]\nticks\t-\n")
    assert [found[name].type for name in ("hz", "ostype", "ticks")] == ["int", "char [8]", ""]
    assert found["ostype"].address - found["hz"].address == SYMBOL_ROOM


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7\tip\t-\t-\n", "t.tsv: line 1: no NAME"),
        ("# ID\n7\tip\t\t-\tsend\n", "t.tsv: line 2: no MODULE"),
        ("seven\tip\t-\t-\tsend\n", "t.tsv: line 1: ID is a number, not 'seven'"),
        ("7 ip - - send\n", "t.tsv: line 1: no PROVIDER"),
    ],
)
def test_a_row_of_probes_that_is_not_complete(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_probes(text, "t.tsv")


def test_a_variable_without_a_type() -> None:
    with pytest.raises(TableError, match=r"t\.tsv: line 2: no TYPE"):
        read_symbols("hz\tint\nticks\n", "t.tsv")


def test_a_table_that_is_not_there() -> None:
    with pytest.raises(TableError, match=r"none\.tsv"):
        table_text("none.tsv")
