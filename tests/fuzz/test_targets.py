# SPDX-License-Identifier: BSD-2-Clause
"""The fuzzer's targets take what they begin with, and parts of it; so what it finds is new."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_taken_whole_and_damaged(name: str) -> None:
    target, chance = TARGETS[name], random.Random(1)
    seeds = list(target.seeds())
    assert seeds
    assert all(seeds)
    for seed in islice(seeds, 12):
        target.run(seed)
        damaged = bytearray(seed)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        target.run(bytes(damaged[: chance.randrange(len(damaged))]))
    target.run(b"")
