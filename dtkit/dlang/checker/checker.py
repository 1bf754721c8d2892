# SPDX-License-Identifier: BSD-2-Clause
"""
The checker: from the syntax tree of an expression to a typed one.

The rules are C's where D has nothing of its own, and the words those of dtrace(1), which finds
the same faults in the same order within a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

from dtkit.dlang.checker.nodes import Agg, Int, TypedExpr, Var
from dtkit.dlang.checker.scope import Scope
from dtkit.dlang.checker.specifiers import Declarer
from dtkit.dlang.checker.values import Values
from dtkit.dlang.syntax import tree
from dtkit.freebsd import KernelVariable, ProbePoint


class Checker(Values):
    """
    Types expressions within *scope*.

    :param rules: what types each kind of expression.
    :param symbols: the variables of the kernel, by name.
    :param partial: tags of structs of which not all members are known.
    :ivar probe: the probe of the clause in hand, whose arguments ``args[]`` are; None outside of
        clauses and where a description matches probes of several kinds.
    :ivar description: the probe description of the clause in hand, for messages.
    :ivar is_unknown_probe: whether it describes no probe that we know.
    """

    def __init__(
        self,
        scope: Scope,
        rules: Mapping[type, Rule],
        symbols: Mapping[str, KernelVariable] | None = None,
        partial: Set[str] = frozenset(),
    ) -> None:
        super().__init__(scope.types)
        self.rules = rules
        self.scope = scope
        self.symbols = symbols or {}
        self.partial = partial
        self.declarer = Declarer(scope.types, self.constant)
        self.declarer.is_taken = scope.is_taken
        self.probe: ProbePoint | None = None
        self.description: str | None = None
        self.is_unknown_probe = False

    def is_partial(self, tag: str) -> bool:
        """Whether a struct may have members beside those that are known."""
        return tag in self.partial or tag in self.types.redeclared

    def expr(self, node: tree.Expr, read: bool = True) -> TypedExpr:
        """
        The typed tree of *node*.

        :param read: whether its value is used; a variable that is only written may be new.
        :raises DError: as dtrace(1) refuses it.
        """
        result = self.rules[type(node)](self, node, read)
        if read and isinstance(result, Var | Agg):
            result.variable.referenced = True
        return result

    def constant(self, node: tree.Expr) -> int | None:
        """The value of an integer constant expression, signed as its type is; None otherwise."""
        typed = self.expr(node)
        if not isinstance(typed, Int):
            return None
        return typed.signed_value if typed.signed else typed.value


#: Types an expression; the last argument says whether its value is used.
Rule = Callable[[Checker, Any, bool], TypedExpr]
