# SPDX-License-Identifier: BSD-2-Clause
"""Filters in D decide as libpcap does, wherever the bytes lie."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dtkit.generate.bpf import TranslationError, describe, translate
from dtkit.generate.lazy import NotLazyError, expression
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Instruction, Program, compile_filter
from dtkit.simulate import Settings, StackPacket, read_paths
from tests.generate.filters import CORPUS, EXPRESSIONS, PRIMITIVES, SPLITS
from tests.simulate.running import ran

PROBE = "fbt::ip_input:entry"

#: A path on which any bytes at all meet one probe.
PATHS = read_paths("thread netisr 12 100004 intr swi_net+0x12b\n\npath input\n  ip_input m\n")


def straight(program: Program, depth: int) -> str:
    """A script that prints what the straight line decides, a line for each packet."""
    statements = "".join(f"\t{one.code};\n" for one in translate(program.instructions, depth))
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


CASES = [(text, link) for text, links in PRIMITIVES for link in links]


@pytest.mark.parametrize(
    ("text", "linktype"),
    CASES,
    # A test is not found again by an id with a backslash, as mutmut wants to.
    ids=[f"{link.name}-{text}".replace("\\", "") for text, link in CASES],
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


#: Instructions as no compiler makes them: (name, program, what it returns for b"\x01\x02\x03\x04").
BY_HAND = {
    "a shift by X of 32": (
        [(0x01, 0, 0, 32), (0x00, 0, 0, 1), (0x6C, 0, 0, 0), (0x16, 0, 0, 0)],
        False,
    ),
    "a shift to the right by X of 64": (
        [(0x01, 0, 0, 64), (0x00, 0, 0, 1), (0x7C, 0, 0, 0), (0x16, 0, 0, 0)],
        False,
    ),
    "division by X of 0": ([(0x00, 0, 0, 1), (0x3C, 0, 0, 0), (0x06, 0, 0, 1)], False),
    "modulo X of 0": ([(0x00, 0, 0, 1), (0x9C, 0, 0, 0), (0x06, 0, 0, 1)], False),
    "an index that wraps around": (
        [(0x01, 0, 0, 0xFFFFFFFF), (0x50, 0, 0, 2), (0x06, 0, 0, 1)],
        False,
    ),
    "a sum that wraps around": (
        [(0x00, 0, 0, 0xFFFFFFFF), (0x04, 0, 0, 1), (0x15, 0, 1, 0), (6, 0, 0, 1), (6, 0, 0, 0)],
        True,
    ),
    "a negation": (
        [(0x00, 0, 0, 1), (0x84, 0, 0, 0), (0x15, 0, 1, 0xFFFFFFFF), (6, 0, 0, 1), (6, 0, 0, 0)],
        True,
    ),
    "through memory": (
        [(0x00, 0, 0, 9), (0x02, 0, 0, 3), (0x61, 0, 0, 3), (0x87, 0, 0, 0), (0x16, 0, 0, 0)],
        True,
    ),
    "X to memory": (
        [(0x01, 0, 0, 9), (0x03, 0, 0, 3), (0x60, 0, 0, 3), (0x07, 0, 0, 0), (0x16, 0, 0, 0)],
        True,
    ),
    "a jump over a return": ([(0x05, 0, 0, 1), (6, 0, 0, 0), (6, 0, 0, 1)], True),
    "the length as X": (
        [(0x81, 0, 0, 0), (0x87, 0, 0, 0), (0x15, 0, 1, 4), (6, 0, 0, 1), (6, 0, 0, 0)],
        True,
    ),
    "modulo and xor": (
        [(0, 0, 0, 7), (0x94, 0, 0, 4), (0xA4, 0, 0, 3), (0x16, 0, 0, 0)],
        False,
    ),
}


@pytest.mark.parametrize(("code", "accepts"), BY_HAND.values(), ids=BY_HAND)
def test_by_hand(code: list[tuple[int, int, int, int]], accepts: bool) -> None:
    instructions = tuple(Instruction(*one) for one in code)
    program = Program("by hand", LinkType.RAW, instructions)
    packet = StackPacket(b"\1\2\3\4", lengths=(1,))
    assert program.matches(packet.data) is accepts
    assert decisions(straight(program, 2), [packet]) == [accepts]


@pytest.mark.parametrize(
    "code",
    [
        [(0xFF, 0, 0, 0)],
        [(0x0E, 0, 0, 0)],
        [(0x60, 0, 0, 16), (6, 0, 0, 0)],
        [(0x15, 1, 0, 0), (6, 0, 0, 0)],
        [(0x05, 0, 0, 5), (6, 0, 0, 0)],
        [(0x05, 0, 0, 1), (6, 0, 0, 0)],  # just behind the last one
        [(0xF4, 0, 0, 0), (6, 0, 0, 0)],
        [(0x18, 0, 0, 0), (6, 0, 0, 0)],
        [(0xF5, 0, 0, 0), (6, 0, 0, 0)],
        [(0x17, 0, 0, 0), (6, 0, 0, 0)],
    ],
    ids=str,
)
def test_what_bpf_would_not_run_is_refused(code: list[tuple[int, int, int, int]]) -> None:
    with pytest.raises(TranslationError):
        translate([Instruction(*one) for one in code], 2)


#: What C leaves undefined, so that libpcap is no oracle (it crashes at a division by a K of 0): a
#: shift by 32 leaves nothing, as one by X does; memory is 0; a division by 0 rejects.
UNDEFINED = {
    "a shift to the left by K of 32": [(0x00, 0, 0, 1), (0x64, 0, 0, 32), (0x16, 0, 0, 0)],
    "a shift to the right by K of 32": [(0x00, 0, 0, 1), (0x74, 0, 0, 32), (0x16, 0, 0, 0)],
    "memory that was never set": [(0x60, 0, 0, 7), (0x16, 0, 0, 0)],
    "division by K of 0": [(0x00, 0, 0, 1), (0x34, 0, 0, 0), (0x06, 0, 0, 1)],
    "modulo K of 0": [(0x00, 0, 0, 1), (0x94, 0, 0, 0), (0x06, 0, 0, 1)],
}


@pytest.mark.parametrize("code", UNDEFINED.values(), ids=UNDEFINED)
def test_what_c_leaves_undefined(code: list[tuple[int, int, int, int]]) -> None:
    program = Program("by hand", LinkType.RAW, tuple(Instruction(*one) for one in code))
    assert decisions(straight(program, 2), [StackPacket(b"\1\2\3\4")]) == [False]


def test_a_jump_to_itself_is_a_loop() -> None:
    with pytest.raises(TranslationError, match="loop"):
        translate([Instruction(0x05, 0, 0, 0xFFFFFFFF), Instruction(6, 0, 0, 0)], 2)


@pytest.mark.parametrize("text", ["ip protochain 6", "ip6 protochain 6"])
def test_a_loop_is_refused_as_kernels_do(text: str) -> None:
    program = compile_filter(text, LinkType.ETHERNET)
    with pytest.raises(TranslationError, match="loop"):
        translate(program.instructions, 2)


def test_an_unmapped_mbuf_is_where_the_bytes_end() -> None:
    (mapped, *_) = translate(compile_filter("tcp", LinkType.RAW).instructions, 2)
    assert mapped.code == "this->ok = 0"
    statements = [one.code for one in translate([Instruction(6, 0, 0, 1)], 1)]
    assert "this->use = this->n != NULL && (this->n->m_flags & 0x100) == 0" in statements


def test_the_output_is_linear_in_the_program() -> None:
    short = compile_filter("host 10.0.0.1", LinkType.RAW)
    hosts = " or ".join(f"host 10.0.{n // 250}.{n % 250 + 1}" for n in range(400))
    long = compile_filter(hosts, LinkType.RAW)
    per_short = len("".join(one.code for one in translate(short.instructions, 8)))
    per_long = len("".join(one.code for one in translate(long.instructions, 8)))
    assert per_long / len(long.instructions) < per_short / len(short.instructions)


def test_instructions_are_described_as_tcpdump_does() -> None:
    program = compile_filter("tcp port 22", LinkType.ETHERNET)
    lines = [describe(number, one) for number, one in enumerate(program.instructions)]
    assert lines[:2] == ["ldh [12]", "jeq #0x86dd jt 2 jf 8"]
    assert "ldxb 4*([14]&0xf)" in lines
    assert "ldh [x + 16]" in lines
    assert lines[-1] == "ret #0"
