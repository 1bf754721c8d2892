# SPDX-License-Identifier: BSD-2-Clause
"""The house rules that a machine can check: layers, licences, the public API."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dtkit
from dtkit.cli import main
from dtkit.cli.completion.table import completion_table

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "dtkit"

#: From the ground up: a room imports only itself and rooms before it. A name without a folder is
#: a module, and ``dtkit`` the front door, which hands out names of all rooms.
ROOMS = [
    "door",
    "version",
    "program",
    "native",
    "oddity",
    "counted",
    "bounded",
    "waiting",
    "lazily",
    "foreign",
    "mbuf",
    "annotations",
    "freebsd",
    "probes",
    "dlang",
    "packets",
    "output",
    "generate",
    "simulate",
    "trace",
    "live",
    "fleet",
    "front",
    "cli",
    "dtkit",
    "testing",
    "__main__",
]

#: The floors of a room, from the ground up; beneath the first are the words that all share.
FLOORS = {
    "dtkit.dlang": ["syntax", "checker", "compiler"],
    "dtkit.trace": ["kernel", "journey", "views"],
}


def module_of(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {module: ast.parse(path.read_text()) for module, path in MODULES.items()}


def imported(module: str) -> Iterator[tuple[str, ast.alias]]:
    """The modules of ours that *module* imports, wherever in it, for type checkers too."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias) for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports by dots"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                target = submodule if submodule in MODULES else node.module
                if target in MODULES:
                    assert target is not None
                    yield target, alias


GRAPH = {module: {target for target, _ in imported(module)} - {module} for module in TREES}


def part_of(package: str, module: str) -> str | None:
    """The module or package in *package* that *module* is or is in; *package* for itself."""
    if module == package:
        return package.rpartition(".")[2]
    return module[len(package) + 1 :].split(".")[0] if module.startswith(f"{package}.") else None


def parts_graph(package: str) -> dict[str, set[str]]:
    """Which part of *package* imports which others."""
    graph: dict[str, set[str]] = {}
    for module, targets in GRAPH.items():
        if (part := part_of(package, module)) is not None:
            found = {part_of(package, target) for target in targets}
            graph.setdefault(part, set()).update(x for x in found if x and x != part)
    return graph


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


PACKAGES = sorted(module for module, path in MODULES.items() if path.name == "__init__.py")


def test_a_room_imports_only_rooms_below_it() -> None:
    graph = parts_graph("dtkit")
    for room in reversed(ROOMS):
        if room in graph:
            print(f"{room:>12} -> {' '.join(sorted(graph[room], key=ROOMS.index))}")
    assert set(graph) <= set(ROOMS), "a room that has no place"
    upwards = [
        (module, target)
        for module, targets in GRAPH.items()
        for target in targets
        if ROOMS.index(room_of(target)) > ROOMS.index(room_of(module))
    ]
    assert not upwards


def room_of(module: str) -> str:
    room = part_of("dtkit", module)
    assert room is not None
    return room


@pytest.mark.parametrize("package", FLOORS)
def test_a_floor_imports_only_floors_below_it(package: str) -> None:
    floors = FLOORS[package]
    graph = parts_graph(package)
    for part in sorted(graph, key=lambda part: (part in floors, part), reverse=True):
        print(f"{part:>12} -> {' '.join(sorted(graph[part]))}")
    assert set(floors) <= set(graph)
    door = room_of(package)
    for part, targets in graph.items():
        if part != door:  # the package's own module hands out names of all floors
            allowed = floors[: floors.index(part)] if part in floors else []
            assert not [x for x in targets if x == door or (x in floors and x not in allowed)], part


def test_no_module_imports_in_a_circle() -> None:
    assert not circle(GRAPH)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_part_of_a_package_imports_in_a_circle(package: str) -> None:
    assert not circle(parts_graph(package))


def test_a_circle_is_found() -> None:
    assert circle({"a": ["b"], "b": ["c"], "c": ["a"]})
    assert not circle({"a": ["b", "c"], "b": ["c"]})


def test_no_exported_name_hides_a_module() -> None:
    hidden = {
        f"{package}.{alias.asname or alias.name}"
        for package in PACKAGES
        for target, alias in imported(package)
        if f"{package}.{alias.asname or alias.name}" in MODULES
        and target != f"{package}.{alias.asname or alias.name}"
    }
    assert not hidden


def test_a_class_name_stands_in_one_module_only() -> None:
    where: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append(module)
    twins = {name: modules for name, modules in where.items() if len(modules) > 1}
    assert not twins


def test_no_import_of_ours_needs_another_name() -> None:
    aliased = {
        (str(MODULES[module].relative_to(TOP)), alias.name)
        for module in TREES
        for _, alias in imported(module)
        if alias.asname is not None
    }
    assert not aliased


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


def names_imported(node: ast.AST) -> list[str]:
    """Modules, and what may be modules, that one statement imports."""
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def test_test_modules_do_not_import_each_other() -> None:
    """What two of them need lies in a module of its own, which runs no tests."""
    modules = sorted((TOP / "tests").rglob("*.py"))
    found = [
        f"{path.relative_to(TOP)} imports {name}"
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        for name in names_imported(node)
        if re.match(r"tests\.(.*\.)?(test_\w+|conftest)\b", name)
    ]
    assert len(modules) > 50
    assert not found


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


def test_completion_knows_the_commands_and_options_that_there_are() -> None:
    table = (PACKAGE / "cli/completion/table.json").read_text()
    assert table == completion_table(main), "write it anew: make golden"
