# SPDX-License-Identifier: BSD-2-Clause
"""
One file per command line, with exactly what it prints, so that a review sees every change in D.

``python -m tests.generate.test_golden`` writes them anew.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dtkit import __version__
from dtkit.cli import main
from dtkit.dlang.compiler.compile import compile_program
from dtkit.dlang.options import WITH_COPYOUTMBUF

HERE = Path(__file__).parent
CASES = dict(
    line.split(": ", 1)
    for line in (HERE / "cases.txt").read_text().splitlines()
    if not line.startswith("#")
)


def golden(name: str) -> Path:
    return HERE / "golden" / f"{name}.txt"


def masked(text: str) -> str:
    return text.replace(f"dtkit={__version__} ", "dtkit=VERSION ")


@pytest.mark.parametrize("name", CASES)
def test_what_it_prints(name: str, dtkit: Callable[..., Result]) -> None:
    result = dtkit(*shlex.split(CASES[name]))
    assert bool(result.stderr) == name.startswith("unsure")  # probes that may not be there
    shown, kept = masked(result.stdout).split("\n"), golden(name).read_text().split("\n")
    # Where they differ: what pytest would say of two long texts takes it minutes.
    differing = [at for at, pair in enumerate(zip_longest(shown, kept), 1) if pair[0] != pair[1]]
    assert differing == []


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in (HERE / "golden").iterdir()} == set(CASES)


#: `vnet0 is a variable of the kernel, which is not simulated.
COMPILED = [name for name, line in CASES.items() if "--vnet host" not in line and name != "list"]


@pytest.mark.parametrize("name", COMPILED)
def test_it_compiles(name: str) -> None:
    text = golden(name).read_text()
    if text.startswith("dtrace "):
        compile_program(shlex.split(text)[-1], options=WITH_COPYOUTMBUF)
    elif text.startswith("#!"):
        if "--release" not in CASES[name]:  # another kernel's signatures
            compile_program(text, file=f"{name}.d", options=WITH_COPYOUTMBUF)
    else:
        actions = text.split("exec 9<<'EOF'\n")[1].partition("\nEOF\n")[0]
        details = text.split("exec 9<<'EOF'\n")[2].partition("\nEOF\n")[0]
        compile_program(f"{actions}\nfbt::ip_input:entry / this->ok / {{ {details} }}")


if __name__ == "__main__":
    for case, line in CASES.items():
        result = CliRunner().invoke(main, shlex.split(line), prog_name="dtkit")
        assert result.exit_code == 0, result.output
        golden(case).write_text(masked(result.stdout))
