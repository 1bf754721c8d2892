# SPDX-License-Identifier: BSD-2-Clause
"""
The simulator: firings of an annotated one-liner per second, and how fast a long script is parsed.

The parser's figure is its time as a multiple of what CPython takes to parse as many functions of
the same shape.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable

from dtkit.dlang import WITH_COPYOUTMBUF, clauses
from dtkit.generate.oneliners import Request, program
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, run

FIRINGS = 10_000
CLAUSES = 2_000
ROUNDS = 3

PACKET = bytes.fromhex(
    "45000034000040004006 0000 7f000001 7f000001"
    "8df11e61 2b952553 00000000 80100000 00000000 01010000"
) + bytes(8)


def best(work: Callable[[], object]) -> float:
    """The least of some times that *work* takes, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def fire() -> None:
    """Run the annotated one-liner over packets, and throw its output away."""
    text = program([catalog()["tcp_input"]], Request(annotate=True))
    settings = Settings(options=WITH_COPYOUTMBUF.set("quiet"))
    for _ in run(text, [StackPacket(PACKET)] * FIRINGS, settings):
        pass


def main() -> None:
    """Print both figures."""
    print(f"{FIRINGS / best(fire):,.0f} firings of annotated tcp_input per second")
    script = "".join(
        f"fbt::f{n}:entry /this->m != NULL && arg{n % 10} > {n}/\n"
        "{ this->len = args[0]->m_len; @a[probefunc] = count(); "
        'printf("%d %s\\n", this->len, probename); }\n'
        for n in range(CLAUSES)
    )
    functions = "".join(
        f"def f{n}(m, arg, args):\n    if m is not None and arg[{n % 10}] > {n}:\n"
        "        length = args[0].m_len; a[probefunc] = count(); "
        'printf("%d %s\\n", length, probename)\n'
        for n in range(CLAUSES)
    )
    ours, theirs = best(lambda: clauses(script)), best(lambda: ast.parse(functions))
    print(f"{CLAUSES} clauses parsed in {ours:.2f} s, {ours / theirs:.0f} times CPython's parser")


if __name__ == "__main__":
    main()
