# SPDX-License-Identifier: BSD-2-Clause
"""Operators but for assignment, casts, and ``sizeof``."""

from __future__ import annotations

from collections.abc import Callable

from dtkit.dlang.checker.checker import Checker, Rule
from dtkit.dlang.checker.fold import fold_binary, fold_cast, fold_unary
from dtkit.dlang.checker.missing import incomplete
from dtkit.dlang.checker.names import element, kernel_variable, lookup, scalar, symbol
from dtkit.dlang.checker.nodes import (
    Agg,
    Binary,
    Cast,
    Conditional,
    Flag,
    Int,
    Str,
    TypedExpr,
    Unary,
    Var,
    translation_of,
)
from dtkit.dlang.checker.values import NONE
from dtkit.dlang.findings import DError, UnknownError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.syntax import tree
from dtkit.dlang.types import (
    BASIC,
    DYNAMIC,
    INT,
    LONG,
    STRING,
    Array,
    FunctionType,
    Integer,
    Pointer,
    Tagged,
    Type,
    Typedef,
)


def _unary(checker: Checker, node: tree.UnaryExpr, read: bool) -> TypedExpr:
    op = node.op
    if op in ("++", "--"):
        return _increment(checker, node.at, f"{op}x", node.operand)
    operand = _addressed(checker, node.operand) if op == "&" else checker.expr(node.operand)
    if isinstance(operand, Var):
        _default_type(checker, operand)
        if operand.type == DYNAMIC and operand.variable.type is not None:
            operand = scalar(checker, operand.at, operand.variable, True)
        operand.variable.referenced = True  # type: ignore[attr-defined]
    if isinstance(operand, Int) and (folded := fold_unary(op, operand, node.at, checker.types)):
        return folded
    if op == "*":
        return dereference(checker, node.at, operand)
    if op in ("+", "-"):
        if not checker.is_integer(operand):
            raise DError(
                f"operator {op} requires an operand of arithmetic type", "D_OP_ARITH", node.at
            )
        return Unary(node.at, operand.type, operand.flags & ~Flag.LVALUE, op, operand)
    if op == "~":
        if not checker.is_integer(operand):
            raise DError(f"operator {op} requires an operand of integral type", "D_OP_INT", node.at)
        return Unary(node.at, operand.type, operand.flags & ~Flag.LVALUE, op, operand)
    if op == "!":
        if not checker.is_scalar(operand):
            raise DError(
                f"operator {op} requires an operand of scalar type", "D_OP_SCALAR", node.at
            )
        return Unary(node.at, INT, Flag.SIGNED, op, operand)
    if op == "&":
        return _address(checker, node.at, operand)
    if op == "sizeof":
        return _sizeof(checker, node.at, operand)
    return _stringof(checker, node.at, operand)


def _default_type(checker: Checker, operand: Var) -> None:
    # A variable that an operator meets before any assignment is a 64-bit integer.
    if operand.variable.fresh and operand.variable.type is None:
        operand.variable.type = Typedef("int64_t", LONG)


def dereference(checker: Checker, at: int, operand: TypedExpr) -> TypedExpr:
    """``*operand``."""
    translation = translation_of(operand)
    if translation is not None and translation.pointer and checker.is_dynamic(operand):
        return Unary(at, DYNAMIC, Flag.REF, "*", operand)
    resolved = checker.as_array(operand.type)
    match resolved:
        case Array(element, _):
            type_ = element
        case Pointer(target):
            type_ = target
        case _:
            raise DError("cannot dereference non-pointer type", "D_DEREF_NONPTR", at)
    base = checker.types.resolve(type_)
    if isinstance(base, Integer) and not base.bits:
        raise DError("cannot dereference pointer to void", "D_DEREF_VOID", at)
    if isinstance(base, FunctionType):
        raise DError("cannot dereference pointer to function", "D_DEREF_FUNC", at)
    userland = bool(operand.flags & Flag.USERLAND)
    flags = checker.node_flags(type_, userland)
    if not isinstance(base, Array):
        flags |= Flag.LVALUE
    if operand.flags & Flag.WRITABLE or (
        isinstance(operand, Binary) and operand.op == "+" and operand.left.flags & Flag.WRITABLE
    ):
        flags |= Flag.WRITABLE
    return Unary(at, type_, flags, "*", operand)


def _addressed(checker: Checker, node: tree.Expr) -> TypedExpr:
    """What the address is taken of, which may be a variable of the kernel without a type."""
    if isinstance(node, tree.Name) and "`" in node.name:
        found, type_ = kernel_variable(checker, node)
        return symbol(checker, node, found, type_ or BASIC["void"])
    return checker.expr(node, read=False)


def _address(checker: Checker, at: int, operand: TypedExpr) -> TypedExpr:
    if isinstance(operand, Var | Agg):
        raise DError("cannot take address of dynamic variable", "D_ADDROF_VAR", at)
    if checker.is_dynamic(operand):
        raise DError("cannot take address of dynamic object", "D_ADDROF_VAR", at)
    if not operand.flags & Flag.LVALUE:
        raise DError("unacceptable operand for unary & operator", "D_ADDROF_LVAL", at)
    if operand.flags & Flag.BITFIELD:
        raise DError("cannot take address of bit-field", "D_ADDROF_BITFIELD", at)
    userland = operand.flags & Flag.USERLAND
    return Unary(at, Pointer(operand.type), NONE | userland, "&", operand)


def _unknown_size(checker: Checker, type_: Type, at: int, region: str = "") -> DError:
    message = "cannot apply sizeof to an operand of unknown size"
    if _is_partial(checker, type_):
        error: DError = UnknownError(message, "D_SIZEOF_TYPE", at)
    else:
        error = incomplete(checker.types, type_, message, "D_SIZEOF_TYPE", at)
    error.region = region
    return error


def _is_partial(checker: Checker, type_: Type) -> bool:
    """Whether only some members of a struct are known, and not its size."""
    resolved = checker.types.resolve(type_)
    while isinstance(resolved, Array):
        resolved = checker.types.resolve(resolved.element)
    return isinstance(resolved, Tagged) and checker.is_partial(resolved.tag)


def _sizeof(checker: Checker, at: int, operand: TypedExpr) -> TypedExpr:
    size_t = checker.scope.named("size_t")
    if operand.flags & Flag.BITFIELD:
        raise DError("cannot apply sizeof to a bit-field", "D_SIZEOF_BITFIELD", at)
    size = checker.sizeof(operand)
    if size == 0 or _is_partial(checker, operand.type):
        raise _unknown_size(checker, operand.type, at)
    if isinstance(operand, Str):
        return Int(at, size_t, NONE, size)
    return Unary(at, size_t, NONE, "sizeof", operand)


def _stringof(checker: Checker, at: int, operand: TypedExpr) -> TypedExpr:
    if not (
        checker.is_scalar(operand)
        or checker.is_pointer(operand)
        or checker.types.is_string_like(operand.type)
    ):
        raise DError(
            f"cannot apply stringof to a value of type {checker.type_name(operand)}",
            "D_STRINGOF_TYPE",
            at,
        )
    userland = bool(operand.flags & Flag.USERLAND)
    return Unary(at, STRING, checker.node_flags(STRING, userland), "stringof", operand)


def _postfix(checker: Checker, node: tree.PostfixExpr, read: bool) -> TypedExpr:
    return _increment(checker, node.at, f"x{node.op}", node.operand)


def _increment(checker: Checker, at: int, op: str, operand: tree.Expr) -> TypedExpr:
    sign = op.replace("x", "")
    if isinstance(operand, tree.Name):
        lookup(checker, operand, Kind.SCALAR, create=True)
    child = checker.expr(operand, read=False)
    if isinstance(child, Var):
        if child.variable.fresh:
            _default_type(checker, child)
            child = (
                scalar(checker, child.at, child.variable, False)
                if child.keys is None
                else element(checker, child.at, child.variable, child.keys)
            )
            assert isinstance(child, Var)
        child.variable.referenced = child.variable.modified = True
    if not checker.is_scalar(child):
        raise DError(f"operator {sign} requires operand of scalar type", "D_OP_SCALAR", at)
    if checker.is_void_or_function_pointer(child):
        raise DError(f"operator {sign} requires an operand of known size", "D_OP_VFPTR", at)
    if not child.flags & Flag.LVALUE:
        raise DError(f"operator {sign} requires modifiable lvalue as an operand", "D_OP_LVAL", at)
    if not child.flags & Flag.WRITABLE:
        raise DError(
            f"operator {sign} can only be applied to a writable variable", "D_OP_WRITE", at
        )
    return Unary(at, child.type, child.flags & ~Flag.LVALUE, op, child)


def _binary(checker: Checker, node: tree.BinaryExpr, read: bool) -> TypedExpr:
    op, at = node.op, node.at
    left = checker.expr(node.left)
    if op in ("==", "!=", "<", "<=", ">", ">="):
        right = _compared(checker, node, left)
    else:
        right = checker.expr(node.right)
    if (folded := fold_binary(op, left, right, at, checker.types)) is not None:
        return folded
    if op in ("&", "^", "|", "%"):
        require(checker, checker.is_integer, left, right, op, at, "integral", "D_OP_INT")
        return _arithmetic(checker, at, op, left, right)
    if op in ("*", "/"):
        require(checker, checker.is_integer, left, right, op, at, "arithmetic", "D_OP_ARITH")
        return _arithmetic(checker, at, op, left, right)
    if op in ("<<", ">>"):
        require(checker, checker.is_integer, left, right, op, at, "integral", "D_OP_INT")
        return Binary(at, left.type, left.flags & ~Flag.LVALUE, op, left, right)
    if op in ("&&", "^^", "||"):
        require(checker, checker.is_scalar, left, right, op, at, "scalar", "D_OP_SCALAR")
        return Binary(at, INT, Flag.SIGNED, op, left, right)
    if op in ("+", "-"):
        return additive(checker, at, op, left, right)
    if op == ",":
        if checker.is_dynamic(left) or checker.is_dynamic(right):
            raise DError("operator , operands cannot be of dynamic type", "D_OP_DYN", at)
        if checker.is_action(left) or checker.is_action(right):
            raise DError("operator , operands cannot be actions", "D_OP_ACT", at)
        return Binary(at, right.type, right.flags & ~Flag.LVALUE, op, left, right)
    if not (
        checker.types.compatible(left.type, right.type)
        or (checker.is_integer(left) and checker.is_integer(right))
        or (
            checker.types.is_string_like(left.type)
            and checker.types.is_string_like(right.type)
            and (checker.is_string(left) or checker.is_string(right))
        )
        or checker.pointers_fit(left, right) is not None
    ):
        raise incompatible(checker, at, op, left, right)
    return Binary(at, INT, Flag.SIGNED, op, left, right)


def _compared(checker: Checker, node: tree.BinaryExpr, left: TypedExpr) -> TypedExpr:
    """The right side of a comparison, which may be a name of the left side's enum."""
    resolved = checker.types.resolve(left.type)
    right = node.right
    if (
        isinstance(resolved, Tagged)
        and resolved.kind == "enum"
        and isinstance(right, tree.Name)
        and right.name in checker.types.enums.get(resolved.tag, {})
    ):
        if (other := checker.scope.find(right.name)) is not None:
            raise DError(
                f"ambiguous use of operator {node.op}: {right.name} is both a "
                f"{checker.type_name(left)} enum tag and a global {other.kind}",
                "D_IDENT_AMBIG",
                right.at,
            )
        value = checker.types.enums[resolved.tag][right.name]
        return Int(right.at, left.type, NONE, value & (1 << 64) - 1)
    return checker.expr(right)


def require(
    checker: Checker,
    test: Callable[[TypedExpr], bool],
    left: TypedExpr,
    right: TypedExpr,
    op: str,
    at: int,
    what: str,
    tag: str,
) -> None:
    """Let both operands of *op* pass *test*, or say that they must be *what*."""
    if not test(left) or not test(right):
        raise DError(f"operator {op} requires operands of {what} type", tag, at)


def _arithmetic(checker: Checker, at: int, op: str, left: TypedExpr, right: TypedExpr) -> TypedExpr:
    type_ = checker.types.promote(left.type, right.type)
    return Binary(at, type_, checker.node_flags(type_), op, left, right)


def additive(checker: Checker, at: int, op: str, left: TypedExpr, right: TypedExpr) -> TypedExpr:
    """``+`` and ``-``, of integers, or of a pointer and an integer or pointer."""

    def pointer(node: TypedExpr) -> bool:
        return checker.is_string(node) or (
            checker.is_pointer(node) and not checker.is_void_or_function_pointer(node)
        )

    left_int, right_int = checker.is_integer(left), checker.is_integer(right)
    if left_int and right_int:
        return _arithmetic(checker, at, op, left, right)
    if pointer(left) and right_int:
        type_, userland = left.type, left.flags & Flag.USERLAND
    elif left_int and pointer(right) and op == "+":
        type_, userland = right.type, right.flags & Flag.USERLAND
    elif (
        pointer(left)
        and pointer(right)
        and op == "-"
        and checker.pointers_fit(left, right) is not None
    ):
        type_, userland = checker.scope.named("ptrdiff_t"), NONE
    else:
        raise incompatible(checker, at, op, left, right)
    return Binary(at, type_, checker.node_flags(type_) | userland, op, left, right)


def incompatible(checker: Checker, at: int, op: str, left: TypedExpr, right: TypedExpr) -> DError:
    """The error of operands that do not fit each other."""
    return DError(
        f'operands have incompatible types: "{checker.type_name(left)}" {op} '
        f'"{checker.type_name(right)}"',
        "D_OP_INCOMPAT",
        at,
    )


def _conditional(checker: Checker, node: tree.ConditionalExpr, read: bool) -> TypedExpr:
    at = node.at
    test = checker.expr(node.test)
    if isinstance(test, Int):
        return checker.expr(node.yes if test.value else node.no)
    yes, no = checker.expr(node.yes), checker.expr(node.no)
    if not checker.is_scalar(test):
        raise DError("operator ?: expression must be of scalar type", "D_OP_SCALAR", at)
    if checker.is_dynamic(yes) or checker.is_dynamic(no):
        raise DError("operator ?: operands cannot be of dynamic type", "D_OP_DYN", at)
    type_: Type | None
    if checker.types.compatible(yes.type, no.type):
        type_ = yes.type
    elif checker.is_integer(yes) and checker.is_integer(no):
        type_ = checker.types.promote(yes.type, no.type)
    elif (
        checker.types.is_string_like(yes.type)
        and checker.types.is_string_like(no.type)
        and (checker.is_string(yes) or checker.is_string(no))
    ):
        type_ = STRING
    else:
        type_ = checker.pointers_fit(yes, no)
    if type_ is None:
        raise DError("operator ?: operands must have compatible types", "D_OP_INCOMPAT", at)
    if checker.is_action(yes) or checker.is_action(no):
        raise DError("action cannot be used in a conditional context", "D_OP_ACT", at)
    return Conditional(at, type_, checker.node_flags(type_), test, yes, no)


def _cast(checker: Checker, node: tree.CastExpr, read: bool) -> TypedExpr:
    at = node.at
    type_ = checker.declarer.type_of(node.type)
    operand = checker.expr(node.operand)
    flags = checker.node_flags(type_)
    if isinstance(operand, Int) and checker.is_integer_type(type_):
        return fold_cast(operand, type_, flags, at, checker.types)
    to = checker.types.resolve(type_)
    of = checker.types.resolve(operand.type)
    scalar = checker.is_integer_type(type_) or isinstance(to, Pointer)
    if not (
        checker.types.compatible(type_, operand.type)
        or (scalar and (checker.is_scalar(operand) or isinstance(of, FunctionType)))
        or (isinstance(to, Integer) and not to.bits)
        or (isinstance(to, Pointer) and checker.is_pointer(operand))
        or (
            to == STRING
            and (
                checker.is_scalar(operand)
                or checker.is_pointer(operand)
                or checker.types.is_string_like(operand.type)
            )
        )
    ):
        raise DError(
            f'invalid cast expression: "{checker.type_name(operand)}" to '
            f'"{checker.types.name(type_)}"',
            "D_CAST_INVAL",
            at,
        )
    if isinstance(to, Pointer):
        flags |= Flag.WRITABLE
    return Cast(at, type_, flags, operand)


def _sizeof_type(checker: Checker, node: tree.SizeofType, read: bool) -> TypedExpr:
    type_ = checker.declarer.type_of(node.type)
    size = checker.types.size(type_)
    if size == 0 or _is_partial(checker, type_):
        raise _unknown_size(checker, type_, node.at, "-")
    return Int(node.at, checker.scope.named("size_t"), NONE, size)


#: The rule of each kind of expression.
RULES: dict[type, Rule] = {
    tree.UnaryExpr: _unary,
    tree.PostfixExpr: _postfix,
    tree.BinaryExpr: _binary,
    tree.ConditionalExpr: _conditional,
    tree.CastExpr: _cast,
    tree.SizeofType: _sizeof_type,
}
