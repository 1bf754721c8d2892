# SPDX-License-Identifier: BSD-2-Clause
"""Why packets end: the facts of ``reasons.toml``, which says what each is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

__all__ = ["ENDS", "Facts", "FactsError", "Reason", "Told", "facts", "read_facts"]

#: What a reason can mean for a packet; empty for nothing.
ENDS = ("dropped", "delivered", "freed", "")


class FactsError(ValueError):
    """A fact that is not of the schema; the message names reason and key."""


class Told(IntEnum):
    """What can tell a reason, the surest first."""

    RULE = 1  #: a firewall
    ICMP = 2  #: the message that the sender is sent
    COUNTER = 3
    RETURNED = 4
    PASSED = 5
    FREED = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """
    Why packets end.

    :ivar name: in a few words.
    :ivar words: in a few more.
    :ivar end: of :data:`ENDS`.
    :ivar advice: what to look at next, with the fields of :meth:`advise`; may be empty.
    :ivar when: the sentences that say how it is known.
    :ivar first: whether it goes before others that hold.
    """

    name: str
    words: str
    end: str
    advice: str
    when: tuple[str, ...]
    first: bool = False

    def advise(self, jail: str = "", anchor: str = "", number: int | None = None) -> str:
        """
        What to look at next.

        :param jail: that it is in; empty for the host, or where that is not known.
        :param anchor: of pf that the rule is in, and *number* of the rule.
        """
        return self.advice.format(
            **{
                "in": f"jexec {shlex.quote(jail)} " if jail else "",
                "anchor": f"-a {shlex.quote(anchor)} " if anchor else "",
                "rule": "of the rule" if number is None else f"of rule {number}",
            }
        )


_SENTENCES: tuple[tuple[Told, re.Pattern[str]], ...] = (
    (Told.RULE, re.compile(r"(pf) (\d{1,3})|(ipfw)")),
    (Told.ICMP, re.compile(r"(icmp6?) (\d{1,3})/(\d{1,3}|\*)")),
    (Told.COUNTER, re.compile(r"counter (\w+)")),
    (Told.RETURNED, re.compile(r"([\w*?]+) returned ([A-Z][A-Z0-9_]+)")),
    (Told.PASSED, re.compile(r"passed ([\w*?]+)")),
    (Told.FREED, re.compile(r"freed by ([\w*?]+)(?:, (copied|a copy|in pieces|bad checksum))?")),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """
    The reasons, and which one is meant by what was seen.

    :ivar reasons: in the order of the file.
    """

    reasons: tuple[Reason, ...]
    _exact: Mapping[tuple[str, ...], Reason] = field(repr=False)
    _returned: tuple[tuple[str, str, Reason], ...] = field(repr=False)
    _passed: tuple[tuple[str, Reason], ...] = field(repr=False)
    _freed: tuple[tuple[str, str, Reason], ...] = field(repr=False)

    @property
    def counters(self) -> list[str]:
        """The counters that tell a reason."""
        return [key[1] for key in self._exact if key[0] == "counter"]

    def named(self, name: str) -> Reason | None:
        """The reason of that name."""
        return next((reason for reason in self.reasons if reason.name == name), None)

    def pf(self, number: int) -> Reason | None:
        """What pf(4) means by the reason of that number."""
        return self._exact.get(("pf", str(number)))

    @property
    def ipfw(self) -> Reason | None:
        """What it means that ipfw(4) refuses a packet."""
        return self._exact.get(("ipfw",))

    def icmp(self, family: int, type_: int, code: int) -> Reason | None:
        """What a message says; *family* is 4, or 6 for ICMPv6."""
        name = "icmp6" if family == 6 else "icmp"
        exact = self._exact.get((name, str(type_), str(code)))
        return exact or self._exact.get((name, str(type_), "*"))

    def counter(self, name: str) -> Reason | None:
        """What it means that a counter counts."""
        return self._exact.get(("counter", name))

    def returned(self, function: str, value: str) -> Reason | None:
        """What it means that *function* returned *value*, by its name."""
        for glob, name, reason in self._returned:
            if name == value and fnmatchcase(function, glob):
                return reason
        return None

    def passed(self, function: str) -> Reason | None:
        """What it means that a packet came to *function*."""
        return next((reason for glob, reason in self._passed if fnmatchcase(function, glob)), None)

    def freed(self, function: str, so: Container[str] = ()) -> Reason | None:
        """
        What it means that *function* freed a packet.

        :param so: what else is known of it: ``copied``, ``a copy``, ``in pieces``,
            ``bad checksum``.
        """
        for glob, condition, reason in self._freed:
            if (not condition or condition in so) and fnmatchcase(function, glob):
                return reason
        return None


def read_facts(text: str) -> Facts:
    """
    Read facts.

    :param text: TOML, of the form that ``reasons.toml`` describes.
    :raises FactsError: it is not of that form, or two reasons claim the same.
    """
    import tomllib  # few ask for a reason, and it takes its time

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FactsError(str(error)) from error
    if document.keys() != {"reason"} or not isinstance(document["reason"], list):
        raise FactsError("it has [[reason]] and nothing else")
    reasons = tuple(_reason(row) for row in document["reason"])
    exact: dict[tuple[str, ...], Reason] = {}
    returned: list[tuple[str, str, Reason]] = []
    passed: list[tuple[str, Reason]] = []
    freed: list[tuple[str, str, Reason]] = []
    names: set[str] = set()
    claimed: set[str] = set()
    for reason in reasons:
        if reason.name in names:
            raise FactsError(f"reason {reason.name!r} is there twice")
        names.add(reason.name)
        for sentence in reason.when:
            if sentence in claimed:
                raise FactsError(f"reason {reason.name!r}: {sentence!r} is another one's, too")
            claimed.add(sentence)
            told, groups = _read(reason.name, sentence)
            match told:
                case Told.RETURNED:
                    returned.append((groups[0], groups[1], reason))
                case Told.PASSED:
                    passed.append((groups[0], reason))
                case Told.FREED:
                    freed.append((groups[0], groups[1] if groups[1:] else "", reason))
                case Told.COUNTER:
                    exact["counter", groups[0]] = reason
                case _:
                    exact[groups] = reason
    # What is known besides says more than that nothing is, and a name more than a glob.
    freed.sort(key=lambda fact: (not fact[1], bool(set("*?") & set(fact[0]))))
    return Facts(reasons, exact, tuple(returned), tuple(passed), tuple(freed))


def _reason(row: Any) -> Reason:
    if not isinstance(row, dict):
        raise FactsError("a reason is a table")
    name = row.get("name")
    if not isinstance(name, str) or not name.strip():
        raise FactsError("a reason has a name")
    for key in row:
        if key not in ("name", "words", "end", "advice", "when", "first"):
            raise FactsError(f"reason {name!r}: there is no key {key!r}")
    for key in ("words", "advice"):
        if not isinstance(row.get(key), str):
            raise FactsError(f"reason {name!r}: {key} is a string")
    try:
        Reason(name, "", "", row["advice"], ()).advise()
    except (KeyError, ValueError, IndexError) as error:
        raise FactsError(f"reason {name!r}: advice has in, anchor and rule in braces") from error
    end, when = row.get("end", "dropped"), row.get("when")
    if end not in ENDS:
        raise FactsError(f"reason {name!r}: end is one of {', '.join(filter(None, ENDS))}, or ''")
    if not isinstance(when, list) or not when or not all(isinstance(one, str) for one in when):
        raise FactsError(f"reason {name!r}: when is a list of sentences")
    if not isinstance(row.get("first", False), bool):
        raise FactsError(f"reason {name!r}: first is true or false")
    return Reason(name, row["words"], end, row["advice"], tuple(when), row.get("first", False))


def _read(name: str, sentence: str) -> tuple[Told, tuple[str, ...]]:
    for told, form in _SENTENCES:
        if found := form.fullmatch(sentence):
            return told, tuple(group for group in found.groups() if group is not None)
    raise FactsError(f"reason {name!r}: {sentence!r} is no way to know it")


@cache
def facts() -> Facts:
    """The facts that ship with dtkit."""
    from pkgutil import get_data  # several times as quick to import as importlib.resources

    return read_facts((get_data(__package__, "reasons.toml") or b"").decode())


def manual() -> Iterator[str]:
    """The lines of ``docs/reference/reasons.md``."""
    yield from (
        "# Why packets end",
        "",
        "What dtkit knows of it, as facts. `dtkit trace show` gives the reason of a packet that",
        "was followed, and `--filter reason:GLOB` asks for it. What tells it is sought in this",
        "order: a rule of a firewall, the ICMP message that the sender is sent, a counter of the",
        "mib provider, what a function returned, where the packet came by, who freed it.",
        "(This page is what `python -m dtkit.probes.reasons` prints of `reasons.toml`.)",
        "",
        "| reason | what it is | known by | look at |",
        "|---|---|---|---|",
    )
    for reason in facts().reasons:
        when = ", ".join(f"`{sentence}`" for sentence in reason.when)
        words = (
            f"{reason.words} ({reason.end})" if reason.end not in ("dropped", "") else reason.words
        )
        yield f"| {reason.name} | {words} | {when} | {reason.advise()} |"


if __name__ == "__main__":
    print("\n".join(manual()))
