# SPDX-License-Identifier: BSD-2-Clause
"""What is taken for the output of dtrace(1) and is something else, by how it begins."""

from __future__ import annotations

import re

__all__ = ["command_or_script", "no_output"]

#: How files begin that hold no text, and what to do with them.
_FILES = (
    (
        (
            b"\n\r\r\n",
            b"\xa1\xb2\xc3\xd4",
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
            b"\x4d\x3c\xb2",
        ),
        "a capture, not output of dtrace(1): tshark(1) reads it, and `dtkit trace show` one of "
        "mbuf_trace",
    ),
    (
        (b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"),
        "compressed: `zcat`, `xzcat` or `zstdcat` first",
    ),
    ((b"\x7fELF",), "a program, not output of dtrace(1)"),
    ((b"\xff\xfe", b"\xfe\xff"), "UTF-16, not UTF-8: `iconv -f UTF-16` first"),
)


def no_output(begins: bytes) -> str:
    """What a file is that cannot be output of dtrace(1); empty where it can be."""
    return next((what for heads, what in _FILES if begins.startswith(heads)), "")


def command_or_script(begins: bytes) -> str:
    """What to do with a command or a script, where it was taken for its output; else empty."""
    text = begins.lstrip()
    if re.match(rb"dtrace( -[a-zA-Z]\b)", text):
        return "this is the command, not its output: run it as root, `| sudo sh 2>&1 | dtkit parse`"
    if text.startswith((b"#!/usr/sbin/dtrace", b"/*", b"#pragma D ")):
        return "this is a script, not its output: `dtkit run FILE.d`, or dtrace -s as root"
    return ""
