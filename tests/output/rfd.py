# SPDX-License-Identifier: BSD-2-Clause
"""The examples of the RFD: their packets, and what dtrace(1) prints of them."""

from __future__ import annotations

from tests.output.dtrace_text import HEADING, dump, framed

#: The packet of the RFD's first example: 52 bytes, and the zeros that followed it.
RFD = bytes.fromhex(
    "45100034 46f44000 4006700a c0a80101 c0a80164 3d3c0016 707dfa57 c2ccf14b"
    "80100410 b5a50000 0101080a 3ac804ae 943c095f 00000000 00000000 00000000"
)

#: What dtrace(1) prints for the RFD's examples, in its own layout.
FIRST = (
    "dtrace: description ':::tcp_input:entry ' matched 1 probe\n"
    + HEADING
    + framed(3, 34345, "tcp_input", "entry", dump(RFD))
)
SECOND_BYTES = bytes.fromhex(
    "3d3c0016 707dfd03 c2cd2533 80100410 1ca60000 0101080a 3ac8b5e5 943cba92"
) + bytes(32)
SECOND = HEADING + framed(3, 34345, "tcp_input", "entry", dump(SECOND_BYTES))
