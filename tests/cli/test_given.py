# SPDX-License-Identifier: BSD-2-Clause
"""Options that would be of no effect are refused, in a line that says what to do."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.freebsd import release
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog
from tests.cli.listing import row


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("oneliner ip_input --max 100", "--max: is for --length 0"),
        ("oneliner ip_input --length 64 --max 100", "--max: is for --length 0"),
        ("script ip_input --max 100", "--max: is for --length 0"),
        ("oneliner ip_input --depth 3", "--depth: is for --copy segments and for --filter"),
        ("script ip_input --copy first --depth 3", "--depth: is for --copy segments"),
        ("oneliner m_freem --linktype raw", "--linktype: is for --filter"),
        ("oneliner ip_input --linktype raw --filter tcp", "it is known what packets start with"),
        ("script --list ip_input", "ip_input: --list stands alone"),
        ("script --list --length 5 -o x", "--length, -o: --list stands alone"),
        ("script latency --length 5", "--length: latency is ready-made"),
        ("path --func ip_input --preset forward tcp", "--preset: --func looks at other functions"),
        ("path --length 0 --copy copyoutmbuf tcp", "--copy: --length 0 copies nothing"),
        ("path script --as sudo tcp", "--as: is for --host, and for run"),
        ("simulate --program BEGIN{} --split 20", "--split: is for --packets"),
        ("simulate --program BEGIN{} --break null@1", "--break: is for --packets"),
        ("simulate --program BEGIN{} --path input --iface em1", "--path, --iface: is for"),
        ("copyout --cases --length 5 --scratch 100", "--length, --scratch: --cases has its own"),
        ("copyout --chain 20 --split 10", "--split goes with --packets"),
        ("parse --all x.txt", "--all goes with --to json"),
    ],
)
def test_options_of_no_effect_are_refused(
    dtkit: Callable[..., Result],
    line: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.txt").write_text("")
    result = dtkit(*shlex.split(line))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "oneliner ip_input --length 0 --max 100",
        "oneliner ip_input --depth 3 --copy segments",
        "oneliner ip_input --depth 3 --filter tcp",
        "oneliner ip_input m_freem --linktype raw --filter tcp",
        "script latency --release 14",
        "copyout --cases --to json",
        "path --func ip_input tcp",
    ],
)
def test_options_that_belong_together_are_taken(dtkit: Callable[..., Result], line: str) -> None:
    assert dtkit(*shlex.split(line)).exit_code == 0


def test_a_release_holds_beside_a_listing(dtkit: Callable[..., Result], tmp_path: Path) -> None:
    """For the probes that are not in it."""
    listing = tmp_path / "listing.txt"
    listing.write_text(
        "   ID   PROVIDER            MODULE                          FUNCTION NAME\n"
        f"{1:5d} {'fbt':>10} {'kernel':>17} {'f':>33} entry\n\n"
        "\tArgument Types\n\t\targs[0]: struct mbuf *\n\n"
    )
    words = ["oneliner", "pf_test", "--release", "15", "--listing", str(listing)]
    assert "*args[4]" in dtkit(*words).stdout


def test_a_packet_to_break_that_does_not_come_is_named(
    dtkit: Callable[..., Result], tmp_path: Path
) -> None:
    capture = tmp_path / "one.pcapng"
    with capture.open("wb") as stream:
        file = PacketFile(stream, Provenance("test"), catalog())
        file.write(Packet(bytes.fromhex("45000014") + bytes(16), LinkType.RAW))
    words = ["simulate", "--program", "BEGIN { }", "--packets", str(capture), "--break", "cycle@2"]
    assert "no packet 2 to break: 1 frame in all" in dtkit(*words).stderr


def test_a_listing_of_another_release_is_an_error(
    dtkit: Callable[..., Result], tmp_path: Path
) -> None:
    listing = tmp_path / "listing.txt"
    listing.write_text(
        "".join(
            row(probe.id, probe.function, list(probe.arguments))
            for probe in release("12").probes
            if probe.module == "kernel" and probe.name == "entry"
        )
    )
    words = ["oneliner", "ip_input", "--listing", str(listing)]
    assert dtkit(*words, "--release", "12").exit_code == 0
    wrong = dtkit(*words, "--release", "15")
    assert wrong.exit_code == 2
    assert f"{listing} is of FreeBSD 12, and --release says 15" in wrong.stderr
