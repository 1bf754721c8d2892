# SPDX-License-Identifier: BSD-2-Clause
"""What packages hand out: all that they say they do, and nothing else."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dtkit.door import door

PACKAGES = ["dtkit", "dtkit.freebsd", "dtkit.mbuf", "dtkit.probes"]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_are_handed_out(name: str) -> None:
    package = importlib.import_module(name)
    for public in package.__all__:
        assert getattr(package, public) is not None
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing


@pytest.mark.parametrize("name", PACKAGES)
def test_none_is_imported_before_it_is_asked_for(name: str) -> None:
    code = f"import sys, {name}; print(*(one for one in sys.modules if one.startswith('dtkit')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"dtkit", "dtkit.door", "dtkit.version", name}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with a door to two of its three modules, imported."""
    package = tmp_path / "house_of_two"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from dtkit.door import door\n"
        "own = 1\n"
        "_modules = {'bed': 'house_of_two.upstairs', 'stove': 'house_of_two.downstairs'}\n"
        "__getattr__, __dir__ = door(__name__, _modules)\n"
    )
    for name, words in (("upstairs", "bed = []; stove = None"), ("downstairs", "stove = []")):
        (package / f"{name}.py").write_text(words)
    (package / "cellar.py").write_text("raise AssertionError('nobody asks for it')")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("house_of_two")
    for name in [one for one in sys.modules if one.startswith("house_of_two")]:
        del sys.modules[name]


def test_each_name_is_that_of_its_module(house: ModuleType) -> None:
    assert house.own == 1
    assert house.bed is sys.modules["house_of_two.upstairs"].bed
    assert "house_of_two.downstairs" not in sys.modules
    assert house.stove is sys.modules["house_of_two.downstairs"].stove


def test_what_is_listed_is_what_is_there_and_what_is_behind_the_door(house: ModuleType) -> None:
    names = dir(house)
    assert {"own", "bed", "stove", "__name__"} <= set(names)
    assert names == sorted(set(names))
    assert "house_of_two.upstairs" not in sys.modules
    assert not {"cellar", "nothing"} & set(names)


def test_what_is_not_behind_the_door_is_said_of_the_package(house: ModuleType) -> None:
    said = "module 'house_of_two' has no attribute 'cellar'"
    with pytest.raises(AttributeError, match=f"^{said}$"):
        _ = house.cellar
    get, _names = door("house_of_two", {})
    with pytest.raises(AttributeError, match="no attribute 'bed'"):
        get("bed")
