# SPDX-License-Identifier: BSD-2-Clause
"""From declarations in a program to types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dtkit.dlang.checker.missing import incomplete, undeclared
from dtkit.dlang.findings import DError
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.tree import ArrayOf, Declarator, Expr, FunctionOf, PointerTo, Specifiers
from dtkit.dlang.types import (
    BASIC,
    SPECIAL,
    Array,
    FunctionType,
    Integer,
    Member,
    Pointer,
    Qualified,
    StructLayout,
    Tagged,
    Type,
    Typedef,
    Types,
)

#: The keywords that say where a variable lives or that a name is a type.
_TYPE_WORDS = {"char", "short", "int", "long", "signed", "unsigned"}
STORAGE = {"auto", "register", "static", "extern", "typedef", "self", "this"}

_QUALIFIERS = {"const", "volatile", "restrict"}

#: What the kernel's own types have by these names, where D's types have another: two of 32 bits
#: whose pointers do not fit each other.
_OF_KERNEL = {"uint32_t": BASIC["unsigned int"]}

#: The value of a constant expression, or None where it is not constant.
Evaluate = Callable[[Expr], int | None]

#: No array or struct may be larger, in bytes: what a record's size can say.
_MAX_SIZE = 0x7FFF_FFFF


class Declarer:
    """
    Turns specifiers and declarators into types, and defines tags and typedef names.

    :param types: where names are looked up and defined.
    :param evaluate: the value of an array's size or a bit-field's width.
    """

    def __init__(self, types: Types, evaluate: Evaluate) -> None:
        self.types = types
        self.evaluate = evaluate
        #: Whether what is declared is laid out as by a C compiler, or as by dtrace(1).
        self.native = False
        #: Whether what is declared is the kernel's own, and not of D's library.
        self.kernel = False
        #: Whether a name stands for something already, so that no enumerator may have it.
        self.is_taken: Callable[[str], bool] = lambda name: False

    def storage(self, specifiers: Specifiers) -> str | None:
        """The storage class of a declaration; raises :class:`DError` when it has two."""
        found = [word for word in specifiers.words if word in STORAGE]
        if len(found) > 1:
            raise DError(
                "only one storage class allowed in declaration", "D_DECL_CLASS", specifiers.at
            )
        return found[0] if found else None

    def type_of(self, name: tree.TypeName) -> Type:
        """The type that *name* writes."""
        return self.declared(name.specifiers, name.declarator)

    def declared(self, specifiers: Specifiers, declarator: Declarator) -> Type:
        """The type of what *declarator* declares."""
        return self.derive(self.base(specifiers), declarator.derivations)

    def array_keys(self, parameters: Sequence[tree.Parameter]) -> tuple[Type, ...]:
        """
        The types of an associative array's keys.

        :raises DError: they are no keys.
        """
        self._check_parameters(parameters, "array")
        return tuple(self.parameter(parameter) for parameter in parameters)

    def _check_parameters(self, parameters: Sequence[tree.Parameter], kind: str) -> None:
        """Check parameters of an ``array``, or of a ``function``, which may be void or varargs."""
        known: set[str] = set()
        voids = 0
        for number, parameter in enumerate(parameters, 1):
            at = parameter.at
            if parameter.specifiers is None:
                if kind == "array":
                    raise DError(
                        f"{kind} prototype may not use a variable-length argument list",
                        "D_DECL_PROTO_VARARGS",
                        at,
                        "-",
                    )
                continue
            if self.storage(parameter.specifiers) is not None:
                raise DError(
                    "inappropriate storage class for function or associative array parameter",
                    "D_DECL_PARMCLASS",
                    at,
                    "-",
                )
            name = parameter.declarator.name
            match parameter.declarator.derivations:
                case (tree.ArrayOf(keys=keys), *_) if keys is not None:
                    raise DError(
                        f"{kind} prototype may not use parameter of type dynamic variable: "
                        f"{name or '(anonymous)'}, parameter #{number}",
                        "D_DECL_PROTO_TYPE",
                        at,
                        "-",
                    )
            type_ = self.types.resolve(self.parameter(parameter))
            if isinstance(type_, Integer) and not type_.bits:
                voids += 1
                if kind == "array":
                    raise DError(
                        f"{kind} prototype may not use parameter of type void: "
                        f"{name or '(anonymous)'}, parameter #{number}",
                        "D_DECL_PROTO_TYPE",
                        at,
                        "-",
                    )
                if name is not None:
                    raise DError(
                        f"void parameter may not have a name: {name}", "D_DECL_PROTO_NAME", at, "-"
                    )
            if name in known:
                raise DError(
                    f"parameter is already declared in {kind} prototype: {name}, "
                    f"parameter #{number}",
                    "D_DECL_PROTO_FORM",
                    at,
                    "-",
                )
            if name is not None:
                known.add(name)
        if voids and len(parameters) > 1:
            raise DError("void must be sole parameter", "D_DECL_PROTO_VOID", parameters[0].at, "-")

    def parameter(self, parameter: tree.Parameter) -> Type:
        """The type of a parameter: arrays and functions are pointers there."""
        assert parameter.specifiers is not None
        type_ = self.declared(parameter.specifiers, parameter.declarator)
        resolved = self.types.resolve(type_)
        if isinstance(resolved, Array):
            return Pointer(resolved.element)
        return Pointer(resolved) if isinstance(resolved, FunctionType) else type_

    def base(self, specifiers: Specifiers) -> Type:
        """The type that specifiers alone give."""
        words = [word for word in specifiers.words if word not in STORAGE | _QUALIFIERS]
        words = [word for word in words if word != "userland"]
        if specifiers.body is not None:
            if words:
                raise _no_attributes_of_body(words, specifiers.at)
            body = specifiers.body
            base: Type = (
                self._struct(body) if isinstance(body, tree.StructSpecifier) else self._enum(body)
            )
        elif specifiers.name is not None:
            if words:
                self._no_attributes(words, specifiers)
            base = self._named(specifiers.name, specifiers.at)
        else:
            base = self._basic(words, specifiers)
        # dtrace(1) does not keep the qualifiers that a program writes.
        if self.native:
            for word in specifiers.words:
                if word in _QUALIFIERS:
                    base = Qualified(word, base)
        return base

    def _no_attributes(self, words: Sequence[str], specifiers: Specifiers) -> None:
        kind = (
            "short and long may not be used with"
            if {"short", "long"} & {*words}
            else "signed and unsigned may only be used with"
        )
        raise DError(
            f"invalid type declaration: {kind} integer type", "D_DECL_SIGNINT", specifiers.at
        )

    def _named(self, name: str, at: int) -> Type:
        if name in SPECIAL:
            return SPECIAL[name]
        # A module's name in front of a type only says where to look for it.
        bare = name.rpartition("`")[2]
        if self.kernel and bare in _OF_KERNEL:
            return Typedef(bare, _OF_KERNEL[bare])
        if self.native and not self.kernel:
            # D's library has it as its own from here on.
            self.types.of_kernel.discard(("typedef", bare))
        if bare in self.types.typedefs:
            return Typedef(bare, self.types.typedefs[bare])
        message = f"failed to resolve type {name}: Unknown type name"
        raise undeclared(self.types, "typedef", bare, message, "D_DECL_TYPE", at)

    def _basic(self, words: Sequence[str], specifiers: Specifiers) -> Type:
        counts = {word: words.count(word) for word in words}
        kinds = [word for word in words if word in ("void", "char", "int", "float", "double")]
        signed, unsigned = counts.get("signed", 0), counts.get("unsigned", 0)
        short, long = counts.get("short", 0), counts.get("long", 0)
        if short and long:
            message = "failed to resolve type short long : Unknown type name"
            raise DError(message, "D_UNKNOWN", specifiers.at)
        if len(kinds) > 1 or signed + unsigned > 1 or short > 1 or long > 2:
            raise DError("invalid type combination", "D_DECL_COMBO", specifiers.at)
        if words in (["signed"], ["unsigned"]):
            # One of D's own, and no other name of a type of C.
            return BASIC[words[0]]
        kind = kinds[0] if kinds else "int"
        if kind == "char" and (short or long):
            raise DError(
                "invalid type declaration: short and long may not be used with char type",
                "D_DECL_CHARATTR",
                specifiers.at,
            )
        if kind == "void" and words != ["void"]:
            raise DError(
                "invalid type declaration: attributes may not be used with void type",
                "D_DECL_VOIDATTR",
                specifiers.at,
            )
        if kind in ("float", "double") and (signed or unsigned):
            raise DError(
                "invalid type declaration: signed and unsigned may only be used with integer type",
                "D_DECL_SIGNINT",
                specifiers.at,
            )
        if kind in ("float", "double"):
            return BASIC["long double" if long else kind]
        width = "long long" if long == 2 else "long" if long else "short" if short else kind
        if signed:
            width = f"signed {width}"
        elif unsigned:
            width = f"unsigned {width}"
        return BASIC[width]

    def derive(self, base: Type, derivations: Sequence[PointerTo | ArrayOf | FunctionOf]) -> Type:
        """*base* with the pointers, arrays and functions of a declarator put upon it."""
        type_ = base
        size = self.types.size(base)
        for step in reversed(derivations):
            match step:
                case PointerTo(qualifiers):
                    type_, size = Pointer(type_), self.types.word
                    for qualifier in qualifiers if self.native else ():
                        type_ = Qualified(qualifier, type_)
                case ArrayOf(at, count, keys):
                    if keys is not None:
                        raise DError("cannot declare associative array here", "D_DECL_DYNOBJ", at)
                    type_ = self._array(type_, count, at, size)
                    size *= type_.count
                case FunctionOf(_, parameters):
                    type_, size = self._function(type_, parameters), 0
        return type_

    def _array(self, element: Type, length: Expr | None, at: int, size: int) -> Array:
        """An array of elements of *size* bytes."""
        resolved = self.types.resolve(element)
        if isinstance(resolved, Integer) and not resolved.bits:
            raise DError("cannot declare array of void", "D_DECL_VOIDOBJ", at)
        count = 0
        if length is not None:
            value = self.evaluate(length)
            if value is None or value < 0:
                raise DError(
                    "positive integral constant expression or tuple signature expected as "
                    "array declaration subscript",
                    "D_DECL_ARRSUB",
                    at,
                )
            count = value
        if count * max(1, size) > _MAX_SIZE:
            raise DError("array dimension too big", "D_DECL_ARRBIG", at)
        return Array(element, count)

    def _function(self, result: Type, parameters: Sequence[tree.Parameter]) -> FunctionType:
        if not self.native:
            self._check_parameters(parameters, "function")
        varargs = any(parameter.specifiers is None for parameter in parameters)
        types = tuple(self.parameter(p) for p in parameters if p.specifiers is not None)
        if len(types) == 1 and isinstance(types[0], Integer) and not types[0].bits:
            types = ()
        return FunctionType(result, types, varargs)

    def _struct(self, body: tree.StructSpecifier) -> Tagged:
        tag = body.tag if body.tag is not None else self.types.anonymous_tag()
        type_ = Tagged(body.kind, tag)
        if body.members is None:
            # A kernel's struct may be named with its module: struct kernel`mbuf.
            return replace(type_, tag=tag.rpartition("`")[2])
        if (body.kind, tag) in self.types.layouts and not self.types.redeclare(body.kind, tag):
            raise DError(f"type redeclared: {body.kind} {tag}", "D_DECL_TYPERED", body.at)
        self.types.layouts[body.kind, tag] = self._layout(body)
        if self.kernel:
            self.types.of_kernel.add((body.kind, tag))
        return type_

    def _layout(self, body: tree.StructSpecifier) -> StructLayout:
        members: list[Member] = []
        names: set[str | None] = set()
        union = body.kind == "union"
        at_bit = 0  # where the next member may begin, in bits
        size = alignment = 1
        end = 0
        for declaration in body.members or ():
            base = self.base(declaration.specifiers)
            declarators = declaration.declarators or (Declarator(declaration.specifiers.at),)
            for declarator in declarators:
                type_ = self.derive(base, declarator.derivations)
                self._check_member(type_, declarator)
                offset = 0 if union else at_bit
                wide = self.types.size(type_) * 8
                align = self.types.alignment if self.native else self.types.alignment_in_program
                aligned = align(type_)
                if declarator.bits is not None and not self.native:
                    type_, bits = self._bit_field(type_, declarator)
                    # dtrace(1) lets each bit-field of a program begin at a byte.
                    wide = self.types.size(type_) * 8
                    aligned = wide // 8
                    offset = _round(offset, wide)
                    if isinstance(type_, Integer):
                        type_ = replace(type_, name=_spelled(declaration.specifiers, type_.name))
                elif declarator.bits is not None:
                    type_, bits = self._bit_field(type_, declarator)
                    # A bit-field does not cross a boundary of its declared type.
                    if bits == 0 or offset // wide != (offset + bits - 1) // wide:
                        offset = _round(offset, wide)
                else:
                    bits = wide
                    offset = _round(offset, aligned * 8)
                alignment = max(alignment, aligned)
                at_bit = offset + bits
                end = max(end, at_bit if self.native else offset + wide)
                if declarator.name and declarator.name in names:
                    raise DError(
                        f"failed to define member '{declarator.name}': Duplicate member name "
                        "definition",
                        "D_UNKNOWN",
                        declarator.at,
                    )
                names.add(declarator.name)
                if declarator.name is not None or isinstance(self.types.resolve(type_), Tagged):
                    members.append(Member(declarator.name or "", type_, offset))
        # dtrace(1) does not pad what a program declares.
        size = _round((end + 7) // 8, alignment if self.native else 1)
        if size > _MAX_SIZE:
            raise DError(f"{body.kind} is too big", "D_DECL_ARRBIG", body.at)
        return StructLayout(tuple(members), size, alignment)

    def _check_member(self, type_: Type, declarator: Declarator) -> None:
        resolved = self.types.resolve(type_)
        name = declarator.name or "(unnamed)"
        if declarator.name is not None and "`" in declarator.name:
            raise DError(
                f"D scoping operator may not be used in member name ({name})",
                "D_DECL_SCOPE",
                declarator.at,
            )
        if not self.types.is_complete(resolved):
            message = f"incomplete struct/union/enum {self.types.name(type_)}: {name}"
            raise incomplete(self.types, resolved, message, "D_DECL_INCOMPLETE", declarator.at)
        if isinstance(resolved, Integer) and not resolved.bits:
            raise DError(f"cannot have void member: {name}", "D_DECL_VOIDOBJ", declarator.at)
        if isinstance(resolved, FunctionType):
            raise DError(f"cannot have void member: {name}", "D_DECL_VOIDOBJ", declarator.at)

    def _bit_field(self, type_: Type, declarator: Declarator) -> tuple[Type, int]:
        assert declarator.bits is not None
        resolved = self.types.resolve(type_)
        bits = self.evaluate(declarator.bits)
        if bits is None or bits < 0 or (bits == 0 and not self.native):
            raise DError(
                "positive integral constant expression expected as bit-field size",
                "D_DECL_BFCONST",
                declarator.at,
            )
        if isinstance(resolved, Tagged) and resolved.kind == "enum":
            return type_, bits
        if not isinstance(resolved, Integer):
            raise DError("invalid type for bit-field", "D_DECL_BFTYPE", declarator.at)
        if bits > resolved.size * 8:
            raise DError(
                f"bit-field too big for type: {declarator.name or ''}",
                "D_DECL_BFSIZE",
                declarator.at,
            )
        size = resolved.size
        if not self.native:
            size = next(size for size in (1, 2, 4, 8) if bits <= size * 8)
        field = Integer(resolved.name, bits, resolved.signed, resolved.char, size)
        return field, bits

    def _enum(self, body: tree.EnumSpecifier) -> Tagged:
        tag = body.tag if body.tag is not None else self.types.anonymous_tag()
        if body.values is None:
            if tag not in self.types.enums:
                message = f"incomplete struct/union/enum enum {tag}"
                raise undeclared(self.types, "enum", tag, message, "D_DECL_INCOMPLETE", body.at)
            return Tagged("enum", tag)
        if tag in self.types.enums and not self.types.redeclare("enum", tag):
            raise DError(f"type redeclared: enum {tag}", "D_DECL_TYPERED", body.at)
        if self.kernel:
            self.types.of_kernel.add(("enum", tag))
        values: dict[str, int] = {}
        following = 0
        for at, name, expression in body.values:
            if expression is not None:
                # A value may be told by the names before it.
                self.types.define_enum(tag, values)
                value = self.evaluate(expression)
                if value is None:
                    raise DError(
                        f"enumerator '{name}' must be assigned to an integral constant expression",
                        "D_DECL_ENCONST",
                        at,
                    )
                following = value
            if not -(1 << 31) <= following < 1 << 31:
                raise DError(
                    f"enumerator '{name}' value overflows INT_MAX ({following})",
                    "D_DECL_ENOFLOW",
                    at,
                )
            if name in values:
                raise DError(
                    f"failed to define enumerator '{name}': Duplicate member name definition",
                    "D_UNKNOWN",
                    at,
                )
            if not self.native and self.is_taken(name):
                raise DError(f"identifier redeclared: {name}", "D_DECL_IDRED", at, "-")
            values[name] = following
            following += 1
        self.types.define_enum(tag, values)
        return Tagged("enum", tag)


def _round(value: int, unit: int) -> int:
    return -(-value // unit) * unit if unit else value


def _spelled(specifiers: Specifiers, name: str) -> str:
    """A type's name with the words that the program has for it."""
    words = [word for word in specifiers.words if word in _TYPE_WORDS]
    return specifiers.name or " ".join(words) or name


def _no_attributes_of_body(words: Sequence[str], at: int) -> DError:
    """The error of ``unsigned struct`` and the like."""
    if {"signed", "unsigned"} & {*words}:
        return DError(
            "invalid type declaration: signed and unsigned may only be used with integer type",
            "D_DECL_SIGNINT",
            at,
        )
    if {"long"} & {*words}:
        return DError(
            "invalid type declaration: long and long long may only be used with integer or "
            "floating-point type",
            "D_DECL_LONGINT",
            at,
        )
    return DError("invalid type combination", "D_DECL_COMBO", at)
