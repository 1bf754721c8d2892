# SPDX-License-Identifier: BSD-2-Clause
"""Names of parametrised tests."""

from __future__ import annotations

import re


def plain(value: object) -> str:
    """*value* as an id that a test is found again by in runs of mutants: printable ASCII."""
    return re.sub(r"[^ -~]|\\", "", str(value))
