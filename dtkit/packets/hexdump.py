# SPDX-License-Identifier: BSD-2-Clause
"""Hex dumps in the form of the hexdump package, which ``text2pcap`` and ``xxd -r`` read too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import hexdump as _hexdump


def hexdump_lines(data: bytes) -> Iterator[str]:
    """
    The lines of a hex dump of *data*: ``00000000: 45 00 00 54 ...  E..T``.

    :return: one line for each 16 bytes; none for no bytes.
    """
    if data:
        yield from cast("Iterator[str]", _hexdump.hexdump(data, result="generator"))
