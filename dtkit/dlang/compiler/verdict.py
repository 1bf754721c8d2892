# SPDX-License-Identifier: BSD-2-Clause
"""Looking at whole programs: all that is wrong with one, and the clauses that it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dtkit.dlang.compiler.compile import (
    compile_program,
    deep_recursion,
    library,
    type_names,
)
from dtkit.dlang.findings import (
    NOT_RUN,
    DError,
    Finding,
    Severity,
    UnknownError,
    UnlistedProbeError,
)
from dtkit.dlang.options import WITH_COPYOUTMBUF, Options
from dtkit.dlang.predefined import BUILTINS, LATEST
from dtkit.dlang.source import ProgramText
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.parser import parse
from dtkit.dlang.target import TargetKernel, target_kernel


def check(
    program: str,
    *,
    file: str | None = None,
    options: Options = WITH_COPYOUTMBUF,
    arguments: Sequence[str] = (),
    kernel: TargetKernel | None = None,
) -> list[Finding]:
    """
    All that is wrong with a D program, by place.

    A probe that we do not know is a warning: no table of probes is that of every kernel. So is a
    subroutine that no released dtrace(1) has.

    :param file: name of the script; None for a program from the command line.
    :param options: of dtrace(1), as ``-x`` and its letters set them.
    :param arguments: macro arguments, ``$0`` first.
    :param kernel: whose types and probes; without one, those of the default kernel.
    """
    source = ProgramText(program, file)
    errors: list[DError] = []
    try:
        compile_program(program, file, options, arguments, kernel, errors.append)
    except DError as error:
        errors.append(error)
    found = [*_errors(errors, source), *_versions(program, source, options, arguments, kernel)]
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda f: (f.line or 0, f.column or 0, f.severity))


def _errors(errors: Iterable[DError], source: ProgramText) -> Iterator[Finding]:
    for error in errors:
        message = error.message
        severity = Severity.ERROR
        if isinstance(error, UnlistedProbeError):
            severity = Severity.WARNING
        if error.tag == NOT_RUN:
            continue
        if isinstance(error, UnknownError):
            if not error.told or error.tag.startswith("D_ARGS_"):
                continue
            severity = Severity.WARNING
            message += ": what depends on it is not checked"
        yield Finding.of(source, message, error.tag, error.at, severity, error.hint)


def _versions(
    program: str,
    source: ProgramText,
    options: Options,
    arguments: Sequence[str],
    of: TargetKernel | None,
) -> Iterator[Finding]:
    """Warnings of names that only a later dtrace(1) has."""
    try:
        unit = parsed(program, arguments, options.defaultargs, of)
    except DError:
        return
    for name in tree.walk(unit.externals):
        if not isinstance(name, tree.Name):
            continue
        builtin = BUILTINS.get(name.name)
        if builtin is not None and builtin.version > LATEST and options.latest > LATEST:
            version = ".".join(map(str, builtin.version[:2]))
            message = f"{name.name}( ) needs a dtrace(1) with version {version} of D"
            yield Finding.of(source, message, "X_VERSION", name.at, Severity.WARNING)


def parsed(
    program: str,
    arguments: Sequence[str] = (),
    defaults: bool = False,
    of: TargetKernel | None = None,
) -> tree.TranslationUnit:
    """
    The syntax tree of a program.

    :param arguments: macro arguments, ``$0`` first.
    :param defaults: whether those that are missing are 0 or empty.
    :raises DError: it is no D program.
    """
    of = of or target_kernel()
    with deep_recursion():
        return parse(program, None, type_names(of), library(of).globals, arguments, defaults)


def clauses(program: str, arguments: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """
    The clauses of a program in order: the probe descriptions of each, as they are written.

    What a program has beside clauses is left out, so that two programs with the same clauses, one
    with a string in it that another has not, give the same.

    :raises DError: it is no D program.
    """
    found = parsed(program, arguments).clauses()
    return [tuple(spec.text for spec in clause.probes) for clause in found]
