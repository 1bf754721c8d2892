# SPDX-License-Identifier: BSD-2-Clause
"""
Running DIF: each piece of code is turned into a Python function once, and then called.

DIF branches only forward, so that a piece of code is a row of blocks of which each is entered or
passed over; registers are local variables. What is written into the Python source are numbers and
names of this module, never text of a D program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dtkit.dlang.compiler.dif import INSTRUCTION_SIZE, DifInstruction, Difo
from dtkit.mbuf import FaultFlag
from dtkit.simulate.builtins import VARIABLES, builtin_array
from dtkit.simulate.cost import lookups
from dtkit.simulate.cpu import Cpu, DropError, FaultError
from dtkit.simulate.subroutines import SUBROUTINES, UnknownSubroutineError

Code = Callable[[Cpu], int]

_M = "0xFFFFFFFFFFFFFFFF"
_H = "0x8000000000000000"

_SIMPLE = {
    "or": "r{d} = r{a} | r{b}",
    "xor": "r{d} = r{a} ^ r{b}",
    "and": "r{d} = r{a} & r{b}",
    "sll": f"r{{d}} = r{{a}} << (r{{b}} & 63) & {_M}",
    "srl": "r{d} = r{a} >> (r{b} & 63)",
    "sra": f"r{{d}} = (r{{a}} ^ {_H}) - {_H} >> (r{{b}} & 63) & {_M}",
    "sub": f"r{{d}} = r{{a}} - r{{b}} & {_M}",
    "add": f"r{{d}} = r{{a}} + r{{b}} & {_M}",
    "mul": f"r{{d}} = r{{a}} * r{{b}} & {_M}",
    "not": f"r{{d}} = ~r{{a}} & {_M}",
    "mov": "r{d} = r{a}",
    "nop": "pass",
    "cmp": "x = r{a}; y = r{b}",
    "tst": "x = r{a}; y = 0",
    "flushts": "c.tuple.clear()",
    "ldub": "r{d} = load(r{a}, 1)",
    "lduh": "r{d} = load(r{a}, 2)",
    "lduw": "r{d} = load(r{a}, 4)",
    "ldx": "r{d} = load(r{a}, 8)",
    "ldsb": f"r{{d}} = (load(r{{a}}, 1) ^ 0x80) - 0x80 & {_M}",
    "ldsh": f"r{{d}} = (load(r{{a}}, 2) ^ 0x8000) - 0x8000 & {_M}",
    "ldsw": f"r{{d}} = (load(r{{a}}, 4) ^ 0x80000000) - 0x80000000 & {_M}",
    "stb": "c.store(r{d}, 1, r{a})",
    "sth": "c.store(r{d}, 2, r{a})",
    "stw": "c.store(r{d}, 4, r{a})",
    "stx": "c.store(r{d}, 8, r{a})",
    "sdiv": "r{d} = divide(r{a}, r{b}, True)",
    "udiv": "r{d} = divide(r{a}, r{b}, False)",
    "srem": "r{d} = remainder(r{a}, r{b}, True)",
    "urem": "r{d} = remainder(r{a}, r{b}, False)",
    "scmp": f"x = compare(c, r{{a}}, r{{b}}) & {_M}; y = 0",
    "allocs": "r{d} = allocs(c, r{a})",
    "copys": "copys(c, r{a}, r{b}, r{d})",
    "ret": "return r{d}",
}

#: When a branch is taken, after ``x`` was compared with ``y``. The machine looks at the sign of
#: the difference, which is wrong where it overflows.
_BRANCHES = {
    "be": "x == y",
    "bne": "x != y",
    "bg": f"x != y and not x - y & {_H}",
    "bge": f"not x - y & {_H}",
    "bl": f"x - y & {_H}",
    "ble": f"x == y or x - y & {_H}",
    "bgu": "x > y",
    "bgeu": "x >= y",
    "blu": "x < y",
    "bleu": "x <= y",
}

#: Instructions that can fault, so that their place must be known.
_FAULTING = {
    op for op in _SIMPLE if op.startswith(("ld", "st", "sd", "ud", "sr", "ur", "sc", "al", "co"))
} - {"srl", "sra"} | {"call", "ldga", "ldgs", "ldgaa", "ldtaa", "stgaa", "sttaa", "stgs", "stts"}


class Evaluator:
    """
    Makes functions of DIF; the same code is turned into a function once.

    :param string: the address that a string constant is kept at.
    :param sizes: bytes of variables that are strings or structs, by scope and number.
    :param counting: whether the functions count the instructions that they run.
    """

    def __init__(
        self,
        string: Callable[[str], int],
        sizes: Mapping[tuple[str, int], tuple[int, bool]],
        counting: bool = False,
    ) -> None:
        self._string = string
        self._counting = counting
        self._sizes = sizes
        self._made: dict[tuple[DifInstruction, ...], Code] = {}

    def function(self, difo: Difo) -> Code:
        """
        The function that runs *difo*.

        :raises UnknownSubroutineError: it calls a subroutine that is not simulated.
        """
        made = self._made.get(difo.code)
        if made is None:
            made = self._made[difo.code] = self._make(difo.code)
        return made

    def _make(self, code: tuple[DifInstruction, ...]) -> Code:
        targets = {int(item.value) for item in code if _is_branch(item)}
        registers = " = ".join(f"r{number}" for number in range(9))
        lines = [
            "def run(c):",
            "    load = c.load",
            "    at = to = x = y = 0",
            f"    {registers} = 0",
            "    try:",
        ]
        indent = " " * 8
        in_block = False
        objects: dict[str, object] = {
            "divide": _divide,
            "remainder": _remainder,
            "compare": _compare,
            "allocs": _allocs,
            "copys": _copys,
            "FaultError": FaultError,
        }
        #: Where each row of instructions begins that is run to its end, or to a fault.
        starts = sorted({0, *targets, *(at + 1 for at, one in enumerate(code) if _is_branch(one))})
        ends = dict(zip(starts, [*starts[1:], len(code)], strict=True))
        for index, item in enumerate(code):
            if index in ends and index:
                lines.append(f"{indent}if to <= {index}:")
                in_block = True
            inner = indent + "    " * in_block
            if self._counting and index in ends:
                row = code[index : ends[index]]
                lines.append(f"{inner}c.spent.run({len(row)}, {lookups(row)})")
            if item.op in _FAULTING:
                lines.append(f"{inner}at = {index * INSTRUCTION_SIZE}")
            lines.append(inner + self._line(item, index, objects))
        lines += ["    except FaultError as fault:", "        fault.offset = at"]
        if self._counting:
            # What stands behind the fault was not run.
            objects["left"] = {
                at * INSTRUCTION_SIZE: (at + 1 - end, -lookups(code[at + 1 : end]))
                for start, end in ends.items()
                for at in range(start, end)
            }
            lines.append("        c.spent.run(*left[at])")
        lines += [
            "        raise",
            "    return 0",
        ]
        namespace: dict[str, object] = objects
        exec(compile("\n".join(lines), "<DIF>", "exec"), namespace)
        return namespace["run"]  # type: ignore[return-value]

    def _line(self, item: DifInstruction, index: int, objects: dict[str, object]) -> str:
        op, d, a, b = item.op, int(item.rd), int(item.r1), int(item.r2)
        if op in _SIMPLE:
            return _SIMPLE[op].format(d=d, a=a, b=b)
        if op == "setx":
            return f"r{d} = {int(item.value)}"
        if op == "sets":
            return f"r{d} = {self._string(str(item.value))}"
        if op == "ba":
            return f"to = {int(item.value)}"
        if op in _BRANCHES:
            return f"to = {int(item.value)} if {_BRANCHES[op]} else 0"
        if op == "pushtv":
            return f"c.tuple.append((r{d}, 0))"
        if op == "pushtr":
            objects["push_reference"] = _push_reference
            return f"push_reference(c, r{d}, r{b}, {item.value == 'string'})"
        number = int(item.value)
        if op == "call":
            if item.name not in SUBROUTINES:
                raise UnknownSubroutineError(item.name)
            objects[f"subroutine_{number}"] = SUBROUTINES[item.name]
            if item.name in ("bcopy", "strjoin"):
                # What the register of the result held is left there in some cases.
                return f"c.stale = r{d}; r{d} = subroutine_{number}(c, c.tuple) & {_M}"
            return f"r{d} = subroutine_{number}(c, c.tuple) & {_M}"
        if op == "ldga":
            objects["builtin_array"] = builtin_array
            return f"r{d} = builtin_array(c, {number}, r{b}) & {_M}"
        return self._variable(op, d, number, item.name, objects)

    def _variable(
        self, op: str, register: int, number: int, name: str, objects: dict[str, object]
    ) -> str:
        if op == "ldgs" and number < 0x500:
            if name not in VARIABLES:
                raise UnknownSubroutineError(name)
            objects[f"variable_{number}"] = VARIABLES[name]
            return f"r{register} = variable_{number}(c) & {_M}"
        scope = {"g": "global", "t": "thread", "l": "clause"}[op[2]]
        size, string = self._sizes.get((scope, number), (0, False))
        array = op.endswith("aa")
        if array or scope == "thread":
            if op.startswith("ld"):
                objects["load_element"] = _load_element
                return f"r{register} = load_element(c, {scope!r}, {number}, {array})"
            objects["store_element"] = _store_element
            return f"store_element(c, {scope!r}, {number}, {array}, r{register}, {size}, {string})"
        if not size:
            place = "c.storage.globals" if scope == "global" else "c.storage.locals[c.number]"
            if op.startswith("ld"):
                return f"r{register} = {place}.get({number}, 0)"
            return f"{place}[{number}] = r{register}"
        if op.startswith("ld"):
            return f"r{register} = c.storage.object_address({scope!r}, c.number, {number}, {size})"
        objects["store_object"] = _store_object
        return f"store_object(c, {scope!r}, {number}, r{register}, {size}, {string})"


def _is_branch(item: DifInstruction) -> bool:
    return item.op == "ba" or item.op in _BRANCHES


def _signed(value: int) -> int:
    return (value ^ 1 << 63) - (1 << 63)


def _divide(a: int, b: int, signed: bool) -> int:
    if b == 0:
        raise FaultError(FaultFlag.DIVZERO)
    if signed:
        a, b = _signed(a), _signed(b)
        quotient = abs(a) // abs(b)
        return (quotient if (a < 0) == (b < 0) else -quotient) & (1 << 64) - 1
    return a // b


def _remainder(a: int, b: int, signed: bool) -> int:
    if b == 0:
        raise FaultError(FaultFlag.DIVZERO)
    if signed:
        x, y = _signed(a), _signed(b)
        left = abs(x) % abs(y)
        return (-left if x < 0 else left) & (1 << 64) - 1
    return a % b


def _compare(c: Cpu, left: int, right: int) -> int:
    """strncmp() of two strings; a NULL is an empty one."""
    if left == right:
        return 0
    a = c.string(left) + b"\0" if left else b"\0"
    b = c.string(right) + b"\0" if right else b"\0"
    for x, y in zip(a[: c.strsize], b[: c.strsize], strict=False):
        if x != y:
            return x - y
    return 0


def _allocs(c: Cpu, size: int) -> int:
    address = c.allocate(size)
    c.memory.write(address, bytes(size))
    return address


def _copys(c: Cpu, source: int, size: int, destination: int) -> None:
    if not c.can_store(destination, size):
        raise FaultError(FaultFlag.BADADDR, destination)
    if source and size:
        c.memory.write(destination, c.copy(source, size))


def _push_reference(c: Cpu, address: int, size: int, string: bool) -> None:
    if string:
        size = len(c.string(address, size or c.strsize)) + 1 if address else 1
    elif size > 1 << 30:
        raise FaultError(FaultFlag.BADADDR)
    c.tuple.append((address, size))


def _key(c: Cpu, scope: str, number: int, array: bool) -> tuple[int, int, tuple[int | bytes, ...]]:
    parts: list[int | bytes] = []
    if array:
        for address, size in c.tuple:
            parts.append(c.copy(address, size) if size and address else address)
    return number, _thread_key(c) if scope == "thread" else -1, tuple(parts)


def _thread_key(c: Cpu) -> int:
    assert c.firing is not None
    thread = c.firing.thread
    # Threads in interrupt context are told apart by CPU too.
    return thread.tid + (c.number << 32 if thread.interrupt else 0)


def _load_element(c: Cpu, scope: str, number: int, array: bool) -> int:
    return c.storage.dynamic(_key(c, scope, number, array))


def _store_element(
    c: Cpu, scope: str, number: int, array: bool, value: int, size: int, string: bool
) -> None:
    key = _key(c, scope, number, array)
    data = None if not size else lambda: _content(c, value, size, string)
    if not c.storage.dynamic_store(c.number, key, value, size, data):
        raise DropError


def _store_object(c: Cpu, scope: str, number: int, value: int, size: int, string: bool) -> None:
    data = _content(c, value, size, string) if value else None
    c.storage.object_store(scope, c.number, number, size, data)


def _content(c: Cpu, address: int, size: int, string: bool) -> bytes:
    """What a variable that is a string or struct is given."""
    if not string:
        return c.copy(address, size)
    return (c.string(address, size) + b"\0")[:size]
