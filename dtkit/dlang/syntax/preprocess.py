# SPDX-License-Identifier: BSD-2-Clause
"""
What dtrace(1) makes of a script before it reads it as D: the ``#!`` line, and cpp(1) with ``-C``.

A script that is run by its name has the options of its first line; one that says ``-C`` there is
for the C preprocessor.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_INTERPRETER = re.compile(r"#![ \t]*\S*dtrace[ \t]*([^\n]*)")

#: Letters of dtrace(1) that are options of its own, and which.
_SETTINGS = {"q": "quiet", "w": "destructive", "Z": "zdefs", "F": "flowindent", "C": "cpp"}

#: Letters that take a value.
_WITH_VALUE = set("abBcDfiILlmnopPsUxX")

#: Those whose value cpp(1) is given.
_FOR_CPP = set("DIU")


class PreprocessError(Exception):
    """cpp(1) is not here, or refuses the script; ``str()`` says so."""


@dataclass(frozen=True, slots=True)
class FirstLine:
    """
    What the ``#!`` line of a script says.

    :ivar settings: options of dtrace(1): name and value, or None.
    :ivar cpp: whether the script is for the C preprocessor.
    :ivar cpp_options: of cpp(1): ``-DNAME``, ``-IDIR``.
    """

    settings: tuple[tuple[str, str | None], ...] = ()
    cpp: bool = False
    cpp_options: tuple[str, ...] = ()


def first_line(text: str) -> FirstLine:
    """Read the first line of a script; one that is for no dtrace(1) says nothing."""
    match = _INTERPRETER.match(text)
    words = match[1].split() if match is not None else []
    settings: list[tuple[str, str | None]] = []
    cpp: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            value = None
            if letter in _WITH_VALUE and letter != "s":
                value, letters = letters or (words.pop(0) if words else ""), ""
            if letter in _SETTINGS:
                settings.append((_SETTINGS[letter], None))
            elif letter == "b":
                settings.append(("bufsize", value))
            elif letter == "x" and value:
                name, equals, rest = value.partition("=")
                settings.append((name, rest if equals else None))
            elif letter in _FOR_CPP and value:
                cpp.append(f"-{letter}{value}")
    wanted = any(name == "cpp" for name, _ in settings)
    return FirstLine(tuple(s for s in settings if s[0] != "cpp"), wanted, tuple(cpp))


def preprocess(text: str, options: Sequence[str] = ()) -> str:
    """
    What cpp(1) makes of a script.

    Lines that say where the following ones come from (``# 5 "file"``) are left in it, so that
    messages name lines of the script.

    :param options: ``-DNAME``, ``-IDIR``, ``-UNAME``.
    :raises PreprocessError: there is no cpp(1) here, or it refuses the script.
    """
    cpp = shutil.which("cpp")
    if cpp is None:
        raise PreprocessError("the C preprocessor is wanted (-C), and there is no cpp(1) here")
    if text.startswith("#!"):
        text = "\n" + text.partition("\n")[2]
    run = subprocess.run(
        [cpp, "-undef", "-x", "c", *options, "-"],
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if run.returncode:
        said = run.stderr.decode("utf-8", "surrogateescape").strip().split("\n")
        raise PreprocessError(f"cpp(1) refuses the script: {said[0]}")
    return run.stdout.decode("utf-8", "surrogateescape")
