# SPDX-License-Identifier: BSD-2-Clause
"""
The compiler: from a program to what the kernel would be given.

A clause becomes an enabling for each of its probe descriptions: a predicate, and actions, each
with the code of its argument and the place of its data in a record.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any

from dtkit.dlang import findings, tree
from dtkit.dlang.check import Checker
from dtkit.dlang.codegen import Generator
from dtkit.dlang.dif import Difo, Instruction, ReturnType
from dtkit.dlang.findings import DError
from dtkit.dlang.formats import COUNT_TYPE, VALUE_TYPE, Format, check_format, parse_format
from dtkit.dlang.kernel import DEFAULT, Description, Kernel, kernel
from dtkit.dlang.options import OptionError, Options
from dtkit.dlang.parse import parse
from dtkit.dlang.predefined import DESTRUCTIVE, MBUF_VERSION, Kind
from dtkit.dlang.scope import Scope
from dtkit.dlang.source import Source
from dtkit.dlang.sugar import desugar, error_clause, has_sugar
from dtkit.dlang.typed import (
    Agg,
    Call,
    Inline,
    Int,
    Node,
    Signature,
    Str,
    Translation,
    Unary,
    Variable,
    translation_of,
)
from dtkit.dlang.types import STRING, Array, Integer, Tagged, Type, Types

#: Every record begins with the number of its enabling and a time.
HEADER = 12

#: How deep expressions may nest: an ``||`` of some thousand operands is still compiled.
_DEPTH = 20_000


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

    description: Description
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
    """

    source: Source
    enablings: tuple[Enabling, ...]
    options: Options
    aggregations: tuple[str, ...] = ()
    types: Types = field(default_factory=Types)
    objects: Mapping[tuple[str, int], tuple[int, bool]] = field(default_factory=dict)


@dataclass(slots=True)
class Statement:
    """The actions of the statement in hand."""

    number: int
    actions: list[Action]


@cache
def library(of: Kernel) -> Scope:
    """The types, inlines and translators of a kernel; copied for each program."""
    scope = Scope(Types(), MBUF_VERSION)
    scope.add_builtins()
    compiler = Compiler(of, scope, Options())
    compiler.checker.declarer.native = True
    for text in of.declarations:
        program = parse(text, "library", scope.types.typedefs, scope.globals)
        for item in program.externals:
            compiler.external(item)
        # A typedef name stands for the type that it was declared with from here on.
        scope._named.clear()
    scope.settle_builtins()
    for variable in scope.globals.values():
        variable.scope = "builtin"
    return scope


def compile_program(
    text: str,
    file: str | None = None,
    options: Options | None = None,
    arguments: Sequence[str] = (),
    of: Kernel | None = None,
    on_error: Callable[[DError], None] | None = None,
) -> Compiled:
    """
    Compile a D program.

    :param file: name of the script; None for a program from the command line.
    :param options: as set by ``-x`` and the like.
    :param arguments: macro arguments, ``$0`` first.
    :param of: the kernel that it is for.
    :param on_error: told of each error, and the program goes on behind the faulty clause or
        declaration; without it the first error is raised.
    :raises DError: dtrace(1) would refuse the program.
    """
    of = of or kernel(DEFAULT)
    options = options or Options()
    base = library(of)
    with deep_recursion():
        program = parse(text, file, base.types.typedefs, base.globals, arguments)
        scope = base.copy()
        scope.source = program.source
        compiler = Compiler(of, scope, options, on_error)
        return compiler.program(program)


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let deeply nested programs be walked, and make an error of those that nest without end."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    except RecursionError:
        raise DError("expression is nested too deeply", "D_SYNTAX") from None
    finally:
        sys.setrecursionlimit(before)


class Compiler:
    """Compiles the parts of a program, in order, within one scope."""

    def __init__(
        self,
        of: Kernel,
        scope: Scope,
        options: Options,
        on_error: Callable[[DError], None] | None = None,
    ) -> None:
        self.kernel = of
        self.scope = scope
        self.types = scope.types
        self.checker = Checker(scope)
        self.generator = Generator(self.checker)
        self.options = options
        self.on_error = on_error
        self.statements = 0
        self.has_sugar = False

    def program(self, program: tree.Program) -> Compiled:
        """Compile a whole program."""
        enablings: list[Enabling] = []
        for pragma in program.pragmas:
            with self._recover():
                self.pragma(pragma, program.source)
        self.types.strsize = self.options.strsize
        self.scope.version = self.options.version
        if not program.externals:
            raise DError("empty D program translation unit", "D_EMPTY", None)
        # What is declared anywhere is known to all clauses.
        for item in program.externals:
            if not isinstance(item, tree.Clause):
                with self._recover():
                    self.external(item)
        clauses = [item for item in program.externals if isinstance(item, tree.Clause)]
        for number, item in enumerate(clauses):
            for clause in self._desugared(item, program.source):
                with self._recover():
                    enablings.extend(self.clause(clause, number))
        return Compiled(
            program.source,
            tuple(enablings),
            self.options,
            tuple(self.scope.aggregations),
            self.types,
            dict(self._objects()),
        )

    def _objects(self) -> Iterator[tuple[tuple[str, int], tuple[int, bool]]]:
        """The variables whose value is not a number."""
        scope = self.scope
        for names in (scope.globals, scope.thread, scope.clause):
            for variable in names.values():
                if variable.scope == "builtin" or variable.type is None:
                    continue
                type_ = self.types.resolve(variable.type)
                string = type_ == STRING
                if string or _is_aggregate(type_):
                    size = self.types.size(type_)
                    yield (variable.scope, variable.number), (size, string)

    @contextmanager
    def _recover(self) -> Iterator[None]:
        try:
            yield
        except DError as error:
            if self.on_error is None:
                raise
            self.on_error(error)

    def _desugared(self, clause: tree.Clause, source: Source) -> list[tree.Clause]:
        if source.file is not None and clause.statements is None:
            raise DError(
                "expected predicate and/or actions following probe description",
                "D_SYNTAX",
                clause.at,
                "-",
            )
        clauses = desugar(clause)
        if has_sugar(clause) and not self.has_sugar:
            self.has_sugar = True
            clauses.insert(0, error_clause(clause.at))
        return clauses

    # Everything but clauses

    def pragma(self, pragma: tree.Pragma, source: Source) -> None:
        """``#pragma D option``; the others have no say in what a program does."""
        words = pragma.words
        if not words or words[0] in ("ident", "line") or words[0].isdecimal():
            return
        if words[0] == "error":
            raise DError(f"#error: {' '.join(words[1:])} ", "D_PRAGERR", pragma.at, "-")
        if words[0] != "pragma":
            raise DError(
                f"invalid control directive: #{words[0]}", "D_PRAGCTL_INVAL", pragma.at, "-"
            )
        if len(words) < 2 or words[1] != "D":
            return
        kind = words[2] if len(words) > 2 else ""
        if kind in ("attributes", "binding", "depends_on", "ident"):
            return
        if kind == "error":
            raise DError(f"#error: {' '.join(words[3:])} ", "D_PRAGERR", pragma.at, "-")
        if kind != "option":
            raise DError(f"invalid D pragma: {kind}", "D_PRAGMA_INVAL", pragma.at, "-")
        if len(words) < 4:
            raise DError(
                'malformed #pragma option "#pragma D option <opt>[=<val>]"',
                "D_PRAGMA_MALFORM",
                pragma.at,
                "-",
            )
        name, equals, value = words[3].partition("=")
        try:
            self.options = self.options.set(name, value if equals else None)
        except OptionError as error:
            shown = f"'{name}' to '{value}'" if equals else f"'{name}'"
            raise DError(
                f"failed to set option {shown}: {error}", "D_PRAGMA_OPTSET", pragma.at, "-"
            ) from None

    def external(self, item: tree.External) -> None:
        """Declare what a declaration or definition declares."""
        match item:
            case tree.Declaration():
                self.declaration(item)
            case tree.Inline():
                self.inline(item)
            case tree.Translator():
                self.translator(item)
            case tree.Provider():
                self.provider(item)

    def declaration(self, item: tree.Declaration) -> None:
        """Variables and types."""
        declarer = self.checker.declarer
        storage = declarer.storage(item.specifiers)
        base = declarer.base(item.specifiers)
        for declarator in item.declarators:
            name = declarator.name
            assert name is not None
            derivations = declarator.derivations
            keys: tuple[tree.Parameter, ...] | None = None
            if derivations and isinstance(derivations[0], tree.ArrayOf):
                keys = derivations[0].keys
            if keys is not None:
                derivations = derivations[1:]
            type_ = declarer.derive(base, derivations)
            if storage == "typedef":
                if name in self.types.typedefs and self.types.typedefs[name] != type_:
                    raise DError(f"typedef redeclared: {name}", "D_DECL_TYPERED", declarator.at)
                self.types.typedefs[name] = type_
                continue
            if storage == "extern":
                continue
            if storage in ("auto", "register", "static"):
                raise DError(
                    "specified storage class not permitted in D", "D_DECL_BADCLASS", declarator.at
                )
            self._declare(name, storage, type_, keys, declarator.at)

    def _declare(
        self,
        name: str,
        storage: str | None,
        type_: Type,
        keys: tuple[tree.Parameter, ...] | None,
        at: int,
    ) -> None:
        scope = {"self": "thread", "this": "clause"}.get(storage or "", "global")
        names = {
            "thread": self.scope.thread,
            "clause": self.scope.clause,
            "global": self.scope.globals,
        }[scope]
        kind = Kind.SCALAR if keys is None else Kind.ARRAY
        if scope == "clause" and keys is not None:
            raise DError(
                f"local variables may not be used as associative arrays: {name}",
                "D_DECL_LOCASSC",
                at,
            )
        previous = names.get(name)
        if previous is not None:
            shown = self.types.name(previous.type) if previous.type is not None else ""
            if previous.kind == kind and previous.type == type_:
                return
            raise DError(
                f"identifier redeclared: {name}\n\t current: {kind} {self.types.name(type_)}\n"
                f"\tprevious: {previous.kind} {shown}",
                "D_DECL_IDRED",
                at,
            )
        resolved = self.types.resolve(type_)
        if isinstance(resolved, Integer) and not resolved.bits:
            raise DError(f"cannot have void object: {name}", "D_DECL_VOIDOBJ", at)
        if isinstance(resolved, Tagged) and not self.types.size(resolved):
            raise DError(
                f"incomplete struct/union/enum {self.types.name(type_)}: {name}",
                "D_DECL_INCOMPLETE",
                at,
            )
        variable = self.scope.create(name, scope, kind, at)
        variable.type = type_
        variable.declared = True
        if keys is not None:
            types = tuple(self.checker.declarer.parameter(key) for key in keys)
            variable.signature = Signature(types)

    def inline(self, item: tree.Inline) -> None:
        """``inline``."""
        declarer = self.checker.declarer
        declarator = item.declarator
        name = declarator.name
        assert name is not None
        if declarer.storage(item.specifiers) is not None:
            raise DError(
                "specified storage class not appropriate for inline declaration",
                "D_DECL_BADCLASS",
                item.at,
            )
        if (previous := self.scope.find(name)) is not None:
            inlined = "inline" if previous.inline is not None else ""
            raise DError(
                f"identifier redefined: {name}\n\t current: inline definition\n"
                f"\tprevious: {previous.kind} {inlined}",
                "D_DECL_IDRED",
                item.at,
            )
        derivations = declarator.derivations
        keys: tuple[tree.Parameter, ...] | None = None
        if derivations and isinstance(derivations[0], tree.ArrayOf):
            keys = derivations[0].keys
            if keys is None:
                raise DError(
                    f"inline declaration requires array tuple signature: {name}",
                    "D_DECL_ARRNULL",
                    item.at,
                )
            derivations = derivations[1:]
        type_ = declarer.derive(declarer.base(item.specifiers), derivations)
        kind = Kind.SCALAR if keys is None else Kind.ARRAY
        variable = Variable(name, kind, 0, "global", type_, declared=True, at=item.at)
        parameters: list[Variable | None] = []
        if keys is not None:
            for key in keys:
                parameter = None
                if key.declarator.name is not None:
                    parameter = Variable(
                        key.declarator.name,
                        Kind.SCALAR,
                        0,
                        "global",
                        declarer.parameter(key),
                        declared=True,
                    )
                    parameter.inline = Inline(None)
                parameters.append(parameter)
            self.scope.local.append({p.name: p for p in parameters if p is not None})
        try:
            value = self.checker.expr(item.value)
        finally:
            if keys is not None:
                self.scope.local.pop()
        declared = Node(item.at, type_, self.checker.node_flags(type_))
        if self.checker.is_void(declared):
            raise DError(f"cannot declare void inline: {name}", "D_DECL_VOIDOBJ", item.at)
        if not self.checker.is_dynamic(value) and not self.checker.argument_fits(declared, value):
            raise DError(
                f"inline {name} definition uses incompatible types: "
                f'"{self.types.name(type_)}" = "{self.checker.type_name(value)}"',
                "D_OP_INCOMPAT",
                item.at,
            )
        if isinstance(value, Int):
            # A constant keeps its own type: it stands for what was written.
            value = Int(value.at, value.type, value.flags, value.value)
        variable.inline = Inline(value, tuple(parameters))
        if keys is not None:
            variable.signature = Signature(tuple(declarer.parameter(key) for key in keys))
        self.scope.globals[name] = variable

    def translator(self, item: tree.Translator) -> None:
        """``translator``."""
        declarer = self.checker.declarer
        output, source = declarer.type_of(item.output), declarer.type_of(item.input)
        resolved = self.types.resolve(output)
        if not isinstance(resolved, Tagged) or resolved.kind == "enum":
            raise DError("translator output type must be a struct or union", "D_XLATE_SOU", item.at)
        if not self.types.is_complete(resolved):
            raise DError(
                f"incomplete struct/union/enum {self.types.name(output)}", "D_XLATE_SOU", item.at
            )
        if any(
            known.input == source and self.types.resolve(known.output) == resolved
            for known in self.scope.translations
        ):
            raise DError(
                f"translator from {self.types.name(source)} to {self.types.name(output)} has "
                "already been declared",
                "D_XLATE_REDECL",
                item.at,
            )
        variable = Variable(item.name, Kind.SCALAR, 0, "global", source, declared=True)
        translation = Translation(output, source, variable)
        self.scope.local.append({item.name: variable})
        try:
            for at, name, expression in item.members:
                member = self.types.member(output, name)
                if member is None:
                    raise DError(
                        f"translator member {name} is not a member of {self.types.name(output)}",
                        "D_XLATE_MEMB",
                        at,
                    )
                value = self.checker.expr(expression)
                declared = Node(at, member.type, self.checker.node_flags(member.type))
                if not self.checker.argument_fits(declared, value):
                    raise DError(
                        f"translator member {name} definition uses incompatible types: "
                        f'"{self.types.name(member.type)}" = "{self.checker.type_name(value)}"',
                        "D_XLATE_INCOMPAT",
                        at,
                    )
                translation.members[name] = (member.type, value)
        finally:
            self.scope.local.pop()
        self.scope.translations.append(translation)

    def provider(self, item: tree.Provider) -> None:
        """``provider``: a declaration of probes that some process may have; only its types."""
        for probe in item.probes:
            for parameter in (*probe.native, *(probe.translated or ())):
                if parameter.specifiers is not None:
                    self.checker.declarer.parameter(parameter)

    # Clauses

    def clause(self, clause: tree.Clause, number: int) -> Iterator[Enabling]:
        """Compile a clause once for each of its probe descriptions."""
        for spec in clause.probes:
            if spec.text.isdecimal():
                probe = self.kernel.probe(int(spec.text))
                if probe is None:
                    raise DError(
                        f"invalid probe identifier {spec.text}: Unknown probe identifier",
                        "D_PDESC_INVAL",
                        spec.at,
                        "-",
                    )
                description = Description(probe.provider, probe.module, probe.function, probe.name)
            else:
                description = Description.parse(spec.text, spec.at)
            yield self.enabling(clause, description, spec.at, number)

    def enabling(
        self, clause: tree.Clause, description: Description, at: int, number: int
    ) -> Enabling:
        """Compile a clause for one probe description."""
        checker = self.checker
        probes = self.kernel.match(description)
        if not probes and not self.options.zdefs:
            error = DError(
                f"probe description {description} does not match any probes",
                "D_PDESC_ZERO",
                at,
                "-",
            )
            if self.on_error is None:
                raise error
            self.on_error(error)
        checker.probe = probes[0] if len(probes) == 1 else None
        checker.description = str(description)
        try:
            statements, predicate = self._cook(clause)
            code = None if predicate is None else self.generator.generate(predicate)
            actions: list[Action] = []
            for source, typed in statements:
                self.statements += 1
                statement = Statement(self.statements, actions)
                self._statement(statement, typed, source.at)
        finally:
            checker.probe = None
            checker.description = None
        return lay_out(description, code, actions, number)

    def _cook(
        self, clause: tree.Clause
    ) -> tuple[list[tuple[tree.ExprStatement, Node]], Node | None]:
        """
        Type the statements and the predicate.

        Either may make variables that the other uses, so that both orders are tried, the
        statements first.
        """
        try:
            statements = self._cook_statements(clause)
            predicate = self._cook_predicate(clause)
        except DError as error:
            if clause.predicate is None or error.tag not in ("D_IDENT_UNDEF", "D_VAR_UNDEF"):
                raise
            if error.region == "predicate":
                raise
            predicate = self._cook_predicate(clause)
            statements = self._cook_statements(clause)
        return statements, predicate

    def _cook_statements(self, clause: tree.Clause) -> list[tuple[tree.ExprStatement, Node]]:
        cooked = []
        with _region("action list"):
            for statement in clause.statements or ():
                assert isinstance(statement, tree.ExprStatement)
                cooked.append((statement, self.checker.expr(statement.expression)))
        return cooked

    def _cook_predicate(self, clause: tree.Clause) -> Node | None:
        if clause.predicate is None:
            return None
        with _region("predicate"):
            node = self.checker.expr(clause.predicate)
            if not self.checker.is_scalar(node):
                raise DError(
                    "predicate result must be of scalar type", "D_PRED_SCALAR", clause.predicate.at
                )
        return node

    def _statement(self, statement: Statement, node: Node, at: int) -> None:
        with _region("-"):
            if isinstance(node, Agg):
                self._aggregation(statement, node)
            elif isinstance(node, Call) and node.function.kind == Kind.ACTION:
                handler = _ACTIONS.get(node.function.name)
                if handler is None:
                    self._not_run(node.function.name, node.at)
                    return
                handler(self, statement, node)
            else:
                code = self.generator.generate(node)
                nothing = ReturnType(False, False, 0)
                self._add(statement, ActionKind.EXPRESSION, replace(code, returns=nothing))

    def _not_run(self, name: str, at: int) -> None:
        """What dtrace(1) has and we do not: an error, but to one who only looks for errors."""
        error = DError(f"{name}( ) is not simulated", findings.NOT_RUN, at, "-")
        if self.on_error is None:
            raise error
        self.on_error(error)

    def _add(
        self,
        statement: Statement,
        kind: ActionKind,
        code: Difo | None,
        size: int | None = None,
        **more: Any,
    ) -> None:
        if size is None:
            size = code.returns.size if code is not None else 0
        action = Action(kind, code, size, statement=statement.number)
        statement.actions.append(replace(action, **more))

    def trace(self, statement: Statement, call: Call) -> None:
        """trace() and print()."""
        node = call.arguments[0]
        name = call.function.name
        if self.checker.is_void(node):
            raise DError(
                f"{name}( ) may not be applied to a void expression",
                f"D_{name.upper()}_VOID",
                node.at,
            )
        translation = translation_of(node) if self.checker.is_dynamic(node) else None
        if translation is not None and translation.pointer and not isinstance(node, Unary):
            raise DError(
                f"{name}( ) may not be applied to a translated pointer",
                f"D_{name.upper()}_DYN",
                node.at,
            )
        if isinstance(node, Agg):
            hint = "" if name == "trace" else " -- did you mean printa()?"
            raise DError(
                f"{name}( ) may not be applied to an aggregation{hint}",
                f"D_{name.upper()}_AGG",
                node.at,
            )
        code = self.generator.generate(node)
        if name == "trace":
            self._add(statement, ActionKind.EXPRESSION, code)
        else:
            type_ = translation.output if translation is not None else node.type
            self._add(statement, ActionKind.PRINT, code, type=type_)

    def tracemem(self, statement: Statement, call: Call) -> None:
        """tracemem()."""
        address, limit, *rest = call.arguments
        checker = self.checker
        if not checker.is_integer(address) and not checker.is_pointer(address):
            raise DError(
                "tracemem( ) argument #1 is incompatible with prototype:\n"
                f"\tprototype: pointer or integer\n\t argument: {checker.type_name(address)}",
                "D_TRACEMEM_ADDR",
                address.at,
            )
        size = self._positive(limit)
        if size is None:
            raise DError(
                "tracemem( ) argument #2 must be a non-zero positive integral constant expression",
                "D_TRACEMEM_SIZE",
                limit.at,
            )
        if rest:
            if len(rest) > 1:
                raise DError(
                    "tracemem ( ) prototype mismatch: expected at most 3 args",
                    "D_TRACEMEM_ARGS",
                    rest[0].at,
                )
            if not checker.is_scalar(rest[0]):
                raise DError(
                    "tracemem ( ) dynamic size (argument #3) must be of scalar type",
                    "D_TRACEMEM_DYNSIZE",
                    rest[0].at,
                )
            code = self.generator.generate(rest[0])
            self._add(statement, ActionKind.DYNAMIC_SIZE, code, 8)
        code = self.generator.generate(address)
        returns = ReturnType(code.returns.string, True, size)
        self._add(statement, ActionKind.TRACEMEM, replace(code, returns=returns))

    def _positive(self, node: Node) -> int | None:
        """The value of a positive integer constant, else None."""
        if not isinstance(node, Int) or not node.value:
            return None
        return node.value if not node.signed or node.signed_value > 0 else None

    def printm(self, statement: Statement, call: Call) -> None:
        """printm()."""
        limit, address = call.arguments
        size = self._positive(limit)
        if size is None:
            raise DError(
                "printm( ) argument #1 must be a non-zero positive integral constant expression",
                "D_PRINTM_SIZE",
                limit.at,
            )
        if not self.checker.is_pointer(address):
            raise DError(
                "printm( ) argument #2 is incompatible with prototype:\n"
                f"\tprototype: pointer\n\t argument: {self.checker.type_name(address)}",
                "D_PRINTM_ADDR",
                address.at,
            )
        code = self.generator.generate(address)
        returns = ReturnType(False, True, size + 8)
        self._add(statement, ActionKind.PRINTM, replace(code, returns=returns))

    def printf(self, statement: Statement, call: Call) -> None:
        """printf()."""
        first, *arguments = call.arguments
        if not isinstance(first, Str):
            raise DError(
                f"{call.function.name}( ) argument #1 is incompatible with prototype:\n"
                "\tprototype: string constant\n"
                f"\t argument: {self.checker.type_name(first)}",
                "D_PRINTF_ARG_FMT",
                call.at,
            )
        format_ = check_format(
            self.checker, "printf", parse_format(first.value, call.at), arguments, call.at
        )
        if not arguments:
            nothing = Difo((Instruction("ret"),), ReturnType(False, False, 8))
            self._add(statement, ActionKind.PRINTF, nothing, format=format_)
        for argument in arguments:
            code = self._argument(argument)
            self._add(
                statement,
                _RECORDED.get(_call_name(argument), ActionKind.PRINTF),
                code,
                format=format_,
            )

    def _argument(self, node: Node) -> Difo:
        """The code of an argument; sym() and its kin record the address that they are given."""
        name = _call_name(node)
        if name in _RECORDED:
            assert isinstance(node, Call)
            code = self.generator.generate(node.arguments[0])
            return replace(code, returns=ReturnType(False, False, 8))
        return self.generator.generate(node)

    def printa(self, statement: Statement, call: Call) -> None:
        """printa()."""
        arguments = call.arguments
        first = arguments[0]
        text = first.value if isinstance(first, Str) else None
        aggregations = arguments[1:] if text is not None else arguments
        needed = 2 if text is not None else 1
        if len(arguments) < needed:
            raise DError(
                f"printa( ) prototype mismatch: {len(arguments)} args passed, {needed} expected",
                "D_PRINTA_PROTO",
                call.at,
            )
        format_: Format | None = None
        for number, node in enumerate(aggregations, needed):
            variable = self._defined_aggregation(node, call, number, "PRINTA")
            if number > needed:
                self._same_keys(aggregations[0], node, call.at)
            elif text is not None:
                assert variable.function is not None
                value = COUNT_TYPE if variable.function.name == "count" else VALUE_TYPE
                keys = [
                    Node(call.at, key, self.checker.node_flags(key))
                    for key in (variable.signature.arguments if variable.signature else ())
                    if key is not None
                ]
                format_ = check_format(
                    self.checker, "printa", parse_format(text, call.at), keys, call.at, value
                )
            self._constant(statement, ActionKind.PRINTA, variable.number, format=format_)

    def _same_keys(self, left: Node, right: Node, at: int) -> None:
        assert isinstance(left, Agg)
        assert isinstance(right, Agg)
        a, b = left.variable, right.variable
        keys_a = a.signature.arguments if a.signature else ()
        keys_b = b.signature.arguments if b.signature else ()
        if len(keys_a) != len(keys_b):
            plural_a, plural_b = ("" if len(k) == 1 else "s" for k in (keys_a, keys_b))
            raise DError(
                f"printa( ): @{a.name} and @{b.name} do not have matching key signatures: "
                f"@{a.name} has {len(keys_a)} key{plural_a}, @{b.name} has {len(keys_b)} "
                f"key{plural_b}",
                "D_PRINTA_AGGKEY",
                at,
            )
        for number, (x, y) in enumerate(zip(keys_a, keys_b, strict=True), 1):
            assert x is not None
            assert y is not None
            have = Node(at, y, self.checker.node_flags(y))
            if not self.checker.argument_fits(Node(at, x, self.checker.node_flags(x)), have):
                raise DError(
                    f"printa( ): @{b.name}[ ] key #{number} is incompatible with @{a.name}:\n"
                    f"{a.name:>9} key #{number}: {self.types.name(x)}\n"
                    f"{b.name:>9} key #{number}: {self.types.name(y)}",
                    "D_PRINTA_AGGPROTO",
                    at,
                )

    def _defined_aggregation(self, node: Node, call: Call, number: int, tag: str) -> Variable:
        name = call.function.name
        if not isinstance(node, Agg):
            raise DError(
                f"{name}( ) argument #{number} is incompatible with prototype:\n"
                f"\tprototype: aggregation\n\t argument: {self.checker.type_name(node)}",
                f"D_{tag}_AGGARG",
                call.at,
            )
        if not node.variable.modified:
            raise DError(
                f"undefined aggregation: @{node.variable.name}", f"D_{tag}_AGGBAD", call.at
            )
        return node.variable

    def _constant(self, statement: Statement, kind: ActionKind, value: int, **more: Any) -> None:
        code = Difo(
            (Instruction("setx", rd=1, value=value), Instruction("ret", rd=1)),
            ReturnType(False, False, 8),
        )
        self._add(statement, kind, code, variable=value, **more)

    def aggregation_action(self, statement: Statement, call: Call) -> None:
        """clear(), trunc(), normalize() and denormalize()."""
        name = call.function.name
        tag = "NORMALIZE" if "normalize" in name else name.upper()
        least, most = {"trunc": (1, 2), "normalize": (2, 2)}.get(name, (1, 1))
        count = len(call.arguments)
        if not least <= count <= most:
            expected = str(most)
            if name == "trunc":
                expected = "at least 1" if count < 1 else "no more than 2"
            raise DError(
                f"{name}( ) prototype mismatch: {count} args passed, {expected} expected",
                f"D_{tag}_PROTO",
                call.at,
            )
        variable = self._defined_aggregation(call.arguments[0], call, 1, tag)
        self._constant(statement, ActionKind.LIBRARY, variable.number, name=name)
        if name in ("normalize", "trunc"):
            if count == 1:
                self._constant(statement, ActionKind.LIBRARY, 0, name=name)
                return
            value = call.arguments[1]
            if not self.checker.is_scalar(value):
                raise DError(
                    f"{name}( ) argument #2 must be of scalar type", f"D_{tag}_SCALAR", call.at
                )
            code = self.generator.generate(value)
            self._add(statement, ActionKind.LIBRARY, code, name=name)

    def setopt(self, statement: Statement, call: Call) -> None:
        """setopt()."""
        self._add(
            statement,
            ActionKind.LIBRARY,
            self.generator.generate(call.arguments[0]),
            name="setopt",
        )
        if len(call.arguments) == 1:
            self._constant(statement, ActionKind.LIBRARY, 0, name="setopt")
        else:
            code = self.generator.generate(call.arguments[1])
            self._add(statement, ActionKind.LIBRARY, code, name="setopt")

    def stack(self, statement: Statement, call: Call) -> None:
        """stack()."""
        frames = self._frames(call)
        self._add(statement, ActionKind.STACK, None, 8 * frames, argument=frames)

    def _frames(self, call: Call) -> int:
        if not call.arguments:
            return self.options.stackframes
        frames = self._positive(call.arguments[0])
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

    def symbol(self, statement: Statement, call: Call) -> None:
        """sym(), func() and mod()."""
        code = self.generator.generate(call.arguments[0])
        code = replace(code, returns=ReturnType(False, False, 8))
        kind = ActionKind.MODULE if call.function.name == "mod" else ActionKind.SYMBOL
        self._add(statement, kind, code)

    def exit(self, statement: Statement, call: Call) -> None:
        """exit()."""
        code = self.generator.generate(call.arguments[0])
        self._add(statement, ActionKind.EXIT, replace(code, returns=ReturnType(False, False, 4)))

    def destructive(self, statement: Statement, call: Call) -> None:
        """Actions that change the system, which there is none of here."""
        name = call.function.name
        if self.options.destructive:
            self._not_run(name, call.at)
            return
        error = DError(
            f"{name}( ): Destructive actions not allowed", findings.DESTRUCTIVE, call.at, "-"
        )
        if self.on_error is None:
            raise error
        self.on_error(error)

    # Aggregations

    def _aggregation(self, statement: Statement, node: Agg) -> None:
        variable = node.variable
        if node.function is None:
            raise DError(f"expression has null effect: @{variable.name}", "D_AGG_NULL", node.at)
        function = node.function.function.name
        arguments = node.function.arguments
        if arguments and not self.checker.is_scalar(arguments[0]):
            raise DError(
                f"{function}( ) argument #1 must be of scalar type", "D_AGG_SCALAR", node.at
            )
        first = len(statement.actions)
        self._constant(statement, ActionKind.EXPRESSION, variable.number, in_tuple=True)
        for key in node.keys:
            self._key(statement, key)
        parameters, increment, most = self._quantization(node, function, arguments)
        if increment is not None:
            self._increment(statement, function, increment, most)
        keys = len(statement.actions) - first
        code = self.generator.generate(arguments[0]) if arguments else None
        self._add(
            statement,
            ActionKind.AGGREGATE,
            code,
            aggregate_size(function, parameters),
            name=function,
            argument=parameters,
            keys=keys,
            has_increment=increment is not None,
            variable=variable.number,
        )

    def _key(self, statement: Statement, key: Node) -> None:
        name = _call_name(key)
        if name == "stack":
            assert isinstance(key, Call)
            frames = self._frames(key)
            self._add(statement, ActionKind.STACK, None, 8 * frames, argument=frames, in_tuple=True)
            return
        if name in ("ustack", "jstack", "usym", "ufunc", "umod", "uaddr"):
            self._not_run(name, key.at)
            return
        code = self._argument(key)
        kind = _RECORDED.get(name, ActionKind.EXPRESSION)
        self._add(statement, kind, code, in_tuple=True)

    def _increment(
        self, statement: Statement, function: str, increment: Sequence[Node], most: int
    ) -> None:
        if not self.checker.is_scalar(increment[0]):
            raise DError(
                f"{function}( ) increment value (argument #{most}) must be of scalar type",
                "D_PROTO_ARG",
                increment[0].at,
            )
        if len(increment) > 1:
            raise DError(
                f"{function}( ) prototype mismatch: {most + len(increment) - 1} args passed, "
                f"at most {most} expected",
                "D_PROTO_LEN",
                increment[0].at,
            )
        code = self.generator.generate(increment[0])
        nothing = ReturnType(False, False, 0)
        self._add(statement, ActionKind.EXPRESSION, replace(code, returns=nothing), in_tuple=True)

    def _quantization(
        self, node: Agg, function: str, arguments: Sequence[Node]
    ) -> tuple[int, Sequence[Node] | None, int]:
        """The packed parameters of a quantization, its increment, and its most arguments."""
        if function == "quantize":
            return 0, arguments[1:] or None, 2
        if function == "lquantize":
            packed = self._linear(node, arguments)
            return packed, arguments[4:] or None, 5
        if function == "llquantize":
            packed = self._log_linear(node, arguments)
            return packed, arguments[5:] or None, 6
        return 0, None, 0

    def _linear(self, node: Agg, arguments: Sequence[Node]) -> int:
        values = []
        for number, argument in enumerate(arguments[1:3], 1):
            if not isinstance(argument, Int):
                raise DError(
                    f"lquantize( ) argument #{number} must be an integer constant",
                    ("D_LQUANT_BASETYPE", "D_LQUANT_LIMTYPE")[number - 1],
                    argument.at,
                )
            value = argument.signed_value
            if not -(1 << 31) <= value < 1 << 31:
                raise DError(
                    f"lquantize( ) argument #{number} must be a 32-bit quantity",
                    ("D_LQUANT_BASEVAL", "D_LQUANT_LIMVAL")[number - 1],
                    argument.at,
                )
            values.append(value)
        base, limit = values
        if limit < base:
            raise DError(
                "lquantize( ) base (argument #1) must be less than limit (argument #2)",
                "D_LQUANT_MISMATCH",
                node.at,
            )
        step = 1
        if len(arguments) > 3:
            positive = self._positive(arguments[3])
            if positive is None:
                raise DError(
                    "lquantize( ) argument #3 must be a non-zero positive integer constant",
                    "D_LQUANT_STEPTYPE",
                    arguments[3].at,
                )
            if positive > 0xFFFF:
                raise DError(
                    "lquantize( ) argument #3 must be a 16-bit quantity",
                    "D_LQUANT_STEPVAL",
                    arguments[3].at,
                )
            step = positive
        levels = (limit - base) // step
        if levels == 0:
            raise DError(
                "lquantize( ) step (argument #3) too large: must have at least one quantization "
                "level",
                "D_LQUANT_STEPLARGE",
                node.at,
            )
        if levels > 0xFFFF:
            raise DError(
                "lquantize( ) step (argument #3) too small: number of quantization levels must be "
                "a 16-bit quantity",
                "D_LQUANT_STEPSMALL",
                node.at,
            )
        packed = step << 48 | levels << 32 | base & 0xFFFF_FFFF
        before = self._packed(node.variable, packed)
        if before != packed:
            old_base = before & 0xFFFF_FFFF
            old_base -= (old_base >> 31) << 32
            old_levels, old_step = before >> 32 & 0xFFFF, before >> 48
            for what, expected, found, tag in (
                ("base (argument #1)", old_base, base, "BASE"),
                (
                    "limit (argument #2)",
                    old_base + old_levels * old_step,
                    base + levels * step,
                    "LIM",
                ),
                ("step (argument #3)", old_step, step, "STEP"),
            ):
                if expected != found:
                    raise DError(
                        f"lquantize( ) {what} doesn't match previous declaration: expected "
                        f"{expected}, found {found}",
                        f"D_LQUANT_MATCH{tag}",
                        node.at,
                    )
        return packed

    def _packed(self, variable: Variable, packed: int) -> int:
        """The parameters that the aggregation was first used with."""
        signature = variable.signature
        assert signature is not None
        if not signature.parameters:
            signature.parameters = packed
        return signature.parameters

    def _log_linear(self, node: Agg, arguments: Sequence[Node]) -> int:
        names = ["factor", "low magnitude", "high magnitude", "linear steps per magnitude"]
        values = []
        packed = 0
        for number, (argument, name) in enumerate(zip(arguments[1:5], names, strict=True), 1):
            if not isinstance(argument, Int):
                raise DError(
                    f"llquantize( ) argument #{number} ({name}) must be an integer constant",
                    "D_LLQUANT_FACTORTYPE",
                    argument.at,
                )
            if argument.value > 0xFFFF:
                raise DError(
                    f"llquantize( ) argument #{number} ({name}) must be an unsigned 16-bit "
                    "quantity",
                    "D_LLQUANT_FACTORVAL",
                    argument.at,
                )
            values.append(argument.value)
            packed |= argument.value << (48 - 16 * (number - 1))
        factor, low, high, steps = values
        problem = ""
        if factor < 2:
            problem = "factor (argument #1) must be two or more"
        elif low >= high:
            problem = (
                "high magnitude (argument #3) must be greater than low magnitude (argument #2)"
            )
        elif steps < factor:
            problem = (
                "factor (argument #1) must be less than or equal to the number of linear steps "
                "per magnitude (argument #4)"
            )
        else:
            power = factor
            while power < steps:
                power *= factor
            if steps % factor or power % steps:
                problem = (
                    "factor (argument #1) must evenly divide the number of steps per magnitude "
                    "(argument #4), and the number of steps per magnitude must evenly divide a "
                    "power of the factor"
                )
            elif factor ** min(high + 2, 64) >= 1 << 64:
                problem = (
                    f"factor ({factor}) raised to power of high magnitude ({high}) plus 1 "
                    "overflows 64-bits"
                )
        if problem:
            raise DError(f"llquantize( ) {problem}", "D_LLQUANT_FACTORSMALL", node.at)
        before = self._packed(node.variable, packed)
        if before != packed:
            raise DError(
                "llquantize( ) parameters don't match previous declaration",
                "D_LLQUANT_FACTORMATCH",
                node.at,
            )
        return packed


_RECORDED = {
    "sym": ActionKind.SYMBOL,
    "func": ActionKind.SYMBOL,
    "mod": ActionKind.MODULE,
}


def _is_aggregate(type_: Type) -> bool:
    return isinstance(type_, Array) or (isinstance(type_, Tagged) and type_.kind != "enum")


def _call_name(node: Node) -> str:
    return node.function.name if isinstance(node, Call) else ""


_ACTIONS: dict[str, Callable[[Compiler, Statement, Call], None]] = {
    "trace": Compiler.trace,
    "print": Compiler.trace,
    "tracemem": Compiler.tracemem,
    "printm": Compiler.printm,
    "printf": Compiler.printf,
    "printa": Compiler.printa,
    "clear": Compiler.aggregation_action,
    "trunc": Compiler.aggregation_action,
    "normalize": Compiler.aggregation_action,
    "denormalize": Compiler.aggregation_action,
    "setopt": Compiler.setopt,
    "stack": Compiler.stack,
    "sym": Compiler.symbol,
    "func": Compiler.symbol,
    "mod": Compiler.symbol,
    "exit": Compiler.exit,
    **dict.fromkeys(DESTRUCTIVE - {"copyout", "copyoutstr"}, Compiler.destructive),
}


@contextmanager
def _region(name: str) -> Iterator[None]:
    """Errors within are in this part of the clause; ``-`` stands for none in particular."""
    try:
        yield
    except DError as error:
        error.region = error.region or name
        raise


def aggregate_size(function: str, parameters: int) -> int:
    """Bytes of an aggregation's value."""
    match function:
        case "avg":
            return 16
        case "stddev":
            return 32
        case "quantize":
            return 127 * 8
        case "lquantize":
            return ((parameters >> 32 & 0xFFFF) + 3) * 8
        case "llquantize":
            return (log_linear_levels(parameters) + 1) * 8
        case _:
            return 8


def log_linear_levels(parameters: int) -> int:
    """Buckets of an llquantize(), the two at its ends included."""
    factor, low = parameters >> 48, parameters >> 32 & 0xFFFF
    high, steps = parameters >> 16 & 0xFFFF, parameters & 0xFFFF
    count = 2
    value = factor**low
    for _ in range(low, high + 1):
        step = max(1, value * factor // steps) if value * factor > steps else 1
        count += -(-(value * factor - value) // step)
        value *= factor
    return count


def lay_out(
    description: Description, predicate: Difo | None, actions: Sequence[Action], clause: int
) -> Enabling:
    """Give each action its place in the record, as the kernel does."""
    placed: list[Action] = list(actions)
    # The actions that are the key of an aggregating action behind them.
    for index, action in enumerate(placed):
        if action.kind != ActionKind.AGGREGATE:
            placed[index] = replace(action, alignment=_alignment(action.size))
    for index, action in enumerate(placed):
        if action.kind == ActionKind.AGGREGATE:
            first = index - action.keys
            placed[first] = replace(placed[first], alignment=max(4, placed[first].alignment))
            placed[index] = replace(action, alignment=_alignment(action.size))
    size = HEADER
    alignment = 4
    needed = 4
    tuple_end: int | None = None
    for index, action in enumerate(placed):
        alignment = max(alignment, action.alignment)
        if action.kind == ActionKind.AGGREGATE or action.in_tuple:
            if tuple_end is None:
                # The key begins 4 bytes into an aligned 8, behind the aggregation's number.
                tuple_end = size + (4 - size) % 8
            tuple_end = _round(tuple_end, action.alignment)
            placed[index] = replace(action, offset=tuple_end)
            tuple_end += action.size
            if action.kind == ActionKind.AGGREGATE:
                needed = max(needed, tuple_end)
                tuple_end = None
        else:
            size = _round(size, action.alignment)
            placed[index] = replace(action, offset=size)
            size += action.size
            needed = max(needed, size)
    if placed and size == HEADER:
        size = 0
    return Enabling(
        description,
        predicate,
        tuple(placed),
        clause,
        _round(size, 4),
        _round(needed, 4),
        alignment,
    )


def _alignment(size: int) -> int:
    if not size:
        return 1
    for alignment in (8, 4, 2):
        if size % alignment == 0:
            return alignment
    return 1


def _round(value: int, unit: int) -> int:
    return -(-value // unit) * unit
