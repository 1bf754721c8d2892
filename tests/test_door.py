# SPDX-License-Identifier: BSD-2-Clause
"""What packages hand out: all that they say they do, and nothing else."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

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
