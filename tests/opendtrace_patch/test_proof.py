# SPDX-License-Identifier: BSD-2-Clause
"""The proof of the C core goes through, and does not for a core that is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.opendtrace_patch.harness import PATCH

PROOF = PATCH / "proof"

#: A prover gives a goal up after seconds of its own time, of which it has few where all is busy.
pytestmark = pytest.mark.timeout(3600)


def prove(
    script: Path, *kinds: str, functions: str = "", timeout: int = 40
) -> subprocess.CompletedProcess[str]:
    """Run prove.sh. A test's own timeout: a goal that fails is not to be waited for long."""
    return subprocess.run(
        ["sh", script, *kinds],
        env=os.environ | {"PROVE_FUNCTIONS": functions, "PROVE_TIMEOUT": str(timeout)},
        capture_output=True,
        text=True,
        check=False,
    )


def goals(text: str) -> tuple[int, int]:
    """``kind 1: 464 / 464`` as numbers."""
    found = re.search(r"kind \S+: (\d+) / (\d+)", text)
    assert found, text
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("kind", ["1", "1:32"], ids=["of 64 bits", "of 32 bits"])
def test_every_goal_is_proved(kind: str) -> None:
    """For the kernels that have most of it; ``make proof`` does all kinds."""
    done = prove(PROOF / "prove.sh", kind, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    proved, all_goals = goals(done.stdout)
    assert proved == all_goals > 400


WRONG = {
    "a byte in the wrong place": (
        "dtrace_mbuf_store",
        "dst[at + 3] = DTRACE_MBUF_BYTE(value, 8, 3);",
        "dst[at + 3] = DTRACE_MBUF_BYTE(value, 8, 2);",
    ),
    "a load after a fault": (
        "dtrace_mbuf_page",
        "	pa = dtrace_mbuf_load(field, DTRACE_MBUF_WIDTH(m_epg_pa[0]));\n"
        "	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))\n		return (0);\n",
        "	pa = dtrace_mbuf_load(field, DTRACE_MBUF_WIDTH(m_epg_pa[0]));\n"
        "	pa = dtrace_mbuf_load(field, DTRACE_MBUF_WIDTH(m_epg_pa[0]));\n"
        "	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))\n		return (0);\n",
    ),
    "a load without canload": (
        "dtrace_mbuf_page",
        "	if (!dtrace_canload(field, DTRACE_MBUF_WIDTH(m_epg_pa[0]), mstate,\n"
        "	    vstate))\n		return (0);\n",
        "",
    ),
    "scratch past its end": ("dtrace_mbuf_copyout", "n > room - pad", "n > room"),
    "stale bytes": ("dtrace_mbuf_fill", "for (; i < len; i++)", "for (; i + 1 < len; i++)"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_core_that_is_wrong_is_not_proved(wrong: str, tmp_path: Path) -> None:
    function, right, broken = WRONG[wrong]
    shutil.copytree(PROOF, tmp_path / "proof")
    shutil.copy(PATCH / "dtrace_mbuf.h", tmp_path)
    text = (PATCH / "dtrace_mbuf.c").read_text()
    assert text.count(right) == 1
    (tmp_path / "dtrace_mbuf.c").write_text(text.replace(right, broken))
    done = prove(tmp_path / "proof" / "prove.sh", "1", functions=function, timeout=2)
    assert done.returncode == 1
    proved, all_goals = goals(done.stdout)
    assert 0 < proved < all_goals


def test_false_is_not_proved(tmp_path: Path) -> None:
    """The contracts of the primitives do not contradict each other: from that all would follow."""
    shutil.copytree(PROOF, tmp_path / "proof")
    shutil.copy(PATCH / "dtrace_mbuf.h", tmp_path)
    text = (PATCH / "dtrace_mbuf.c").read_text()
    right = "	page = DTRACE_MBUF_DMAP(pa);\n"
    assert text.count(right) == 1
    (tmp_path / "dtrace_mbuf.c").write_text(
        text.replace(right, right + "	//@ assert \\false;\n")
    )
    done = prove(tmp_path / "proof" / "prove.sh", "1", functions="dtrace_mbuf_page", timeout=10)
    assert done.returncode == 1
    proved, all_goals = goals(done.stdout)
    assert proved == all_goals - 1
    assert "assert" in done.stderr


def test_usage() -> None:
    done = prove(PROOF / "prove.sh", "-x")
    assert done.returncode == 2
    assert "usage: prove.sh" in done.stderr
