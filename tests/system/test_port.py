# SPDX-License-Identifier: BSD-2-Clause
"""
The FreeBSD ports, by portlint's main rules, and that they say of dtkit what pyproject.toml does.

portlint(1) itself is in the ports tree; these are the rules that it has for ports like these.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from dtkit.version import __version__

TOP = Path(__file__).parents[2]
PORTS = ("net/dtkit", "devel/py-hexdump")

each_port = pytest.mark.parametrize("name", PORTS)

#: Variables in the order of their sections, which a blank line separates.
SECTIONS = (
    ("PORTNAME", "DISTVERSION", "CATEGORIES", "MASTER_SITES", "PKGNAMEPREFIX"),
    ("MAINTAINER", "COMMENT", "WWW"),
    ("LICENSE", "LICENSE_FILE"),
    ("BUILD_DEPENDS", "RUN_DEPENDS"),
    ("USES", "USE_PYTHON"),
    ("NO_ARCH", "NO_WRKSUBDIR"),
)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As port.sh writes them."""
    folder = tmp_path_factory.mktemp("ports")
    (folder / f"dtkit-{__version__}.tar.gz").write_bytes(b"an sdist\n")
    written(folder, f"dtkit-{__version__}.tar.gz")
    return folder


def written(folder: Path, sdist: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", TOP / "packaging/freebsd/port.sh", sdist, "."],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def makefile(ports: Path, name: str) -> str:
    return (ports / name / "Makefile").read_text()


def variables(text: str) -> dict[str, str]:
    joined = text.replace("\\\n", " ")
    return {key: value.strip() for key, value in re.findall(r"^(\w+)=(.*)$", joined, re.MULTILINE)}


@each_port
def test_sections_are_in_order(name: str, ports: Path) -> None:
    *blocks, last = makefile(ports, name).rstrip("\n").split("\n\n")
    assert last == ".include <bsd.port.mk>"
    found = [tuple(variables(block)) for block in blocks]
    wanted = [tuple(v for v in section if any(v in f for f in found)) for section in SECTIONS]
    assert found == [section for section in wanted if section]


@each_port
def test_lines_are_as_the_ports_tree_has_them(name: str, ports: Path) -> None:
    for file in sorted((ports / name).iterdir()):
        text = file.read_text()
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\n\n\n" not in text
        assert not re.search(r"[ \t]$", text, re.MULTILINE), file
    text = makefile(ports, name)
    # After the name of a variable, and where a value goes on, tabs; braces, not parentheses.
    assert not re.search(r"^\w+=(?!\t+\S)", text, re.MULTILINE)
    assert not re.search(r"^ ", text, re.MULTILINE)
    assert "$(" not in text
    # Values stand at one column within a section.
    for block in text.split("\n\n")[:-1]:
        starts = {
            len(found[0].expandtabs(8)) for found in re.finditer(r"^\w*=?\t+", block, re.MULTILINE)
        }
        assert len(starts) == 1, block


@each_port
def test_what_is_said_of_the_port(name: str, ports: Path) -> None:
    said = variables(makefile(ports, name))
    assert re.fullmatch(r"[A-Z0-9].{10,68}[^.]", said["COMMENT"])
    assert not re.match(r"(An?|The) ", said["COMMENT"])
    assert said["PORTNAME"].lower() not in said["COMMENT"].lower()
    assert said["CATEGORIES"].split()[0] == name.split("/")[0]
    assert re.fullmatch(r"\S+@\S+", said["MAINTAINER"])
    assert re.fullmatch(r"https?://\S+/", said["WWW"])
    assert said["LICENSE"] in ("BSD2CLAUSE", "PD")
    assert said["USES"].split() == sorted(said["USES"].split())
    assert said["USE_PYTHON"].split() == sorted(said["USE_PYTHON"].split())
    lines = (ports / name / "pkg-descr").read_text().splitlines()
    assert 2 <= len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert not any("WWW:" in line for line in lines)


@each_port
def test_distinfo_has_time_sum_and_size(name: str, ports: Path) -> None:
    said = variables(makefile(ports, name))
    file = f"{said['PORTNAME']}-{said['DISTVERSION']}." + (
        "zip" if "zip" in said["USES"] else "tar.gz"
    )
    time, digest, size = (ports / name / "distinfo").read_text().splitlines()
    assert re.fullmatch(r"TIMESTAMP = \d{10}", time)
    assert re.fullmatch(rf"SHA256 \({re.escape(file)}\) = [0-9a-f]{{64}}", digest)
    assert re.fullmatch(rf"SIZE \({re.escape(file)}\) = \d+", size)
    if name == "net/dtkit":
        assert digest.endswith(hashlib.sha256(b"an sdist\n").hexdigest())
        assert size.endswith(" = 9")
        assert said["DISTVERSION"] == __version__


def test_the_port_needs_what_the_project_needs(ports: Path) -> None:
    """And of the same versions, for the same Pythons."""
    said = variables(makefile(ports, "net/dtkit"))
    pattern = r"\$\{PYTHON_PKGNAMEPREFIX\}([\w-]+)(>=[\d.]+):\w+/py-([\w-]+)@\$\{PY_FLAVOR\}"
    words = f"{said['RUN_DEPENDS']} {said['BUILD_DEPENDS']}".split()
    matches = [re.fullmatch(pattern, word) for word in words]
    assert all(match and match[1] == match[3] for match in matches), words
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    assert sorted(match[1].lower() + match[2] for match in matches if match) == sorted(lines)
    assert said["USES"] == f"python:{project['project']['requires-python'].removeprefix('>=')}+"


def test_port_sh_says_what_it_lacks(tmp_path: Path) -> None:
    done = written(tmp_path, "dtkit-0.1.0.tar.gz")
    assert (done.returncode, done.stderr) == (
        1,
        "port.sh: no dtkit-0.1.0.tar.gz: make builds writes it\n",
    )
    (tmp_path / "other.tar.gz").touch()
    assert "is not named dtkit-VERSION" in written(tmp_path, "other.tar.gz").stderr
    usage = subprocess.run(["sh", TOP / "packaging/freebsd/port.sh"], capture_output=True)
    assert usage.returncode == 2


@each_port
def test_make_reads_the_makefile(name: str, ports: Path) -> None:
    """BSD make, with nothing in the place of the ports tree's own files."""
    make = shutil.which("bmake")
    if make is None:
        pytest.skip("no bmake: make system-packages")
    rule = "all:\n\t@echo ${PORTNAME}-${DISTVERSION} ${RUN_DEPENDS:[#]}\n"
    (ports / "bsd.port.mk").write_text(rule)
    words = [make, "-r", "-m", str(ports), "-C", str(ports / name)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = variables(makefile(ports, name))
    needed = said.get("RUN_DEPENDS", "").split()
    expected = [
        f"{said['PORTNAME']}-{said['DISTVERSION']}",
        *([str(len(needed))] if needed else []),
    ]
    assert done.stdout.split() == expected


def test_the_container_takes_what_the_wheel_is_made_of() -> None:
    """What the ignore file lets in is there, and has all that the build reads."""
    lines = (TOP / ".containerignore").read_text().splitlines()
    let = [line[1:] for line in lines if line.startswith("!")]
    assert all((TOP / name).exists() for name in let)
    text = (TOP / "pyproject.toml").read_text()
    assert {"dtkit", "hatch_build.py", "pyproject.toml", "README.md", "docs/man"} <= set(let)
    assert '"docs/man" = ' in text
    recipe = (TOP / "packaging/Containerfile").read_text()
    assert re.findall(r"/src/(\S+)", recipe) == ["tests/constraints.txt"]
    assert "tests/constraints.txt" in let
