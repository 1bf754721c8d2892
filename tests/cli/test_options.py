# SPDX-License-Identifier: BSD-2-Clause
"""One name for one thing: options of the same name are the same option, in all commands."""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from dtkit.cli.options import LETTERS, Shared, SharedOption
from tests.cli.commands import COMMANDS
from tests.packets import captures
from tests.trace.frames import ipv4, tcp

Dtkit = Callable[..., Result]

#: What the letters are in tcpdump(1), by its manual page; -o is ours, for a text or picture.
TCPDUMP = {
    "-C": "file_size",
    "-G": "rotate_seconds",
    "-W": "filecount",
    "-c": "count",
    "-i": "interface",
    "-n": "no names for addresses",
    "-t": "timestamps",
    "-v": "verbose",
    "-w": "write raw packets to a file",
    "-h": "help",
}


def found() -> dict[str, list[tuple[str, click.Option]]]:
    """By the name of an option, the commands that have it."""
    by_name: dict[str, list[tuple[str, click.Option]]] = defaultdict(list)
    for name, command in COMMANDS.items():
        for option in command.params:
            if isinstance(option, click.Option):
                for opt in (*option.opts, *option.secondary_opts):
                    by_name[opt].append((name, option))
    return by_name


def test_an_option_that_is_left_out_is_missed(dtkit: Dtkit) -> None:
    required = {
        (name, letter)
        for letter, options in found().items()
        for name, option in options
        if option.required
    }
    assert {("trace report", "-o"), ("trace convert", "-w")} <= required
    for name, letter in required:
        result = dtkit(*name.split(), __file__)
        assert result.exit_code == 2
        assert f"Missing option '{letter}'" in result.stderr


def test_an_option_of_two_commands_is_one_option() -> None:
    for name, options in found().items():
        if len(options) < 2 or name in ("-h", "--help"):
            continue
        rows: set[Shared | str] = {
            option.shared if isinstance(option, SharedOption) else where
            for where, option in options
        }
        assert len(rows) == 1, f"{name} is several things, in {[where for where, _ in options]}"
        # A flag here is a flag there; and what it takes is called the same.
        assert len({(one.is_flag, one.count, one.nargs) for _, one in options}) == 1, name
        assert len({one.metavar for _, one in options}) == 1, name


def test_every_letter_is_one_of_tcpdump() -> None:
    letters = {name for name in found() if re.fullmatch("-[^-]", name)}
    assert letters - {"-h", "-o"} <= TCPDUMP.keys()
    assert letters - {"-h"} == LETTERS.keys()
    for letter, options in found().items():
        if letter in LETTERS:
            for _, option in options:
                assert isinstance(option, SharedOption)
                assert option.shared is LETTERS[letter]


def test_what_is_said_of_a_shared_option_begins_alike() -> None:
    for name, options in found().items():
        for where, option in options:
            if isinstance(option, SharedOption):
                assert (option.help or "").startswith(option.shared.help), (name, where)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("probes --to json tcp_input", 1),
        ("check --to json --program 'BEGIN { trace(a); }'", 1),
        ("copyout --to json --chain 20", 1),
        ("copyout --to json --cases", 2),
        ("parse --to json tests/data/captures/02-tracemem64-tcp.txt", 2),
        ("path estimate --to json icmp", 1),
        ("trace show --to json tests/data/path-epair-pf.txt", 4),
        ("trace export --to json tests/data/path-epair-pf.txt", 4),
        ("simulate --cost --to json --program BEGIN{}", 1),
        ("doctor --to json", 15),
        ("run --to json ip_input --simulate --packets {pcap}", 1),
    ],
)
def test_json_is_json_lines_in_every_command(
    dtkit: Dtkit, tmp_path: Path, line: str, count: int
) -> None:
    pcap = tmp_path / "x.pcap"
    pcap.write_bytes(captures.pcap([ipv4(tcp())], linktype=101))
    result = dtkit(*shlex.split(line.replace("{pcap}", str(pcap))))
    rows = [json.loads(row) for row in result.stdout.splitlines()]
    assert len(rows) >= count, result.output
    assert all(isinstance(row, dict) for row in rows)


def test_two_breaks_of_one_packet_are_both_kept(dtkit: Dtkit, tmp_path: Path) -> None:
    pcap = tmp_path / "x.pcap"
    pcap.write_bytes(captures.pcap([ipv4(tcp(b"x" * 60))] * 2, linktype=101))
    program = (
        'fbt::ip_input:entry { printf("%d %d\\n", args[0]->m_len, args[0]->m_next == args[0]); }'
    )
    words = ["simulate", "--quiet", "--program", program, "--packets", str(pcap), "--split", "20"]
    words += ["--break", "negative-len@1", "--break", "self-cycle@1"]
    assert dtkit(*words).stdout.split() == ["-1", "1", "20", "0"]


@pytest.mark.parametrize(
    "words",
    [
        ["script", "ip_input", "--iface"],
        ["path", "script", "--iface"],
        ["path", "script", "--jail"],
        ["simulate", "--program", "BEGIN { exit(0); }", "--packets", "", "--iface"],
    ],
    ids=lambda words: " ".join(words[:2] + words[-1:]),
)
def test_a_name_that_is_no_utf8_is_its_bytes(
    dtkit: Dtkit, words: list[str], tmp_path: Path
) -> None:
    """As a shell hands it on."""
    capture = tmp_path / "packets.pcap"
    capture.write_bytes(captures.pcap([(1, 0, ipv4(tcp(b"x")))], linktype=101))
    result = dtkit(*(word or str(capture) for word in words), "a\udcff")
    assert (result.exit_code, result.exception) == (0, None), result.stderr
    if words[0] != "simulate":
        assert '"a\\377"' in result.stdout
