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
        ("[profil.lab]\n", "unknown key profil"),
        ("profile = 3\n", "no profile 'lab'"),
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
