# SPDX-License-Identifier: BSD-2-Clause
"""
C types as D has them, for LP64: what they are called, how large they are, what fits what.

A struct, union or enum is known by its tag; :class:`Types` holds what is behind the tags and
the typedef names. Sizes are in bytes, offsets of members in bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dtkit.freebsd import KernelNames


@dataclass(frozen=True, slots=True)
class Integer:
    """
    An integer type; ``void`` is one of no bits.

    :ivar storage: of a bit-field, the bytes of the type that it was declared with; else 0.
    """

    name: str
    bits: int
    signed: bool
    char: bool = False
    storage: int = 0

    @property
    def size(self) -> int:
        """Its bytes; those of the declared type for a bit-field."""
        return self.storage or self.bits // 8

    @property
    def is_bit_field(self) -> bool:
        """
        Whether its bits must be cut out of what is loaded.

        A bit-field of 8, 16 or 32 bits is not cut out: dtrace(1) takes it for a whole integer,
        and so reads its neighbours with it.
        """
        return self.bits not in (0, 8, 16, 32, 64)

    @property
    def load_size(self) -> int:
        """Bytes that a load takes: for a bit-field, the power of two that holds its bits."""
        if not self.is_bit_field:
            return self.size
        return 1 << ((self.bits + 7) // 8 - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Float:
    """A floating-point type; D can record it and print it, and nothing else."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer."""

    target: Type


@dataclass(frozen=True, slots=True)
class Array:
    """An array of a known number of elements; 0 where none was given."""

    element: Type
    count: int


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function type: only its pointers are of use."""

    result: Type
    parameters: tuple[Type, ...] = ()
    varargs: bool = False


@dataclass(frozen=True, slots=True)
class Tagged:
    """A struct, union or enum, by tag; what is behind the tag is in :class:`Types`."""

    kind: str
    tag: str


@dataclass(frozen=True, slots=True)
class Typedef:
    """A name for another type."""

    name: str
    target: Type


@dataclass(frozen=True, slots=True)
class Qualified:
    """``const``, ``volatile`` or ``restrict`` and a type."""

    qualifier: str
    target: Type


@dataclass(frozen=True, slots=True)
class Special:
    """A type of D alone: ``string``, the dynamic type, stacks and symbols."""

    name: str


Type = Integer | Float | Pointer | Array | FunctionType | Tagged | Typedef | Qualified | Special

VOID = Integer("void", 0, True)
CHAR = Integer("char", 8, True, char=True)
INT = Integer("int", 32, True)
UNSIGNED = Integer("unsigned int", 32, False)
LONG = Integer("long", 64, True)
UNSIGNED_LONG = Integer("unsigned long", 64, False)
LONG_LONG = Integer("long long", 64, True)
UNSIGNED_LONG_LONG = Integer("unsigned long long", 64, False)

#: The ``string`` of D.
STRING = Special("string")
#: What an aggregation, an untyped array and a translated struct have for a type.
DYNAMIC = Special("<DYN>")
#: What stack() and ustack() give.
STACK = Special("stack")
#: What sym(), func() and mod() give.
SYMADDR = Special("_symaddr")
#: What usym(), ufunc() and umod() give.
USYMADDR = Special("_usymaddr")

SPECIAL = {special.name: special for special in (STRING, STACK, SYMADDR, USYMADDR)}

#: The types of C, in the order in which the compiler makes them: of two types of one rank the
#: later one wins in arithmetic.
BASIC: dict[str, Integer | Float] = {
    item.name: item
    for item in (
        VOID,
        Integer("signed", 32, True),
        Integer("unsigned", 32, False),
        CHAR,
        Integer("short", 16, True),
        INT,
        LONG,
        LONG_LONG,
        Integer("signed char", 8, True, char=True),
        Integer("signed short", 16, True),
        Integer("signed int", 32, True),
        Integer("signed long", 64, True),
        Integer("signed long long", 64, True),
        Integer("unsigned char", 8, False, char=True),
        Integer("unsigned short", 16, False),
        UNSIGNED,
        UNSIGNED_LONG,
        UNSIGNED_LONG_LONG,
        Integer("_Bool", 8, False),
        Float("float", 4),
        Float("double", 8),
        Float("long double", 16),
    )
}
_ORDER = {name: order for order, name in enumerate(BASIC)}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct or union; an unnamed one stands for its own members."""

    name: str
    type: Type
    #: From the start of the struct, in bits.
    offset: int


@dataclass(frozen=True, slots=True)
class StructLayout:
    """What is behind the tag of a struct or union."""

    members: tuple[Member, ...]
    size: int
    alignment: int


@dataclass(slots=True)
class Types:
    """
    The types that a program can name.

    :ivar typedefs: type name to what it stands for.
    :ivar layouts: ``(kind, tag)`` of a struct or union to its layout.
    :ivar enums: tag of an enum to its names and values.
    :ivar enumerators: name of an enum's value to the tag of the first enum that has it.
    :ivar strsize: bytes of a ``string``, as the option has it.
    :ivar names: those that a kernel has, declared here or not.
    :ivar doubtful: what the program declares with what is not known: ``(kind, name)``.
    :ivar of_kernel: what the kernel declares, likewise: a program may have its own of that name.
    :ivar redeclared: the tags that a kernel has, of which the program has its own.
    """

    typedefs: dict[str, Type] = field(default_factory=dict)
    layouts: dict[tuple[str, str], StructLayout] = field(default_factory=dict)
    enums: dict[str, Mapping[str, int]] = field(default_factory=dict)
    enumerators: dict[str, str] = field(default_factory=dict)
    strsize: int = 256
    word: int = 8
    names: KernelNames = field(default_factory=KernelNames)
    doubtful: set[tuple[str, str]] = field(default_factory=set)
    of_kernel: set[tuple[str, str]] = field(default_factory=set)
    redeclared: set[str] = field(default_factory=set)
    _anonymous: int = 0

    def copy(self) -> Types:
        """The same types; what is added to the copy is not added here."""
        return Types(
            dict(self.typedefs),
            dict(self.layouts),
            dict(self.enums),
            dict(self.enumerators),
            self.strsize,
            self.word,
            self.names,
            set(self.doubtful),
            set(self.of_kernel),
            set(self.redeclared),
            self._anonymous,
        )

    def redeclare(self, kind: str, name: str) -> bool:
        """Whether a program may declare that name though there is one: the kernel's own."""
        if (kind, name) not in self.of_kernel:
            return False
        self.of_kernel.discard((kind, name))
        if kind != "typedef":
            self.redeclared.add(name)
        return True

    def anonymous_tag(self) -> str:
        """A tag that no program can write."""
        self._anonymous += 1
        return f"(anonymous {self._anonymous})"

    def define_enum(self, tag: str, values: Mapping[str, int]) -> None:
        """Say what the names of ``enum tag`` stand for."""
        self.enums[tag] = MappingProxyType(dict(values))
        for name in values:
            self.enumerators.setdefault(name, tag)

    def resolve(self, type_: Type) -> Type:
        """The type behind typedef names and qualifiers."""
        while isinstance(type_, Typedef | Qualified):
            type_ = type_.target
        return type_

    def size(self, type_: Type) -> int:
        """Bytes of *type_*; 0 where that is unknown (void, functions, undefined structs)."""
        type_ = self.resolve(type_)
        match type_:
            case Integer() | Float():
                return type_.size
            case Pointer():
                return self.word
            case Array(element, count):
                return self.size(element) * count
            case Tagged("enum", _):
                return 4
            case Tagged(kind, tag):
                layout = self.layouts.get((kind, tag))
                return layout.size if layout else 0
            case Special("string"):
                return self.strsize
            case _:
                return 0

    def alignment(self, type_: Type) -> int:
        """Bytes that an object of *type_* is aligned to."""
        type_ = self.resolve(type_)
        match type_:
            case Array(element, _):
                return self.alignment(element)
            case Tagged("struct" | "union" as kind, tag):
                layout = self.layouts.get((kind, tag))
                return layout.alignment if layout else 1
            case Special():
                return 1
            case _:
                return max(1, self.size(type_))

    def alignment_in_program(self, type_: Type) -> int:
        """What dtrace(1) aligns to in a program's own structs: their first member counts."""
        type_ = self.resolve(type_)
        match type_:
            case Array(element, _):
                return self.alignment_in_program(element)
            case Tagged("struct"):
                first = next(self.members(type_), None)
                return 1 if first is None else self.alignment_in_program(first.type)
            case Tagged("union"):
                members = self.members(type_)
                return max((self.alignment_in_program(m.type) for m in members), default=1)
            case _:
                return self.alignment(type_)

    def member(self, type_: Type, name: str) -> Member | None:
        """The member *name* of a struct or union, its offset from the start of *type_*."""
        type_ = self.resolve(type_)
        if not isinstance(type_, Tagged):
            return None
        layout = self.layouts.get((type_.kind, type_.tag))
        if layout is None:
            return None
        for member in layout.members:
            if member.name == name:
                return member
            if not member.name and (inner := self.member(member.type, name)) is not None:
                return Member(inner.name, inner.type, member.offset + inner.offset)
        return None

    def members(self, type_: Type) -> Iterator[Member]:
        """The members of a struct or union in order; none for another type."""
        type_ = self.resolve(type_)
        if isinstance(type_, Tagged):
            layout = self.layouts.get((type_.kind, type_.tag))
            yield from layout.members if layout else ()

    def is_complete(self, type_: Type) -> bool:
        """Whether a struct or union has its members; True for other types."""
        type_ = self.resolve(type_)
        return (
            not isinstance(type_, Tagged)
            or type_.kind == "enum"
            or (type_.kind, type_.tag) in self.layouts
        )

    def is_char(self, type_: Type) -> bool:
        """Whether *type_* is a character type."""
        type_ = self.resolve(type_)
        return isinstance(type_, Integer) and type_.char and type_.bits == 8

    def is_string_like(self, type_: Type) -> bool:
        """A string, or an array of or pointer to characters."""
        type_ = self.resolve(type_)
        match type_:
            case Special("string"):
                return True
            case Pointer(target) | Array(target, _):
                # unsigned char is no character of a string to dtrace(1).
                target = self.resolve(target)
                return self.is_char(target) and isinstance(target, Integer) and target.signed
            case _:
                return False

    def compatible(self, left: Type, right: Type) -> bool:
        """Whether the two are one type but for typedef names and qualifiers."""
        left, right = self.resolve(left), self.resolve(right)
        if isinstance(left, Integer) and isinstance(right, Integer):
            return left.name == right.name and left.bits == right.bits
        if isinstance(left, Pointer) and isinstance(right, Pointer):
            return self.compatible(left.target, right.target)
        if isinstance(left, Array) and isinstance(right, Array):
            return left.count == right.count and self.compatible(left.element, right.element)
        return left == right

    def promote(self, left: Type, right: Type) -> Type:
        """The type that arithmetic on two integers has."""
        a, b = self._arithmetic(left), self._arithmetic(right)
        first, second = self.resolve(a), self.resolve(b)
        assert isinstance(first, Integer)
        assert isinstance(second, Integer)
        rank_a, rank_b = first.bits + (not first.signed), second.bits + (not second.signed)
        if rank_a == rank_b:
            return b if _ORDER.get(first.name, 0) < _ORDER.get(second.name, 0) else a
        return a if rank_a > rank_b else b

    def _arithmetic(self, type_: Type) -> Type:
        return INT if isinstance(self.resolve(type_), Tagged) else type_

    def name(self, type_: Type) -> str:
        """How dtrace(1) writes *type_*: ``struct mbuf **``, ``char [16]``."""
        prefix, suffix, spaced = "", "", False
        while True:
            match type_:
                case Pointer(target):
                    prefix = "*" + prefix
                    type_, spaced = target, True
                case Array(element, count):
                    if spaced:
                        prefix, suffix = "(" + prefix, ")" + suffix
                    suffix = f"{suffix}[{count}]" if suffix.endswith("]") else f"{suffix} [{count}]"
                    type_, spaced = element, False
                case FunctionType(result, _, _):
                    if spaced:
                        prefix, suffix = "(" + prefix, ")" + suffix
                    suffix += "()"
                    type_, spaced = result, False
                case Qualified(qualifier, target):
                    if isinstance(target, Pointer):
                        prefix = f" {qualifier}{' ' if prefix else ''}{prefix}"
                        type_ = target
                    else:
                        space = " " if prefix else ""
                        return f"{qualifier} {self.name(target)}{space}{prefix}{suffix}"
                case Typedef(name, _) | Integer(name) | Float(name, _):
                    return _declared(name, prefix, suffix)
                case Tagged(kind, tag):
                    label = kind if tag.startswith("(") else f"{kind} {tag}"
                    return _declared(label, prefix, suffix)
                case Special(name):
                    label = "dynamic variable" if name == "<DYN>" else name
                    return _declared(label, prefix, suffix)


def _declared(name: str, prefix: str, suffix: str) -> str:
    if prefix.endswith("*"):
        suffix = suffix.lstrip()
    return f"{name}{' ' if prefix else ''}{prefix}{suffix}"
