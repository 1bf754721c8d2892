# SPDX-License-Identifier: BSD-2-Clause
"""Reading the lines that a script of dtkit's prints about itself: :mod:`dtkit.annotations`."""

from __future__ import annotations

import re

from dtkit.annotations import ENDING, VERSION
from dtkit.output.events import Annotation

_VERSION = re.compile("[0-9]{1,4}")

#: The fields that may hold spaces; %S also prints the NUL that ends a string, as ``\\0``.
_NAMES = re.compile(
    "|".join(
        f" (?:({before})=(.*?) )?({end})=(.*)" if before else f" ()()({end})=(.*)"
        for end, before in ENDING.items()
    ),
    re.DOTALL,
)


def read_annotation(line: int, text: str) -> Annotation | None:
    """
    Read an annotation.

    :param line: its line number.
    :param text: the line, which starts with :data:`~dtkit.annotations.PREFIX`.
    :return: None when it is of a later version, or no annotation after all.
    """
    words = text.split(" ")
    if len(words) < 3 or not _VERSION.fullmatch(words[1]) or int(words[1]) > VERSION:
        return None
    fields = {}
    if names := _NAMES.search(text):
        words = text[: names.start()].split(" ")
        found = iter(names.groups())
        for key, value in zip(found, found, strict=True):
            if key:
                fields[key] = value.partition("\\0")[0]
        if len(words) < 3:
            return None
    pairs = (word.partition("=") for word in words[3:])
    fields |= {key: value for key, equals, value in pairs if equals}
    return Annotation(line, words[2], fields)
