# SPDX-License-Identifier: BSD-2-Clause
"""What patched FreeBSD kernels printed, and what the reference model says of the same calls."""

from __future__ import annotations

import re
from pathlib import Path

from dtkit.mbuf import copyoutmbuf, mbuflen
from dtkit.mbuf.case import Setup
from dtkit.output.dump import Rows, is_row

PATCHSET = Path(__file__).parents[2] / "opendtrace_patch"
TRANSCRIPTS = {
    path.stem.removeprefix("transcript-"): path.read_text()
    for path in sorted(PATCHSET.glob("transcript-*.txt"))
}


def section(text: str, title: str) -> str:
    """What the transcript *text* has between *title* and the next title, without the command."""
    _, found = text.split(f"\n{title}\n")
    return re.split(r"\n#{2,3} ", found)[0].partition("\n")[2].strip("\n")


def dumps(text: str) -> list[bytes]:
    """The hexdumps of *text*."""
    found: list[Rows] = []
    for number, line in enumerate(text.split("\n")):
        if line.endswith("0123456789abcdef"):
            found.append(Rows(number))
        elif is_row(line):
            assert found[-1].add(line)
    return [bytes(rows.data) for rows in found]


def result(setup: Setup, length: int, offset: int = 0) -> bytes | str:
    """What the model's copyoutmbuf() gives: the bytes, or dtrace(1)'s words for the fault."""
    address = copyoutmbuf(setup.machine, setup.chain.address, length, offset)
    if setup.machine.fault is not None:
        return setup.machine.fault.flag.text
    data = setup.kernel.memory.read(address, length)
    assert data is not None
    return data


def chain_length(setup: Setup) -> int | str:
    """What the model's mbuflen() gives."""
    found = mbuflen(setup.machine, setup.chain.address)
    return found if setup.machine.fault is None else setup.machine.fault.flag.text
