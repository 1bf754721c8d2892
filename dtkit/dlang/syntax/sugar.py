# SPDX-License-Identifier: BSD-2-Clause
"""
``if`` and ``else``, which the kernel does not have: a clause with them becomes several.

Each run of statements gets a clause of its own, under a predicate of the conditions that lead to
it; and a fault in one of them keeps the rest from running, as it would within one clause.
"""

from __future__ import annotations

from dtkit.dlang.syntax.tree import (
    AssignExpr,
    BinaryExpr,
    Clause,
    Expr,
    ExprStatement,
    If,
    IntLiteral,
    MemberExpr,
    Name,
    ProbeSpec,
    Statement,
    UnaryExpr,
)


def has_sugar(clause: Clause) -> bool:
    """Whether *clause* holds an ``if``."""
    return any(isinstance(statement, If) for statement in clause.statements or ())


def error_clause(at: int) -> Clause:
    """The clause that a program with ``if`` begins with: it notes that there was a fault."""
    probe = ProbeSpec(at, "dtrace:::ERROR")
    return Clause(at, (probe,), None, (_set(_error(at), IntLiteral(at, 1)),))


def desugar(clause: Clause) -> list[Clause]:
    """The plain clauses that *clause* stands for; itself where it holds no ``if``."""
    if not has_sugar(clause):
        return [clause]
    splitter = _Splitter(clause)
    splitter.run()
    return splitter.clauses


def _error(at: int) -> Expr:
    # No program can write a name with a per cent sign in it.
    return MemberExpr(at, "->", Name(at, "self"), "%error")


def _condition(at: int, number: int) -> Expr:
    return MemberExpr(at, "->", Name(at, "this"), f"%condition_{number}")


def _set(target: Expr, value: Expr) -> Statement:
    return ExprStatement(target.at, AssignExpr(target.at, "=", target, value))


class _Splitter:
    def __init__(self, clause: Clause) -> None:
        self.clause = clause
        self.clauses: list[Clause] = []
        self.conditions = 0

    def run(self) -> None:
        condition = 0
        if self.clause.predicate is not None:
            condition = self.decide(self.clause.predicate, 0)
        self.statements(self.clause.statements or (), condition)
        at = self.clause.at
        self.clauses.insert(
            0, Clause(at, self.clause.probes, None, (_set(_error(at), IntLiteral(at, 0)),))
        )

    def decide(self, test: Expr, under: int) -> int:
        """Add the clause that evaluates *test*; the number of its condition."""
        self.conditions += 1
        at = test.at
        before = _condition(at, under) if under else IntLiteral(at, 1)
        value = BinaryExpr(at, "&&", before, test)
        self.add(UnaryExpr(at, "!", _error(at)), (_set(_condition(at, self.conditions), value),))
        return self.conditions

    def add(self, predicate: Expr, statements: tuple[Statement, ...]) -> None:
        self.clauses.append(Clause(self.clause.at, self.clause.probes, predicate, statements))

    def block(self, statements: list[Statement], condition: int) -> None:
        if not statements:
            return
        at = statements[0].at
        predicate: Expr = UnaryExpr(at, "!", _error(at))
        if condition:
            predicate = BinaryExpr(at, "&&", predicate, _condition(at, condition))
        self.add(predicate, tuple(statements))

    def statements(self, statements: tuple[Statement, ...], condition: int) -> None:
        run: list[Statement] = []
        for statement in statements:
            if not isinstance(statement, If):
                run.append(statement)
                continue
            self.block(run, condition)
            run = []
            inner = self.decide(statement.test, condition)
            self.statements(statement.then, inner)
            if statement.otherwise:
                negated = UnaryExpr(statement.at, "!", _condition(statement.at, inner))
                self.statements(statement.otherwise, self.decide(negated, condition))
        self.block(run, condition)
