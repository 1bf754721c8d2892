# SPDX-License-Identifier: BSD-2-Clause
"""
Probe descriptions, ``provider:module:function:name``, as dtrace(1) reads and writes them.

Empty fields match everything. A shorter description is filled from the right: ``f:entry`` is
``::f:entry``, so that ``tcp_input:entry`` names a function and a probe name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: One field of a description, as the kernel names modules, functions and probes.
_FIELD = re.compile(r"[A-Za-z0-9_.$-]*\Z")


def description_fields(text: str) -> tuple[str, str, str, str]:
    """
    The four fields of a description, or of a pattern of descriptions.

    As dtrace(1) does, one field too many is forgiven where the first is empty: the RFD's
    ``:::tcp_input:entry``.

    :raises ValueError: it has more than four.
    """
    fields = text.split(":")
    while len(fields) > 4 and not fields[0]:
        del fields[0]
    if len(fields) > 4:
        raise ValueError(f"{text!r} has more than four fields")
    provider, module, function, name = [""] * (4 - len(fields)) + fields
    return provider, module, function, name


@dataclass(frozen=True, slots=True)
class ProbeDescription:
    """A probe description; ``str()`` is how dtrace(1) writes it."""

    provider: str = ""
    module: str = ""
    function: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"

    @property
    def shorthand(self) -> str:
        """The function where there is one, else the name: ``tcp_input``, ``m-freem``."""
        return self.function or self.name

    @classmethod
    def parse(cls, text: str) -> ProbeDescription:
        """
        Read a description of up to four fields.

        :raises ValueError: it has more fields, or a field that is no plain name (globs included).
        """
        fields = description_fields(text)
        if not all(_FIELD.match(field) for field in fields):
            raise ValueError(f"{text!r} is no probe description")
        return cls(*fields)
