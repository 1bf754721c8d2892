# SPDX-License-Identifier: BSD-2-Clause
"""Reading ``dtrace -lv``: a real kernel's listing, and what is none."""

from __future__ import annotations

import io
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.freebsd import release
from dtkit.oddity import Oddity
from dtkit.probes import ListedProbe, Probe, catalog, extend, read_listing
from dtkit.probes.arguments import MbufArgument

CAPTURES = Path(__file__).parent.parent / "data" / "captures"

HEAD = "   ID   PROVIDER            MODULE                          FUNCTION NAME\n"
ABOUT = "\n\tProbe Description Attributes\n\t\tIdentifier Names: Private\n\n"


def row(id: int, provider: str, module: str, function: str, name: str, *types: str) -> str:
    """A probe as dtrace(1) lists it with -v."""
    arguments = "".join(f"\t\targs[{n}]: {text}\n" for n, text in enumerate(types))
    what = f"\tArgument Types\n{arguments}\n" if types else "\tArgument Types\n\t\tNone\n\n"
    return f"{id:5d} {provider:>10} {module:>17} {function:>33} {name}\n{ABOUT}{what}"


def read(text: str | bytes) -> list[ListedProbe | Oddity]:
    return list(read_listing(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def only_probes(items: list[ListedProbe | Oddity]) -> list[ListedProbe]:
    assert not [item for item in items if isinstance(item, Oddity)]
    return [item for item in items if isinstance(item, ListedProbe)]


@pytest.fixture(scope="module")
def real() -> list[ListedProbe]:
    data = lzma.decompress((CAPTURES / "listing-kernel-entry.txt.xz").read_bytes())
    return only_probes(read(data))


def test_a_real_kernel(real: list[ListedProbe]) -> None:
    taking = [probe for probe in real if probe.mbufs]
    assert (len(real), len(taking)) == (12273, 311)
    assert max(probe.mbufs[0].position for probe in taking) == 7
    assert sum(probe.mbufs[0].depth == 2 for probe in taking) == 46


def test_the_part_of_it_that_is_about_input() -> None:
    probes = only_probes(read((CAPTURES / "listing-input-entry.txt").read_bytes()))
    found = {probe.description.function: [*map(str, probe.mbufs)] for probe in probes}
    assert found["tcp_input"] == ["*args[0]"]
    assert found["ip_input"] == ["args[0]"]
    assert found["ether_input"] == ["args[1]"]
    assert found["sc_mouse_input"] == []


def test_the_catalog_agrees_with_that_kernel(real: list[ListedProbe]) -> None:
    listed = {str(probe.description): probe for probe in real}
    compared = 0
    for probe in catalog(release("12")):
        found = listed.get(f"fbt:kernel:{probe.description.function}:entry")
        if found is not None:
            assert probe.mbuf.raw() in [mbuf.raw() for mbuf in found.mbufs], probe
            tapped = probe.interface is not None and probe.interface.tapped
            assert tapped or probe.interface in (None, found.interface)
            compared += 1
    assert compared > 15


def test_a_listing_extends_the_catalog(real: list[ListedProbe]) -> None:
    items = list(extend(catalog(), real))
    probes = {str(item): item for item in items if isinstance(item, Probe)}
    assert len(probes) == len(items)
    assert [*probes][: len(catalog())] == [str(probe) for probe in catalog()]
    new = probes["fbt::syncache_add:entry"]
    assert (str(new.mbuf), new.data, new.hint, new.null) == ("args[5]", "unknown", True, True)
    assert new.purpose == "takes struct mbuf * as argument 5"
    assert probes["fbt::ip_output:entry"].others == (MbufArgument(1),)
    assert probes["fbt::tcp_input:entry"].data == "ip"


def test_the_listing_is_right_where_they_differ() -> None:
    text = HEAD + row(
        7, "fbt", "pf", "pf_test", "entry", "u_char", *["int"] * 2, "if_t", "struct mbuf **"
    )
    (probe,) = [
        p for p in extend(catalog(), read(text)) if isinstance(p, Probe) and "pf_t" in str(p)
    ]
    assert (probe.expression, probe.interface_pointers) == ("*args[4]", ("args[3]",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("struct mbuf *", ["args[0]"]),
        ("const struct mbuf *", ["args[0]"]),
        ("struct mbuf * const", ["args[0]"]),
        ("struct mbuf **", ["*args[0]"]),
        ("struct mbuf * *", ["*args[0]"]),
        ("mbuf_t", ["args[0]"]),
        ("mbuf_t *", ["*args[0]"]),
        ("struct mbuf", []),
        ("struct mbuf ***", []),
        ("struct mbufq *", []),
        ("struct lro_mbuf_sort *", []),
        ("(unknown)", []),
        ("struct mbuf *; } END { exit(0); }", []),
    ],
)
def test_types(text: str, expected: list[str]) -> None:
    (probe,) = only_probes(read(HEAD + row(1, "fbt", "kernel", "f", "entry", text)))
    assert [*map(str, probe.mbufs)] == expected


def test_only_ten_arguments_have_a_name_in_d() -> None:
    text = HEAD + row(1, "fbt", "kernel", "f", "entry", *["struct mbuf *"] * 12)
    assert len(only_probes(read(text))[0].mbufs) == 10


@pytest.mark.parametrize(
    ("module", "function", "expected"),
    [
        ("kernel", "f", "sdt:kernel:f:m-free"),
        ("", "f", "sdt::f:m-free"),
        ("kernel", "", "sdt:kernel::m-free"),
        ("", "", "sdt:::m-free"),
        ("kernel", "a_function_whose_name_is_longer_than_its_column", None),
    ],
)
def test_empty_fields(module: str, function: str, expected: str | None) -> None:
    (probe,) = only_probes(read(HEAD + row(1, "sdt", module, function, "m-free")))
    assert str(probe.description) == (expected or f"sdt:{module}:{function}:m-free")


def new(*rows: str) -> list[Probe | Oddity]:
    """What rows add to the catalog."""
    known = set(map(str, catalog()))
    return [
        item for item in extend(catalog(), read(HEAD + "".join(rows))) if str(item) not in known
    ]


def test_what_a_listing_lacks_is_unsure() -> None:
    rows = row(1, "fbt", "pf", "pf_test", "entry", "struct mbuf *")
    known = {str(p): p.unsure for p in extend(catalog(), read(HEAD + rows)) if isinstance(p, Probe)}
    assert known["fbt::pf_test:entry"] == ""
    assert known["fbt::bridge_input:entry"] == "of the module if_bridge"
    assert known["fbt::ip6_input:entry"] == "not in the listing"
    assert known["tcp:::receive"] == ""


def test_copies_of_an_inline_function_are_told_by_raw_arguments() -> None:
    types = ["struct ifnet *", "struct mbuf *", "struct mbuf **"]
    (probe,) = new(*[row(n, "fbt", "kernel", "f", "entry", *types) for n in (1, 2)])
    assert isinstance(probe, Probe)
    assert (str(probe), probe.expression) == ("fbt::f:entry", "(struct mbuf *)arg1")
    assert probe.others == (MbufArgument(2, 2, cast=True),)
    assert probe.interface_pointers == ("((struct ifnet *)arg0)",)
    assert (probe.argument, probe.depth, probe.using(2).depth) == (1, 1, 2)


def test_functions_of_one_name_and_different_arguments() -> None:
    same = [row(n, "fbt", f"m{n}", "f", "entry", "struct mbuf *") for n in (1, 2)]
    other = row(3, "fbt", "m3", "f", "entry", "int", "struct mbuf *")
    third = [row(n, "fbt", "m4", "f", "entry", *["struct mbuf *"] * n) for n in (4, 5)]
    *probes, odd = sorted(new(*same, other, *third), key=str)
    assert [(str(probe), isinstance(probe, Probe) and probe.expression) for probe in probes] == [
        ("fbt:m1:f:entry", "args[0]"),
        ("fbt:m2:f:entry", "args[0]"),
        ("fbt:m3:f:entry", "args[1]"),
    ]
    assert "fbt:m4:f:entry is several functions" in str(odd)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the listing is empty"),
        (
            HEAD + "    1        fbt            kernel          f entry\n"
            "    2        fbt            kernel          g entry\n",
            "2 probes without types: list them with `dtrace -lv`",
        ),
        (HEAD + row(1, "fbt", "kernel", "f", "entry", "int")[:-8], "line 8: the listing is cut"),
        (
            HEAD + "    1        fbt            kernel          f entry\n",
            "line 2: the listing is cut",
        ),
        ("total 42\ndrwxr-xr-x 2 root\n", "line 1: no row of a listing"),
        (HEAD + row(1, "fbt", "k", "f;", "entry"), "line 2: no row of a listing"),
        (
            HEAD + row(1, "fbt", "k", "f", "entry", "int").replace("s[0]", "s[3]"),
            "line 8: no argument of a probe",
        ),
    ],
    ids=["empty", "terse", "cut", "cut after a row", "another program", "no name", "a gap"],
)
def test_what_is_odd_is_said(text: str, said: str) -> None:
    assert next(str(item) for item in read(text) if isinstance(item, Oddity)) == said


@given(st.binary(max_size=300))
def test_nothing_raises(data: bytes) -> None:
    read(data)
    read(HEAD.encode() + data)


@given(st.data())
def test_a_listing_cut_anywhere_keeps_what_is_before(data: st.DataObject) -> None:
    rows = [row(n, "fbt", "kernel", f"f{n}", "entry", "struct mbuf *") for n in range(4)]
    text = HEAD + "".join(rows)
    at = data.draw(st.integers(0, len(text)))
    whole = sum(len(HEAD + "".join(rows[: n + 1])) <= at for n in range(4))
    probes = [item for item in read(text[:at]) if isinstance(item, ListedProbe)]
    assert [str(probe.description) for probe in probes][:whole] == [
        f"fbt:kernel:f{n}:entry" for n in range(whole)
    ]
