# SPDX-License-Identifier: BSD-2-Clause
"""From the text of a D program to its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any, cast

from lark import Lark, Transformer, v_args
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer, Token

from dtkit.dlang.findings import DError
from dtkit.dlang.source import ProgramText
from dtkit.dlang.syntax import tree
from dtkit.dlang.syntax.lexer import DLexer
from dtkit.dlang.syntax.precedence import resolve
from dtkit.dlang.syntax.tree import (
    AggName,
    ArrayOf,
    AssignExpr,
    BinaryExpr,
    CallExpr,
    CastExpr,
    Clause,
    ConditionalExpr,
    Declaration,
    Declarator,
    EnumSpecifier,
    Expr,
    ExprStatement,
    FunctionOf,
    If,
    IndexExpr,
    InlineDeclaration,
    IntLiteral,
    MemberDeclaration,
    MemberExpr,
    Name,
    Offsetof,
    Parameter,
    PointerTo,
    PostfixExpr,
    Pragma,
    ProbeSpec,
    Provider,
    ProviderProbe,
    SizeofType,
    Specifiers,
    Statement,
    StrLiteral,
    StructSpecifier,
    TranslateExpr,
    TranslationUnit,
    Translator,
    TypeName,
    UnaryExpr,
)

#: The longest program that is read, in characters: far above any script's size.
MAX_PROGRAM = 16 << 20

_INTEGER = re.compile(r"([-+]?)(0[xX][0-9A-Fa-f]+|[0-9]+)([uUlL]*)\Z")


def parse(
    text: str,
    file: str | None = None,
    types: Collection[str] = (),
    variables: Collection[str] = (),
    arguments: Sequence[str] = (),
    defaults: bool = False,
    pragmas: list[Pragma] | None = None,
) -> TranslationUnit:
    """
    The syntax tree of the D program *text*.

    :param file: name of the script, for messages; None for a program from the command line.
    :param types: names of types that are known beforehand.
    :param variables: names of built-in variables and functions: never types.
    :param arguments: macro arguments, ``$0`` first.
    :param defaults: whether one that is missing is 0 or empty.
    :param pragmas: where the control lines are put as they are read, so that the caller has those
        before an error, too.
    :raises DError: it is no D program; the error says where.
    """
    source = ProgramText(text, file)
    lexer = DLexer(types, variables, arguments, defaults, pragmas=pragmas)
    program = _run("program", text, lexer)
    last = len(arguments) - 1
    unused = last if last > 0 and last not in lexer.used_arguments else 0
    externals = cast("tuple[tree.External, ...]", program)
    return TranslationUnit(source, externals, tuple(lexer.pragmas), unused)


def parse_expression(
    text: str, types: Collection[str] = (), variables: Collection[str] = ()
) -> Expr:
    """
    The syntax tree of one D expression.

    :raises DError: *text* is not exactly one expression.
    """
    return cast(Expr, _run("expression", text, DLexer(types, variables, expression=True)))


def parse_type(text: str, types: Collection[str] = ()) -> TypeName:
    """
    The syntax tree of a type, as it stands in a cast.

    :raises DError: *text* is no type.
    """
    return cast(TypeName, _run("type_name", text, DLexer(types, expression=True)))


def _run(start: str, text: str, lexer: DLexer) -> Any:
    if len(text) > MAX_PROGRAM:
        raise DError(f"program of more than {MAX_PROGRAM} characters", "D_SYNTAX")
    try:
        return _parser().parse(cast(Any, (lexer, text)), start)
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            raise DError("syntax error near end of input", "D_SYNTAX", len(text)) from None
        near = text[token.start_pos : token.end_pos].partition("\n")[0]
        refused = DError(f'syntax error near "{near}"', "D_SYNTAX", token.start_pos)
        word = lexer.last_word
        if word and word not in lexer.variables:
            refused.hint = (
                f"if {word} is a type, it is in no table of dtkit: --types FILE adds declarations"
            )
        raise refused from None


class _Tokens(Lexer):
    """What lark asks for tokens; every program brings the lexer that knows its types."""

    def __init__(self, conf: object) -> None:
        pass

    def lex(self, program: Any) -> Iterator[Token]:  # type: ignore[override]
        lexer, text = program
        tokens: Iterator[Token] = lexer.tokens(text)
        return tokens


@cache
def _parser() -> Lark:
    grammar = (resources.files(__package__) / "grammar.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer=_Tokens,
        start=["program", "expression", "type_name"],
        transformer=_Builder(),
        maybe_placeholders=False,
    )


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes the nodes as the parser finds them; rule names are those of ``grammar.lark``."""

    # Clauses

    def program(self, *externals: Any) -> Any:
        return externals

    def bare_clause(self, probes: list[ProbeSpec]) -> Clause:
        return Clause(probes[0].at, tuple(probes), None, None)

    def plain_clause(self, probes: list[ProbeSpec], statements: Any) -> Clause:
        return Clause(probes[0].at, tuple(probes), None, statements)

    def predicate_clause(
        self, probes: list[ProbeSpec], predicate: Expr, _end: Token, statements: Any
    ) -> Clause:
        return Clause(probes[0].at, tuple(probes), predicate, statements)

    def clause_without_actions(self, probes: Any, predicate: Expr, end: Token) -> Clause:
        # What is near is the newline that ends the predicate's line, and is not shown.
        raise DError('syntax error near "', "D_SYNTAX", (end.end_pos or 0) + 1)

    def probes(self, *probes: Any) -> list[ProbeSpec]:
        return _listed(probes)

    def probe(self, token: Token) -> ProbeSpec:
        return ProbeSpec(_at(token), str(token))

    def no_statements(self) -> list[Statement]:
        return []

    def more_statements(
        self, statements: list[Statement], statement: Statement | None
    ) -> list[Statement]:
        if statement is not None:
            statements.append(statement)
        return statements

    def statements(self, statements: list[Statement]) -> tuple[Statement, ...]:
        return tuple(statements)

    def statements_and_last(self, statements: list[Statement], last: Expr) -> tuple[Statement, ...]:
        return (*statements, ExprStatement(last.at, last))

    def empty_statement(self) -> None:
        return None

    def expression_statement(self, expression: Expr) -> ExprStatement:
        return ExprStatement(expression.at, expression)

    def if_statement(self, keyword: Token, test: Expr, then: Any, otherwise: Any = ()) -> If:
        return If(_at(keyword), test, then, otherwise)

    def single(self, statement: Statement | None) -> tuple[Statement, ...]:
        return () if statement is None else (statement,)

    def block(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return statements

    # Expressions

    def operand(self, operand: Expr) -> list[Expr | str]:
        return [operand]

    def operator(self, items: list[Expr | str], op: Token, right: Expr) -> list[Expr | str]:
        items.append(str(op))
        items.append(right)
        return items

    def resolved(self, items: list[Expr | str]) -> Expr:
        return resolve(items)

    def conditional(self, items: list[Expr | str], yes: Expr, no: Expr) -> ConditionalExpr:
        test = resolve(items)
        return ConditionalExpr(test.at, test, yes, no)

    def comma(self, left: Expr, right: Expr) -> BinaryExpr:
        return BinaryExpr(left.at, ",", left, right)

    def assign(self, target: Expr, op: Token, value: Expr) -> AssignExpr:
        return AssignExpr(target.at, str(op), target, value)

    def cast(self, type_name: TypeName, operand: Expr) -> CastExpr:
        return CastExpr(type_name.at, type_name, operand)

    def prefix(self, op: Token, operand: Expr) -> UnaryExpr:
        return UnaryExpr(_at(op), str(op), operand)

    def postfix(self, operand: Expr, op: Token) -> PostfixExpr:
        return PostfixExpr(operand.at, str(op), operand)

    def sizeof_type(self, keyword: Token, type_name: TypeName) -> SizeofType:
        return SizeofType(_at(keyword), type_name)

    def index(self, base: Expr, keys: list[Expr]) -> IndexExpr:
        return IndexExpr(base.at, base, tuple(keys))

    def call(self, function: Expr, arguments: Sequence[Expr] = ()) -> CallExpr:
        return CallExpr(function.at, function, tuple(arguments))

    def member(self, base: Expr, op: Token, name: Token) -> MemberExpr:
        return MemberExpr(base.at, str(op), base, str(name))

    def offsetof(self, keyword: Token, type_name: TypeName, name: Token) -> Offsetof:
        return Offsetof(_at(keyword), type_name, str(name))

    def xlate(
        self, keyword: Token, _lt: Token, type_name: TypeName, _gt: Token, operand: Expr
    ) -> TranslateExpr:
        return TranslateExpr(_at(keyword), type_name, operand)

    def name(self, token: Token) -> Name:
        return Name(_at(token), str(token))

    def aggregation(self, token: Token) -> AggName:
        return AggName(_at(token), str(token))

    def integer(self, token: Token) -> Expr:
        match = _INTEGER.match(token)
        if match is None:
            raise DError(f"constant {token} contains invalid digit", "D_INT_DIGIT", _at(token))
        sign, digits, suffix = match.groups()
        value = _number(digits, _at(token))
        if value > 0xFFFF_FFFF_FFFF_FFFF:
            raise DError(f"constant {token} results in integer overflow", "D_INT_OFLOW", _at(token))
        constant = IntLiteral(_at(token), value, suffix.lower(), not digits.startswith("0"))
        return UnaryExpr(_at(token), sign, constant) if sign else constant

    def string(self, token: Token) -> StrLiteral:
        return StrLiteral(_at(token), str(token))

    def arguments(self, *arguments: Any) -> list[Expr]:
        return _listed(arguments)

    # Definitions

    def inline(
        self,
        keyword: Token,
        specifiers: Specifiers,
        declarator: Declarator,
        _equals: Token,
        value: Expr,
    ) -> InlineDeclaration:
        return InlineDeclaration(_at(keyword), specifiers, declarator, value)

    def translator(
        self,
        keyword: Token,
        output: TypeName,
        _lt: Token,
        source: TypeName,
        name: Token,
        _gt: Token,
        *members: tuple[int, str, Expr],
    ) -> Translator:
        return Translator(_at(keyword), output, source, str(name), members)

    def translator_member(self, name: Token, _equals: Token, value: Expr) -> tuple[int, str, Expr]:
        return _at(name), str(name), value

    def provider(self, keyword: Token, name: Token, *probes: ProviderProbe) -> Provider:
        return Provider(_at(keyword), str(name), probes)

    def provider_probe(
        self,
        keyword: Token,
        name: Token,
        native: FunctionOf,
        translated: FunctionOf | None = None,
    ) -> ProviderProbe:
        return ProviderProbe(
            _at(keyword),
            str(name),
            native.parameters,
            None if translated is None else translated.parameters,
        )

    # Declarations

    def declaration(
        self, specifiers: Specifiers, declarators: Sequence[Declarator] = ()
    ) -> Declaration:
        return Declaration(specifiers.at, specifiers, tuple(declarators))

    def declarators(self, *declarators: Any) -> list[Declarator]:
        return _listed(declarators)

    def specifiers(self, *items: Any) -> Specifiers:
        words: list[str] = []
        name: str | None = None
        body: StructSpecifier | EnumSpecifier | None = None
        for item in items:
            if isinstance(item, StructSpecifier | EnumSpecifier):
                if name is not None or body is not None:
                    raise DError("invalid type combination", "D_DECL_COMBO", item.at)
                body = item
            elif item.type == "TYPENAME" or item.type == "STRING_TYPE":
                if name is not None or body is not None:
                    raise DError("invalid type combination", "D_DECL_COMBO", _at(item))
                name = str(item)
            else:
                words.append(str(item))
        first = items[0]
        at = _at(first) if isinstance(first, Token) else first.at
        return Specifiers(at, tuple(words), name, body)

    def struct_reference(self, keyword: Token, tag: Token) -> StructSpecifier:
        return StructSpecifier(_at(keyword), str(keyword), str(tag))

    def struct_anonymous(self, keyword: Token, *members: MemberDeclaration) -> StructSpecifier:
        return StructSpecifier(_at(keyword), str(keyword), None, members)

    def struct_definition(
        self, keyword: Token, tag: Token, *members: MemberDeclaration
    ) -> StructSpecifier:
        return StructSpecifier(_at(keyword), str(keyword), str(tag), members)

    def member_declaration(
        self, specifiers: Specifiers, declarators: Sequence[Declarator] = ()
    ) -> MemberDeclaration:
        return MemberDeclaration(specifiers, tuple(declarators))

    def member_declarators(self, *declarators: Any) -> list[Declarator]:
        return _listed(declarators)

    def plain_member(self, declarator: Declarator) -> Declarator:
        return declarator

    def bit_field(self, declarator: Declarator, bits: Expr) -> Declarator:
        return Declarator(declarator.at, declarator.name, declarator.derivations, bits)

    def padding(self, bits: Expr) -> Declarator:
        return Declarator(bits.at, None, (), bits)

    def enum_reference(self, keyword: Token, tag: Token) -> EnumSpecifier:
        return EnumSpecifier(_at(keyword), str(tag))

    def enum_anonymous(self, keyword: Token, values: Any) -> EnumSpecifier:
        return EnumSpecifier(_at(keyword), None, tuple(values))

    def enum_definition(self, keyword: Token, tag: Token, values: Any) -> EnumSpecifier:
        return EnumSpecifier(_at(keyword), str(tag), tuple(values))

    def enumerators(self, *values: Any) -> list[Any]:
        return _listed(values)

    def enumerator(
        self, name: Token, _equals: Token | None = None, value: Expr | None = None
    ) -> tuple[int, str, Expr | None]:
        return _at(name), str(name), value

    def declarator_name(self, name: Token) -> Declarator:
        return Declarator(_at(name), str(name))

    def pointer_declarator(self, pointers: list[PointerTo], declarator: Declarator) -> Declarator:
        return Declarator(
            declarator.at, declarator.name, (*declarator.derivations, *reversed(pointers))
        )

    def pointer_abstract(self, pointers: list[PointerTo]) -> Declarator:
        return Declarator(0, None, tuple(reversed(pointers)))

    def derived(self, declarator: Declarator, by: ArrayOf | FunctionOf) -> Declarator:
        return Declarator(declarator.at, declarator.name, (*declarator.derivations, by))

    def abstract_derived(self, by: ArrayOf | FunctionOf) -> Declarator:
        return Declarator(by.at, None, (by,))

    def pointer(self, _star: Token, qualifiers: Sequence[str] = ()) -> PointerTo:
        return PointerTo(tuple(qualifiers))

    def pointers(self, pointer: PointerTo) -> list[PointerTo]:
        return [pointer]

    def more_pointers(self, pointers: list[PointerTo], pointer: PointerTo) -> list[PointerTo]:
        pointers.append(pointer)
        return pointers

    def qualifiers(self, *words: Token) -> list[str]:
        return [str(word) for word in words]

    def type_name(self, specifiers: Specifiers, declarator: Declarator | None = None) -> TypeName:
        return TypeName(specifiers.at, specifiers, declarator or Declarator(specifiers.at))

    def unsized_array(self) -> ArrayOf:
        return ArrayOf(0)

    def sized_array(self, size: Expr) -> ArrayOf:
        return ArrayOf(size.at, size)

    def keyed_array(self, keys: tuple[Parameter, ...]) -> ArrayOf:
        return ArrayOf(keys[0].at, None, keys)

    def function(self, parameters: tuple[Parameter, ...] = ()) -> FunctionOf:
        return FunctionOf(0, parameters)

    def parameters(self, *items: Any) -> tuple[Parameter, ...]:
        parameters: list[Parameter] = []
        for item in items:
            if isinstance(item, list):
                parameters.extend(item)
            else:  # "..."
                parameters.append(Parameter(_at(item), None, Declarator(_at(item))))
        return tuple(parameters)

    def parameter_list(self, *parameters: Any) -> list[Parameter]:
        return _listed(parameters)

    def parameter(self, specifiers: Specifiers, declarator: Declarator | None = None) -> Parameter:
        return Parameter(specifiers.at, specifiers, declarator or Declarator(specifiers.at))


def _listed(items: tuple[Any, ...]) -> list[Any]:
    """One item, or a list so far and the next item."""
    if len(items) == 1:
        return [items[0]]
    so_far: list[Any] = items[0]
    so_far.append(items[1])
    return so_far


def _at(token: Token) -> int:
    return token.start_pos or 0


def _number(digits: str, at: int) -> int:
    try:
        if digits[:2] in ("0x", "0X"):
            return int(digits, 16)
        return int(digits, 8) if digits.startswith("0") else int(digits)
    except ValueError:
        # An octal constant with an 8 or 9 in it, or one of thousands of digits.
        bad = next((c for c in digits if c in "89"), digits[-1])
        raise DError(
            f"constant {digits[:40]} contains invalid digit {bad}", "D_INT_DIGIT", at
        ) from None
