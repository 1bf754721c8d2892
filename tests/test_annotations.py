# SPDX-License-Identifier: BSD-2-Clause
"""The lines that scripts print about themselves: one table for writers, readers and the manual."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dtkit.annotations import ENDING, FIELDS, KINDS, VERSION, form, manual
from dtkit.output.annotation import read_annotation

TOP = Path(__file__).parent.parent
TEMPLATES = TOP / "dtkit" / "generate" / "templates"
PATH = TOP / "dtkit" / "trace" / "journey" / "path.py"
READERS = (*(TOP / "dtkit" / "output").glob("*.py"), PATH)


def test_the_manual_is_the_table() -> None:
    page = "docs/reference/annotations.md"
    shown = (TOP / page).read_text().splitlines()
    assert shown == list(manual()), f"python -m dtkit.annotations > {page}"


def test_kinds_have_fields_that_are_explained_and_each_once() -> None:
    used = [field for kind in KINDS.values() for field in kind.fields]
    assert set(used) == set(FIELDS)
    for kind in KINDS.values():
        assert len(set(kind.fields)) == len(kind.fields)
        # What may hold spaces ends the line, or it could not be told from what follows.
        spaced = [field for field in kind.fields if field in (*ENDING, *ENDING.values())]
        assert kind.fields[len(kind.fields) - len(spaced) :] == tuple(spaced)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_is_written_is_read(kind: object) -> None:
    assert isinstance(kind, type(next(iter(KINDS.values()))))
    values: dict[str, int | list[str]] = dict.fromkeys(kind.fields, 7)
    values |= {field: [f"a {field} here"] for field in kind.fields if FIELDS[field][0] == "%S"}
    text, arguments = form(kind.name, values, kind.version)
    assert arguments == []
    annotation = read_annotation(1, text)
    assert annotation is not None
    assert annotation.kind == kind.name
    assert list(annotation.fields.values()).count("7") == sum(
        value == 7 for value in values.values()
    )
    assert annotation.fields.keys() == set(kind.fields)
    for field, value in values.items():
        assert annotation.fields[field] == ("7" if value == 7 else f"a {field} here")


def test_expressions_are_printed_as_their_fields_are() -> None:
    assert form("move", {"m": "this->to", "cpu": "cpu", "probe": ["fbt:%s", "probemod"]}) == (
        "@dtkit 1 move probe=fbt:%s cpu=%d m=0x%x",
        ["probemod", "cpu", "this->to"],
    )
    assert form("end", {"fired": "@fired"}) == ("@dtkit 1 end fired=%@d", ["@fired"])


def test_what_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no line @dtkit 1 packet"):
        form("packet", {})
    with pytest.raises(ValueError, match="no line @dtkit 9 mbuf"):
        form("mbuf", {}, 9)
    with pytest.raises(ValueError, match="@dtkit 1 mbuf has no colour, size"):
        form("mbuf", {"size": 1, "off": 0, "colour": 2})
    assert read_annotation(1, f"@dtkit {VERSION + 1} mbuf m=0x1") is None


def test_templates_write_no_line_of_their_own() -> None:
    for path in TEMPLATES.rglob("*.j2"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert "@dtkit" not in line or "printf" not in line, f"{path.name}:{number}"
            assert "_flags & 0x" not in line, f"{path.name}:{number}"


def asked(path: Path) -> Iterator[str]:
    """The fields of annotations that a reader asks for by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        of_fields = name == "get" and "annotation.fields" in ast.unparse(node.func)
        key = node.args[-1] if name == "_natural" else node.args[0]
        if (name in ("number", "_natural") or of_fields) and isinstance(key, ast.Constant):
            yield str(key.value)


def test_readers_ask_for_fields_of_the_table() -> None:
    names = {name for path in READERS for name in asked(path)}
    assert {"seg", "len", "walltimestamp", "of", "exec"} < names
    assert names <= set(FIELDS)
