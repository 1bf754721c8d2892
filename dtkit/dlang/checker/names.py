# SPDX-License-Identifier: BSD-2-Clause
"""Constants, names and calls: what an identifier stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from dtkit.dlang.checker.checker import Checker, Rule
from dtkit.dlang.checker.fold import integer_constant
from dtkit.dlang.checker.hints import function_hint, near, scoped_hint, variable_hint
from dtkit.dlang.checker.nodes import (
    Agg,
    Call,
    Flag,
    Inline,
    Int,
    Signature,
    Str,
    Symbol,
    TypedExpr,
    Var,
    Variable,
    translation_of,
)
from dtkit.dlang.checker.unknown import refuse_library, refuse_unknown
from dtkit.dlang.findings import DError, UnknownError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.syntax import tree
from dtkit.dlang.types import (
    DYNAMIC,
    STRING,
    Tagged,
    Type,
)
from dtkit.freebsd import KernelVariable


def _int(checker: Checker, node: tree.IntLiteral, read: bool) -> TypedExpr:
    return integer_constant(node)


def _str(checker: Checker, node: tree.StrLiteral, read: bool) -> TypedExpr:
    return Str(node.at, STRING, checker.node_flags(STRING), node.value)


def _name(checker: Checker, node: tree.Name, read: bool) -> TypedExpr:
    if "`" in node.name:
        return _symbol(checker, node)
    variable = lookup(checker, node, Kind.SCALAR)
    return scalar(checker, node.at, variable, read)


def _symbol(checker: Checker, node: tree.Name) -> TypedExpr:
    """A variable of the kernel: ``module`name``, ```name``."""
    found, type_ = kernel_variable(checker, node)
    if type_ is None:
        module, _, name = node.name.partition("`")
        raise DError(
            f"no symbolic type information is available for {module or 'kernel'}`{name}: "
            "No type information available for symbol",
            "D_SYM_NOTYPES",
            node.at,
        )
    return symbol(checker, node, found, type_)


def symbol(checker: Checker, node: tree.Name, found: KernelVariable, type_: Type) -> TypedExpr:
    """A variable of the kernel, as one of *type_*."""
    flags = checker.node_flags(type_) | Flag.LVALUE
    return Symbol(node.at, type_, flags, node.name.partition("`")[2], found.address)


def kernel_variable(checker: Checker, node: tree.Name) -> tuple[KernelVariable, Type | None]:
    """
    A variable of the kernel and its type, or None where the kernel has no type data of it.

    :raises DError: there is none of that name, or it is not known.
    """
    module, _, name = node.name.partition("`")
    if not name:
        message = f"failed to resolve {node.name}: Unknown symbol name"
        raise DError(message, "D_IDENT_UNDEF", node.at)
    found = checker.symbols.get(name) if module in ("", "kernel") else None
    if found is None:
        raise UnknownError(f"the kernel symbol {node.name} is not known", "X_SYMBOL", node.at)
    return found, checker.scope.type_named(found.type) if found.type else None


def _agg_name(checker: Checker, node: tree.AggName, read: bool) -> TypedExpr:
    variable = checker.scope.aggregations.get(node.name)
    if variable is None:
        raise DError(
            f"failed to resolve @{node.name}: Unknown variable name", "D_IDENT_UNDEF", node.at
        ).helped(near(node.name, checker.scope.aggregations, "@"))
    refuse_unknown(variable, node.at)
    return Agg(node.at, DYNAMIC, Flag.REF | Flag.LVALUE | Flag.WRITABLE, variable)


def lookup(checker: Checker, node: tree.Name, kind: Kind, create: bool = False) -> Variable:
    """The variable of that name; with *create*, a new one where there is none."""
    variable = checker.scope.find(node.name) or _enumerator(checker, node)
    if variable is None:
        if not create:
            refuse_library(checker.scope, node)
            raise DError(
                f"failed to resolve {node.name}: Unknown variable name",
                "D_IDENT_UNDEF",
                node.at,
            ).helped(variable_hint(checker, node.name))
        return checker.scope.create(node.name, "global", kind, node.at)
    refuse_unknown(variable, node.at)
    if variable.kind != kind and not (variable.kind == Kind.ARRAY and kind == Kind.ARRAY):
        raise DError(
            f"{variable.kind} '{variable.name}' may not be referenced as {kind}",
            "D_IDENT_BADREF",
            node.at,
        )
    return variable


def _enumerator(checker: Checker, node: tree.Name) -> Variable | None:
    """A name of an enum's value, as a variable that is inlined."""
    tag = checker.types.enumerators.get(node.name)
    if tag is None:
        return None
    type_ = Tagged("enum", tag)
    variable = Variable(node.name, Kind.SCALAR, 0, "builtin", type_)
    value = checker.types.enums[tag][node.name] & (1 << 64) - 1
    variable.inline = Inline(Int(node.at, type_, Flag(0), value))
    return variable


def scalar(checker: Checker, at: int, variable: Variable, read: bool) -> TypedExpr:
    """A variable without keys."""
    refuse_unknown(variable, at)
    if read and variable.fresh:
        error = DError(f"{variable.shown} has not yet been declared or assigned", "D_VAR_UNDEF", at)
        keyword = {"thread": "self", "clause": "this"}.get(variable.scope)
        raise error.helped(scoped_hint(checker, keyword, variable.name) if keyword else "")
    inline = variable.inline
    if inline is not None and isinstance(inline.value, Int):
        value = inline.value
        return Int(at, value.type, value.flags, value.value)
    type_ = variable.type
    if type_ is None:
        return Var(at, DYNAMIC, Flag.LVALUE | Flag.WRITABLE, variable)
    flags = checker.node_flags(type_, variable.userland) | Flag.LVALUE
    if variable.writable:
        flags |= Flag.WRITABLE
    translation = variable.translator
    if inline is not None and inline.value is not None:
        translation = translation_of(inline.value)
    return Var(at, type_, flags, variable, None, translation)


def element(
    checker: Checker, at: int, variable: Variable, keys: tuple[TypedExpr, ...]
) -> TypedExpr:
    """An element of an associative array."""
    refuse_unknown(variable, at)
    sign_keys(checker, at, variable, keys)
    type_ = variable.type
    if type_ is None:
        return Var(at, DYNAMIC, Flag.LVALUE | Flag.WRITABLE, variable, keys)
    flags = checker.node_flags(type_, variable.userland) | Flag.LVALUE
    if variable.writable:
        flags |= Flag.WRITABLE
    return Var(at, type_, flags, variable, keys)


def sign_keys(checker: Checker, at: int, variable: Variable, keys: tuple[TypedExpr, ...]) -> None:
    """Check keys against those that an array or aggregation was first used with."""
    prefix = "@" if variable.kind == Kind.AGGREGATION else ""
    if variable.signature is None:
        for number, key in enumerate(keys, 1):
            if checker.is_dynamic(key) or checker.is_void(key):
                raise DError(
                    f"{checker.type_name(key)} expression may not be used as {variable.kind} "
                    f"index: key #{number}",
                    "D_KEY_TYPE",
                    key.at,
                )
        variable.signature = Signature(tuple(key.type for key in keys))
    else:
        _match(checker, at, variable, keys, prefix, "[ ]", "key")


def _match(
    checker: Checker,
    at: int,
    variable: Variable,
    arguments: Sequence[TypedExpr],
    prefix: str,
    suffix: str,
    what: str,
) -> None:
    who = f"{prefix}{variable.name}{suffix}"
    limit = _count(at, variable, len(arguments), prefix, suffix, what)
    signature = variable.signature
    assert signature is not None
    for number in range(limit):
        parameter = signature.arguments[number]
        if parameter is None:
            continue
        argument = arguments[number]
        if not checker.argument_fits(
            TypedExpr(at, parameter, checker.node_flags(parameter)), argument
        ):
            label = "key" if what == "key" else "argument"
            raise DError(
                f"{who} {label} #{number + 1} is incompatible with prototype:\n"
                f"\tprototype: {checker.types.name(parameter)}\n"
                f"\t{label:>9}: {checker.type_name(argument)}",
                "D_PROTO_ARG",
                argument.at,
            )


def _count(at: int, variable: Variable, given: int, prefix: str, suffix: str, what: str) -> int:
    """How many arguments have a type to be compared with; raises where there are too many."""
    signature = variable.signature
    assert signature is not None
    expected, at_least = len(signature.arguments), ""
    if signature.varargs is not None:
        expected = limit = signature.varargs
        mismatch = given < limit
    elif signature.optional is not None:
        mismatch = not signature.optional <= given <= expected
        expected, limit, at_least = signature.optional, given, "at least "
    else:
        limit = expected
        mismatch = given != expected
    who = f"{prefix}{variable.name}{suffix}"
    if mismatch:
        plural = f"{what} " if given == 1 else f"{what}s "
        raise DError(
            f"{who} prototype mismatch: {given} {plural}passed, {at_least}{expected} expected",
            "D_PROTO_LEN",
            at,
        )
    return limit


def refuse_designator(node: tree.CallExpr) -> None:
    """
    See that what is called is a name, which dtrace(1) does while it parses.

    :raises DError: it is none.
    """
    if not isinstance(node.function, tree.Name):
        raise DError("function designator is not of function type", "D_FUNC_IDENT", node.at, "-")


def _call(checker: Checker, node: tree.CallExpr, read: bool) -> TypedExpr:
    refuse_designator(node)
    name = cast("tree.Name", node.function).name
    function = checker.scope.find(name)
    with _parse_error():
        if function is None or (function.declared and function.kind == Kind.SCALAR):
            error = DError(f"undefined function name: {name}", "D_FUNC_UNDEF", node.at)
            raise error.helped(function_hint(checker, name))
        if function.kind not in (Kind.FUNCTION, Kind.ACTION, Kind.AGGREGATING):
            raise DError(
                f"{function.kind} '{name}' may not be referenced as a function",
                "D_FUNC_IDKIND",
                node.at,
            )
    if function.signature is None:
        function.signature, function.type = checker.scope.prototype(function)
    try:
        arguments = tuple(checker.expr(argument) for argument in node.arguments)
    except UnknownError:
        _count(node.at, function, len(node.arguments), "", "( )", "arg")
        raise
    _match(checker, node.at, function, arguments, "", "( )", "arg")
    result = DYNAMIC if function.kind == Kind.AGGREGATING else function.type
    assert result is not None
    return Call(node.at, result, checker.node_flags(result), function, arguments)


@contextmanager
def _parse_error() -> Iterator[None]:
    """What is found while parsing has no region in its message."""
    try:
        yield
    except DError as error:
        error.region = "-"
        raise


#: The rule of each kind of expression.
RULES: dict[type, Rule] = {
    tree.IntLiteral: _int,
    tree.StrLiteral: _str,
    tree.Name: _name,
    tree.AggName: _agg_name,
    tree.CallExpr: _call,
}
