# SPDX-License-Identifier: BSD-2-Clause
"""A condition that is written in D: parsed, type-checked, refused where it would do something."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from dtkit.dlang.compiler.compile import compile_program
from dtkit.dlang.findings import DError
from dtkit.dlang.options import Options
from dtkit.dlang.predefined import BUILTINS, DESTRUCTIVE, Kind
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.parser import parse_expression
from dtkit.dlang.target import TargetKernel, target_kernel
from dtkit.freebsd import ProbePoint
from dtkit.generate.conditions import ConditionError
from dtkit.generate.text import D
from dtkit.probes import Probe

_LONGEST = 4096


def check_where(text: str, probe: Probe) -> D:
    """
    An expression for a predicate at *probe*; ``this->m`` is the mbuf there.

    :raises ConditionError: it is not exactly one expression of D, has not the types it unsure (in
        dtrace(1)'s words), or would do more than look: actions, assignments.
    """
    if len(text) > _LONGEST:
        raise ConditionError("where", f"of more than {_LONGEST} characters")
    if not text.isascii() or not text.isprintable():
        raise ConditionError("where", f"{text!r}: D is written in printable ASCII, on one line")
    try:
        expression = parse_expression(text)
        for node in _walk(expression):
            _refuse(text, node)
        setup = f"{probe} {{ this->m = (struct mbuf *)NULL; }}"
        compiled = compile_program(
            f"{setup} {probe} /({text})/ {{ }}",
            options=Options(zdefs=bool(probe.unsure)),
            of=_kernel(probe),
        )
    except DError as error:
        raise ConditionError("where", f"{text!r}: {error.message} (at {probe})") from error
    if len(compiled.enablings) != 2:
        raise ConditionError("where", f"{text!r} is not one expression")
    return D(f"({text})")


def _kernel(probe: Probe) -> TargetKernel:
    """The kernel to check against: what ships with dtkit, and the probe as a listing has it."""
    known = target_kernel()
    if probe.unsure and probe == probe.untyped():
        # As where the probe is not there: args[] is refused, and that must not come as a surprise.
        return TargetKernel(known.release, [])
    description = probe.description
    if probe.arguments:
        point = ProbePoint(
            1 << 20,
            description.provider,
            description.module or "kernel",
            description.function,
            description.name,
            probe.arguments,
        )
        return TargetKernel(known.release, [point])
    return known


def _walk(node: Any) -> Iterator[Any]:
    """*node* and all below it; of any depth, so without recursion."""
    left = [node]
    while left:
        node = left.pop()
        yield node
        if dataclasses.is_dataclass(node):
            left += [getattr(node, field.name) for field in dataclasses.fields(node)]
        elif isinstance(node, (tuple, list)):
            left += node


def _refuse(text: str, node: Any) -> None:
    what = ""
    if isinstance(node, tree.AssignExpr):
        what = "an assignment"
    elif isinstance(node, (tree.PostfixExpr, tree.UnaryExpr)) and node.op in ("++", "--"):
        what = f"a {node.op}"
    elif isinstance(node, tree.AggName):
        what = "an aggregation"
    elif isinstance(node, tree.CallExpr):
        name = getattr(node.function, "name", "")
        known = BUILTINS.get(name)
        if name in DESTRUCTIVE:
            what = f"{name}(), which is destructive"
        elif known is None or known.kind is not Kind.FUNCTION:
            what = f"{name or 'something'}(), which is no function"
    if what:
        raise ConditionError("where", f"{text!r}: a condition only looks, and this has {what}")
