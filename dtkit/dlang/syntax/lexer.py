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
from collections.abc import Callable, Collection, Iterator, Sequence

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

#: A word before one of these is a variable about to be made, even where a type has its name.
_ASSIGNED = re.compile(r"\s*(?:\+\+|--|=(?!=)|\[)")

_AFTER_PREDICATE = re.compile(r"\s*(?:[;{/]|\Z)")

#: What each closing bracket closes.
_OPENS = {"}": "{", ")": "(", "]": "["}

_PRAGMA_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|[^\s"]+')
_DESCRIPTION_ARGUMENT = re.compile(r"\$([0-9]{1,9})")
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
    :param pragmas: where control lines are put as they are read.
    """

    def __init__(
        self,
        types: Collection[str] = (),
        variables: Collection[str] = (),
        arguments: Sequence[str] = (),
        defaults: bool = False,
        expression: bool = False,
        pragmas: list[Pragma] | None = None,
    ) -> None:
        self.types = types
        self.variables = set(variables)
        self.declared: set[str] = set()
        self.arguments = arguments
        self.defaults = defaults
        self.expression = expression
        self.pragmas: list[Pragma] = [] if pragmas is None else pragmas
        self.used_arguments: set[int] = set()
        #: The last word that is no type, and looks like one.
        self.last_word = ""

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens of *text*; raises :class:`DError` where there is none."""
        return _Scan(self, text).tokens()

    def is_type(self, name: str) -> bool:
        """Whether a type has that name, and no variable."""
        return name not in self.variables and (name in self.declared or name in self.types)

    def control(self, line: str, at: int) -> None:
        """Take a line that begins with a #."""
        body = line.strip()[1:]
        if body.startswith("!"):
            return
        words = tuple(
            unescape(m.group(1)) if m.group(1) is not None else m.group()
            for m in _PRAGMA_WORD.finditer(body)
        )
        self.defaults |= words == ("pragma", "D", "option", "defaultargs")
        self.pragmas.append(Pragma(at, words))

    def macro(self, text: str, at: int) -> tuple[str, str]:
        """Kind and text of the token that a macro variable or argument stands for."""
        name = text.lstrip("$")
        quoted = text.startswith("$$")
        if not name.isdecimal():
            if name not in MACROS:
                raise DError(f"macro variable {text} is not defined", "D_MACRO_UNDEF", at)
            return ("STRING", "0") if quoted else ("INT", "0")
        if int(name) >= len(self.arguments) and self.defaults:
            return ("STRING", "") if quoted else ("INT", "0")
        if int(name) >= len(self.arguments):
            missing = DError(f"macro argument {text} is not defined", "D_MACRO_UNDEF", at)
            missing.hint = "the option defaultargs makes 0 of an argument that is not given"
            raise missing
        self.used_arguments.add(int(name))
        value = self.arguments[int(name)]
        if quoted:
            return "STRING", unescape(value)
        if _INTEGER_ARGUMENT.match(value):
            return "INT", value
        if _IDENTIFIER_ARGUMENT.match(value):
            return ("TYPENAME" if self.is_type(value) else "IDENT"), value
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        return "STRING", unescape(value)


class _Scan:
    """
    One reading of a text: where it is, and what the tokens so far say about the next one.

    A handler for each kind of match makes a token of it, or of a part of it. What it leaves of
    the match is read again; a match without a handler is a token as it is.

    :ivar at: offset behind the match in hand.
    :ivar inner: whether expressions are being read, not probe descriptions.
    :ivar clause: whether within a clause or its predicate, not within a declaration.
    :ivar typedef: whether within a typedef.
    :ivar awaits_typedef: whether the next name that stands outside of braces is that of a typedef.
    :ivar open: how many of each kind of bracket are open.
    :ivar previous: kind of the token before, and of the one before it.
    """

    def __init__(self, lexer: DLexer, text: str) -> None:
        self.lexer = lexer
        self.text = text
        self.at = 0
        self.inner = self.clause = lexer.expression
        self.typedef = self.awaits_typedef = False
        self.open = {"{": 0, "(": 0, "[": 0}
        self.previous = self.before_previous = ""

    def tokens(self) -> Iterator[Token]:
        text, end = self.text, len(self.text)
        while self.at < end:
            start = self.at
            match = (_INNER if self.inner else _OUTER).match(text, start)
            if match is None:
                raise DError(f'syntax error near "{text[start]}"', "D_SYNTAX", start)
            kind, value, self.at = match.lastgroup or "", match.group(), match.end()
            if kind == "SPACE":
                continue
            handler = _HANDLERS.get(kind)
            if handler is not None:
                made = handler(self, value, start)
                if made is None:
                    continue
                kind, value = made
            self.before_previous, self.previous = self.previous, kind
            yield Token(kind, value, start, end_pos=self.at)

    # Between the tokens

    def comment(self, value: str, start: int) -> None:
        self.at = _comment_end(self.text, start)

    def control(self, value: str, start: int) -> None:
        # One that the program ends in is not seen.
        if self.at < len(self.text):
            self.lexer.control(value, start)

    # Outside of clauses

    def description(self, value: str, start: int) -> tuple[str, str]:
        """A probe description, or the word that a declaration begins with."""
        name, star, _ = value.partition("*")
        if value in _OUTER_KEYWORDS or (star and name in _OUTER_KEYWORDS):
            kind = _OUTER_KEYWORDS[name]
            typedef = name == "typedef"
        elif ":" not in value and self.lexer.is_type(name):
            kind, typedef = "TYPENAME", False
        else:
            for used in _DESCRIPTION_ARGUMENT.finditer(value):
                self.lexer.used_arguments.add(int(used[1]))
            return "PSPEC", value
        self.at = start + len(name)
        self.enter(clause=False)
        self.typedef = self.awaits_typedef = typedef
        return kind, name

    def punctuation(self, value: str, start: int) -> tuple[str, str]:
        if value == ",":
            return "_COMMA", value
        self.enter(clause=True)
        if value == "/":
            return "_DIV", value
        self.open["{"] = 1
        return "_LBRACE", value

    def enter(self, clause: bool) -> None:
        self.inner, self.clause = True, clause
        self.open = dict.fromkeys(self.open, 0)

    # Within clauses and declarations

    def word(self, value: str, start: int) -> tuple[str, str]:
        if (kind := _KEYWORDS.get(value)) is not None:
            if kind == "RESERVED":
                raise DError(f'syntax error near "{value}"', "D_SYNTAX", start)
            if value == "typedef":
                self.typedef = self.awaits_typedef = True
            return kind, value
        module, _, scoped = value.partition("`")
        if module in ("C", "D") and _KEYWORDS.get(scoped) == "TYPE_WORD":
            return "TYPE_WORD", scoped
        if module and module != "C" and self.lexer.is_type(scoped):
            value = scoped
        if (
            self.lexer.is_type(value)
            and not self.is_declared_here()
            and not self.is_assigned(value)
        ):
            return "TYPENAME", value
        if self.awaits_typedef and not self.open["{"] and self.previous not in ("STRUCT", "ENUM"):
            self.lexer.declared.add(value)
            self.awaits_typedef = False
        if value.endswith("_t"):
            self.lexer.last_word = value
        return "IDENT", value

    def is_declared_here(self) -> bool:
        """Whether a type stands before the word in hand, so that it is what gets the type."""
        if self.previous in _TYPE_ENDS:
            return True
        if self.before_previous in ("STRUCT", "ENUM") and self.previous == "IDENT":
            return True
        outside = not self.clause and not self.open["{"]
        if self.previous == "STAR":
            return outside and self.awaits_typedef and not self.open["("]
        return outside and self.previous == "_RBRACE"

    def is_assigned(self, value: str) -> bool:
        """Whether the word in hand, a type's name, is a variable about to be made."""
        if _ASSIGNED.match(self.text, self.at) is None:
            return False
        self.lexer.variables.add(value)
        return True

    def operator(self, value: str, start: int) -> tuple[str, str]:
        if value in self.open:
            self.open[value] += 1
        elif value in _OPENS:
            self.close(value, start)
        elif value == "/":
            if self.ends_predicate(start):
                return "EPRED", value
        elif value == ";":
            if not self.clause and not self.open["{"]:
                self.inner = self.typedef = self.awaits_typedef = False
        elif value == "," and self.typedef and not self.open["{"] and not self.open["("]:
            self.awaits_typedef = True
        return _OPERATORS[value], value

    def close(self, value: str, start: int) -> None:
        opened = _OPENS[value]
        self.open[opened] -= 1
        if self.open[opened] < 0:
            raise DError(f"extra {value} in input stream", "D_SYNTAX", start)
        if value == "}" and self.clause and not self.open["{"] and not self.lexer.expression:
            self.inner = False

    def ends_predicate(self, start: int) -> bool:
        if not self.clause or self.open["{"] or _AFTER_PREDICATE.match(self.text, self.at) is None:
            return False
        for opened, closed in (("(", ")"), ("[", "]")):
            if self.open[opened]:
                raise DError(f"closing {closed} expected in predicate before /", "D_SYNTAX", start)
        return True

    # Constants and names of other kinds

    def string(self, value: str, start: int) -> tuple[str, str]:
        # As in C, a NUL ends the string.
        return "STRING", unescape(value[1:-1]).partition("\0")[0]

    def character(self, value: str, start: int) -> tuple[str, str]:
        return "INT", str(_character(value[1:-1], start))

    def macro(self, value: str, start: int) -> tuple[str, str]:
        return self.lexer.macro(value, start)

    def aggregation(self, value: str, start: int) -> tuple[str, str]:
        return "AGG", value[1:] or "_"

    def floating(self, value: str, start: int) -> tuple[str, str]:
        raise DError("floating-point constants are not permitted", "D_SYNTAX", start)

    def unclosed(self, value: str, start: int) -> tuple[str, str]:
        if self.at == len(self.text):
            raise DError(f'syntax error near "{value[0]}"', "D_SYNTAX", start)
        if value[0] == '"':
            raise DError("newline encountered in string literal", "D_STR_NL", start)
        raise DError("newline encountered in character constant", "D_CHR_NL", start)


#: What makes a token of each kind of match.
_HANDLERS: dict[str, Callable[[_Scan, str, int], tuple[str, str] | None]] = {
    "COMMENT": _Scan.comment,
    "CONTROL": _Scan.control,
    "PSPEC": _Scan.description,
    "PUNCTUATION": _Scan.punctuation,
    "IDENT": _Scan.word,
    "OPERATOR": _Scan.operator,
    "STRING": _Scan.string,
    "CHARACTER": _Scan.character,
    "OPENSTRING": _Scan.unclosed,
    "OPENCHARACTER": _Scan.unclosed,
    "MACRO": _Scan.macro,
    "AGG": _Scan.aggregation,
    "FLOAT": _Scan.floating,
}


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
