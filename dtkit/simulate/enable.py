# SPDX-License-Identifier: BSD-2-Clause
"""The enablings of a program at the probes of a kernel: what is run when one of them fires."""

from __future__ import annotations

from dataclasses import dataclass

from dtkit.dlang.compiler.enablings import Action, ActionKind, Compiled, Enabling
from dtkit.dlang.target import TargetKernel
from dtkit.freebsd import ProbePoint
from dtkit.probes.description import ProbeDescription
from dtkit.simulate.consume import Enabled
from dtkit.simulate.evaluate import Code, Evaluator

#: Bytes that dtrace(1) itself records of a fault: five numbers behind an aligned header.
ERROR_SIZE = 56


@dataclass(frozen=True, slots=True)
class ActionStep:
    """An action with the function that computes its value, and its number, from 1."""

    action: Action
    code: Code | None
    number: int


@dataclass(frozen=True, slots=True)
class Ecb:
    """
    An enabling of one probe, ready to run.

    :ivar epid: its number, from 1.
    :ivar keys: the actions that record the keys of an aggregating action, by its number.
    """

    epid: int
    probe: ProbePoint
    enabling: Enabling
    predicate: Code | None
    steps: tuple[ActionStep, ...]
    keys: dict[int, tuple[Action, ...]]


class EnabledProgram:
    """
    A program at the probes that it describes.

    :param evaluator: makes functions of its code.
    :ivar enabled: the enablings by number, from 1; the last is dtrace(1)'s own of ERROR.
    :ivar matched: how many are the program's.
    :ivar largest: bytes that its largest record needs.
    :ivar speculates: whether any of them has speculate().
    :ivar error: the ERROR probe.
    """

    def __init__(self, compiled: Compiled, kernel: TargetKernel, evaluator: Evaluator) -> None:
        self.enabled: list[Enabled] = []
        self._by_probe: dict[int, list[Ecb]] = {}
        for enabling in compiled.enablings:
            for probe in kernel.match(enabling.description):
                self._enable(probe, enabling, evaluator)
        self.matched = len(self.enabled)
        self.largest = max((one.enabling.needed for one in self.enabled), default=0)
        self.speculates = any(
            action.kind is ActionKind.SPECULATE
            for enabled in self.enabled
            for action in enabled.enabling.actions
        )
        description = ProbeDescription("dtrace", "", "", "ERROR")
        self.error = kernel.match(description)[0]
        own = Enabling(description, None, (), 0, ERROR_SIZE, ERROR_SIZE, 8)
        self.enabled.append(Enabled(self.error, own))

    def _enable(self, probe: ProbePoint, enabling: Enabling, evaluator: Evaluator) -> None:
        self.enabled.append(Enabled(probe, enabling))
        steps = tuple(
            ActionStep(
                action, None if action.code is None else evaluator.function(action.code), number
            )
            for number, action in enumerate(enabling.actions, 1)
        )
        keys = {}
        for number, action in enumerate(enabling.actions, 1):
            if action.kind == ActionKind.AGGREGATE:
                end = number - 1 - action.has_increment
                keys[number] = enabling.actions[number - action.keys : end]
        predicate = None
        if enabling.predicate is not None:
            predicate = evaluator.function(enabling.predicate)
        ecb = Ecb(len(self.enabled), probe, enabling, predicate, steps, keys)
        self._by_probe.setdefault(probe.id, []).append(ecb)

    def of(self, probe: ProbePoint) -> list[Ecb] | None:
        """What is to be done when *probe* fires, in order; None for nothing."""
        return self._by_probe.get(probe.id)

    @property
    def own_error(self) -> int:
        """The number of dtrace(1)'s own enabling of ERROR."""
        return len(self.enabled)

    def size(self, epid: int) -> int:
        """Bytes of a record of the enabling of that number."""
        return self.enabled[epid - 1].enabling.size
