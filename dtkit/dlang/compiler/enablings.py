# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel would be given: enablings, their actions, and the code of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dtkit.dlang.compiler.dif import Difo
from dtkit.dlang.compiler.formats import Format
from dtkit.dlang.options import Options
from dtkit.dlang.source import ProgramText
from dtkit.dlang.types import Type, Types
from dtkit.probes.description import ProbeDescription


class ActionKind(StrEnum):
    """What is done with the value of an action's code."""

    EXPRESSION = "expression"  #: evaluated; recorded as trace() does where it has a size
    PRINT = "print"
    PRINTF = "printf"
    PRINTA = "printa"
    TRACEMEM = "tracemem"
    DYNAMIC_SIZE = "tracemem size"
    PRINTM = "printm"
    STACK = "stack"
    SYMBOL = "sym"
    MODULE = "mod"
    EXIT = "exit"
    LIBRARY = "library"
    AGGREGATE = "aggregate"
    SPECULATE = "speculate"
    COMMIT = "commit"
    DISCARD = "discard"
    DESTRUCTIVE = "destructive"


@dataclass(frozen=True, slots=True)
class Action:
    """
    One action of an enabling.

    :ivar code: what computes its value; None for stack() and count().
    :ivar size: bytes of its data in a record.
    :ivar offset: where in the record; of a key, where in the tuple.
    :ivar statement: number of the statement that it belongs to.
    :ivar format: of printf() and printa().
    :ivar type: of print(), what is printed.
    :ivar name: of a library action or an aggregating function, which.
    :ivar argument: frames of a stack; the packed parameters of lquantize() and llquantize().
    :ivar in_tuple: whether it is part of an aggregation's key.
    :ivar keys: of an aggregating action, how many actions before it are its key, the number of
        the aggregation first.
    :ivar has_increment: whether the last of these is the increment and not a key.
    """

    kind: ActionKind
    code: Difo | None = None
    size: int = 0
    alignment: int = 1
    offset: int = 0
    statement: int = 0
    format: Format | None = None
    type: Type | None = None
    name: str = ""
    argument: int = 0
    in_tuple: bool = False
    keys: int = 0
    has_increment: bool = False
    variable: int = 0


@dataclass(frozen=True, slots=True)
class Enabling:
    """
    A clause for one probe description.

    :ivar clause: number of the clause in the program, from 0.
    :ivar size: bytes of a record; 0 where nothing is recorded.
    :ivar needed: bytes that must be free in the buffer for it to run.
    :ivar alignment: of its record.
    """

    description: ProbeDescription
    predicate: Difo | None
    actions: tuple[Action, ...]
    clause: int
    size: int
    needed: int
    alignment: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """
    A program, compiled.

    :ivar aggregations: names of the aggregations, by their number from 1.
    :ivar types: the types that print() needs.
    :ivar objects: the variables that are strings or structs, by scope and number: their bytes,
        and whether they are strings.
    :ivar symbols: the variables of the kernel that it names.
    """

    source: ProgramText
    enablings: tuple[Enabling, ...]
    options: Options
    aggregations: tuple[str, ...] = ()
    types: Types = field(default_factory=Types)
    objects: Mapping[tuple[str, int], tuple[int, bool]] = field(default_factory=dict)
    symbols: tuple[str, ...] = ()
