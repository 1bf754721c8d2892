# SPDX-License-Identifier: BSD-2-Clause
"""The typed tree: what the checker makes of an expression, and the code generator reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag

from dtkit.dlang.predefined import Kind, Version
from dtkit.dlang.types import Member, Type


class Flag(IntFlag):
    """What holds of a value beside its type."""

    SIGNED = 1  #: an integer that sign-extends
    REF = 2  #: passed by its address: strings, structs, arrays
    LVALUE = 4
    WRITABLE = 8
    BITFIELD = 16
    USERLAND = 32


@dataclass(slots=True)
class Signature:
    """What a function or an associative array is applied to; a type of None is any type."""

    arguments: tuple[Type | None, ...]
    varargs: int | None = None
    optional: int | None = None
    #: The packed parameters of an aggregation's first lquantize() or llquantize().
    parameters: int = 0


@dataclass(eq=False, slots=True)
class Variable:
    """
    A thing with a name: a variable, an aggregation, a function, an inline.

    Its type is settled by its declaration or first assignment, wherever in the program that is.
    """

    name: str
    kind: Kind
    number: int
    #: ``global``, ``thread`` (``self->``), ``clause`` (``this->``) or ``builtin``.
    scope: str
    type: Type | None = None
    writable: bool = False
    declared: bool = False
    referenced: bool = False
    modified: bool = False
    userland: bool = False
    #: Whether its type hangs on what we do not know.
    unknown: bool = False
    signature: Signature | None = None
    inline: Inline | None = None
    translator: Translation | None = None
    version: Version = (1, 0, 0)
    #: The aggregating function of an aggregation.
    function: Variable | None = None
    at: int = 0

    @property
    def fresh(self) -> bool:
        """Whether this program has made it and neither read nor written it yet."""
        return (
            self.scope != "builtin"
            and self.inline is None
            and not (self.declared or self.referenced or self.modified)
        )

    @property
    def shown(self) -> str:
        """The name as a program writes it."""
        prefix = {"thread": "self->", "clause": "this->"}.get(self.scope, "")
        return prefix + self.name


@dataclass(eq=False, slots=True)
class Inline:
    """What an inline stands for; *parameters* are those of an inline array."""

    value: TypedExpr | None
    parameters: tuple[Variable | None, ...] = ()


@dataclass(eq=False, slots=True)
class Translation:
    """
    A translator: how each member of *output* comes from *variable*, which has type *input*.

    :ivar unknown: the members that come from what we do not know, and whether that is still to be
        told where one is used.
    """

    output: Type
    input: Type
    variable: Variable
    members: dict[str, tuple[Type, TypedExpr]] = field(default_factory=dict)
    unknown: dict[str, bool] = field(default_factory=dict)
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class TypedExpr:
    """
    A typed expression.

    :ivar at: offset in the source.
    """

    at: int
    type: Type
    flags: Flag

    @property
    def signed(self) -> bool:
        """Whether it is a signed integer."""
        return bool(self.flags & Flag.SIGNED)

    @property
    def by_reference(self) -> bool:
        """Whether its value is an address."""
        return bool(self.flags & Flag.REF)

    @property
    def name(self) -> str:
        """What dtrace(1) calls such a node in messages."""
        return "expression"


@dataclass(frozen=True, slots=True)
class Int(TypedExpr):
    """An integer constant, as an unsigned 64-bit number."""

    value: int

    @property
    def signed_value(self) -> int:
        """The value as a signed 64-bit number."""
        return self.value - (1 << 64) if self.value >> 63 else self.value


@dataclass(frozen=True, slots=True)
class Str(TypedExpr):
    """A string constant."""

    value: str


@dataclass(frozen=True, slots=True)
class Var(TypedExpr):
    """A variable, or with *keys* an element of an array or of ``args[]``."""

    variable: Variable
    keys: tuple[TypedExpr, ...] | None = None
    translation: Translation | None = None


@dataclass(frozen=True, slots=True)
class Symbol(TypedExpr):
    """A variable of the kernel, and where it is."""

    symbol: str
    address: int


@dataclass(frozen=True, slots=True)
class Agg(TypedExpr):
    """An aggregation, with its key, and the function that is applied to it."""

    variable: Variable
    keys: tuple[TypedExpr, ...] = ()
    function: Call | None = None


@dataclass(frozen=True, slots=True)
class Call(TypedExpr):
    """A subroutine, action or aggregating function, applied."""

    function: Variable
    arguments: tuple[TypedExpr, ...]


@dataclass(frozen=True, slots=True)
class Unary(TypedExpr):
    """``- + ~ ! * &``, ``sizeof``, ``stringof``, ``++x --x x++ x--``."""

    op: str
    operand: TypedExpr


@dataclass(frozen=True, slots=True)
class Binary(TypedExpr):
    """Two operands, the comma included."""

    op: str
    left: TypedExpr
    right: TypedExpr


@dataclass(frozen=True, slots=True)
class Assign(TypedExpr):
    """An assignment; *op* is ``=`` or the operator of a compound one."""

    op: str
    target: TypedExpr
    value: TypedExpr


@dataclass(frozen=True, slots=True)
class Conditional(TypedExpr):
    """``?:``."""

    test: TypedExpr
    yes: TypedExpr
    no: TypedExpr


@dataclass(frozen=True, slots=True)
class MemberOf(TypedExpr):
    """``.`` or ``->``; *translation* where the base is translated data."""

    op: str
    base: TypedExpr
    member: Member
    translation: Translation | None = None


@dataclass(frozen=True, slots=True)
class Cast(TypedExpr):
    """A cast."""

    operand: TypedExpr


@dataclass(frozen=True, slots=True)
class Translate(TypedExpr):
    """``xlate``."""

    operand: TypedExpr
    translation: Translation


def translation_of(node: TypedExpr) -> Translation | None:
    """The translator whose output *node* is, or None."""
    match node:
        case Var(translation=translation) | Translate(translation=translation):
            if isinstance(node, Var) and node.variable.inline and node.variable.inline.value:
                return translation_of(node.variable.inline.value)
            return translation
        case Unary(op="*", operand=operand):
            return translation_of(operand)
        case _:
            return None
