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


@pytest.mark.parametrize("text", ["@dtkit 3 mbuf a=1", "@dtkit x mbuf", "@dtkit 1", "@dtkit "])
def test_what_is_none(text: str) -> None:
    assert read_annotation(1, text) is None
