# SPDX-License-Identifier: BSD-2-Clause
"""Questions about values: what kind of type they have, and which fits which."""

from __future__ import annotations

from dtkit.dlang.checker.nodes import (
    Agg,
    Call,
    Flag,
    Int,
    Str,
    TypedExpr,
    Unary,
    Var,
    translation_of,
)
from dtkit.dlang.predefined import Kind
from dtkit.dlang.types import (
    CHAR,
    DYNAMIC,
    STRING,
    Array,
    Float,
    FunctionType,
    Integer,
    Pointer,
    Special,
    Tagged,
    Type,
    Types,
)

NONE = Flag(0)


class Values:
    """Answers by the types of *types*."""

    def __init__(self, types: Types) -> None:
        self.types = types

    def node_flags(self, type_: Type, userland: bool = False) -> Flag:
        """The flags that a value of *type_* has from its type."""
        resolved = self.types.resolve(type_)
        flags = Flag.USERLAND if userland else NONE
        match resolved:
            case Integer():
                if resolved.is_bit_field:
                    flags |= Flag.BITFIELD
                if resolved.signed:
                    flags |= Flag.SIGNED
            case Float():
                if resolved.size > 8:
                    flags |= Flag.REF
            case Array() | FunctionType() | Special("string" | "<DYN>"):
                flags |= Flag.REF
            case Tagged(kind, _) if kind != "enum":
                flags |= Flag.REF
        return flags

    def is_integer(self, node: TypedExpr) -> bool:
        """Whether *node* is an integer or enum."""
        return self.is_integer_type(node.type)

    def is_integer_type(self, type_: Type) -> bool:
        resolved = self.types.resolve(type_)
        if isinstance(resolved, Integer):
            return resolved.bits > 0
        return isinstance(resolved, Tagged) and resolved.kind == "enum"

    def is_scalar(self, node: TypedExpr) -> bool:
        """Whether *node* is an integer, enum or pointer."""
        return self.is_integer(node) or isinstance(self.types.resolve(node.type), Pointer)

    def is_pointer(self, node: TypedExpr) -> bool:
        """Whether *node* is a pointer or an array."""
        return isinstance(self.types.resolve(node.type), Pointer | Array)

    def is_void(self, node: TypedExpr) -> bool:
        """Whether *node* is no value."""
        resolved = self.types.resolve(node.type)
        return isinstance(resolved, Integer) and not resolved.bits

    def is_string(self, node: TypedExpr) -> bool:
        """Whether *node* is a D string."""
        return node.type is STRING or self.types.resolve(node.type) == STRING

    def is_dynamic(self, node: TypedExpr) -> bool:
        """Whether *node* has no type of its own: an aggregation or translated data."""
        if isinstance(node, Var) and node.variable.inline is not None:
            value = node.variable.inline.value
            return value is not None and self.is_dynamic(value)
        return node.type == DYNAMIC

    def is_action(self, node: TypedExpr) -> bool:
        """Whether *node* is an action and so has no place in an expression."""
        return isinstance(node, Call) and node.function.kind == Kind.ACTION

    def is_void_or_function_pointer(self, node: TypedExpr) -> bool:
        resolved = self.types.resolve(node.type)
        if not isinstance(resolved, Pointer):
            return False
        target = self.types.resolve(resolved.target)
        return isinstance(target, FunctionType) or (isinstance(target, Integer) and not target.bits)

    def type_name(self, node: TypedExpr) -> str:
        """What dtrace(1) calls the type of *node*."""
        if self.is_dynamic(node):
            if isinstance(node, Agg):
                return str(Kind.AGGREGATION)
            if (translation := translation_of(node)) is not None:
                return str(
                    Kind.TRANSLATED_POINTER
                    if translation.pointer and not isinstance(node, Unary)
                    else Kind.TRANSLATED
                )
            if isinstance(node, Call) and node.function.kind == Kind.AGGREGATING:
                return str(Kind.AGGREGATING)
            if isinstance(node, Var):
                return str(node.variable.kind)
        prefix = "userland " if node.flags & Flag.USERLAND else ""
        return prefix + self.types.name(node.type)

    def sizeof(self, node: TypedExpr) -> int:
        """Bytes of *node*."""
        if isinstance(node, Str):
            return len(node.value.encode("utf-8", "surrogateescape")) + 1
        return self.types.size(node.type)

    def pointers_fit(self, left: TypedExpr, right: TypedExpr) -> Type | None:
        """The more specific of two pointer types that fit each other, or None."""
        if self.is_dynamic(left) or self.is_dynamic(right):
            return None
        left_int, right_int = self.is_integer(left), self.is_integer(right)
        if left_int and right_int:
            return None
        for node, integer in ((left, left_int), (right, right_int)):
            if integer and not (isinstance(node, Int) and node.value == 0):
                return None
        if not left_int and not right_int and (left.flags ^ right.flags) & Flag.USERLAND:
            return None
        a = self.as_array(right.type if left_int else left.type)
        b = self.as_array(left.type if right_int else right.type)
        if not (isinstance(a, Pointer | Array) and isinstance(b, Pointer | Array)):
            return None
        target_a = self.types.resolve(a.target if isinstance(a, Pointer) else a.element)
        target_b = self.types.resolve(b.target if isinstance(b, Pointer) else b.element)
        void_a = isinstance(target_a, Integer) and not target_a.bits
        void_b = isinstance(target_b, Integer) and not target_b.bits
        if not (void_a or void_b or self.types.compatible(target_a, target_b)):
            return None
        if void_b:
            return right.type if left_int else left.type
        return left.type if right_int else right.type

    def as_array(self, type_: Type) -> Type:
        """The type behind *type_*, with a string as the array of characters that it is."""
        resolved = self.types.resolve(type_)
        return Array(CHAR, self.types.strsize) if resolved == STRING else resolved

    def argument_fits(self, parameter: TypedExpr, argument: TypedExpr) -> bool:
        """Whether *argument* may be passed or assigned to what *parameter* is."""
        if self.is_integer(parameter) and self.is_integer(argument):
            return True
        if self.types.is_string_like(parameter.type) and self.types.is_string_like(argument.type):
            return True
        resolved = self.types.resolve(parameter.type)
        if isinstance(resolved, Special) and resolved not in (STRING, DYNAMIC):
            return self.types.resolve(argument.type) == resolved
        if isinstance(resolved, FunctionType) or (
            isinstance(resolved, Tagged) and resolved.kind != "enum"
        ):
            return self.types.compatible(parameter.type, argument.type)
        return self.pointers_fit(parameter, argument) is not None
