# SPDX-License-Identifier: BSD-2-Clause
"""The rules of all kinds of expressions, which a checker is handed."""

from __future__ import annotations

from dtkit.dlang.checker import assignments, members, names, operations
from dtkit.dlang.checker.checker import Rule

RULES: dict[type, Rule] = {
    **names.RULES,
    **members.RULES,
    **operations.RULES,
    **assignments.RULES,
}
