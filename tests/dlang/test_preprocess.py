# SPDX-License-Identifier: BSD-2-Clause
"""The first line of a script, and what cpp(1) makes of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dtkit.dlang import check
from dtkit.dlang.syntax.preprocess import FirstLine, PreprocessError, first_line, preprocess

needs_cpp = pytest.mark.skipif(shutil.which("cpp") is None, reason="there is no cpp(1) here")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BEGIN { }", FirstLine()),
        ("#!/bin/sh -q\n", FirstLine()),
        ("#!/usr/sbin/dtrace -s\n", FirstLine()),
        ("#!/usr/sbin/dtrace -qs\n", FirstLine((("quiet", None),))),
        (
            "#! /usr/sbin/dtrace -Zw -x strsize=1k -x cpp -b 4m -s\n-q",
            FirstLine(
                (("zdefs", None), ("destructive", None), ("strsize", "1k"), ("bufsize", "4m")), True
            ),
        ),
        (
            "#!/usr/sbin/dtrace -Cs -DX=1 -I /tmp\n",
            FirstLine((), True, ("-DX=1", "-I/tmp")),
        ),
        ("#!/usr/sbin/dtrace -n BEGIN -q\n", FirstLine((("quiet", None),))),
        ("#!/usr/sbin/dtrace -", FirstLine()),
        ("#!/usr/sbin/dtrace -D", FirstLine()),
    ],
)
def test_the_first_line(text: str, said: FirstLine) -> None:
    assert first_line(text) == said


SCRIPT = """#!/usr/sbin/dtrace -Cs
// which packets
#define LEN(m) \\
\t(m)->m_len
#ifdef NEVER
nonsense
#endif
fbt::ip_input:entry { trace(LEN(args[0])); }
fbt::ip_input:entry { trace(LEN(nosuch)); }
"""


@needs_cpp
def test_findings_name_the_lines_of_the_script() -> None:
    (finding,) = check(preprocess(SCRIPT), file="x.d")
    assert (finding.tag, finding.line) == ("D_IDENT_UNDEF", 9)
    assert "nosuch" in finding.excerpt


@needs_cpp
def test_cpp_is_given_what_the_first_line_says(tmp_path: Path) -> None:
    (tmp_path / "n.h").write_text("#define NUMBER 5\n")
    text = "#include <n.h>\nBEGIN { exit(NUMBER + MORE); }\n"
    made = preprocess(text, ["-DMORE=1", f"-I{tmp_path}"])
    assert check(made) == []
    assert "exit(5 + 1)" in made


@needs_cpp
def test_what_cpp_refuses_is_said() -> None:
    with pytest.raises(PreprocessError, match=r"cpp\(1\) refuses the script: .*no_such\.h"):
        preprocess('#include "no_such.h"\n')


def test_a_machine_without_cpp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(PreprocessError, match=r"there is no cpp\(1\) here"):
        preprocess("BEGIN { }")
