# SPDX-License-Identifier: BSD-2-Clause
"""
What we do not know, and what hangs on it.

A program may name a variable, a struct or a probe of a kernel that our tables do not have. A
statement that does is not checked further, and what it assigns has a type that we do not know
either: it is marked, so that nothing wrong is said of it elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from dtkit.dlang.checker.nodes import Variable
from dtkit.dlang.checker.scope import Scope
from dtkit.dlang.findings import UnknownError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.syntax import tree

_STEPS = ("++", "--")


def refuse_unknown(variable: Variable, at: int) -> None:
    """
    Go no further with a variable whose type is unknown.

    :raises UnknownError: it is.
    """
    if variable.unknown:
        raise UnknownError(f"{variable.shown} is of unknown type", "X_UNKNOWN", at, told=False)


def refuse_library(scope: Scope, node: tree.Name) -> None:
    """
    Go no further with a name of D's library that we know nothing of.

    :raises UnknownError: it is one.
    """
    if node.name in scope.types.names.library:
        raise UnknownError(f"{node.name} of dtrace(1)'s library is not known", "X_LIBRARY", node.at)


def mark_assigned(scope: Scope, node: object) -> None:
    """Mark the variables that *node*, a part of a syntax tree, assigns to."""
    for target in _targets(node):
        _mark(scope, target)


def mark_declared(scope: Scope, item: object) -> None:
    """Mark what a declaration declares: variables, an inline, types, a translator."""
    _mark_types(scope, item)
    declarators: tuple[tree.Declarator, ...] = ()
    words: tuple[str, ...] = ()
    if isinstance(item, tree.InlineDeclaration):
        declarators = (item.declarator,)
    elif isinstance(item, tree.Declaration) and "typedef" not in item.specifiers.words:
        declarators, words = item.declarators, item.specifiers.words
    for declarator in declarators:
        if declarator.name is not None:
            keyword = next((word for word in words if word in ("self", "this")), "")
            variables, where = scope.scoped(keyword) or (scope.globals, "global")
            variable = variables.get(declarator.name) or scope.create(
                declarator.name, where, Kind.SCALAR, declarator.at
            )
            variable.unknown = True


def _mark_types(scope: Scope, item: object) -> None:
    doubtful = scope.types.doubtful
    for part in tree.walk(item):
        match part:
            case tree.StructSpecifier(_, kind, str(tag), members) if members is not None:
                if (kind, tag) not in scope.types.layouts:
                    doubtful.add((kind, tag))
            case tree.EnumSpecifier(_, str(tag), values) if values is not None:
                if tag not in scope.types.enums:
                    doubtful.add(("enum", tag))
            case tree.Declaration(_, specifiers, declarators) if "typedef" in specifiers.words:
                doubtful.update(
                    ("typedef", declarator.name)
                    for declarator in declarators
                    if declarator.name is not None and declarator.name not in scope.types.typedefs
                )


def _targets(node: object) -> Iterator[object]:
    for item in tree.walk(node):
        if isinstance(item, tree.AssignExpr):
            yield item.target
        elif isinstance(item, tree.UnaryExpr | tree.PostfixExpr) and item.op in _STEPS:
            yield item.operand


def _mark(scope: Scope, target: object) -> None:
    kind = Kind.SCALAR
    if isinstance(target, tree.IndexExpr):
        target, kind = target.base, Kind.ARRAY
    match target:
        case tree.AggName(at, name):
            variable = scope.aggregations.get(name) or scope.create(
                name, "aggregation", Kind.AGGREGATION, at
            )
        case tree.Name(at, name) if "`" not in name and name not in ("self", "this"):
            found = scope.find(name)
            variable = found or scope.create(name, "global", kind, at)
        case tree.MemberExpr(at, "->", tree.Name(_, keyword), name) if scope.scoped(keyword):
            scoped = scope.scoped(keyword)
            assert scoped is not None
            variables, where = scoped
            variable = variables.get(name) or scope.create(name, where, kind, at)
        case _:
            return
    if variable.scope != "builtin" and variable.type is None and variable.function is None:
        variable.unknown = True
    variable.modified = True
