# SPDX-License-Identifier: BSD-2-Clause
"""Speculations: their states, on one CPU and on several, and packets kept only if wanted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dtkit.mbuf import FaultFlag, Memory
from dtkit.simulate import Settings, StackPacket
from dtkit.simulate.buffer import Buffer, Space
from dtkit.simulate.cpu import FaultError
from dtkit.simulate.speculation import Speculations
from tests.simulate.captures import ipv4
from tests.simulate.running import ran

DATA = Path(__file__).parent.parent / "data"
QUIET = Settings(options=Settings().options.set("quiet"))
SIZE = 24
TIME = 5 << 32 | 7


class Host:
    """Two CPUs with a principal buffer each, and records of one size."""

    def __init__(self, count: int = 1, size: int = 100) -> None:
        self.speculations = Speculations(count, size, lambda epid: SIZE)
        memory = Memory()
        self.buffers = [Buffer(memory, 0x10000 * (cpu + 1), 64) for cpu in range(2)]

    def speculate(self, number: int, cpu: int, epid: int) -> None:
        space = self.speculations.space(number, cpu)
        assert space is not None
        put(space, epid)

    def commit(self, number: int, cpu: int) -> None:
        self.speculations.commit(number, cpu, self.buffers[cpu], TIME)

    def clean(self) -> None:
        self.speculations.clean(self.buffers.__getitem__, lambda: TIME)

    def kept(self, cpu: int) -> list[int]:
        return [epid for _, epid in self.buffers[cpu].records(lambda epid: SIZE)]


def put(space: Space, epid: int) -> None:
    at = space.reserve(SIZE, 8)
    if at is not None:
        space.data[at : at + SIZE] = epid.to_bytes(4, "little") + bytes(SIZE - 4)
        space.offset = at + SIZE


def test_committed_records_have_the_time_of_the_commit() -> None:
    host = Host()
    number = host.speculations.take()
    host.speculate(number, 0, 3)
    host.speculate(number, 0, 4)
    assert host.kept(0) == []
    host.commit(number, 0)
    assert host.kept(0) == [3, 4]
    assert bytes(host.buffers[0].data[28:36]) == b"\5\0\0\0\7\0\0\0"
    assert host.speculations.take() == number


def test_discarded_records_are_gone() -> None:
    host = Host()
    host.speculate(host.speculations.take(), 0, 3)
    host.speculations.discard(1, 0)
    assert host.speculations.take() == 1
    host.commit(1, 0)
    assert host.kept(0) == []


def test_only_a_few_can_be_taken() -> None:
    host = Host(2)
    assert [host.speculations.take() for _ in range(4)] == [1, 2, 0, 0]
    assert (host.speculations.busy, host.speculations.unavailable) == (0, 2)


@pytest.mark.parametrize("committed", [True, False])
def test_what_is_on_two_cpus_is_settled_by_the_cleaner(committed: bool) -> None:
    host = Host()
    number = host.speculations.take()
    host.speculate(number, 0, 3)
    host.speculate(number, 1, 4)
    if committed:
        host.commit(number, 0)
    else:
        host.speculations.discard(number, 0)
    assert host.kept(1) == []
    assert host.speculations.space(number, 0) is None
    assert host.speculations.take() == 0
    assert (host.speculations.busy, host.speculations.unavailable) == (1, 0)
    host.clean()
    assert [host.kept(0), host.kept(1)] == ([[3], [4]] if committed else [[], []])
    assert host.speculations.take() == number


def test_a_commit_on_another_cpu_waits_for_the_cleaner() -> None:
    host = Host()
    number = host.speculations.take()
    host.speculate(number, 0, 3)
    host.commit(number, 1)
    assert host.kept(0) == []
    host.clean()
    assert [host.kept(0), host.kept(1)] == [[3], []]


def test_what_does_not_fit_is_counted_when_it_is_committed() -> None:
    host = Host(size=50)
    number = host.speculations.take()
    for epid in (3, 4, 5):
        host.speculate(number, 0, epid)
    assert host.speculations.drops == 0
    host.commit(number, 0)
    assert host.kept(0) == [3, 4]
    assert host.speculations.drops == 1


def test_a_principal_buffer_that_is_full_drops_all() -> None:
    host = Host()
    number = host.speculations.take()
    for epid in (3, 4, 5):
        host.speculate(number, 0, epid)
    host.commit(number, 0)
    assert host.kept(0) == []
    assert host.buffers[0].drops == 2


@pytest.mark.parametrize("number", [2, -1, 1 << 31])
def test_a_number_that_none_has_is_a_fault(number: int) -> None:
    host = Host()
    assert host.speculations.space(number, 0) is None
    for settle in (host.commit, host.speculations.discard):
        with pytest.raises(FaultError) as caught:
            settle(number, 0)
        assert caught.value.flag is FaultFlag.ILLOP


def test_zero_and_inactive_ones_are_ignored() -> None:
    host = Host()
    for number in (0, 1):
        assert host.speculations.space(number, 0) is None
        host.commit(number, 0)
        host.speculations.discard(number, 0)
    assert host.speculations.take() == 1


# Packets


def test_pings_that_are_wanted_print_what_dtrace_printed() -> None:
    text = (DATA / "speculated-pings.txt").read_text("utf-8")
    program, _, rest = text.partition("\n")[2].partition("# output\n")
    sizes = [84, 228, 84, 328, 1028]
    packets = [StackPacket(ipv4(size)) for size in sizes for _ in ("request", "reply")]
    assert ran(program, packets, QUIET) == rest.removesuffix("# exit status 0\n")


ONLY_LARGE = """
fbt::ip_input:entry { self->s = speculation(); }
fbt::ip_input:entry /self->s/ { speculate(self->s); printf("in %d;", args[0]->m_len); }
fbt::icmp_input:entry /self->s/ { speculate(self->s); printf("icmp;"); }
fbt::icmp_input:entry /self->s && (*args[0])->m_len > 100/ { commit(self->s); self->s = 0; }
fbt::icmp_input:entry /self->s/ { discard(self->s); self->s = 0; }
"""


def test_only_what_is_wanted_of_packets_is_printed() -> None:
    packets = [StackPacket(ipv4(length)) for length in (84, 200, 84, 300)]
    for cpus in (1, 2):
        printed = ran(ONLY_LARGE, packets, replace(QUIET, cpus=cpus))
        assert printed.split() == ["in", "200;icmp;in", "300;icmp;"]
