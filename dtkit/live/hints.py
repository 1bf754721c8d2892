# SPDX-License-Identifier: BSD-2-Clause
"""What to do about what dtrace(1), ssh(1), sudo(8) and doas(1) fail with."""

from __future__ import annotations

import re

__all__ = ["hint"]

#: Words of a refusal, and what mends it.
_HINTS = (
    (  # as root: others do not come so far
        r"could not enable tracing: Permission denied",
        "the kernel forbids destructive actions: `security.bsd.allow_destructive_dtrace=1` in "
        "/boot/loader.conf permits them",
    ),
    (
        r"additional privileges|permission denied|must be root|operation not permitted",
        "dtrace(1) needs root, as by sudo or doas, on the host itself and not in a jail",
    ),
    (
        r"DTrace device not available|/dev/dtrace|module .*not (?:available|loaded)",
        "`kldload dtraceall` as root loads DTrace",
    ),
    (
        r"does not match any probes|No probe matches",
        "`kldload dtraceall` loads what provides them; `dtrace -l` lists what there is",
    ),
    (
        r"DIF program content is invalid",
        "the program may be too large for the kernel: fewer probes, "
        "or `sysctl kern.dtrace.dof_maxsize=33554432`",
    ),
    (
        r"destructive actions not (?:allowed|enabled)",
        "the program does not ask for them: `#pragma D option destructive`",
    ),
    (r"systemic unresponsiveness", "the host had no time to answer: fewer probes, or a rate"),
    (r"securelevel", "kern.securelevel forbids it until the next boot"),
    (
        r"a password is required|auth(?:entication|orization) required|a terminal is required",
        "there is no terminal to ask on: permit it without a password (NOPASSWD, nopass)",
    ),
    (r"Cannot allocate memory|buffer size", "a smaller bufsize, or fewer CPUs, would do"),
)


def hint(words: str) -> str:
    """What to do about *words*; empty where that is not known."""
    return next((what for pattern, what in _HINTS if re.search(pattern, words, re.IGNORECASE)), "")
