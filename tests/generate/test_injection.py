# SPDX-License-Identifier: BSD-2-Clause
"""
Nothing that is typed gets into D unchecked.

Hostile strings in every option: either the command refuses, or the program has exactly the clauses
that it has with a harmless value there, at the same probes, and runs no action that it should not.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest
from click.testing import Result

from dtkit.dlang import target_kernel
from dtkit.dlang.compiler.compile import library
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.parser import parse
from dtkit.generate.text import comment, string
from dtkit.generate.where import _walk

CORPUS = [
    '"',
    "'",
    '"; system("id"); "',
    "'; id; '",
    '" } BEGIN { system("id"); } fbt::x:entry { trace("',
    "\\",
    '\\" ; exit(0); //',
    "a\nb",
    "a\r\nsystem",
    "\n#pragma D option destructive\n",
    "*/ BEGIN { exit(0); } /*",
    "/* ",
    "*/",
    "**//**/",
    "$1",
    "$(id)",
    "`id`",
    "${PROBE}",
    ";",
    "/ { exit(0); } END /1",
    "%s%n%d",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "ü",
    "\u2028",
    "\U0001f4a9",
    "\x00",
    "\x1b[31m",
    "a b",
    "-1",
    '1 || system("id")',
    "EOF\nid\nEOF",
    "A" * 300,
    "\udcff",
]
OPTIONS = [
    "--filter",
    "--iface",
    "--vnet",
    "--exec",
    "--where",
    "--linktype",
    "--copy",
    "--sample",
    "--length",
    "--offset",
    "--max",
    "--depth",
    "--pid",
    "--count",
    "--seconds",
    "--rate",
    "--argument",
    "--release",
    "--dwatch",
]
HARMLESS = {"--iface": "em0", "--exec": "sh", "--filter": "tcp", "--where": "1"}

Dtkit = Callable[..., Result]


def shape(text: str) -> list[tuple[str, ...]]:
    """The clauses of a program: their probes, and the functions that they call."""
    found = []
    known = library(target_kernel())
    program = parse(text, types=known.types.typedefs, variables=known.globals)
    for item in program.externals:
        assert isinstance(item, tree.Clause)
        calls = [
            node.function.name
            for node in _walk(item.statements)
            if isinstance(node, tree.CallExpr) and isinstance(node.function, tree.Name)
        ]
        found.append((*[probe.text for probe in item.probes], *calls))
    found.append(tuple(" ".join(pragma.words) for pragma in program.pragmas))
    return [tuple(word for word in one) for one in found]


def program_of(result: Result) -> str:
    text = result.stdout
    if text.startswith("dtrace "):
        return shlex.split(text)[-1]
    if text.startswith("#!"):
        return text
    quoted = text.split("exec 9<<'EOF'\n")
    assert len(quoted) == 3
    return quoted[1].partition("\nEOF\n")[0]


@pytest.mark.parametrize("command", ["oneliner", "script"])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("text", CORPUS, ids=ascii)
def test_no_option_adds_a_clause(dtkit: Dtkit, command: str, option: str, text: str) -> None:
    if command == "oneliner" and option == "--dwatch":
        return
    result = dtkit(command, "ether_input", "--copy", "first", option, text)
    if result.exit_code:
        assert result.exit_code == 2
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        return
    assert option in HARMLESS, f"{option} {text!r} was taken"
    harmless = dtkit(command, "ether_input", "--copy", "first", option, HARMLESS[option])
    have, want = shape(program_of(result)), shape(program_of(harmless))
    assert [one[:1] for one in have[:-1]] == [one[:1] for one in want[:-1]]
    assert {word for one in have for word in one} <= {word for one in want for word in one} | {
        "stringof"
    }


@pytest.mark.parametrize("text", CORPUS, ids=ascii)
@pytest.mark.parametrize("command", ["oneliner", "script"])
def test_no_probe_is_taken_that_is_none(dtkit: Dtkit, command: str, text: str) -> None:
    result = dtkit(command, text)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("text", CORPUS, ids=ascii)
def test_a_string_is_one_token(text: str) -> None:
    try:
        literal = string(text)
    except ValueError:
        assert "\0" in text or len(text) > 255
        return
    assert literal.isascii()
    assert literal.isprintable()
    assert '"' not in literal[1:-1]
    (clause,) = parse(f"BEGIN {{ trace({literal}); }}").externals
    assert isinstance(clause, tree.Clause)
    assert clause.statements is not None
    assert len(clause.statements) == 1


@pytest.mark.parametrize("text", CORPUS, ids=ascii)
def test_a_comment_ends_where_it_should(text: str) -> None:
    safe = comment(text)
    assert safe.isascii()
    assert safe.isprintable()
    assert len(parse(f"/* {safe} */ BEGIN {{ }}").externals) == 1
