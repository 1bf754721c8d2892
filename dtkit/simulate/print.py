# SPDX-License-Identifier: BSD-2-Clause
"""The print() action: a value by its type, members and all."""

from __future__ import annotations

from dtkit.dlang.types import (
    Array,
    Float,
    FunctionType,
    Integer,
    Member,
    Pointer,
    Special,
    Tagged,
    Type,
    Types,
)


def print_text(types: Types, type_: Type, data: bytes) -> str:
    """What print() prints of *data*, a value of *type_*."""
    printer = _Printer(types, data)
    printer.member("", type_, 0, 0)
    return "".join(printer.out)


class _Printer:
    def __init__(self, types: Types, data: bytes) -> None:
        self.types = types
        self.data = data
        self.out: list[str] = []

    def member(self, name: str, type_: Type, bit: int, depth: int) -> None:
        """One member, and those within it; *bit* is where it begins."""
        resolved = self.types.resolve(type_)
        label = self.types.name(type_)
        self.out.append("    " * depth + label)
        if name:
            if not label.endswith(("*", " ")):
                self.out.append(" ")
            self.out.append(name)
            if isinstance(resolved, Integer) and (
                resolved.bits % 8 or bit % 8 or resolved.bits != resolved.size * 8
            ):
                self.out.append(f" :{resolved.bits}")
            self.out.append(" =")
        self.out.append(" ")
        self.value(resolved, bit, depth)
        if depth or not self._is_struct(resolved):
            self.out.append("\n")

    def value(self, type_: Type, bit: int, depth: int) -> None:
        """The value of a member."""
        match type_:
            case Integer():
                self.out.append(self._integer(type_, bit))
            case Float():
                self.out.append("<unknown encoding>")
            case Pointer():
                self.out.append(_hex(self._number(bit, 64)))
            case Special("string"):
                characters = Integer("char", 8, True, char=True)
                self._array(Array(characters, self.types.strsize), bit, depth)
            case Array():
                self._array(type_, bit, depth)
            case FunctionType():
                self.out.append(_hex(self._number(bit, 64)))
            case Tagged("enum", tag):
                value = self._number(bit, 32)
                value -= value >> 31 << 32
                names = self.types.enums.get(tag, {})
                self.out.append(next((n for n, v in names.items() if v == value), str(value)))
            case Tagged():
                self._struct(type_, bit, depth)
            case _:
                self.out.append("<forward decl>")

    def _is_struct(self, type_: Type) -> bool:
        return isinstance(type_, Tagged) and type_.kind != "enum"

    def _struct(self, type_: Tagged, bit: int, depth: int) -> None:
        if not self.types.is_complete(type_):
            self.out.append("<forward decl>")
            return
        self.out.append("{\n")
        for member in self.types.members(type_):
            self._struct_member(member, bit, depth + 1)
        self.out.append("    " * depth + "}")

    def _struct_member(self, member: Member, bit: int, depth: int) -> None:
        self.member(member.name, member.type, bit + member.offset, depth)

    def _array(self, type_: Array, bit: int, depth: int, inner: bool = False) -> None:
        """An array; *inner* says that it is an element of another."""
        element = self.types.resolve(type_.element)
        size = self.types.size(type_.element) * 8
        text = self._text(element, type_.count, bit)
        if text is not None:
            self.out.append(f'[ "{text}" ]' if depth and not inner else f'"{text}"')
            return
        self.out.append("[ ")
        struct = self._is_struct(element)
        for index in range(type_.count):
            if struct:
                self.out.append("\n" + "    " * (depth + 1) + self.types.name(type_.element) + " ")
                self.value(element, bit + index * size, depth + 1)
            elif isinstance(element, Array):
                self._array(element, bit + index * size, depth + 1, inner=True)
            else:
                self.value(element, bit + index * size, depth + 1)
            if index != type_.count - 1:
                self.out.append(", ")
            elif struct:
                self.out.append("\n")
        self.out.append("    " * depth if struct else " ")
        self.out.append("]")

    def _text(self, element: Type, count: int, bit: int) -> str | None:
        """An array of characters with a NUL as text; None for another array."""
        if not isinstance(element, Integer) or not element.char or not element.signed:
            return None
        data = self.data[bit // 8 : bit // 8 + count]
        head, nul, _ = data.partition(b"\0")
        if not nul or not all(0x20 <= byte < 0x7F for byte in head):
            return None
        return head.decode("ascii")

    def _number(self, bit: int, bits: int) -> int:
        start, size = bit // 8, (bits + 7) // 8
        value = int.from_bytes(self.data[start : start + size], "little")
        return value >> bit % 8 & (1 << bits) - 1

    def _integer(self, type_: Integer, bit: int) -> str:
        value = self._number(bit, type_.bits)
        if type_.char and type_.signed and type_.bits == 8:
            if 0x20 <= value < 0x7F:
                return f"'{chr(value)}'"
            # As printf(3) has it: the character is signed, and made an int.
            return "'\\0'" if value == 0 else f"'\\{value - (value >> 7 << 8) & 0xFFFFFFFF:03o}'"
        return _hex(value)


def _hex(value: int) -> str:
    return f"0x{value:x}" if value else "0"
