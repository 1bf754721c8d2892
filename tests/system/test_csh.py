# SPDX-License-Identifier: BSD-2-Clause
"""One-liners in csh(1), the shell of root on FreeBSD for long: as typed, where ``!`` is history."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.terminal import on_a_terminal

DTKIT = [sys.executable, "-m", "dtkit"]


@pytest.mark.parametrize(
    "words",
    [
        ["--exec", "a!b"],
        ["--exec", "!!"],
        ["--exec", "it's $HOME `id`"],
        ["--where", "!arg0"],
        ["--where", "!(arg0 == 1) && arg1 != 2"],
        ["--filter", "not port 22"],
    ],
    ids=" ".join,
)
def test_csh_hands_on_what_sh_does(tmp_path: Path, words: list[str]) -> None:
    if shutil.which("tcsh") is None:
        pytest.skip("no tcsh: make system-packages")
    done = subprocess.run(
        [*DTKIT, "oneliner", "ip_input", *words], capture_output=True, text=True, check=True
    )
    (tmp_path / "dtrace").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/given\n")
    (tmp_path / "dtrace").chmod(0o755)
    given = []
    for shell in ("sh", "tcsh -f -i"):
        # History is of interactive shells alone, which read what is typed.
        (tmp_path / "typed").write_text(f"{done.stdout}exit\n")
        path = f"PATH={tmp_path}:/usr/bin:/bin"
        on_a_terminal(f"env {path} {shell} < {tmp_path}/typed")
        given.append((tmp_path / "given").read_text())
        (tmp_path / "given").unlink()
    assert given[0] == given[1]
    assert given[0].startswith("-n\n")
