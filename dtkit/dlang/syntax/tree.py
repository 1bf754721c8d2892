# SPDX-License-Identifier: BSD-2-Clause
"""
The syntax tree of a D program.

Every node knows where it is: ``at``, the offset of its first character in the source. Names are
as written; what they mean is the checker's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dtkit.dlang.source import ProgramText


@dataclass(frozen=True, slots=True)
class IntLiteral:
    """An integer or character constant, with the suffix and base that decide its type."""

    at: int
    value: int
    suffix: str = ""
    decimal: bool = True


@dataclass(frozen=True, slots=True)
class StrLiteral:
    """A string constant, its escapes resolved."""

    at: int
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier; ``module`name`` is one too, and so are ``self`` and ``this``."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class AggName:
    """An aggregation; ``@`` alone is called ``_``."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class UnaryExpr:
    """A prefix operator, ``sizeof`` and ``stringof`` among them."""

    at: int
    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class PostfixExpr:
    """``++`` or ``--`` behind its operand."""

    at: int
    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class BinaryExpr:
    """An operator between two operands, the comma among them."""

    at: int
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class AssignExpr:
    """``=`` and the compound assignments."""

    at: int
    op: str
    target: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class ConditionalExpr:
    """``test ? yes : no``."""

    at: int
    test: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class CallExpr:
    """A subroutine, an action or an aggregating function applied to arguments."""

    at: int
    function: Expr
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class IndexExpr:
    """``base[keys]``: an array element, or that of an associative array or aggregation."""

    at: int
    base: Expr
    keys: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class MemberExpr:
    """``base.name`` or ``base->name``."""

    at: int
    op: str
    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class CastExpr:
    """``(type)operand``."""

    at: int
    type: TypeName
    operand: Expr


@dataclass(frozen=True, slots=True)
class SizeofType:
    """``sizeof (type)``."""

    at: int
    type: TypeName


@dataclass(frozen=True, slots=True)
class Offsetof:
    """``offsetof(type, member)``."""

    at: int
    type: TypeName
    member: str


@dataclass(frozen=True, slots=True)
class TranslateExpr:
    """``xlate <type>(operand)``."""

    at: int
    type: TypeName
    operand: Expr


Expr = (
    IntLiteral
    | StrLiteral
    | Name
    | AggName
    | UnaryExpr
    | PostfixExpr
    | BinaryExpr
    | AssignExpr
    | ConditionalExpr
    | CallExpr
    | IndexExpr
    | MemberExpr
    | CastExpr
    | SizeofType
    | Offsetof
    | TranslateExpr
)


# Declarations -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StructSpecifier:
    """``struct tag`` or ``union tag``, with its members where they are given."""

    at: int
    kind: str
    tag: str | None
    members: tuple[MemberDeclaration, ...] | None = None


@dataclass(frozen=True, slots=True)
class EnumSpecifier:
    """``enum tag``, with its enumerators where they are given."""

    at: int
    tag: str | None
    values: tuple[tuple[int, str, Expr | None], ...] | None = None


@dataclass(frozen=True, slots=True)
class Specifiers:
    """
    What stands before the declarators: storage class, qualifiers, and the type.

    :ivar words: the keywords (``unsigned``, ``long``, ``const``, ``self``, ``typedef``) in order.
    :ivar name: a type name, or None.
    :ivar body: a struct, union or enum, or None.
    """

    at: int
    words: tuple[str, ...] = ()
    name: str | None = None
    body: StructSpecifier | EnumSpecifier | None = None


@dataclass(frozen=True, slots=True)
class PointerTo:
    """A ``*`` of a declarator."""

    qualifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """A ``[...]`` of a declarator: a size, the key types of an associative array, or nothing."""

    at: int
    size: Expr | None = None
    keys: tuple[Parameter, ...] | None = None


@dataclass(frozen=True, slots=True)
class FunctionOf:
    """A ``(...)`` of a declarator."""

    at: int
    parameters: tuple[Parameter, ...] = ()


Derivation = PointerTo | ArrayOf | FunctionOf


@dataclass(frozen=True, slots=True)
class Declarator:
    """
    A name and how its type derives from the specifiers, from the name outwards.

    ``int *x[3]`` is x, an array of 3, of pointers: ``(ArrayOf(3), PointerTo())``.
    """

    at: int
    name: str | None = None
    derivations: tuple[Derivation, ...] = ()
    bits: Expr | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a prototype; ``...`` has no specifiers."""

    at: int
    specifiers: Specifiers | None
    declarator: Declarator


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as it stands in a cast."""

    at: int
    specifiers: Specifiers
    declarator: Declarator


@dataclass(frozen=True, slots=True)
class MemberDeclaration:
    """One declaration within a struct or union."""

    specifiers: Specifiers
    declarators: tuple[Declarator, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration of variables or types."""

    at: int
    specifiers: Specifiers
    declarators: tuple[Declarator, ...]


@dataclass(frozen=True, slots=True)
class InlineDeclaration:
    """``inline type name = value;``."""

    at: int
    specifiers: Specifiers
    declarator: Declarator
    value: Expr


@dataclass(frozen=True, slots=True)
class Translator:
    """``translator output < input name > { member = value; ... };``."""

    at: int
    output: TypeName
    input: TypeName
    name: str
    members: tuple[tuple[int, str, Expr], ...]


@dataclass(frozen=True, slots=True)
class ProviderProbe:
    """One probe of a provider declaration."""

    at: int
    name: str
    native: tuple[Parameter, ...]
    translated: tuple[Parameter, ...] | None


@dataclass(frozen=True, slots=True)
class Provider:
    """``provider name { probe ...; };``."""

    at: int
    name: str
    probes: tuple[ProviderProbe, ...]


# Clauses ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExprStatement:
    """An expression or action, and its semicolon."""

    at: int
    expression: Expr


@dataclass(frozen=True, slots=True)
class If:
    """``if (test) ... else ...``."""

    at: int
    test: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


Statement = ExprStatement | If


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """One probe description of a clause, as written; a number is a probe id."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """
    Probe descriptions, a predicate and statements.

    :ivar statements: None where no ``{ }`` was given.
    """

    at: int
    probes: tuple[ProbeSpec, ...]
    predicate: Expr | None
    statements: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class Pragma:
    """A ``#`` line: its words; strings keep their quotes off."""

    at: int
    words: tuple[str, ...]


External = InlineDeclaration | Translator | Provider | Declaration | Clause


@dataclass(frozen=True, slots=True)
class TranslationUnit:
    """
    A D program: what it declares and its clauses, in order.

    :ivar unused: the number of the last macro argument where nothing refers to it, else 0. Those
        before it are not looked at, in dtrace(1) neither.
    """

    source: ProgramText
    externals: tuple[External, ...]
    pragmas: tuple[Pragma, ...] = ()
    unused: int = 0

    def clauses(self) -> Iterator[Clause]:
        """The clauses, in order."""
        return (item for item in self.externals if isinstance(item, Clause))


def walk(node: object) -> Iterator[object]:
    """*node* and all nodes within it, in no particular order; *node* may be a tuple of nodes."""
    todo = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple):
            todo.extend(item)
            continue
        yield item
        todo.extend(getattr(item, name) for name in getattr(item, "__dataclass_fields__", ()))
