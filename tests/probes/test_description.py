# SPDX-License-Identifier: BSD-2-Clause
"""Probe descriptions: how many fields, which are patterns, what they match."""

from __future__ import annotations

import pytest

from dtkit.probes.description import ProbeDescription


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("BEGIN", ("", "", "", "BEGIN")),
        ("fbt::ip_input:entry", ("fbt", "", "ip_input", "entry")),
        (":::ip_input:entry", ("", "", "ip_input", "entry")),
        ("ip_input:", ("", "", "ip_input", "")),
        ("fbt::ip*:", ("fbt", "", "ip*", "")),
    ],
)
def test_descriptions(text: str, fields: tuple[str, ...]) -> None:
    assert ProbeDescription.parse(text).fields == fields


def test_a_field_too_many() -> None:
    with pytest.raises(ValueError, match="more than four fields"):
        ProbeDescription.parse("a:b:c:d:e")


@pytest.mark.parametrize("text", ["fbt::ip*:entry", "fbt::ip input:entry", "a:b:c:d:e", "fbt::é:"])
def test_a_plain_description_names_one_probe(text: str) -> None:
    with pytest.raises(ValueError, match=r"no probe description|more than four"):
        ProbeDescription.plain(text)
    assert ProbeDescription.plain("fbt::ip_input:entry").function == "ip_input"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("fbt::ip_input:entry", True),
        ("ip_input:entry", True),
        ("fbt::ip_input:", True),
        ("fbt::ip?input:entry", True),
        (r"fbt::ip\_input:entry", True),
        ("fbt::[a-i]p_*:entry", True),
        ("fbt::[!i]p_*:entry", False),
        ("sdt::ip_input:entry", False),
        ("fbt:pf:ip_input:entry", False),
    ],
)
def test_matches(pattern: str, matches: bool) -> None:
    description = ProbeDescription.parse(pattern)
    assert description.matches("fbt", "kernel", "ip_input", "entry") is matches
