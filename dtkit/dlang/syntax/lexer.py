# SPDX-License-Identifier: BSD-2-Clause
"""
The lexer of D.

D is lexed in two ways: outside of clauses, where a word with ``:``, ``*`` or ``-`` in it is a
probe description, and inside of clauses and declarations, where it is an expression. Which one
holds follows from the tokens themselves, so that the lexer runs ahead of the parser. Two tokens
need a look at what is around them: a ``/`` closes a predicate when ``{``, ``;``, ``/`` or the end
of the input comes next; and a word is a type name when a type of that name is known, unless a
variable has it or it is about to be assigned to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from lark.lexer import Token

from dtkit.dlang.findings import DError
from dtkit.dlang.syntax.escapes import unescape
from dtkit.dlang.syntax.tree import Pragma

_COMMENT = r"/\*"

#: White space, up to a line that begins with a # behind some.
_SPACE = r"(?:(?!(?<=\n)[ \t\v\f]+\#)\s)"

#: Outside of clauses. The order is that of trial.
_OUTER = re.compile(
    rf"""
    (?P<CONTROL>(?<![^\n])[ \t\v\f]*\#[^\n]*)
  | (?P<SPACE>{_SPACE}+)
  | (?P<COMMENT>{_COMMENT})
  | (?P<INT>(?:0[xX][0-9A-Fa-f]+|[0-9]+)[uU]?[lL]?[lL]?)
  | (?P<PSPEC>[-$:a-zA-Z_.?*\\\[\]!][-$:0-9a-zA-Z_.`?*\\\[\]!]*)
  | (?P<PUNCTUATION>[{{,/])
    """,
    re.VERBOSE,
)

_INNER = re.compile(
    rf"""
    (?P<CONTROL>(?<![^\n])[ \t\v\f]*\#[^\n]*)
  | (?P<SPACE>(?:{_SPACE}|\\\n)+)
  | (?P<IDENT>[a-zA-Z_`](?:[0-9a-zA-Z_`]|\.(?=[0-9a-zA-Z_.]*`))*)
  | (?P<COMMENT>{_COMMENT})
  | (?P<FLOAT>(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fFlL]?|[0-9]+[eE][-+]?[0-9]+[fFlL]?)
  | (?P<INT>(?:0[xX][0-9A-Fa-f]+|[0-9]+)[uU]?[lL]?[lL]?)
  | (?P<STRING>"(?:[^"\\\n]|\\[^\n])*")
  | (?P<OPENSTRING>"(?:[^"\\\n]|\\[^\n])*)
  | (?P<CHARACTER>'(?:[^'\\\n]|\\[^\n])*')
  | (?P<OPENCHARACTER>'(?:[^'\\\n]|\\[^\n])*)
  | (?P<MACRO>\$\$?(?:[0-9]+|[a-zA-Z_][0-9a-zA-Z_]*))
  | (?P<AGG>@(?:[a-zA-Z_][0-9a-zA-Z_]*)?)
  | (?P<OPERATOR><<=|>>=|\.\.\.|->|\+\+|--|\+=|-=|\*=|/=|%=|&=|\^=|\|=|<<|>>|<=|>=|==|!=|&&|\|\|
      |\^\^|[-+*/%&|^<>=~!?:;,.(){{}}\[\]])
    """,
    re.VERBOSE,
)

#: Operators that are a token of their own, or of a kind.
_OPERATORS = {
    "*": "STAR",
    "&": "AMPERSAND",
    "+": "PLUS",
    "-": "MINUS",
    "<": "LT",
    ">": "GT",
    "!": "NOT",
    "~": "NOT",
    "->": "POINT",
    ".": "POINT",
    "++": "INCREMENT",
    "--": "INCREMENT",
    "?": "_QUESTION",
    ":": "_COLON",
    ",": "_COMMA",
    ";": "_SEMI",
    "(": "_LPAR",
    ")": "_RPAR",
    "[": "_LBRACKET",
    "]": "_RBRACKET",
    "{": "_LBRACE",
    "}": "_RBRACE",
    "...": "ELLIPSIS",
    **dict.fromkeys(
        ["==", "!=", "<=", ">=", "<<", ">>", "&&", "||", "^^", "|", "^", "%", "/"], "BINOP"
    ),
    **dict.fromkeys(["=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>="], "ASSIGN"),
}

#: Keywords everywhere but in probe descriptions.
_KEYWORDS = {
    "if": "IF",
    "else": "_ELSE",
    "sizeof": "SIZEOF",
    "stringof": "STRINGOF",
    "offsetof": "OFFSETOF",
    "xlate": "XLATE",
    "self": "SELF",
    "this": "THIS",
    "inline": "INLINE",
    "translator": "TRANSLATOR",
    "provider": "PROVIDER",
    "probe": "PROBE",
    "string": "STRING_TYPE",
    "userland": "USERLAND",
    "struct": "STRUCT",
    "union": "STRUCT",
    "enum": "ENUM",
    **dict.fromkeys(["auto", "register", "static", "extern", "typedef"], "STORAGE"),
    **dict.fromkeys(["const", "restrict", "volatile"], "QUALIFIER"),
    **dict.fromkeys(
        ["void", "char", "short", "int", "long", "float", "double", "signed", "unsigned"],
        "TYPE_WORD",
    ),
    # Reserved, and in no rule: a syntax error wherever they stand.
    **dict.fromkeys(
        [
            "break",
            "case",
            "continue",
            "counter",
            "default",
            "do",
            "for",
            "goto",
            "import",
            "return",
            "switch",
            "while",
        ],
        "RESERVED",
    ),
}

#: The keywords that begin a declaration or definition outside of clauses.
_OUTER_KEYWORDS = {
    word: kind
    for word, kind in _KEYWORDS.items()
    if kind in {"INLINE", "TRANSLATOR", "PROVIDER", "SELF", "THIS", "STRING_TYPE", "STRUCT", "ENUM"}
    or kind in {"STORAGE", "QUALIFIER", "TYPE_WORD"}
}

#: After one of these a word is what is being declared, not a further type.
_TYPE_ENDS = {"TYPE_WORD", "TYPENAME", "STRING_TYPE"}

#: D's macro variables; they have a value where a process is being traced or run.
MACROS = ["egid", "euid", "gid", "pid", "pgid", "ppid", "projid", "sid", "taskid", "target", "uid"]

_PRAGMA_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|[^\s"]+')
_INTEGER_ARGUMENT = re.compile(r"[-+]?(?:0[xX][0-9A-Fa-f]+|[0-9]+)[uUlL]*\Z")
_IDENTIFIER_ARGUMENT = re.compile(r"[a-zA-Z_`][0-9a-zA-Z_`]*\Z")


class DLexer:
    """
    Turns a program into tokens for the grammar.

    :param types: names of types that are known before the program is read.
    :param variables: names of global variables, which are never type names.
    :param arguments: macro arguments, ``$0`` first.
    :param defaults: whether one that is missing is 0 or empty; a control line may say so, too.
    :param expression: True to begin as if inside a clause.
    """

    def __init__(
        self,
        types: Collection[str] = (),
        variables: Collection[str] = (),
        arguments: Sequence[str] = (),
        defaults: bool = False,
        expression: bool = False,
    ) -> None:
        self.types = types
        self.variables = set(variables)
        self.declared: set[str] = set()
        self.arguments = arguments
        self.defaults = defaults
        self.expression = expression
        self.pragmas: list[Pragma] = []
        self.used_arguments: set[int] = set()

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens of *text*; raises :class:`DError` where there is none."""
        at, end = 0, len(text)
        inner = self.expression  # lexing expressions, not probe descriptions
        clause = self.expression  # within a clause (or its predicate), not a declaration
        typedef = False
        awaits_typedef = False  # the next name at the outer level is that of a typedef
        braces = parens = brackets = 0
        previous = ""
        while at < end:
            match = (_INNER if inner else _OUTER).match(text, at)
            if match is None:
                raise DError(f'syntax error near "{text[at]}"', "D_SYNTAX", at)
            kind = match.lastgroup
            start, at = at, match.end()
            if kind == "SPACE":
                continue
            if kind == "COMMENT":
                at = _comment_end(text, start)
                continue
            if kind == "CONTROL":
                # One that the program ends in is not seen.
                if at < end:
                    self._control(match.group(), start)
                continue
            value = match.group()
            if not inner:
                if kind == "PSPEC":
                    name, star, _ = value.partition("*")
                    if value in _OUTER_KEYWORDS or (star and name in _OUTER_KEYWORDS):
                        value, at = name, start + len(name)
                        kind = _OUTER_KEYWORDS[value]
                        inner, clause = True, False
                        typedef = awaits_typedef = value == "typedef"
                        braces = parens = brackets = 0
                    elif ":" not in value and self._is_type(name):
                        value, at = name, start + len(name)
                        kind = "TYPENAME"
                        inner, clause, typedef = True, False, False
                        braces = parens = brackets = 0
                elif kind == "PUNCTUATION":
                    if value == ",":
                        kind = "_COMMA"
                    else:
                        inner = clause = True
                        braces, parens, brackets = int(value == "{"), 0, 0
                        kind = "_LBRACE" if value == "{" else "_DIV"
            elif kind == "IDENT":
                if value in _KEYWORDS:
                    kind = _KEYWORDS[value]
                    if kind == "RESERVED":
                        raise DError(f'syntax error near "{value}"', "D_SYNTAX", start)
                    if value == "typedef":
                        typedef = awaits_typedef = True
                else:
                    module, _, scoped = value.partition("`")
                    if module and module != "C" and self._is_type(scoped):
                        value = scoped
                    if module in ("C", "D") and _KEYWORDS.get(scoped) == "TYPE_WORD":
                        kind, value = "TYPE_WORD", scoped
                    elif self._is_type(value) and previous not in _TYPE_ENDS:
                        kind = "TYPENAME"
                        if self._about_to_be_assigned(text, at):
                            kind = "IDENT"
                            self.variables.add(value)
                    if (
                        typedef
                        and awaits_typedef
                        and kind == "IDENT"
                        and braces == 0
                        and previous not in ("STRUCT", "ENUM")
                    ):
                        self.declared.add(value)
                        awaits_typedef = False
            elif kind == "OPERATOR":
                kind = _OPERATORS[value]
                if value == "/":
                    if clause and braces == 0 and _closes_predicate(text, at):
                        if parens:
                            raise DError(
                                "closing ) expected in predicate before /", "D_SYNTAX", start
                            )
                        if brackets:
                            raise DError(
                                "closing ] expected in predicate before /", "D_SYNTAX", start
                            )
                        kind = "EPRED"
                elif value == "(":
                    parens += 1
                elif value == ")":
                    parens -= 1
                    if parens < 0:
                        raise DError("extra ) in input stream", "D_SYNTAX", start)
                elif value == "[":
                    brackets += 1
                elif value == "]":
                    brackets -= 1
                    if brackets < 0:
                        raise DError("extra ] in input stream", "D_SYNTAX", start)
                elif value == "{":
                    braces += 1
                elif value == "}":
                    braces -= 1
                    if braces < 0:
                        raise DError("extra } in input stream", "D_SYNTAX", start)
                    if clause and braces == 0 and not self.expression:
                        inner = False
                elif value == ";":
                    if not clause and braces == 0:
                        inner = typedef = False
                elif value == "," and typedef and braces == 0 and parens == 0:
                    awaits_typedef = True
            elif kind == "STRING":
                # As in C, a NUL ends the string.
                value = unescape(value[1:-1]).partition("\0")[0]
            elif kind == "CHARACTER":
                value = str(_character(value[1:-1], start))
                kind = "INT"
            elif kind == "MACRO":
                kind, value = self._macro(value, start)
            elif kind == "AGG":
                value = value[1:] or "_"
            elif kind == "FLOAT":
                raise DError("floating-point constants are not permitted", "D_SYNTAX", start)
            elif kind in ("OPENSTRING", "OPENCHARACTER") and at == len(text):
                raise DError(f'syntax error near "{value[0]}"', "D_SYNTAX", start)
            elif kind == "OPENSTRING":
                raise DError("newline encountered in string literal", "D_STR_NL", start)
            elif kind == "OPENCHARACTER":
                raise DError("newline encountered in character constant", "D_CHR_NL", start)
            assert kind is not None
            previous = kind
            yield Token(kind, value, start, end_pos=at)

    def _is_type(self, name: str) -> bool:
        return name not in self.variables and (name in self.declared or name in self.types)

    @staticmethod
    def _about_to_be_assigned(text: str, at: int) -> bool:
        match = _ASSIGNED.match(text, at)
        return match is not None

    def _control(self, line: str, at: int) -> None:
        body = line.strip()[1:]
        if body.startswith("!"):
            return
        words = tuple(
            unescape(m.group(1)) if m.group(1) is not None else m.group()
            for m in _PRAGMA_WORD.finditer(body)
        )
        self.defaults |= words == ("pragma", "D", "option", "defaultargs")
        self.pragmas.append(Pragma(at, words))

    def _macro(self, text: str, at: int) -> tuple[str, str]:
        name = text.lstrip("$")
        quoted = text.startswith("$$")
        if not name.isdecimal():
            if name not in MACROS:
                raise DError(f"macro variable {text} is not defined", "D_MACRO_UNDEF", at)
            return ("STRING", "0") if quoted else ("INT", "0")
        if int(name) >= len(self.arguments) and self.defaults:
            return ("STRING", "") if quoted else ("INT", "0")
        if int(name) >= len(self.arguments):
            raise DError(f"macro argument {text} is not defined", "D_MACRO_UNDEF", at)
        self.used_arguments.add(int(name))
        value = self.arguments[int(name)]
        if quoted:
            return "STRING", unescape(value)
        if _INTEGER_ARGUMENT.match(value):
            return "INT", value
        if _IDENTIFIER_ARGUMENT.match(value):
            return ("TYPENAME" if self._is_type(value) else "IDENT"), value
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        return "STRING", unescape(value)


#: A word before one of these is a variable about to be made, even where a type has its name.
_ASSIGNED = re.compile(r"\s*(?:\+\+|--|=(?!=)|\[)")

_AFTER_PREDICATE = re.compile(r"\s*(?:[;{/]|\Z)")


def _closes_predicate(text: str, at: int) -> bool:
    return _AFTER_PREDICATE.match(text, at) is not None


def _comment_end(text: str, at: int) -> int:
    end = text.find("*/", at + 2)
    nested = text.find("/*", at + 2)
    if 0 <= nested < (end if end >= 0 else len(text)):
        raise DError("/* encountered inside a comment", "D_SYNTAX", nested)
    return end + 2 if end >= 0 else len(text)


def _character(body: str, at: int) -> int:
    if not body:
        raise DError("empty character constant", "D_CHR_NULL", at)
    encoded = unescape(body).encode("utf-8", "surrogateescape")
    if len(encoded) > 8:
        raise DError("character constant is too long", "D_CHR_OFLOW", at)
    return int.from_bytes(encoded, "big")
