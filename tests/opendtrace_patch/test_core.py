# SPDX-License-Identifier: BSD-2-Clause
"""The C core does what the model does: result, fault, scratch pointer, every load in order."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings

from dtkit.freebsd import layouts
from dtkit.mbuf import Canload, Case, FaultFlag, Segment, Setup, Storage
from dtkit.mbuf.memory import ByteOrder
from tests.opendtrace_patch.harness import (
    COPYOUTMBUF,
    HARNESS,
    LAYOUT_NUMBERS,
    MBUFLEN,
    PATCH,
    SOURCES,
    VARIANTS,
    WARNINGS,
    HarnessError,
    Library,
    Outcome,
    Poke,
    Program,
    compile_c,
    disagreement,
    encode,
    model,
)
from tests.opendtrace_patch.strategies import calls


@pytest.fixture(scope="session")
def cores(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Library]:
    directory = tmp_path_factory.mktemp("cores")
    return {
        (layout, byteorder): Library(directory, layout, byteorder) for layout, byteorder in VARIANTS
    }


def test_every_layout_of_the_model_has_its_core() -> None:
    assert set(LAYOUT_NUMBERS) == set(layouts())


@pytest.mark.parametrize(("name", "byteorder"), VARIANTS)
def test_the_structures_are_those_of_the_model(
    cores: dict[tuple[str, str], Library], name: str, byteorder: str
) -> None:
    layout = layouts()[name]
    epg = layout.extpg
    assert cores[name, byteorder].layout == [
        layout.word,
        layout.header_used,
        layout.m_next,
        layout.m_data,
        layout.m_len,
        layout.m_type_flags,
        *(
            [0] * 11
            if epg is None
            else [
                epg.npgs,
                epg.hdrlen,
                epg.trllen,
                epg.first_off,
                epg.last_len,
                epg.pa,
                epg.trail,
                epg.hdr,
                epg.max_pages,
                epg.max_trail,
                epg.max_hdr,
            ]
        ),
    ]


@given(call=calls())
def test_c_and_python_agree(
    cores: dict[tuple[str, str], Library], call: tuple[Case, Setup, int, list[Poke]]
) -> None:
    case, setup, subroutine, pokes = call
    arguments = (subroutine, setup.chain.address, case.length, case.offset)
    request = encode(setup.machine, *arguments, pokes=pokes)
    theirs = cores[case.layout.name, case.byteorder].call(request)
    ours = model(setup.machine, *arguments, pokes=pokes)
    assert not disagreement([theirs], [ours])


MUTANTS = {
    "an mbuf too many": ("if (left <= 0) {", "if (left < 0) {"),
    "a fault that is not looked at": (
        "mlen = dtrace_load32(m + offsetof(struct mbuf, m_len));\n"
        "\t\tif (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))\n\t\t\treturn (0);",
        "mlen = dtrace_load32(m + offsetof(struct mbuf, m_len));",
    ),
    "stale bytes": ("for (; i < len; i++)", "for (; i + 1 < len; i++)"),
    "a segment that canload is not asked for": (
        "if (!dtrace_canload(src, len, mstate, vstate))\n\t\treturn;",
        "",
    ),
    "a tunable below 1 that is none": ("if (left <= 0) {", "if (left == 0) {"),
    "a byte of a word in the wrong place": ("dst[at + 6] =", "dst[at + 7] ="),
    "scratch taken before the fault": (
        "\tdtrace_mbuf_fill(m, off, n, DTRACE",
        "\tmstate->dtms_scratch_ptr = dest;\n\tdtrace_mbuf_fill(m, off, n, DTRACE",
    ),
    "the first page's offset forgotten": ("src += counts.first;", "src += 0;"),
    "no room for the padding": ("n > room - pad", "n > room"),
    "a length of -1 alone is negative": ("mlen > INT32_MAX", "mlen == UINT32_MAX"),
    "a length below -1 alone is negative": (
        "mlen > INT32_MAX",
        "mlen > INT32_MAX && mlen != UINT32_MAX",
    ),
    "the lowest length is not negative": (
        "mlen > INT32_MAX",
        "mlen > (uint32_t)INT32_MAX + 1",
    ),
    "the greatest length is negative": ("mlen > INT32_MAX", "mlen >= INT32_MAX"),
    "data that starts behind the first page": ("counts.first >= PAGE_SIZE", "0"),
    "data that starts at the end of the first page": (
        "counts.first >= PAGE_SIZE",
        "counts.first > PAGE_SIZE",
    ),
    "an offset that wraps": ("off > SIZE_MAX - data", "0"),
    "a last page that is longer than one": ("counts.last > PAGE_SIZE -", "counts.last > 8192 -"),
    "a last page that begins where its data does": (
        "(counts.npgs == 1 ? counts.first : 0)",
        "0",
    ),
    "a page too many": (
        "counts.npgs > DTRACE_MBUF_ELEMENTS(m_epg_pa)",
        "counts.npgs > DTRACE_MBUF_ELEMENTS(m_epg_pa) + 1",
    ),
    "a header byte too many": (
        "counts.hdrlen > DTRACE_MBUF_ELEMENTS(m_epg_hdr)",
        "counts.hdrlen > DTRACE_MBUF_ELEMENTS(m_epg_hdr) + 1",
    ),
    "a trailer byte too many": (
        "counts.trllen > DTRACE_MBUF_ELEMENTS(m_epg_trail)",
        "counts.trllen > DTRACE_MBUF_ELEMENTS(m_epg_trail) + 1",
    ),
}


def mutated(right: str, wrong: str, into: Path) -> Program:
    """The core with one change."""
    shutil.copytree(PATCH / "harness", into / "harness")
    text = (PATCH / "dtrace_mbuf.c").read_text()
    assert text.count(right) == 1
    (into / "dtrace_mbuf.c").write_text(text.replace(right, wrong))
    shutil.copy(PATCH / "dtrace_mbuf.h", into)
    return Program(into, "freebsd-14", "little", "cc", [], into / "harness")


@pytest.mark.parametrize(
    ("right", "wrong", "visited"),
    [
        ("left > DTRACE_MBUF_MOST", "left > DTRACE_MBUF_MOST", 16384),
        ("left > DTRACE_MBUF_MOST", "left > DTRACE_MBUF_MOST + 1", 16385),
        ("left = DTRACE_MBUF_MOST;", "left = DTRACE_MBUF_MOST - 1;", 16383),
    ],
    ids=["as it is", "a walk too long", "a walk too short"],
)
def test_a_walk_ends_whatever_the_tunable_says(
    right: str, wrong: str, visited: int, tmp_path: Path
) -> None:
    case = Case(
        (Segment(b""),),
        length=8,
        layout=layouts()["freebsd-14"],
        maxchain=16385,
        broken=(("zero-cycle", 0),),
    )
    setup = case.build()
    request = encode(setup.machine, COPYOUTMBUF, setup.chain.address, 8, 0)
    [outcome] = mutated(right, wrong, tmp_path).call_all([request])
    assert outcome.flags == FaultFlag.ILLOP
    assert sum(isinstance(access, Canload) for access in outcome.log) == visited


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_core_that_is_wrong_is_caught(mutant: str, tmp_path: Path) -> None:
    requests, expected = batch("freebsd-14", "little")
    program = mutated(*MUTANTS[mutant], tmp_path)
    try:
        outcomes = program.call_all(requests)
    except HarnessError:
        return
    assert disagreement(outcomes, expected)


SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
UBSAN = ["-fsanitize=undefined", "-fno-sanitize-recover=all"]


@pytest.mark.parametrize(
    ("cc", "options"),
    [("gcc", SANITIZE), ("clang", SANITIZE), ("gcc", ["-m32"]), ("clang", ["-m32", *UBSAN])],
    ids=["gcc-asan", "clang-asan", "gcc-m32", "clang-m32-ubsan"],
)
@pytest.mark.parametrize("layout", LAYOUT_NUMBERS)
def test_other_compilers_and_sanitizers_agree(
    layout: str, cc: str, options: list[str], tmp_path: Path
) -> None:
    """A batch of calls, the same for each compiler."""
    byteorder: ByteOrder = "big" if cc == "clang" else "little"
    requests, expected = batch(layout, byteorder)
    program = Program(tmp_path, layout, byteorder, cc, options)
    assert not disagreement(program.call_all(requests), expected)


@cache
def batch(layout: str, byteorder: ByteOrder) -> tuple[list[bytes], list[Outcome]]:
    """Calls on one kind of kernel, and what the model says of them."""
    requests: list[bytes] = []
    expected: list[Outcome] = []

    def add(case: Case, setup: Setup, subroutine: int, pokes: list[Poke]) -> None:
        arguments = (subroutine, setup.chain.address, case.length, case.offset)
        requests.append(encode(setup.machine, *arguments, pokes=pokes))
        expected.append(model(setup.machine, *arguments, pokes=pokes))

    @settings(max_examples=120, database=None, derandomize=True)
    @given(call=calls(layout=layout, byteorder=byteorder))
    def collect(call: tuple[Case, Setup, int, list[Poke]]) -> None:
        add(*call)

    collect()
    for room in range(3, 40):  # scratch that just suffices, and that just does not
        case = Case(length=24, layout=layouts()[layout], byteorder=byteorder, scratch=room, used=3)
        add(case, case.build(), COPYOUTMBUF, [])
    for m_len in (-1, -2, -(1 << 31), (1 << 31) - 1):  # on both sides of what is negative
        for subroutine in (COPYOUTMBUF, MBUFLEN):
            case = Case(length=8, layout=layouts()[layout], byteorder=byteorder)
            setup = case.build()
            setup.kernel.poke(setup.chain.mbufs[0], "m_len", m_len)
            add(case, setup, subroutine, [])
    for maxchain in (-1, 0):
        case = Case(length=8, layout=layouts()[layout], byteorder=byteorder, maxchain=maxchain)
        add(case, case.build(), COPYOUTMBUF, [])
    if layouts()[layout].extpg is not None:
        add_pages(layout, byteorder, add)
        add_impossible_pages(layout, byteorder, add)
    # It is of all kinds: results, results with loads behind them, and each common fault.
    assert sum(outcome.flags == 0 and len(outcome.log) > 8 for outcome in expected) > 10
    assert {FaultFlag.BADADDR, FaultFlag.NOSCRATCH} <= {outcome.flags for outcome in expected}
    return requests, expected


def add_pages(
    layout: str, byteorder: ByteOrder, add: Callable[[Case, Setup, int, list[Poke]], None]
) -> None:
    """Unmapped mbufs of each shape, whole and from an offset in each piece."""
    content = bytes(at % 250 + 1 for at in range(9000))
    for first_off in (0, 8, 101, 4095):
        for header, trailer, leading in ((5, 7, 3), (0, 7, 0), (23, 0, 30)):
            pages = Segment(content, Storage.PAGES, leading, header, trailer, first_off)
            for offset in (0, 6, 4100, 9010):
                case = Case(
                    segments=(Segment(b"headers"), pages, Segment(b"more")),
                    length=64,
                    offset=offset,
                    layout=layouts()[layout],
                    byteorder=byteorder,
                )
                add(case, case.build(), COPYOUTMBUF, [])


def add_impossible_pages(
    layout: str, byteorder: ByteOrder, add: Callable[[Case, Setup, int, list[Poke]], None]
) -> None:
    """Unmapped mbufs each of whose counts is as great as it may be, and one greater."""
    epg = layouts()[layout].extpg
    assert epg is not None
    word = layouts()[layout].word
    greatest = (1 << 8 * word) - 1
    content = bytes(at % 250 + 1 for at in range(9000))
    whole = Segment(content, Storage.PAGES, 0, 5, 7, 101)
    short = Segment(content[:200], Storage.PAGES, 0, 5, 7, 101)  # in one page
    for segment, at, size, values in (
        (whole, epg.npgs, epg.npgs_size, (epg.max_pages, epg.max_pages + 1)),
        (whole, epg.hdrlen, 1, (epg.max_hdr, epg.max_hdr + 1)),
        (whole, epg.trllen, 1, (epg.max_trail, epg.max_trail + 1)),
        (whole, epg.first_off, 2, (4095, 4096, 4097, 8000)),
        (whole, epg.last_len, 2, (4096, 4097, 8000)),
        (short, epg.last_len, 2, (4096 - 101, 4097 - 101, 4096)),
    ):
        for value in values:
            # From the header on: what does not fit shows where bytes would be taken too early.
            case = Case((segment,), 64, layout=layouts()[layout], byteorder=byteorder)
            setup = case.build()
            mbuf = setup.chain.mbufs[0]
            base = mbuf.address
            if epg.pointer is not None:
                base = setup.machine.memory.read_uint(base + epg.pointer, word) or 0
            setup.machine.memory.write_uint(base + at, size, value)
            add(case, setup, COPYOUTMBUF, [])
    # m_data is an offset: its sum with the one asked for ends at the greatest number.
    for offset in (5, 6, 7, 8, 9):
        case = Case((whole,), 16, offset, layout=layouts()[layout], byteorder=byteorder)
        setup = case.build()
        setup.kernel.poke(setup.chain.mbufs[0], "m_data", greatest - 6)
        add(case, setup, COPYOUTMBUF, [])


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_the_core_calls_nothing_that_it_is_not_given(cc: str, tmp_path: Path) -> None:
    """No memset() or memcpy() that a compiler made of a loop: probes can be set on those."""
    made = tmp_path / "core.o"
    options = [*WARNINGS, "-O2", "-ffreestanding", "-DLAYOUT=14", "-DBIG=0", "-c"]
    compile_c(cc, [*options, HARNESS / SOURCES[0], "-o", made])
    done = subprocess.run(["nm", "-u", made], capture_output=True, text=True, check=True)
    undefined = {line.split()[-1] for line in done.stdout.splitlines()}
    assert undefined <= {
        "machine_load",
        "machine_canload",
        "machine_scratch",
        "_GLOBAL_OFFSET_TABLE_",
    }


def test_the_c_is_named_as_the_readme_names_it() -> None:
    assert {path.name for path in PATCH.glob("*.[ch]")} == {"dtrace_mbuf.c", "dtrace_mbuf.h"}
