# SPDX-License-Identifier: BSD-2-Clause
"""Filters in D decide as libpcap does, wherever the bytes lie."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dtkit.generate.bpf import TranslationError, translate
from dtkit.generate.filtering import condition
from dtkit.generate.lazy import NotLazyError, expression
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Instruction, Program, compile_filter
from dtkit.simulate import Settings, StackPacket, read_paths
from tests.generate.filters import CORPUS, EXPRESSIONS, PRIMITIVES, SPLITS
from tests.ids import plain
from tests.simulate.running import ran

PROBE = "fbt::ip_input:entry"

#: A path on which any bytes at all meet one probe.
PATHS = read_paths("thread netisr 12 100004 intr swi_net+0x12b\n\npath input\n  ip_input m\n")


def straight(program: Program, depth: int, skip: str = "") -> str:
    """A script that prints what the straight line decides, a line for each packet."""
    statements = "".join(f"\t{one};\n" for one in translate(program.instructions, depth, skip))
    return (
        "#pragma D option quiet\n"
        f"{PROBE} {{ this->ok = 0; this->m = (struct mbuf *)NULL; this->m = args[0]; }}\n"
        f"{PROBE}\n/this->m != NULL/\n{{\n{statements}}}\n"
        f'{PROBE}\n{{\n\tprintf("%d\\n", this->ok);\n}}\n'
    )


def lazily(program: Program, depth: int) -> str:
    """
    The same of the lazy expression.

    :raises NotLazyError: there is none.
    """
    condition = expression(program.instructions, depth)
    return (
        "#pragma D option quiet\n"
        f"{PROBE} {{ this->ok = 0; this->m = args[0]; }}\n"
        f"{PROBE}\n/this->m != NULL && {condition}/\n{{ this->ok = 1; }}\n"
        f'{PROBE}\n{{\n\tprintf("%d\\n", this->ok);\n}}\n'
    )


def decisions(text: str, packets: list[StackPacket]) -> list[bool]:
    """What D decides; a fault would show as a line that is no number."""
    text = ran(text, packets, Settings(paths=PATHS))
    lines = text.split()
    assert set(lines) <= {"0", "1"}, text
    return [line == "1" for line in lines]


def expected(program: Program, packet: StackPacket, depth: int) -> bool:
    """What libpcap decides of the bytes that lie in the first *depth* mbufs."""
    lengths = [*packet.lengths, max(len(packet.data) - sum(packet.lengths), 0)]
    reach = sum(lengths[:depth])
    return program.matches(packet.data[:reach], len(packet.data))


def check(program: Program, depth: int) -> None:
    packets = [
        StackPacket(data, lengths=lengths)
        for data in CORPUS[program.linktype]
        for lengths in SPLITS
        if sum(lengths) < len(data)
    ]
    wanted = [expected(program, packet, depth) for packet in packets]
    assert decisions(straight(program, depth), packets) == wanted, program.expression
    try:
        text = lazily(program, depth)
    except NotLazyError:
        return
    assert decisions(text, packets) == wanted, program.expression


TAGGED = [
    "vlan",
    "vlan 5",
    "vlan 6",
    "not vlan",
    "udp",
    "vlan and udp",
    "vlan 5 and udp port 53",
    "vlan 5 and tcp",
    "vlan 5 and ip[8] > 3",
    "ether[12:2] = 0x8100",
    "ether[14:2] & 0xfff = 5 and ether[16:2] = 0x0800",
    "ether[11:4] != 0 and ether[15] = 5",
    "ether[10:2] != ether[12:2] and ether[14:2] = 5",
    "greater 50",
    "ether[ether[15] + 20] & 1 = 1",
    "vlan and vlan 7",
]


@pytest.mark.parametrize("text", TAGGED)
def test_a_tag_beside_the_bytes_is_seen_where_tcpdump_shows_it(text: str) -> None:
    program = compile_filter(text, LinkType.ETHERNET)
    frames = [data for data in CORPUS[LinkType.ETHERNET] if len(data) >= 14]
    packets, wanted = [], []
    for tag in (None, 5, 0xA006):
        for data in frames:
            for lengths in ((), (14,), (34, 3), (20, 10, 30)):
                if sum(lengths) >= len(data):
                    continue
                packets.append(StackPacket(data, lengths=lengths, vtag=tag))
                seen = data
                if tag is not None:
                    seen = data[:12] + b"\x81\0" + tag.to_bytes(2, "big") + data[12:]
                wanted.append(program.matches(seen, len(seen)))
    assert True in wanted
    assert False in wanted
    statements = "".join(f"\t{one};\n" for one in translate(program.instructions, 4, tagged=True))
    line = (
        "#pragma D option quiet\n"
        f"{PROBE} {{ this->ok = 0; this->m = args[0]; }}\n{PROBE}\n{{\n{statements}}}\n"
        f'{PROBE}\n{{\n\tprintf("%d\\n", this->ok);\n}}\n'
    )
    assert decisions(line, packets) == wanted
    whole = (
        "#pragma D option quiet\n"
        f"{PROBE} {{ this->ok = 0; this->m = args[0]; }}\n"
        f"{PROBE}\n/{condition(program, 4)}/\n{{ this->ok = 1; }}\n"
        f'{PROBE}\n{{\n\tprintf("%d\\n", this->ok);\n}}\n'
    )
    assert decisions(whole, packets) == wanted


CASES = [(text, link) for text, links in PRIMITIVES for link in links]


@pytest.mark.parametrize(
    ("text", "linktype"),
    CASES,
    ids=[plain(f"{link.name}-{text}") for text, link in CASES],
)
def test_each_primitive(text: str, linktype: LinkType) -> None:
    check(compile_filter(text, linktype), 4)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    EXPRESSIONS,
    st.sampled_from([LinkType.RAW, LinkType.IPV4, LinkType.ETHERNET]),
    st.integers(1, 8),
)
def test_any_expression(text: str, linktype: LinkType, depth: int) -> None:
    try:
        program = compile_filter(text, linktype)
    except FilterError:
        assume(False)
    check(program, depth)


@pytest.mark.parametrize("text", [text for text, links in PRIMITIVES if not links])
def test_what_libpcap_refuses_is_refused_in_its_words(text: str) -> None:
    with pytest.raises(FilterError, match=re.escape(repr(text))):
        compile_filter(text, LinkType.RAW)


Code = list[tuple[int, int, int, int]]

ACCEPT, REJECT = (0x06, 0, 0, 1), (0x06, 0, 0, 0)
LENGTH: Code = [(0x80, 0, 0, 0)]
TAX, TXA = (0x07, 0, 0, 0), (0x87, 0, 0, 0)


def a_is(value: int) -> Code:
    """Accept where A is *value*, and nothing else."""
    return [(0x15, 0, 1, value), ACCEPT, REJECT]


def set_(a: int, x: int = 0) -> Code:
    return [(0x00, 0, 0, a), (0x01, 0, 0, x)]


def decides(code: Code, data: bytes, lengths: tuple[int, ...] = (), depth: int = 8) -> bool:
    """What D decides of one packet."""
    program = Program("by hand", LinkType.RAW, tuple(Instruction(*one) for one in code))
    (found,) = decisions(straight(program, depth), [StackPacket(data, lengths=lengths)])
    return found


#: Instructions as no compiler makes them: (program, what it returns for b"\x01\x02\x03\x04").
BY_HAND: dict[str, tuple[Code, bool]] = {
    "a shift by K of 31": ([*set_(3), (0x64, 0, 0, 31), *a_is(1 << 31)], True),
    "a shift by X of 31": ([*set_(3, 31), (0x6C, 0, 0, 0), *a_is(1 << 31)], True),
    "a shift by X of 32": ([*set_(1, 32), (0x6C, 0, 0, 0), *a_is(0)], True),
    "a shift to the right by X of 31": ([*set_(3 << 30, 31), (0x7C, 0, 0, 0), *a_is(1)], True),
    "a shift to the right by X of 64": ([*set_(1, 64), (0x7C, 0, 0, 0), *a_is(0)], True),
    "division by X of 0": ([*set_(1), (0x3C, 0, 0, 0), ACCEPT], False),
    "modulo X of 0": ([*set_(1), (0x9C, 0, 0, 0), ACCEPT], False),
    "an index that wraps around": ([(0x01, 0, 0, 0xFFFFFFFF), (0x50, 0, 0, 2), ACCEPT], False),
    "a sum that wraps around": ([*set_(0xFFFFFFFF), (0x04, 0, 0, 1), *a_is(0)], True),
    "a negation": ([*set_(1), (0x84, 0, 0, 0), *a_is(0xFFFFFFFF)], True),
    "through memory": (
        [*set_(9), (0x02, 0, 0, 3), (0x00, 0, 0, 0), (0x61, 0, 0, 3), TXA, *a_is(9)],
        True,
    ),
    "X to memory": ([*set_(0, 9), (0x03, 0, 0, 15), (0x60, 0, 0, 15), *a_is(9)], True),
    "to memory alone": ([*set_(9), (0x02, 0, 0, 0), *a_is(9)], True),
    "X to memory alone": ([*set_(9, 8), (0x03, 0, 0, 1), *a_is(9)], True),
    "a jump over a return": ([(0x05, 0, 0, 1), REJECT, ACCEPT], True),
    "a jump to the same either way": ([*set_(9), (0x15, 1, 1, 9), REJECT, ACCEPT], True),
    "the length": ([(0x80, 0, 0, 0), *a_is(4)], True),
    "the length as X": ([(0x81, 0, 0, 0), TXA, *a_is(4)], True),
    "what is accepted is over": ([ACCEPT, REJECT], True),
    "what is rejected is over": ([REJECT, ACCEPT], False),
    "a return of A": ([*set_(1), (0x16, 0, 0, 0)], True),
    "a return of A of 0": ([(0x16, 0, 0, 0)], False),
    "A to X": ([*set_(7, 1), TAX, (0x00, 0, 0, 0), TXA, *a_is(7)], True),
    # What is jumped over is not obeyed.
    "memory is left": (
        [
            *[*set_(5), (0x02, 0, 0, 0)],
            *[(0x05, 0, 0, 2), (0x00, 0, 0, 9), (0x02, 0, 0, 0)],
            *[(0x60, 0, 0, 0), *a_is(5)],
        ],
        True,
    ),
    "X is left": ([*set_(9, 5), (0x05, 0, 0, 1), TAX, TXA, *a_is(5)], True),
    "A is left": ([*set_(9, 5), (0x05, 0, 0, 1), TXA, *a_is(9)], True),
    "A is left by arithmetic": (
        [*set_(9, 5), (0x05, 0, 0, 2), (0x04, 0, 0, 1), (0x84, 0, 0, 0), *a_is(9)],
        True,
    ),
    "a division by 0 is passed over": ([(0x05, 0, 0, 1), (0x3C, 0, 0, 0), ACCEPT], True),
    "a load behind the end is passed over": (
        [(0x05, 0, 0, 2), (0x20, 0, 0, 9), (0x40, 0, 0, 9), ACCEPT],
        True,
    ),
}


@pytest.mark.parametrize(("code", "accepts"), BY_HAND.values(), ids=BY_HAND)
def test_by_hand(code: Code, accepts: bool) -> None:
    program = Program("by hand", LinkType.RAW, tuple(Instruction(*one) for one in code))
    assert program.matches(b"\1\2\3\4") is accepts
    assert decides(code, b"\1\2\3\4", (1,), 2) is accepts


#: Of A and the operand: what comes of it.
ARITHMETIC = {
    "add": (0x00, 0xFFFFFFF0, 0x11, 1),
    "sub": (0x10, 1, 2, 0xFFFFFFFF),
    "mul": (0x20, 0x10001, 0x10001, 0x20001),
    "div": (0x30, 0xFFFFFFFF, 16, 0x0FFFFFFF),
    "or": (0x40, 0xF0, 0x3C, 0xFC),
    "and": (0x50, 0xF0, 0x3C, 0x30),
    "lsh": (0x60, 0x80000001, 1, 2),
    "rsh": (0x70, 0x80000001, 1, 0x40000000),
    "mod": (0x90, 17, 5, 2),
    "xor": (0xA0, 0xF0, 0x3C, 0xCC),
}


@pytest.mark.parametrize("source", [0, 8], ids=["K", "X"])
@pytest.mark.parametrize(("kind", "a", "operand", "result"), ARITHMETIC.values(), ids=ARITHMETIC)
def test_arithmetic(kind: int, a: int, operand: int, result: int, source: int) -> None:
    # The operand is where it is looked for, and another in the other place.
    code = [*set_(a, operand if source else 7), (4 | kind | source, 0, 0, 0 if source else operand)]
    program = Program("", LinkType.RAW, tuple(Instruction(*one) for one in [*code, *a_is(result)]))
    assert program.matches(b"\1")
    assert decides([*code, *a_is(result)], b"\1")


@pytest.mark.parametrize("source", [0, 8], ids=["K", "X"])
@pytest.mark.parametrize(
    ("kind", "operand", "jumps"),
    [
        (0x10, 6, True),
        (0x10, 5, False),
        (0x20, 5, True),
        (0x20, 6, False),
        (0x30, 6, True),
        (0x30, 7, False),
        (0x40, 2, True),
        (0x40, 9, False),
    ],
    ids=["jeq", "not jeq", "jgt", "not jgt", "jge", "not jge", "jset", "not jset"],
)
def test_jumps(kind: int, operand: int, jumps: bool, source: int) -> None:
    code = [*set_(6, operand if source else 0), (5 | kind | source, 1, 0, 0 if source else operand)]
    code += [REJECT, ACCEPT]
    program = Program("", LinkType.RAW, tuple(Instruction(*one) for one in code))
    assert program.matches(b"\1") is jumps
    assert decides(code, b"\1") is jumps


DATA = bytes([0x81, 0x92, 0xA3, 0xB4, 0xC5, 0xD6])


@pytest.mark.parametrize("lengths", [(), (1, 1, 1, 1, 1), (2, 0, 3)], ids=str)
@pytest.mark.parametrize("register", [0, 2], ids=["by K", "by X and K"])
@pytest.mark.parametrize("size", [4, 2, 1])
def test_loads(size: int, register: int, lengths: tuple[int, ...]) -> None:
    """Of each size, at each place up to the last where there are so many bytes."""
    kind = {4: 0x00, 2: 0x08, 1: 0x10}[size] | (0x40 if register else 0x20)
    for at in range(len(DATA) - size + 2):
        index = min(register, at)
        value = int.from_bytes(DATA[at : at + size], "big")
        code = [*set_(0, index), (kind, 0, 0, at - index if register else at), *a_is(value)]
        assert decides(code, DATA, lengths) is (at + size <= len(DATA)), at


@pytest.mark.parametrize("at", range(7))
def test_the_length_of_a_header(at: int) -> None:
    code = [(0xB1, 0, 0, at), TXA, *a_is((DATA + b"\0")[at] % 16 * 4)]
    assert decides(code, DATA, (3,)) is (at < 6)


@pytest.mark.parametrize(("depth", "reach"), [(1, 2), (2, 2), (3, 5), (4, 6), (5, 6)])
def test_no_load_reaches_behind_the_last_mbuf(depth: int, reach: int) -> None:
    for at in range(6):
        code = [(0x30, 0, 0, at), *a_is(DATA[at])]
        assert decides(code, DATA, (2, 0, 3), depth) is (at < reach)
    # The length is the packet's all the same.
    assert decides([*LENGTH, *a_is(6)], DATA, (2, 0, 3), depth)


@pytest.mark.parametrize(("depth", "length"), [(1, 2), (2, 4), (3, 6)])
def test_a_header_that_says_less_than_there_is_is_not_believed(depth: int, length: int) -> None:
    program = Program("", LinkType.RAW, tuple(Instruction(*one) for one in LENGTH + a_is(length)))
    packet = StackPacket(DATA, lengths=(2, 2), breakages=(("pkthdr-len", 0),))
    assert decisions(straight(program, depth), [packet]) == [True]


def test_an_mbuf_of_negative_length_has_no_bytes() -> None:
    code = [*LENGTH, (0x15, 0, 3, 4), (0x30, 0, 0, 2), *a_is(0xC5)]
    program = Program("", LinkType.RAW, tuple(Instruction(*one) for one in code))
    packet = StackPacket(DATA, lengths=(2, 2), breakages=(("negative-len", 1),))
    assert decisions(straight(program, 3), [packet]) == [True]


@pytest.mark.parametrize("lengths", [(), (3,), (3, 1)], ids=str)
def test_what_is_skipped_is_not_there(lengths: tuple[int, ...]) -> None:
    for code in (
        [*LENGTH, *a_is(3)],
        [(0x81, 0, 0, 0), TXA, *a_is(3)],
        [(0x28, 0, 0, 0), *a_is(0xB4C5)],
        [(0x30, 0, 0, 2), *a_is(0xD6)],
        [*set_(0, 1), (0x48, 0, 0, 0), *a_is(0xC5D6)],
        [(0xB1, 0, 0, 1), TXA, *a_is(20)],
    ):
        program = Program("", LinkType.RAW, tuple(Instruction(*one) for one in code))
        assert program.matches(DATA[3:]), code
        packet = StackPacket(DATA, lengths=lengths)
        assert decisions(straight(program, 3, "3"), [packet]) == [True], code
    behind = Program("", LinkType.RAW, (Instruction(0x30, 0, 0, 3), Instruction(*ACCEPT)))
    assert decisions(straight(behind, 3, "3"), [StackPacket(DATA, lengths=lengths)]) == [False]


def test_where_all_is_skipped_there_is_nothing() -> None:
    program = Program("", LinkType.RAW, tuple(Instruction(*one) for one in LENGTH + a_is(0)))
    assert decisions(straight(program, 2, "6"), [StackPacket(DATA)]) == [True]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ((0xFF, 0, 0, 0), "code 0xff is no instruction of bpf(4)"),
        ((0x07 | 0x100, 0, 0, 0), "code 0x107 is no instruction of bpf(4)"),
        ((0x17, 0, 0, 0), "code 0x17 is no instruction of bpf(4)"),
        ((0x0E, 0, 0, 0), "code 0xe is no instruction of bpf(4)"),
        ((0x106, 0, 0, 0), "code 0x106 is no instruction of bpf(4)"),
        ((0x0A, 0, 0, 0), "code 0xa is no instruction of bpf(4)"),
        ((0x13, 0, 0, 0), "code 0x13 is no instruction of bpf(4)"),
        ((0x120, 0, 0, 0), "code 0x120 is no instruction of bpf(4)"),
        ((0x104, 0, 0, 0), "code 0x104 is no instruction of bpf(4)"),
        ((0x115, 0, 0, 0), "code 0x115 is no instruction of bpf(4)"),
        ((0x18, 0, 0, 0), "code 0x18 is no load"),
        ((0x38, 0, 0, 0), "code 0x38 is no load"),
        ((0x58, 0, 0, 0), "code 0x58 is no load"),
        ((0x08, 0, 0, 0), "code 0x8 is no load"),
        ((0x88, 0, 0, 0), "code 0x88 is no load"),
        ((0x68, 0, 0, 0), "code 0x68 is no load"),
        ((0xB0, 0, 0, 0), "code 0xb0 is no load"),
        ((0xA1, 0, 0, 0), "code 0xa1 is no load"),
        ((0x21, 0, 0, 0), "code 0x21 is no load"),
        ((0x41, 0, 0, 0), "code 0x41 is no load"),
        ((0xC0, 0, 0, 0), "code 0xc0 is no load"),
        ((0xF4, 0, 0, 0), "code 0xf4 is no arithmetic"),
        ((0xB4, 0, 0, 0), "code 0xb4 is no arithmetic"),
        ((0xF5, 0, 0, 0), "code 0xf5 is no jump"),
        ((0x55, 0, 0, 0), "code 0x55 is no jump"),
        ((0x60, 0, 0, 16), "M[16] is beyond scratch memory"),
        ((0x61, 0, 0, 17), "M[17] is beyond scratch memory"),
        ((0x02, 0, 0, 16), "M[16] is beyond scratch memory"),
        ((0x03, 0, 0, 16), "M[16] is beyond scratch memory"),
        ((0x15, 1, 0, 0), "instruction 0 jumps out of the program"),
        ((0x15, 0, 1, 0), "instruction 0 jumps out of the program"),
        ((0x05, 0, 0, 5), "instruction 0 jumps out of the program"),
        ((0x05, 0, 0, 1), "instruction 0 jumps out of the program"),  # just behind the last one
        (
            (0x05, 0, 0, 0xFFFFFFFF),
            "it is a loop (protochain), which bpf(4) in a kernel refuses too",
        ),
    ],
    ids=str,
)
def test_what_bpf_would_not_run_is_refused(code: tuple[int, int, int, int], said: str) -> None:
    with pytest.raises(TranslationError) as raised:
        translate([Instruction(*code), Instruction(*ACCEPT)], 2)
    assert str(raised.value) == said


def test_a_jump_back_is_a_loop() -> None:
    back = Instruction(0x05, 0, 0, 0xFFFFFFFE)
    with pytest.raises(TranslationError, match="loop"):
        translate([Instruction(0x00, 0, 0, 1), back, Instruction(*ACCEPT)], 2)


#: What C leaves undefined, so that libpcap is no oracle (it crashes at a division by a K of 0): a
#: shift by 32 leaves nothing, as one by X does; memory is 0; a division by 0 rejects.
UNDEFINED = {
    "a shift to the left by K of 32": [(0x00, 0, 0, 1), (0x64, 0, 0, 32), (0x16, 0, 0, 0)],
    "a shift to the right by K of 32": [(0x00, 0, 0, 1), (0x74, 0, 0, 32), (0x16, 0, 0, 0)],
    "a shift to the left by K of 64": [(0x00, 0, 0, 1), (0x64, 0, 0, 64), (0x16, 0, 0, 0)],
    "a shift to the right by K of 64": [(0x00, 0, 0, 1), (0x74, 0, 0, 64), (0x16, 0, 0, 0)],
    "memory that was never set": [(0x60, 0, 0, 7), (0x16, 0, 0, 0)],
    "division by K of 0": [(0x00, 0, 0, 1), (0x34, 0, 0, 0), (0x06, 0, 0, 1)],
    "modulo K of 0": [(0x00, 0, 0, 1), (0x94, 0, 0, 0), (0x06, 0, 0, 1)],
}


@pytest.mark.parametrize("code", UNDEFINED.values(), ids=UNDEFINED)
def test_what_c_leaves_undefined(code: list[tuple[int, int, int, int]]) -> None:
    program = Program("by hand", LinkType.RAW, tuple(Instruction(*one) for one in code))
    assert decisions(straight(program, 2), [StackPacket(b"\1\2\3\4")]) == [False]


@pytest.mark.parametrize("text", ["ip protochain 6", "ip6 protochain 6"])
def test_a_loop_is_refused_as_kernels_do(text: str) -> None:
    program = compile_filter(text, LinkType.ETHERNET)
    with pytest.raises(TranslationError, match="loop"):
        translate(program.instructions, 2)


def test_an_unmapped_mbuf_is_where_the_bytes_end() -> None:
    mapped, *_ = translate(compile_filter("tcp", LinkType.RAW).instructions, 2)
    assert mapped == "this->ok = 0"
    statements = translate([Instruction(*ACCEPT)], 1)
    assert "this->use = this->n != NULL && (this->n->m_flags & 0x100) == 0" in statements


def test_the_output_is_linear_in_the_program() -> None:
    short = compile_filter("host 10.0.0.1", LinkType.RAW)
    hosts = " or ".join(f"host 10.0.{n // 250}.{n % 250 + 1}" for n in range(250))
    long = compile_filter(hosts, LinkType.RAW)
    per_short = len("".join(translate(short.instructions, 8)))
    per_long = len("".join(translate(long.instructions, 8)))
    assert per_long / len(long.instructions) < per_short / len(short.instructions)


def test_a_tag_is_looked_for_where_that_is_asked_for() -> None:
    program = compile_filter("ether proto 0x806", LinkType.ETHERNET).instructions
    plain_, tagged = translate(program, 1), translate(program, 1, tagged=True)
    assert plain_ == translate(program, 1, "", False)
    assert not any("vtag" in one for one in plain_)
    assert any("vtag" in one for one in tagged)


def test_a_load_that_ends_within_a_tag_has_the_bytes_in_front_of_it() -> None:
    program = compile_filter("ether[10:4] = 0x0a0b8100", LinkType.ETHERNET).instructions
    text = "".join(translate(program, 1, tagged=True))
    # Once where there is a tag, and once where there is none, and two more bytes are read.
    assert [text.count(f"[{at}]") for at in range(9, 15)] == [0, 2, 2, 1, 1, 0]
    assert "0x81" in text


def test_a_load_at_a_computed_place_takes_no_byte_of_a_tag() -> None:
    """It is beside the frame: from 12 up to 16, and what is behind it is 4 bytes nearer."""
    program = compile_filter("ether[ether[0]:2] = 5", LinkType.ETHERNET).instructions
    text = "".join(translate(program, 1, tagged=True))
    assert "this->tagged && this->k < 16 && this->k + 2 > 12 ? " in text
    assert "this->tagged && this->k >= 12 ? this->k - 4 : this->k" in text


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_place_is_kept_only_where_one_is_computed(size: int) -> None:
    text = {
        at: "".join(
            translate(compile_filter(f"ether[{at}:{size}] = 5", LinkType.ETHERNET).instructions, 1)
        )
        for at in ("ether[0]", "0")
    }
    assert "this->k = (uint64_t)0" in text["ether[0]"]
    assert "this->k" not in text["0"]


@pytest.mark.parametrize(("at", "told"), [(8, False), (9, True), (12, True), (16, True)])
def test_only_a_load_that_a_tag_changes_asks_for_it(at: int, told: bool) -> None:
    program = compile_filter(f"ether[{at}:4] = 5", LinkType.ETHERNET).instructions
    text = "".join(translate(program, 1, tagged=True))
    assert ("(this->tagged ? " in text) is told
