# SPDX-License-Identifier: BSD-2-Clause
"""The walk's order: every load and every canload, written out for a small chain."""

from __future__ import annotations

from dtkit.mbuf import FREEBSD_12, Canload, Load, Machine, Memory, Scratch, copyoutmbuf

MBUF = 0xFFFFF800_0000_1000
DATA = 0xFFFFF800_0001_0004
SCRATCH = 0xFFFFFE00_0000_0000


def test_the_order_of_loads_is_the_one_written_down() -> None:
    memory = Memory()
    memory.map(MBUF, 0x400, "mbufs")
    memory.map(DATA - 4, 0x100, "data")
    memory.map(SCRATCH, 64, "scratch")
    memory.write(DATA, bytes(range(1, 21)))
    for index, (data, length, following) in enumerate(
        [(DATA, 7, MBUF + 0x100), (DATA, 0, MBUF + 0x200), (DATA + 12, 8, MBUF + 0x300)]
    ):
        m = MBUF + 0x100 * index
        memory.write_uint(m + FREEBSD_12.m_next, 8, following)
        memory.write_uint(m + FREEBSD_12.m_data, 8, data)
        memory.write_uint(m + FREEBSD_12.m_len, 4, length)
    machine = Machine(memory, FREEBSD_12, Scratch(SCRATCH, 64))

    result = copyoutmbuf(machine, MBUF, 9, 2)

    assert machine.fault is None
    assert memory.read(result, 9) == bytes([3, 4, 5, 6, 7, 13, 14, 15, 16])
    assert machine.scratch.ptr == SCRATCH + 9
    second, third = MBUF + 0x100, MBUF + 0x200
    assert machine.log == [
        Canload(MBUF, 28, True),
        Load(MBUF + 24, 4, 7),
        Load(MBUF + 16, 8, DATA),
        Canload(DATA + 2, 5, True),
        Load(DATA + 2, 2, 0x0403),
        Load(DATA + 4, 2, 0x0605),
        Load(DATA + 6, 1, 7),
        Load(MBUF, 8, second),
        Canload(second, 28, True),
        Load(second + 24, 4, 0),
        Load(second, 8, third),
        Canload(third, 28, True),
        Load(third + 24, 4, 8),
        Load(third + 16, 8, DATA + 12),
        Canload(DATA + 12, 4, True),
        Load(DATA + 12, 4, 0x100F0E0D),
    ]
