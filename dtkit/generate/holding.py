# SPDX-License-Identifier: BSD-2-Clause
"""
Packets that are shown only if they end in some way: what D can tell of that.

The hops of a journey go into a speculation, which is committed when the journey ends as asked and
discarded otherwise. What tells an end is among the facts of :mod:`dtkit.probes.reasons`: what
functions returned, and the message that the sender is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from dtkit.freebsd.values import ERRNO, PF_DROPS, WAITING
from dtkit.generate.functions import Function, PathError, verdict
from dtkit.generate.text import D
from dtkit.probes.reasons import Reason, facts

__all__ = ["Held", "Holding", "Resources", "Wanted", "ending", "held_back", "tellable"]

#: Records of a journey that a speculation has room for.
_JOURNEY = 120

#: The share of a host's memory that speculations may take, of which at most so much.
_SHARE, _MOST = 32, 1 << 30

#: Speculations: speculation() looks through all of them where none is free.
_FEW, _MANY = 32, 1024

#: KiB that one has, at least.
_SMALL = 4

#: How often a second they are cleaned up: as dtrace(1) does by itself, and as often as a clock of
#: 1000 Hz allows. Journeys that should be able to end in that time.
_USUAL, _OFTEN, _BUSY = 101, 1000, 20_000

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_TIME = re.compile(r"(\d{1,9})(ns|us|ms|s)")
_ICMP = re.compile(r"(icmp6?) (\d+)/(\d+|\*)")
_RETURNED = re.compile(r"(\S+) returned (E\w+)")
_PF = re.compile(r"pf \d+")

_NUMBERS = {words.partition(",")[0]: number for number, words in ERRNO.items()}

#: Functions that tell the sender, and which of their messages is about no loss.
_ERRORS = {"icmp_error": ("icmp", "(int)arg1 != 5"), "icmp6_error": ("icmp6", "1")}

#: Functions that hand a packet to a device, which frees it when it is sent.
_SENDS = ("*_transmit",)

#: What a function's value is when it refuses a packet.
_REFUSED = {
    "errno": " && ".join(["(int)arg1 > 0", *(f"(int)arg1 != {one}" for one in sorted(WAITING))]),
    # From FreeBSD 13 on PFIL_DROPPED, 1, where 2 and 3 are no loss; an errno before.
    "pfil": "(int)arg1 == 1 || (int)arg1 > 3",
    "reject": "(int)arg1 != 0",
    "pf": " || ".join(f"(int)arg1 == {one}" for one in sorted(PF_DROPS)),
}


class Wanted(StrEnum):
    """Which journeys are shown."""

    DROPPED = "dropped"
    SLOWER = "slower"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Holding:
    """
    What is held back until it is known how it ends.

    :ivar wanted: how it must end.
    :ivar nanoseconds: more than this it must have taken, for ``SLOWER``.
    :ivar reasons: those that are asked for, for ``REASON``.
    """

    wanted: Wanted
    nanoseconds: int = 0
    reasons: tuple[Reason, ...] = ()

    def refuses(self, function: Function) -> D:
        """The condition on ``arg1`` under which that function's value is asked for; or empty."""
        kind = verdict(function.name)
        if self.wanted is Wanted.SLOWER or not kind:
            return D("")
        if self.wanted is Wanted.DROPPED:
            return D(_REFUSED[kind])
        numbers: set[int] = set()
        for sentence in self._sentences():
            if kind == "pf" and _PF.fullmatch(sentence):
                numbers |= PF_DROPS
            elif sentence == "ipfw" and fnmatchcase(function.name, "ipfw_check_*"):
                return D(_REFUSED[kind])
            elif kind != "pf":
                numbers |= _returned(function, sentence)
        return D(" || ".join(f"(int)arg1 == {one}" for one in sorted(numbers)))

    def tells(self, function: str) -> D:
        """
        The condition under which a function that tells the sender is about what is asked for.

        :param function: ``icmp_error`` or ``icmp6_error``; empty for never.
        """
        family, any_ = _ERRORS[function]
        if self.wanted is Wanted.DROPPED:
            return D(any_)
        tests = []
        for sentence in self._sentences():
            message = _ICMP.fullmatch(sentence)
            if message and message[1] == family:
                code = "" if message[3] == "*" else f" && (int)arg2 == {message[3]}"
                tests.append(f"(int)arg1 == {message[2]}{code}")
        return D(" || ".join(tests))

    def _sentences(self) -> list[str]:
        return [sentence for reason in self.reasons for sentence in reason.when]

    def delivers(self, function: Function) -> bool:
        """Whether a packet that comes there is as good as delivered, if nothing refuses it."""
        return self.wanted is Wanted.DROPPED and any(
            fnmatchcase(function.name, glob) for glob in (*_SENDS, *_taking())
        )


@dataclass(frozen=True, slots=True)
class Resources:
    """
    A host that packets are followed on.

    :ivar memory: in bytes.
    """

    cpus: int = 4
    memory: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Held:
    """
    How much is held back.

    :ivar count: journeys at a time: ``nspec``.
    :ivar kibibytes: of one on each CPU: ``specsize``.
    :ivar hertz: how often those are cleaned up that more than one CPU has a part of: ``cleanrate``.
    """

    count: int
    kibibytes: int
    hertz: int
    machine: Resources

    @property
    def memory(self) -> int:
        """Bytes that are taken at the start, on all CPUs."""
        return self.count * self.machine.cpus * (self.kibibytes << 10)

    @property
    def journeys(self) -> int | None:
        """
        How many can end in a second; None for as many as come.

        On one CPU a speculation is free at once; on more, when it was cleaned up.
        """
        return self.count * self.hertz if self.machine.cpus > 1 else None


def held_back(record: int, machine: Resources) -> Held:
    """
    What a machine can hold back.

    :param record: bytes of a hop's record.
    """
    size = _SMALL
    while size << 10 < record * _JOURNEY:
        size *= 2
    room = min(machine.memory // _SHARE, _MOST) // machine.cpus >> 10
    while size > _SMALL and room // size < _FEW:
        size //= 2
    count = min(max(room // size, _FEW // 4), _MANY)
    often = _USUAL
    if machine.cpus > 1:
        often = min(max(_BUSY // count, _USUAL), _OFTEN)
    return Held(count, size, often, machine)


def _returned(function: Function, sentence: str) -> set[int]:
    """The values of a function of errno(2) that a sentence of the facts is about."""
    found = _RETURNED.fullmatch(sentence)
    if found is None or not fnmatchcase(function.name, found[1]):
        return set()
    return {number for name, number in _NUMBERS.items() if name == found[2]}


def _taking() -> Sequence[str]:
    found = []
    for reason in facts().reasons:
        if reason.end == "delivered":
            for sentence in reason.when:
                if sentence.startswith(("passed ", "freed by ")) and ", " not in sentence:
                    found.append(sentence.split()[-1])
    return [*found, "sbappend*", "soreceive*", "tcp_do_segment", "icmp_input", "icmp6_input"]


def tellable() -> list[Reason]:
    """The reasons that a script can tell by itself."""
    return [
        reason
        for reason in facts().reasons
        if reason.end == "dropped" and any(_can_tell(sentence) for sentence in reason.when)
    ]


def _can_tell(sentence: str) -> bool:
    found = _RETURNED.fullmatch(sentence)
    if found:
        return found[2] in _NUMBERS
    return sentence == "ipfw" or bool(_ICMP.fullmatch(sentence) or _PF.fullmatch(sentence))


def ending(text: str) -> Holding:
    """
    What ``--only`` asks for: ``dropped``, ``slower:5ms`` or ``reason:GLOB``.

    :raises PathError: it is none of these, or no script can tell such a reason.
    """
    kind, colon, rest = text.partition(":")
    if text == "dropped":
        return Holding(Wanted.DROPPED)
    if kind == "slower" and colon:
        time = _TIME.fullmatch(rest)
        if time is None:
            raise PathError(f"{text!r}: slower: goes with a time, as 5ms or 200us")
        return Holding(Wanted.SLOWER, int(time[1]) * _UNITS[time[2]])
    if kind == "reason" and colon:
        known = tellable()
        reasons = tuple(one for one in known if fnmatchcase(one.name.lower(), rest.lower()))
        if not reasons:
            names = "; ".join(reason.name for reason in known)
            raise PathError(f"{text!r}: a script can tell these reasons: {names}")
        return Holding(Wanted.REASON, reasons=reasons)
    raise PathError(f"{text!r} is none of dropped, slower:TIME and reason:GLOB")
