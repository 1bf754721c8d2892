# SPDX-License-Identifier: BSD-2-Clause
"""The names of a program: its types, variables, aggregations, inlines and translators."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain

from dtkit.dlang.checker.nodes import Flag, Inline, Int, Signature, Translation, Variable
from dtkit.dlang.checker.specifiers import Declarer
from dtkit.dlang.findings import DError
from dtkit.dlang.predefined import BUILTINS, LATEST, TYPEDEFS, Builtin, Kind, Version
from dtkit.dlang.source import ProgramText
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.parser import parse_type
from dtkit.dlang.types import BASIC, INT, LONG, SPECIAL, Pointer, Type, Typedef, Types

#: Numbers of a program's own variables begin here, and may go up to the limit.
_FIRST_VARIABLE = 0x500
_LAST_VARIABLE = 0xFFFF

_QUALIFIER = re.compile(r"\b(?:const|volatile|restrict)\b")
_PROTOTYPE = re.compile(r"(?P<result>[^(]*)\((?P<parameters>.*)\)\Z")


class Scope:
    """
    The names that a program can use, and those it makes.

    :param types: the types; the scope adds to them.
    :param version: names of a later version of D are unknown.
    """

    def __init__(self, types: Types, version: Version = LATEST) -> None:
        self.types = types
        self.globals: dict[str, Variable] = {}
        self.thread: dict[str, Variable] = {}
        self.clause: dict[str, Variable] = {}
        self.aggregations: dict[str, Variable] = {}
        #: By the output, without typedef names.
        self.translations: dict[Type, list[Translation]] = {}
        #: The types that translators make of what is not known.
        self.doubtful_outputs: set[Type] = set()
        #: Names that shadow the globals: parameters of inlines and translators.
        self.local: list[dict[str, Variable]] = []
        self.source = ProgramText("")
        self.version = version
        self._next = {"global": 0, "thread": 0, "clause": 0, "aggregation": 0}
        self._named: dict[str, Type] = {}

    def copy(self) -> Scope:
        """
        A scope with the same names, for a program of its own.

        The built-in names are shared; a program's first use of one does not change it.
        """
        scope = Scope(self.types.copy(), self.version)
        scope.globals = dict(self.globals)
        scope.translations = {key: list(found) for key, found in self.translations.items()}
        scope._named = self._named
        return scope

    def add_builtins(self) -> None:
        """Make D's own types, variables and functions known."""
        for name, stands_for in TYPEDEFS.items():
            self.types.typedefs[name] = self.type_named(stands_for)
        # No keyword of D: a type that C compilers leave in a kernel's type data.
        self.types.typedefs["_Bool"] = BASIC["_Bool"]
        for builtin in BUILTINS.values():
            self.globals[builtin.name] = self._builtin(builtin)
        null = Variable("NULL", Kind.SCALAR, 0, "builtin", INT, version=(1, 0, 0))
        null.inline = Inline(Int(0, INT, Flag.SIGNED, 0))
        self.globals["NULL"] = null

    def add_constant(self, name: str, value: int) -> None:
        """Make a name of D's library known that stands for a number."""
        type_ = INT if -(1 << 31) <= value < 1 << 31 else LONG
        constant = Variable(name, Kind.SCALAR, 0, "builtin", type_)
        constant.inline = Inline(Int(0, type_, Flag.SIGNED, value & (1 << 64) - 1))
        self.globals[name] = constant

    def _builtin(self, builtin: Builtin) -> Variable:
        return Variable(
            builtin.name, builtin.kind, builtin.number, "builtin", version=builtin.version
        )

    def settle_builtins(self) -> None:
        """Give the built-in variables their types, once those are declared."""
        for builtin in BUILTINS.values():
            if builtin.kind in (Kind.SCALAR, Kind.ARRAY) and builtin.prototype:
                variable = self.globals[builtin.name]
                variable.type = self.type_named(builtin.prototype)
                if builtin.kind == Kind.ARRAY:
                    variable.signature = Signature((INT,))
            elif builtin.kind not in (Kind.SCALAR, Kind.ARRAY, Kind.POINTER):
                variable = self.globals[builtin.name]
                variable.signature, variable.type = self.prototype(variable)

    def find(self, name: str) -> Variable | None:
        """The variable, function or inline called *name* that this version of D has."""
        for names in reversed(self.local):
            if name in names:
                return names[name]
        variable = self.globals.get(name)
        if variable is not None and variable.version > self.version:
            return None
        return variable

    def is_taken(self, name: str) -> bool:
        """Whether a global has that name, or an enumerator of an enum that is not the kernel's."""
        tag = self.types.enumerators.get(name)
        own = tag is not None and ("enum", tag) not in self.types.of_kernel
        return self.find(name) is not None or (own and tag not in self.types.redeclared)

    def scoped(self, keyword: str) -> tuple[dict[str, Variable], str] | None:
        """The variables behind ``self`` or ``this``, and what their scope is called."""
        if keyword == "self":
            return self.thread, "thread"
        if keyword == "this":
            return self.clause, "clause"
        return None

    def create(self, name: str, scope: str, kind: Kind, at: int) -> Variable:
        """
        A new variable.

        :raises DError: the program has too many of that kind.
        """
        number = self._next[scope] + (1 if scope == "aggregation" else _FIRST_VARIABLE)
        if number > _LAST_VARIABLE:
            raise DError(
                f"cannot create {name}: limit on number of {scope} variables exceeded",
                "D_ID_OFLOW",
                at,
            )
        self._next[scope] += 1
        variable = Variable(name, kind, number, scope, writable=True, at=at)
        names = {
            "global": self.globals,
            "thread": self.thread,
            "clause": self.clause,
            "aggregation": self.aggregations,
        }[scope]
        names[name] = variable
        return variable

    def named(self, name: str) -> Type:
        """The typedef called *name*, which D has."""
        return Typedef(name, self.types.typedefs[name])

    def type_named(self, text: str) -> Type:
        """
        The type that *text* writes, as dtrace(1) writes types in its messages and listings.

        :raises DError: a name in it is unknown.
        """
        if text in SPECIAL:
            return SPECIAL[text]
        if text not in self._named:
            # dtrace(1) looks types up by name, and passes over qualifiers.
            known = _Either(self.types.typedefs, self.types.names.typedefs)
            name = parse_type(_QUALIFIER.sub("", text), known)
            self._named[text] = Declarer(self.types, _number).type_of(name)
        return self._named[text]

    def prototype(self, function: Variable) -> tuple[Signature, Type]:
        """The parameters and result of a built-in function."""
        match = _PROTOTYPE.match(BUILTINS[function.name].prototype)
        assert match is not None
        parameters = [part.strip() for part in match["parameters"].split(",") if part.strip()]
        arguments: list[Type | None] = []
        varargs = optional = None
        for number, parameter in enumerate(parameters):
            if parameter in ("@", "..."):
                arguments.append(None)
                if parameter == "...":
                    varargs = number
                continue
            if parameter.startswith("["):
                parameter = parameter[1:-1]
                optional = number if optional is None else optional
            arguments.append(self.type_named(parameter))
        return Signature(tuple(arguments), varargs, optional), self.type_named(match["result"])

    def translator(self, native: Type, output: Type) -> Translation | None:
        """The translator from *native* to *output*, which may be a pointer to the output."""
        resolved = self.types.resolve(output)
        pointer = isinstance(resolved, Pointer)
        if isinstance(resolved, Pointer):
            output = resolved.target
        candidates = self.translations.get(self.types.resolve(output), [])
        for exact in (True, False):
            for found in candidates:
                if found.input == native if exact else self.types.compatible(found.input, native):
                    return replace(found, pointer=pointer)
        return None

    def line(self, at: int) -> int:
        """The line of offset *at* in the program."""
        return self.source.position(at)[0]


class _Either(Collection[str]):
    """What is in one of two collections, without a third."""

    def __init__(self, one: Collection[str], other: Collection[str]) -> None:
        self._both = one, other

    def __contains__(self, name: object) -> bool:
        return any(name in names for names in self._both)

    def __iter__(self) -> Iterator[str]:
        return chain(*self._both)

    def __len__(self) -> int:
        return sum(map(len, self._both))


def _number(node: tree.Expr) -> int | None:
    return node.value if isinstance(node, tree.IntLiteral) else None
