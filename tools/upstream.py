# SPDX-License-Identifier: BSD-2-Clause
"""
``make upstream``: the kernel patches as series that ``git am`` takes.

What they change is what ``apply.sh -p`` and ``install.sh -p`` print, and lines in lists that only
FreeBSD's own tree has use for (``upstream/lists.patch``); ``upstream/series.toml`` says which
commits it becomes. Beside each series lies what a reviewer should know, as ``REVIEW.md`` has it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

__all__ = ["SERIES", "Change", "Commit", "changes", "commits", "mails", "patch"]

TOP = Path(__file__).resolve().parent.parent

#: The patches by the script that prints each, and the trees that somebody may take them into.
SERIES = {
    "opendtrace_patch": ("apply.sh", ("freebsd-main", "opendtrace")),
    "mbuf_trace_patch": ("install.sh", ("freebsd-main",)),
}


@dataclass(frozen=True)
class Change:
    """What a patch does to one file."""

    path: str
    new: bool
    hunks: str

    def count(self, mark: str) -> int:
        """Lines that begin with *mark*."""
        return len(re.findall(rf"^{re.escape(mark)}", self.hunks, re.MULTILINE))


@dataclass(frozen=True)
class Commit:
    """One purpose."""

    subject: str
    body: str
    changes: tuple[Change, ...]


def patch(name: str, tree: str) -> str:
    """All that a patch does to a tree, and to its lists."""
    folder = TOP / name
    script, _ = SERIES[name]
    printed = subprocess.run(
        ["sh", str(folder / script), "-p", tree], capture_output=True, text=True, check=True
    ).stdout
    lists = folder / "upstream/lists.patch"
    return printed + (lists.read_text() if tree.startswith("freebsd") else "")


def changes(text: str) -> list[Change]:
    """A patch file by file; what stands before and between them is for people."""
    found = []
    for part in re.split(r"^(?=--- (?:a/|/dev/null$))", text, flags=re.MULTILINE)[1:]:
        old, new, body = part.split("\n", 2)
        hunks = "".join(
            line for line in body.splitlines(keepends=True) if line.startswith(("@@", *" +-\\"))
        )
        found.append(Change(new.removeprefix("+++ b/"), old == "--- /dev/null", hunks))
    return found


def commits(name: str, tree: str) -> list[Commit]:
    """
    The series of a patch, in order; without those that a tree has no files for.

    :raises SystemExit: a change is in no commit.
    """
    left = changes(patch(name, tree))
    found = []
    for one in tomllib.loads((TOP / name / "upstream/series.toml").read_text())["commit"]:
        mine = [change for change in left if any(fnmatch(change.path, p) for p in one["paths"])]
        left = [change for change in left if change not in mine]
        if mine:
            found.append(Commit(one["subject"], one["body"].strip("\n"), tuple(mine)))
    if left:
        raise SystemExit(f"upstream: {name}: no commit has {left[0].path}")
    return found


def mails(series: Sequence[Commit], author: str) -> dict[str, str]:
    """The files of a series, as git format-patch names and writes them."""
    found = {}
    for number, commit in enumerate(series, 1):
        stem = re.sub(r"[^A-Za-z0-9._]+", "-", commit.subject).strip("-.")[:52]
        found[f"{number:04}-{stem}.patch"] = _mail(commit, f"{number}/{len(series)}", author)
    return found


def _mail(commit: Commit, place: str, author: str) -> str:
    width = max(len(change.path) for change in commit.changes)
    stat = [
        f" {change.path:<{width}} | {change.count('+') + change.count('-')}"
        for change in commit.changes
    ]
    total = [sum(change.count(mark) for change in commit.changes) for mark in "+-"]
    files = len(commit.changes)
    stat.append(f" {files} files changed, {total[0]} insertions(+), {total[1]} deletions(-)")
    # The first line is how git knows a patch; its hash and date say nothing.
    head = f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: {author}\n"
    subject = f"Subject: [PATCH {place}] {commit.subject}\n"
    body = "".join(map(_diff, commit.changes))
    return f"{head}{subject}\n{commit.body}\n---\n" + "\n".join(stat) + f"\n\n{body}-- \ndtkit\n"


def _diff(change: Change) -> str:
    head = f"diff --git a/{change.path} b/{change.path}\n"
    if change.new:
        head += "new file mode 100644\n--- /dev/null\n"
    else:
        head += f"--- a/{change.path}\n"
    return f"{head}+++ b/{change.path}\n{change.hunks}"


def _author() -> str:
    """Who git here says that we are."""
    said = subprocess.run(
        ["git", "var", "GIT_AUTHOR_IDENT"], cwd=TOP, capture_output=True, text=True, check=False
    ).stdout
    if (found := re.match(r".*<.*?>", said)) is None:
        raise SystemExit("upstream: who is the author? --author 'Name <address>'")
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the kernel patches for git am.")
    parser.add_argument("into", type=Path, help="a folder, such as dist/upstream")
    parser.add_argument("--author", default="", help="'Name <address>'; else git's user")
    given = parser.parse_args()
    author = given.author or _author()
    for name, (_, trees) in SERIES.items():
        for tree in trees:
            folder = given.into / f"{name}-{tree}"
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.patch"):
                old.unlink()
            for file, text in mails(commits(name, tree), author).items():
                (folder / file).write_text(text)
            (folder / "REVIEW.md").write_text((TOP / name / "REVIEW.md").read_text())
            print(f"{folder}: {len(list(folder.glob('*.patch')))} patches", file=sys.stderr)


if __name__ == "__main__":
    main()
