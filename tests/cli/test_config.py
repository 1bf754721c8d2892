# SPDX-License-Identifier: BSD-2-Clause
"""Sets of options by name, in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Dtkit = Callable[..., Result]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "dtkit").mkdir()
    return tmp_path / "dtkit" / "config.toml"


def test_a_profile_gives_defaults_and_the_command_line_goes_first(
    dtkit: Dtkit, config: Path
) -> None:
    config.write_text(
        '[profile.lab]\nlength = 20\ncopy = "copyoutmbuf"\nstrict = true\nseconds = 7\n'
        "[profile.other]\nlength = 30\n"
    )
    text = dtkit("--profile", "lab", "oneliner", "ip_input").stdout
    assert "copyoutmbuf(this->m, 20)" in text
    text = dtkit("--profile", "lab", "oneliner", "ip_input", "--length", "9").stdout
    assert "copyoutmbuf(this->m, 9)" in text
    assert ", 30, " in dtkit("--profile", "other", "oneliner", "ip_input").stdout
    assert dtkit("--profile", "lab", "parse", input="        10: 00\n").exit_code == 1
    assert "tick-7s" in dtkit("--profile", "lab", "path", "script", "icmp").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profile.lab]\nlenght = 20\n", "profile lab: no option --lenght"),
        ("[profile.other]\n", "no profile 'lab': there is other"),
        ("", "no profile 'lab': there is none"),
        ("[profil.lab]\n", "unknown key profil: [profile.NAME] and [host.NAME] are known"),
        ("profile = 3\n", "profile is not a table of names"),
        ("[profile]\nlab = 3\n", "profile is not a table of names"),
        ("[profile.lab\n", "config.toml: "),
        ("[profile.lab]\nlength = 'x'\n", "'x' is not a valid integer range"),
    ],
)
def test_a_wrong_file_is_a_line(dtkit: Dtkit, config: Path, text: str, said: str) -> None:
    config.write_text(text)
    result = dtkit("--profile", "lab", "oneliner", "ip_input")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_no_file_is_a_line(dtkit: Dtkit, config: Path) -> None:
    result = dtkit("--profile", "lab", "probes")
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh(1) that notes down what it was called with; where."""
    program = tmp_path / "ssh"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\necho cut >&2\nexit 255\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "words"


LAB = """[host.lab]
ssh = "alice@192.0.2.1"
as = "doas"
release = "14"
length = 20
[host.plain]
[host.bare]
length = 20
"""


@pytest.mark.parametrize(
    ("words", "target", "last"),
    [
        ("doctor --host lab", "alice@192.0.2.1", "doas -n sh"),
        ("doctor --host lab --as sudo", "alice@192.0.2.1", "sudo -n sh"),
        ("doctor --host plain", "plain", "sh"),
        ("doctor --host other", "other", "sh"),
        ("--profile here doctor", "alice@192.0.2.1", "doas -n sh"),
        ("run ip_input --host lab", "alice@192.0.2.1", "sh"),
    ],
)
def test_a_host_has_a_name(
    dtkit: Dtkit, config: Path, ssh: Path, words: str, target: str, last: str
) -> None:
    config.write_text(f'{LAB}[profile.here]\nhost = "lab"\n')
    assert dtkit(*words.split()).exit_code == 1
    assert ssh.read_text().splitlines()[-2:] == [target, last]


@pytest.mark.parametrize(
    ("words", "length"), [("--host bare", 20), ("--host bare --length 9", 9), ("--host other", 30)]
)
def test_options_of_a_host_go_before_those_of_a_profile(
    dtkit: Dtkit, config: Path, ssh: Path, words: str, length: int
) -> None:
    config.write_text(f"{LAB}[profile.p]\nlength = 30\n")
    # As if ssh(1) came back here, where this is dtrace(1).
    ssh.with_name("ssh").write_text("#!/bin/sh\nexec sh\n")
    ssh.with_name("dtrace").write_text(f"#!/bin/sh\ncat > {ssh}\n")
    ssh.with_name("dtrace").chmod(0o755)
    dtkit("--profile", "p", "run", "ip_input", *words.split(), "--copy", "first")
    assert f", {length}" in ssh.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[host.lab]\nsssh = 'x'\n", "host lab: no option --sssh"),
        ("[host.lab]\nhost = 'x'\n", "host lab: no option --host"),
        ("[host.lab]\nssh = 7\n", "host lab: ssh is the name that ssh(1) goes to"),
        ("[host.lab]\nas = 'su'\n", "'su' is not one of 'sudo', 'doas'"),
        ("[host.lab]\nssh = '-oProxyCommand=id'\n", "'-oProxyCommand=id' is no name of a host"),
        ("[host.lab]\nssh = 'a b'\n", "'a b' is no name of a host"),
        ("host = 'lab'\n", "host is not a table of names: [host.NAME] is"),
        ("[hosts.lab]\n", "unknown key hosts"),
        ("[host.lab\n", "config.toml: "),
    ],
)
def test_a_wrong_host_is_a_line(dtkit: Dtkit, config: Path, text: str, said: str) -> None:
    config.write_text(text)
    result = dtkit("doctor", "--host", "lab")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_key_of_another_command_is_none_of_this_one_s(
    dtkit: Dtkit, config: Path, ssh: Path
) -> None:
    config.write_text("[host.lab]\npreset = 'input'\nlength = 9\n")
    assert dtkit("doctor", "--host", "lab").exit_code == 1
    assert ssh.exists()
