# SPDX-License-Identifier: BSD-2-Clause
"""The statement in hand: its actions are added to those of the clause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dtkit.dlang import findings
from dtkit.dlang.checker.checker import Checker
from dtkit.dlang.checker.nodes import Call, Int, TypedExpr
from dtkit.dlang.compiler.codegen import Generator
from dtkit.dlang.compiler.dif import DifInstruction, Difo, ReturnType
from dtkit.dlang.compiler.enablings import Action, ActionKind
from dtkit.dlang.findings import DError
from dtkit.dlang.options import Options

#: Functions that record the address that they are given, to be named when it is printed.
RECORDED = {
    "sym": ActionKind.SYMBOL,
    "func": ActionKind.SYMBOL,
    "mod": ActionKind.MODULE,
}


@dataclass(frozen=True, slots=True)
class Recorder:
    """
    What compiles a statement adds its actions here.

    :ivar number: of the statement, from 1.
    :ivar actions: those of the clause so far.
    :ivar complain: told of an error behind which the program goes on; or raises it.
    """

    checker: Checker
    generator: Generator
    options: Options
    number: int
    actions: list[Action]
    complain: Callable[[DError], None]

    def add(
        self, kind: ActionKind, code: Difo | None, size: int | None = None, **more: Any
    ) -> None:
        """
        Add an action.

        :param size: bytes of its data; without it, those of what *code* returns.
        :param more: what else an :class:`~dtkit.dlang.compiler.enablings.Action` says.
        """
        if size is None:
            size = code.returns.size if code is not None else 0
        self.actions.append(replace(Action(kind, code, size, statement=self.number), **more))

    def constant(self, kind: ActionKind, value: int, **more: Any) -> None:
        """Add an action whose value is a constant of 8 bytes."""
        code = Difo(
            (DifInstruction("setx", rd=1, value=value), DifInstruction("ret", rd=1)),
            ReturnType(False, False, 8),
        )
        self.add(kind, code, variable=value, **more)

    def argument(self, node: TypedExpr) -> Difo:
        """The code of an argument; sym() and its kin record the address that they are given."""
        name = call_name(node)
        if name in RECORDED:
            assert isinstance(node, Call)
            code = self.generator.generate(node.arguments[0])
            return replace(code, returns=ReturnType(False, False, 8))
        return self.generator.generate(node)

    def frames(self, call: Call) -> int:
        """How many frames a stack() is to have."""
        if not call.arguments:
            return self.options.stackframes
        frames = positive(call.arguments[0])
        if len(call.arguments) > 1:
            raise DError(
                "stack( ) prototype mismatch: too many arguments", "D_STACK_PROTO", call.at
            )
        if frames is None:
            raise DError(
                "stack( ) size must be a non-zero positive integral constant expression",
                "D_STACK_SIZE",
                call.at,
            )
        return min(frames, 4096)

    def not_run(self, name: str, at: int) -> None:
        """What dtrace(1) has and we do not: an error, but to one who only looks for errors."""
        self.complain(DError(f"{name}( ) is not simulated", findings.NOT_RUN, at, "-"))


def positive(node: TypedExpr) -> int | None:
    """The value of a positive integer constant, else None."""
    if not isinstance(node, Int) or not node.value:
        return None
    return node.value if not node.signed or node.signed_value > 0 else None


def check_user_stack(call: Call) -> None:
    """
    See that the arguments of ustack() or jstack() are constants.

    :raises DError: they are not.
    """
    if call.arguments and positive(call.arguments[0]) is None:
        raise DError(
            "ustack( ) argument #1 must be a non-zero positive integer constant",
            "D_USTACK_FRAMES",
            call.at,
        )
    if len(call.arguments) > 1:
        size = call.arguments[1]
        if not isinstance(size, Int) or (size.signed and size.signed_value < 0):
            raise DError(
                "ustack( ) argument #2 must be a positive integer constant",
                "D_USTACK_STRSIZE",
                call.at,
            )
    if len(call.arguments) > 2:
        raise DError("ustack( ) prototype mismatch: too many arguments", "D_USTACK_PROTO", call.at)


def call_name(node: TypedExpr) -> str:
    """The name of the function that *node* calls, or nothing."""
    return node.function.name if isinstance(node, Call) else ""
