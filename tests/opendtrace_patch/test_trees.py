# SPDX-License-Identifier: BSD-2-Clause
"""The hook patches and apply.sh, on trees made of nothing but the lines that the hooks name."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from dtkit.freebsd import patch_trees

PATCHSET = Path(__file__).parents[2] / "opendtrace_patch"
TREES = sorted(path.stem for path in (PATCHSET / "trees").glob("*.patch"))
FUNCS = "cddl/contrib/opensolaris/cmd/dtrace/test/tst/common/funcs"

each_tree = pytest.mark.parametrize("tree", TREES)


class Hunk(NamedTuple):
    start: int
    old: list[str]
    new: list[str]
    #: Lines of context before the first and after the last change.
    context: tuple[int, int]


def hunks(tree: str) -> dict[str, list[Hunk]]:
    """The hunks of each file, their counted lines checked."""
    files: dict[str, list[Hunk]] = {}
    lines = (PATCHSET / "trees" / f"{tree}.patch").read_text().split("\n")
    assert lines.pop() == ""
    here: list[Hunk] = []
    while lines:
        line = lines.pop(0)
        if line.startswith("--- a/"):
            name = line.removeprefix("--- a/")
            assert lines.pop(0) == f"+++ b/{name}"
            here = files.setdefault(name, [])
        elif match := re.fullmatch(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@", line):
            start, olds, _, news = map(int, match.groups())
            body: list[str] = []
            while sum(row[0] in " -" for row in body) < olds or (
                sum(row[0] in " +" for row in body) < news
            ):
                body.append(lines.pop(0))
            old = [row[1:] for row in body if row[0] in " -"]
            new = [row[1:] for row in body if row[0] in " +"]
            assert (len(old), len(new)) == (olds, news)
            changed = [index for index, row in enumerate(body) if row[0] != " "]
            here.append(Hunk(start, old, new, (changed[0], len(body) - 1 - changed[-1])))
        else:
            assert not files, f"not part of a hunk: {line!r}"
    return files


def added(tree: str, name: str) -> list[str]:
    """What the patch adds to the file called *name*, line by line."""
    (found,) = (rows for path, rows in hunks(tree).items() if path.endswith("/" + name))
    return [line for hunk in found for line in hunk.new if line not in hunk.old]


#: A __FreeBSD_version of each tree.
VERSIONS = {tree.name: tree.osreldates[-1] for tree in patch_trees()}


def make_tree(tree: str, root: Path) -> Path:
    if tree in VERSIONS:
        (root / "sys/sys").mkdir(parents=True)
        (root / "sys/sys/param.h").write_text(f"#define __FreeBSD_version {VERSIONS[tree]}\n")
    for name, found in hunks(tree).items():
        lines: list[str] = []
        for hunk in found:
            assert len(lines) < hunk.start, "hunks overlap or are out of order"
            lines += [f"line {number}" for number in range(len(lines) + 1, hunk.start)]
            lines += hunk.old
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in [*lines, "the last line"]))
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.fixture
def patchset(tmp_path: Path) -> Path:
    """A copy whose core is a stand-in: what apply.sh does with it is what is tested here."""
    copy = tmp_path / "patchset"
    copy.mkdir()
    for name in ("apply.sh", "trees", "suite"):
        source = PATCHSET / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
    (copy / "dtrace_mbuf.c").write_text("/* the core */\nint core;\n")
    (copy / "dtrace_mbuf.h").write_text("/* its header */\n")
    return copy


def apply(patchset: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", patchset / "apply.sh", *args], capture_output=True, text=True, check=False
    )


def test_there_is_a_patch_for_each_supported_tree() -> None:
    assert [*sorted(VERSIONS), "opendtrace"] == TREES


@each_tree
def test_context_is_one_line_on_each_side(tree: str) -> None:
    for found in hunks(tree).values():
        for hunk in found:
            assert hunk.context == (1, 1)


@each_tree
def test_subroutines_are_54_and_55(tree: str) -> None:
    assert added(tree, "sys/dtrace.h") == [
        "#define\tDIF_SUBR_COPYOUTMBUF\t\t54",
        "#define\tDIF_SUBR_MBUFLEN\t\t55",
        "#define\tDIF_SUBR_MAX\t\t\t55\t/* max subroutine value */",
    ]


@each_tree
def test_libdtrace_knows_them_from_version_1_14_on(tree: str) -> None:
    text = "\n".join(added(tree, "dt_open.c"))
    assert '"Sun D 1.14"' in text
    assert "DT_VERS_LATEST\tDT_VERS_1_14" in text
    assert "\tDT_VERS_1_14,\t/* D API 1.14 */" in text
    rows = dict(
        re.findall(
            r'\{ "(\w+)", DT_IDENT_FUNC, 0, (DIF_SUBR_\w+),\s+DT_ATTR_EVOLCMN,\s+DT_VERS_1_14,'
            r'\s+&dt_idops_func, "[^"]+" \}',
            text,
        )
    )
    assert rows == {"copyoutmbuf": "DIF_SUBR_COPYOUTMBUF", "mbuflen": "DIF_SUBR_MBUFLEN"}
    assert '"void *(struct mbuf *, size_t, [size_t])"' in text
    assert '"size_t(struct mbuf *)"' in text


@each_tree
def test_rows_of_dt_open_are_in_order(tree: str) -> None:
    """libdtrace's table is sorted by name, as far as the context shows."""
    for found in (rows for path, rows in hunks(tree).items() if path.endswith("/dt_open.c")):
        for hunk in found:
            names = re.findall(r'^\{ "(\w+)"', "\n".join(hunk.new), re.MULTILINE)
            assert names == sorted(names)


@each_tree
def test_the_limit_is_a_sysctl(tree: str) -> None:
    text = "\n".join(added(tree, "dtrace_sysctl.c"))
    assert "SYSCTL_INT(_kern_dtrace, OID_AUTO, mbuf_maxchain, CTLFLAG_RWTUN," in text
    assert "&dtrace_mbuf_maxchain" in text


@each_tree
def test_dtrace_c_is_hooked_alike(tree: str) -> None:
    assert added(tree, "dtrace/dtrace.c") == added("freebsd-12.1", "dtrace/dtrace.c")
    text = "\n".join(added(tree, "dtrace/dtrace.c"))
    for wanted in (
        '#include "dtrace_mbuf.h"',
        "#include <dtrace_mbuf.c>",
        "int\t\tdtrace_mbuf_maxchain = DTRACE_MBUF_MAXCHAIN;",
        "case DIF_SUBR_COPYOUTMBUF:",
        "case DIF_SUBR_MBUFLEN:",
    ):
        assert text.count(wanted) == 1


@each_tree
def test_trees_with_a_manual_get_manual_text(tree: str) -> None:
    manual = [name for name in hunks(tree) if name.endswith((".1", ".7"))]
    assert len(manual) == (0 if tree == "opendtrace" else 1)
    for name in manual:
        text = "\n".join(added(tree, name.rsplit("/", 1)[1]))
        assert re.search(r"^\.It Ft .* Fn copyoutmbuf ", text, re.MULTILINE)
        assert re.search(r"^\.It Ft size_t Fn mbuflen ", text, re.MULTILINE)


@each_tree
def test_style_9(tree: str) -> None:
    for name, found in hunks(tree).items():
        for line in (line for hunk in found for line in hunk.new if line not in hunk.old):
            assert line == line.rstrip()
            if name.endswith((".c", ".h")):
                assert len(line.expandtabs(8)) <= 80
                assert not line.startswith("        ")


@each_tree
def test_apply_makes_what_the_patch_says(tree: str, patchset: Path, tmp_path: Path) -> None:
    root = make_tree(tree, tmp_path / "src")
    before = contents(root)
    done = apply(patchset, root)
    assert (done.returncode, done.stderr) == (0, "")
    assert "has copyoutmbuf() and mbuflen() now" in done.stdout
    after = contents(root)
    for name, found in hunks(tree).items():
        assert before[name] != after[name]
        for hunk in found:
            assert "".join(line + "\n" for line in hunk.new).encode() in after[name]
    new = set(after) - set(before)
    device = next(name for name in before if name.endswith("dtrace_sysctl.c")).rsplit("/", 1)[0]
    for name in ("dtrace_mbuf.c", "dtrace_mbuf.h"):
        assert after[f"{device}/{name}"] == (patchset / name).read_bytes()
    suite = {f"{FUNCS}/{path.name}": path.read_bytes() for path in (patchset / "suite").iterdir()}
    cases = {} if tree == "opendtrace" else suite
    assert new == {f"{device}/dtrace_mbuf.c", f"{device}/dtrace_mbuf.h", *cases}
    assert all(after[name] == data for name, data in cases.items())


@each_tree
def test_the_printed_patch_does_the_same(tree: str, patchset: Path, tmp_path: Path) -> None:
    root = make_tree(tree, tmp_path / "src")
    other = make_tree(tree, tmp_path / "other")
    assert apply(patchset, root).returncode == 0
    printed = apply(patchset, "-p", tree)
    assert (printed.returncode, printed.stderr) == (0, "")
    subprocess.run(
        ["patch", "-p1", "-F", "0", "-s", "-d", other],
        input=printed.stdout,
        text=True,
        check=True,
    )
    assert contents(other) == contents(root)


def test_some_lines_further_down_is_no_misfit(patchset: Path, tmp_path: Path) -> None:
    root = make_tree("freebsd-main", tmp_path / "src")
    path = root / "sys/cddl/contrib/opensolaris/uts/common/dtrace/dtrace.c"
    path.write_text("one more line\n" * 7 + path.read_text())
    assert apply(patchset, root).returncode == 0
    assert not [name for name in contents(root) if ".before" in name or ".orig" in name]


def test_dry_run_changes_nothing(patchset: Path, tmp_path: Path) -> None:
    root = make_tree("freebsd-12.1", tmp_path / "src")
    before = contents(root)
    assert apply(patchset, "-n", root).stdout == f"freebsd-12.1.patch applies to {root}\n"
    assert contents(root) == before


def test_twice_is_refused(patchset: Path, tmp_path: Path) -> None:
    root = make_tree("freebsd-12.1", tmp_path / "src")
    assert apply(patchset, root).returncode == 0
    before = contents(root)
    again = apply(patchset, root)
    assert again.returncode == 1
    assert "has it already" in again.stderr
    assert contents(root) == before


@pytest.mark.parametrize("name", hunks("freebsd-12.1"), ids=lambda name: Path(name).name)
def test_another_tree_is_refused_unchanged(name: str, patchset: Path, tmp_path: Path) -> None:
    root = make_tree("freebsd-12.1", tmp_path / "src")
    path = root / name
    context = [line for line in hunks("freebsd-12.1")[name][-1].old if line][-1]
    text = path.read_text()
    at = text.rindex(context + "\n")
    path.write_text(text[:at] + "something else\n" + text[at + len(context) + 1 :])
    before = contents(root)
    refused = apply(patchset, root)
    assert refused.returncode == 1
    assert "nothing was changed" in refused.stderr
    assert contents(root) == before


def test_a_directory_that_is_no_tree_is_named(patchset: Path, tmp_path: Path) -> None:
    refused = apply(patchset, "-t", "opendtrace", tmp_path)
    assert refused.returncode == 1
    assert "not a tree of opendtrace" in refused.stderr
    unknown = apply(patchset, tmp_path)
    assert unknown.returncode == 1
    assert "neither FreeBSD's source tree nor OpenDTrace's" in unknown.stderr


def test_a_version_without_hooks_is_named(patchset: Path, tmp_path: Path) -> None:
    root = make_tree("freebsd-12.1", tmp_path / "src")
    (root / "sys/sys/param.h").write_text("#define __FreeBSD_version 1301000\n")
    refused = apply(patchset, "-n", root)
    assert refused.returncode == 1
    assert "no hooks for __FreeBSD_version 1301000; -t TREE chooses some" in refused.stderr
    assert apply(patchset, "-n", "-t", "freebsd-12.1", root).returncode == 0


@pytest.mark.parametrize(
    "args", [[], ["a", "b"], ["-t", "plan9", "/"], ["-p"], ["-x", "opendtrace", "/"]], ids=" ".join
)
def test_usage(args: list[str], patchset: Path) -> None:
    wrong = apply(patchset, *args)
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert "usage: apply.sh" in wrong.stderr
    assert f"trees: {' '.join(TREES)}" in wrong.stderr
