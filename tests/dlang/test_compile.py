# SPDX-License-Identifier: BSD-2-Clause
"""The compiler beside dtrace(1): its messages, and the code that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dtkit.dlang import DError, OptionError, Options, compile_program, target_kernel
from dtkit.dlang.compiler.dif import DifInstruction, Difo
from dtkit.dlang.source import ProgramText
from dtkit.freebsd import release

DATA = Path(__file__).parent.parent / "data"

#: What is not simulated: an error of ours where dtrace(1) has none, or another one.
NOT_SIMULATED = ("panic(", "system(", "raise(", "nosuch`", "`nosuch", "ustack(", "jstack(")

#: A number that is a probe there and none here.
NO_SUCH_PROBE = "BEGIN { trace(1); } 5"


def entries(name: str) -> Iterator[tuple[str, str]]:
    """Each program of a file, and what dtrace(1) said of it."""
    text = (DATA / name).read_text("utf-8", "surrogateescape")
    for match in re.finditer(r"(?ms)^# (.*?)\n(.*?)^# exit status \d+\n", text):
        yield match[1], match[2]


def message(program: str, file: str | None = None) -> str:
    """What dtrace(1) of FreeBSD 12.1 prints, by us."""
    try:
        compile_program(program, file, of=target_kernel(release("12")))
    except DError as error:
        return f"dtrace: {error.dtrace_message(ProgramText(program, file))}\n"
    return ""


def is_simulated(program: str) -> bool:
    return program != NO_SUCH_PROBE and not any(name in program for name in NOT_SIMULATED)


COMMAND_LINE = [entry for entry in entries("compile-errors.txt") if is_simulated(entry[0])]
SCRIPTS = list(entries("compile-errors-script.txt"))


@pytest.mark.parametrize(("program", "said"), COMMAND_LINE)
def test_message(program: str, said: str) -> None:
    # A line break in a program is written \n there.
    if "\\nBEGIN" in program:
        program = program.replace("\\n", "\n")
    assert message(program) == said


@pytest.mark.parametrize(("program", "said"), SCRIPTS)
def test_message_of_script(program: str, said: str) -> None:
    assert message(f"{program}\n", "/tmp/p.d") == said


SCRIPT = "BEGIN { exit(0); }\n"


@pytest.mark.parametrize(
    ("program", "arguments", "options", "said"),
    [
        ("BEGIN { trace($1); }\n", ["5"], {}, ""),
        ("BEGIN { trace($1); }\n", ["5", "6", "7"], {}, "2: '7' ($3"),
        (SCRIPT, ["foo"], {}, "2: 'foo' ($1"),
        (SCRIPT.rstrip(), ["foo"], {}, "1: 'foo' ($1"),
        ("BEGIN { trace($2); }\n", ["7", "8"], {}, ""),
        ('BEGIN { trace("$1"); }\n', ["5"], {}, "2: '5' ($1"),
        ("BEGIN { trace($1 + nosuch); }\n", ["5", "6"], {}, "2: '6' ($2"),
        ("\n", ["x"], {}, "2: 'x' ($1"),
        (SCRIPT, ["1", "2"], {"argref": None}, ""),
        ("#pragma D option argref\n" + SCRIPT, ["1", "2"], {}, ""),
        ("BEGIN { trace($1); trace($$2); }\n", [], {"defaultargs": None}, ""),
        ("#pragma D option defaultargs\nBEGIN { trace($1); }\n", [], {}, ""),
        ("#pragma D option defaultargs\nBEGIN { trace($1); }\n", ["1", "2"], {}, "3: '2' ($2"),
    ],
)
def test_macro_arguments(
    program: str, arguments: list[str], options: dict[str, str | None], said: str
) -> None:
    """What FreeBSD's dtrace(1) says of arguments that are not there, or not referred to."""
    set_options = Options()
    for name, value in options.items():
        set_options = set_options.set(name, value)
    found = ""
    try:
        compile_program(program, "p.d", set_options, ["p.d", *arguments])
    except DError as error:
        found = error.dtrace_message(ProgramText(program, "p.d"))
    if said:
        line, _, rest = said.partition(": ")
        said = (
            f"failed to compile script p.d: line {line}: extraneous argument {rest} "
            "is not referenced)"
        )
    assert found == said


def test_a_missing_argument_is_zero_or_empty_only_from_where_it_is_said() -> None:
    before = "BEGIN { trace($1); }\n#pragma D option defaultargs\n"
    with pytest.raises(DError, match=r"macro argument \$1 is not defined"):
        compile_program(before, "p.d")


@pytest.mark.parametrize("name", ["argref", "defaultargs", "pspec", "zdefs"])
def test_options_of_the_compiler_take_no_value(name: str) -> None:
    with pytest.raises(OptionError, match="Invalid value for specified option"):
        Options().set(name, "1")


def test_there_are_many() -> None:
    assert len(COMMAND_LINE) > 200
    assert len(SCRIPTS) > 10


# The code

_BLOCK = re.compile(r"(?m)^# (.*)\n")
_DIFO = re.compile(r"DIFO \S+ returns .*\n")
_LINE = re.compile(r"\d+: [0-9a-f]{8}    (.*)")


def disassembled() -> Iterator[tuple[str, list[list[str]]]]:
    """Each program, and the lines of each piece of its code."""
    blocks = _BLOCK.split((DATA / "dif.txt").read_text("utf-8"))[1:]
    for program, text in zip(blocks[::2], blocks[1::2], strict=True):
        pieces = _DIFO.split(text)[1:]
        yield program, [_LINE.findall(piece) for piece in pieces]


#: How addresses of the kernel's variables begin; the rest of them differs.
KERNEL_ADDRESS = "0xffffffff8"


def theirs(line: str) -> tuple[str, list[str], str]:
    """Instruction, registers, and constant or branch target."""
    op = line.split()[0]
    value = re.search(r'! (0x[0-9a-f]+|".*")$', line)
    target = line.split()[1] if op.startswith("b") else ""
    constant = value[1] if value and op in ("setx", "sets") else target
    if constant.startswith(KERNEL_ADDRESS):
        constant = KERNEL_ADDRESS
    return op, re.findall(r"%r(\d)", line.split("\t")[0]), constant


def ours(item: DifInstruction) -> tuple[str, list[str], str]:
    constant = ""
    if item.op == "setx":
        constant = hex(int(item.value))
        if constant.startswith(KERNEL_ADDRESS):
            constant = KERNEL_ADDRESS
    elif item.op == "sets":
        constant = '"{}"'.format(str(item.value).replace("\n", "\\n"))
    elif item.op.startswith("b"):
        constant = str(item.value)
    return item.op, re.findall(r"%r(\d)", str(item)), constant


def is_printed(code: Difo) -> bool:
    """``dtrace -S`` leaves out the constants that libdtrace itself makes."""
    return len(code.code) > 2 or code.code[0].op not in ("setx", "ret") or code.returns.size != 8


CODE = list(disassembled())


@pytest.mark.parametrize(("program", "pieces"), CODE)
def test_code(program: str, pieces: list[list[str]]) -> None:
    if not pieces:  # dtrace(1) refused it
        assert message(program)
        return
    made: list[Difo] = []
    for enabling in compile_program(program, of=target_kernel(release("12"))).enablings:
        if enabling.predicate is not None:
            made.append(enabling.predicate)
        made += [action.code for action in enabling.actions if action.code is not None]
    if len(made) != len(pieces):
        made = [code for code in made if is_printed(code)]
    assert [[ours(item) for item in code.code] for code in made] == [
        [theirs(line) for line in piece] for piece in pieces
    ]
