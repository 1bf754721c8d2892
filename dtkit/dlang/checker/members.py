# SPDX-License-Identifier: BSD-2-Clause
"""Parts of a whole: elements of arrays and of ``args[]``, members, what is translated."""

from __future__ import annotations

from collections.abc import Sequence

from dtkit.dlang.checker.checker import Checker, Rule
from dtkit.dlang.checker.fold import integer_constant
from dtkit.dlang.checker.hints import member_hint, pointer_hint
from dtkit.dlang.checker.missing import incomplete
from dtkit.dlang.checker.names import element, lookup, scalar
from dtkit.dlang.checker.nodes import (
    Agg,
    Flag,
    Int,
    MemberOf,
    Translate,
    Translation,
    TypedExpr,
    Var,
    Variable,
    translation_of,
)
from dtkit.dlang.checker.operations import additive, dereference
from dtkit.dlang.checker.unknown import refuse_library, refuse_unknown
from dtkit.dlang.findings import DError, UnknownError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.syntax import tree
from dtkit.dlang.types import (
    DYNAMIC,
    Array,
    Pointer,
    Tagged,
)


def _index(checker: Checker, node: tree.IndexExpr, read: bool) -> TypedExpr:
    base = node.base
    at = node.at
    if isinstance(base, tree.AggName):
        variable = checker.scope.aggregations.get(base.name)
        if variable is None:
            variable = checker.scope.create(base.name, "aggregation", Kind.AGGREGATION, base.at)
        refuse_unknown(variable, at)
        keys = tuple(checker.expr(key) for key in node.keys)
        return Agg(at, DYNAMIC, Flag.REF | Flag.LVALUE | Flag.WRITABLE, variable, keys)
    if isinstance(base, tree.Name) and base.name not in ("self", "this") and "`" not in base.name:
        found = checker.scope.find(base.name)
        if found is None:
            refuse_library(checker.scope, base)
        if found is None or found.fresh:
            found = found or lookup(checker, base, Kind.ARRAY, create=True)
        refuse_unknown(found, at)
        if found.kind == Kind.ARRAY:
            return _array_element(checker, at, found, node.keys, read)
        if found.kind != Kind.SCALAR or found.fresh:
            raise DError(
                f"{found.kind} '{found.name}' may not be referenced as {Kind.ARRAY}",
                "D_IDENT_BADREF",
                at,
            )
    if isinstance(base, tree.MemberExpr) and base.op == "->" and isinstance(base.base, tree.Name):
        scoped = checker.scope.scoped(base.base.name)
        if scoped is not None:
            variables, scope = scoped
            found = variables.get(base.name) or checker.scope.create(
                base.name, scope, Kind.SCALAR, base.at
            )
            refuse_unknown(found, at)
            if found.kind == Kind.SCALAR and found.fresh:
                if scope == "clause":
                    raise DError(
                        f"local variables may not be used as associative arrays: {found.name}",
                        "D_ARR_LOCAL",
                        at,
                    )
                found.kind = Kind.ARRAY
            if found.kind == Kind.ARRAY:
                return _array_element(checker, at, found, node.keys, read)
    left = checker.expr(base)
    if isinstance(left, Agg):
        raise DError(
            f"improper attempt to reference @{left.variable.name} as a multi-dimensional array",
            "D_AGG_MDIM",
            at,
        )
    if len(node.keys) > 1:
        what = (
            left.name if not isinstance(left, Var) else f"{left.variable.kind} {left.variable.name}"
        )
        raise DError(f"cannot access {what} as an associative array", "D_ARR_BADREF", at)
    right = checker.expr(node.keys[0])
    return dereference(checker, at, additive(checker, at, "+", left, right))


def _array_element(
    checker: Checker, at: int, variable: Variable, keys: Sequence[tree.Expr], read: bool
) -> TypedExpr:
    typed = tuple(checker.expr(key) for key in keys)
    if variable.scope == "builtin" and variable.inline is None:
        if variable.name == "args":
            return _args(checker, at, variable, typed)
        if len(typed) != 1 or not isinstance(typed[0], Int):
            raise DError(f"{variable.name}[ ] needs one integer constant", "D_PROTO_ARG", at)
    elif read and variable.fresh:
        raise DError(f"{variable.shown} has not yet been declared or assigned", "D_VAR_UNDEF", at)
    return element(checker, at, variable, typed)


def _args(checker: Checker, at: int, variable: Variable, keys: tuple[TypedExpr, ...]) -> TypedExpr:
    if len(keys) != 1:
        count = f"{len(keys)} arg{' ' if len(keys) == 1 else 's '}"
        raise DError(f"args[ ] prototype mismatch: {count}passed, 1 expected", "D_PROTO_LEN", at)
    key = keys[0]
    if not isinstance(key, Int):
        raise DError(
            "args[ ] argument #1 is incompatible with prototype:\n"
            f"\tprototype: integer constant\n\t argument: {checker.type_name(key)}",
            "D_PROTO_ARG",
            key.at,
        )
    if checker.description is None:
        raise DError("args[ ] may not be referenced outside of a probe clause", "D_ARGS_NONE", at)
    if checker.probe is None:
        # Of a probe that is not in our tables a real dtrace(1) knows the arguments.
        known = UnknownError if checker.is_unknown_probe else DError
        raise known(
            f"args[ ] may not be referenced because probe description {checker.description} "
            "matches an unstable set of probes",
            "D_ARGS_MULTI",
            at,
        )
    if key.value >= len(checker.probe.arguments):
        raise DError(
            f"index {key.signed_value} is out of range for {checker.description} args[ ]",
            "D_ARGS_IDX",
            at,
        )
    index = key.value
    native, translated = checker.probe.argument_types(index)
    if native == "(unknown)":
        raise DError(f"failed to resolve native type for args[{index}]", "D_ARGS_TYPE", at)
    try:
        native_type = checker.scope.type_named(native)
        output = checker.scope.type_named(translated)
    except DError:
        raise UnknownError(f"the type {translated} is not simulated", "X_TYPE", at) from None
    if native == translated:
        flags = checker.node_flags(native_type) | Flag.LVALUE
        return Var(at, native_type, flags, variable, keys)
    translation = checker.scope.translator(native_type, output)
    if translation is None:
        given = TypedExpr(at, native_type, checker.node_flags(native_type))
        if checker.argument_fits(TypedExpr(at, output, checker.node_flags(output)), given):
            return Var(at, output, checker.node_flags(output) | Flag.LVALUE, variable, keys)
        raise DError(
            f"translator for args[{index}] from {native} to {translated} is not defined",
            "D_ARGS_XLATOR",
            at,
        )
    return Var(at, DYNAMIC, Flag.REF, variable, keys, translation)


def _member(checker: Checker, node: tree.MemberExpr, read: bool) -> TypedExpr:
    if node.op == "->" and isinstance(node.base, tree.Name):
        if node.base.name == "self":
            return _scoped(checker, node, checker.scope.thread, "thread", read)
        if node.base.name == "this":
            return _scoped(checker, node, checker.scope.clause, "clause", read)
    at = node.at
    base = checker.expr(node.base)
    translation = translation_of(base) if checker.is_dynamic(base) else None
    if translation is not None:
        return _translated_member(checker, node, base, translation)
    type_ = checker.types.resolve(base.type)
    if node.op == "->":
        if not isinstance(type_, Pointer):
            raise DError("operator -> must be applied to a pointer", "D_OP_PTR", at).helped(
                pointer_hint(checker, node, base)
            )
        type_ = checker.types.resolve(type_.target)
    if not isinstance(type_, Tagged) or type_.kind == "enum":
        name = "void" if checker.is_dynamic(base) else checker.types.name(type_)
        raise DError(
            f'operator -> cannot be applied to pointer to type "{name}"; must be applied to '
            "a struct or union pointer"
            if node.op == "->"
            else f'operator . cannot be applied to type "{name}"; must be applied to a struct '
            "or union",
            "D_OP_SOU",
            at,
        ).helped(pointer_hint(checker, node, base))
    if not checker.types.is_complete(type_):
        message = (
            f"operator {node.op} cannot be applied to a forward declaration: no "
            f"{checker.types.name(type_)} definition is available"
        )
        raise incomplete(checker.types, type_, message, "D_OP_INCOMPLETE", at)
    member = checker.types.member(type_, node.name)
    if member is None:
        known = UnknownError if checker.is_partial(type_.tag) else DError
        raise known(
            f"{node.name} is not a member of {checker.types.name(type_)}", "D_TYPE_MEMBER", at
        ).helped(member_hint(checker, type_, node.name))
    resolved = checker.types.resolve(member.type)
    flags = checker.node_flags(member.type)
    if (node.op == "->" or base.flags & Flag.LVALUE) and not isinstance(resolved, Array):
        flags |= Flag.LVALUE
    flags |= base.flags & Flag.WRITABLE
    if base.flags & Flag.USERLAND and (isinstance(resolved, Pointer) or flags & Flag.REF):
        flags |= Flag.USERLAND
    return MemberOf(at, member.type, flags, node.op, base, member)


def _translated_member(
    checker: Checker, node: tree.MemberExpr, base: TypedExpr, translation: Translation
) -> TypedExpr:
    if node.name in translation.unknown:
        told = translation.unknown[node.name]
        raise UnknownError(f"{node.name} is not known", "X_UNKNOWN", node.at, told)
    if node.name not in translation.members:
        raise DError(
            f"translator does not define conversion for member: {node.name}",
            "D_XLATE_NOCONV",
            node.at,
        ).helped(member_hint(checker, translation.output, node.name))
    member = checker.types.member(translation.output, node.name)
    assert member is not None
    flags = checker.node_flags(member.type)
    return MemberOf(node.at, member.type, flags, node.op, base, member, translation)


def _scoped(
    checker: Checker, node: tree.MemberExpr, variables: dict[str, Variable], scope: str, read: bool
) -> TypedExpr:
    variable = variables.get(node.name)
    if variable is None:
        variable = checker.scope.create(node.name, scope, Kind.SCALAR, node.at)
    if variable.kind == Kind.ARRAY:
        if read:
            raise DError(
                f"{Kind.ARRAY} '{variable.name}' may not be referenced as {Kind.SCALAR}",
                "D_IDENT_BADREF",
                node.at,
            )
        return Var(node.at, DYNAMIC, Flag.LVALUE | Flag.WRITABLE, variable)
    return scalar(checker, node.at, variable, read)


def _translate(checker: Checker, node: tree.TranslateExpr, read: bool) -> TypedExpr:
    output = checker.declarer.type_of(node.type)
    operand = checker.expr(node.operand)
    translation = checker.scope.translator(operand.type, output)
    if translation is None:
        resolved = checker.types.resolve(output)
        if isinstance(resolved, Pointer):
            resolved = checker.types.resolve(resolved.target)
        if resolved in checker.scope.doubtful_outputs:
            raise UnknownError("the translator is not known", "X_UNKNOWN", node.at, told=False)
        raise DError(
            f'cannot translate from "{checker.type_name(operand)}" to '
            f'"{checker.types.name(output)}"',
            "D_XLATE_NONE",
            node.at,
        )
    return Translate(node.at, DYNAMIC, Flag.REF, operand, translation)


def _offsetof(checker: Checker, node: tree.Offsetof, read: bool) -> TypedExpr:
    type_ = checker.types.resolve(checker.declarer.type_of(node.type))
    if not isinstance(type_, Tagged) or type_.kind == "enum":
        raise DError("offsetof operand must be a struct or union type", "D_OFFSETOF_TYPE", node.at)
    member = checker.types.member(type_, node.member)
    if not checker.types.is_complete(type_):
        message = "offsetof operand must be a struct or union type"
        raise incomplete(checker.types, type_, message, "D_OFFSETOF_TYPE", node.at)
    if member is None:
        message = f"failed to determine offset of {node.member}: Invalid member name"
        known = UnknownError if checker.is_partial(type_.tag) else DError
        error = known(message, "D_UNKNOWN", node.at)
        error.region = "-"
        raise error
    if checker.node_flags(member.type) & Flag.BITFIELD:
        raise DError(
            f"cannot take offset of a bit-field: {node.member}",
            "D_OFFSETOF_BITFIELD",
            node.at,
        )
    return integer_constant(tree.IntLiteral(node.at, member.offset // 8))


#: The rule of each kind of expression.
RULES: dict[type, Rule] = {
    tree.IndexExpr: _index,
    tree.MemberExpr: _member,
    tree.Offsetof: _offsetof,
    tree.TranslateExpr: _translate,
}
