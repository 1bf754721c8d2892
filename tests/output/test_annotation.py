# SPDX-License-Identifier: BSD-2-Clause
"""The lines that scripts print about themselves."""

from __future__ import annotations

import pytest

from dtkit.output.annotation import read_annotation


def test_fields() -> None:
    text = "@dtkit 1 mbuf probe=fbt:kernel:tcp_input:entry cpu=0 m=0xfffff80001 len=-1 new=x"
    annotation = read_annotation(3, text)
    assert annotation is not None
    assert (annotation.line, annotation.kind) == (3, "mbuf")
    assert annotation.number("m") == 0xFFFFF80001
    assert annotation.number("len") == -1
    assert annotation.number("probe") is None
    assert annotation.number("absent") is None
    assert annotation.fields["new"] == "x"


@pytest.mark.parametrize(
    "text", ["@dtkit 3 mbuf a=1", "@dtkit x mbuf", "@dtkit 1", "@dtkit ", "@dtkit 1 exec=x"]
)
def test_what_is_none(text: str) -> None:
    assert read_annotation(1, text) is None


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("t=1 if=em 0\\0 exec=a b\\0", {"t": "1", "if": "em 0", "exec": "a b"}),
        ("t=1 exec=a if=b", {"t": "1", "exec": "a if=b"}),
        ("t=1 if=em0 exec=", {"t": "1", "if": "em0", "exec": ""}),
        ("vnet=0x1 jail=3 name=a b=c", {"vnet": "0x1", "jail": "3", "name": "a b=c"}),
        ("t=1 if=em0", {"t": "1", "if": "em0"}),
        ("t=1 word u=2", {"t": "1", "u": "2"}),
        ("t=1=2", {"t": "1=2"}),
    ],
    ids=["both", "exec", "an empty one", "name", "if alone", "a word", "two signs"],
)
def test_names_may_hold_spaces(text: str, fields: dict[str, str]) -> None:
    annotation = read_annotation(1, f"@dtkit 1 hop {text}")
    assert annotation is not None
    assert annotation.fields == fields
