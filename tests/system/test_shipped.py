# SPDX-License-Identifier: BSD-2-Clause
"""What ships: the wheel has all that dtkit needs and nothing else, and none of it is the GPL's."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from dtkit.cli import COMMANDS
from dtkit.version import __version__

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "dtkit"
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]

#: Modules that a user's own installation has, or not; none of them comes with dtkit.
ASKED_FOR = {"scapy"}


def built(into: Path, **environment: str) -> Path:
    """A wheel of dtkit."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)],
        cwd=TOP,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [path] = into.glob("dtkit-*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(built(tmp_path_factory.mktemp("wheel")))


def test_the_wheel_has_the_compiled_module(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename is not None
    assert "-none-any" not in wheel.filename
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert f"dtkit/_speedups{suffix}" in wheel.namelist()


@pytest.mark.parametrize(
    "environment",
    [{"DTKIT_PURE_PYTHON": "1"}, {"CFLAGS": "-no-such-option"}],
    ids=["as asked", "no compiler"],
)
def test_a_wheel_for_every_machine_is_built_without_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = built(tmp_path, **environment)
    assert path.name.endswith("-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(path).namelist() if name.endswith(".so")]


def test_the_sdist_has_all_that_is_tracked(tmp_path: Path) -> None:
    """And nothing that `make` left in the checkout: what is packed is what a tag has."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(words, cwd=TOP, capture_output=True, check=True)
    [path] = tmp_path.iterdir()
    assert path.name == f"dtkit-{__version__}.tar.gz"
    with tarfile.open(path) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    tracked = {name for name in listed.stdout.decode().split("\0") if name}
    assert tracked <= packed
    assert packed - tracked == {"PKG-INFO"}


def test_there_is_one_version(wheel: zipfile.ZipFile) -> None:
    """The wheel has it from there, and the newest section of the changelog is for it."""
    assert Path(str(wheel.filename)).name.startswith(f"dtkit-{__version__}-")
    assert PROJECT["dynamic"] == ["version"]
    section = re.search(r"^## (\S+)", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert section is not None
    assert section[1] == __version__


def test_the_wheel_has_the_whole_package(wheel: zipfile.ZipFile) -> None:
    """Templates, tables, grammars, schemas and pages as well; git knows what there is."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "dtkit"], cwd=TOP, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout")
    tracked = {name for name in listed.stdout.decode().split("\0") if name}
    packed = {name for name in wheel.namelist() if name.startswith("dtkit/")}
    assert tracked <= packed
    assert {Path(name).suffix for name in tracked} >= {".py", ".j2", ".toml", ".lua", ".tsv"}


def test_the_wheel_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    apart = [name for name in wheel.namelist() if not name.startswith("dtkit/")]
    manual = [name for name in apart if ".data/data/share/man/man1/dtkit" in name]
    assert {name.split("/")[-1] for name in manual} == {
        "dtkit.1",
        *(f"dtkit-{command}.1" for command in COMMANDS),
    }
    assert all(".dist-info/" in name for name in apart if name not in manual)
    assert not [name for name in wheel.namelist() if "__pycache__" in name]
    [entry] = [name for name in apart if name.endswith("entry_points.txt")]
    assert "dtkit = dtkit.cli:main" in wheel.read(entry).decode()
    assert any(name.endswith("LICENSE") for name in apart)


def imported() -> set[str]:
    """Packages of others that dtkit imports, wherever."""
    names: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"dtkit", "_typeshed"} - ASKED_FOR


def required(lines: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", line)[0].lower() for line in lines} - {"dtkit"}


#: What users take with dtkit as extras.
EXTRAS = ("parquet", "fleet", "anonymise", "live", "testing")


def offered() -> list[str]:
    extras = PROJECT["optional-dependencies"]
    return [*PROJECT["dependencies"], *(line for name in EXTRAS for line in extras[name])]


def test_what_is_imported_is_declared() -> None:
    declared = required(offered())
    assert imported() <= declared
    assert required(PROJECT["dependencies"]) <= imported()
    assert not ASKED_FOR & declared


def shipped(names: set[str]) -> set[str]:
    """Everything that these bring, themselves included."""
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # for another system
            continue
        needed = [line for line in lines if "extra ==" not in line]
        names |= required(needed) - found
    return found


def test_licences_of_what_ships_are_permissive() -> None:
    names = shipped(required(offered()))
    assert {"markupsafe", "pygments"} <= names  # what rich and jinja2 bring is looked at
    licences = {}
    for name in sorted(names):
        try:
            text = metadata.distribution(name).read_text("METADATA") or ""
        except metadata.PackageNotFoundError:
            continue
        head = text.partition("\n\n")[0]
        said = re.findall(
            r"^(?:License(?:-Expression)?|Classifier: License ::) *:?(.*)", head, re.M
        )
        licences[name] = " ".join(said).strip()
    assert len(licences) >= len(PROJECT["dependencies"])
    # Each says what it is under, but for hexdump, whose file says that it is in the public domain.
    assert [name for name, text in licences.items() if not text] in ([], ["hexdump"])
    copyleft = re.compile(r"(?<![A-Z])A?L?GPL|GNU|Affero", re.IGNORECASE)
    assert not {name: text for name, text in licences.items() if copyleft.search(text)}
