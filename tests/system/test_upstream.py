# SPDX-License-Identifier: BSD-2-Clause
"""
``make upstream``: git am takes the series, and they make of a tree what the patch scripts make.

The trees have nothing but the lines that the patches name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.upstream import SERIES, Change, changes, commits, mails, patch

TOP = Path(__file__).parents[2]
AUTHOR = "Some One <some.one@example.org>"

each_series = pytest.mark.parametrize(
    ("name", "tree"), [(name, tree) for name, (_, trees) in SERIES.items() for tree in trees]
)

#: git, told nothing by the user's own settings.
GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_COMMITTER_NAME": "Some Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.org",
    "GIT_AUTHOR_NAME": "Some Committer",
    "GIT_AUTHOR_EMAIL": "committer@example.org",
}


def git(folder: Path, *words: str | Path) -> str:
    done = subprocess.run(["git", *words], cwd=folder, env=GIT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_tree(root: Path, found: list[Change]) -> None:
    """What the patches want to see, where they say that it is."""
    for change in found:
        if change.new:
            continue
        lines: list[str] = []
        for hunk in re.split(r"^(?=@@ )", change.hunks, flags=re.MULTILINE)[1:]:
            head, *body = hunk.splitlines()
            start = int(head.split()[1].split(",")[0].removeprefix("-"))
            lines += [f"line {number}" for number in range(len(lines) + 1, start)]
            lines += [line[1:] for line in body if line[0] in " -"]
        path = root / change.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in [*lines, "the last line"]))


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def repository(root: Path, name: str, tree: str) -> Path:
    make_tree(root, changes(patch(name, tree)))
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    return root


@each_series
def test_git_am_makes_what_the_patch_makes(name: str, tree: str, tmp_path: Path) -> None:
    if shutil.which("patch") is None:
        pytest.skip("no patch: make system-packages")
    clone = repository(tmp_path / "clone", name, tree)
    series = commits(name, tree)
    letters = mails(series, AUTHOR)
    for file, text in letters.items():
        (tmp_path / file).write_text(text)
    git(clone, "am", "-q", *(tmp_path / file for file in letters))

    other = tmp_path / "other"
    make_tree(other, changes(patch(name, tree)))
    everything = patch(name, tree).encode()
    subprocess.run(["patch", "-p1", "-F0", "-s"], cwd=other, input=everything, check=True)
    assert contents(clone) == contents(other)

    said = git(clone, "log", "--reverse", "--format=%an <%ae>%n%s%n%b%x00").split("\0")[1:-1]
    assert [one.strip() for one in said] == [
        f"{AUTHOR}\n{commit.subject}\n{commit.body}" for commit in series
    ]
    changed = git(clone, "log", "--reverse", "--name-only", "--format=%x00").split("\0")[2:]
    assert [sorted(one.split()) for one in changed] == [
        sorted(change.path for change in commit.changes) for commit in series
    ]


def test_git_am_refuses_another_tree(tmp_path: Path) -> None:
    clone = repository(tmp_path / "clone", "mbuf_trace_patch", "freebsd-main")
    file = clone / "sys/net/if.c"
    file.write_text(file.read_text().replace("\t", "    "))
    git(clone, "commit", "-q", "-a", "-m", "other")
    letters = mails(commits("mbuf_trace_patch", "freebsd-main"), AUTHOR)
    for name, text in letters.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["git", "am", "-q", *(tmp_path / name for name in letters)],
        cwd=clone,
        env=GIT,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "sys/net/if.c" in done.stderr + done.stdout


@each_series
def test_messages_have_the_form_of_freebsd(name: str, tree: str) -> None:
    for commit in commits(name, tree):
        assert re.match(r"[\w., ]+: [A-Z].*[^.]$", commit.subject)
        assert len(commit.subject) <= 72
        assert all(len(line) <= 72 for line in commit.body.split("\n"))
        # Nobody has, yet.
        assert not re.search(r"^(Reviewed|Approved|Differential|MFC)", commit.body, re.MULTILINE)


@each_series
def test_a_series_has_every_file_once(name: str, tree: str) -> None:
    series = [change.path for commit in commits(name, tree) for change in commit.changes]
    assert sorted(series) == sorted(change.path for change in changes(patch(name, tree)))
    assert len(set(series)) == len(series)


def added(name: str, path: str) -> list[str]:
    """The words that a patch adds to a list."""
    [change] = [one for one in changes(patch(name, "freebsd-main")) if one.path == path]
    return re.findall(r"^\+\s*(\S[^\\\n]*?)\s*\\?$", change.hunks, re.MULTILINE)


def test_lists_name_what_is_added() -> None:
    cases = added("opendtrace_patch", "cddl/usr.sbin/dtrace/tests/common/funcs/Makefile")
    assert cases == sorted(path.name for path in (TOP / "opendtrace_patch/suite").iterdir())
    assert added("mbuf_trace_patch", "share/man/man4/Makefile") == ["mbuf_trace.4"]
    assert added("mbuf_trace_patch", "share/man/man9/Makefile") == ["mtrace.9"]
    assert added("mbuf_trace_patch", "tests/sys/net/Makefile") == ["ATF_TESTS_SH+=\tmbuf_trace"]


def test_atf_reads_the_tests(tmp_path: Path) -> None:
    """Each test case has head, body and cleanup, and is added. They are run on FreeBSD."""
    if shutil.which("atf-sh") is None:
        pytest.skip("no atf-sh: make system-packages")
    (tmp_path / "common").mkdir()
    (tmp_path / "net").mkdir()
    (tmp_path / "common/vnet.subr").write_text("vnet_init() { atf_skip 'none'; }\n")
    program = tmp_path / "net/mbuf_trace"
    text = (TOP / "mbuf_trace_patch/tests/mbuf_trace.sh").read_text()
    program.write_text(f"#!{shutil.which('atf-sh')}\n{text}")
    program.chmod(0o755)
    said = subprocess.run([program, "-l"], cwd=program.parent, capture_output=True, text=True)
    listed = re.findall(r"^ident: (\w+)$", said.stdout, re.MULTILINE)
    defined = re.findall(r'^atf_test_case "(\w+)" "cleanup"$', text, re.MULTILINE)
    assert listed == defined
    assert len(listed) > 5
    for part in ("head", "body", "cleanup"):
        assert re.findall(rf"^(\w+)_{part}\(\)$", text, re.MULTILINE) == defined
    assert said.stdout.count("has.cleanup: true") == len(listed)
    # One that needs no vnet says what it lacks here.
    ran = subprocess.run([program, "refused"], cwd=program.parent, capture_output=True, text=True)
    assert "skipped: This test requires options MBUF_TRACE" in ran.stdout


def test_the_script_writes_the_series(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, TOP / "tools/upstream.py", tmp_path / "out", "--author", AUTHOR],
        check=True,
    )
    for name, (_, trees) in SERIES.items():
        for tree in trees:
            folder = tmp_path / f"out/{name}-{tree}"
            expected = mails(commits(name, tree), AUTHOR)
            assert {path.name: path.read_text() for path in folder.glob("*.patch")} == expected
            assert (folder / "REVIEW.md").read_text() == (TOP / name / "REVIEW.md").read_text()
