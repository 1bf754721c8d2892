# SPDX-License-Identifier: BSD-2-Clause
"""Real outputs of dtrace(1), and what each holds, counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

CAPTURES = Path(__file__).parent.parent / "data" / "captures"


class Held(NamedTuple):
    """What a capture holds."""

    firings: int = 0
    dumps: int = 0
    messages: int = 0  # lines of text, inside firings and out
    stacks: int = 0
    faults: int = 0
    drops: int = 0  # records dropped, not lines that say so
    notices: int = 1  # "description ... matched", compile errors


EXPECTED = {
    "01-ip_input.txt": Held(firings=4, messages=4),
    "02-tracemem64-tcp.txt": Held(firings=8, dumps=8),
    "03-tracemem64-ip.txt": Held(firings=4, dumps=4),
    "04-tracemem64-ip-q.txt": Held(firings=4, dumps=4, notices=0),
    "05-tracemem64-ip-rawbytes.txt": Held(firings=4, dumps=4),
    "07-printf-tracemem.txt": Held(firings=4, dumps=4, messages=4),
    "08-printf-tracemem-q.txt": Held(firings=4, dumps=4, messages=4, notices=0),
    "09-tracemem-dynsize.txt": Held(firings=4, dumps=4),
    "10-tracemem-dynsize-big.txt": Held(firings=4, dumps=4),
    "11-tracemem-dynsize-zero.txt": Held(firings=4, dumps=4),
    "12-tracemem-dynsize-negative.txt": Held(firings=4, dumps=4),
    "13-two-probes.txt": Held(firings=20, dumps=20),
    "14-two-tracemem.txt": Held(firings=4, dumps=8),
    "15-invalid-address.txt": Held(faults=4),
    "16-invalid-address-alloca.txt": Held(faults=4),
    "17-null-deref.txt": Held(faults=4),
    "18-out-of-scratch.txt": Held(faults=4),
    "20-ERROR-probe.txt": Held(firings=4, messages=4, faults=4),
    "21-drops.txt": Held(firings=149, dumps=149, drops=251),
    "22-tracemem-non-constant-size.txt": Held(),
    "24-unknown-function.txt": Held(),
    "26-tracemem-no-address.txt": Held(),
    "27-tracemem-bad-type.txt": Held(messages=2),  # prototype: and argument:
    "28-chain-walk.txt": Held(firings=4, messages=4),
    "30-stack.txt": Held(firings=2, stacks=2),
    "31-agg.txt": Held(messages=5),
    "33-flowindent.txt": Held(firings=8, dumps=4),
    "34-x-exit.txt": Held(firings=1, dumps=1),
    "50-tcp-chain.txt": Held(messages=11, notices=0),
    "52-ip_output-chain.txt": Held(messages=3, notices=0),
    "53-ether_input-epair.txt": Held(firings=7, dumps=7),
    "55-ip6.txt": Held(firings=2, dumps=2),
    "56-sdt-ip.txt": Held(firings=2, messages=2),
    "57-sdt-tcp.txt": Held(firings=11, messages=11),
    "58-no-such-probe.txt": Held(),
    "60-stderr-apart-drops.txt": Held(firings=156, dumps=156, drops=123 + 121),
    "61-buffer-too-big.txt": Held(firings=2, messages=2, notices=2),
    "62-buffer-manual.txt": Held(notices=2),
    "64-big-tracemem.txt": Held(firings=2, dumps=2),
    "66-script-error.txt": Held(),
    "69-tracemem-printable-buffer.txt": Held(firings=1, dumps=1),
    "70-trace-alloca-bytes.txt": Held(firings=2, dumps=2, messages=2),
    "71-trace-array.txt": Held(firings=2, dumps=2),
    "72-trace-array-no-rawbytes.txt": Held(firings=2, dumps=2, messages=2 * 17),
    "73-invalid-address-high.txt": Held(faults=2),
    "80-trace-chararray.txt": Held(firings=2, messages=2),
    "81-trace-chararray-rawbytes.txt": Held(firings=2, dumps=2),
    "82-no-args-type.txt": Held(),
    "path-prototype.txt": Held(messages=99 + 23, faults=1, notices=0),
}


def output_of(name: str) -> bytes:
    """A capture without the lines that were added to it when it was saved."""
    lines = (CAPTURES / name).read_bytes().splitlines(keepends=True)
    return b"".join(
        line
        for number, line in enumerate(lines)
        if number and not line.startswith((b"# stderr:", b"# exit status"))
    )
