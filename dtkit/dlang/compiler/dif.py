# SPDX-License-Identifier: BSD-2-Clause
"""
DIF, the machine code that D is compiled to and that the kernel runs.

dtrace(1) reports a fault by its offset in this code, and an expression is too complex when its
registers do not suffice; so dtkit compiles to it too. ``str()`` of a :class:`Difo` is its
disassembly, as ``dtrace -S`` prints it.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Registers of the machine; the first is always zero.
REGISTERS = 8

#: The most values on the stack of arguments and keys.
TUPLE_REGISTERS = 8

#: Bytes of an instruction; offsets in dtrace(1)'s messages are in bytes.
INSTRUCTION_SIZE = 4


@dataclass(frozen=True, slots=True)
class DifInstruction:
    """
    One instruction.

    :ivar op: its mnemonic.
    :ivar rd: the register that it writes, or that it stores.
    :ivar r1: first operand: a register; of a load or store the one with the address.
    :ivar r2: second operand: a register.
    :ivar value: an integer, string, variable number, subroutine number, or the index of the
        instruction that a branch goes to.
    :ivar name: of a variable or subroutine, what it is called.
    """

    op: str
    rd: int = 0
    r1: int = 0
    r2: int = 0
    value: int | str = 0
    name: str = ""

    def __str__(self) -> str:
        op = f"{self.op:<4}"
        match self.op:
            case (
                "or"
                | "xor"
                | "and"
                | "sll"
                | "srl"
                | "sra"
                | "sub"
                | "add"
                | "mul"
                | "sdiv"
                | ("udiv" | "srem" | "urem")
            ):
                return f"{op} %r{self.r1}, %r{self.r2}, %r{self.rd}"
            case "not" | "mov" | "allocs":
                return f"{op} %r{self.r1}, %r{self.rd}"
            case "copys":
                return f"{op} %r{self.r1}, %r{self.r2}, %r{self.rd}"
            case "cmp" | "scmp":
                return f"{op} %r{self.r1}, %r{self.r2}"
            case "tst":
                return f"{op} %r{self.r1}"
            case "ret":
                return f"{op} %r{self.rd}"
            case "nop" | "flushts":
                return self.op
            case "stb" | "sth" | "stw" | "stx":
                return f"{op} %r{self.r1}, [%r{self.rd}]"
            case "setx":
                return f"{op} 0x{self.value:x}, %r{self.rd}"
            case "sets":
                return f'{op} "{self.value}", %r{self.rd}'
            case "ldga" | "ldta":
                return f"{op} {self.name}, %r{self.r2}, %r{self.rd}"
            case "ldgs" | "ldts" | "ldls" | "ldgaa" | "ldtaa":
                return f"{op} {self.name}, %r{self.rd}"
            case "stgs" | "stts" | "stls" | "stgaa" | "sttaa":
                return f"{op} %r{self.rd}, {self.name}"
            case "call":
                return f"{op} {self.name}, %r{self.rd}"
            case "pushtr":
                return f"{op} %r{self.r2}, %r{self.rd}"
            case "pushtv":
                return f"{op} %r{self.rd}"
            case _ if self.op.startswith("b"):
                return f"{op} {self.value}"
            case _:  # loads
                return f"{op} [%r{self.r1}], %r{self.rd}"


@dataclass(frozen=True, slots=True)
class ReturnType:
    """
    What the value of a piece of code is recorded as.

    :ivar string: whether it is a string, of which the bytes to the first NUL matter.
    :ivar by_reference: whether it is an address, and what is there is recorded.
    :ivar size: bytes to record; 0 for nothing.
    """

    string: bool
    by_reference: bool
    size: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Difo:
    """A piece of DIF: instructions, and the type of what it returns."""

    code: tuple[DifInstruction, ...]
    returns: ReturnType

    def __str__(self) -> str:
        return "\n".join(f"{number:02}: {item}" for number, item in enumerate(self.code))
