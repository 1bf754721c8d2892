# SPDX-License-Identifier: BSD-2-Clause
"""
What generated scripts cost by count, without a clock: see `dtkit simulate --cost`.

For each preset of `dtkit path`, each copy method and each ready-made script: a packet that nobody
wants, beside the floor, which is one clause with one comparison on the same probes; and the first
firing of one that is chosen, and one at which it is followed. The figures do not depend on the
machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dtkit.dlang import WITH_COPYOUTMBUF, clauses
from dtkit.generate.functions import PRESETS, PathError, choose, known_functions
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.ready import ready, ready_made
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.generate.script import script
from dtkit.probes import catalog
from dtkit.simulate import Cost, Settings, Simulation, StackPacket

UNWANTED = bytes.fromhex("4500001c 00010000 4011 66ce 0a000001 0a000002 04d20035 00080000")
WANTED = bytes.fromhex(
    "45000028 00010000 4006 66cd 0a000001 0a000002 04d21e61 00000001 00000000 50020400 00000000"
)
FILTER = "tcp port 7777"
WAYS = ("input", "output", "forward")


def spent(text: str, data: bytes, ways: Iterable[str] = WAYS) -> list[Cost]:
    """The cost of each firing of one packet on each of these ways."""
    found = []
    for way in ways:
        options = WITH_COPYOUTMBUF.set("quiet").set("zdefs")
        simulation = Simulation(text, Settings(file="a.d", options=options, cost=True))
        for _ in simulation.run([StackPacket(data, path=way)]):
            pass
        for one in simulation.costs:
            if not one.probe.startswith("dtrace:"):
                found += [one.cost] * one.firings
    return found


def total(costs: list[Cost]) -> Cost:
    """All of them together."""
    return Cost(
        sum(one.clauses for one in costs),
        sum(one.instructions for one in costs),
        sum(one.lookups for one in costs),
        sum(one.aggregations for one in costs),
        sum(one.bytes for one in costs),
    )


def floor(text: str) -> str:
    """One clause with one comparison on the probes of a script."""
    probes = {probe for clause in clauses(text) for probe in clause if probe.count(":") == 3}
    return ",\n".join(sorted(probes)) + "\n/arg0 == 1/\n{\n\t@n = sum(1);\n}\n"


def words(cost: Cost) -> str:
    """A cost in a line."""
    return (
        f"{cost.clauses:4} clauses {cost.instructions:6} instructions {cost.lookups:4} look-ups "
        f"{cost.aggregations:4} aggregations {cost.bytes:6} bytes"
    )


def scripts() -> Iterator[tuple[str, str]]:
    """Each script, by what it is."""
    known = known_functions(catalog())
    for preset in PRESETS:
        for copy in (Copy.FIRST, Copy.COPYOUTMBUF):
            try:
                functions = choose(known, preset)
            except PathError:
                continue
            yield (
                f"path {preset}, {copy}",
                path_script(functions, PathRequest(FILTER, copy=copy))[0],
            )
    for copy in Copy:
        request = Request(copy=copy, annotate=True, conditions=Conditions(filter=FILTER))
        yield f"script ip_input, {copy}", script([catalog()["ip_input"]], request)[0]
    for name in sorted(one.name for one in ready()):
        yield f"ready-made {name}", ready_made(name)


def main() -> None:
    """Print what each costs."""
    for name, text in scripts():
        unwanted = spent(text, UNWANTED)
        if not unwanted:
            print(f"{name}: none of its probes is in the simulated kernel")
            continue
        print(name)
        least = total(spent(floor(text), UNWANTED))
        print(f"  floor     {words(least)}")
        print(f"  unwanted  {words(total(unwanted))}, {len(unwanted)} firings")
        wanted = [one for one in spent(text, WANTED) if one.bytes]
        if wanted and re.match("path|script", name):
            print(f"  chosen    {words(wanted[0])}")
            hops = [one for one in wanted if one.bytes == wanted[0].bytes]
            if name.startswith("path"):
                print(f"  followed  {words(min(hops))}")


if __name__ == "__main__":
    main()
