# SPDX-License-Identifier: BSD-2-Clause
"""Assignments, those to aggregations among them."""

from __future__ import annotations

from dtkit.dlang.checker.checker import Checker, Rule
from dtkit.dlang.checker.fold import fold_cast
from dtkit.dlang.checker.names import lookup, sign_keys
from dtkit.dlang.checker.nodes import (
    Agg,
    Assign,
    Call,
    Flag,
    Int,
    TypedExpr,
    Unary,
    Var,
    translation_of,
)
from dtkit.dlang.checker.operations import incompatible, require
from dtkit.dlang.findings import DError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.syntax import tree
from dtkit.dlang.types import (
    DYNAMIC,
    Array,
    FunctionType,
)


def _assign(checker: Checker, node: tree.AssignExpr, read: bool) -> TypedExpr:
    op, at = node.op, node.at
    target = node.target
    if isinstance(target, tree.AggName) and op == "=":
        if target.name not in checker.scope.aggregations:
            checker.scope.create(target.name, "aggregation", Kind.AGGREGATION, target.at)
    elif isinstance(target, tree.Name) and "`" not in target.name:
        lookup(checker, target, Kind.SCALAR, create=True)
    if op == "=":
        return _plain_assign(checker, node)
    left = _written(checker, target)
    if isinstance(left, Agg):
        raise DError(
            f"@{left.variable.name} has not yet been declared or assigned", "D_VAR_UNDEF", at
        )
    right = checker.expr(node.value)
    operator = op[:-1]
    if operator in ("|", "^", "&", "<<", ">>", "%"):
        require(checker, checker.is_integer, left, right, op, at, "integral", "D_OP_INT")
    elif operator in ("*", "/"):
        require(checker, checker.is_integer, left, right, op, at, "arithmetic", "D_OP_ARITH")
    else:
        _check_step(checker, at, op, left, right)
    if operator in ("/", "%") and isinstance(right, Int) and right.value == 0:
        raise DError("expression contains division by zero", "D_DIV_ZERO", at, "-")
    return _assigned(checker, at, op, left, right)


def _written(checker: Checker, target: tree.Expr) -> TypedExpr:
    """The target of a compound assignment: read and written."""
    left = checker.expr(target, read=False)
    if isinstance(left, Var):
        if left.variable.fresh:
            raise DError(
                f"{left.variable.shown} has not yet been declared or assigned",
                "D_VAR_UNDEF",
                left.at,
            )
        left.variable.referenced = left.variable.modified = True
    return left


def _check_step(checker: Checker, at: int, op: str, left: TypedExpr, right: TypedExpr) -> None:
    if checker.is_string(left) or checker.is_string(right):
        raise incompatible(checker, at, op, left, right)
    if checker.is_integer(left) and checker.is_integer(right):
        return
    if not checker.is_pointer(left) or checker.is_void_or_function_pointer(left):
        raise DError(
            f"operator {op} requires left-hand scalar operand of known size",
            "D_OP_VFPTR",
            at,
        )
    if not checker.is_integer(right) and checker.pointers_fit(left, right) is None:
        raise incompatible(checker, at, op, left, right)


def _plain_assign(checker: Checker, node: tree.AssignExpr) -> TypedExpr:
    at = node.at
    left = checker.expr(node.target, read=False)
    right = checker.expr(node.value)
    if isinstance(left, Agg):
        return _aggregate(checker, at, left, right)
    translation = translation_of(right) if checker.is_dynamic(right) else None
    if translation is not None and translation.pointer and not isinstance(right, Unary):
        raise incompatible(checker, at, "=", left, right)
    type_ = translation.output if translation is not None else right.type
    userland = bool(right.flags & Flag.USERLAND)
    if isinstance(left, Var) and left.variable.fresh and left.variable.type is None:
        left.variable.type = type_
        left.variable.userland = userland
        flags = checker.node_flags(type_, userland) | Flag.LVALUE | Flag.WRITABLE
        left = Var(left.at, type_, flags, left.variable, left.keys)
    if isinstance(left, Var):
        left.variable.modified = True
    resolved = checker.types.resolve(left.type)
    if isinstance(resolved, Array | FunctionType):
        raise DError(
            f'operator = may not be applied to operand of type "{checker.type_name(left)}"',
            "D_OP_ARRFUN",
            at,
        )
    if not (
        (translation is not None and checker.types.compatible(left.type, type_))
        or checker.argument_fits(left, right)
    ):
        raise incompatible(checker, at, "=", left, right)
    return _assigned(checker, at, "=", left, right)


def _assigned(checker: Checker, at: int, op: str, left: TypedExpr, right: TypedExpr) -> TypedExpr:
    if isinstance(right, Int):
        # dtrace(1) cuts a constant to the size of what it is assigned to.
        cut = fold_cast(right, left.type, right.flags, right.at, checker.types)
        right = Int(right.at, right.type, right.flags, cut.value)
    if not left.flags & Flag.LVALUE:
        raise DError(f"operator {op} requires modifiable lvalue as an operand", "D_OP_LVAL", at)
    if not left.flags & Flag.WRITABLE:
        raise DError(f"operator {op} can only be applied to a writable variable", "D_OP_WRITE", at)
    return Assign(at, left.type, left.flags & ~Flag.LVALUE, op, left, right)


def _aggregate(checker: Checker, at: int, left: Agg, right: TypedExpr) -> TypedExpr:
    name = left.variable.name
    if not isinstance(right, Call) or right.function.kind != Kind.AGGREGATING:
        raise DError(
            f"@{name} must be assigned the result of an aggregating function",
            "D_AGG_FUNC",
            at,
        )
    before = left.variable.function
    if before is not None and before is not right.function:
        line = checker.scope.line(left.variable.at)
        raise DError(
            f"aggregation redefined: @{name}\n\t current: @{name} = {right.function.name}( )\n"
            f"\tprevious: @{name} = {before.name}( ) : line {line}",
            "D_AGG_REDEF",
            at,
        )
    left.variable.function = right.function
    if left.function is not None:
        raise DError("operator = requires modifiable lvalue as an operand", "D_OP_LVAL", at)
    sign_keys(checker, at, left.variable, left.keys)
    left.variable.modified = True
    return Agg(left.at, DYNAMIC, left.flags, left.variable, left.keys, right)


#: The rule of each kind of expression.
RULES: dict[type, Rule] = {
    tree.AssignExpr: _assign,
}
