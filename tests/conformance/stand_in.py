# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for dtrace(1): the simulator, with as much of its command line as is used here."""

from __future__ import annotations

import sys
from pathlib import Path

from dtkit.dlang import Severity, check, target_kernel
from dtkit.dlang.options import WITH_COPYOUTMBUF
from dtkit.freebsd import release
from dtkit.simulate import Simulation, StackPacket
from tests.simulate.programs import settings
from tests.trace.frames import ipv4, tcp


def main(words: list[str]) -> int:
    """Run ``dtrace WORDS``; a packet passes while it does."""
    flags = {"-e", "-Z"} & set(words)
    kernel = target_kernel(release("15"))
    rest = [word for word in words if word not in flags]
    if "-n" in rest:
        program = rest.pop(rest.index("-n") + 1)
        rest.remove("-n")
    else:
        program = Path(rest[rest.index("-s") + 1]).read_text("utf-8", "surrogateescape")
    given = settings(["dtrace", *rest], kernel)
    if "-e" in flags:
        options = WITH_COPYOUTMBUF.set("zdefs") if "-Z" in flags else WITH_COPYOUTMBUF
        found = check(program, options=options, kernel=kernel)
        bad = [one for one in found if one.severity is Severity.ERROR or one.tag == "D_PDESC_ZERO"]
        for one in bad:
            print(one, file=sys.stderr)
        return 1 if bad else 0
    simulation = Simulation(program, given)
    for chunk in simulation.run([StackPacket(ipv4(tcp(b"0123456789")))]):
        stream = sys.stderr if chunk.error else sys.stdout
        stream.buffer.write(chunk.text.encode("utf-8", "surrogateescape"))
    return simulation.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
