# SPDX-License-Identifier: BSD-2-Clause
"""The ``dtkit`` command itself: help, version, errors in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from dtkit import __version__

Dtkit = Callable[..., Result]


def test_no_arguments_is_help(dtkit: Dtkit) -> None:
    assert dtkit().output == dtkit("--help").output


def test_version(dtkit: Dtkit) -> None:
    assert dtkit("--version").output == f"dtkit {__version__}\n"


@pytest.mark.parametrize("args", [["no-such-command"], ["--no-such-option"]], ids=" ".join)
def test_a_usage_error_is_one_line_and_status_2(dtkit: Dtkit, args: list[str]) -> None:
    result = dtkit(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("dtkit: ")
    assert result.stderr.count("\n") == 1


def test_python_m_dtkit() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dtkit", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"dtkit {__version__}\n"
