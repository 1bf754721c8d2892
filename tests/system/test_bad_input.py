# SPDX-License-Identifier: BSD-2-Clause
"""What people give a command by mistake, through a terminal or a pipe: what they are told."""

from __future__ import annotations

import lzma
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.listing import LISTING
from tests.output.dtrace_text import firings
from tests.packets import captures
from tests.system.terminal import Terminal, on_a_terminal
from tests.trace.frames import ipv4, tcp

DTKIT = [sys.executable, "-m", "dtkit"]

#: As each command is named in what it says.
NAME = "python -m dtkit"

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there once ssh(1) was called."""
    called = tmp_path / "called"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(f"#!/bin/sh\necho \"$*\" >> '{called}'\nexit 255\n")
    (tmp_path / "bin/ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return called


#: Commands that take a host, and their other words.
HOSTED = ["run ip_input", "path run icmp", "path icmp", "path estimate icmp", "doctor"]

#: What is the name of no host, by what a shell makes of it.
NO_HOSTS = {
    "an option": "-oProxyCommand=touch called",
    "an option and a user": "-x@router",
    "a blank": "router x",
    "quotes": "rou'ter\"",
    "a command": "$(touch called)",
    "two commands": "router;touch called",
    "a line": "router\ntouch called",
    "nothing": "",
    "a path": "../router",
}


@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_name_of_no_host_is_a_line_and_goes_nowhere(ssh: Path, host: str) -> None:
    for command in HOSTED:
        *name, last = command.split() if " " in command else (command, "")
        words = [*name, f"--host={NO_HOSTS[host]}", *([last] if last else [])]
        done = subprocess.run(
            [*DTKIT, *words], capture_output=True, text=True, cwd=ssh.parent, check=False
        )
        assert (done.returncode, done.stdout) == (2, ""), (command, done)
        assert done.stderr.startswith(f"{NAME} {name[0]}"), command
        assert done.stderr.endswith("is no name of a host\n"), (command, done.stderr)
        assert done.stderr.count("\n") == 1
    assert not ssh.exists()


def test_a_name_of_a_host_is_one_word_to_ssh(ssh: Path) -> None:
    done = subprocess.run(
        [*DTKIT, "run", "--host", "root@router", "ip_input"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert ssh.read_text().endswith(" -- root@router sh\n")


@pytest.mark.parametrize("folder", ["it's", 'a "quote"', "-w $HOME\\*"])
def test_paths_of_any_characters(tmp_path: Path, folder: str) -> None:
    """Each file there is read, and each is written."""
    place = tmp_path / folder
    place.mkdir()
    (place / "text").write_text(firings([ipv4(tcp(b"x"))]))
    (place / "listing").write_text(LISTING)
    (place / "packets").write_bytes(captures.pcap([ipv4(tcp(b"x"))], linktype=101))
    (place / "mine.d").write_text("fbt::ip_input:entry { tracemem(args[0]->m_data, 20); }")
    data = (DATA / "path-epair-pf.txt").read_bytes()
    (place / "followed").write_bytes(data)

    def at(name: str) -> str:
        return str(place / name)

    for words in (
        ["parse", "--to", "none", at("text"), "-w", at("1.pcapng")],
        ["run", at("mine.d"), "--simulate", "--packets", at("packets"), "-w", at("2.pcapng")],
        ["probes", "--listing", at("listing")],
        ["path", "--listing", at("listing"), "icmp", "-o", at("3.d")],
        ["trace", "convert", at("followed"), "-w", at("4.pcapng")],
        ["trace", "report", at("followed"), "-o", at("5.html")],
        ["trace", "export", "--to", "parquet", at("followed"), "-o", at("6")],
        ["dataset", "add", at("7"), f"host={at('followed')}"],
        ["query", "FROM hops", at("7")],
        ["check", at("3.d")],
    ):
        done = subprocess.run([*DTKIT, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)
    made = sorted(one.name for one in place.iterdir() if one.name[0].isdigit())
    assert made == ["1.pcapng", "2.pcapng", "3.d", "4.pcapng", "5.html", "6", "7"]


def on_terminal(words: str, keys: bytes) -> tuple[int, list[str]]:
    """The exit status of a command that reads the terminal, and what that shows."""
    terminal = Terminal([*DTKIT, *words.split()])
    terminal.until(lambda sent: b"reading the terminal; ^D ends" in sent)
    terminal.type(keys)
    status = terminal.end()
    return status, terminal.sent.decode().replace("\r", "").splitlines()


#: Commands that read standard input, and their words and status for nothing at all.
READING = {
    "parse": ("the input is empty", 0),
    "trace show -": ("the input is empty: not a capture", 1),
    "check -": ("empty D program translation unit", 1),
    "simulate -": ("empty D program translation unit", 1),
    "probes --listing -": ("the listing is empty", 2),
    "copyout --packets -": ("the input is empty: not a capture", 1),
}


@pytest.mark.parametrize("words", READING)
def test_a_terminal_is_read_until_ctrl_d(words: str) -> None:
    """Once is enough."""
    said, expected = READING[words]
    status, lines = on_terminal(words, b"\x04")
    assert (status, sum(said in line for line in lines)) == (expected, 1), lines


@pytest.mark.parametrize("words", READING)
def test_ctrl_c_leaves_a_terminal_at_once(words: str) -> None:
    status, lines = on_terminal(words, b"\x03")
    assert status == 130
    assert len(lines) <= 2, lines
    assert lines[0].endswith("reading the terminal; ^D ends")


def test_what_is_typed_is_read() -> None:
    status, lines = on_terminal("parse", b"0000: 45 00 00 14\r\x04")
    assert status == 0
    assert "1 packet" in lines[-1], lines


def piped(words: str, data: bytes) -> tuple[int, bytes, list[str]]:
    done = subprocess.run([*DTKIT, *words.split()], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode().splitlines()


@pytest.mark.parametrize(
    "words", ["oneliner ip_input", "oneliner --annotate ip_input", "script ip_input"]
)
def test_what_was_to_be_run_is_read_instead(words: str) -> None:
    """``dtkit oneliner X | dtkit parse``, on a terminal."""
    dtkit = shlex.join(DTKIT)
    sent = on_a_terminal(
        f"{dtkit} {words} | {dtkit} parse; echo status $?", 80, {"PYTHONPATH": os.getcwd()}
    )
    *_, last, status = sent.decode().splitlines()
    assert status == "status 1"
    what = "the command" if "oneliner" in words else "a script"
    assert last.startswith(f"{NAME} parse: this is {what}, not its output: "), last


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (captures.pcap([bytes(60)]), "a capture, not output of dtrace(1): tshark(1) reads it"),
        (captures.pcap([bytes(60)], order="<"), "a capture, not output of dtrace(1)"),
        (b"\n\r\r\n" + bytes(60), "a capture, not output of dtrace(1)"),
        (lzma.compress(b"x"), "compressed: `zcat`, `xzcat` or `zstdcat` first"),
    ],
    ids=["pcap", "little-endian", "pcapng", "xz"],
)
def test_what_is_no_text_is_a_line(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "in").write_bytes(data)
    for words, read in (("parse", data), (f"parse {tmp_path}/in", b"")):
        status, out, lines = piped(words, read)
        assert (status, out, len(lines)) == (1, b"", 1), lines
        assert said in lines[0]


def test_prose_is_said_to_be_none_of_it() -> None:
    text = b"It was a dark and stormy night;\nthe rain fell in torrents.\n"
    for words, expected in (("parse", 0), ("parse --strict", 1)):
        status, out, lines = piped(words, text)
        assert (status, out) == (expected, b"")
        assert lines == [
            f"{NAME} parse: line 1: 2 lines of text that belong to no firing: "
            "It was a dark and stormy night;",
            "0 firings, 0 packets, 0 dropped, 0 faults, 2 unread lines",
        ]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize("command", ["oneliner ip_output", "script ip_output", "path icmp"])
def test_a_process_whose_name_is_no_utf_8(command: str, locale: str) -> None:
    """``caf\\xe9``, as Latin-1 has it: seen to choose such a process's packets on FreeBSD 15.1."""
    done = subprocess.run(
        [*DTKIT, *command.split(), "--exec", os.fsdecode(b"caf\xe9")],
        capture_output=True,
        env=os.environ | {"LC_ALL": locale},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b'execname == "caf\\351"' in done.stdout
    if not command.startswith("oneliner"):
        assert piped("check -", done.stdout)[0] == 0
