# SPDX-License-Identifier: BSD-2-Clause
"""
The lines that a script of dtkit's prints about itself.

``@dtkit 1 mbuf probe=fbt:kernel:tcp_input:entry cpu=0 t=123 m=0xfffff80001 len=52 off=0``: the
version of the form, a kind, and fields with one space between them; numbers are decimal, addresses
``0x`` hex, and fields that a reader does not know are ignored. Names that users give may hold
spaces: the values of ``name`` and ``exec`` go to the end of the line, that of ``if`` to ``exec``.
"""

from __future__ import annotations

import re

from dtkit.output.events import Annotation

#: The version of the form that is written; a reader takes it and any older one.
VERSION = 1

PREFIX = "@dtkit "

_VERSION = re.compile("[0-9]{1,4}")
#: Kinds that are followed by what belongs to them: a dump or a stack.
OPENING = ("mbuf", "hop", "copy", "free")

#: The fields that may hold spaces; %S also prints the NUL that ends a string, as ``\\0``.
_NAMES = re.compile(r" (?:if=(.*?) )?(name|exec)=(.*)", re.DOTALL)


def read_annotation(line: int, text: str) -> Annotation | None:
    """
    Read an annotation.

    :param line: its line number.
    :param text: the line, which starts with :data:`PREFIX`.
    :return: None when it is of a later version, or no annotation after all.
    """
    words = text.split(" ")
    if len(words) < 3 or not _VERSION.fullmatch(words[1]) or int(words[1]) > VERSION:
        return None
    fields = {}
    if names := _NAMES.search(text):
        words = text[: names.start()].split(" ")
        interface, key, value = names.groups()
        fields[key] = value.partition("\\0")[0]
        if interface is not None:
            fields["if"] = interface.partition("\\0")[0]
    pairs = (word.partition("=") for word in words[3:])
    fields |= {key: value for key, equals, value in pairs if equals}
    return Annotation(line, words[2], fields)
