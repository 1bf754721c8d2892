# SPDX-License-Identifier: BSD-2-Clause
"""
The code generator: from a typed expression to DIF.

It allots registers and orders instructions as dtrace(1) does, so that fault offsets, and the
expressions that do not fit the registers, are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dtkit.dlang.checker.checker import Checker
from dtkit.dlang.checker.nodes import (
    Assign,
    Binary,
    Call,
    Cast,
    Conditional,
    Flag,
    Int,
    MemberOf,
    Str,
    Symbol,
    Translate,
    Translation,
    TypedExpr,
    Unary,
    Var,
    Variable,
    translation_of,
)
from dtkit.dlang.compiler.dif import REGISTERS, TUPLE_REGISTERS, DifInstruction, Difo, ReturnType
from dtkit.dlang.findings import DError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.types import Array, Integer, Member, Pointer, Type

MASK = (1 << 64) - 1

_ARITHMETIC = {
    "+": ("add", "add"),
    "-": ("sub", "sub"),
    "*": ("mul", "mul"),
    "/": ("udiv", "sdiv"),
    "%": ("urem", "srem"),
    "&": ("and", "and"),
    "|": ("or", "or"),
    "^": ("xor", "xor"),
    "<<": ("sll", "sll"),
    ">>": ("srl", "sra"),
}
_COMPARE = {
    "==": ("be", "be"),
    "!=": ("bne", "bne"),
    "<": ("blu", "bl"),
    "<=": ("bleu", "ble"),
    ">": ("bgu", "bg"),
    ">=": ("bgeu", "bge"),
}
_LOADS = {1: "ldub", 2: "lduh", 4: "lduw", 8: "ldx"}
_SIGNED_LOADS = {1: "ldsb", 2: "ldsh", 4: "ldsw", 8: "ldx"}
_STORES = {1: "stb", 2: "sth", 4: "stw", 8: "stx"}


class _Label:
    """A place in the code that is not known yet."""

    __slots__ = ("index",)

    def __init__(self) -> None:
        self.index = -1


class Generator:
    """Generates code with the types that *checker* knows; one call of :meth:`generate` each."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.types = checker.types
        #: The variables of the kernel that the code names.
        self.symbols: set[str] = set()
        self._rules: dict[type, Callable[[Any, bool], int]] = {
            Int: self._int,
            Str: self._str,
            Var: self._var,
            Call: self._call,
            Unary: self._unary,
            Binary: self._binary,
            Assign: self._assign,
            Conditional: self._conditional,
            MemberOf: self._member,
            Cast: self._cast,
            Translate: self._translate,
            Symbol: self._symbol,
        }

    def generate(self, node: TypedExpr) -> Difo:
        """
        The code that computes *node*.

        :raises DError: the expression needs more registers than there are, or is no value.
        """
        self._begin()
        translation = translation_of(node)
        if translation is not None and self.checker.is_dynamic(node):
            if translation.pointer and not isinstance(node, Unary):
                raise DError(
                    "expression cannot evaluate to result of a translated pointer",
                    "D_CG_DYN",
                    node.at,
                )
            register = self._code(node)
            register = self._expand(node, translation, register)
            returns = ReturnType(False, True, self.types.size(translation.output))
        else:
            register = self._code(node)
            returns = self.return_type(node)
        self._emit("ret", rd=register)
        return Difo(self._assemble(), returns)

    def return_type(self, node: TypedExpr) -> ReturnType:
        """How the value of *node* is recorded."""
        string = self.checker.is_string(node)
        size = self.types.size(node.type)
        return ReturnType(string, node.by_reference, size, node.signed)

    # Registers, labels, instructions

    def _begin(self) -> None:
        self._used = [True] + [False] * (REGISTERS - 1)
        self._out: list[tuple[_Label | None, DifInstruction | None, _Label | None]] = []
        self._registers: dict[Variable, int] = {}
        self._inline: dict[Variable, TypedExpr] = {}

    def _alloc(self, at: int = 0) -> int:
        for register, used in enumerate(self._used):
            if not used:
                self._used[register] = True
                return register
        raise DError("Insufficient registers to generate code", "D_NOREG", at, "-")

    def _free(self, register: int) -> None:
        if register > 0:
            self._used[register] = False

    @contextmanager
    def _temporary(self) -> Iterator[int]:
        register = self._alloc()
        yield register
        self._free(register)

    def _emit(
        self,
        op: str,
        rd: int = 0,
        r1: int = 0,
        r2: int = 0,
        value: int | str = 0,
        name: str = "",
        label: _Label | None = None,
    ) -> None:
        self._out.append((label, DifInstruction(op, rd, r1, r2, value, name), None))

    def _branch(self, op: str, to: _Label) -> None:
        self._out.append((None, DifInstruction(op), to))

    def _here(self, label: _Label) -> None:
        self._out.append((label, None, None))

    def _setx(self, register: int, value: int, label: _Label | None = None) -> None:
        self._emit("setx", rd=register, value=value & MASK, label=label)

    def _assemble(self) -> tuple[DifInstruction, ...]:
        index = 0
        for label, instruction, _ in self._out:
            if label is not None:
                label.index = index
            index += instruction is not None
        code = []
        for _, instruction, to in self._out:
            if instruction is None:
                continue
            if to is not None:
                instruction = DifInstruction(instruction.op, value=to.index)
            code.append(instruction)
        return tuple(code)

    # Values

    def _code(self, node: TypedExpr, address: bool = False) -> int:
        """
        Emit the code of *node*; the register of its value.

        :param address: want the address of what *node* is, not its value.
        """
        rule = self._rules.get(type(node))
        if rule is None:  # an aggregation is no value
            raise DError(
                "internal error -- token type 316 is not a valid D compilation token",
                "D_UNKNOWN",
                node.at,
                "-",
            )
        return rule(node, address)

    def _int(self, node: Int, address: bool) -> int:
        register = self._alloc(node.at)
        self._setx(register, node.value)
        return register

    def _symbol(self, node: Symbol, address: bool) -> int:
        register = self._alloc(node.at)
        self._setx(register, node.address)
        self.symbols.add(node.symbol)
        if not address and not node.by_reference:
            self._emit(self._load(node, node.type), rd=register, r1=register)
        return register

    def _str(self, node: Str, address: bool) -> int:
        register = self._alloc(node.at)
        self._emit("sets", rd=register, value=node.value)
        return register

    def _var(self, node: Var, address: bool) -> int:
        variable = node.variable
        if variable in self._registers:
            register = self._alloc(node.at)
            self._emit("mov", rd=register, r1=self._registers[variable])
            return register
        if variable in self._inline:
            return self._inlined(node, self._inline[variable])
        if variable.inline is not None:
            return self._inline_var(node)
        if node.keys is not None:
            if variable.scope == "builtin":
                return self._builtin_array(node)
            return self._associative(node, address)
        register = self._alloc(node.at)
        op = {"clause": "ldls", "thread": "ldts"}.get(variable.scope, "ldgs")
        self._emit(op, rd=register, value=variable.number, name=variable.name)
        return register

    def _inlined(self, node: Var, value: TypedExpr) -> int:
        register = self._code(value)
        self._typecast(value, node, register, register)
        return register

    def _inline_var(self, node: Var) -> int:
        inline = node.variable.inline
        assert inline is not None
        assert inline.value is not None
        bound = []
        for parameter, key in zip(inline.parameters, node.keys or (), strict=False):
            if parameter is not None:
                self._inline[parameter] = key
                bound.append(parameter)
        register = self._inlined(node, inline.value)
        for parameter in bound:
            del self._inline[parameter]
        return register

    def _builtin_array(self, node: Var) -> int:
        assert node.keys is not None
        key = node.keys[0]
        register = self._code(key)
        variable = node.variable
        self._emit("ldga", rd=register, r2=register, value=variable.number, name=variable.name)
        if variable.name != "args" or not self.checker.is_scalar(node):
            return register
        size = self.types.size(node.type)
        if size < 8:
            with self._temporary() as temporary:
                self._setx(temporary, 64 - 8 * size)
                self._emit("sll", rd=register, r1=register, r2=temporary)
                shift = "sra" if node.signed else "srl"
                self._emit(shift, rd=register, r1=register, r2=temporary)
        return register

    def _associative(self, node: Var, address: bool) -> int:
        variable = node.variable
        assert node.keys is not None
        self._arguments(variable, node.keys)
        register = self._alloc(node.at)
        load, store = ("ldtaa", "sttaa") if variable.scope == "thread" else ("ldgaa", "stgaa")
        self._emit(load, rd=register, value=variable.number, name=variable.name)
        if node.by_reference or address:
            # The element may not be there yet: make it, all zeros, and load its address.
            done = _Label()
            self._emit("tst", r1=register)
            self._branch("bne", done)
            self._setx(register, self.checker.sizeof(node))
            self._emit("allocs", rd=register, r1=register)
            self._emit(store, rd=register, value=variable.number, name=variable.name)
            self._emit(load, rd=register, value=variable.number, name=variable.name)
            self._here(done)
        return register

    def _arguments(self, function: Variable, arguments: tuple[TypedExpr, ...]) -> None:
        registers = [self._code(argument) for argument in arguments]
        self._emit("flushts")
        signature = function.signature
        for number, (argument, register) in enumerate(zip(arguments, registers, strict=True)):
            parameter = None
            if signature is not None and number < len(signature.arguments):
                parameter = signature.arguments[number]
            if parameter is not None:
                as_node = TypedExpr(argument.at, parameter, self.checker.node_flags(parameter))
                self._typecast(argument, as_node, register, register)
            returns = self.return_type(argument)
            size_register = 0
            if argument.by_reference:
                if returns.size:
                    size_register = self._alloc(argument.at)
                    self._setx(size_register, returns.size)
                self._emit(
                    "pushtr",
                    rd=register,
                    r2=size_register,
                    value="string" if returns.string else "",
                )
            else:
                self._emit("pushtv", rd=register)
            self._free(register)
            self._free(size_register)
        if len(arguments) > TUPLE_REGISTERS:
            raise DError(
                "Insufficient tuple registers to generate code", "D_NOTUPREG", arguments[0].at, "-"
            )

    def _call(self, node: Call, address: bool) -> int:
        function = node.function
        if function.kind != Kind.FUNCTION:
            raise DError(
                f"{function.kind} {function.name}( ) may not be called from a D expression "
                "(D program context required)",
                "D_CG_EXPR",
                node.at,
                "-",
            )
        self._arguments(function, node.arguments)
        register = self._alloc(node.at)
        self._emit("call", rd=register, value=function.number, name=function.name)
        return register

    # Operators

    def _unary(self, node: Unary, address: bool) -> int:
        op = node.op
        if "x" in op:
            return self._step(node)
        operand = node.operand
        if op == "sizeof":
            register = self._alloc(node.at)
            self._setx(register, self.checker.sizeof(operand))
            return register
        if op == "&":
            return self._code(operand, address=True)
        register = self._code(operand)
        if op == "*":
            translation = translation_of(operand)
            if translation is not None and self.checker.is_dynamic(operand):
                return self._expand(node, translation, register)
            if not (node.by_reference or address):
                self._emit(self._load(node, node.type), rd=register, r1=register)
        elif op == "-":
            self._emit("sub", rd=register, r1=0, r2=register)
        elif op == "~":
            self._emit("not", rd=register, r1=register)
        elif op == "!":
            zero, done = _Label(), _Label()
            self._emit("tst", r1=register)
            self._branch("be", zero)
            self._emit("mov", rd=register, r1=0)
            self._branch("ba", done)
            self._setx(register, 1, zero)
            self._here(done)
        return register

    def _step(self, node: Unary) -> int:
        """``++`` and ``--``."""
        child = node.operand
        step = 1
        resolved = self.types.resolve(node.type)
        if isinstance(resolved, Pointer):
            step = self.types.size(resolved.target)
        register = self._code(child)
        op = "add" if "++" in node.op else "sub"
        if node.op.startswith("x"):  # the old value is the result
            new = self._alloc(node.at)
            self._setx(new, step)
            self._emit(op, rd=new, r1=register, r2=new)
            self._store_to(child, node, new)
            self._free(new)
        else:
            with self._temporary() as temporary:
                self._setx(temporary, step)
                self._emit(op, rd=register, r1=register, r2=temporary)
            self._store_to(child, node, register)
        return register

    def _store_to(self, target: TypedExpr, value: TypedExpr, register: int) -> None:
        """Store *register*, which holds *value*, in *target*: a variable or a place in memory."""
        if isinstance(target, Var):
            variable = target.variable
            if target.keys is not None and isinstance(value, Assign):
                self._arguments(variable, target.keys)
            array = variable.kind == Kind.ARRAY
            op = {
                ("global", False): "stgs",
                ("global", True): "stgaa",
                ("thread", False): "stts",
                ("thread", True): "sttaa",
                ("clause", False): "stls",
            }[variable.scope if variable.scope != "builtin" else "global", array]
            self._emit(op, rd=register, value=variable.number, name=variable.name)
            return
        place = self._code(target, address=True)
        self._store(value, register, target, place)
        self._free(place)

    def _store(self, value: TypedExpr, register: int, target: TypedExpr, place: int) -> None:
        bits = self._bits(target)
        size = bits[0] if bits is not None else self.checker.sizeof(value)
        if value.by_reference:
            with self._temporary() as temporary:
                self._setx(temporary, size)
                self._emit("copys", rd=place, r1=register, r2=temporary)
            return
        if size not in _STORES:
            raise DError(f"cannot store {size} bytes by value", "D_UNKNOWN", target.at, "-")
        if bits is not None:
            merged = self._set_field(register, target, place)
            self._emit(_STORES[size], rd=place, r1=merged)
            self._free(merged)
        else:
            self._emit(_STORES[size], rd=place, r1=register)

    def _bits(self, node: TypedExpr) -> tuple[int, int] | None:
        """Bytes to load, and bits, of a bit-field; None for anything else."""
        if not node.flags & Flag.BITFIELD:
            return None
        resolved = self.types.resolve(node.type)
        assert isinstance(resolved, Integer)
        return resolved.load_size, resolved.bits

    def _set_field(self, register: int, target: TypedExpr, place: int) -> int:
        assert isinstance(target, MemberOf)
        resolved = self.types.resolve(target.member.type)
        assert isinstance(resolved, Integer)
        shift = target.member.offset % 8
        mask = (1 << resolved.bits) - 1
        merged, field, by = self._alloc(), self._alloc(), self._alloc()
        self._emit(self._load(target, target.member.type), rd=merged, r1=place)
        self._setx(field, ~(mask << shift))
        self._emit("and", rd=merged, r1=merged, r2=field)
        self._setx(field, mask)
        self._emit("and", rd=field, r1=register, r2=field)
        self._setx(by, shift)
        self._emit("sll", rd=field, r1=field, r2=by)
        self._emit("or", rd=merged, r1=merged, r2=field)
        self._free(by)
        self._free(field)
        return merged

    def _load(self, node: TypedExpr, type_: Type) -> str:
        resolved = self.types.resolve(type_)
        size = resolved.load_size if isinstance(resolved, Integer) else self.types.size(type_)
        if size not in _LOADS:
            raise DError(
                f"internal error -- cg cannot load size {size} when passed by value",
                "D_UNKNOWN",
                node.at,
                "-",
            )
        return (_SIGNED_LOADS if node.signed else _LOADS)[size]

    def _binary(self, node: Binary, address: bool) -> int:
        op = node.op
        if op == ",":
            self._free(self._code(node.left))
            return self._code(node.right)
        if op == "&&":
            return self._and(node)
        if op == "||":
            return self._or(node)
        if op == "^^":
            return self._xor(node)
        if op in _COMPARE:
            return self._compare(node)
        return self._arithmetic(node, op, node.left, node.right)

    def _arithmetic(self, node: TypedExpr, op: str, left: TypedExpr, right: TypedExpr) -> int:
        left_pointer, right_pointer = self._is_pointer(left), self._is_pointer(right)
        difference = left_pointer and right_pointer
        scaled = op in ("+", "-") and not difference
        a = self._code(left)
        if scaled and right_pointer:
            self._scale(node.type, "mul", a)
        b = self._code(right)
        if scaled and left_pointer:
            self._scale(node.type, "mul", b)
        self._emit(_ARITHMETIC[op][node.signed], rd=a, r1=a, r2=b)
        self._free(b)
        if difference:
            self._scale(right.type, "udiv", a)
        return a

    def _is_pointer(self, node: TypedExpr) -> bool:
        return self.checker.is_pointer(node) and not self.checker.is_string(node)

    def _scale(self, type_: Type, op: str, register: int) -> None:
        resolved = self.types.resolve(type_)
        assert isinstance(resolved, Pointer | Array)
        target = resolved.target if isinstance(resolved, Pointer) else resolved.element
        size = self.types.size(target)
        if size != 1:
            with self._temporary() as temporary:
                self._setx(temporary, size)
                self._emit(op, rd=register, r1=register, r2=temporary)

    def _compare(self, node: Binary) -> int:
        left, right = node.left, node.right
        true, done = _Label(), _Label()
        a = self._code(left)
        b = self._code(right)
        strings = self.checker.is_string(left) or self.checker.is_string(right)
        signed = strings
        if not strings and self.checker.is_integer(left) and self.checker.is_integer(right):
            promoted = self.types.promote(left.type, right.type)
            signed = bool(self.checker.node_flags(promoted) & Flag.SIGNED)
        self._emit("scmp" if strings else "cmp", r1=a, r2=b)
        self._free(b)
        self._branch(_COMPARE[node.op][signed], true)
        self._emit("mov", rd=a, r1=0)
        self._branch("ba", done)
        self._setx(a, 1, true)
        self._here(done)
        return a

    def _and(self, node: Binary) -> int:
        false, done = _Label(), _Label()
        left = self._code(node.left)
        self._emit("tst", r1=left)
        self._free(left)
        self._branch("be", false)
        register = self._code(node.right)
        self._emit("tst", r1=register)
        self._branch("be", false)
        self._setx(register, 1)
        self._branch("ba", done)
        self._emit("mov", rd=register, r1=0, label=false)
        self._here(done)
        return register

    def _or(self, node: Binary) -> int:
        true, false, done = _Label(), _Label(), _Label()
        left = self._code(node.left)
        self._emit("tst", r1=left)
        self._free(left)
        self._branch("bne", true)
        register = self._code(node.right)
        self._emit("tst", r1=register)
        self._branch("be", false)
        self._setx(register, 1, true)
        self._branch("ba", done)
        self._emit("mov", rd=register, r1=0, label=false)
        self._here(done)
        return register

    def _xor(self, node: Binary) -> int:
        after_left, tail = _Label(), _Label()
        left = self._code(node.left)
        self._emit("tst", r1=left)
        self._branch("be", after_left)
        self._setx(left, 1)
        self._here(after_left)
        right = self._code(node.right)
        self._emit("tst", r1=right)
        self._branch("be", tail)
        self._setx(right, 1)
        self._emit("xor", rd=left, r1=left, r2=right, label=tail)
        self._free(right)
        return left

    def _conditional(self, node: Conditional, address: bool) -> int:
        false, done = _Label(), _Label()
        test = self._code(node.test)
        self._emit("tst", r1=test)
        self._free(test)
        self._branch("be", false)
        yes = self._code(node.yes)
        # Where the result goes is known only when the other branch has its register.
        place = len(self._out)
        self._emit("mov", r1=yes)
        self._free(yes)
        self._branch("ba", done)
        self._here(false)
        no = self._code(node.no)
        self._out[place] = (None, DifInstruction("mov", rd=no, r1=yes), None)
        self._here(done)
        return no

    def _assign(self, node: Assign, address: bool) -> int:
        if node.op == "=":
            register = self._code(node.value)
            translation = translation_of(node.value)
            if translation is not None and self.checker.is_dynamic(node.value):
                register = self._instantiate(translation, register)
        else:
            register = self._arithmetic(node, node.op[:-1], node.target, node.value)
        self._store_to(node.target, node, register)
        return register

    def _cast(self, node: Cast, address: bool) -> int:
        register = self._code(node.operand)
        self._typecast(node.operand, node, register, register)
        return register

    def _typecast(self, source: TypedExpr, target: TypedExpr, of: int, to: int) -> None:
        """Narrow a value, or change its sign, as the type of *target* has it."""
        if not self.checker.is_scalar(target):
            return
        have, want = self.checker.sizeof(source), self.checker.sizeof(target)
        if have == want and source.signed != target.signed:
            return
        if want > have and not source.signed:
            return
        register = self._alloc(target.at)
        if want > have:
            high, low = 64 - 8 * have, 8 * (want - have)
            self._setx(register, high)
            self._emit("sll", rd=to, r1=of, r2=register)
            if target.signed or high == low:
                self._emit("sra", rd=to, r1=to, r2=register)
            else:
                self._setx(register, low)
                self._emit("sra", rd=to, r1=to, r2=register)
                self._setx(register, high - low)
                self._emit("srl", rd=to, r1=to, r2=register)
        elif want != 8:
            self._setx(register, 64 - 8 * want)
            self._emit("sll", rd=to, r1=of, r2=register)
            self._emit("sra" if target.signed else "srl", rd=to, r1=to, r2=register)
        self._free(register)

    # Members and translations

    def _member(self, node: MemberOf, address: bool) -> int:
        base = self._code(node.base)
        if node.translation is not None:
            return self._translated(node, node.translation, base)
        member = node.member
        if member.offset != 0:
            with self._temporary() as temporary:
                self._setx(temporary, member.offset // 8)
                self._emit("add", rd=base, r1=base, r2=temporary)
        if not (node.by_reference or address):
            self._emit(self._load(node, member.type), rd=base, r1=base)
            if node.flags & Flag.BITFIELD:
                self._get_field(node, member, base)
        return base

    def _get_field(self, node: MemberOf, member: Member, register: int) -> None:
        resolved = self.types.resolve(member.type)
        assert isinstance(resolved, Integer)
        shift, bits = member.offset % 8, resolved.bits
        with self._temporary() as temporary:
            if node.signed:
                self._setx(temporary, 64 - (shift + bits))
                self._emit("sll", rd=register, r1=register, r2=temporary)
                self._setx(temporary, 64 - bits)
                self._emit("sra", rd=register, r1=register, r2=temporary)
            else:
                self._setx(temporary, shift)
                self._emit("srl", rd=register, r1=register, r2=temporary)
                self._setx(temporary, (1 << bits) - 1)
                self._emit("and", rd=register, r1=register, r2=temporary)

    @contextmanager
    def _input(self, translation: Translation, register: int) -> Iterator[None]:
        """Within, the translator's variable is what is in *register*."""
        outer = self._registers.get(translation.variable)
        self._registers[translation.variable] = register
        yield
        if outer is None:
            del self._registers[translation.variable]
        else:
            self._registers[translation.variable] = outer

    def _translated(self, node: MemberOf, translation: Translation, base: int) -> int:
        _, value = translation.members[node.member.name]
        with self._input(translation, base):
            register = self._code(value)
        self._typecast(value, node, register, register)
        self._free(base)
        return register

    def _instantiate(self, translation: Translation, source: int) -> int:
        """Make the whole of a translated struct in scratch memory; its address."""
        struct = self._alloc()
        self._setx(struct, self.types.size(translation.output))
        self._emit("allocs", rd=struct, r1=struct)
        with self._input(translation, source):
            for name, (type_, value) in translation.members.items():
                member = self.types.member(translation.output, name)
                assert member is not None
                register = self._code(value)
                as_member = TypedExpr(value.at, type_, self.checker.node_flags(type_))
                self._typecast(value, as_member, register, register)
                if member.offset:
                    place = self._alloc()
                    self._setx(place, member.offset // 8)
                    self._emit("add", rd=place, r1=struct, r2=place)
                    self._store(as_member, register, as_member, place)
                    self._free(place)
                else:
                    self._store(as_member, register, as_member, struct)
                self._free(register)
        self._free(source)
        return struct

    def _expand(self, node: TypedExpr, translation: Translation, source: int) -> int:
        """As :meth:`_instantiate`, where the struct itself is the value of an expression."""
        struct = self._alloc(node.at)
        self._setx(struct, self.types.size(translation.output))
        self._emit("flushts")
        self._emit("pushtv", rd=struct)
        self._emit("call", rd=struct, value=15, name="alloca")
        for member in self.types.members(translation.output):
            if member.name not in translation.members:
                continue
            _, value = translation.members[member.name]
            with self._input(translation, source):
                register = self._code(value)
            place = self._alloc(node.at)
            self._setx(place, member.offset // 8)
            self._emit("add", rd=place, r1=struct, r2=place)
            size = self.types.size(value.type)
            if self.checker.is_scalar(value) and size in _STORES:
                self._emit(_STORES[size], rd=place, r1=register)
            else:
                with self._temporary() as temporary:
                    self._setx(temporary, size)
                    self._emit("copys", rd=place, r1=register, r2=temporary)
            self._free(place)
            self._free(register)
        self._free(source)
        return struct

    def _translate(self, node: Translate, address: bool) -> int:
        return self._code(node.operand)
