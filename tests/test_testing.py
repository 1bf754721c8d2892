# SPDX-License-Identifier: BSD-2-Clause
"""The strategies give what they say; what they are for is in tests/mbuf/test_oracle.py."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from dtkit.mbuf import KINDS, LAYOUTS, Storage, copyoutmbuf
from dtkit.testing import Case, cases


@pytest.mark.parametrize("broken", [False, True], ids=["good", "broken"])
def test_cases_build(broken: bool) -> None:
    @given(cases(broken=broken))
    def check(case: Case) -> None:
        assert bool(case.broken) is broken
        assert len(case.build().chain) == len(case.segments)

    check()


def test_everything_comes_up() -> None:
    """Every layout, way to break a chain and outcome; and pages that are really read."""
    seen: set[str] = set()

    @settings(max_examples=1500, derandomize=True, database=None)
    @given(cases())
    def look(case: Case) -> None:
        setup = case.build()
        copyoutmbuf(setup.machine, setup.chain.address, case.length, case.offset)
        fault = setup.machine.fault
        seen.update({case.layout, str(fault.flag.name) if fault else "no fault"})
        seen.update(kind for kind, _ in case.broken)
        loaded = {load.address for load in setup.machine.loads}
        spans = [m.spans for m in setup.chain.mbufs if m.storage is Storage.PAGES]
        if fault is None and any(address in loaded for pages in spans for address, _ in pages):
            seen.add("pages")

    look()
    outcomes = {"BADADDR", "BADALIGN", "ILLOP", "KPRIV", "NOSCRATCH", "no fault", "pages"}
    assert seen == {*LAYOUTS, *KINDS, *outcomes}
