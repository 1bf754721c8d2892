# SPDX-License-Identifier: BSD-2-Clause
"""
Write anew what is made from tables and templates and kept in the repository, for a review to see.

usage: golden.py

That is: what ``oneliner``, ``script`` and ``path`` print (tests/generate/golden), the ready-made
scripts (d_scripts), what completion knows of the commands (dtkit/cli/completion/table.json), the
tables of the manual (annotations.md, releases.md and trace.md of docs/reference), those of the
scripts that put the kernel patches into a tree, a page of docs/man for each command, and the
picture of the README. Tests compare all of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from dtkit.annotations import manual  # noqa: E402
from dtkit.cli import main as dtkit  # noqa: E402
from dtkit.cli.completion.table import completion_table  # noqa: E402
from dtkit.freebsd.matrix import patch_table, support_matrix  # noqa: E402
from dtkit.generate.ready import ready, ready_made  # noqa: E402
from tools.manpages import FOLDER, pages  # noqa: E402
from tools.picture import PICTURE, picture  # noqa: E402

#: Tests that write what they compare with, when they are told so.
WRITERS = ["tests/trace/views/test_tables.py"]


def put(path: Path, text: str) -> None:
    """Write *text*, unless it is there already; say which."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
        print(path.relative_to(TOP))


def put_between(path: Path, start: str, table: str, end: str) -> None:
    """Put *table* where one stands that begins with *start*, up to *end*."""
    text, found = re.subn(
        re.escape(start) + ".*?" + re.escape(end),
        lambda _: table + end,
        path.read_text(),
        count=1,
        flags=re.DOTALL,
    )
    if not found:
        sys.exit(f"golden: no {start!r} in {path}")
    put(path, text)


def main() -> None:
    for one in ready():
        put(TOP / "d_scripts" / f"{one.name}.d", ready_made(one.name))
    put(TOP / "dtkit/cli/completion/table.json", completion_table(dtkit))
    put(TOP / "docs/reference/annotations.md", "\n".join(manual()) + "\n")
    put(PICTURE, picture())
    matrix = support_matrix()
    put_between(TOP / "docs/reference/releases.md", matrix.partition("\n")[0], matrix, "\nWithout")
    for script in ("opendtrace_patch/apply.sh", "mbuf_trace_patch/install.sh"):
        put_between(TOP / script, "\ntrees='\n", f"\ntrees='\n{patch_table()}", "'\n")
    for name, text in pages().items():
        put(FOLDER / name, text)
    subprocess.run([sys.executable, "-m", "tests.generate.test_golden"], cwd=TOP, check=True)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *WRITERS],
        cwd=TOP,
        env={**os.environ, "DTKIT_GOLDEN": "1"},
        check=True,
    )


if __name__ == "__main__":
    main()
