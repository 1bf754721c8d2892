# SPDX-License-Identifier: BSD-2-Clause
"""No UTF-8 locale, and a terminal of 20 columns: all is shown, and nothing is an error."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.listing import LISTING
from tests.output.dtrace_text import dump
from tests.packets import captures
from tests.system.terminal import on_a_terminal
from tests.trace.frames import ipv4, tcp

Dtkit = Callable[..., Result]

DTKIT = shlex.join([sys.executable, "-m", "dtkit"])
FOLLOWED = Path(__file__).parent.parent / "data/path-epair-pf.txt"

#: What an ordinary process is called somewhere in the world.
NAME = "café-語"

LOCALES: dict[str, dict[str, str]] = {
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    # Without what Python does about these two.
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1": {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"},
    "UTF-8": {"LC_ALL": "C.UTF-8"},
}

#: What a terminal obeys of what we send: colours, and that a line is written anew.
OURS = re.compile(rb"\x1b\[[0-9;]*[mK]|\r")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("locale")
    packet = ipv4(tcp(b"x" * 20))
    firing = f"  0      1                   ip_input:entry {dump(packet)}\n"
    (path / "text").write_text(f"CPU     ID                    FUNCTION:NAME\n{firing}{NAME}\n")
    (path / "followed").write_bytes(FOLLOWED.read_bytes().replace(b"exec=nc", b"exec=c\xc3\xa9"))
    assert "é" in (path / "followed").read_text()
    (path / "packets").write_bytes(captures.pcap([packet], linktype=101))
    (path / "listing").write_text(LISTING)
    return path


def shown(folder: Path, words: str, columns: int, environment: Mapping[str, str]) -> list[str]:
    """What a terminal shows, by line."""
    sent = on_a_terminal(
        f"cd {folder} && PYTHONPATH={Path.cwd()} {DTKIT} {words}; echo status $?",
        columns,
        environment,
    )
    return OURS.sub(b"", sent).decode("utf-8", "replace").splitlines()


#: Commands, and what is among their lines at any width in any locale.
LINES = {
    "parse text": "10.0.0.1:1234 > ",
    "run ip_input --simulate --packets packets": "10.0.0.1:1234 > ",
    "trace show followed": "dropped",
    "trace stats followed": "By process",
    "path --listing listing icmp": "BEGIN",
    "path run --simulate --packets packets --path nat tcp": "ip_input",
}


@pytest.mark.parametrize("locale", ["C", "POSIX", "ASCII"])
@pytest.mark.parametrize("words", LINES)
def test_all_is_shown_in_20_columns(folder: Path, words: str, locale: str) -> None:
    lines = shown(folder, words, 20, LOCALES[locale])
    assert lines[-1] == "status 0", lines
    assert not any("Traceback" in line for line in lines)
    assert any(LINES[words] in line for line in lines), lines


@pytest.mark.parametrize("locale", LOCALES)
def test_bars_are_of_characters_that_the_locale_has(folder: Path, locale: str) -> None:
    text = "\n".join(shown(folder, "trace stats followed", 80, LOCALES[locale]))
    assert ("█" in text, "####" in text) == (locale == "UTF-8", locale != "UTF-8")


@pytest.mark.parametrize("locale", LOCALES)
def test_tables_take_any_name(folder: Path, locale: str) -> None:
    """The table of a terminal, and the lines of a pipe."""
    made = f"cd {folder} && rm -rf fleet && {DTKIT} dataset add fleet host=followed"
    sql = "SELECT DISTINCT process FROM hops WHERE process LIKE 'c%'"
    asked = f"{DTKIT} query {shlex.quote(sql)} fleet"
    environment = LOCALES[locale] | {"PYTHONPATH": str(Path.cwd())}
    sent = on_a_terminal(f"{made} && {asked} && {asked} | cat", 20, environment)
    text = sent.decode("utf-8", "replace")
    assert "Traceback" not in text
    escaped = {"ASCII": "c\\xe9"}.get(locale, "cé")
    assert escaped in text or "c\ufffd" in text, text


def test_a_status_line_stays_in_its_row(tmp_path: Path) -> None:
    """One that goes over would leave a row behind each second."""
    (tmp_path / "dtrace").write_text(
        "#!/bin/sh\ncat > /dev/null\n"
        'echo "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000"\n'
        "exec sleep 3\n"
    )
    (tmp_path / "dtrace").chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())}
    for columns in (20, 80):
        sent = on_a_terminal(f"{DTKIT} run ip_input", columns, path)
        rows = [row for row in sent.split(b"\r\x1b[K") if row[:1].isdigit() and b" s, " in row]
        assert rows, sent
        assert max(len(row) for row in rows) <= columns - 1, sent
