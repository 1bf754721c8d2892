# SPDX-License-Identifier: BSD-2-Clause
"""The options of dtrace(1): what they are set to, and when."""

from __future__ import annotations

import pytest

from dtkit.dlang import OptionError, Options


@pytest.mark.parametrize(
    ("name", "value", "attribute"),
    [
        ("quiet", None, True),
        ("quiet", "no", False),
        ("bufsize", "4k", 4096),
        ("specsize", "1m", 1 << 20),
        ("nspec", "3", 3),
        ("strsize", "0x10", 16),
        ("switchrate", "10hz", 100_000_000),
        ("switchrate", "5ms", 5_000_000),
        ("version", "1.5", (1, 5, 0)),
    ],
)
def test_set(name: str, value: str | None, attribute: object) -> None:
    assert getattr(Options().set(name, value), name) == attribute


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("nosuch", "1", "Invalid option name"),
        ("quiet", "maybe", "Invalid value for specified option"),
        ("bufsize", "-1", "Invalid value for specified option"),
        ("nspec", "-1", "Invalid value for specified option"),
        ("version", "9.9", "Requested version is not supported by compiler"),
    ],
)
def test_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Options().set(name, value)


def test_while_tracing() -> None:
    assert Options().set_while_tracing("quiet", "1").quiet
    for name in ("bufsize", "strsize", "nspec", "destructive"):
        with pytest.raises(OptionError, match="Operation illegal when tracing is active"):
            Options().set_while_tracing(name, "1")
    with pytest.raises(OptionError, match="option agghist is not simulated"):
        Options().set_while_tracing("agghist", "1")


def test_what_is_not_simulated_is_noted() -> None:
    assert Options().set("bufpolicy", "fill").not_simulated == ("bufpolicy=fill",)
