# SPDX-License-Identifier: BSD-2-Clause
"""Control lines: ``#pragma D option`` and its kin."""

from __future__ import annotations

from dtkit.dlang.findings import DError
from dtkit.dlang.options import OptionError, Options
from dtkit.dlang.syntax import tree


def apply(pragma: tree.Pragma, options: Options) -> Options:
    """
    The options after *pragma*: ``#pragma D option``; the others have no say in what a program does.

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
    kind = words[2] if len(words) > 2 else ""
    if kind in ("attributes", "binding", "depends_on", "ident"):
        return options
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
        return options.set(name, value if equals else None)
    except OptionError as error:
        shown = f"'{name}' to '{value}'" if equals else f"'{name}'"
        raise DError(
            f"failed to set option {shown}: {error}", "D_PRAGMA_OPTSET", pragma.at, "-"
        ) from None
