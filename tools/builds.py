# SPDX-License-Identifier: BSD-2-Clause
"""
Build sdist and wheels as they are released, and try each on every Python of this machine.

The sdist and the wheel for any machine go to dist/. For each Python a fresh virtual environment
takes the sdist, which compiles the C part, and then the wheel, which has none; dtkit is run there
in an empty folder. What pip installs beside it is what tests/constraints.txt says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from tools.pythons import VERSIONS, pythons  # noqa: E402

WORK = TOP / ".tmp/builds"
DIST = TOP / "dist"

#: What is tried: templates, tables, libpcap; the reader and the writer of pcapng.
TRIED = (
    "dtkit --version",
    "dtkit oneliner ip_input --annotate --filter 'tcp port 22' >seen.sh",
    "dtkit check --program 'fbt::ip_input:entry { trace(args[0]->m_len); }'",
    f"dtkit parse '{TOP}/tests/data/captures/02-tracemem64-tcp.txt' --to none -w seen.pcapng",
)

HAS_C = "from dtkit.native import speedups; raise SystemExit(speedups is None)"


def said(words: list[str], **environment: str) -> str:
    """
    What a command prints.

    :raises SystemExit: it fails; what it printed is shown.
    """
    done = subprocess.run(
        words,
        cwd=WORK,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nbuilds: failed: {' '.join(words)}")
    return done.stdout


def environment(name: str, python: str = sys.executable) -> Path:
    """A fresh virtual environment."""
    folder = WORK / name
    said([python, "-m", "venv", "--clear", str(folder)])
    return folder


def pip(folder: Path, *words: str) -> None:
    constraints = str(TOP / "tests/constraints.txt")
    install = [f"{folder}/bin/python", "-m", "pip", "install", "-q", "-c", constraints]
    said([*install, *words])


def build() -> tuple[Path, Path]:
    """The sdist, and the wheel for any machine, made of the sdist and not of the checkout."""
    tools = environment("build")
    pip(tools, "build")
    made = WORK / "made"
    make = [f"{tools}/bin/python", "-m", "build", "-o", str(made)]
    said([*make, "--sdist", str(TOP)])
    [sdist] = made.glob("*.tar.gz")
    shutil.unpack_archive(sdist, WORK / "unpacked")
    [sources] = (WORK / "unpacked").iterdir()
    said([*make, "--wheel", str(sources)], DTKIT_PURE_PYTHON="1")
    [wheel] = made.glob("*-py3-none-any.whl")
    DIST.mkdir(exist_ok=True)
    return Path(shutil.copy(sdist, DIST)), Path(shutil.copy(wheel, DIST))


def tried(folder: Path) -> None:
    """Run what is installed there, as a user does."""
    empty = WORK / "empty"
    shutil.rmtree(empty, ignore_errors=True)
    empty.mkdir()
    path = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(empty)}
    for command in TRIED:
        said(["sh", "-c", f"cd {empty} && {command}"], **path)
    assert (empty / "seen.pcapng").stat().st_size > 1000
    assert (folder / "share/man/man1/dtkit-run.1").is_file()


def try_each(sdist: Path, wheel: Path, found: Mapping[str, str]) -> None:
    for version, python in found.items():
        for what in (sdist, wheel):
            folder = environment(f"python-{version}", python)
            pip(folder, str(what))
            tried(folder)
            compiled = subprocess.run([f"{folder}/bin/python", "-I", "-c", HAS_C]).returncode == 0
            part = "with" if compiled else "without"
            if compiled == (what is wheel):
                raise SystemExit(f"builds: Python {version}: {what.name} is {part} its C part")
            print(f"Python {version}: {what.name}, {part} its C part", flush=True)


def try_pipx(wheel: Path) -> None:
    tools = environment("pipx")
    pip(tools, "pipx")
    homes = {"PIPX_HOME": str(WORK / "pipx-home"), "PIPX_BIN_DIR": str(WORK / "pipx-bin")}
    shown = said(
        [f"{tools}/bin/pipx", "run", "--spec", str(wheel), "dtkit", "probes", "ip_input"], **homes
    )
    assert "fbt::ip_input:entry" in shown
    print(f"pipx run --spec {wheel.name}", flush=True)


def main() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    sdist, wheel = build()
    found = pythons()
    try_each(sdist, wheel, found)
    try_pipx(wheel)
    shutil.rmtree(WORK)
    missing = [version for version in VERSIONS if version not in found]
    print(
        f"builds: Python {', '.join(found)}" + f"; not here: {', '.join(missing)}" * bool(missing)
    )


if __name__ == "__main__":
    main()
