# SPDX-License-Identifier: BSD-2-Clause
"""The Pythons of this machine that dtkit is for, beside the one that runs the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

#: From the oldest that is supported to the newest.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


@cache
def pythons() -> dict[str, str]:
    """One program for each version that is here, without a virtual environment's packages."""
    found: dict[str, str] = {}
    base = f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    other = sorted(Path(sys.base_prefix).parent.glob("*/bin/python3.*"))  # pyenv has them there
    named = [shutil.which(f"python{version}") for version in VERSIONS]
    # The system's own before others of the same version: it is what a user has.
    for program in ["/usr/bin/python3", "/usr/local/bin/python3", base, *named, *map(str, other)]:
        if program is not None and (version := _version(program)) in VERSIONS:
            found.setdefault(version, program)
    return dict(sorted(found.items()))


def _version(program: str) -> str | None:
    said = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([program, "-I", "-c", said], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
