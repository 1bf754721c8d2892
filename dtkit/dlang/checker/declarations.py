# SPDX-License-Identifier: BSD-2-Clause
"""Declarations and definitions outside of clauses: variables, types, inlines, translators."""

from __future__ import annotations

from collections.abc import Callable

from dtkit.dlang.checker.checker import Checker
from dtkit.dlang.checker.missing import incomplete
from dtkit.dlang.checker.nodes import (
    Inline,
    Int,
    Signature,
    Translation,
    TypedExpr,
    Variable,
    translation_of,
)
from dtkit.dlang.findings import DError, UnknownError
from dtkit.dlang.predefined import Kind
from dtkit.dlang.syntax import tree
from dtkit.dlang.types import Integer, Pointer, Tagged, Type


class Declarations:
    """
    Puts what a program declares into the scope of *checker*.

    :param doubt: told of what is not known in a part of a declaration that stands for itself;
        without it, it is raised.
    """

    def __init__(
        self, checker: Checker, doubt: Callable[[UnknownError], None] | None = None
    ) -> None:
        self.checker = checker
        self.doubt = doubt or _raise
        self.scope = checker.scope
        self.types = checker.scope.types
        #: The names that the program itself gave to types.
        self._typedefs: set[str] = set()

    def declare(self, item: tree.External) -> None:
        """Declare what a declaration or definition declares."""
        match item:
            case tree.Declaration():
                self._declaration(item)
            case tree.InlineDeclaration():
                self._inline(item)
            case tree.Translator():
                self._translator(item)
            case tree.Provider():
                self._provider(item)

    def _declaration(self, item: tree.Declaration) -> None:
        """Variables and types."""
        declarer = self.checker.declarer
        storage = declarer.storage(item.specifiers)
        base = declarer.base(item.specifiers)
        if not item.declarators and item.specifiers.body is None:
            raise DError("useless declaration", "D_DECL_USELESS", item.at, "-")
        for declarator in item.declarators:
            name = declarator.name
            assert name is not None
            if "`" in name:
                raise DError(
                    f"D scoping operator may not be used in a declaration name ({name})",
                    "D_DECL_SCOPE",
                    declarator.at,
                    "-",
                )
            derivations = declarator.derivations
            keys: tuple[tree.Parameter, ...] | None = None
            if derivations and isinstance(derivations[0], tree.ArrayOf):
                keys = derivations[0].keys
            if keys is not None:
                derivations = derivations[1:]
            type_ = declarer.derive(base, derivations)
            if storage == "typedef":
                known = self.types.typedefs.get(name, type_)
                if name in self._typedefs or (
                    known != type_ and not self.types.redeclare("typedef", name)
                ):
                    raise DError(f"typedef redeclared: {name}", "D_DECL_IDRED", declarator.at)
                self.types.typedefs[name] = type_
                if not declarer.native:
                    self._typedefs.add(name)
                elif declarer.kernel:
                    self.types.of_kernel.add(("typedef", name))
                continue
            if storage == "extern":
                continue
            if storage in ("auto", "register", "static"):
                raise DError(
                    "specified storage class not permitted in D", "D_DECL_BADCLASS", declarator.at
                )
            if name in self._typedefs:
                raise DError(
                    f"typedef identifier redeclared: {name}", "D_DECL_IDRED", declarator.at
                )
            match derivations:
                case (tree.ArrayOf(_, None, None), *_) if not declarer.native:
                    raise DError(
                        f"array declaration requires array dimension or tuple signature: {name}",
                        "D_DECL_ARRNULL",
                        declarator.at,
                    )
            self._variable(name, storage, type_, keys, declarator.at)

    def _variable(
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
        # Names of later versions of D are free.
        if previous is not None and previous.version <= self.scope.version:
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
            message = f"incomplete struct/union/enum {self.types.name(type_)}: {name}"
            raise incomplete(self.types, resolved, message, "D_DECL_INCOMPLETE", at)
        types = () if keys is None else self.checker.declarer.array_keys(keys)
        variable = self.scope.create(name, scope, kind, at)
        variable.type = type_
        variable.declared = True
        if keys is not None:
            variable.signature = Signature(types)

    def _inline(self, item: tree.InlineDeclaration) -> None:
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
        declared = TypedExpr(item.at, type_, self.checker.node_flags(type_))
        if self.checker.is_void(declared):
            raise DError(f"cannot declare void inline: {name}", "D_DECL_VOIDOBJ", item.at)
        self._same(name, declared, value, item.at)
        if isinstance(value, Int):
            # A constant keeps its own type: it stands for what was written.
            value = Int(value.at, value.type, value.flags, value.value)
        variable.inline = Inline(value, tuple(parameters))
        if keys is not None:
            variable.signature = Signature(tuple(declarer.parameter(key) for key in keys))
        self.scope.globals[name] = variable

    def _same(self, name: str, declared: TypedExpr, value: TypedExpr, at: int) -> None:
        """See that an inline has the type that it is declared with."""
        types = self.types
        translation = translation_of(value) if self.checker.is_dynamic(value) else None
        if translation is not None:
            left = types.resolve(declared.type)
            if isinstance(left, Pointer):
                left = types.resolve(left.target)
            right = types.resolve(translation.output)
            fits = types.compatible(left, right)
            shown = types.name(left), types.name(right)
        else:
            fits = self.checker.is_dynamic(value) or self.checker.argument_fits(declared, value)
            shown = types.name(declared.type), self.checker.type_name(value)
        if not fits:
            raise DError(
                f'inline {name} definition uses incompatible types: "{shown[0]}" = "{shown[1]}"',
                "D_OP_INCOMPAT",
                at,
            )

    def _translator(self, item: tree.Translator) -> None:
        """``translator``."""
        declarer = self.checker.declarer
        output = declarer.type_of(item.output)
        resolved = self.types.resolve(output)
        try:
            source = declarer.type_of(item.input)
        except UnknownError:
            self.scope.doubtful_outputs.add(resolved)
            raise
        if not isinstance(resolved, Tagged) or resolved.kind == "enum":
            raise DError("translator output type must be a struct or union", "D_XLATE_SOU", item.at)
        if not self.types.is_complete(resolved):
            raise DError(
                f"incomplete struct/union/enum {self.types.name(output)}", "D_XLATE_SOU", item.at
            )
        known = self.scope.translations.setdefault(resolved, [])
        if any(translation.input == source for translation in known):
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
                try:
                    value = self.checker.expr(expression)
                except UnknownError as error:
                    translation.unknown[name] = declarer.native
                    self.doubt(error)
                    continue
                declared = TypedExpr(at, member.type, self.checker.node_flags(member.type))
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
        known.append(translation)

    def _provider(self, item: tree.Provider) -> None:
        """``provider``: a declaration of probes that some process may have; only its types."""
        for probe in item.probes:
            for parameter in (*probe.native, *(probe.translated or ())):
                if parameter.specifiers is not None:
                    self.checker.declarer.parameter(parameter)


def _raise(error: UnknownError) -> None:
    raise error
