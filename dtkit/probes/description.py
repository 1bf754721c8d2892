# SPDX-License-Identifier: BSD-2-Clause
"""
Probe descriptions, ``provider:module:function:name``, as dtrace(1) reads and writes them.

Empty fields match everything, and fields can be globs. A shorter description is filled from the
right: ``f:entry`` is ``::f:entry``, so that ``tcp_input:entry`` names a function and a probe name.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

#: One field of a description, as the kernel names modules, functions and probes.
_FIELD = re.compile(r"[A-Za-z0-9_.$-]*\Z")

#: What makes a field a pattern.
GLOB = re.compile(r"[*?\[\\]")


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
    def fields(self) -> tuple[str, str, str, str]:
        """The four of them."""
        return self.provider, self.module, self.function, self.name

    @property
    def shorthand(self) -> str:
        """The function where there is one, else the name: ``tcp_input``, ``m-freem``."""
        return self.function or self.name

    @classmethod
    def parse(cls, text: str) -> ProbeDescription:
        """
        Read a description of up to four fields, globs included.

        As dtrace(1) does, a field too many is forgiven where the first is empty: the RFD writes
        ``:::tcp_input:entry``.

        :raises ValueError: it has more fields.
        """
        fields = text.split(":")
        while len(fields) > 4 and not fields[0]:
            del fields[0]
        if len(fields) > 4:
            raise ValueError(f"{text!r} has more than four fields")
        return cls(*[""] * (4 - len(fields)), *fields)

    @classmethod
    def plain(cls, text: str) -> ProbeDescription:
        """
        Read a description of one probe, whose fields are names.

        :raises ValueError: it has more than four fields, or one that is no plain name.
        """
        description = cls.parse(text)
        if not all(map(_FIELD.match, description.fields)):
            raise ValueError(f"{text!r} is no probe description")
        return description

    def matches(self, provider: str, module: str, function: str, name: str) -> bool:
        """Whether the probe with these names is described."""
        return all(
            not want
            or want == have
            or (GLOB.search(want) is not None and fnmatch.fnmatchcase(have, _pattern(want)))
            for want, have in zip(self.fields, (provider, module, function, name), strict=True)
        )


def _pattern(glob: str) -> str:
    # A backslash quotes in dtrace's globs; in fnmatch a bracket does.
    return re.sub(r"\\(.)", r"[\1]", glob)
