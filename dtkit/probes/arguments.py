# SPDX-License-Identifier: BSD-2-Clause
"""
How D gets at what a probe is given: which argument, how often to follow it, by which type.

These are values until they are printed; ``str()`` is the D expression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

#: D has ``args[0]`` to ``args[9]``.
POSITIONS = 10

_MBUF = re.compile(
    r"(?P<deep>\*?)args\[(?P<typed>[0-9])\]"
    r"|\(struct mbuf \*\)arg(?P<raw>[0-9])|\*\(struct mbuf \*\*\)arg(?P<rawdeep>[0-9])"
)
_INTERFACE = re.compile(r"args\[([0-9])\](->bif_ifp)?")

#: Types of arguments, as a listing has them.
_MBUF_TYPE = re.compile(r"(?:(?:const|volatile) )*(?:struct mbuf|(mbuf_t))((?: ?\*)*)(?: const)?")
_INTERFACE_TYPE = re.compile(r"(?:const )?(?:struct ifnet \*|if_t)")


@dataclass(frozen=True, slots=True)
class MbufArgument:
    """
    An argument that leads to an mbuf.

    :ivar position: its place, from 0.
    :ivar depth: how often to follow it: 1 for ``struct mbuf *``, 2 for ``struct mbuf **``.
    :ivar cast: the raw argument is cast, for where ``args[]`` has not its type: dtrace(1) knows no
        ``args[]`` of a probe that is not there, nor where a description matches several (an
        unstable set of probes, it says).
    """

    position: int
    depth: int = 1
    cast: bool = False

    def __str__(self) -> str:
        return f"{'*' * (self.depth - 1)}{self.pointer}"

    @property
    def pointer(self) -> str:
        """The D expression of the argument itself, of depth 2 a ``struct mbuf **``."""
        if self.cast:
            return f"(struct mbuf {'*' * self.depth})arg{self.position}"
        return f"args[{self.position}]"

    def raw(self) -> MbufArgument:
        """The same by the raw argument."""
        return replace(self, cast=True)

    @classmethod
    def parse(cls, text: str) -> MbufArgument:
        """
        Read the D expression.

        :raises ValueError: it is none of these forms; nothing else reaches a script.
        """
        found = _MBUF.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no D expression of an mbuf")
        if found["typed"]:
            return cls(int(found["typed"]), 1 + bool(found["deep"]))
        return cls(int(found["raw"] or found["rawdeep"]), 1 if found["raw"] else 2, cast=True)


@dataclass(frozen=True, slots=True)
class InterfaceArgument:
    """
    An argument that is an interface.

    :ivar position: its place, from 0.
    :ivar cast: the raw argument is cast.
    :ivar tapped: it is a ``struct bpf_if *``, which has the interface in it.
    """

    position: int
    cast: bool = False
    tapped: bool = False

    def __str__(self) -> str:
        return f"{self.pointer}{'->bif_ifp' * self.tapped}"

    @property
    def pointer(self) -> str:
        """The D expression of the argument itself, to put ``->`` behind."""
        if self.cast:
            return f"((struct {'bpf_if' if self.tapped else 'ifnet'} *)arg{self.position})"
        return f"args[{self.position}]"

    @property
    def pointers(self) -> tuple[str, ...]:
        """What must not be NULL, from the outermost."""
        return (self.pointer, str(self)) if self.tapped else (self.pointer,)

    def raw(self) -> InterfaceArgument:
        """The same by the raw argument."""
        return replace(self, cast=True)

    @classmethod
    def parse(cls, text: str) -> InterfaceArgument:
        """
        Read the D expression.

        :raises ValueError: it is none of these forms.
        """
        found = _INTERFACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no D expression of an interface")
        return cls(int(found[1]), tapped=found[2] is not None)


def mbuf_arguments(types: Sequence[str]) -> list[MbufArgument]:
    """The arguments of these types that are a pointer to an mbuf, or to such a pointer."""
    found = []
    for position, text in enumerate(types[:POSITIONS]):
        if "mbuf" in text and (match := _MBUF_TYPE.fullmatch(text)):
            depth = match[2].count("*") + (match[1] is not None)
            if depth in (1, 2):
                found.append(MbufArgument(position, depth))
    return found


def interface_argument(types: Sequence[str]) -> InterfaceArgument | None:
    """The first argument of these types that is a ``struct ifnet *``, or None."""
    for position, text in enumerate(types[:POSITIONS]):
        if _INTERFACE_TYPE.fullmatch(text):
            return InterfaceArgument(position)
    return None


@dataclass(frozen=True, slots=True)
class EarlierArguments:
    """
    How kernels before a release are given the arguments of a probe.

    :ivar before: the ``kern.osreldate`` from which on they are given otherwise.
    """

    before: int
    mbuf: MbufArgument
    interface: InterfaceArgument | None = None


def choose_by_osreldate(choices: Sequence[tuple[int, str]], last: str) -> str:
    """
    A D expression that is another on kernels before some releases, oldest first.

    >>> choose_by_osreldate([(1300000, "arg1")], "arg0")
    '(`osreldate < 1300000 ? arg1 : arg0)'
    """
    if not choices:
        return last
    text = "".join(f"`osreldate < {before} ? {one} : " for before, one in choices)
    return f"({text}{last})"
