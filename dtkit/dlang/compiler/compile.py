# SPDX-License-Identifier: BSD-2-Clause
"""
The compiler: from a program to what the kernel would be given.

A clause becomes an enabling for each of its probe descriptions: a predicate, and actions, each
with the code of its argument and the place of its data in a record.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from dtkit.dlang.checker.checker import Checker
from dtkit.dlang.checker.declarations import Declarations
from dtkit.dlang.checker.hints import probe_hint
from dtkit.dlang.checker.names import refuse_designator
from dtkit.dlang.checker.nodes import Agg, Call, TypedExpr
from dtkit.dlang.checker.rules import RULES
from dtkit.dlang.checker.scope import Scope
from dtkit.dlang.checker.unknown import mark_assigned, mark_declared
from dtkit.dlang.compiler import pragmas
from dtkit.dlang.compiler.actions import ACTIONS
from dtkit.dlang.compiler.aggregations import aggregate
from dtkit.dlang.compiler.codegen import Generator
from dtkit.dlang.compiler.dif import ReturnType
from dtkit.dlang.compiler.enablings import Action, ActionKind, Compiled, Enabling
from dtkit.dlang.compiler.layout import lay_out
from dtkit.dlang.compiler.order import Order
from dtkit.dlang.compiler.recorder import Recorder
from dtkit.dlang.findings import DError, UnknownError, UnlistedProbeError
from dtkit.dlang.options import Options
from dtkit.dlang.predefined import MBUF_VERSION, Kind
from dtkit.dlang.source import ProgramText
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.lexer import MACROS
from dtkit.dlang.syntax.parser import parse
from dtkit.dlang.syntax.sugar import desugar, error_clause, has_sugar
from dtkit.dlang.target import TargetKernel, target_kernel
from dtkit.dlang.types import STRING, Array, Tagged, Type, Types
from dtkit.probes.description import ProbeDescription

#: How deep expressions may nest: an ``||`` of some thousand operands is still compiled.
_DEPTH = 20_000


@cache
def library(of: TargetKernel) -> Scope:
    """The types, inlines and translators of a kernel; copied for each program."""
    scope = Scope(Types(names=of.names), MBUF_VERSION)
    scope.add_builtins()
    for name, value in of.constants.items():
        scope.add_constant(name, value)
    checker = Checker(scope, RULES, of.symbols, of.release.partial)
    checker.declarer.native = True
    # What hangs on a variable that this kernel's table has not is told where it is used.
    declarations = Declarations(checker, lambda error: None)
    for texts in (of.kernel_declarations, of.library_declarations):
        checker.declarer.kernel = texts is of.kernel_declarations
        for text in texts:
            program = parse(text, "library", scope.types.typedefs, scope.globals)
            for item in program.externals:
                declarations.declare(item)
            # A typedef name stands for the type that it was declared with from here on.
            scope._named.clear()
            # What stands in the first file is enough for the built-in names, which others use.
            scope.settle_builtins()
    for text, file in of.types:
        declare_types(declarations, text, file)
    for variable in scope.globals.values():
        variable.scope = "builtin"
    return scope


def declare_types(declarations: Declarations, text: str, file: str) -> None:
    """
    Declare what a file of declarations has.

    :raises TypesError: it is not D, or has something else; the message names file and line.
    """
    scope = declarations.scope
    source = ProgramText(text, file)
    try:
        with deep_recursion():
            program = parse(text, file, scope.types.typedefs, scope.globals)
            for item in program.externals:
                if isinstance(item, tree.Clause):
                    raise DError("declarations are wanted, and no clauses", "D_SYNTAX", item.at)
                declarations.declare(item)
    except DError as error:
        line = "" if error.at is None else f"line {source.position(error.at)[0]}: "
        raise TypesError(f"{file}: {line}{error.message}") from None
    scope._named.clear()


class TypesError(ValueError):
    """A file of declarations that cannot be used; ``str()`` names file and line."""


@cache
def type_names(of: TargetKernel) -> frozenset[str]:
    """The names that stand for types in programs for a kernel, whether we know the types or not."""
    return of.names.typedefs.union(library(of).types.typedefs)


def compile_program(
    text: str,
    file: str | None = None,
    options: Options | None = None,
    arguments: Sequence[str] = (),
    of: TargetKernel | None = None,
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
    of = of or target_kernel()
    options = options or Options()
    base = library(of)
    with deep_recursion():
        scope = base.copy()
        compiler = Compiler(of, scope, options, on_error, arguments)
        lines: list[tree.Pragma] = []
        names = type_names(of)
        try:
            program = parse(text, file, names, base.globals, arguments, options.defaultargs, lines)
        finally:
            # dtrace(1) obeys control lines while it reads, those before an error among them.
            compiler.control(lines)
        scope.source = program.source
        return compiler.program(program)


_MACRO = re.compile(r"\$(\w*)")

#: The name of a provider of probes of one process: what it is called, and the number of that.
_OF_PROCESS = re.compile(r".*[^0-9](0+)\Z")


def _description(text: str, at: int, arguments: Sequence[str] = ()) -> ProbeDescription:
    """
    The probe description that *text* is, its macro arguments put in.

    :raises DError: it is none, or names what is not given.
    """

    def given(match: re.Match[str]) -> str:
        name = match[1]
        if name in MACROS:
            # Who it is about is known when it is run.
            return match[0]
        if not name.isdecimal() or int(name) >= len(arguments):
            message = f'invalid probe description "{text}": Undefined macro variable in probe '
            raise DError(f"{message}description", "D_PDESC_INVAL", at, "-")
        return arguments[int(name)]

    try:
        description = ProbeDescription.parse(_MACRO.sub(given, text))
    except ValueError:
        raise DError(
            f'invalid probe description "{text}": Overspecified probe description',
            "D_PDESC_INVAL",
            at,
            "-",
        ) from None
    if _OF_PROCESS.match(description.provider):
        message = f"'{description.provider}' does not contain a valid pid"
        raise DError(message, "D_PROC_BADPID", at, "-")
    return description


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
        of: TargetKernel,
        scope: Scope,
        options: Options,
        on_error: Callable[[DError], None] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.kernel = of
        self.scope = scope
        self.types = scope.types
        self.checker = Checker(scope, RULES, of.symbols, of.release.partial)
        self.declarations = Declarations(self.checker, self._complain)
        self.generator = Generator(self.checker)
        self.options = options
        self.arguments = arguments
        self.on_error = on_error
        self.statements = 0
        self.has_sugar = False

    def control(self, lines: Iterable[tree.Pragma]) -> None:
        """Obey control lines."""
        for pragma in lines:
            with self._recover():
                self.options = pragmas.apply(pragma, self.options, self.kernel.may_have_provider)

    def program(self, program: tree.TranslationUnit) -> Compiled:
        """Compile a whole program, which was parsed with the macro arguments."""
        enablings: list[Enabling] = []
        before = set(self.scope.globals)
        if program.unused and not self.options.argref:
            with self._recover():
                raise DError(
                    f"extraneous argument '{self.arguments[program.unused]}' "
                    f"(${program.unused} is not referenced)",
                    "D_MACRO_UNUSED",
                    len(program.source.text),
                    "-",
                )
        self.types.strsize = self.options.strsize
        self.scope.version = self.options.version
        if not program.externals:
            raise DError("empty D program translation unit", "D_EMPTY", None)
        # What is declared anywhere is known to all clauses.
        for item in program.externals:
            if not isinstance(item, tree.Clause):
                with self._recover(item):
                    self.declarations.declare(item)
        for number, item in enumerate(program.clauses()):
            for clause in self._desugared(item, program.source):
                with self._recover():
                    enablings.extend(self.clause(clause, number))
        own = set(self.scope.globals) - before
        if any(isinstance(item, tree.Translator) for item in program.externals):
            own.add("translator")
        for pragma in program.pragmas:
            with self._recover():
                pragmas.check_use(pragma, own, before)
        return Compiled(
            program.source,
            tuple(enablings),
            self.options,
            tuple(self.scope.aggregations),
            self.types,
            dict(self._objects()),
            tuple(sorted(self.generator.symbols)),
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
    def _recover(self, item: object = None) -> Iterator[None]:
        try:
            yield
        except DError as error:
            self._complain(error)
            if isinstance(error, UnknownError):
                mark_declared(self.scope, item)

    @contextmanager
    def _doubt(self, expression: tree.Expr) -> Iterator[None]:
        """Where errors are collected, only pass over an expression with something unknown."""
        try:
            yield
        except UnknownError as error:
            self._complain(error)
            mark_assigned(self.scope, expression)

    def _complain(self, error: DError) -> None:
        if self.on_error is None:
            raise error
        self.on_error(error)

    def _desugared(self, clause: tree.Clause, source: ProgramText) -> list[tree.Clause]:
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

    def clause(self, clause: tree.Clause, number: int) -> Iterator[Enabling]:
        """Compile a clause once for each of its probe descriptions."""
        for node in tree.walk(clause):
            if isinstance(node, tree.CallExpr):
                refuse_designator(node)
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
                names = probe.provider, probe.module, probe.function, probe.name
                description = ProbeDescription(*names)
            else:
                description = _description(spec.text, spec.at, self.arguments)
            yield self.enabling(clause, description, spec.at, number)

    def enabling(
        self, clause: tree.Clause, description: ProbeDescription, at: int, number: int
    ) -> Enabling:
        """Compile a clause for one probe description."""
        checker = self.checker
        probes = self.kernel.match(description)
        if not probes and not self.options.zdefs:
            self._complain(self._no_probe(description, at))
        checker.probe = probes[0] if len(probes) == 1 else None
        checker.description = str(description)
        checker.is_unknown_probe = not probes
        try:
            statements, predicate = self._cook(clause)
            code = None if predicate is None else self.generator.generate(predicate)
            actions: list[Action] = []
            order = Order()
            for statement in statements:
                self.statements += 1
                before = len(actions)
                self._statement(self._recorder(actions), statement)
                order.check(actions[before:], statement.at)
        finally:
            checker.probe = None
            checker.description = None
            checker.is_unknown_probe = False
        return lay_out(description, code, actions, number)

    def _no_probe(self, description: ProbeDescription, at: int) -> DError:
        """The error that no probe matches, which is one for sure where no kernel has such a one."""
        message = f"probe description {description} does not match any probes"
        if self.kernel.may_have(description):
            error: DError = UnlistedProbeError(message, "D_PDESC_ZERO", at, "-")
            return error.helped(probe_hint(self.kernel, description))
        error = DError(message, "D_PDESC_ZERO", at, "-")
        if not self.kernel.may_have_provider(description.provider):
            error.hint = (
                f"the provider {description.provider} is in no table of dtkit: --zdefs allows "
                "probes that do not exist"
            )
        error.hint = probe_hint(self.kernel, description) or error.hint
        return error

    def _cook(self, clause: tree.Clause) -> tuple[list[TypedExpr], TypedExpr | None]:
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

    def _cook_statements(self, clause: tree.Clause) -> list[TypedExpr]:
        cooked = []
        with _region("action list"):
            for statement in clause.statements or ():
                assert isinstance(statement, tree.ExprStatement)
                with self._doubt(statement.expression):
                    cooked.append(self.checker.expr(statement.expression))
        return cooked

    def _cook_predicate(self, clause: tree.Clause) -> TypedExpr | None:
        if clause.predicate is None:
            return None
        node: TypedExpr | None = None
        with _region("predicate"), self._doubt(clause.predicate):
            node = self.checker.expr(clause.predicate)
            if not self.checker.is_scalar(node):
                raise DError(
                    "predicate result must be of scalar type", "D_PRED_SCALAR", clause.predicate.at
                )
        return node

    def _recorder(self, actions: list[Action]) -> Recorder:
        return Recorder(
            self.checker,
            self.generator,
            self.options,
            self.statements,
            actions,
            self._complain,
        )

    def _statement(self, to: Recorder, node: TypedExpr) -> None:
        with _region("-"):
            if isinstance(node, Agg):
                aggregate(to, node)
            elif isinstance(node, Call) and node.function.kind == Kind.ACTION:
                handler = ACTIONS.get(node.function.name)
                if handler is None:
                    to.not_run(node.function.name, node.at)
                    return
                handler(to, node)
            else:
                code = to.generator.generate(node)
                nothing = ReturnType(False, False, 0)
                to.add(ActionKind.EXPRESSION, replace(code, returns=nothing))


def _is_aggregate(type_: Type) -> bool:
    return isinstance(type_, Array) or (isinstance(type_, Tagged) and type_.kind != "enum")


@contextmanager
def _region(name: str) -> Iterator[None]:
    """Errors within are in this part of the clause; ``-`` stands for none in particular."""
    try:
        yield
    except DError as error:
        error.region = error.region or name
        raise
