# SPDX-License-Identifier: BSD-2-Clause
"""Actions: trace(), tracemem(), printf() and the others, each checked and compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dtkit.dlang import findings
from dtkit.dlang.checker.nodes import Agg, Call, Str, TypedExpr, Unary, Variable, translation_of
from dtkit.dlang.compiler.dif import DifInstruction, Difo, ReturnType
from dtkit.dlang.compiler.enablings import ActionKind
from dtkit.dlang.compiler.formats import COUNT_TYPE, VALUE_TYPE, Format, check_format, parse_format
from dtkit.dlang.compiler.recorder import (
    RECORDED,
    Recorder,
    call_name,
    check_user_stack,
    positive,
)
from dtkit.dlang.findings import DError
from dtkit.dlang.predefined import DESTRUCTIVE


def _trace(to: Recorder, call: Call) -> None:
    """trace() and print()."""
    node = call.arguments[0]
    name = call.function.name
    if to.checker.is_void(node):
        raise DError(
            f"{name}( ) may not be applied to a void expression",
            f"D_{name.upper()}_VOID",
            node.at,
        )
    translation = translation_of(node) if to.checker.is_dynamic(node) else None
    if translation is not None and translation.pointer and not isinstance(node, Unary):
        raise DError(
            f"{name}( ) may not be applied to a translated pointer",
            f"D_{name.upper()}_DYN",
            node.at,
        )
    if isinstance(node, Agg):
        hint = "" if name == "trace" else " -- did you mean printa()?"
        raise DError(
            f"{name}( ) may not be applied to an aggregation{hint}",
            f"D_{name.upper()}_AGG",
            node.at,
        )
    code = to.generator.generate(node)
    if name == "trace":
        to.add(ActionKind.EXPRESSION, code)
    else:
        type_ = translation.output if translation is not None else node.type
        to.add(ActionKind.PRINT, code, type=type_)


def _tracemem(to: Recorder, call: Call) -> None:
    """tracemem()."""
    address, limit, *rest = call.arguments
    checker = to.checker
    if not checker.is_integer(address) and not checker.is_pointer(address):
        raise DError(
            "tracemem( ) argument #1 is incompatible with prototype:\n"
            f"\tprototype: pointer or integer\n\t argument: {checker.type_name(address)}",
            "D_TRACEMEM_ADDR",
            address.at,
        )
    size = positive(limit)
    if size is None:
        raise DError(
            "tracemem( ) argument #2 must be a non-zero positive integral constant expression",
            "D_TRACEMEM_SIZE",
            limit.at,
        )
    if rest:
        if len(rest) > 1:
            raise DError(
                "tracemem ( ) prototype mismatch: expected at most 3 args",
                "D_TRACEMEM_ARGS",
                rest[0].at,
            )
        if not checker.is_scalar(rest[0]):
            raise DError(
                "tracemem ( ) dynamic size (argument #3) must be of scalar type",
                "D_TRACEMEM_DYNSIZE",
                rest[0].at,
            )
        code = to.generator.generate(rest[0])
        to.add(ActionKind.DYNAMIC_SIZE, code, 8)
    code = to.generator.generate(address)
    returns = ReturnType(code.returns.string, True, size)
    to.add(ActionKind.TRACEMEM, replace(code, returns=returns))


def _printm(to: Recorder, call: Call) -> None:
    """printm()."""
    limit, address = call.arguments
    size = positive(limit)
    if size is None:
        raise DError(
            "printm( ) argument #1 must be a non-zero positive integral constant expression",
            "D_PRINTM_SIZE",
            limit.at,
        )
    if not to.checker.is_pointer(address):
        raise DError(
            "printm( ) argument #2 is incompatible with prototype:\n"
            f"\tprototype: pointer\n\t argument: {to.checker.type_name(address)}",
            "D_PRINTM_ADDR",
            address.at,
        )
    code = to.generator.generate(address)
    returns = ReturnType(False, True, size + 8)
    to.add(ActionKind.PRINTM, replace(code, returns=returns))


def _printf(to: Recorder, call: Call) -> None:
    """printf()."""
    first, *arguments = call.arguments
    if not isinstance(first, Str):
        raise DError(
            f"{call.function.name}( ) argument #1 is incompatible with prototype:\n"
            "\tprototype: string constant\n"
            f"\t argument: {to.checker.type_name(first)}",
            "D_PRINTF_ARG_FMT",
            call.at,
        )
    format_ = check_format(
        to.checker, "printf", parse_format(first.value, call.at), arguments, call.at
    )
    if not arguments:
        nothing = Difo((DifInstruction("ret"),), ReturnType(False, False, 8))
        to.add(ActionKind.PRINTF, nothing, format=format_)
    for argument in arguments:
        code = to.argument(argument)
        to.add(
            RECORDED.get(call_name(argument), ActionKind.PRINTF),
            code,
            format=format_,
        )


def _printa(to: Recorder, call: Call) -> None:
    """printa()."""
    arguments = call.arguments
    first = arguments[0]
    text = first.value if isinstance(first, Str) else None
    aggregations = arguments[1:] if text is not None else arguments
    needed = 2 if text is not None else 1
    if len(arguments) < needed:
        raise DError(
            f"printa( ) prototype mismatch: {len(arguments)} args passed, {needed} expected",
            "D_PRINTA_PROTO",
            call.at,
        )
    format_: Format | None = None
    for number, node in enumerate(aggregations, needed):
        variable = _defined_aggregation(to, node, call, number, "PRINTA")
        if number > needed:
            _same_keys(to, aggregations[0], node, call.at)
        elif text is not None:
            assert variable.function is not None
            value = COUNT_TYPE if variable.function.name == "count" else VALUE_TYPE
            keys = [
                TypedExpr(call.at, key, to.checker.node_flags(key))
                for key in (variable.signature.arguments if variable.signature else ())
                if key is not None
            ]
            format_ = check_format(
                to.checker, "printa", parse_format(text, call.at), keys, call.at, value
            )
        to.constant(ActionKind.PRINTA, variable.number, format=format_)


def _same_keys(to: Recorder, left: TypedExpr, right: TypedExpr, at: int) -> None:
    assert isinstance(left, Agg)
    assert isinstance(right, Agg)
    a, b = left.variable, right.variable
    keys_a = a.signature.arguments if a.signature else ()
    keys_b = b.signature.arguments if b.signature else ()
    if len(keys_a) != len(keys_b):
        plural_a, plural_b = ("" if len(k) == 1 else "s" for k in (keys_a, keys_b))
        raise DError(
            f"printa( ): @{a.name} and @{b.name} do not have matching key signatures: "
            f"@{a.name} has {len(keys_a)} key{plural_a}, @{b.name} has {len(keys_b)} "
            f"key{plural_b}",
            "D_PRINTA_AGGKEY",
            at,
        )
    for number, (x, y) in enumerate(zip(keys_a, keys_b, strict=True), 1):
        assert x is not None
        assert y is not None
        have = TypedExpr(at, y, to.checker.node_flags(y))
        if not to.checker.argument_fits(TypedExpr(at, x, to.checker.node_flags(x)), have):
            raise DError(
                f"printa( ): @{b.name}[ ] key #{number} is incompatible with @{a.name}:\n"
                f"{a.name:>9} key #{number}: {to.checker.scope.types.name(x)}\n"
                f"{b.name:>9} key #{number}: {to.checker.scope.types.name(y)}",
                "D_PRINTA_AGGPROTO",
                at,
            )


def _defined_aggregation(
    to: Recorder, node: TypedExpr, call: Call, number: int, tag: str
) -> Variable:
    name = call.function.name
    if not isinstance(node, Agg):
        raise DError(
            f"{name}( ) argument #{number} is incompatible with prototype:\n"
            f"\tprototype: aggregation\n\t argument: {to.checker.type_name(node)}",
            f"D_{tag}_AGGARG",
            call.at,
        )
    if not node.variable.modified:
        raise DError(f"undefined aggregation: @{node.variable.name}", f"D_{tag}_AGGBAD", call.at)
    return node.variable


def _aggregation_action(to: Recorder, call: Call) -> None:
    """clear(), trunc(), normalize() and denormalize()."""
    name = call.function.name
    tag = "NORMALIZE" if "normalize" in name else name.upper()
    least, most = {"trunc": (1, 2), "normalize": (2, 2)}.get(name, (1, 1))
    count = len(call.arguments)
    if not least <= count <= most:
        expected = str(most)
        if name == "trunc":
            expected = "at least 1" if count < 1 else "no more than 2"
        raise DError(
            f"{name}( ) prototype mismatch: {count} args passed, {expected} expected",
            f"D_{tag}_PROTO",
            call.at,
        )
    variable = _defined_aggregation(to, call.arguments[0], call, 1, tag)
    to.constant(ActionKind.LIBRARY, variable.number, name=name)
    if name in ("normalize", "trunc"):
        if count == 1:
            to.constant(ActionKind.LIBRARY, 0, name=name)
            return
        value = call.arguments[1]
        if not to.checker.is_scalar(value):
            raise DError(
                f"{name}( ) argument #2 must be of scalar type", f"D_{tag}_SCALAR", call.at
            )
        code = to.generator.generate(value)
        to.add(ActionKind.LIBRARY, code, name=name)


def _setopt(to: Recorder, call: Call) -> None:
    """setopt()."""
    to.add(
        ActionKind.LIBRARY,
        to.generator.generate(call.arguments[0]),
        name="setopt",
    )
    if len(call.arguments) == 1:
        to.constant(ActionKind.LIBRARY, 0, name="setopt")
    else:
        code = to.generator.generate(call.arguments[1])
        to.add(ActionKind.LIBRARY, code, name="setopt")


def _stack(to: Recorder, call: Call) -> None:
    """stack()."""
    frames = to.frames(call)
    to.add(ActionKind.STACK, None, 8 * frames, argument=frames)


def _user_stack(to: Recorder, call: Call) -> None:
    """ustack() and jstack()."""
    check_user_stack(call)
    to.not_run(call.function.name, call.at)


def _symbol(to: Recorder, call: Call) -> None:
    """sym(), func() and mod()."""
    code = to.generator.generate(call.arguments[0])
    code = replace(code, returns=ReturnType(False, False, 8))
    kind = ActionKind.MODULE if call.function.name == "mod" else ActionKind.SYMBOL
    to.add(kind, code)


def _exit(to: Recorder, call: Call) -> None:
    """exit()."""
    code = to.generator.generate(call.arguments[0])
    to.add(ActionKind.EXIT, replace(code, returns=ReturnType(False, False, 4)))


def _speculation(to: Recorder, call: Call) -> None:
    """speculate(), commit() and discard()."""
    code = to.generator.generate(call.arguments[0])
    to.add(ActionKind(call.function.name), code, 0)


def _destructive(to: Recorder, call: Call) -> None:
    """Actions that change the system, which there is none of here."""
    name = call.function.name
    if to.options.destructive:
        to.not_run(name, call.at)
    else:
        message = f"{name}( ): Destructive actions not allowed"
        to.complain(DError(message, findings.DESTRUCTIVE, call.at, "-"))
    to.add(ActionKind.DESTRUCTIVE, None)


#: What compiles a call of each action; one that is not here is not run.
ACTIONS: dict[str, Callable[[Recorder, Call], None]] = {
    "trace": _trace,
    "print": _trace,
    "tracemem": _tracemem,
    "printm": _printm,
    "printf": _printf,
    "printa": _printa,
    "clear": _aggregation_action,
    "trunc": _aggregation_action,
    "normalize": _aggregation_action,
    "denormalize": _aggregation_action,
    "setopt": _setopt,
    "stack": _stack,
    "ustack": _user_stack,
    "jstack": _user_stack,
    "sym": _symbol,
    "func": _symbol,
    "mod": _symbol,
    "exit": _exit,
    "speculate": _speculation,
    "commit": _speculation,
    "discard": _speculation,
    **dict.fromkeys(DESTRUCTIVE - {"copyout", "copyoutstr"}, _destructive),
}
