# SPDX-License-Identifier: BSD-2-Clause
"""
From BPF to D: the program of a packet filter as one lazy expression, for a predicate.

Where a program only loads, compares and jumps, as libpcap makes it of hosts, nets, ports, protocols
and flags, its jumps become ``&&``, ``||`` and ``?:``, so that a packet that is not wanted
costs the tests up to the first that it fails. What packets differ in most is tested first, on the
bytes of the first mbuf; only where these do not suffice, the first bytes of the chain are gathered
in scratch memory. What is more than that is for the straight line of :mod:`dtkit.generate.bpf`.

In the kernel's registers all numbers are 64 bits wide, bytes of the packet are loaded one by one,
and an expression nested deep to the right runs out of registers: ``&&`` and ``||`` do not, since
they keep nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dtkit.generate.text import D
from dtkit.packets.pcapfilter import Instruction

#: Characters of an expression from which on the straight line is the shorter one.
LONGEST = 4000

#: Places in a program that may be come to, each by its own way.
_WAYS = 2000

#: Characters of what is tested first.
_QUICK = 240

#: Bytes of an IPv4 header without options, and the most that it can have.
_HEADER, _MOST_HEADER = 20, 60

#: No load reaches further into a packet than this.
_FARTHEST = 512

_ETHERTYPE_VLAN = 0x8100

#: What libpcap makes of the version of IP.
_VERSIONS = ("(this->d[0] & 0xf0) == 0x40", "(this->d[0] & 0xf0) == 0x60")

#: Where a VLAN tag stands in a frame, and how long it is; and the place of one that does not.
_TAGGED, _TAG_SIZE, _TAG = 12, 4, -1

_ABS, _IND, _IMM, _MSH = 0x20, 0x40, 0x00, 0xA0
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1}
_JUMPS = {0x10: "==", 0x20: ">", 0x30: ">=", 0x40: "&"}
_NOT = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", ">=": "<", "<": ">="}


class NotLazyError(ValueError):
    """A program that is no lazy expression; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class _Load:
    """Bytes of the packet: *size* from *at* on, behind the IP header if *behind*."""

    at: int
    size: int
    behind: bool = False
    mask: int = 0xFFFFFFFF

    def byte(self, index: int) -> str:
        at = self.at + index
        if self.at == _TAG:
            return "(this->vtag & 0xff)" if index else "(this->vtag >> 8)"
        if self.behind:
            return f"this->d[this->x{f' + {at}' if at else ''}]"
        return f"this->d[{at}]"

    @property
    def bytes(self) -> list[tuple[str, int]]:
        """Each byte that is not masked, with the mask of it, the last first."""
        found = []
        for index in reversed(range(self.size)):
            mask = self.mask >> 8 * (self.size - 1 - index) & 0xFF
            if mask:
                found.append((self.byte(index), mask))
        return found

    @property
    def value(self) -> str:
        parts = []
        for index in range(self.size):
            shift = 8 * (self.size - 1 - index)
            parts.append(f"{self.byte(index)} << {shift}" if shift else self.byte(index))
        text = " | ".join(parts)
        full = (1 << 8 * self.size) - 1
        if self.mask & full != full:
            return (
                f"(({text}) & {self.mask & full:#x})"
                if len(parts) > 1
                else (f"({text} & {self.mask & full:#x})")
            )
        return f"({text})" if len(parts) > 1 else text


@dataclass(frozen=True, slots=True)
class _Expr:
    """
    A condition.

    :ivar kind: ``true``, ``false``, ``test``, ``and``, ``or``, ``if``.
    :ivar text: of a test.
    :ivar end: of a test, how many bytes of the packet it needs; None if it is not a constant.
    """

    kind: str
    parts: tuple[_Expr, ...] = ()
    text: str = ""
    end: int | None = 0

    def __str__(self) -> str:
        if self.kind == "test":
            return self.text
        if self.kind in ("true", "false"):
            return "1" if self.kind == "true" else "0"
        if self.kind == "if":
            test, yes, no = (f"({part})" if part.kind == "if" else str(part) for part in self.parts)
            return f"{test} ? {yes} : {no}"
        looser = ("or", "if") if self.kind == "and" else ("if",)
        return _chain(
            "&&" if self.kind == "and" else "||",
            [f"({part})" if part.kind in looser else str(part) for part in self.parts],
        )

    @property
    def operand(self) -> str:
        """As an operand of ``||`` and ``&&``."""
        return f"({self})" if self.kind in ("or", "if") else str(self)


def _chain(operator: str, parts: Sequence[str]) -> str:
    """
    All of *parts* with ``&&`` or ``||`` between them, nested to the right.

    Each is an operand of it as it stands.
    """
    text = parts[-1]
    for number, part in enumerate(reversed(parts[:-1])):
        text = f"{part} {operator} ({text})" if number else f"{part} {operator} {text}"
    return text


_TRUE, _FALSE = _Expr("true"), _Expr("false")


def _and(*parts: _Expr) -> _Expr:
    flat: list[_Expr] = []
    for part in parts:
        if part is _FALSE:
            return _FALSE
        flat += part.parts if part.kind == "and" else () if part is _TRUE else (part,)
    if len(flat) < 2:
        return flat[0] if flat else _TRUE
    return _Expr("and", tuple(flat))


def _or(*parts: _Expr) -> _Expr:
    flat: list[_Expr] = []
    for part in parts:
        if part is _TRUE:
            return _TRUE
        flat += part.parts if part.kind == "or" else () if part is _FALSE else (part,)
    if len(flat) < 2:
        return flat[0] if flat else _FALSE
    return _Expr("or", tuple(flat))


def _choice(test: _Expr, unlike: _Expr, yes: _Expr, no: _Expr) -> _Expr:
    """``test ? yes : no`` with as little of it written twice as can be; *unlike* is ``!test``."""
    if yes == no:
        return yes
    if no is _FALSE:
        return _and(test, yes)
    if yes is _TRUE:
        return _or(test, no)
    if yes is _FALSE:
        return _and(unlike, no)
    if no is _TRUE:
        return _or(unlike, yes)
    # The way that both branches end with: `a ? c : b && c` is `(a || b) && c`, and so on.
    if no.kind == "and" and (rest := _without(no, yes)) is not None:
        return _and(_or(test, rest), yes)
    if yes.kind == "and" and (rest := _without(yes, no)) is not None:
        return _and(_or(unlike, rest), no)
    if no.kind == "or" and (rest := _without(no, yes)) is not None:
        return _or(_and(unlike, rest), yes)
    if yes.kind == "or" and (rest := _without(yes, no)) is not None:
        return _or(_and(test, rest), no)
    return _Expr("if", (test, yes, no))


def _without(whole: _Expr, end: _Expr) -> _Expr | None:
    """*whole* without the *end* that it has; None if it has another."""
    tail = end.parts if end.kind == whole.kind else (end,)
    if len(tail) < len(whole.parts) and whole.parts[-len(tail) :] == tail:
        rest = whole.parts[: -len(tail)]
        return (_and if whole.kind == "and" else _or)(*rest)
    return None


@dataclass(frozen=True, slots=True)
class _State:
    """What the machine's registers hold at a place, and how many bytes there are for sure."""

    a: _Load | int | None = None
    x: bool = False
    known: int = 0
    behind: int = 0


@dataclass(slots=True)
class Lazy:
    """
    A program as an expression over ``this->d``, its bytes, and ``this->l``, how many there are.

    :ivar unfinished: whether an IPv4 header's length may not be filled in yet: it is 20 then.
    :ivar tagged: whether the program is to see a frame with a VLAN tag at byte 12 that is not among
        the bytes: ``this->vtag``.
    :ivar expression: of the whole filter; loads no byte that is not there.
    :ivar quick: a necessary condition of it that needs few bytes, or empty: ``quick_end`` of them.
    :ivar closer: the same, of what is behind an IP header, or empty.
    :ivar constant: bytes up to the farthest load at a constant place.
    :ivar behind: bytes behind the IP header that are loaded; 0 for none.
    :ivar header: where the IP header begins whose length is asked for.
    """

    program: Sequence[Instruction]
    unfinished: bool = False
    tagged: bool = False
    expression: str = ""
    quick: str = ""
    quick_end: int = 0
    closer: str = ""
    constant: int = 0
    behind: int = 0
    header: int = 0
    _ways: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        try:
            found = self._expr(0, _State())
        except RecursionError:
            raise NotLazyError("it is too deep") from None
        self.expression = found.operand
        if len(self.expression) > LONGEST:
            raise NotLazyError(f"it is {len(self.expression)} characters long")
        quick = _quick(found)
        if quick is not _TRUE and quick != found and len(str(quick)) <= _QUICK:
            self.quick, self.quick_end = quick.operand, _end(quick)
        behind = _behind(found)
        if self.quick and behind is not _TRUE and len(str(behind)) <= _QUICK:
            # Where the header has no options, it is known where what is behind it lies.
            options = f"(this->d[{self.header}] & 15) != {_HEADER // 4}"
            plain = (
                str(behind).replace("this->x + ", f"{_HEADER} + ").replace("this->x", str(_HEADER))
            )
            self.closer = f"({options} || {plain})"

    @property
    def need(self) -> int:
        """Bytes that suffice for the whole filter where the IP header has no options."""
        if not self.behind:
            return self.constant
        return max(self.constant, self.header + _HEADER + self.behind)

    @property
    def most(self) -> int:
        """Bytes that suffice in any case."""
        if not self.behind:
            return self.constant
        return max(self.constant, self.header + _MOST_HEADER + self.behind)

    def enough(self) -> str:
        """Whether the bytes at hand suffice for every test that is come to."""
        if self.need >= self.most:
            return f"this->l >= {self.need}"
        # With so many words of IPv4 header, what is looked at behind it is within `need`.
        words = (self.need - self.behind - self.header) // 4
        return (
            f"this->l >= {self.need} && (this->d[{self.header}] & 15) <= {words} || "
            f"this->l >= {self.most}"
        )

    def _expr(self, at: int, state: _State) -> _Expr:
        self._ways += 1
        if self._ways > _WAYS:
            raise NotLazyError("there are too many ways through it")
        one = self.program[at]
        kind = one.code & 7
        if kind == 6:
            if one.code != 0x06:
                raise NotLazyError("it returns what it computes")
            return _TRUE if one.k else _FALSE
        if kind == 5:
            return self._jump(at, one, state)
        if kind in (0, 1):
            return self._load(at, one, state)
        if one.code == 0x54 and isinstance(state.a, _Load):
            load = state.a
            masked = _Load(load.at, load.size, load.behind, load.mask & one.k)
            return self._expr(at + 1, _State(masked, state.x, state.known, state.behind))
        raise NotLazyError("it computes")

    def _load(self, at: int, one: Instruction, state: _State) -> _Expr:
        mode, size = one.code & 0xE0, _SIZES.get(one.code & 0x18, 0)
        register = one.code & 7
        if one.k > _FARTHEST and mode != _IMM:
            raise NotLazyError(f"it looks at byte {one.k}")
        if mode == _IMM and register == 0:
            return self._expr(at + 1, _State(one.k, state.x, state.known, state.behind))
        if self.tagged and one.k + size > _TAGGED:
            if one.k >= _TAGGED + _TAG_SIZE:
                one = one._replace(k=one.k - _TAG_SIZE)
            elif size == 2 and one.k in (_TAGGED, _TAGGED + 2) and mode == _ABS:
                tag = _ETHERTYPE_VLAN if one.k == _TAGGED else _Load(_TAG, 2)
                return self._expr(at + 1, _State(tag, state.x, state.known, state.behind))
            else:
                raise NotLazyError("it looks at half a VLAN tag")
        if mode == _ABS and size and register == 0:
            end = one.k + size
            self.constant = max(self.constant, end)
            after = _State(_Load(one.k, size), state.x, max(state.known, end), state.behind)
            check = _TRUE if end <= state.known else _Expr("test", (), f"this->l >= {end}", end)
            return _and(check, self._expr(at + 1, after))
        if mode == _MSH and size == 1 and register == 1:
            if self.behind and self.header != one.k:
                raise NotLazyError("it looks behind two headers")
            self.header, end = one.k, one.k + 1
            self.constant = max(self.constant, end)
            after = _State(state.a, True, max(state.known, end), 0)
            check = _TRUE if end <= state.known else _Expr("test", (), f"this->l >= {end}", end)
            return _and(check, self._expr(at + 1, after))
        if mode == _IND and size and register == 0 and state.x:
            # k counts from the start of the packet: the link header is in it.
            end = one.k + size
            behind = end - self.header
            if behind <= 0 or one.k < self.header:
                raise NotLazyError("it looks at bytes before a header")
            self.behind = max(self.behind, behind)
            after = _State(_Load(one.k, size, True), True, state.known, max(state.behind, end))
            check = _TRUE
            if end > state.behind:
                words = f"this->d[{self.header}] & 15"
                words = f"({words} ? {words} : 5)" if self.unfinished else f"({words})"
                place = "this->x" if state.behind else f"(this->x = {words} << 2)"
                check = _Expr("test", (), f"this->l >= {place} + {end}", None)
            return _and(check, self._expr(at + 1, after))
        raise NotLazyError("it loads in another way")

    def _jump(self, at: int, one: Instruction, state: _State) -> _Expr:
        if one.code == 0x05:
            return self._expr(self._target(at, one.k), state)
        operator = _JUMPS.get(one.code & 0xF0)
        if operator is None or one.code & 8 or state.a is None:
            raise NotLazyError("it compares with what it computes")
        yes_at, no_at = self._target(at, one.jt), self._target(at, one.jf)
        if isinstance(state.a, int):
            holds = {
                "==": state.a == one.k,
                ">": state.a > one.k,
                ">=": state.a >= one.k,
                "&": state.a & one.k != 0,
            }[operator]
            return self._expr(yes_at if holds else no_at, state)
        test, unlike = _compare(state.a, operator, one.k)
        if test in (_TRUE, _FALSE):
            return self._expr(yes_at if test is _TRUE else no_at, state)
        yes, no = self._expr(yes_at, state), self._expr(no_at, state)
        return _choice(test, unlike, yes, no)

    def _target(self, at: int, skipped: int) -> int:
        target = (at + 1 + skipped) & 0xFFFFFFFF
        if not at < target < len(self.program):
            raise NotLazyError("it jumps backwards or out of the program")
        return target


def _compare(load: _Load, operator: str, k: int) -> tuple[_Expr, _Expr]:
    """A comparison and its opposite: byte by byte where that is lazier."""
    end = None if load.behind or load.at == _TAG else load.at + load.size
    if operator == "&":
        load, operator, k = _Load(load.at, load.size, load.behind, load.mask & k), "!=", 0
    full = (1 << 8 * load.size) - 1
    if operator in ("==", "!="):
        if k & ~(load.mask & full):
            found = (_FALSE, _TRUE)
        else:
            same, other = [], []
            for index, (byte, mask) in enumerate(load.bytes):
                shift = _shift(load, index)
                text = byte if mask == 0xFF else f"({byte} & {mask:#x})"
                wanted = k >> shift & 0xFF
                same.append(_Expr("test", (), f"{text} == {_number(wanted)}", end))
                other.append(_Expr("test", (), f"{text} != {_number(wanted)}", end))
            found = (_and(*same), _or(*other))
        return found if operator == "==" else (found[1], found[0])
    if k > full:
        return (_FALSE, _TRUE)
    return (
        _Expr("test", (), f"{load.value} {operator} {_number(k)}", end),
        _Expr("test", (), f"{load.value} {_NOT[operator]} {_number(k)}", end),
    )


def _shift(load: _Load, index: int) -> int:
    """How far the byte of that number in :attr:`_Load.bytes` is shifted in the value."""
    shifts = [8 * n for n in range(load.size) if load.mask >> 8 * n & 0xFF]
    return shifts[index]


def _number(value: int) -> str:
    return str(value) if value < 10 else f"{value:#x}"


def _quick(expr: _Expr) -> _Expr:
    """A condition that holds wherever *expr* does, with no test of how many bytes there are."""
    if expr.kind == "test":
        if expr.end is None or expr.text.startswith("this->l") or expr.end > _HEADER + 14:
            return _TRUE
        return expr
    if expr.kind == "and":
        return _and(*_first(map(_quick, expr.parts)))
    if expr.kind == "or":
        return _or(*map(_quick, expr.parts))
    if expr.kind == "if":
        test, yes, no = expr.parts
        if _quick(test) != test:
            return _TRUE
        yes, no = _quick(yes), _quick(no)
        if yes == no:
            return yes
        if yes is _TRUE or no is _TRUE:
            return _TRUE
        return _Expr("if", (test, yes, no))
    return expr


def _behind(expr: _Expr) -> _Expr:
    """A condition on bytes behind the IP header that holds wherever *expr* does."""
    if expr.kind == "test":
        looks = "this->d[this->x" in expr.text and not expr.text.startswith("this->l")
        return expr if looks else _TRUE
    if expr.kind == "and":
        return _and(*_first(map(_behind, expr.parts)))
    if expr.kind == "or":
        return _or(*map(_behind, expr.parts))
    if expr.kind == "if":
        test, yes, no = expr.parts
        yes, no = _behind(yes), _behind(no)
        if _quick(test) == test and yes is _TRUE and no is not _TRUE:
            return _or(test, no)
        return _TRUE
    return expr


def _first(parts: Iterable[_Expr]) -> list[_Expr]:
    """The first test of some that must all hold; of the IP version only where there is no other."""
    found = [part for part in parts if part is not _TRUE]
    telling = [part for part in found if part.text not in _VERSIONS]
    return (telling or found)[:1]


def _end(expr: _Expr) -> int:
    return max([expr.end or 0, *map(_end, expr.parts)])


def gather(depth: int, most: int) -> str:
    """
    The expression that gathers the bytes at hand, and those behind them, in scratch memory.

    There are fewer than *most*, and at least so many are gathered if *depth* mbufs have them;
    ``this->n`` is the second one. An mbuf that is not mapped is a fault: no packet begins with one.
    """
    size = f"this->n->m_len < {most} ? this->n->m_len : {most}"
    step = f"bcopy(this->n->m_data, this->d + this->l, {size}), this->l += this->n->m_len"
    more = "1"
    for _ in range(depth - 2):
        more = f"this->l < {most} && (this->n = this->n->m_next) && ({step}, {more})"
    return (
        f"(bcopy(this->d, this->g = (uint8_t *)alloca({2 * most}), this->l), "
        f"this->d = this->g, {step}, {more}, 1)"
    ).replace("1, 1)", "1)")


def expression(program: Sequence[Instruction], depth: int, head: str = "this->m") -> D:
    """
    The whole filter of the chain at *head* as an expression.

    A load past the end of the packet, or past the first *depth* mbufs of it, or in an unmapped one,
    rejects the packet, as in :func:`dtkit.generate.bpf.translate`.

    :param head: D expression of the first mbuf; not NULL.
    :raises NotLazyError: *program* does more than load, compare and jump.
    """
    lazy = Lazy(program)
    if not lazy.need:
        return D(lazy.expression)
    data = f"this->d = (uint8_t *){head}->m_data, this->l = {head}->m_len"
    return D(f"({data}, {decision(lazy, head, depth)})")


def steps(lazy: Lazy, head: str, depth: int, closer: bool = False) -> list[str]:
    """
    The filter of what is at ``this->d``, ``this->l`` bytes of the chain at *head*, part by part.

    The bytes are gathered from *depth* mbufs where those at hand do not suffice.

    :param closer: whether to look behind the IP header at first, too: longer, and less to do for
        a packet that differs in its ports only.
    """
    parts = []
    if lazy.quick and lazy.need < lazy.most:
        if closer and lazy.closer:
            end = max(lazy.quick_end, lazy.header + _HEADER + lazy.behind)
            parts.append(f"(this->l < {end} || {lazy.quick} && {lazy.closer})")
        else:
            parts.append(f"(this->l < {lazy.quick_end} || {lazy.quick})")
    if depth > 1:
        alone = f"!(this->n = {head}->m_next)"
        parts.append(f"({lazy.enough()} || {alone} || {gather(depth, lazy.most)})")
    return [*parts, lazy.expression]


def decision(lazy: Lazy, head: str, depth: int, closer: bool = False) -> str:
    """All of :func:`steps`."""
    return all_of(steps(lazy, head, depth, closer))


def all_of(conditions: Sequence[str]) -> D:
    """
    Conditions with ``&&`` between them, nested to the right.

    ``a && b && c`` is ``(a && b) && c``, where DIF asks twice whether ``a`` failed.
    """
    return D(_chain("&&", conditions))
