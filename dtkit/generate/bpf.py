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

from dtkit.generate.text import D
from dtkit.mbuf.flags import MFlag
from dtkit.packets.pcapfilter import Instruction

#: Words of scratch memory (BPF_MEMWORDS).
MEMORY = 16

#: Where a frame has its VLAN tag, and the bytes of one.
_TAG, _TAG_SIZE = 12, 4

_ABS, _IND, _IMM, _MEM, _LEN, _MSH = 0x20, 0x40, 0x00, 0x60, 0x80, 0xA0
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1}
_STORES = {0x02: "A", 0x03: "X"}
#: By bits 4 to 7 of the code.
_ALU = {
    0x0: "+",
    0x1: "-",
    0x2: "*",
    0x3: "/",
    0x4: "|",
    0x5: "&",
    0x6: "<<",
    0x7: ">>",
    0x9: "%",
    0xA: "^",
}
_NEG = 0x8
_JUMPS = {0x1: "==", 0x2: ">", 0x3: ">=", 0x4: "&"}


class TranslationError(ValueError):
    """An instruction that is not one of bpf(4)'s, or a jump out of the program."""


def translate(
    program: Sequence[Instruction], depth: int, skip: str = "", tagged: bool = False
) -> list[D]:
    """
    The statements that run *program* on the chain at ``this->m``, which is not NULL.

    They set ``this->ok`` to 1 or 0; each is without its semicolon.

    A load past the end of the packet, or past the first *depth* mbufs of it, or in an unmapped one,
    rejects the packet; so does a division by zero. The packet's length is that of the chain where
    it ends within *depth* mbufs, and what its header says otherwise.

    :param program: as libpcap compiles it.
    :param depth: mbufs that loads can reach into.
    :param skip: D expression of how many bytes of the first mbuf lie before the packet that the
        program looks at; empty for none.
    :param tagged: whether the packet is a frame whose VLAN tag may be in its header and not among
        its bytes: the program sees it at byte 12, as tcpdump(1) does. A load at a computed place
        that would take bytes of it rejects the packet.
    :raises TranslationError: *program* is not one that bpf(4) would run.
    """
    return [D(code) for code in _Translator(program, depth, skip, tagged).statements()]


class _Translator:
    def __init__(self, program: Sequence[Instruction], depth: int, skip: str, tagged: bool) -> None:
        self._skip = skip
        self._tagged = tagged
        self._program = program
        self._depth = depth
        self._reject = len(program)
        self._accept = len(program) + 1
        self._asks_length = any(one.code in (0x80, 0x81) for one in program)

    def statements(self) -> Iterator[str]:
        """All of them."""
        # A fault on the way must leave the packet rejected.
        yield "this->ok = 0"
        yield from self._chain()
        if self._skip:
            yield from self._skipped()
        if self._tagged:
            yield from self._tag()
        yield "this->A = (uint32_t)0"
        yield "this->X = (uint32_t)0"
        yield "this->pc = 0"
        if any(one.code in (0x40, 0x48, 0x50) for one in self._program):
            yield "this->k = (uint64_t)0"
        for index in sorted(
            {one.k for one in self._program if one.code in (0x60, 0x61, 0x02, 0x03)}
        ):
            if index >= MEMORY:
                raise TranslationError(f"M[{index}] is beyond scratch memory")
            yield f"this->M{index} = (uint32_t)0"
        for number, instruction in enumerate(self._program):
            yield from self._instruction(number, instruction)
        yield f"this->ok = this->pc == {self._accept}"

    def _chain(self) -> Iterator[str]:
        """
        Where the bytes are: byte k is ``this->qN[k]`` of the first N with ``k < this->eN``.

        ``this->end`` is where the last mbuf within reach ends.
        """
        yield "this->n = this->m"
        yield "this->end = (uint32_t)0"
        for number in range(1, self._depth + 1):
            last = "(uint8_t *)NULL" if number == 1 else f"this->q{number - 1}"
            yield f"this->use = this->n != NULL && (this->n->m_flags & {MFlag.EXTPG:#x}) == 0"
            yield f"this->q{number} = this->use ? (uint8_t *)this->n->m_data - this->end : {last}"
            yield (
                "this->end = this->use && this->n->m_len > 0 ? "
                "(uint32_t)(this->end + this->n->m_len) : this->end"
            )
            yield f"this->e{number} = this->end"
            yield "this->n = this->use ? this->n->m_next : this->n"
        if self._asks_length:
            # How long the packet is.
            yield (
                f"this->wire = this->n != NULL && (this->m->m_flags & {MFlag.PKTHDR:#x}) != 0 "
                "&& this->m->m_pkthdr.len > (int)this->end "
                "? (uint32_t)this->m->m_pkthdr.len : this->end"
            )

    def _skipped(self) -> Iterator[str]:
        """Count bytes from behind those that are skipped."""
        skip = self._skip
        for number in range(1, self._depth + 1):
            yield f"this->q{number} = this->q{number} + {skip}"
        names = [f"this->e{number}" for number in range(1, self._depth + 1)] + ["this->end"]
        if self._asks_length:
            names.append("this->wire")
        for name in names:
            yield f"{name} = {name} > {skip} ? (uint32_t)({name} - {skip}) : (uint32_t)0"

    def _tag(self) -> Iterator[str]:
        """Whether there is a VLAN tag beside the bytes: the frame is longer by it."""
        yield f"this->tagged = (this->m->m_flags & {MFlag.VLANTAG:#x}) != 0"
        yield "this->vtag = (int)this->m->m_pkthdr.PH_per.sixteen[0]"
        for name in ("this->end", "this->wire") if self._asks_length else ("this->end",):
            yield f"{name} = this->tagged ? (uint32_t)({name} + {_TAG_SIZE}) : {name}"

    def _instruction(self, number: int, one: Instruction) -> Iterator[str]:
        # No code has more than 8 bits.
        kind, source = one.code & 0xFF07, one.code & 8
        live = f"this->pc <= {number}"
        if kind in (0, 1):
            yield from self._load(live, "AX"[kind], one)
        elif one.code in _STORES:
            yield f"this->M{one.k} = {live} ? this->{_STORES[one.code]} : this->M{one.k}"
        elif kind == 4:
            yield from self._arithmetic(live, one, "this->X" if source else f"{one.k}u")
        elif kind == 5:
            yield from self._jump(number, live, one, "this->X" if source else f"{one.k}u")
        elif one.code == 0x06:
            yield f"this->pc = {live} ? {self._accept if one.k else self._reject} : this->pc"
        elif one.code == 0x16:
            end = f"(this->A != 0 ? {self._accept} : {self._reject})"
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
            value = f"(uint32_t)(({self._word(one.k, 1)} & 15) << 2)"
        elif mode == _ABS and size and register == "A":
            yield self._check(live, f"{one.k + size}")
            value = self._word(one.k, size)
        elif mode == _IND and size and register == "A":
            # 64 bits: an index that wraps around 32 is past the end, not at the start.
            yield f"this->k = (uint64_t)this->X + {one.k}u"
            yield self._check(live, f"this->k + {size}")
            if self._tagged:
                yield (
                    f"this->pc = {live} && this->tagged && this->k < {_TAG + _TAG_SIZE} && "
                    f"this->k + {size} > {_TAG} ? {self._reject} : this->pc"
                )
                yield (
                    f"this->k = this->tagged && this->k >= {_TAG} ? this->k - {_TAG_SIZE} : this->k"
                )
            value = self._word(None, size)
        else:
            raise TranslationError(f"code {one.code:#x} is no load")
        yield f"this->{register} = {live} ? {value} : this->{register}"

    def _check(self, live: str, end: str) -> str:
        return f"this->pc = {live} && this->end < {end} ? {self._reject} : this->pc"

    def _word(self, at: int | None, size: int) -> str:
        plain = _joined([self._byte(at, index) for index in range(size)])
        if not self._tagged or at is None or at + size <= _TAG:
            return plain
        tagged = _joined([self._byte_of_tagged(at + index) for index in range(size)])
        return f"(this->tagged ? {tagged} : {plain})"

    def _byte_of_tagged(self, at: int) -> str:
        """A byte of a frame that the tag is put into."""
        if at < _TAG:
            return self._byte(at, 0)
        if at < _TAG + _TAG_SIZE:
            return ("0x81", "0", "(this->vtag >> 8)", "(this->vtag & 0xff)")[at - _TAG]
        return self._byte(at - _TAG_SIZE, 0)

    def _byte(self, at: int | None, index: int) -> str:
        place = f"this->k + {index}" if at is None else str(at + index)
        choice = "".join(
            f"{place} < this->e{number} ? this->q{number} : " for number in range(1, self._depth)
        )
        return f"({choice}this->q{self._depth})[{place}]"

    def _arithmetic(self, live: str, one: Instruction, operand: str) -> Iterator[str]:
        kind = one.code >> 4
        if kind == _NEG:
            yield f"this->A = {live} ? (uint32_t)(0 - this->A) : this->A"
            return
        if kind not in _ALU:
            raise TranslationError(f"code {one.code:#x} is no arithmetic")
        operator = _ALU[kind]
        value = f"(uint32_t)(this->A {operator} {operand})"
        if operator in ("/", "%"):
            if operand == "0u":
                yield f"this->pc = {live} ? {self._reject} : this->pc"
                return
            if operand == "this->X":
                yield f"this->pc = {live} && this->X == 0 ? {self._reject} : this->pc"
        elif operator in ("<<", ">>"):
            if operand == "this->X":
                value = f"(this->X < 32 ? {value} : (uint32_t)0)"
            elif one.k >= 32:
                value = "(uint32_t)0"
        yield f"this->A = {live} ? {value} : this->A"

    def _jump(self, number: int, live: str, one: Instruction, operand: str) -> Iterator[str]:
        if one.code == 0x05:
            yield f"this->pc = {live} ? {self._target(number, one.k)} : this->pc"
            return
        if one.code >> 4 not in _JUMPS:
            raise TranslationError(f"code {one.code:#x} is no jump")
        test = f"this->A {_JUMPS[one.code >> 4]} {operand}"
        true, false = self._target(number, one.jt), self._target(number, one.jf)
        yield f"this->pc = {live} ? ({test} ? {true} : {false}) : this->pc"

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


def _joined(values: Sequence[str]) -> str:
    """The number that bytes make, the highest first."""
    parts = []
    for index, byte in enumerate(values):
        shift = 8 * (len(values) - 1 - index)
        parts.append(f"({byte} << {shift})" if shift else byte)
    return f"(uint32_t)({' | '.join(parts)})"
