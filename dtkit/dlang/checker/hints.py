# SPDX-License-Identifier: BSD-2-Clause
"""
What may help, in words of our own, under what dtrace(1) says: names that are near, and where an
mbuf is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dtkit.dlang.checker.checker import Checker
from dtkit.dlang.checker.nodes import TypedExpr
from dtkit.dlang.syntax import tree
from dtkit.dlang.target import TargetKernel
from dtkit.dlang.types import Integer, Pointer, Tagged, Type, Types
from dtkit.probes.description import GLOB, ProbeDescription

__all__ = [
    "function_hint",
    "member_hint",
    "near",
    "pointer_hint",
    "probe_hint",
    "scoped_hint",
    "variable_hint",
]

_MBUF = Tagged("struct", "mbuf")


def near(name: str, names: Iterable[str], prefix: str = "") -> str:
    """``did you mean ...?`` for names that differ little from *name*, or nothing."""
    # Not at the top: few programs have such a fault.
    from difflib import get_close_matches

    by_case = {one.lower(): one for one in names if one != name}
    found = get_close_matches(name.lower(), by_case, n=2, cutoff=0.75)
    return f"did you mean {' or '.join(prefix + by_case[one] for one in found)}?" if found else ""


def variable_hint(checker: Checker, name: str) -> str:
    """What a name that stands for nothing may be meant to be."""
    scope = checker.scope
    for keyword in ("this", "self"):
        variables, _ = scope.scoped(keyword) or ({}, "")
        if name in variables:
            return f"did you mean {keyword}->{name}?"
    if ("struct", name) in scope.types.layouts:
        return f"a type is written struct {name}"
    if name in checker.symbols:
        return f"a variable of the kernel is written `{name}"
    return near(name, (*scope.globals, *scope.types.enumerators))


def scoped_hint(checker: Checker, keyword: str, name: str) -> str:
    """What a variable of a thread or clause that nothing has set may be meant to be."""
    other = "self" if keyword == "this" else "this"
    there, _ = checker.scope.scoped(other) or ({}, "")
    if name in there and not there[name].fresh:
        return f"did you mean {other}->{name}?"
    own, _ = checker.scope.scoped(keyword) or ({}, "")
    return near(name, (one for one, found in own.items() if not found.fresh), f"{keyword}->")


def function_hint(checker: Checker, name: str) -> str:
    """What a function that there is not may be meant to be."""
    known = checker.scope.globals.values()
    return near(name, (one.name for one in known if one.signature or one.kind.endswith("function")))


def member_hint(checker: Checker, type_: Type, name: str) -> str:
    """What a member that a struct has not may be meant to be."""
    where = _mbuf_of(checker) if checker.types.member(_MBUF, name) else ""
    return where or near(name, _names(checker.types, type_))


def pointer_hint(checker: Checker, node: tree.MemberExpr, base: TypedExpr) -> str:
    """How to come to a member whose struct is behind more pointers, or fewer, than is written."""
    types, written, name = checker.types, spelled(node.base), node.name
    type_, depth = types.resolve(base.type), 0
    while isinstance(type_, Pointer):
        type_, depth = types.resolve(type_.target), depth + 1
    if isinstance(type_, Tagged) and types.member(type_, name):
        if depth == 0:
            return f"{written} is no pointer: {written}.{name}"
        if depth == 1:
            return f"{written} is a pointer: {written}->{name}"
        return f"{name} is behind a pointer: ({'*' * (depth - 1)}{written})->{name}"
    if depth == 0 and isinstance(type_, Integer) and types.member(_MBUF, name):
        return f"{written} is a number: ((struct mbuf *){written})->{name}"
    return ""


def probe_hint(kernel: TargetKernel, description: ProbeDescription) -> str:
    """What a probe that there is not may be meant to be: with one field as another probe has it."""
    # Not at the top: few programs have such a fault.
    from dataclasses import replace
    from difflib import get_close_matches

    # A kernel has more functions than our table: one must be very near.
    for field, cutoff in (("name", 0.7), ("function", 0.85), ("provider", 0.7)):
        have = getattr(description, field)
        if not have or GLOB.search(have):
            continue
        names = {getattr(probe, field) for probe in kernel.probes}
        for one in get_close_matches(have, names, n=5, cutoff=cutoff):
            other = replace(description, **{field: one})
            if one != have and kernel.match(other):
                return f"did you mean {other}?"
    return ""


def spelled(node: tree.Expr) -> str:
    """A short expression as it is written; ``...`` for a longer one."""
    match node:
        case tree.Name(_, name):
            return name
        case tree.IntLiteral(_, value):
            return str(value)
        case tree.IndexExpr(_, base, (key,)):
            return f"{spelled(base)}[{spelled(key)}]"
        case tree.MemberExpr(_, op, base, name):
            return f"{spelled(base)}{op}{name}"
        case tree.UnaryExpr(_, "*", operand):
            return f"(*{spelled(operand)})"
        case _:
            return "(...)"


def _names(types: Types, type_: Type) -> Iterator[str]:
    """The names of members, those of structs without a name within included."""
    for member in types.members(type_):
        if member.name:
            yield member.name
        else:
            yield from _names(types, member.type)


def _mbuf_of(checker: Checker) -> str:
    """Where the probe of the clause has its mbuf, or which probe has one."""
    # Not at the top: few programs have such a fault.
    from dtkit.probes.points import instead, shipped_catalog

    probe = checker.probe
    if probe is None:
        return ""
    name = f"{probe.provider}:{probe.module}:{probe.function}:{probe.name}"
    known = shipped_catalog().get(name)
    if known is not None:
        return f"the mbuf of {known} is {known.expression}"
    return instead(probe.provider, probe.name)
