# SPDX-License-Identifier: BSD-2-Clause
"""The ``dtkit`` command itself: help, version, errors in one line."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from dtkit import __version__
from dtkit.cli import COMMANDS

Dtkit = Callable[..., Result]


def test_help_lists_every_command(dtkit: Dtkit) -> None:
    result = dtkit("--help")
    assert result.exit_code == 0
    for name, help in COMMANDS.items():
        assert f"  {name}  " in result.output
        assert help.split(".")[0].split()[0] in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(dtkit: Dtkit, name: str) -> None:
    command = importlib.import_module(f"dtkit.cli.{name.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    result = dtkit(name, "--help")
    assert result.exit_code == 0
    assert f"dtkit {name}" in result.output.partition("Examples:")[2]


def test_no_arguments_is_help(dtkit: Dtkit) -> None:
    assert dtkit().output == dtkit("--help").output


def test_version(dtkit: Dtkit) -> None:
    assert dtkit("--version").output == f"dtkit {__version__}\n"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("no-such-command", "dtkit"),
        ("--no-such-option", "dtkit"),
        ("oneliner", "dtkit oneliner"),
        ("trace show", "dtkit trace show"),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(dtkit: Dtkit, words: str, command: str) -> None:
    result = dtkit(*words.split())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"{command}: ")
    assert result.stderr.endswith(f"; see `{command} --help`\n")
    assert result.stderr.count("\n") == 1


def test_python_m_dtkit() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dtkit", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"dtkit {__version__}\n"


@pytest.mark.parametrize(
    ("words", "input"),
    [
        ("trace convert {} -w {}", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace export {} -o {}", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace graph {} --to svg -o {}", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace report {} -o {}", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("parse {} -w {}", "captures/02-tracemem64-tcp.txt"),
        ("trace show {} -o {}", "path-epair-pf.txt"),
        ("path --listing {} -o {}", "captures/listing-input-entry.txt"),
        ("script ip_input --listing {} -o {}", "captures/listing-input-entry.txt"),
    ],
)
def test_an_input_is_never_written_over(
    dtkit: Dtkit, tmp_path: Path, words: str, input: str
) -> None:
    content = (Path(__file__).parent.parent / "data" / input).read_bytes()
    path, other = tmp_path / "file", tmp_path / "link"
    path.write_bytes(content)
    other.symlink_to(path)
    result = dtkit(*words.format(path, other).split())
    assert result.exit_code == 2
    assert f"{other} would be written over the input: give another name\n" in result.stderr
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("words", "input"),
    [
        ("parse --to none -w x", "captures/02-tracemem64-tcp.txt"),
        ("parse - -w x", "captures/02-tracemem64-tcp.txt"),
        ("trace convert - -w x", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace export - -o x", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace report - -o x", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace graph - -o x", "mbuf_trace-freebsd-12.1-epair.pcap"),
        ("trace show - -o x", "path-epair-pf.txt"),
        ("path --listing - -o x", "captures/listing-input-entry.txt"),
        ("script ip_input --listing - -o x", "captures/listing-input-entry.txt"),
        ("trace dissector -o x", "path-epair-pf.txt"),
    ],
)
def test_standard_input_is_never_written_over(tmp_path: Path, words: str, input: str) -> None:
    """`dtkit ... -w x < x`: the shell has opened it already, and it must not be emptied."""
    content = (Path(__file__).parent.parent / "data" / input).read_bytes()
    path = tmp_path / "x"
    path.write_bytes(content)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with path.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-m", "dtkit", *words.split()],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert "x would be written over the input: give another name\n" in done.stderr
    assert path.read_bytes() == content


def test_a_table_is_not_written_over_the_input(dtkit: Dtkit, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    capture = Path(__file__).parent.parent / "data/mbuf_trace-freebsd-12.1-epair.pcap"
    path = tmp_path / "x.pcap"
    path.write_bytes(capture.read_bytes())
    (tmp_path / "hops.parquet").symlink_to(path)
    result = dtkit("trace", "export", "--to", "parquet", str(path), "-o", str(tmp_path))
    assert result.exit_code == 2
    assert "hops.parquet would be written over the input" in result.stderr
    assert path.read_bytes() == capture.read_bytes()


IMPORTED = """
import sys
before = set(sys.modules)
from dtkit.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*set(sys.modules) - before, file=sys.stderr)
"""

#: What takes its time to import, and has no part in most of what commands do.
SELDOM = {
    "secrets", "hmac", "tempfile", "importlib.resources", "urllib.request", "ssl",
    "dtkit.freebsd.records", "dtkit.mbuf.layout", "dtkit.packets.privacy", "dtkit.probes.listing",
    "dtkit.output.structured", "dtkit.trace.journey.kept", "dtkit.trace.journey.path",
}  # fmt: skip


@pytest.mark.parametrize(
    "command", ["trace show --brief -", "trace stats -", "trace graph -", "parse -"]
)
def test_a_command_imports_what_it_needs(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *command.split()],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    modules = set(done.stderr.splitlines()[-1].split())
    assert "dtkit.cli.inputs" in modules
    assert not modules & SELDOM
