# SPDX-License-Identifier: BSD-2-Clause
"""The records of releases: how they are found, and that one place is enough to add one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.dlang import check, target_kernel
from dtkit.dlang.compiler.compile import library
from dtkit.dlang.types import Tagged
from dtkit.freebsd import (
    RELEASES,
    PatchTree,
    Release,
    UnknownReleaseError,
    default_release,
    layouts,
    patch_trees,
    records,
    release,
    release_of,
    releases,
)
from dtkit.freebsd.matrix import patch_table, support_matrix
from dtkit.freebsd.tables import table_text
from dtkit.mbuf import FREEBSD_12
from dtkit.simulate import Settings, StackPacket, run

Dtkit = Callable[..., Result]

each = pytest.mark.parametrize("known", RELEASES, ids=lambda known: known.name)


@each
def test_a_release_is_found_by_its_name_and_by_its_osreldate(known: Release) -> None:
    assert release(known.name) is known
    assert release_of(known.osreldates.start) is known
    assert release_of(known.osreldates.stop - 1) is known


def test_releases_do_not_overlap() -> None:
    for one, next_ in itertools.pairwise(RELEASES):
        assert one.osreldates.stop <= next_.osreldates.start
    for tree, following in itertools.pairwise(patch_trees()):
        assert tree.osreldates.stop <= following.osreldates.start


@pytest.mark.parametrize(
    ("osreldate", "message"),
    [
        (1301000, "no release has osreldate 1301000; between 12, up to 1299999, and 14, from 1400"),
        (1100000, "no release has osreldate 1100000; before 12, from 1200086"),
        (9900000, "no release has osreldate 9900000; after "),
    ],
)
def test_an_osreldate_of_no_release_names_its_neighbours(osreldate: int, message: str) -> None:
    with pytest.raises(UnknownReleaseError) as caught:
        release_of(osreldate)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("13", "'13' is none of 12, 14, 15, main; between 12 and 14"),
        ("11", "; before 12"),
        ("freebsd-12", "'freebsd-12' is none of 12, 14"),
        ("", "'' is none of 12, 14"),
    ],
)
def test_a_name_of_no_release_names_its_neighbours(name: str, message: str) -> None:
    with pytest.raises(UnknownReleaseError) as caught:
        release(name)
    assert message in str(caught.value)


@each
def test_its_tables_are_complete(known: Release) -> None:
    assert len(known.probes) > 300
    assert known.symbols
    assert all(known.kernel_declarations)
    assert all(known.library_declarations)
    assert known.layout in layouts().values()
    assert known.tree in patch_trees()
    assert known.osreldates.start in known.tree.osreldates


def test_a_release_of_the_past_that_only_patches_know_is_no_choice() -> None:
    assert "freebsd-13-2019" in {tree.name for tree in patch_trees()}
    assert "13" not in {known.name for known in releases()}


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release that is in no file but here, whose struct mbuf is like no other."""
    layout = replace(FREEBSD_12, name="freebsd-99", m_dat=40, m_pkthdr_len=56, m_pktdat=96)
    text = table_text("mbuf-12.d").replace(
        "\tuint32_t m_type : 8, m_flags : 24;\n",
        "\tuint32_t m_type : 8, m_flags : 24;\n\tuint64_t m_invented;\n",
    )
    probe = "7\tfbt\tkernel\tip_input\tentry\tstruct mbuf *\n8\tfbt\tkernel\tinvented\tentry\tint\n"
    tables = {"mbuf-99.d": text, "probes-99.tsv": probe, "symbols-99.tsv": "invented\tint\n"}
    monkeypatch.setattr(records, "table_text", lambda name: tables.get(name) or table_text(name))
    tree = PatchTree("freebsd-99", range(9900000, 10000000), layout)
    made = replace(
        RELEASES[-1],
        name="99",
        osreldates=range(9900000, 10000000),
        layout=layout,
        types=("types.d", "mbuf-99.d", "tcpcb-12.d"),
        library=("network.d", "connection-12.d", "tcphdr-15.d"),
        probe_table="probes-99.tsv",
        symbol_table="symbols-99.tsv",
        tree=tree,
    )
    monkeypatch.setattr(records, "RELEASES", (*RELEASES, made))
    return made


def test_a_release_that_is_added_in_one_place_is_everywhere(
    invented: Release, dtkit: Dtkit
) -> None:
    assert release("99") is release_of(9912345) is invented
    assert default_release() in releases()
    assert layouts()["freebsd-99"] is invented.layout
    assert invented.tree in patch_trees()
    # The checker knows its types, probes and variables.
    kernel = target_kernel(invented)
    good = "fbt::ip_input:entry { trace(args[0]->m_invented + `invented); }"
    assert check(good, kernel=kernel) == []
    assert check(good, kernel=target_kernel(release("14"))) != []
    # The simulator has its layout.
    text = '#pragma D option quiet\nfbt::ip_input:entry { printf("%d", args[0]->m_pkthdr.len); }'
    packet = StackPacket(bytes([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17] + [0] * 10))
    assert "".join(run(text, [packet], Settings(kernel=kernel))).strip() == "20"
    # And each command that takes a release.
    for words in (["check", "--program", good], ["simulate", "--program", "BEGIN { exit(0); }"]):
        done = dtkit(*words, "--release", "99")
        assert done.exit_code == 0, done.stderr
    shown = dtkit("copyout", "--chain", "20", "--release", "99")
    assert "freebsd-99" in shown.stdout
    assert "99" in dtkit("check", "--help").stdout
    assert "| `99` |" in support_matrix()
    assert "9900000 10000000 freebsd-99\n" in patch_table()
    wrong = dtkit("check", "--program", good, "--release", "98")
    assert wrong.exit_code == 2
    assert "between main and 99" in wrong.stderr


def test_the_documentation_has_the_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "releases.md").read_text()
    assert support_matrix() in text, "run python -m dtkit.freebsd"


@pytest.mark.parametrize("script", ["opendtrace_patch/apply.sh", "mbuf_trace_patch/install.sh"])
def test_the_patch_scripts_have_the_table(script: str) -> None:
    text = (Path(__file__).parents[2] / script).read_text()
    assert f"\ntrees='\n{patch_table()}'\n" in text, "run python -m dtkit.freebsd trees"


@pytest.mark.parametrize("patches", ["opendtrace_patch", "mbuf_trace_patch"])
def test_every_tree_has_its_hooks(patches: str) -> None:
    trees = Path(__file__).parents[2] / patches / "trees"
    hooks = {path.stem for path in trees.glob("freebsd-*.patch")}
    assert hooks == {tree.name for tree in patch_trees()}


@pytest.mark.parametrize("known", [known for known in releases() if known.major >= 14], ids=str)
def test_every_member_that_the_d_library_names_is_translated(known: Release) -> None:
    of = library(target_kernel(known))
    lacking = {
        f"{of.types.name(output)}.{member.name}"
        for output, translations in of.translations.items()
        if isinstance(output, Tagged)
        for translation in translations
        for member in of.types.layouts[output.kind, output.tag].members
        if member.name not in translation.members
    }
    # siftr(4)'s translator says nothing of the time.
    assert lacking == {"struct siftrinfo.tval"}
