# SPDX-License-Identifier: BSD-2-Clause
"""``--no-payload`` and ``--anonymise`` in all commands that show packets or journeys."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.packets.privacy import Anonymiser, Privacy
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.privacy import private
from tests.output.dtrace_text import dump
from tests.packets import captures
from tests.trace.frames import Note, ethernet, frame, ipv4, tcp

Dtkit = Callable[..., Result]

SECRET = b"attack at dawn"
PACKET = ipv4(tcp(SECRET))
DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    firing = f"  0      1                   ip_input:entry {dump(PACKET)}\n"
    Path("text").write_text(f"CPU     ID                    FUNCTION:NAME\n{firing}")
    notes: list[Note] = ["net/a.c:1: +f(10.0.0.1)", ethernet(PACKET), "net/a.c:2: pf 10.0.0.2"]
    Path("pcap").write_bytes(captures.pcap([frame(3, notes)], linktype=147))
    Path("packets").write_bytes(captures.pcap([PACKET], linktype=101))
    return tmp_path


LINES = [
    "parse --to hexdump text",
    "parse --to json text",
    "parse -w out text",
    "run --simulate --packets packets ip_input --to json",
    "run --simulate --packets packets ip_input --to hexdump",
    "path run --simulate --packets packets --path nat --to json tcp",
    "trace show pcap",
    "trace show --to json pcap",
    "trace convert pcap -w out",
    "trace report pcap -o out",
    "trace export pcap",
    "trace graph pcap",
    "trace stats pcap",
]
#: What shows payload, as text, hex or bytes.
PAYLOAD = ("parse", "run", "path", "trace convert", "trace export", "trace show --to json")


@pytest.mark.parametrize("words", LINES)
def test_neither_payload_nor_addresses_are_shown(dtkit: Dtkit, files: Path, words: str) -> None:
    for option in ("", "--no-payload", "--anonymise"):
        result = dtkit(*words.split(), *option.split())
        assert result.exit_code == 0, result.stderr
        shown = result.stdout_bytes
        if "out" in words.split():
            shown += Path("out").read_bytes()
        payload = any(one in shown for one in (b"attack", SECRET.hex().encode()))
        assert payload is (option == "" and words.startswith(PAYLOAD))
        if option == "--anonymise":
            for address in (b"10.0.0.1", b"10.0.0.2", PACKET[12:16], PACKET[12:16].hex().encode()):
                assert address not in shown


def test_names_and_pointers_of_a_followed_packet(dtkit: Dtkit) -> None:
    path = str(DATA / "path-epair-pf.txt")
    plain = dtkit("trace", "show", path).stdout
    shown = dtkit("trace", "show", path, "--anonymise").stdout
    for word in ("10.0.1.2", "ping[", "vnet router"):
        assert word in plain
        assert word not in shown
    assert shown.count("ip_input") == plain.count("ip_input")


def test_a_key_gives_the_same_again(dtkit: Dtkit, files: Path) -> None:
    words = ["parse", "--anonymise", "text"]
    once, again = (dtkit(*words, "--key", "key").stdout for _ in range(2))
    assert once == again != dtkit(*words).stdout
    assert stat.S_IMODE(Path("key").stat().st_mode) == 0o600
    assert len(Path("key").read_bytes()) == 32


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("parse --key key text", "--key: is for --anonymise"),
        ("parse --anonymise --key text text", "text would be written over the input"),
        ("parse --anonymise --key packets text", "packets is no key: it has not 32 bytes"),
        ("parse --all --to json --anonymise text", "--all shows all"),
    ],
)
def test_usage(dtkit: Dtkit, files: Path, words: str, said: str) -> None:
    result = dtkit(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_capture_does_not_tell_the_filter(dtkit: Dtkit, files: Path) -> None:
    for option, told in ((["--no-payload"], True), (["--anonymise"], False)):
        words = ["parse", "text", "--filter", "host 10.0.0.1", "-w", "out", *option]
        assert dtkit(*words).exit_code == 0
        assert (b"host 10.0.0.1" in Path("out").read_bytes()) is told


@pytest.mark.parametrize("option", ["--no-payload", "--anonymise"])
def test_hops_that_are_shown_as_they_come_are_not_hidden_and_so_refused(
    dtkit: Dtkit, option: str
) -> None:
    path = str(DATA / "path-epair-pf.txt")
    result = dtkit("trace", "show", "--follow", option, path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--follow shows what comes as it is" in result.stderr


def test_who_has_a_socket_is_told_without_payload_and_not_with_other_names() -> None:
    owner = Owner(True, "nc[7]", 0, "router", 1)
    journey = Journey(1, None, (), owners=(owner,))
    assert private(journey, Privacy()).owners == (owner,)
    assert private(journey, Privacy(Anonymiser(bytes(32)))).owners == ()
