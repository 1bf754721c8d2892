# SPDX-License-Identifier: BSD-2-Clause
"""What is no output of dtrace(1) is called by its name."""

from __future__ import annotations

import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.output.mistaken import command_or_script, no_output
from tests.output.dtrace_text import firings

Dtkit = Callable[..., Result]

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((DATA / "mbuf_trace-freebsd-12.1-epair.pcap").read_bytes(), "a capture"),
        (lzma.compress(b"x"), "compressed"),
        (Path(sys.executable).resolve().read_bytes()[:4096], "a program"),
        ("x".encode("utf-16"), "UTF-16"),
    ],
    ids=["pcap", "xz", "program", "utf-16"],
)
def test_what_is_no_text_is_a_line_and_status_1(dtkit: Dtkit, data: bytes, said: str) -> None:
    result = dtkit("parse", input=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"dtkit parse: stdin: {said}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", ["oneliner ip_input", "oneliner --annotate ip_input", "script ip_input"]
)
def test_a_command_that_nobody_ran_is_said(dtkit: Dtkit, words: str) -> None:
    result = dtkit("parse", input=dtkit(*words.split()).stdout)
    what = "the command" if words.startswith("oneliner") else "a script"
    assert f"dtkit parse: this is {what}, not its output" in result.stderr


def test_a_command_above_its_output_is_none_of_that(dtkit: Dtkit) -> None:
    text = dtkit("oneliner", "ip_input").stdout + firings([b"abc"])
    result = dtkit("parse", input=text)
    assert "not its output" not in result.stderr
    assert result.stdout


def test_other_text_is_not_taken_for_it() -> None:
    for text in (b"", b"dtrace: 3 drops on CPU 0", b"dtrace - a tool", b"CPU     ID", b"0000: 41"):
        assert no_output(text) == command_or_script(text) == ""


def test_a_terminal_is_asked_and_left_at_once(tmp_path: Path) -> None:
    command = f"script -qc '{sys.executable} -m dtkit parse' /dev/null"
    done = subprocess.run(
        ["sh", "-c", f"(sleep 3; printf '\\004') | {command}"], capture_output=True, check=False
    )
    assert b"dtkit parse: reading the terminal; ^D ends" in done.stdout
    done = subprocess.run(
        ["sh", "-c", f"(sleep 3; printf '\\003'; sleep 3) | {command}"],
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert b"reading the terminal" in done.stdout
    assert b"0 firings" not in done.stdout


@pytest.mark.parametrize(
    "begins",
    [b"#!/usr/sbin/dtrace -s\n", b"/* words */\n", b"\n#pragma D option quiet\n"],
    ids=["interpreter", "comment", "option"],
)
def test_a_script_is_told_what_runs_it(begins: bytes) -> None:
    assert "dtrace -s as root" in command_or_script(begins)
