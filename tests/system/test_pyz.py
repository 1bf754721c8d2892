# SPDX-License-Identifier: BSD-2-Clause
"""``make pyz``: one file, which any Python runs without a package beside it, as dtkit installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dtkit.cli import COMMANDS
from dtkit.version import __version__
from tests.output.rfd import RFD
from tests.packets.captures import pcap
from tools.pythons import pythons

TOP = Path(__file__).parents[2]
DATA = TOP / "tests/data"
CAPTURE = str(DATA / "mbuf_trace-freebsd-15.1-drops.pcap")
WAYS = str(DATA / "path-epair-pf.txt")
OUTPUT = str(DATA / "captures/02-tracemem64-tcp.txt")

#: A command of each kind, by which every kind of file that comes with dtkit is read: catalog and
#: reasons, templates, tables, grammar, paths, schema, page, dissectors.
RUN = [
    "probes tcp_input --to json",
    "oneliner tcp_input --annotate --meta --filter 'tcp port 22'",
    "script drops --filter 'udp port 53'",
    "script --list",
    "script ip_input --dwatch seen",
    "path tcp port 22",
    "path estimate --to json tcp port 22",
    "path run --simulate --packets a.pcap --to json",
    "run --simulate --packets a.pcap ip_input",
    f"parse {OUTPUT}",
    f"parse {OUTPUT} --to json --all",
    f"parse {OUTPUT} --to none -w -",
    "check --program 'fbt::ip_input:entry { trace(args[0]->m_lem); }'",
    "simulate --packets a.pcap --program 'fbt::ip_input:entry { tracemem(args[0]->m_data, 20); }'",
    "copyout --cases",
    f"trace show {CAPTURE}",
    f"trace report {WAYS} -o -",
    f"trace graph {WAYS} --to svg",
    "trace schema",
    "trace dissector",
    f"trace convert {WAYS} -w -",
    f"trace export {WAYS} --to perfetto",
    "extcap --extcap-interfaces",
    "doctor",
    "completion zsh",
]

#: What cannot be run there: the line says by itself which extra it takes.
EXTRA = {
    "query 'select 1' .": "dtkit[fleet]",
    "dataset add nowhere a.pcap": "dtkit[fleet]",
    f"trace export {WAYS} --to parquet -o out": "dtkit[parquet]",
    f"parse {OUTPUT} --anonymise": "dtkit[anonymise]",
    "path run --simulate --packets a.pcap --serve": "dtkit[live]",
}


def packed(into: Path, **environment: str) -> Path:
    subprocess.run(
        [sys.executable, str(TOP / "tools/pyz.py"), str(into)],
        cwd=into.parent,
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    return into


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("pyz") / "dtkit.pyz")


def run(
    words: list[str], command: str, folder: Path, path: str = os.environ["PATH"]
) -> tuple[int, bytes, bytes]:
    """In a folder that is home and has nothing but a capture."""
    folder.mkdir()
    (folder / "a.pcap").write_bytes(pcap([RFD[:52]], linktype=101))
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {command}', "sh", *words],
        cwd=folder,
        env={"HOME": str(folder), "PATH": path, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", RUN, ids=lambda command: command.replace(f"{DATA}/", ""))
def test_it_does_what_dtkit_does(command: str, pyz: Path, tmp_path: Path) -> None:
    """Under the system's Python, without a single package of it."""
    start = "from dtkit.cli import main; main(prog_name='dtkit')"
    checkout = f"import sys; sys.path.insert(0, {str(TOP)!r}); {start}"
    expected = run([sys.executable, "-c", checkout], command, tmp_path / "checkout")
    [oldest, *_] = pythons().values()
    found = run([oldest, "-I", "-S", str(pyz)], command, tmp_path / "packed")
    assert b"Traceback" not in found[2]
    assert (found[0], found[2]) == (expected[0], expected[2])
    # Times and names of hosts differ from run to run, and what a capture says of how it was made.
    if " -w -" in command or "run" in command or "doctor" in command:
        assert len(found[1]) == pytest.approx(len(expected[1]), abs=80)
    else:
        assert found[1] == expected[1]
    assert found[0] in (0, 1)
    assert found[1]


def test_every_command_is_tried() -> None:
    assert {command.split()[0] for command in [*RUN, *EXTRA]} == set(COMMANDS)


@pytest.mark.parametrize("command", EXTRA, ids=lambda command: command.replace(f"{DATA}/", ""))
def test_what_takes_an_extra_says_so_in_a_line(command: str, pyz: Path, tmp_path: Path) -> None:
    [oldest, *_] = pythons().values()
    status, _, said = run([oldest, "-I", "-S", str(pyz)], command, tmp_path / "packed")
    assert status == 2
    # Lines before it may say what a run would lack otherwise.
    words = said.decode().splitlines()[-1]
    assert "which dtkit.pyz does not have: pip install" in words
    assert EXTRA[command] in words


@pytest.mark.parametrize("version", pythons())
def test_each_python_runs_it(version: str, pyz: Path, tmp_path: Path) -> None:
    """The bytecode in it is one Python's; others take the source."""
    words = [pythons()[version], "-I", "-S", str(pyz)]
    assert run(words, "--version", tmp_path / "a")[:2] == (0, f"dtkit {__version__}\n".encode())
    status, report, said = run(words, f"trace report {WAYS} -o -", tmp_path / "b")
    assert (status, report[:9].lower()) == (0, b"<!doctype"), said
    assert run(words, "oneliner ip_input --filter icmp", tmp_path / "c")[0] == 0


def test_it_is_a_program(pyz: Path, tmp_path: Path) -> None:
    assert run([str(pyz)], "--version", tmp_path / "here")[0] == 0


def test_an_older_python_is_told_what_to_do(pyz: Path) -> None:
    """As text: the first lines must run on any Python, and come before any import of ours."""
    start = zipfile.ZipFile(pyz).read("__main__.py").decode()
    before, _, after = start.partition("from dtkit")
    assert "sys.version_info < (3, 11)" in before
    assert "python3.11 %s" in before
    assert 'f"' not in before
    assert after


def test_it_starts_itself_again(pyz: Path, tmp_path: Path) -> None:
    """What Wireshark is given starts the same file."""
    [oldest, *_] = pythons().values()
    # Without Wireshark, which would say where: for root that is not below this home.
    words = [oldest, "-I", "-S", str(pyz)]
    status, _, said = run(words, "extcap --install", tmp_path / "here", path="")
    assert status == 0, said
    [program] = (tmp_path / "here").rglob("dtkit-extcap")
    listed = subprocess.run([program, "--extcap-interfaces"], capture_output=True, text=True)
    assert "dtkit-tcp-input" in listed.stdout, listed


def test_the_same_packages_make_the_same_bytes(pyz: Path, tmp_path: Path) -> None:
    folder = tmp_path / "another"
    folder.mkdir()
    again = packed(folder / "dtkit.pyz", PYTHONHASHSEED="7", TZ="Asia/Tokyo", LC_ALL="C")
    assert again.read_bytes() == pyz.read_bytes()


def test_nothing_in_it_is_for_one_machine(pyz: Path) -> None:
    names = zipfile.ZipFile(pyz).namelist()
    assert {"dtkit", "click", "jinja2", "lark", "markupsafe", "rich", "hexdump.py"} <= {
        name.split("/")[0] for name in names
    }
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pth"))]
    assert str(TOP).encode() not in b"".join(map(zipfile.ZipFile(pyz).read, names))


def test_each_package_has_its_licence(pyz: Path) -> None:
    archive = zipfile.ZipFile(pyz)
    text = archive.read("LICENSES.txt").decode()
    heads = re.findall(r"^(\S+) \S+\n=+$", text, re.MULTILINE)
    infos = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    assert len(heads) == len(infos) > 7
    assert text.count("Permission is hereby granted") >= 3
    assert (TOP / "LICENSE").read_text() in text
