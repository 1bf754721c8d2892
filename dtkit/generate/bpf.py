# SPDX-License-Identifier: BSD-2-Clause
"""
From BPF to D: the program of a packet filter as statements of one clause.

The machine is that of bpf(4): an accumulator A, an index X, scratch memory M[]. Its jumps only go
forward, so a clause can run every instruction in turn, each under the condition that no jump or
return has gone past it: ``this->pc`` is the number of the next instruction to obey, and instruction
*i* is obeyed where ``this->pc <= i``. D evaluates only the branch of ``?:`` that is taken, so
nothing is loaded for an instruction that is not obeyed.

What the kernel's registers ask for: they are 64 bits wide, so each result is cast to ``uint32_t``;
``x << 64`` is ``x``, so shifts of 32 and more are 0 by rule; division by zero is a fault, so it is
tested. An expression nested 7 deep runs out of registers, so no statement computes more than one
instruction. Loads are built from bytes: neither alignment nor byte order matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dtkit.generate.text import D
from dtkit.mbuf.layout import MFlag
from dtkit.packets.pcapfilter import Instruction

#: Words of scratch memory (BPF_MEMWORDS).
MEMORY = 16

_CLASSES = ("ld", "ldx", "st", "stx", "alu", "jmp", "ret", "misc")
_ABS, _IND, _IMM, _MEM, _LEN, _MSH = 0x20, 0x40, 0x00, 0x60, 0x80, 0xA0
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1}
_ALU = {
    0x00: ("add", "+"),
    0x10: ("sub", "-"),
    0x20: ("mul", "*"),
    0x30: ("div", "/"),
    0x40: ("or", "|"),
    0x50: ("and", "&"),
    0x60: ("lsh", "<<"),
    0x70: ("rsh", ">>"),
    0x80: ("neg", ""),
    0x90: ("mod", "%"),
    0xA0: ("xor", "^"),
}
_JUMPS = {0x10: ("jeq", "=="), 0x20: ("jgt", ">"), 0x30: ("jge", ">="), 0x40: ("jset", "&")}


class TranslationError(ValueError):
    """An instruction that is not one of bpf(4)'s, or a jump out of the program."""


@dataclass(frozen=True, slots=True)
class Statement:
    """
    A statement of D.

    :ivar code: the statement, without its semicolon.
    :ivar note: the instruction that it belongs to, as ``tcpdump -d`` writes it, or what it is for.
    """

    code: D
    note: str = ""


def translate(
    program: Sequence[Instruction], depth: int, head: str = "this->m", skip: str = ""
) -> list[Statement]:
    """
    The statements that run *program* on a chain, and set ``this->ok`` to 1 or 0.

    A load past the end of the packet, or past the first *depth* mbufs of it, or in an unmapped one,
    rejects the packet; so does a division by zero. The packet's length is that of the chain where
    it ends within *depth* mbufs, and what its header says otherwise.

    :param program: as libpcap compiles it.
    :param depth: mbufs that loads can reach into.
    :param head: D expression of the first mbuf; not NULL.
    :param skip: D expression of how many bytes of the first mbuf lie before the packet that the
        program looks at; empty for none.
    :raises TranslationError: *program* is not one that bpf(4) would run.
    """
    return list(_Translator(program, depth, skip).statements(head))


class _Translator:
    def __init__(self, program: Sequence[Instruction], depth: int, skip: str) -> None:
        self._skip = skip
        self._program = program
        self._depth = depth
        self._reject = len(program)
        self._accept = len(program) + 1

    def statements(self, head: str) -> Iterator[Statement]:
        """The whole clause's statements."""
        # A fault on the way must leave the packet rejected.
        yield Statement(D("this->ok = 0"))
        yield from self._chain(head)
        if self._skip:
            yield from self._skipped()
        yield Statement(D("this->A = (uint32_t)0"), "the machine of bpf(4)")
        yield Statement(D("this->X = (uint32_t)0"))
        yield Statement(D("this->pc = 0"))
        codes = [instruction.code for instruction in self._program]
        if any(code in (_ABS, 0x40, 0x48, 0x50) for code in codes):
            yield Statement(D("this->k = (uint64_t)0"))
        for index in sorted(
            {one.k for one in self._program if one.code in (0x60, 0x61, 0x02, 0x03)}
        ):
            if index >= MEMORY:
                raise TranslationError(f"M[{index}] is beyond scratch memory")
            yield Statement(D(f"this->M{index} = (uint32_t)0"))
        for number, instruction in enumerate(self._program):
            note = f"({number:03}) {describe(number, instruction)}"
            for code in self._instruction(number, instruction):
                yield Statement(D(code), note)
                note = ""
        yield Statement(D(f"this->ok = this->pc == {self._accept}"))

    def _chain(self, head: str) -> Iterator[Statement]:
        """
        Where the bytes are: byte k is ``this->qN[k]`` of the first N with ``k < this->eN``.

        ``this->end`` is where the last mbuf within reach ends.
        """
        yield Statement(D(f"this->n = {head}"), "where the bytes of each mbuf are, and end")
        yield Statement(D("this->end = (uint32_t)0"))
        for number in range(1, self._depth + 1):
            yield Statement(
                D(f"this->use = this->n != NULL && (this->n->m_flags & {MFlag.EXTPG:#x}) == 0")
            )
            last = "(uint8_t *)NULL" if number == 1 else f"this->q{number - 1}"
            yield Statement(
                D(f"this->q{number} = this->use ? (uint8_t *)this->n->m_data - this->end : {last}")
            )
            yield Statement(
                D(
                    "this->end = this->use && this->n->m_len > 0 ? "
                    "(uint32_t)(this->end + this->n->m_len) : this->end"
                )
            )
            yield Statement(D(f"this->e{number} = this->end"))
            yield Statement(D("this->n = this->use ? this->n->m_next : this->n"))
        if any(instruction.code in (0x80, 0x81) for instruction in self._program):
            header = f"{head}->m_pkthdr.len"
            yield Statement(
                D(
                    f"this->wire = this->n != NULL && ({head}->m_flags & {MFlag.PKTHDR:#x}) != 0 "
                    f"&& {header} > (int)this->end ? (uint32_t){header} : this->end"
                ),
                "how long the packet is",
            )

    def _skipped(self) -> Iterator[Statement]:
        """Count bytes from behind those that are skipped."""
        skip, note = self._skip, "count from behind what is skipped"
        for number in range(1, self._depth + 1):
            yield Statement(D(f"this->q{number} = this->q{number} + {skip}"), note)
            note = ""
        names = [f"this->e{number}" for number in range(1, self._depth + 1)] + ["this->end"]
        if any(instruction.code in (0x80, 0x81) for instruction in self._program):
            names.append("this->wire")
        for name in names:
            yield Statement(
                D(f"{name} = {name} > {skip} ? (uint32_t)({name} - {skip}) : (uint32_t)0")
            )

    def _instruction(self, number: int, one: Instruction) -> Iterator[str]:
        kind, source = one.code & 7, one.code & 8
        live = f"this->pc <= {number}"
        if kind in (0, 1):
            yield from self._load(live, "AX"[kind], one)
        elif kind in (2, 3):
            register = "AX"[kind - 2]
            yield f"this->M{one.k} = {live} ? this->{register} : this->M{one.k}"
        elif kind == 4:
            yield from self._arithmetic(live, one, "this->X" if source else f"{one.k}u")
        elif kind == 5:
            yield from self._jump(number, live, one, "this->X" if source else f"{one.k}u")
        elif kind == 6:
            if one.code not in (0x06, 0x16):
                raise TranslationError(f"code {one.code:#x} is no return")
            if one.code == 0x16:
                end = f"(this->A != 0 ? {self._accept} : {self._reject})"
            else:
                end = str(self._accept if one.k else self._reject)
            yield f"this->pc = {live} ? {end} : this->pc"
        elif one.code == 0x07:
            yield f"this->X = {live} ? this->A : this->X"
        elif one.code == 0x87:
            yield f"this->A = {live} ? this->X : this->A"
        else:
            raise TranslationError(f"code {one.code:#x} is no instruction of bpf(4)")

    def _load(self, live: str, register: str, one: Instruction) -> Iterator[str]:
        mode, size = one.code & 0xE0, _SIZES.get(one.code & 0x18, 0)
        if mode == _IMM and size == 4:
            value = f"(uint32_t){one.k}u"
        elif mode == _LEN and size == 4:
            value = "this->wire"
        elif mode == _MEM and size == 4:
            value = f"this->M{one.k}"
        elif mode == _MSH and size == 1 and register == "X":
            yield self._check(live, f"{one.k + 1}")
            value = f"(uint32_t)(({self._byte(one.k, 0)} & 15) << 2)"
        elif mode == _ABS and size and register == "A":
            yield self._check(live, f"{one.k + size}")
            value = self._word(one.k, size)
        elif mode == _IND and size and register == "A":
            # 64 bits: an index that wraps around 32 is past the end, not at the start.
            yield f"this->k = (uint64_t)this->X + {one.k}u"
            yield self._check(live, f"this->k + {size}")
            value = self._word(None, size)
        else:
            raise TranslationError(f"code {one.code:#x} is no load")
        yield f"this->{register} = {live} ? {value} : this->{register}"

    def _check(self, live: str, end: str) -> str:
        return f"this->pc = {live} && this->end < {end} ? {self._reject} : this->pc"

    def _word(self, at: int | None, size: int) -> str:
        parts = []
        for index in range(size):
            shift = 8 * (size - 1 - index)
            byte = self._byte(at, index)
            parts.append(f"({byte} << {shift})" if shift else byte)
        return f"(uint32_t)({' | '.join(parts)})"

    def _byte(self, at: int | None, index: int) -> str:
        place = f"this->k + {index}" if at is None else str(at + index)
        choice = "".join(
            f"{place} < this->e{number} ? this->q{number} : " for number in range(1, self._depth)
        )
        last = f"this->q{self._depth}"
        return f"({choice}{last})[{place}]" if choice else f"{last}[{place}]"

    def _arithmetic(self, live: str, one: Instruction, operand: str) -> Iterator[str]:
        if one.code & 0xF0 not in _ALU:
            raise TranslationError(f"code {one.code:#x} is no arithmetic")
        name, operator = _ALU[one.code & 0xF0]
        value = f"(uint32_t)(this->A {operator} {operand})"
        if name == "neg":
            value = "(uint32_t)(0 - this->A)"
        elif name in ("div", "mod"):
            if operand == "0u":
                yield f"this->pc = {live} ? {self._reject} : this->pc"
                return
            if operand == "this->X":
                yield f"this->pc = {live} && this->X == 0 ? {self._reject} : this->pc"
        elif name in ("lsh", "rsh"):
            if operand == "this->X":
                value = f"(this->X < 32 ? {value} : (uint32_t)0)"
            elif one.k >= 32:
                value = "(uint32_t)0"
        yield f"this->A = {live} ? {value} : this->A"

    def _jump(self, number: int, live: str, one: Instruction, operand: str) -> Iterator[str]:
        if one.code == 0x05:
            yield f"this->pc = {live} ? {self._target(number, one.k)} : this->pc"
            return
        if one.code & 0xF0 not in _JUMPS:
            raise TranslationError(f"code {one.code:#x} is no jump")
        name, operator = _JUMPS[one.code & 0xF0]
        test = f"this->A {operator} {operand}"
        if name == "jset":
            test = f"({test}) != 0"
        true, false = self._target(number, one.jt), self._target(number, one.jf)
        if true != false:
            yield f"this->pc = {live} ? ({test} ? {true} : {false}) : this->pc"
        else:
            yield f"this->pc = {live} ? {true} : this->pc"

    def _target(self, number: int, skipped: int) -> int:
        # A loop jumps back by an offset that wraps around.
        target = (number + 1 + skipped) & 0xFFFFFFFF
        if target <= number:
            raise TranslationError(
                "it is a loop (protochain), which bpf(4) in a kernel refuses too"
            )
        if target >= len(self._program):
            raise TranslationError(f"instruction {number} jumps out of the program")
        return target


def describe(number: int, one: Instruction) -> str:
    """
    An instruction as ``tcpdump -d`` writes it.

    >>> describe(1, Instruction(0x15, 0, 5, 0x86DD))
    'jeq #0x86dd jt 2 jf 7'
    """
    kind, source = one.code & 7, one.code & 8
    name = _CLASSES[kind]
    if kind in (0, 1):
        size = {4: "", 2: "h", 1: "b"}.get(_SIZES.get(one.code & 0x18, 0), "?")
        operand = {
            _ABS: f"[{one.k}]",
            _IND: f"[x + {one.k}]",
            _IMM: f"#{one.k:#x}",
            _MEM: f"M[{one.k}]",
            _LEN: "#pktlen",
            _MSH: f"4*([{one.k}]&0xf)",
        }.get(one.code & 0xE0, "?")
        return f"{name}{size} {operand}"
    if kind in (2, 3):
        return f"{name} M[{one.k}]"
    operand = "x" if source else f"#{one.k:#x}"
    if kind == 4:
        name = _ALU.get(one.code & 0xF0, ("?", ""))[0]
        return name if name == "neg" else f"{name} {operand}"
    if kind == 5:
        if one.code == 0x05:
            return f"ja {number + 1 + one.k}"
        name = _JUMPS.get(one.code & 0xF0, ("?", ""))[0]
        return f"{name} {operand} jt {number + 1 + one.jt} jf {number + 1 + one.jf}"
    if kind == 6:
        return f"ret {'a' if one.code == 0x16 else f'#{one.k}'}"
    return {0x07: "tax", 0x87: "txa"}.get(one.code, "?")
