# SPDX-License-Identifier: BSD-2-Clause
"""The hex dump that dtrace(1) itself prints for ``tracemem()``, to the byte."""

from __future__ import annotations

_HEAD = "\n           " + "".join(f"  {digit:x}" for digit in range(16)) + "  0123456789abcdef\n"


def tracemem_dump(data: bytes) -> str:
    """
    *data* as dtrace(1) dumps it, from the newline before the header to that after the last row.

    Nothing at all for no bytes, as there. The text column is not padded and may end in spaces.
    Source: ``dt_print_bytes()`` of libdtrace; the same on FreeBSD, illumos, macOS and Linux.
    """
    if not data:
        return ""
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in row)
        rows.append(f"     {at:5x}: {row.hex(' '):<47}  {text}\n")
    return _HEAD + "".join(rows)
