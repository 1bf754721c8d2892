# SPDX-License-Identifier: BSD-2-Clause
"""The house rules that a machine can check: layers, licences, the public API."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import dtkit

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "dtkit"

#: From the ground up: a room imports only itself and rooms before it.
ROOMS = [
    "mbuf",
    "probes",
    "dlang",
    "packets",
    "output",
    "generate",
    "simulate",
    "trace",
    "live",
    "cli",
    "testing",
]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "dtkit" and len(parts) > 1 and parts[1] in ROOMS else None


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(TOP))
)
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    module = ".".join(path.relative_to(TOP).with_suffix("").parts)
    room = room_of(module)
    if room is None:
        return
    above = ROOMS[ROOMS.index(room) + 1 :]
    assert not [name for name in imports(path) if room_of(name) in above]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        check=False,
    )
    if listed.returncode:  # an unpacked archive, not a checkout
        return [path for room in ("dtkit", "tests") for path in (TOP / room).rglob("*")]
    return [TOP / name.decode() for name in listed.stdout.split(b"\0") if name]


SOURCE = {".py", ".c", ".h", ".d", ".sh", ".toml", ".lark", ".lua"}


def test_every_source_file_names_its_licence() -> None:
    sources = [path for path in tracked() if path.suffix in SOURCE and path.is_file()]
    assert len(sources) > 5
    missing = [
        str(path.relative_to(TOP))
        for path in sources
        if "tests/data" not in path.as_posix()
        and "SPDX-License-Identifier: BSD-2-Clause" not in path.read_text()[:2000]
    ]
    assert not missing


def test_the_public_api_is_documented() -> None:
    for name in dtkit.__all__:
        if name == "__version__":
            continue
        assert (getattr(dtkit, name).__doc__ or "").strip(), name


def test_what_the_tests_are_run_with_is_pinned() -> None:
    """A tool's new release stops nothing until ``make constraints`` lets it in."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in wanted} - {"dtkit"}
    lines = (TOP / "tests/constraints.txt").read_text().lower().splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    assert names <= pinned
    assert "-c tests/constraints.txt" in (TOP / "Makefile").read_text()
