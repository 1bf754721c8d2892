# SPDX-License-Identifier: BSD-2-Clause
"""What may stand behind what in a clause, where it speculates or commits."""

from __future__ import annotations

from collections.abc import Sequence

from dtkit.dlang.compiler.enablings import Action, ActionKind
from dtkit.dlang.findings import DError
from dtkit.dlang.predefined import DESTRUCTIVE


class Order:
    """What the statements of a clause have done so far."""

    def __init__(self) -> None:
        self._committed = self._speculating = self._recorded = False

    def check(self, actions: Sequence[Action], at: int) -> None:
        """
        Check the actions of the next statement, as dtrace(1) does behind each.

        :param at: offset of the statement in the source.
        :raises DError: one of them may not follow what came before.
        """

        def refuse(what: str, before: str, tag: str) -> DError:
            return DError(f"{what} may not follow {before}", tag, at, "-")

        if self._committed and any(action.kind == ActionKind.AGGREGATE for action in actions):
            raise refuse("aggregating actions", "commit( )", "D_AGG_COMM")
        for action in actions:
            match action.kind:
                case ActionKind.COMMIT:
                    if self._committed:
                        raise refuse("commit( )", "commit( )", "D_COMM_COMM")
                    if self._recorded:
                        raise refuse("commit( )", "data-recording action(s)", "D_COMM_DREC")
                    self._committed = True
                case ActionKind.SPECULATE:
                    if self._speculating:
                        raise refuse("speculate( )", "speculate( )", "D_SPEC_SPEC")
                    if self._committed:
                        raise refuse("speculate( )", "commit( )", "D_SPEC_COMM")
                    if self._recorded:
                        raise refuse("speculate( )", "data-recording action(s)", "D_SPEC_DREC")
                    self._speculating = True
                case ActionKind.AGGREGATE:
                    if self._speculating:
                        raise refuse("aggregating actions", "speculate( )", "D_AGG_SPEC")
                    self._recorded = True
                case kind:
                    destructive = _is_destructive(action)
                    if self._speculating and destructive:
                        raise refuse("destructive actions", "speculate( )", "D_ACT_SPEC")
                    if self._speculating and kind == ActionKind.EXIT:
                        raise refuse("exit( )", "speculate( )", "D_EXIT_SPEC")
                    if destructive or kind == ActionKind.DISCARD:
                        continue
                    if kind == ActionKind.EXPRESSION and not action.size:
                        continue
                    if self._committed:
                        raise refuse("data-recording actions", "commit( )", "D_DREC_COMM")
                    self._recorded = self._recorded or not self._speculating


def _is_destructive(action: Action) -> bool:
    code = () if action.code is None else action.code.code
    return action.kind == ActionKind.DESTRUCTIVE or any(
        item.op == "call" and item.name in DESTRUCTIVE for item in code
    )
