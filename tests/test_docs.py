# SPDX-License-Identifier: BSD-2-Clause
"""
What the manual shows is what happens: its commands and programs are run, its output compared.

Commands run in a folder with the files that the manual speaks of, on a host whose dtrace(1) is the
simulated one, except that for the README's first command it has what FreeBSD 12.1 printed. As in
doctest, ``...`` in what is shown stands for anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import lzma
import os
import pty
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

import dtkit
from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from dtkit.simulate.network import SimulatedLink
from tests.fleet.row import HOSTS, texts, traffic
from tests.output.captures import CAPTURES, output_of
from tests.output.rfd import RFD
from tests.packets.captures import pcap
from tools.picture import PICTURE, picture

TOP = Path(__file__).parent.parent
DOCS = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").rglob("*.md"))]
DATA = TOP / "tests/data"

#: What is not run here, by how the command begins, and where it is run instead.
ELSEWHERE = {
    "dtkit path run --host": "needs another host: tests/live has a make-believe one",
    "dtkit run --host": "likewise",
    "dtkit path run --as sudo --serve": "serves until ^C: tests/system/test_live_page.py ends it",
    "dtkit path run --simulate": "likewise",
    "dtkit extcap --install": "tests/live/test_extcap.py installs it into a folder of its own",
    "tshark -i dtkit-": "likewise",
    "dwatch ": "needs a FreeBSD: tests/generate/golden has the profile",
    "dtkit path run --before-drop": "needs drops: tests/cli/test_path.py has the script",
    "dtkit path run --preset forward": "needs a pf that is of its listing: likewise",
}

RAW = 101

DTRACE = """#!/bin/sh
case "$*" in
"-n fbt::tcp_input:entry /(*args[0])->m_len > 0/ "*) cat recorded.txt ;;
"-lv "* | "-l -v "*) cat list.txt ;;
"-s "*) exec dtkit simulate --packets host.pcap "$2" ;;
*)
	options=
	while [ $# -gt 0 ]; do
		case $1 in
		-q) options="$options --quiet" ;;
		-Z) options="$options --zdefs" ;;
		-n) program=$2; shift ;;
		esac
		shift
	done
	exec dtkit simulate --packets host.pcap $options --program "$program" ;;
esac
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the manual speaks of."""
    into = tmp_path_factory.mktemp("manual")
    recorded = output_of("02-tracemem64-tcp.txt")
    items = packets(read_output(io.BytesIO(recorded)), catalog())
    seen = [item.data for item in items if isinstance(item, Packet)]
    (into / "recorded.txt").write_bytes(recorded)
    (into / "a.pcap").write_bytes(pcap(seen[:3], linktype=RAW))
    (into / "traffic.pcap").write_bytes(pcap(seen, linktype=RAW))
    (into / "host.pcap").write_bytes(pcap([*seen, RFD[:52]], linktype=RAW))
    (into / "saved.txt").write_bytes(output_of("15-invalid-address.txt"))
    listing = lzma.decompress((CAPTURES / "listing-kernel-entry.txt.xz").read_bytes()).decode()
    for name in ("listing.txt", "list.txt"):
        (into / name).write_text(listing)
    shutil.copy(into / "host.pcap", into / "trace.pcap")
    (into / "mine.d").write_text("fbt::ip_input:entry { tracemem(args[0]->m_data, 20); }\n")
    (into / "script.d").write_text("fbt::tcp_input:entry\n{\n\ttrace((*args[0])->m_len);\n}\n")
    for name in ("web.pcap", "dropped.txt"):
        shutil.copy(TOP / "docs/tutorial" / name, into)
    (into / "docs/tutorial").mkdir(parents=True)
    shutil.copy(into / "web.pcap", into / "docs/tutorial")
    after = lzma.decompress((DATA / "path-after-15.1.txt.xz").read_bytes())
    (into / "after.txt").write_bytes(after)
    shutil.copy(DATA / "path-epair-pf.txt", into / "path.txt")
    shutil.copy(DATA / "path-epair-pf.txt", into / "ways.txt")
    shutil.copy(DATA / "mbuf_trace-freebsd-14-epair.pcap", into / "capture.pcap")
    shutil.copy(DATA / "mbuf_trace-freebsd-15.1-drops.pcap", into / "drops.pcap")
    links = (SimulatedLink(), SimulatedLink(loss=0.1))
    hosts = texts(traffic(20, 0), traffic(20, 1), links, ((0, 0), (5 * 10**9, 0), (0, 0)), seed=1)
    for name, text in zip(HOSTS, hosts, strict=True):
        (into / f"{name}.txt").write_text(text)
    programs = into / "bin"
    programs.mkdir()
    for name, text in (
        ("dtkit", f'#!/bin/sh\nexec {sys.executable} -m dtkit "$@"\n'),
        ("sudo", '#!/bin/sh\ntest "$1" = -n && shift\nexec "$@"\n'),
        ("doas", '#!/bin/sh\ntest "$1" = -n && shift\nexec "$@"\n'),
        ("dtrace", DTRACE),
    ):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    shell(into, "dtkit oneliner --annotate --length 128 ip_input tcp_input | sh > seen.txt 2>&1")
    return into


def shell(folder: Path, command: str) -> tuple[int, str]:
    """Run *command* there: its exit status, and what a terminal without colours shows."""
    main, terminal = pty.openpty()
    done = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(TOP),
            "TERM": "xterm",
            "NO_COLOR": "1",
            "COLUMNS": "250",
        },
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    printed = b""
    hung_up = contextlib.suppress(OSError)  # how Linux says that nobody has the terminal open
    with os.fdopen(main, "rb", buffering=0) as screen, done, hung_up:
        while piece := screen.read(65536):
            printed += piece
    text = printed.decode().replace("\r\n", "\n")
    return done.returncode, re.sub("\x1b\\[[0-9;]*m", "", text)


@dataclass(frozen=True)
class Shown:
    """A command or program, and what the manual says that it prints, if it says it."""

    place: str
    text: str
    prints: str


def commands(path: Path) -> list[Shown]:
    """Each line with a user's or root's prompt that runs dtkit, with the lines shown below it."""
    found = []
    lines = path.read_text().split("\n")
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= line.startswith("```")
        start = re.match(r"( {4})?[$#] (?=.*\bdtkit\b|tshark)", line)
        if start is None or not (fenced or start.group(1)):
            continue
        indent = start.group(1) or ""
        below = []
        for following in lines[number + 1 :]:
            if following.startswith(("```", indent + "$ ", indent + "# ")):
                break
            if not following.startswith(indent) and following.strip():
                break
            below.append(following.removeprefix(indent))
        text = line[start.end() :]
        while text.endswith("\\"):
            text = text[:-1] + below.pop(0).strip()
        name = f"{path.relative_to(TOP)}:{number + 1}"
        found.append(Shown(name, text, "\n".join(below).strip("\n")))
    return found


def programs(path: Path) -> list[Shown]:
    """Each block of Python in a document, and the block of text that follows it."""
    text = path.read_text()
    blocks = re.finditer(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text, re.M | re.S)
    return [
        Shown(
            f"{path.relative_to(TOP)}:{text.count(chr(10), 0, block.start()) + 1}",
            block.group(1),
            (block.group(2) or "").strip("\n"),
        )
        for block in blocks
    ]


COMMANDS = {path: commands(path) for path in DOCS}
PROGRAMS = [one for path in DOCS for one in programs(path)]


def as_shown(shown: str, printed: str) -> bool:
    """Whether *printed* is what the manual shows; blanks at ends of lines are not seen there."""

    def tidy(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip("\n").split("\n")) + "\n"

    flags = doctest.ELLIPSIS | doctest.DONT_ACCEPT_TRUE_FOR_1
    return doctest.OutputChecker().check_output(tidy(shown), tidy(printed), flags)


@pytest.mark.parametrize(
    "path", [path for path in DOCS if COMMANDS[path]], ids=lambda path: str(path.relative_to(TOP))
)
def test_commands_print_what_the_manual_shows(path: Path, folder: Path, tmp_path: Path) -> None:
    """Those of a document one after the other: a later one may read what an earlier one wrote."""
    here = Path(shutil.copytree(folder, tmp_path / "here"))
    wrong = []
    for one in COMMANDS[path]:
        if any(one.text.startswith(beginning) for beginning in ELSEWHERE):
            continue
        tools = [tool for tool in ("tshark", "jq") if re.search(rf"\b{tool}\b", one.text)]
        if not all(map(shutil.which, tools)):
            pytest.skip(f"no {' or '.join(tools)}: make system-packages")
        status, printed = shell(here, one.text)
        if not as_shown(one.prints, printed) if one.prints else status:
            wrong.append(f"{one.place}: {one.text}\n{printed}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("one", PROGRAMS, ids=[one.place for one in PROGRAMS])
def test_a_program_of_the_manual_runs(one: Shown, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", one.text],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not one.prints or as_shown(one.prints, done.stdout), done.stdout


#: Words in backquotes that look like a file of the repository.
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+/?|[\w-]+\.(?:md|toml|py))`")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/explanation/architecture.md"])
def test_the_files_that_it_speaks_of_are_there(name: str) -> None:
    named = set(FILE.findall((TOP / name).read_text()))
    assert len(named) > 10
    made = (".cache/", "dist/")  # by make, where it is asked to
    kept = [one for one in named if "NAME" not in one and not one.startswith(made)]
    assert not [one for one in kept if not (TOP / one).exists()]


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "opendtrace_patch/README.md"])
def test_a_link_from_beside_the_manual_leads_somewhere(name: str) -> None:
    """Those within it are looked at where it is built."""
    named = re.findall(r"\]\((?!\w+:)([^)#\s]+)", (TOP / name).read_text())
    assert named
    assert not [one for one in named if not (TOP / name).parent.joinpath(one).exists()]


def test_the_picture_is_what_is_printed() -> None:
    assert PICTURE.read_text() == picture(), "make golden, and look at it"
    assert f"]({PICTURE.relative_to(TOP)})" in (TOP / "README.md").read_text()


def test_the_readme_is_short() -> None:
    assert len((TOP / "README.md").read_text().splitlines()) < 150


def test_the_changelog_begins_with_this_version_and_its_day() -> None:
    heading = re.search(r"^## (\S+) \((.*)\)$", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading is not None
    assert heading[1] == dtkit.__version__
    assert date.fromisoformat(heading[2])


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(TOP)))
def test_no_command_lacks_its_prompt(path: Path) -> None:
    """It would not be run: the first line of a block, or of what is indented."""
    text = path.read_text()
    found = re.findall(r"^(?:```(?:sh|console)?\n|\n {4})((?:dtkit|dtrace|dwatch) .*)", text, re.M)
    assert not found


def test_there_is_something_to_run() -> None:
    every = [one for shown in COMMANDS.values() for one in shown]
    assert len(every) > 20
    assert sum(bool(one.prints) for one in every) > 8
    assert all(any(one.text.startswith(start) for one in every) for start in ELSEWHERE)
    assert len([one for one in PROGRAMS if "python.md" in one.place]) == 5
