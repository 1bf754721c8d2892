# SPDX-License-Identifier: BSD-2-Clause
"""The DTrace test-suite cases, and what FreeBSD printed, against the reference model."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from dtkit.mbuf import FREEBSD_12, Case, FaultFlag, Segment
from dtkit.packets.tracemem import tracemem_dump
from tests.opendtrace_patch.transcript import (
    PATCHSET,
    TRANSCRIPTS,
    chain_length,
    dumps,
    result,
    section,
)

SUITE = PATCHSET / "suite"
CASES = sorted(path for path in SUITE.iterdir() if path.suffix == ".d")
SIZE_MAX = 2**64 - 1

each_case = pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
each_kernel = pytest.mark.parametrize("kernel", TRANSCRIPTS)


@each_case
def test_case_has_the_form_of_the_suite(case: Path) -> None:
    text = case.read_text()
    assert re.match(r"/\*-\n \* SPDX-License-Identifier: BSD-2-Clause\n \*/\n\n/\*\n", text)
    assert " * ASSERTION:\n *\t" in text
    assert re.search(
        r"^ \* SECTION: Actions and Subroutines/(copyoutmbuf|mbuflen)\(\)$", text, re.M
    )
    assert re.search(r"^#pragma D option version=1\.1[34]$", text, re.M)
    bare = re.sub(r'"[^"\n]*"|/\*.*?\*/', "", text, flags=re.S)
    for left, right in ("{}", "()"):
        assert bare.count(left) == bare.count(right)
    assert "exit(" in bare


@each_case
def test_names_say_what_the_suite_expects(case: Path) -> None:
    name = case.name
    assert re.fullmatch(r"tst\.\w+\.d|err\.D_(PROTO_LEN|PROTO_ARG|FUNC_UNDEF)\.\w+\.d", name)
    prints = re.search(r"tracemem\(|printf\(", case.read_text()) is not None
    assert (SUITE / f"{name}.out").exists() == (prints and name.startswith("tst."))
    if name.startswith("tst."):
        assert "ERROR" in case.read_text(), "a fault must end the case"


def test_all_faults_and_refusals_have_a_case() -> None:
    text = "".join(path.read_text() for path in CASES)
    for wanted in ("DTRACEFLT_BADADDR", "DTRACEFLT_ILLOP", "DTRACEFLT_NOSCRATCH"):
        assert wanted in text
    names = [path.name for path in CASES]
    for wanted in ("err.D_PROTO_LEN.", "err.D_PROTO_ARG."):
        for subroutine in ("copyoutmbuf", "mbuflen"):
            assert any(name.startswith(wanted + subroutine) for name in names)


CHAIN = (Segment(b"abcd"), Segment(b""), Segment(b"efghi"))


def test_expected_output_is_what_the_model_gives() -> None:
    """Each copy of tst.copyoutmbuf.d, done in the model, is the dump that the suite expects."""
    text = (SUITE / "tst.copyoutmbuf.d").read_text()
    calls = re.findall(
        r'printf\("(.*)"\);\n'
        r"\ttracemem\(copyoutmbuf\(this->a, (-?\d+)(?:, (-?\d+))?\), (\d+)\);",
        text,
    )
    assert len(calls) == text.count("tracemem(") == 9
    expected = ""
    for title, wanted, offset, shown in calls:
        from_there = int(offset or 0) & SIZE_MAX
        setup = Case(CHAIN, layout=FREEBSD_12).build()
        data = result(setup, int(wanted) or int(shown), from_there)
        assert isinstance(data, bytes)
        if wanted == "0":
            assert len(data) == len(b"abcdefghi"[from_there:])
        expected += title + tracemem_dump(data)
    assert (SUITE / "tst.copyoutmbuf.d.out").read_text() == expected + "\n"


def test_expected_length_is_what_the_model_gives() -> None:
    lengths = [
        str(chain_length(Case(CHAIN[first:], layout=FREEBSD_12).build())) for first in range(3)
    ]
    assert (SUITE / "tst.mbuflen.d.out").read_text() == " ".join(lengths) + "\n\n"


def run_ksh(tmp_path: Path, output: str) -> subprocess.CompletedProcess[str]:
    """tst.copyoutmbuf.ksh, with a dtrace that prints what FreeBSD's printed."""
    (tmp_path / "output").write_text(output)
    dtrace = tmp_path / "dtrace"
    dtrace.write_text(f"#!/bin/sh\ncat > /dev/null\ncat '{tmp_path}/output'\n")
    dtrace.chmod(0o755)
    return subprocess.run(
        ["sh", SUITE / "tst.copyoutmbuf.ksh", dtrace],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def rows(data: bytes) -> str:
    lines = (data[at : at + 16] for at in range(0, len(data), 16))
    return "".join(
        f"{16 * index:10x}: {line.hex(' '):<47}  {'.' * len(line)}\n"
        for index, line in enumerate(lines)
    )


SYN = bytes([0x45]) + bytes(range(1, 60))


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (rows(SYN + bytes(4)) + "\n" + rows(SYN[20:] + bytes(24)), ""),
        (rows(SYN + b"\0\0\0\1") + "\n" + rows(SYN[20:] + bytes(24)), "not zero from byte 60 on"),
        (rows(SYN + bytes(4)) + "\n" + rows(SYN[19:59] + bytes(24)), "not the same from byte 20"),
        (rows(SYN + bytes(4)) + "\n" + rows(SYN[20:] + b"\1" * 24), "not zero from byte 40 on"),
        (rows(bytes(64)) + "\n" + rows(bytes(64)), "no IPv4 header"),
        (rows(SYN + bytes(4)), "not 4 rows"),
        ("", "not 0 rows"),
    ],
    ids=["good", "stale-end", "wrong-offset", "stale-after-offset", "no-ip", "one-dump", "nothing"],
)
def test_the_script_case_judges(tmp_path: Path, output: str, complaint: str) -> None:
    done = run_ksh(tmp_path, output)
    assert done.returncode == (1 if complaint else 0), done.stderr
    assert complaint in done.stdout
    assert done.stderr == ""


EIGHT = (Segment(b"\0" * 8),)


@pytest.mark.parametrize(
    ("title", "case"),
    [
        ("NULL", Case(EIGHT, 8, broken=(("null", 0),))),
        ("NULL, mbuflen", Case(EIGHT, broken=(("null", 0),))),
        ("a ring, length 0", Case(EIGHT, 0, broken=(("self-cycle", 0),))),
        ("a ring, mbuflen", Case(EIGHT, broken=(("self-cycle", 0),))),
        ("a ring without data, length 8", Case(EIGHT, 8, broken=(("zero-cycle", 0),))),
        (
            "a ring of 512 x 8 bytes is enough for length 4096",
            Case(EIGHT, 4096, broken=(("self-cycle", 0),), scratch=8192),
        ),
        (
            "and one byte more is not",
            Case(EIGHT, 4097, broken=(("self-cycle", 0),), scratch=8192),
        ),
        ("m_len -1", Case(EIGHT, 8, broken=(("negative-len", 0),))),
        ("m_len INT_MIN, mbuflen", Case(EIGHT, broken=(("negative-len", 0),))),
        ("m_len INT_MAX, length 0", Case(EIGHT, 0, broken=(("huge-len", 0),))),
        ("m_data NULL", Case(EIGHT, 8, broken=(("null-data", 0),))),
        ("m_data in user space", Case(EIGHT, 8, broken=(("toxic-data", 0),))),
        (
            "m_data in a hole of kernel space, from offset 3 on",
            Case(EIGHT, 5, 3, broken=(("hole-data", 0),)),
        ),
        (
            "m_data 8 bytes before the end of the direct map",
            Case((Segment(b"\0" * 32),), 32, broken=(("edge-data", 0),)),
        ),
        ("m_next in a hole", Case(EIGHT, 9, broken=(("hole-next", 0),))),
        ("m_next in a hole, and not needed", Case(EIGHT, 8, broken=(("hole-next", 0),))),
        ("m_next in user space, mbuflen", Case(EIGHT, broken=(("hole-next", 0),))),
        ("a length of SIZE_MAX", Case(EIGHT, SIZE_MAX)),
        ("length and offset of SIZE_MAX", Case(EIGHT, SIZE_MAX, SIZE_MAX)),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
@each_kernel
def test_freebsd_said_what_the_model_says(kernel: str, title: str, case: Case) -> None:
    printed = section(TRANSCRIPTS[kernel], f"## {title}")
    setup = case.build()
    mbuflen = title.endswith("mbuflen")
    expected = chain_length(setup) if mbuflen else result(setup, case.length, case.offset)
    if isinstance(expected, str):
        assert re.search(rf": {expected}( \(0x[0-9a-f]+\))? in action #\d+ at DIF offset", printed)
    else:
        assert printed.strip() == "1"


@pytest.mark.parametrize(
    ("title", "beyond"), [("m_len -1", 0x18), ("m_len INT_MIN, mbuflen", 0x18)]
)
@each_kernel
def test_the_address_of_a_negative_length_is_its_own(kernel: str, title: str, beyond: int) -> None:
    printed = section(TRANSCRIPTS[kernel], f"## {title}")
    (bad,) = re.findall(rf"{FaultFlag.BADADDR.text} \((0x[0-9a-f]+)\)", printed)
    (mbuf,) = re.findall(r"m is at (0x[0-9a-f]+)", printed)
    assert int(bad, 16) - int(mbuf, 16) == beyond


def test_the_readme_shows_what_the_transcript_does() -> None:
    transcript = TRANSCRIPTS["freebsd-12.1"]
    readme = (PATCHSET / "README.md").read_text()
    part = readme.partition("### On a real kernel\n")[2].partition("\n### ")[0]
    for block in part.partition("```console\n")[2].partition("\n```")[0].split("\n\n"):
        assert f"\n{block}\n" in transcript
    shown = dict(re.findall(r"^\| (.*?) \| `(.*?)`", part, re.MULTILINE))
    titles = re.findall(r"^## (.*)", transcript, re.MULTILINE)
    assert list(shown) == titles
    for title, printed in shown.items():
        assert section(transcript, f"## {title}").split("\n")[0].endswith(printed)
    assert f"All {len(re.findall('^ok   ', transcript, re.MULTILINE))} cases" in part


@each_kernel
def test_freebsd_showed_no_stale_byte(kernel: str) -> None:
    text = TRANSCRIPTS[kernel]
    title = next(line for line in text.split("\n") if line.startswith("### Stale"))
    before, after = dumps(section(text, title))
    assert b"STALE" in before
    assert after == bytes(64)


@each_kernel
def test_freebsd_passed_the_suite(kernel: str) -> None:
    passed = set(re.findall(r"^ok   (\S+)$", TRANSCRIPTS[kernel], re.MULTILINE))
    assert passed == {path.name for path in SUITE.iterdir() if path.suffix in (".d", ".ksh")}
    assert "FAIL" not in TRANSCRIPTS[kernel]


def test_the_table_of_what_was_booted_is_that_of_the_transcripts() -> None:
    text = (PATCHSET / "README.md").read_text()
    table = re.findall(
        r"^\| ([^|]*) \| [^|]* \| (yes|no) \| *(?:\[(\S+)\]\(\3\))? *\|$", text, re.MULTILINE
    )
    booted = {name: tree for tree, answer, name in table if answer == "yes"}
    assert set(booted) == {f"transcript-{kernel}.txt" for kernel in TRANSCRIPTS}
    assert not any(name for _, answer, name in table if answer == "no")
    for name, tree in booted.items():
        # It says what it ran on: `uname`, `sysctl -n kern.osreldate`.
        machine = section((PATCHSET / name).read_text(), "### The machine")
        (number,) = re.findall(r"\((\d{7})\)", tree)
        assert number in machine.split("\n") or tree.split(" ")[0] in machine


@pytest.mark.parametrize("name", ["copyoutmbuf", "mbuflen"])
def test_specification_has_the_form_of_the_others(name: str) -> None:
    text = (PATCHSET / "specification" / f"{name}.tex").read_text()
    assert f"\\label{{subr:{name}}}" in text
    titles = re.findall(r"\\subsubsection\*\{(.*)\}", text)
    assert titles == ["Calling convention", "Description", "Constraints", "Failure modes"]
    assert text.count("\\begin{") == text.count("\\end{")
    assert text.count("{") == text.count("}")


def test_specification_names_each_fault_that_the_model_can_raise() -> None:
    text = (PATCHSET / "specification" / "copyoutmbuf.tex").read_text()
    named = re.findall(r"CPU\\_DTRACE\\_(\w+)", text)
    assert named == ["BADADDR", "BADALIGN", "ILLOP", "KPRIV", "NOSCRATCH"]
    assert all(name in FaultFlag.__members__ for name in named)
