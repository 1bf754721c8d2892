# SPDX-License-Identifier: BSD-2-Clause
"""
The checker: from the syntax tree of an expression to a typed one.

The rules are C's where D has nothing of its own, and the words those of dtrace(1), which finds
the same faults in the same order within a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dtkit.dlang import tree
from dtkit.dlang.declare import Declarer
from dtkit.dlang.findings import NOT_RUN, DError
from dtkit.dlang.fold import fold_binary, fold_cast, fold_unary, integer_constant
from dtkit.dlang.kernel import ProbePoint
from dtkit.dlang.predefined import Kind
from dtkit.dlang.scope import Scope
from dtkit.dlang.typed import (
    Agg,
    Assign,
    Binary,
    Call,
    Cast,
    Conditional,
    Flag,
    Inline,
    Int,
    MemberOf,
    Node,
    Signature,
    Str,
    Translate,
    Translation,
    Unary,
    Var,
    Variable,
    translation_of,
)
from dtkit.dlang.types import (
    CHAR,
    DYNAMIC,
    INT,
    LONG,
    STRING,
    Array,
    Float,
    Function,
    Integer,
    Pointer,
    Special,
    Tagged,
    Type,
    Typedef,
)

NONE = Flag(0)


class Checker:
    """
    Types expressions within *scope*.

    :ivar probe: the probe of the clause in hand, whose arguments ``args[]`` are; None outside of
        clauses and where a description matches probes of several kinds.
    :ivar description: the probe description of the clause in hand, for messages.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.types = scope.types
        self.declarer = Declarer(scope.types, self.constant)
        self.probe: ProbePoint | None = None
        self.description: str | None = None
        self._rules: dict[type, Callable[[Any, bool], Node]] = {
            tree.Int: self._int,
            tree.Str: self._str,
            tree.Name: self._name,
            tree.AggName: self._agg_name,
            tree.Unary: self._unary,
            tree.Postfix: self._postfix,
            tree.Binary: self._binary,
            tree.Assign: self._assign,
            tree.Conditional: self._conditional,
            tree.Call: self._call,
            tree.Index: self._index,
            tree.Member: self._member,
            tree.Cast: self._cast,
            tree.SizeofType: self._sizeof_type,
            tree.Offsetof: self._offsetof,
            tree.Translate: self._translate,
        }

    def expr(self, node: tree.Expr, read: bool = True) -> Node:
        """
        The typed tree of *node*.

        :param read: whether its value is used; a variable that is only written may be new.
        :raises DError: as dtrace(1) refuses it.
        """
        result = self._rules[type(node)](node, read)
        if read and isinstance(result, Var | Agg):
            result.variable.referenced = True
        return result

    def constant(self, node: tree.Expr) -> int | None:
        """The value of an integer constant expression, signed as its type is; None otherwise."""
        typed = self.expr(node)
        if not isinstance(typed, Int):
            return None
        return typed.signed_value if typed.signed else typed.value

    # What a value is

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
            case Array() | Function() | Special("string" | "<DYN>"):
                flags |= Flag.REF
            case Tagged(kind, _) if kind != "enum":
                flags |= Flag.REF
        return flags

    def is_integer(self, node: Node) -> bool:
        """Whether *node* is an integer or enum."""
        return self._is_integer(node.type)

    def _is_integer(self, type_: Type) -> bool:
        resolved = self.types.resolve(type_)
        if isinstance(resolved, Integer):
            return resolved.bits > 0
        return isinstance(resolved, Tagged) and resolved.kind == "enum"

    def is_scalar(self, node: Node) -> bool:
        """Whether *node* is an integer, enum or pointer."""
        return self.is_integer(node) or isinstance(self.types.resolve(node.type), Pointer)

    def is_pointer(self, node: Node) -> bool:
        """Whether *node* is a pointer or an array."""
        return isinstance(self.types.resolve(node.type), Pointer | Array)

    def is_void(self, node: Node) -> bool:
        """Whether *node* is no value."""
        resolved = self.types.resolve(node.type)
        return isinstance(resolved, Integer) and not resolved.bits

    def is_string(self, node: Node) -> bool:
        """Whether *node* is a D string."""
        return node.type is STRING or self.types.resolve(node.type) == STRING

    def is_dynamic(self, node: Node) -> bool:
        """Whether *node* has no type of its own: an aggregation or translated data."""
        if isinstance(node, Var) and node.variable.inline is not None:
            value = node.variable.inline.value
            return value is not None and self.is_dynamic(value)
        return node.type == DYNAMIC

    def is_action(self, node: Node) -> bool:
        """Whether *node* is an action and so has no place in an expression."""
        return isinstance(node, Call) and node.function.kind == Kind.ACTION

    def _is_void_or_function_pointer(self, node: Node) -> bool:
        resolved = self.types.resolve(node.type)
        if not isinstance(resolved, Pointer):
            return False
        target = self.types.resolve(resolved.target)
        return isinstance(target, Function) or (isinstance(target, Integer) and not target.bits)

    def type_name(self, node: Node) -> str:
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
            if isinstance(node, Var):
                return str(node.variable.kind)
        prefix = "userland " if node.flags & Flag.USERLAND else ""
        return prefix + self.types.name(node.type)

    def sizeof(self, node: Node) -> int:
        """Bytes of *node*."""
        if isinstance(node, Str):
            return len(node.value.encode("utf-8", "surrogateescape")) + 1
        return self.types.size(node.type)

    def pointers_fit(self, left: Node, right: Node) -> Type | None:
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
        a = self._as_array(right.type if left_int else left.type)
        b = self._as_array(left.type if right_int else right.type)
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

    def _as_array(self, type_: Type) -> Type:
        """The type behind *type_*, with a string as the array of characters that it is."""
        resolved = self.types.resolve(type_)
        return Array(CHAR, self.types.strsize) if resolved == STRING else resolved

    def argument_fits(self, parameter: Node, argument: Node) -> bool:
        """Whether *argument* may be passed or assigned to what *parameter* is."""
        if self.is_integer(parameter) and self.is_integer(argument):
            return True
        if self.types.is_string_like(parameter.type) and self.types.is_string_like(argument.type):
            return True
        resolved = self.types.resolve(parameter.type)
        if isinstance(resolved, Special) and resolved not in (STRING, DYNAMIC):
            return self.types.resolve(argument.type) == resolved
        if isinstance(resolved, Function) or (
            isinstance(resolved, Tagged) and resolved.kind != "enum"
        ):
            return self.types.compatible(parameter.type, argument.type)
        return self.pointers_fit(parameter, argument) is not None

    # Constants and names

    def _int(self, node: tree.Int, read: bool) -> Node:
        return integer_constant(node)

    def _str(self, node: tree.Str, read: bool) -> Node:
        return Str(node.at, STRING, self.node_flags(STRING), node.value)

    def _name(self, node: tree.Name, read: bool) -> Node:
        variable = self._lookup(node, Kind.SCALAR)
        return self._scalar(node.at, variable, read)

    def _agg_name(self, node: tree.AggName, read: bool) -> Node:
        variable = self.scope.aggregations.get(node.name)
        if variable is None:
            raise DError(
                f"failed to resolve @{node.name}: Unknown variable name", "D_IDENT_UNDEF", node.at
            )
        return Agg(node.at, DYNAMIC, Flag.REF | Flag.LVALUE | Flag.WRITABLE, variable)

    def _lookup(self, node: tree.Name, kind: Kind, create: bool = False) -> Variable:
        if "`" in node.name:
            raise DError(f"kernel symbols are not simulated: {node.name}", NOT_RUN, node.at, "-")
        variable = self.scope.find(node.name) or self._enumerator(node)
        if variable is None:
            if not create:
                raise DError(
                    f"failed to resolve {node.name}: Unknown variable name",
                    "D_IDENT_UNDEF",
                    node.at,
                )
            return self.scope.create(node.name, "global", kind, node.at)
        if variable.kind != kind and not (variable.kind == Kind.ARRAY and kind == Kind.ARRAY):
            raise DError(
                f"{variable.kind} '{variable.name}' may not be referenced as {kind}",
                "D_IDENT_BADREF",
                node.at,
            )
        return variable

    def _enumerator(self, node: tree.Name) -> Variable | None:
        """A name of an enum's value, as a variable that is inlined."""
        for tag, values in self.types.enums.items():
            if node.name in values:
                type_ = Tagged("enum", tag)
                variable = Variable(node.name, Kind.SCALAR, 0, "builtin", type_)
                value = values[node.name] & (1 << 64) - 1
                variable.inline = Inline(Int(node.at, type_, Flag.SIGNED, value))
                return variable
        return None

    def _scalar(self, at: int, variable: Variable, read: bool) -> Node:
        """A variable without keys."""
        if read and variable.fresh:
            raise DError(
                f"{variable.shown} has not yet been declared or assigned", "D_VAR_UNDEF", at
            )
        inline = variable.inline
        if inline is not None and isinstance(inline.value, Int):
            value = inline.value
            return Int(at, value.type, value.flags, value.value)
        type_ = variable.type
        if type_ is None:
            return Var(at, DYNAMIC, Flag.LVALUE | Flag.WRITABLE, variable)
        flags = self.node_flags(type_, variable.userland) | Flag.LVALUE
        if variable.writable:
            flags |= Flag.WRITABLE
        translation = variable.translator
        if inline is not None and inline.value is not None:
            translation = translation_of(inline.value)
        return Var(at, type_, flags, variable, None, translation)

    # Operators

    def _unary(self, node: tree.Unary, read: bool) -> Node:
        op = node.op
        if op in ("++", "--"):
            return self._increment(node.at, f"{op}x", node.operand)
        operand = self.expr(node.operand, read=False) if op == "&" else self.expr(node.operand)
        if isinstance(operand, Var):
            self._default_type(operand)
            if operand.type == DYNAMIC and operand.variable.type is not None:
                operand = self._scalar(operand.at, operand.variable, True)
            operand.variable.referenced = True  # type: ignore[attr-defined]
        if isinstance(operand, Int) and (folded := fold_unary(op, operand, node.at, self.types)):
            return folded
        if op == "*":
            return self._dereference(node.at, operand)
        if op in ("+", "-"):
            if not self.is_integer(operand):
                raise DError(
                    f"operator {op} requires an operand of arithmetic type", "D_OP_ARITH", node.at
                )
            return Unary(node.at, operand.type, operand.flags & ~Flag.LVALUE, op, operand)
        if op == "~":
            if not self.is_integer(operand):
                raise DError(
                    f"operator {op} requires an operand of integral type", "D_OP_INT", node.at
                )
            return Unary(node.at, operand.type, operand.flags & ~Flag.LVALUE, op, operand)
        if op == "!":
            if not self.is_scalar(operand):
                raise DError(
                    f"operator {op} requires an operand of scalar type", "D_OP_SCALAR", node.at
                )
            return Unary(node.at, INT, Flag.SIGNED, op, operand)
        if op == "&":
            return self._address(node.at, operand)
        if op == "sizeof":
            return self._sizeof(node.at, operand)
        return self._stringof(node.at, operand)

    def _default_type(self, operand: Var) -> None:
        # A variable that an operator meets before any assignment is a 64-bit integer.
        if operand.variable.fresh and operand.variable.type is None:
            operand.variable.type = Typedef("int64_t", LONG)

    def _dereference(self, at: int, operand: Node) -> Node:
        translation = translation_of(operand)
        if translation is not None and translation.pointer and self.is_dynamic(operand):
            return Unary(at, DYNAMIC, Flag.REF, "*", operand)
        resolved = self._as_array(operand.type)
        match resolved:
            case Array(element, _):
                type_ = element
            case Pointer(target):
                type_ = target
            case _:
                raise DError("cannot dereference non-pointer type", "D_DEREF_NONPTR", at)
        base = self.types.resolve(type_)
        if isinstance(base, Integer) and not base.bits:
            raise DError("cannot dereference pointer to void", "D_DEREF_VOID", at)
        if isinstance(base, Function):
            raise DError("cannot dereference pointer to function", "D_DEREF_FUNC", at)
        userland = bool(operand.flags & Flag.USERLAND)
        flags = self.node_flags(type_, userland)
        if not isinstance(base, Array):
            flags |= Flag.LVALUE
        if operand.flags & Flag.WRITABLE or (
            isinstance(operand, Binary) and operand.op == "+" and operand.left.flags & Flag.WRITABLE
        ):
            flags |= Flag.WRITABLE
        return Unary(at, type_, flags, "*", operand)

    def _address(self, at: int, operand: Node) -> Node:
        if isinstance(operand, Var | Agg):
            raise DError("cannot take address of dynamic variable", "D_ADDROF_VAR", at)
        if self.is_dynamic(operand):
            raise DError("cannot take address of dynamic object", "D_ADDROF_VAR", at)
        if not operand.flags & Flag.LVALUE:
            raise DError("unacceptable operand for unary & operator", "D_ADDROF_LVAL", at)
        if operand.flags & Flag.BITFIELD:
            raise DError("cannot take address of bit-field", "D_ADDROF_BITFIELD", at)
        userland = operand.flags & Flag.USERLAND
        return Unary(at, Pointer(operand.type), NONE | userland, "&", operand)

    def _sizeof(self, at: int, operand: Node) -> Node:
        size_t = self.scope.named("size_t")
        if operand.flags & Flag.BITFIELD:
            raise DError("cannot apply sizeof to a bit-field", "D_SIZEOF_BITFIELD", at)
        size = self.sizeof(operand)
        if size == 0:
            raise DError("cannot apply sizeof to an operand of unknown size", "D_SIZEOF_TYPE", at)
        if isinstance(operand, Str):
            return Int(at, size_t, NONE, size)
        return Unary(at, size_t, NONE, "sizeof", operand)

    def _stringof(self, at: int, operand: Node) -> Node:
        if not (
            self.is_scalar(operand)
            or self.is_pointer(operand)
            or self.types.is_string_like(operand.type)
        ):
            raise DError(
                f"cannot apply stringof to a value of type {self.type_name(operand)}",
                "D_STRINGOF_TYPE",
                at,
            )
        userland = bool(operand.flags & Flag.USERLAND)
        return Unary(at, STRING, self.node_flags(STRING, userland), "stringof", operand)

    def _postfix(self, node: tree.Postfix, read: bool) -> Node:
        return self._increment(node.at, f"x{node.op}", node.operand)

    def _increment(self, at: int, op: str, operand: tree.Expr) -> Node:
        sign = op.replace("x", "")
        if isinstance(operand, tree.Name):
            self._lookup(operand, Kind.SCALAR, create=True)
        child = self.expr(operand, read=False)
        if isinstance(child, Var):
            if child.variable.fresh:
                self._default_type(child)
                child = (
                    self._scalar(child.at, child.variable, False)
                    if child.keys is None
                    else self._element(child.at, child.variable, child.keys)
                )
                assert isinstance(child, Var)
            child.variable.referenced = child.variable.modified = True
        if not self.is_scalar(child):
            raise DError(f"operator {sign} requires operand of scalar type", "D_OP_SCALAR", at)
        if self._is_void_or_function_pointer(child):
            raise DError(f"operator {sign} requires an operand of known size", "D_OP_VFPTR", at)
        if not child.flags & Flag.LVALUE:
            raise DError(
                f"operator {sign} requires modifiable lvalue as an operand", "D_OP_LVAL", at
            )
        if not child.flags & Flag.WRITABLE:
            raise DError(
                f"operator {sign} can only be applied to a writable variable", "D_OP_WRITE", at
            )
        return Unary(at, child.type, child.flags & ~Flag.LVALUE, op, child)

    def _binary(self, node: tree.Binary, read: bool) -> Node:
        op, at = node.op, node.at
        left = self.expr(node.left)
        if op in ("==", "!=", "<", "<=", ">", ">="):
            right = self._compared(node, left)
        else:
            right = self.expr(node.right)
        if (folded := fold_binary(op, left, right, at, self.types)) is not None:
            return folded
        if op in ("&", "^", "|", "%"):
            self._require(self.is_integer, left, right, op, at, "integral", "D_OP_INT")
            return self._arithmetic(at, op, left, right)
        if op in ("*", "/"):
            self._require(self.is_integer, left, right, op, at, "arithmetic", "D_OP_ARITH")
            return self._arithmetic(at, op, left, right)
        if op in ("<<", ">>"):
            self._require(self.is_integer, left, right, op, at, "integral", "D_OP_INT")
            return Binary(at, left.type, left.flags & ~Flag.LVALUE, op, left, right)
        if op in ("&&", "^^", "||"):
            self._require(self.is_scalar, left, right, op, at, "scalar", "D_OP_SCALAR")
            return Binary(at, INT, Flag.SIGNED, op, left, right)
        if op in ("+", "-"):
            return self._additive(at, op, left, right)
        if op == ",":
            if self.is_dynamic(left) or self.is_dynamic(right):
                raise DError("operator , operands cannot be of dynamic type", "D_OP_DYN", at)
            if self.is_action(left) or self.is_action(right):
                raise DError("operator , operands cannot be actions", "D_OP_ACT", at)
            return Binary(at, right.type, right.flags & ~Flag.LVALUE, op, left, right)
        if not (
            self.types.compatible(left.type, right.type)
            or (self.is_integer(left) and self.is_integer(right))
            or (
                self.types.is_string_like(left.type)
                and self.types.is_string_like(right.type)
                and (self.is_string(left) or self.is_string(right))
            )
            or self.pointers_fit(left, right) is not None
        ):
            raise self._incompatible(at, op, left, right)
        return Binary(at, INT, Flag.SIGNED, op, left, right)

    def _compared(self, node: tree.Binary, left: Node) -> Node:
        """The right side of a comparison, which may be a name of the left side's enum."""
        resolved = self.types.resolve(left.type)
        right = node.right
        if (
            isinstance(resolved, Tagged)
            and resolved.kind == "enum"
            and isinstance(right, tree.Name)
            and right.name in self.types.enums.get(resolved.tag, {})
        ):
            if (other := self.scope.find(right.name)) is not None:
                raise DError(
                    f"ambiguous use of operator {node.op}: {right.name} is both a "
                    f"{self.type_name(left)} enum tag and a global {other.kind}",
                    "D_IDENT_AMBIG",
                    right.at,
                )
            value = self.types.enums[resolved.tag][right.name]
            return Int(right.at, left.type, NONE, value & (1 << 64) - 1)
        return self.expr(right)

    def _require(
        self,
        test: Callable[[Node], bool],
        left: Node,
        right: Node,
        op: str,
        at: int,
        what: str,
        tag: str,
    ) -> None:
        if not test(left) or not test(right):
            raise DError(f"operator {op} requires operands of {what} type", tag, at)

    def _arithmetic(self, at: int, op: str, left: Node, right: Node) -> Node:
        type_ = self.types.promote(left.type, right.type)
        return Binary(at, type_, self.node_flags(type_), op, left, right)

    def _additive(self, at: int, op: str, left: Node, right: Node) -> Node:
        def pointer(node: Node) -> bool:
            return self.is_string(node) or (
                self.is_pointer(node) and not self._is_void_or_function_pointer(node)
            )

        left_int, right_int = self.is_integer(left), self.is_integer(right)
        if left_int and right_int:
            return self._arithmetic(at, op, left, right)
        if pointer(left) and right_int:
            type_, userland = left.type, left.flags & Flag.USERLAND
        elif left_int and pointer(right) and op == "+":
            type_, userland = right.type, right.flags & Flag.USERLAND
        elif (
            pointer(left)
            and pointer(right)
            and op == "-"
            and self.pointers_fit(left, right) is not None
        ):
            type_, userland = self.scope.named("ptrdiff_t"), NONE
        else:
            raise self._incompatible(at, op, left, right)
        return Binary(at, type_, self.node_flags(type_) | userland, op, left, right)

    def _incompatible(self, at: int, op: str, left: Node, right: Node) -> DError:
        return DError(
            f'operands have incompatible types: "{self.type_name(left)}" {op} '
            f'"{self.type_name(right)}"',
            "D_OP_INCOMPAT",
            at,
        )

    def _conditional(self, node: tree.Conditional, read: bool) -> Node:
        at = node.at
        test = self.expr(node.test)
        if isinstance(test, Int):
            return self.expr(node.yes if test.value else node.no)
        yes, no = self.expr(node.yes), self.expr(node.no)
        if not self.is_scalar(test):
            raise DError("operator ?: expression must be of scalar type", "D_OP_SCALAR", at)
        if self.is_dynamic(yes) or self.is_dynamic(no):
            raise DError("operator ?: operands cannot be of dynamic type", "D_OP_DYN", at)
        type_: Type | None
        if self.types.compatible(yes.type, no.type):
            type_ = yes.type
        elif self.is_integer(yes) and self.is_integer(no):
            type_ = self.types.promote(yes.type, no.type)
        elif (
            self.types.is_string_like(yes.type)
            and self.types.is_string_like(no.type)
            and (self.is_string(yes) or self.is_string(no))
        ):
            type_ = STRING
        else:
            type_ = self.pointers_fit(yes, no)
        if type_ is None:
            raise DError("operator ?: operands must have compatible types", "D_OP_INCOMPAT", at)
        if self.is_action(yes) or self.is_action(no):
            raise DError("action cannot be used in a conditional context", "D_OP_ACT", at)
        return Conditional(at, type_, self.node_flags(type_), test, yes, no)

    def _cast(self, node: tree.Cast, read: bool) -> Node:
        at = node.at
        type_ = self.declarer.type_of(node.type)
        operand = self.expr(node.operand)
        flags = self.node_flags(type_)
        if isinstance(operand, Int) and self._is_integer(type_):
            return fold_cast(operand, type_, flags, at, self.types)
        to = self.types.resolve(type_)
        of = self.types.resolve(operand.type)
        scalar = self._is_integer(type_) or isinstance(to, Pointer)
        if not (
            self.types.compatible(type_, operand.type)
            or (scalar and (self.is_scalar(operand) or isinstance(of, Function)))
            or (isinstance(to, Integer) and not to.bits)
            or (isinstance(to, Pointer) and self.is_pointer(operand))
            or (
                to == STRING
                and (
                    self.is_scalar(operand)
                    or self.is_pointer(operand)
                    or self.types.is_string_like(operand.type)
                )
            )
        ):
            raise DError(
                f'invalid cast expression: "{self.type_name(operand)}" to '
                f'"{self.types.name(type_)}"',
                "D_CAST_INVAL",
                at,
            )
        if isinstance(to, Pointer):
            flags |= Flag.WRITABLE
        return Cast(at, type_, flags, operand)

    def _sizeof_type(self, node: tree.SizeofType, read: bool) -> Node:
        size = self.types.size(self.declarer.type_of(node.type))
        if size == 0:
            raise DError(
                "cannot apply sizeof to an operand of unknown size",
                "D_SIZEOF_TYPE",
                node.at,
                "-",
            )
        return Int(node.at, self.scope.named("size_t"), NONE, size)

    def _offsetof(self, node: tree.Offsetof, read: bool) -> Node:
        type_ = self.types.resolve(self.declarer.type_of(node.type))
        if not isinstance(type_, Tagged) or type_.kind == "enum":
            raise DError(
                "offsetof operand must be a struct or union type", "D_OFFSETOF_TYPE", node.at
            )
        member = self.types.member(type_, node.member)
        if member is None:
            raise DError(
                f"failed to determine offset of {node.member}: Invalid member name",
                "D_UNKNOWN",
                node.at,
                "-",
            )
        if self.node_flags(member.type) & Flag.BITFIELD:
            raise DError(
                f"cannot take offset of a bit-field: {node.member}",
                "D_OFFSETOF_BITFIELD",
                node.at,
            )
        return integer_constant(tree.Int(node.at, member.offset // 8))

    # Members

    def _member(self, node: tree.Member, read: bool) -> Node:
        if node.op == "->" and isinstance(node.base, tree.Name):
            if node.base.name == "self":
                return self._scoped(node, self.scope.thread, "thread", read)
            if node.base.name == "this":
                return self._scoped(node, self.scope.clause, "clause", read)
        at = node.at
        base = self.expr(node.base)
        translation = translation_of(base) if self.is_dynamic(base) else None
        if translation is not None:
            return self._translated_member(node, base, translation)
        type_ = self.types.resolve(base.type)
        if node.op == "->":
            if not isinstance(type_, Pointer):
                raise DError("operator -> must be applied to a pointer", "D_OP_PTR", at)
            type_ = self.types.resolve(type_.target)
        if not isinstance(type_, Tagged) or type_.kind == "enum":
            name = self.types.name(type_)
            raise DError(
                f'operator -> cannot be applied to pointer to type "{name}"; must be applied to '
                "a struct or union pointer"
                if node.op == "->"
                else f'operator . cannot be applied to type "{name}"; must be applied to a struct '
                "or union",
                "D_OP_SOU",
                at,
            )
        if not self.types.is_complete(type_):
            raise DError(
                f"operator {node.op} cannot be applied to a forward declaration: no "
                f"{self.types.name(type_)} definition is available",
                "D_OP_INCOMPLETE",
                at,
            )
        member = self.types.member(type_, node.name)
        if member is None:
            raise DError(
                f"{node.name} is not a member of {self.types.name(type_)}", "D_TYPE_MEMBER", at
            )
        resolved = self.types.resolve(member.type)
        flags = self.node_flags(member.type)
        if (node.op == "->" or base.flags & Flag.LVALUE) and not isinstance(resolved, Array):
            flags |= Flag.LVALUE
        flags |= base.flags & Flag.WRITABLE
        if base.flags & Flag.USERLAND and (isinstance(resolved, Pointer) or flags & Flag.REF):
            flags |= Flag.USERLAND
        return MemberOf(at, member.type, flags, node.op, base, member)

    def _translated_member(self, node: tree.Member, base: Node, translation: Translation) -> Node:
        if node.name not in translation.members:
            raise DError(
                f"translator does not define conversion for member: {node.name}",
                "D_XLATE_NOCONV",
                node.at,
            )
        member = self.types.member(translation.output, node.name)
        assert member is not None
        flags = self.node_flags(member.type)
        return MemberOf(node.at, member.type, flags, node.op, base, member, translation)

    def _scoped(
        self, node: tree.Member, variables: dict[str, Variable], scope: str, read: bool
    ) -> Node:
        variable = variables.get(node.name)
        if variable is None:
            variable = self.scope.create(node.name, scope, Kind.SCALAR, node.at)
        if variable.kind == Kind.ARRAY:
            if read:
                raise DError(
                    f"{Kind.ARRAY} '{variable.name}' may not be referenced as {Kind.SCALAR}",
                    "D_IDENT_BADREF",
                    node.at,
                )
            return Var(node.at, DYNAMIC, Flag.LVALUE | Flag.WRITABLE, variable)
        return self._scalar(node.at, variable, read)

    # Arrays

    def _index(self, node: tree.Index, read: bool) -> Node:
        base = node.base
        at = node.at
        if isinstance(base, tree.AggName):
            variable = self.scope.aggregations.get(base.name)
            if variable is None:
                variable = self.scope.create(base.name, "aggregation", Kind.AGGREGATION, base.at)
            keys = tuple(self.expr(key) for key in node.keys)
            return Agg(at, DYNAMIC, Flag.REF | Flag.LVALUE | Flag.WRITABLE, variable, keys)
        if isinstance(base, tree.Name) and base.name not in ("self", "this"):
            found = self.scope.find(base.name)
            if found is None or found.fresh:
                found = found or self._lookup(base, Kind.ARRAY, create=True)
            if found.kind == Kind.ARRAY:
                return self._array_element(at, found, node.keys, read)
            if found.kind != Kind.SCALAR or found.fresh:
                raise DError(
                    f"{found.kind} '{found.name}' may not be referenced as {Kind.ARRAY}",
                    "D_IDENT_BADREF",
                    at,
                )
        if isinstance(base, tree.Member) and base.op == "->" and isinstance(base.base, tree.Name):
            scoped = self.scope.scoped(base.base.name)
            if scoped is not None:
                variables, scope = scoped
                found = variables.get(base.name) or self.scope.create(
                    base.name, scope, Kind.SCALAR, base.at
                )
                if found.kind == Kind.SCALAR and found.fresh:
                    if scope == "clause":
                        raise DError(
                            f"local variables may not be used as associative arrays: {found.name}",
                            "D_ARR_LOCAL",
                            at,
                        )
                    found.kind = Kind.ARRAY
                if found.kind == Kind.ARRAY:
                    return self._array_element(at, found, node.keys, read)
        left = self.expr(base)
        if len(node.keys) > 1:
            what = (
                left.name
                if not isinstance(left, Var)
                else f"{left.variable.kind} {left.variable.name}"
            )
            raise DError(f"cannot access {what} as an associative array", "D_ARR_BADREF", at)
        right = self.expr(node.keys[0])
        return self._dereference(at, self._additive(at, "+", left, right))

    def _array_element(
        self, at: int, variable: Variable, keys: Sequence[tree.Expr], read: bool
    ) -> Node:
        typed = tuple(self.expr(key) for key in keys)
        if variable.scope == "builtin" and variable.inline is None:
            if variable.name == "args":
                return self._args(at, variable, typed)
            if len(typed) != 1 or not isinstance(typed[0], Int):
                raise DError(f"{variable.name}[ ] needs one integer constant", "D_PROTO_ARG", at)
        elif read and variable.fresh:
            raise DError(
                f"{variable.shown} has not yet been declared or assigned", "D_VAR_UNDEF", at
            )
        return self._element(at, variable, typed)

    def _element(self, at: int, variable: Variable, keys: tuple[Node, ...]) -> Node:
        self.sign_keys(at, variable, keys)
        type_ = variable.type
        if type_ is None:
            return Var(at, DYNAMIC, Flag.LVALUE | Flag.WRITABLE, variable, keys)
        flags = self.node_flags(type_, variable.userland) | Flag.LVALUE
        if variable.writable:
            flags |= Flag.WRITABLE
        return Var(at, type_, flags, variable, keys)

    def sign_keys(self, at: int, variable: Variable, keys: tuple[Node, ...]) -> None:
        """Check keys against those that an array or aggregation was first used with."""
        prefix = "@" if variable.kind == Kind.AGGREGATION else ""
        if variable.signature is None:
            for number, key in enumerate(keys, 1):
                if self.is_dynamic(key) or self.is_void(key):
                    raise DError(
                        f"{self.type_name(key)} expression may not be used as {variable.kind} "
                        f"index: key #{number}",
                        "D_KEY_TYPE",
                        key.at,
                    )
            variable.signature = Signature(tuple(key.type for key in keys))
        else:
            self._match(at, variable, keys, prefix, "[ ]", "key")

    def _match(
        self,
        at: int,
        variable: Variable,
        arguments: Sequence[Node],
        prefix: str,
        suffix: str,
        what: str,
    ) -> None:
        signature = variable.signature
        assert signature is not None
        given, expected = len(arguments), len(signature.arguments)
        at_least = ""
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
        for number in range(limit):
            parameter = signature.arguments[number]
            if parameter is None:
                continue
            argument = arguments[number]
            if not self.argument_fits(Node(at, parameter, self.node_flags(parameter)), argument):
                label = "key" if what == "key" else "argument"
                raise DError(
                    f"{who} {label} #{number + 1} is incompatible with prototype:\n"
                    f"\tprototype: {self.types.name(parameter)}\n"
                    f"\t{label:>9}: {self.type_name(argument)}",
                    "D_PROTO_ARG",
                    argument.at,
                )

    def _args(self, at: int, variable: Variable, keys: tuple[Node, ...]) -> Node:
        if len(keys) != 1:
            count = f"{len(keys)} arg{' ' if len(keys) == 1 else 's '}"
            raise DError(
                f"args[ ] prototype mismatch: {count}passed, 1 expected", "D_PROTO_LEN", at
            )
        key = keys[0]
        if not isinstance(key, Int):
            raise DError(
                "args[ ] argument #1 is incompatible with prototype:\n"
                f"\tprototype: integer constant\n\t argument: {self.type_name(key)}",
                "D_PROTO_ARG",
                key.at,
            )
        if self.description is None:
            raise DError(
                "args[ ] may not be referenced outside of a probe clause", "D_ARGS_NONE", at
            )
        if self.probe is None:
            raise DError(
                f"args[ ] may not be referenced because probe description {self.description} "
                "matches an unstable set of probes",
                "D_ARGS_MULTI",
                at,
            )
        if key.value >= len(self.probe.arguments):
            raise DError(
                f"index {key.signed_value} is out of range for {self.description} args[ ]",
                "D_ARGS_IDX",
                at,
            )
        index = key.value
        native, translated = self.probe.argument_types(index)
        if native == "(unknown)":
            raise DError(f"failed to resolve native type for args[{index}]", "D_ARGS_TYPE", at)
        try:
            native_type = self.scope.type_named(native)
        except DError:
            raise DError(f"the type {native} is not simulated", NOT_RUN, at, "-") from None
        if native == translated:
            flags = self.node_flags(native_type) | Flag.LVALUE
            return Var(at, native_type, flags, variable, keys)
        output = self.scope.type_named(translated)
        translation = self.scope.translator(native_type, output)
        if translation is None:
            given = Node(at, native_type, self.node_flags(native_type))
            if self.argument_fits(Node(at, output, self.node_flags(output)), given):
                return Var(at, output, self.node_flags(output) | Flag.LVALUE, variable, keys)
            raise DError(
                f"translator for args[{index}] from {native} to {translated} is not defined",
                "D_ARGS_XLATOR",
                at,
            )
        return Var(at, DYNAMIC, Flag.REF, variable, keys, translation)

    def _translate(self, node: tree.Translate, read: bool) -> Node:
        output = self.declarer.type_of(node.type)
        operand = self.expr(node.operand)
        translation = self.scope.translator(operand.type, output)
        if translation is None:
            raise DError(
                f'cannot translate from "{self.type_name(operand)}" to "{self.types.name(output)}"',
                "D_XLATE_NONE",
                node.at,
            )
        return Translate(node.at, DYNAMIC, Flag.REF, operand, translation)

    # Calls

    def _call(self, node: tree.Call, read: bool) -> Node:
        if not isinstance(node.function, tree.Name):
            raise DError("function designator is not of function type", "D_FUNC_IDENT", node.at)
        name = node.function.name
        function = self.scope.find(name)
        with self._parse_error():
            if function is None or (function.declared and function.kind == Kind.SCALAR):
                raise DError(f"undefined function name: {name}", "D_FUNC_UNDEF", node.at)
            if function.kind not in (Kind.FUNCTION, Kind.ACTION, Kind.AGGREGATING):
                raise DError(
                    f"{function.kind} '{name}' may not be referenced as a function",
                    "D_FUNC_IDKIND",
                    node.at,
                )
        arguments = tuple(self.expr(argument) for argument in node.arguments)
        if function.signature is None:
            function.signature, function.type = self.scope.prototype(function)
        self._match(node.at, function, arguments, "", "( )", "arg")
        result = DYNAMIC if function.kind == Kind.AGGREGATING else function.type
        assert result is not None
        return Call(node.at, result, self.node_flags(result), function, arguments)

    @contextmanager
    def _parse_error(self) -> Iterator[None]:
        """What is found while parsing has no region in its message."""
        try:
            yield
        except DError as error:
            error.region = "-"
            raise

    # Assignments

    def _assign(self, node: tree.Assign, read: bool) -> Node:
        op, at = node.op, node.at
        target = node.target
        if isinstance(target, tree.AggName) and op == "=":
            if target.name not in self.scope.aggregations:
                self.scope.create(target.name, "aggregation", Kind.AGGREGATION, target.at)
        elif isinstance(target, tree.Name):
            self._lookup(target, Kind.SCALAR, create=True)
        if op == "=":
            return self._plain_assign(node)
        left = self._written(target)
        right = self.expr(node.value)
        operator = op[:-1]
        if operator in ("|", "^", "&", "<<", ">>", "%"):
            self._require(self.is_integer, left, right, op, at, "integral", "D_OP_INT")
        elif operator in ("*", "/"):
            self._require(self.is_integer, left, right, op, at, "arithmetic", "D_OP_ARITH")
        else:
            self._check_step(at, op, left, right)
        if operator in ("/", "%") and isinstance(right, Int) and right.value == 0:
            raise DError("expression contains division by zero", "D_DIV_ZERO", at, "-")
        return self._assigned(at, op, left, right)

    def _written(self, target: tree.Expr) -> Node:
        """The target of a compound assignment: read and written."""
        left = self.expr(target, read=False)
        if isinstance(left, Var):
            if left.variable.fresh:
                raise DError(
                    f"{left.variable.shown} has not yet been declared or assigned",
                    "D_VAR_UNDEF",
                    left.at,
                )
            left.variable.referenced = left.variable.modified = True
        return left

    def _check_step(self, at: int, op: str, left: Node, right: Node) -> None:
        if self.is_string(left) or self.is_string(right):
            raise self._incompatible(at, op, left, right)
        if self.is_integer(left) and self.is_integer(right):
            return
        if not self.is_pointer(left) or self._is_void_or_function_pointer(left):
            raise DError(
                f"operator {op} requires left-hand scalar operand of known size",
                "D_OP_VFPTR",
                at,
            )
        if not self.is_integer(right) and self.pointers_fit(left, right) is None:
            raise self._incompatible(at, op, left, right)

    def _plain_assign(self, node: tree.Assign) -> Node:
        at = node.at
        left = self.expr(node.target, read=False)
        right = self.expr(node.value)
        if isinstance(left, Agg):
            return self._aggregate(at, left, right)
        translation = translation_of(right) if self.is_dynamic(right) else None
        type_ = translation.output if translation is not None else right.type
        userland = bool(right.flags & Flag.USERLAND)
        if isinstance(left, Var) and left.variable.fresh and left.variable.type is None:
            left.variable.type = type_
            left.variable.userland = userland
            flags = self.node_flags(type_, userland) | Flag.LVALUE | Flag.WRITABLE
            left = Var(left.at, type_, flags, left.variable, left.keys)
        if isinstance(left, Var):
            left.variable.modified = True
        resolved = self.types.resolve(left.type)
        if isinstance(resolved, Array | Function):
            raise DError(
                f'operator = may not be applied to operand of type "{self.type_name(left)}"',
                "D_OP_ARRFUN",
                at,
            )
        if not (
            (translation is not None and self.types.compatible(left.type, type_))
            or self.argument_fits(left, right)
        ):
            raise self._incompatible(at, "=", left, right)
        return self._assigned(at, "=", left, right)

    def _assigned(self, at: int, op: str, left: Node, right: Node) -> Node:
        if isinstance(right, Int):
            # dtrace(1) cuts a constant to the size of what it is assigned to.
            cut = fold_cast(right, left.type, right.flags, right.at, self.types)
            right = Int(right.at, right.type, right.flags, cut.value)
        if not left.flags & Flag.LVALUE:
            raise DError(f"operator {op} requires modifiable lvalue as an operand", "D_OP_LVAL", at)
        if not left.flags & Flag.WRITABLE:
            raise DError(
                f"operator {op} can only be applied to a writable variable", "D_OP_WRITE", at
            )
        return Assign(at, left.type, left.flags & ~Flag.LVALUE, op, left, right)

    def _aggregate(self, at: int, left: Agg, right: Node) -> Node:
        name = left.variable.name
        if not isinstance(right, Call) or right.function.kind != Kind.AGGREGATING:
            raise DError(
                f"@{name} must be assigned the result of an aggregating function",
                "D_AGG_FUNC",
                at,
            )
        before = left.variable.function
        if before is not None and before is not right.function:
            line = self.scope.line(left.variable.at)
            raise DError(
                f"aggregation redefined: @{name}\n\t current: @{name} = {right.function.name}( )\n"
                f"\tprevious: @{name} = {before.name}( ) : line {line}",
                "D_AGG_REDEF",
                at,
            )
        left.variable.function = right.function
        if left.function is not None:
            raise DError("operator = requires modifiable lvalue as an operand", "D_OP_LVAL", at)
        self.sign_keys(at, left.variable, left.keys)
        left.variable.modified = True
        return Agg(left.at, DYNAMIC, left.flags, left.variable, left.keys, right)
