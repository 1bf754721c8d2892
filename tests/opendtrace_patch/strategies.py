# SPDX-License-Identifier: BSD-2-Clause
"""Cases for the C core: those of :mod:`dtkit.testing`, and what only a kernel meets beside."""

from __future__ import annotations

from hypothesis import strategies as st

from dtkit.mbuf import Setup
from dtkit.mbuf.memory import ByteOrder
from dtkit.testing import Case, cases
from tests.opendtrace_patch.harness import COPYOUTMBUF, MBUFLEN, Poke


@st.composite
def calls(
    draw: st.DrawFn, *, layout: str | None = None, byteorder: ByteOrder | None = None
) -> tuple[Case, Setup, int, list[Poke]]:
    """
    A case, built, with the subroutine to call and what another CPU does meanwhile.

    Some chains are forged: an mbuf's data lies in the very scratch that the result goes to.
    """
    case = draw(cases(layout=layout, byteorder=byteorder))
    setup = case.build()
    subroutine = draw(st.sampled_from([COPYOUTMBUF, COPYOUTMBUF, COPYOUTMBUF, MBUFLEN]))
    machine, mbufs = setup.machine, setup.chain.mbufs
    if draw(st.integers(0, 9)) == 0:
        forged = draw(st.sampled_from(mbufs))
        at = draw(st.integers(0, max(machine.scratch.size - 1, 0)))
        setup.kernel.poke(forged, "m_data", machine.scratch.base + at)
    pokes = []
    if draw(st.integers(0, 3)) == 0:
        header = setup.kernel.layout.header_used
        for _ in range(draw(st.integers(1, 4))):
            mbuf = draw(st.sampled_from(mbufs))
            pokes.append(
                Poke(
                    draw(st.integers(0, 40)),
                    mbuf.address + draw(st.integers(0, header - 1)),
                    draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255)),
                )
            )
    return case, setup, subroutine, pokes
