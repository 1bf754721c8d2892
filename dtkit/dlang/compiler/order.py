# SPDX-License-Identifier: BSD-2-Clause
"""What may stand behind what in a clause, where it speculates or commits."""

from __future__ import annotations

from collections.abc import Sequence

from dtkit.dlang.compiler.enablings import Action, ActionKind
from dtkit.dlang.findings import DError
from dtkit.dlang.predefined import DESTRUCTIVE


def check_order(actions: Sequence[Action], at: int) -> None:
    """
    Check the actions of a clause up to a statement, as dtrace(1) does behind each.

    :param at: offset of the statement in the source.
    :raises DError: one of them may not follow another.
    """
    committed = speculating = recorded = False

    def refuse(what: str, before: str, tag: str) -> DError:
        return DError(f"{what} may not follow {before}", tag, at, "-")

    for index, action in enumerate(actions):
        match action.kind:
            case ActionKind.COMMIT:
                if committed:
                    raise refuse("commit( )", "commit( )", "D_COMM_COMM")
                if recorded:
                    raise refuse("commit( )", "data-recording action(s)", "D_COMM_DREC")
                if any(later.kind == ActionKind.AGGREGATE for later in actions[index:]):
                    raise refuse("aggregating actions", "commit( )", "D_AGG_COMM")
                committed = True
            case ActionKind.SPECULATE:
                if speculating:
                    raise refuse("speculate( )", "speculate( )", "D_SPEC_SPEC")
                if committed:
                    raise refuse("speculate( )", "commit( )", "D_SPEC_COMM")
                if recorded:
                    raise refuse("speculate( )", "data-recording action(s)", "D_SPEC_DREC")
                speculating = True
            case ActionKind.AGGREGATE:
                if speculating:
                    raise refuse("aggregating actions", "speculate( )", "D_AGG_SPEC")
                recorded = True
            case kind:
                destructive = _is_destructive(action)
                if speculating and destructive:
                    raise refuse("destructive actions", "speculate( )", "D_ACT_SPEC")
                if speculating and kind == ActionKind.EXIT:
                    raise refuse("exit( )", "speculate( )", "D_EXIT_SPEC")
                if destructive or kind == ActionKind.DISCARD:
                    continue
                if kind == ActionKind.EXPRESSION and not action.size:
                    continue
                if committed:
                    raise refuse("data-recording actions", "commit( )", "D_DREC_COMM")
                recorded = recorded or not speculating


def _is_destructive(action: Action) -> bool:
    code = () if action.code is None else action.code.code
    return action.kind == ActionKind.DESTRUCTIVE or any(
        item.op == "call" and item.name in DESTRUCTIVE for item in code
    )
