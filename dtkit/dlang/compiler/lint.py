# SPDX-License-Identifier: BSD-2-Clause
"""
What dtrace(1) takes, and a good program does not have: it compiles, and shows something else.

Each kind is told only where it is sure: a program that does right in a way that is not seen here
is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from dtkit.dlang.compiler.compile import deep_recursion
from dtkit.dlang.compiler.verdict import parsed
from dtkit.dlang.findings import DError, Finding, Severity
from dtkit.dlang.source import ProgramText
from dtkit.dlang.syntax import tree
from dtkit.dlang.target import TargetKernel
from dtkit.probes.description import GLOB, ProbeDescription

__all__ = ["LINTS", "lint"]

#: Where it is, its kind, what is wrong, and what may help.
_Fault = tuple[int, str, str, str]


def lint(
    program: str,
    *,
    file: str | None = None,
    arguments: Sequence[str] = (),
    defaults: bool = False,
    kernel: TargetKernel | None = None,
) -> list[Finding]:
    """
    Warnings of what a D program does and can hardly mean, by place.

    Of a program that is none, only what its comments swallow is told.

    :param file: name of the script; None for a program from the command line.
    :param arguments: macro arguments, ``$0`` first.
    :param defaults: whether those that are missing are 0 or empty.
    :param kernel: whose types there are; without one, those of the default kernel.
    """
    source = ProgramText(program, file)
    faults = list(_comments(program))
    try:
        unit = parsed(program, arguments, defaults, kernel)
    except DError:
        pass
    else:
        with deep_recursion():
            faults += (fault for check in LINTS for fault in check(unit))
    return [
        Finding.of(source, message, tag, at, Severity.WARNING, hint)
        for at, tag, message, hint in sorted(set(faults))
    ]


# A comment where a predicate was meant -----------------------------------------------------

#: What is no comment, so that what looks like the beginning of one in it is none; and comments.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|(?P<comment>/\*.*?(?:\*/|\Z))', re.DOTALL)

#: A comment that reads like a predicate: what D has names for, and a slash before a brace.
_PREDICATE = re.compile(
    r"/\*\s*(?P<expression>(?:args\s*\[\s*\d+\s*\]|arg\d\b|(?:this|self)\s*->\s*\w+)[^\n]*?)"
    r"\s*/\s*(?:\{|\n\s*\{|\Z)"
)


def _comments(program: str) -> Iterator[_Fault]:
    for token in _TOKEN.finditer(program):
        comment = (token["comment"] or "").removesuffix("*/")
        if found := _PREDICATE.match(comment):
            text = found["expression"]
            word = re.match(r"[\w\[\]]+(?:\s*->\s*\w+)?", text)
            start = word[0] if word else text
            yield (
                token.start(),
                "X_COMMENT",
                "a comment begins here, and the clause is in it",
                f"a predicate is meant: /(*{start}){text[len(start) :]}/",
            )


# Thread-local variables that are kept ------------------------------------------------------


#: The probes of dtrace(1) itself.
_OWN = ("BEGIN", "END", "ERROR")

#: How a comment says that a variable stays, and is meant to.
_SAID_KEPT = re.compile(r"\bself->(\w+) (?:is kept|stays)\b")


def _kept(unit: tree.TranslationUnit) -> Iterator[_Fault]:
    """``self->x`` that nothing sets to 0: each thread keeps it until tracing ends."""
    first: dict[str, int] = {}
    cleared = set(_SAID_KEPT.findall(unit.source.text))
    for clause in unit.clauses():
        # What dtrace(1) itself fires is of one thread.
        once = all(spec.text.split(":")[-1] in _OWN for spec in clause.probes)
        for node in tree.walk((clause.predicate, clause.statements)):
            if isinstance(node, tree.AssignExpr) and (name := _local("self", node.target)):
                if not once:
                    first[name] = min(first.get(name, node.target.at), node.target.at)
                # Whatever is not plainly set may come to 0 as well.
                if node.op != "=" or _may_be_zero(node.value):
                    cleared.add(name)
            elif isinstance(node, tree.UnaryExpr | tree.PostfixExpr) and node.op == "--":
                cleared.add(_local("self", node.operand))
    for name, at in first.items():
        if name not in cleared:
            yield (
                at,
                "X_SELF_KEPT",
                f"self->{name} is never set to 0: each thread keeps it until tracing ends, and "
                "when dynvarsize is full others are dropped",
                f"self->{name} = 0; where it is last used",
            )


def _may_be_zero(node: tree.Expr) -> bool:
    match node:
        case tree.IntLiteral(_, value):
            return value == 0
        case tree.Name(_, "NULL"):
            return True
        case tree.CastExpr(_, _, operand):
            return _may_be_zero(operand)
        case tree.ConditionalExpr(_, _, yes, no):
            return _may_be_zero(yes) or _may_be_zero(no)
        case tree.AssignExpr(_, "=", _, value):
            return _may_be_zero(value)
        case tree.BinaryExpr(_, ",", _, right):
            return _may_be_zero(right)
        case _:
            return False


def _local(keyword: str, node: tree.Expr) -> str:
    """The name of a variable of *keyword*, or of the array whose element *node* is; or nothing."""
    if isinstance(node, tree.IndexExpr):
        node = node.base
    match node:
        case tree.MemberExpr(_, "->", tree.Name(_, found), name) if found == keyword:
            return name
        case _:
            return ""


# What is dumped, and how --------------------------------------------------------------------


def _dynamic(unit: tree.TranslationUnit) -> Iterator[_Fault]:
    """A tracemem() behind one with a size of its own: that size may be taken for this one's."""
    for clause in unit.clauses():
        before = None
        for call in _statements(clause.statements or (), "tracemem"):
            if before is not None:
                yield (
                    call.at,
                    "X_DYNAMIC_SIZE",
                    "tracemem( ) behind one with a third argument: where that cuts nothing off, it "
                    "is taken for the size of this one",
                    "put what has a third argument last in its clause, or in a clause of its own",
                )
            before = call if len(call.arguments) > 2 and not _cuts(call) else None


def _cuts(call: tree.CallExpr) -> bool:
    """Whether the third argument of a tracemem() is plainly one that cuts something off."""
    _, size, dynamic, *_ = call.arguments
    match size, dynamic:
        case tree.IntLiteral(_, most), tree.IntLiteral(_, value):
            return 0 < value < most
        case _:
            return False


def _traced(unit: tree.TranslationUnit) -> Iterator[_Fault]:
    """``trace()`` of a packet, which prints text where bytes look like it."""
    for clause in unit.clauses():
        for call in _statements(clause.statements or (), "trace"):
            if len(call.arguments) == 1 and (what := _bytes(call.arguments[0])):
                yield (
                    call.at,
                    "X_TRACE_BYTES",
                    f"trace( ) of {what}: bytes that look like text are printed as text, and an "
                    "address as a number",
                    "tracemem(address, size) prints bytes as a hexdump, always",
                )


def _bytes(node: tree.Expr) -> str:
    """What kind of bytes an expression is, if it is any."""
    match node:
        case tree.CastExpr(_, _, operand):
            return _bytes(operand)
        case tree.CallExpr(_, tree.Name(_, "copyoutmbuf" | "copyin" as name), _):
            return f"what {name}( ) returns"
        case tree.MemberExpr(_, "->" | ".", _, "m_data"):
            return "m_data"
        case tree.UnaryExpr(_, "*", tree.CastExpr(_, type_, _)) if _is_struct_pointer(type_):
            return "a struct"
        case _:
            return ""


def _is_struct_pointer(type_: tree.TypeName) -> bool:
    derivations = type_.declarator.derivations
    body = type_.specifiers.body
    return isinstance(body, tree.StructSpecifier) and derivations == (tree.PointerTo(),)


def _statements(statements: Sequence[tree.Statement], name: str) -> Iterator[tree.CallExpr]:
    """The calls of an action among statements, in order."""
    for statement in statements:
        if isinstance(statement, tree.If):
            yield from _statements(statement.then, name)
            yield from _statements(statement.otherwise, name)
            continue
        match statement.expression:
            case tree.CallExpr(_, tree.Name(_, found), _) as call if found == name:
                yield call


# Clause-local variables that are not set ----------------------------------------------------


class _Probes:
    """The probes of some clauses."""

    def __init__(self) -> None:
        #: By provider, function and name; and those that may be many.
        self._each: set[tuple[str, str, str]] = set()
        self._many: set[ProbeDescription] = set()

    def add(self, text: str) -> None:
        """Add what a clause says of its probes."""
        found = _description(text)
        if found.provider and found.function and found.name and not GLOB.search(str(found)):
            self._each.add((found.provider, found.function, found.name))
        else:
            self._many.add(found)

    def meet(self, other: _Probes) -> bool:
        """Whether a probe may be among both."""
        if not self._each.isdisjoint(other._each):
            return True
        return any(
            _overlap(one, ProbeDescription(provider, "", function, name))
            for many, each in ((self._many, other._each), (other._many, self._each))
            for one in many
            for provider, function, name in each
        ) or any(_overlap(one, another) for one in self._many for another in other._many)


def _unset(unit: tree.TranslationUnit) -> Iterator[_Fault]:
    """``this->x`` that no clause of the same probe has set before: it has what another left."""
    set_at: dict[str, _Probes] = {}
    passed = {"", *_passed(unit)}
    for clause in unit.clauses():
        probes = _Probes()
        for spec in clause.probes:
            probes.add(spec.text)
        known: set[str] = set()
        for at, name, sets in _uses((clause.predicate, clause.statements)):
            if sets or (name in set_at and set_at[name].meet(probes)):
                known.add(name)
            elif name not in known and name not in passed:
                passed.add(name)
                yield (
                    at,
                    "X_UNSET",
                    f"this->{name} is used before it is set: it has what another firing left, of "
                    "any probe",
                    f"set this->{name} first, in a clause without a predicate",
                )
            if sets:
                for spec in clause.probes:
                    set_at.setdefault(name, _Probes()).add(spec.text)


def _passed(unit: tree.TranslationUnit) -> Iterator[str]:
    """The clause-local variables of which nothing is said."""
    for item in unit.externals:
        for node in tree.walk(item):
            # One of an inline is set where that is used; and what counts is kept from firing to
            # firing, and meant to be.
            if isinstance(node, tree.MemberExpr) and not isinstance(item, tree.Clause):
                yield _local("this", node)
            elif isinstance(node, tree.AssignExpr) and node.op != "=":
                yield _local("this", node.target)
            elif isinstance(node, tree.UnaryExpr | tree.PostfixExpr) and node.op in ("++", "--"):
                yield _local("this", node.operand)


def _uses(node: object) -> list[tuple[int, str, bool]]:
    """The clause-local variables in *node*, in the order of evaluation, and whether each is set."""
    found: list[tuple[int, str, bool]] = []

    def look(node: object) -> None:
        match node:
            case tuple():
                for part in node:
                    look(part)
            case tree.AssignExpr(at, _, target, value) if name := _local("this", target):
                look(target.keys if isinstance(target, tree.IndexExpr) else None)
                look(value)
                found.append((at, name, True))
            case tree.UnaryExpr(at, "&" | "sizeof", operand) if name := _local("this", operand):
                found.append((at, name, True))  # what is done by its address is not seen
            case tree.MemberExpr(at) if name := _local("this", node):
                found.append((at, name, False))
            case _:
                for field in getattr(node, "__dataclass_fields__", ()):
                    look(getattr(node, field))

    look(node)
    return found


def _description(text: str) -> ProbeDescription:
    """A description; one of all probes where it may be any."""
    if text.isdecimal() or "$" in text:
        return ProbeDescription()
    try:
        return ProbeDescription.parse(text)
    except ValueError:
        return ProbeDescription()


def _overlap(one: ProbeDescription, other: ProbeDescription) -> bool:
    """Whether a probe may be described by both."""
    return all(
        not a or not b or a == b or _globs(a, b)
        for a, b in zip(one.fields, other.fields, strict=True)
    )


def _globs(one: str, other: str) -> bool:
    if GLOB.search(one) and GLOB.search(other):
        return True
    return fnmatchcase(one, other) or fnmatchcase(other, one)


#: What is looked for in a program that can be read, beside its comments.
LINTS: tuple[Callable[[tree.TranslationUnit], Iterator[_Fault]], ...] = (
    _kept,
    _dynamic,
    _traced,
    _unset,
)
