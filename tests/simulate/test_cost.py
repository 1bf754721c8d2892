# SPDX-License-Identifier: BSD-2-Clause
"""What firings cost: clauses, instructions, look-ups, aggregations and bytes of records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dtkit.simulate import Cost, ProbeCost, Settings, Simulation, StackPacket
from tests.simulate.captures import ipv4

UDP = StackPacket(ipv4(28, 17, bytes.fromhex("04d20035 00080000")))
TCP = StackPacket(ipv4(40, 6, bytes.fromhex("1f901e61 00000001 00000002 50100400 00000000")))
QUIET = Settings(options=Settings().options.set("quiet"), cost=True)


def costs(program: str, *packets: StackPacket, settings: Settings = QUIET) -> list[ProbeCost]:
    simulation = Simulation(program, settings)
    for _ in simulation.run(packets):
        pass
    assert simulation.status == 0
    return [one for one in simulation.costs if not one.probe.startswith("dtrace:")]


@pytest.mark.parametrize(
    ("clauses", "cost"),
    [
        # ldgs, setx, cmp, be, mov, ba, ret; what holds jumps over the mov.
        ("fbt::ip_input:entry /arg0 == 1/ { @ = sum(1); }", Cost(1, 7)),
        ("fbt::ip_input:entry /arg0 != 1/ { }", Cost(1, 6, bytes=12)),
        # ldgs, flushts, pushtv, ldgaa, stls, ret.
        ("int a[uint64_t]; fbt::ip_input:entry /this->j = a[arg0]/ { }", Cost(1, 6, 1)),
        # setx, stts, ret; ldts, stts, ret.
        ("fbt::ip_input:entry { self->a = 1; self->b = self->a; }", Cost(1, 6, 3)),
        # Its own number is a key of each aggregation; of a count there is no value.
        ("fbt::ip_input:entry { @ = sum(1); @b[1, 2] = count(); }", Cost(1, 10, 0, 2)),
        ("fbt::ip_input:entry { trace((uint64_t)7); }", Cost(1, 2, bytes=24)),
        # Of a branch that is not taken nothing is run: ldgs, setx, cmp, be, mov, ba, tst, be, and
        # mov, ret.
        ("fbt::ip_input:entry /arg0 == 0 && 1 / arg0/ { }", Cost(1, 10)),
        ("fbt::ip_input:entry { } fbt::ip_input:entry { this->a = 1; }", Cost(2, 3, bytes=12)),
    ],
    ids=[
        "a comparison that fails", "one that holds", "a look-up", "thread-local variables",
        "aggregations", "a record", "a lazy &&", "clauses",
    ],
)  # fmt: skip
def test_of_one_firing(clauses: str, cost: Cost) -> None:
    (found,) = costs(clauses, UDP)
    assert found.probe == "fbt:kernel:ip_input:entry"
    assert (found.firings, found.cost) == (1, cost)


def test_what_stands_behind_a_fault_is_not_counted() -> None:
    # setx and ldx, with a cast between them; neither the sum is run nor the second statement.
    program = "int a[int]; fbt::ip_input:entry { this->a = *(uint64_t *)1 + a[1]; a[2] = 3; }"
    (found,) = costs(program, UDP)
    assert found.cost == Cost(1, 5)


def test_firings_are_grouped_by_what_they_cost() -> None:
    program = (
        "fbt::ip_input:entry /((uint8_t *)args[0]->m_data)[9] == 6/ { @ = sum(1); }"
        "fbt::m_freem:entry { }"
    )
    found = costs(program, UDP, TCP, UDP)
    assert [one.firings for one in found] == [2, 1, 3]
    assert [one.cost.aggregations for one in found] == [0, 1, 0]
    assert found == costs(program, TCP, UDP, UDP)


def test_the_error_probe_has_its_own_cost() -> None:
    program = "ERROR { @ = sum(1); } fbt::ip_input:entry { this->a = *(int *)0; }"
    simulation = Simulation(program, QUIET)
    for _ in simulation.run([UDP]):
        pass
    counted = {one.probe.rpartition(":")[2]: one.cost.aggregations for one in simulation.costs}
    assert counted == {"ERROR": 1, "entry": 0}


def test_nothing_is_counted_unasked() -> None:
    assert costs("fbt::ip_input:entry { }", UDP, settings=replace(QUIET, cost=False)) == []
