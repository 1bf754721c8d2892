# SPDX-License-Identifier: BSD-2-Clause
"""The hosts that ssh(1) knows: ``Host`` of its configuration, and its files of known hosts."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ssh_hosts"]

#: Files that include each other end here, as in ssh(1).
_DEEPEST = 16

_CONFIGURATIONS = ("~/.ssh/config", "/etc/ssh/ssh_config")
_KNOWN = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


def ssh_hosts() -> Iterator[tuple[str, str]]:
    """Each host once, and what knows it: those of configurations first, patterns left out."""
    seen: set[str] = set()
    for files, read in ((_CONFIGURATIONS, _configured), (_KNOWN, _known)):
        for name in files:
            path = Path(os.path.expanduser(name))
            for host in read(path, 0):
                if host not in seen and not set(host) & set("*?!"):
                    seen.add(host)
                    yield host, f"of {name}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []  # none is the usual case, and a Tab is no place to complain


def _configured(path: Path, depth: int) -> Iterator[str]:
    """The names after ``Host``, in this file and in those that it includes."""
    for line in _lines(path):
        words = line.replace("=", " ", 1).split()
        keyword = words[0].lower() if words else ""
        if keyword == "host":
            yield from words[1:]
        elif keyword == "include" and depth < _DEEPEST:
            for pattern in words[1:]:
                # Relative to the folder of the file that was read first.
                whole = os.path.join(path.parent, os.path.expanduser(pattern))
                for name in sorted(glob.glob(whole)):
                    yield from _configured(Path(name), depth + 1)


def _known(path: Path, depth: int) -> Iterator[str]:
    """The names of a file of known hosts that are not hashed; no authorities, and none revoked."""
    for line in _lines(path):
        if not line.startswith(("#", "@", "|")):
            for name in line.split()[0].split(",") if line.split() else ():
                yield name[1:].partition("]")[0] if name.startswith("[") else name
