# SPDX-License-Identifier: BSD-2-Clause
"""Format strings of printf() and printa(): reading them, and checking arguments against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dtkit.dlang.checker.checker import Checker
from dtkit.dlang.checker.nodes import TypedExpr
from dtkit.dlang.findings import DError
from dtkit.dlang.types import (
    BASIC,
    LONG,
    STACK,
    STRING,
    SYMADDR,
    UNSIGNED_LONG,
    USYMADDR,
    Array,
    Float,
    Integer,
    Type,
    Typedef,
)

_INTEGERS = "char, short, int, long, or long long"
_SMALL = "char, short, or int"
_FLOATS = "float, double, or long double"
_ADDRESS = "pointer or integer"
_CHARS = "char [] or string (or use stringof)"


@dataclass(frozen=True, slots=True)
class Conversion:
    """
    What may follow a ``%``.

    :ivar output: the conversion of printf(3) that prints it.
    :ivar expects: what dtrace(1) says that it takes.
    :ivar accepts: which check an argument must pass.
    :ivar prints: how a value is made ready.
    """

    name: str
    output: str
    expects: str
    accepts: str
    prints: str


def _table() -> dict[str, Conversion]:
    rows = [
        ("a", "s", _ADDRESS, "address", "symbol"),
        (
            "A",
            "s",
            "pointer or integer (with -p/-c) or _usymaddr (without -p/-c)",
            "user-address",
            "user-symbol",
        ),
        ("c", "c", _SMALL, "small", "signed"),
        ("C", "s", _SMALL, "small", "escaped-character"),
        ("d", "d", _INTEGERS, "integer", "decimal"),
        *((c, c, _FLOATS, "float", "float") for c in "eEfgG"),
        ("hd", "d", "short", "type", "unsigned"),
        ("hi", "i", "short", "type", "unsigned"),
        ("ho", "o", "unsigned short", "type", "unsigned"),
        ("hu", "u", "unsigned short", "type", "unsigned"),
        ("hx", "x", "short", "short", "unsigned"),
        ("hX", "X", "short", "short", "unsigned"),
        ("i", "i", _INTEGERS, "integer", "signed"),
        ("I", "s", _CHARS, "string", "internet-address"),
        ("k", "s", "stack", "stack", "stack"),
        ("lc", "lc", "int", "type", "signed"),
        ("ld", "d", "long", "type", "signed"),
        ("li", "i", "long", "type", "signed"),
        ("lo", "o", "unsigned long", "type", "unsigned"),
        ("lu", "u", "unsigned long", "type", "unsigned"),
        ("ls", "ls", "wchar_t []", "wide", "wide"),
        ("lx", "x", "long", "long", "unsigned"),
        ("lX", "X", "long", "long", "unsigned"),
        ("lld", "d", "long long", "type", "signed"),
        ("lli", "i", "long long", "type", "signed"),
        ("llo", "o", "unsigned long long", "type", "unsigned"),
        ("llu", "u", "unsigned long long", "type", "unsigned"),
        ("llx", "x", "long long", "longlong", "unsigned"),
        ("llX", "X", "long long", "longlong", "unsigned"),
        *((f"L{c}", c, "long double", "type", "float") for c in "eEfgG"),
        ("o", "o", _INTEGERS, "integer", "unsigned"),
        ("p", "x", _ADDRESS, "pointer", "unsigned"),
        ("P", "s", "uint16_t", "type", "port"),
        ("s", "s", _CHARS, "string", "string"),
        ("S", "s", _CHARS, "string", "escaped-string"),
        ("T", "s", "int64_t", "time", "time822"),
        ("u", "u", _INTEGERS, "integer", "unsigned"),
        ("wc", "lc", "int", "type", "signed"),
        ("ws", "ls", "wchar_t []", "wide", "wide"),
        ("x", "x", _INTEGERS, "integer", "unsigned"),
        ("X", "X", _INTEGERS, "integer", "unsigned"),
        ("Y", "s", "int64_t", "time", "time"),
        ("%", "%", "void", "nothing", "percent"),
    ]
    return {row[0]: Conversion(*row) for row in rows}


CONVERSIONS = _table()

#: The longest field that a format may ask for: beyond it a script could fill memory.
MAX_WIDTH = 65535


@dataclass(frozen=True, slots=True)
class Directive:
    """
    Text, and the conversion behind it (None at the end of a format).

    :ivar aggregation: ``%@``: takes the aggregation's value, not an argument.
    :ivar wide: the argument is of 8 bytes.
    :ivar signed: of ``%d``, whether the argument is signed.
    """

    prefix: str
    conversion: Conversion | None = None
    flags: str = ""
    width: int = 0
    precision: int = 0
    dynamic_width: bool = False
    dynamic_precision: bool = False
    aggregation: bool = False
    wide: bool = False
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Format:
    """A format string that was read."""

    text: str
    directives: tuple[Directive, ...]


def parse_format(text: str, at: int) -> Format:
    """
    Read a format string.

    :raises DError: a conversion is unknown or malformed.
    """
    directives: list[Directive] = []
    position = 0
    while (percent := text.find("%", position)) >= 0:
        directive, position = _directive(text, position, percent, len(directives) + 1, at)
        directives.append(directive)
    if position < len(text) or not text:
        directives.append(Directive(text[position:]))
    return Format(text, tuple(directives))


def _directive(text: str, start: int, percent: int, number: int, at: int) -> tuple[Directive, int]:
    prefix = text[start:percent]
    flags: list[str] = []
    width = precision = 0
    dynamic_width = dynamic_precision = aggregation = dot = digits = False
    name = ""
    position = percent + 1

    def error(message: str) -> DError:
        return DError(f"format conversion #{number} {message}", "D_SYNTAX", at, "-")

    while True:
        character = text[position : position + 1]
        if character == "":
            raise error("name expected before end of format string")
        if character.isascii() and character.isdigit():
            if character == "0" and not dot and not digits:
                if "0" not in flags:
                    flags.append("0")
                if "-" in flags:
                    flags.remove("-")
                position += 1
                continue
            end = position
            while text[end : end + 1].isascii() and text[end : end + 1].isdigit():
                end += 1
            value = min(int(text[position : min(end, position + 9)]), MAX_WIDTH)
            if dot:
                precision = value
            else:
                width = value
            digits = True
            position = end
            continue
        position += 1
        if character == "#":
            flags.append("#")
        elif character == "*":
            if dynamic_precision if dot else dynamic_width:
                what = "precision" if dot else "width"
                raise error(f"has more than one '*' specified for the output {what}")
            if dot:
                dynamic_precision = True
            else:
                dynamic_width = True
        elif character == "-":
            if "-" not in flags:
                flags.append("-")
            if "0" in flags:
                flags.remove("0")
        elif character in "+' ":
            flags.append(character)
        elif character == ".":
            if dot:
                raise error("has more than one '.' specified")
            dot, digits = True, False
        elif character == "?":
            width = 16
        elif character == "@":
            aggregation = True
        elif character == "$":
            raise error("uses unsupported positional format (%n$)")
        elif character == "%" and position - 1 > percent + 1:
            raise error("cannot be combined with other format flags: %%")
        elif character in "hlLw" and len(name) < 6:
            name += character
        else:
            name += character
            break
    conversion = CONVERSIONS.get(name)
    if conversion is None:
        raise error(f"is undefined: %{name}")
    order = "#0-+' "
    return (
        Directive(
            prefix,
            conversion,
            "".join(sorted(set(flags), key=order.index)),
            width,
            precision,
            dynamic_width,
            dynamic_precision,
            aggregation,
        ),
        position,
    )


def check_format(
    checker: Checker,
    function: str,
    format_: Format,
    arguments: Sequence[TypedExpr],
    at: int,
    aggregation: Type | None = None,
) -> Format:
    """
    Check the arguments of a format, and settle how each conversion prints its own.

    :param aggregation: the type of the value of ``%@``, or None where there is no aggregation.
    :raises DError: an argument is missing, too many, or of the wrong type.
    """
    if not format_.text:
        raise DError(f"{function}( ) format string is empty", "D_PRINTF_FMT_EMPTY", at, "-")
    used = 0
    settled: list[Directive] = []
    for number, directive in enumerate(format_.directives, 1):
        conversion = directive.conversion
        if conversion is None or conversion.prints == "percent":
            settled.append(directive)
            continue
        dynamic = ["*"] * directive.dynamic_width + [".*"] * directive.dynamic_precision
        for star in dynamic:
            if used >= len(arguments):
                raise DError(
                    f"{function}( ) prototype mismatch: conversion #{number} "
                    f'(%{conversion.name}) is missing a corresponding "{star}" argument',
                    "D_PRINTF_DYN_PROTO",
                    at,
                    "-",
                )
            if not checker.is_integer(arguments[used]):
                raise DError(
                    f"{function}( ) argument #{used + 2} is incompatible with conversion "
                    f"#{number} prototype:\n\tconversion: % {star} {conversion.name}\n"
                    f"\t prototype: int\n\t  argument: {checker.type_name(arguments[used])}",
                    "D_PRINTF_DYN_TYPE",
                    at,
                    "-",
                )
            used += 1
        if directive.aggregation:
            if aggregation is None:
                raise DError(
                    f"%@ conversion requires an aggregation and is not for use with {function}( )",
                    "D_PRINTF_AGG_CONV",
                    at,
                    "-",
                )
            who = "aggregating action"
            argument = TypedExpr(at, aggregation, checker.node_flags(aggregation))
        elif used >= len(arguments):
            raise DError(
                f"{function}( ) prototype mismatch: conversion #{number} (%{conversion.name}) is "
                "missing a corresponding value argument",
                "D_PRINTF_ARG_PROTO",
                at,
                "-",
            )
        else:
            who = f"argument #{used + 2}"
            argument = arguments[used]
            used += 1
        if not _accepts(checker, conversion, argument):
            raise DError(
                f"{function}( ) {who} is incompatible with conversion #{number} prototype:\n"
                f"\tconversion: %{conversion.name}\n\t prototype: {conversion.expects}\n"
                f"\t  argument: {checker.type_name(argument)}",
                "D_PRINTF_ARG_TYPE",
                at,
                "-",
            )
        settled.append(
            Directive(
                directive.prefix,
                conversion,
                directive.flags,
                directive.width,
                directive.precision,
                directive.dynamic_width,
                directive.dynamic_precision,
                directive.aggregation,
                checker.sizeof(argument) == 8,
                argument.signed,
            )
        )
    if used < len(arguments) and aggregation is None:
        raise DError(
            f"{function}( ) prototype mismatch: only {used} arguments required by this format "
            "string",
            "D_PRINTF_ARG_EXTRA",
            at,
            "-",
        )
    return Format(format_.text, tuple(settled))


def _accepts(checker: Checker, conversion: Conversion, node: TypedExpr) -> bool:
    types = checker.types
    resolved = types.resolve(node.type)
    size = types.size(node.type)
    match conversion.accepts:
        case "integer":
            return checker.is_integer(node)
        case "small":
            return checker.is_integer(node) and size <= 4
        case "pointer":
            return checker.is_pointer(node) or checker.is_integer(node)
        case "address":
            return checker.is_pointer(node) or checker.is_integer(node) or resolved == SYMADDR
        case "user-address":
            return resolved == USYMADDR
        case "float":
            return isinstance(resolved, Float)
        case "string":
            return resolved == STRING or (
                isinstance(resolved, Array) and types.is_char(resolved.element)
            )
        case "stack":
            return resolved == STACK
        case "time":
            return checker.is_integer(node) and size == 8
        case "wide":
            element = types.resolve(resolved.element) if isinstance(resolved, Array) else None
            return isinstance(element, Integer) and element.bits == 32
        case "short":
            return isinstance(resolved, Integer) and resolved.name in _named("short")
        case "long":
            return isinstance(resolved, Integer) and resolved.name in _named("long")
        case "longlong":
            return _is_long_long(checker, node.type)
        case "type":
            wanted = _NAMED.get(conversion.expects, BASIC.get(conversion.expects))
            return wanted is not None and types.compatible(resolved, wanted)
        case _:
            return True


#: What typedef names in the table of conversions stand for.
_NAMED: dict[str, Type] = {"uint16_t": BASIC["unsigned short"], "int64_t": LONG}


def _named(width: str) -> set[str]:
    return {width, f"signed {width}", f"unsigned {width}"}


def _is_long_long(checker: Checker, type_: Type) -> bool:
    resolved = checker.types.resolve(type_)
    if isinstance(resolved, Integer) and resolved.name in _named("long long"):
        return True
    # int64_t and uint64_t will do as well, though they are long.
    while isinstance(type_, Typedef):
        if type_.name in ("int64_t", "uint64_t"):
            return True
        type_ = type_.target
    return False


#: The types of an aggregation's value in ``%@``.
COUNT_TYPE: Type = Typedef("uint64_t", UNSIGNED_LONG)
VALUE_TYPE: Type = Typedef("int64_t", LONG)
