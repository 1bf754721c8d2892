# SPDX-License-Identifier: BSD-2-Clause
"""
Why a followed packet ended: what was seen of it, held against the facts of ``reasons.toml``.

Several things can tell: the rule of a firewall, the ICMP message that its sender is sent, a
counter, what a function returned, where it came by, who freed it. The surest one wins, and is
named.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from dtkit.annotations import JOURNEY
from dtkit.generate.functions import verdict
from dtkit.output import Annotation
from dtkit.probes.reasons import Reason, facts
from dtkit.trace.journey.outcome import refused, sent_on, value_in_words

__all__ = ["Said", "Why", "icmp_in_words", "reason_at", "rule_done", "rule_in_words", "why"]

assert {"rule", "verdict", "icmp", "counter"} <= JOURNEY

#: What a rule of ipfw(4) does with a packet, by its number; 1 is that it denies it.
_ACTIONS = (
    "pass", "deny", "divert", "tee", "dummynet", "netgraph", "ngtee", "nat", "reass", "nat64",
)  # fmt: skip
_DENY = 1

#: Of pf(4): PFRES_MATCH.
_MATCH = 0


@dataclass(frozen=True, slots=True)
class Said:
    """
    Something that was seen of a packet.

    :ivar kind: of the line.
    :ivar function: that it was seen at.
    :ivar vnet: name of the jail, as far as known; empty for the host.
    """

    kind: str
    function: str
    annotation: Annotation
    vnet: str


@dataclass(frozen=True, slots=True)
class Why:
    """
    Why a packet ended.

    :ivar reason: in a few words; empty if it is not known.
    :ivar end: what that means for the packet; empty for nothing.
    :ivar source: what told it.
    :ivar rule: of a firewall.
    :ivar advice: what to look at next.
    """

    reason: str = ""
    end: str = ""
    source: str = ""
    rule: str = ""
    advice: str = ""


class _Sure(IntEnum):
    """What can tell, the surest first."""

    RULE = 1
    ICMP = 2
    COUNTER = 3
    RETURNED = 4
    PASSED = 5
    FREED = 6


def why(seen: Iterable[Said], freed_by: tuple[str, str], so: Container[str] = ()) -> Why:
    """
    Why a packet ended.

    :param seen: of it, in the order of time.
    :param freed_by: the function that freed it, and its frame; empty where nobody is known to have.
    :param so: what else is known of it, as the facts have it: ``copied``, ``bad checksum``.
    """
    found: dict[_Sure, Why] = {}
    rule: Said | None = None  # of pf, the last that matched
    reason: int | None = None
    vnet = ""
    for one in seen:
        vnet = one.vnet if one.kind == "free" else vnet
        number = one.annotation.number
        made: Why | None = None
        how = _Sure.RETURNED
        if one.kind == "rule" and one.annotation.fields.get("by") == "ipfw":
            if number("action") == _DENY:
                how, made = _Sure.RULE, _told(facts().ipfw, one, rule_in_words(one.annotation))
        elif one.kind == "rule":
            rule = one
        elif one.kind == "verdict":
            reason = number("why")
            if rule is not None and number("rule") != rule.annotation.number("rule"):
                rule = None  # that it matched is all that is known of the one that did
        elif one.kind == "icmp" and "a copy" not in so:  # which is about the original
            family, type_, code = number("family") or 4, number("type"), number("code")
            if type_ is not None and code is not None:
                told = facts().icmp(family, type_, code)
                how, made = _Sure.ICMP, _told(told, one, icmp_in_words(one.annotation))
        elif one.kind == "counter":
            name = one.annotation.fields.get("counter", "")
            how, made = _Sure.COUNTER, _told(facts().counter(name), one, f"counter {name}")
        elif one.kind == "return":
            kind, value = verdict(one.function), number("value") or 0
            if kind == "pf" and number("why") is not None and (number("why") or 0) >= 0:
                reason = number("why")
            if not refused(kind, value) or sent_on(kind, value, freed_by[0]):
                if kind == "pf":
                    rule, reason = None, None
                continue
            word = value_in_words(kind, value).partition(",")[0]
            if kind == "pf" and (reason is not None or rule is not None):
                how, made = _Sure.RULE, _by_pf(one, rule, reason)
            else:
                told = facts().returned(one.function, word)
                made = _told(told, one, f"{one.function} returned {word}")
        elif one.kind == "hop":
            told = facts().passed(one.function)
            how, made = _Sure.PASSED, _told(told, one, one.function)
        if made is not None:
            found.setdefault(how, made)
    function, frame = freed_by
    if function and (told := facts().freed(function, so)) is not None:
        source = f"freed by {frame.rpartition('`')[2]}"
        made = found[_Sure.FREED] = Why(told.name, told.end, source, "", told.advise(vnet))
        if told.first:
            return made
    return found[min(found)] if found else Why()


def reason_at(kind: str, function: str, annotation: Annotation) -> str | None:
    """What a line alone says of why; None where that is nothing."""
    number = annotation.number
    found: Reason | None = None
    if kind == "icmp":
        found = facts().icmp(number("family") or 4, number("type") or 0, number("code") or 0)
    elif kind == "counter":
        found = facts().counter(annotation.fields.get("counter", ""))
    elif kind == "rule" and number("action") == _DENY and annotation.fields.get("by") == "ipfw":
        found = facts().ipfw
    elif kind == "return":
        of, value = verdict(function), number("value") or 0
        if not of or not refused(of, value):
            return None
        said = number("why")
        if of == "pf" and said is not None and said >= 0:
            found = facts().pf(said)
        else:
            found = facts().returned(function, value_in_words(of, value).partition(",")[0])
    return found.name if found is not None else None


def _told(reason: Reason | None, seen: Said, source: str) -> Why | None:
    if reason is None:
        return None
    rule = source if seen.kind == "rule" else ""
    number = seen.annotation.number("nr") if rule else None
    return Why(reason.name, reason.end, source, rule, reason.advise(seen.vnet, "", number))


def _by_pf(seen: Said, rule: Said | None, number: int | None) -> Why:
    """What pf decided, by the rule that matched last and the reason that it gave."""
    words = rule_in_words(rule.annotation) if rule is not None else ""
    source = f"{seen.function} returned PF_DROP"
    if number is not None and number != _MATCH:
        source = f"pf's reason {number}"
    elif words:
        source = words
    known = facts().pf(_MATCH if number is None else number)
    if known is None:
        return Why(f"pf: reason {number}, which is not known", "dropped", source, words)
    fields: Mapping[str, str] = rule.annotation.fields if rule is not None else {}
    advice = known.advise(
        seen.vnet,
        fields.get("anchor", ""),
        rule.annotation.number("nr") if rule is not None else None,
    )
    return Why(known.name, known.end, source, words, advice)


def rule_in_words(annotation: Annotation) -> str:
    """``pf rule 3 in anchor web/deep, label "no web"``, or ``ipfw rule 100 in set 3``."""
    fields, number = annotation.fields, annotation.number
    words = f"{fields.get('by', 'pf')} rule {fields.get('nr', '?')}"
    if anchor := fields.get("anchor"):
        words += f" in anchor {anchor}"
    if number("set"):
        words += f" in set {number('set')}"
    if label := fields.get("label"):
        words += f', label "{label}"'
    if (nat := number("nat")) is not None and nat >= 0:
        words += f", translated by rule {nat}"
    return words


def rule_done(annotation: Annotation) -> str:
    """A rule where it matched: ``rule 100 in set 3: deny``, ``rule 3, state``."""
    words = rule_in_words(annotation).partition(" ")[2]
    action = annotation.number("action")
    if action is not None:
        words += f": {_ACTIONS[action] if 0 <= action < len(_ACTIONS) else action}"
    return words + (", state" if annotation.number("state") else "")


def icmp_in_words(annotation: Annotation) -> str:
    """``icmp_error type 3 code 1``."""
    number = annotation.number
    name = "icmp6_error" if number("family") == 6 else "icmp_error"
    return f"{name} type {number('type')} code {number('code')}"
