# SPDX-License-Identifier: BSD-2-Clause
"""Control lines: ``#pragma D option`` and its kin."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dtkit.dlang.findings import DError
from dtkit.dlang.options import OptionError, Options
from dtkit.dlang.syntax import tree

_STABILITIES = {
    "internal",
    "private",
    "obsolete",
    "external",
    "unstable",
    "evolving",
    "stable",
    "standard",
}
_CLASSES = {"unknown", "cpu", "platform", "group", "isa", "common"}


def apply(pragma: tree.Pragma, options: Options, provider: Callable[[str], bool]) -> Options:
    """
    The options after *pragma*: ``#pragma D option``; the others have no say in what a program does.

    :param provider: whether there may be a provider of that name.
    :raises DError: dtrace(1) would refuse it.
    """
    words = pragma.words
    if not words or words[0] in ("ident", "line") or words[0].isdecimal():
        return options
    if words[0] == "error":
        raise DError(f"#error: {' '.join(words[1:])} ", "D_PRAGERR", pragma.at, "-")
    if words[0] != "pragma":
        raise DError(f"invalid control directive: #{words[0]}", "D_PRAGCTL_INVAL", pragma.at, "-")
    if len(words) < 2 or words[1] != "D":
        return options
    kind, rest = (words[2] if len(words) > 2 else ""), words[3:]
    match kind:
        case "ident":
            pass
        case "attributes":
            _attributes(pragma, rest)
        case "binding":
            if len(rest) < 2:
                raise _malformed(pragma, 'binding "version" <ident>')
        case "depends_on":
            _depends_on(pragma, rest, provider)
        case "error":
            raise DError(f"#error: {' '.join(rest)} ", "D_PRAGERR", pragma.at, "-")
        case "option":
            return _option(pragma, rest, options)
        case _:
            raise DError(f"invalid D pragma: {kind}", "D_PRAGMA_INVAL", pragma.at, "-")
    return options


def check_use(pragma: tree.Pragma, own: Collection[str], others: Collection[str]) -> None:
    """
    See that what *pragma* is about is in the program.

    :param own: what the program declares.
    :param others: the names that were there before.
    :raises DError: it is not: dtrace(1) would refuse it.
    """
    match pragma.words:
        case ("pragma", "D", "attributes" | "binding" as kind, _, name, *_):
            if name in others:
                message = f"#pragma {kind} cannot modify entity defined outside program scope"
                raise DError(message, "D_PRAGMA_SCOPE", pragma.at, "-")
            if name != "provider" and name not in own:
                raise DError(f"unused #pragma {kind}", "D_PRAGMA_UNUSED", pragma.at, "-")


def _malformed(pragma: tree.Pragma, form: str) -> DError:
    return DError(f"malformed #pragma {form}", "D_PRAGMA_MALFORM", pragma.at, "-")


def _attributes(pragma: tree.Pragma, words: tuple[str, ...]) -> None:
    """``#pragma D attributes Stable/Stable/Common name``."""
    if len(words) < 2:
        raise _malformed(pragma, "attributes <attributes> <ident>")
    parts = [part.lower() for part in words[0].split("/")]
    known = (_STABILITIES, _STABILITIES, _CLASSES)
    if not all(part in may for part, may in zip(parts, known, strict=False)):
        message = "invalid attributes specified by #pragma attributes"
        raise DError(message, "D_PRAGMA_INVAL", pragma.at, "-")


def _depends_on(
    pragma: tree.Pragma, words: tuple[str, ...], provider: Callable[[str], bool]
) -> None:
    """``#pragma D depends_on module kernel``; which modules there are is not known."""
    if len(words) < 2:
        raise _malformed(pragma, "depends_on <class> <name>")
    kind, name = words[:2]
    if kind == "library":
        message = "main program may not explicitly depend on a library"
        raise DError(message, "D_PRAGMA_DEPEND", pragma.at, "-")
    if kind == "provider" and not provider(name):
        message = f"program requires provider {name}"
        raise DError(message, "D_PRAGMA_DEPEND", pragma.at, "-")
    if kind not in ("provider", "module"):
        message = f"invalid class {kind} specified by #pragma depends_on"
        raise DError(message, "D_PRAGMA_INVAL", pragma.at, "-")


def _option(pragma: tree.Pragma, words: tuple[str, ...], options: Options) -> Options:
    """``#pragma D option NAME[=VALUE]``."""
    if not words:
        raise _malformed(pragma, "option <option>=<val>")
    if len(words) > 1:
        message = "superfluous arguments specified for #pragma option"
        raise DError(message, "D_PRAGMA_MALFORM", pragma.at, "-")
    name, equals, value = words[0].partition("=")
    try:
        return options.set_in_program(name, value if equals else None)
    except OptionError as error:
        shown = f"'{name}' to '{value}'" if equals else f"'{name}'"
        raise DError(
            f"failed to set option {shown}: {error}", "D_PRAGMA_OPTSET", pragma.at, "-"
        ) from None
