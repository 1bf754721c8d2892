# SPDX-License-Identifier: BSD-2-Clause
"""
What became of a packet that mbuf_trace noted down, by what its trace points say.

A frame is captured when the tags of an mbuf die: where it is freed, or where its data goes to a
socket buffer. Trace points where packets are dropped say so: ``ip_tryforward: drop, TTL``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from dtkit.bounded import Bounded

if TYPE_CHECKING:
    from dtkit.probes.reasons import Facts, Reason

__all__ = ["REASONS", "Ending", "ended"]

#: The reasons that trace points mean by what they say.
REASONS = {
    "TTL": "ttl expired",
    "hop limit": "ttl expired",
    "no route": "no route",
    "blackhole route": "no route",
    "reject route": "no route",
    "not ours": "bad header, or not ours",
    "not to be forwarded": "not forwarded",
    "no listener": "no listener",
    "no socket": "backlog of connections full",
    "bad checksum": "bad checksum",
    "socket buffer full": "socket buffer full",
    "queue full": "queue full",
    "address not resolved": "no answer to ARP",
}

_DROP = re.compile(r"(\w+): drop(?:, (.+))?")
_ERRNO = re.compile(r"error (\d{1,9})")
_NAME = re.compile(r"\w{1,64}")
_FIREWALLS = {"pf_test": "pf", "pf_test6": "pf", "ipfw_chk": "ipfw"}
_DENIED = re.compile(r"rule (-?\d{1,10}), (?:drop|action 1)")
_ICMP = re.compile(r"type (\d{1,3}), code (\d{1,3})")
_FAMILIES = {"icmp_error": 4, "icmp6_error": 6}

#: These say "drop" of each mbuf that they are done with: it is the label in their source.
_DONE = ("tcp_do_segment",)

#: Where a packet that goes no further has arrived. (What tcp_input() does not drop is a SYN, which
#: the SYN cache has; rip_input() frees what it gave copies of to sockets.)
_ARRIVED = (
    "sbappend*", "tcp_do_segment", "tcp_input", "tcp_input_with_port", "icmp_input", "icmp6_input",
    "rip_input", "rip_append", "rip6_input",
)  # fmt: skip


class Ending(NamedTuple):
    """How a journey ended, and why: see the fields of :class:`Journey`."""

    outcome: str
    reason: str = ""
    source: str = ""
    rule: str = ""
    advice: str = ""


def ended(hops: Sequence[tuple[str, str | None]]) -> Ending:
    """
    How a journey ended, and why; empty where it has no hops.

    :param hops: label and arguments of each, in the order of time.
    """
    for label, arguments in hops:
        if ": drop" in label and (found := _DROP.fullmatch(label)):
            if found[1] not in _DONE:
                return _dropped(found[1], found[2] or "")
        elif label in _FAMILIES and (found := _ICMP.fullmatch(arguments or "")):
            reason = _facts().icmp(_FAMILIES[label], int(found[1]), int(found[2]))
            if reason is not None:  # a redirect ends nothing
                said = f"{label} type {found[1]} code {found[2]}"
                return _because(f"dropped: {label}: type {found[1]}, code {found[2]}", said, reason)
    if not hops:
        return Ending("")
    met = _LAST.get(hops[-1])
    if met is None:
        label, arguments = hops[-1]
        met = _LAST.keep(hops[-1], _last(label, arguments), len(label) + len(arguments or ""))
    return met


#: What it meant that nothing was said after a hop, by its label and arguments.
_LAST: Bounded[tuple[str, str | None], Ending] = Bounded(4096)


def _facts() -> Facts:
    from dtkit.probes.reasons import facts  # here and below: most packets are not dropped

    return facts()


def _dropped(function: str, why: str) -> Ending:
    """What it means that *function* says that it drops a packet."""
    known = _facts()
    if error := _ERRNO.fullmatch(why):
        from dtkit.trace.journey.outcome import value_in_words

        words = value_in_words("errno", int(error[1]))
        name = words.partition(",")[0]
        said = f"{function} returned {name}"
        outcome = f"dropped: {function} returned {words}"
        return _because(outcome, said, known.returned(function, name))
    if not why:
        return _because(f"dropped: by {function}", f"freed by {function}", known.freed(function))
    reason = known.named(REASONS.get(why, ""))
    return _because(f"dropped: {function}: {why}", f"{function}: {why}", reason, why)


def _because(
    outcome: str,
    source: str,
    reason: Reason | None,
    words: str = "",
    rule: str = "",
    number: int | None = None,
) -> Ending:
    if reason is None:
        return Ending(outcome, words, source if words else "", rule)
    return Ending(outcome, reason.name, source, rule, reason.advise(number=number))


def _last(label: str, arguments: str | None) -> Ending:
    """What it means that nothing is said of a packet after this."""
    if label in _FIREWALLS and (found := _DENIED.fullmatch(arguments or "")):
        # Not in between: pf holds packets back for pfsync(4), and answers for some.
        rule = f"{_FIREWALLS[label]} rule {found[1]}"
        # What pf drops before it looks at rules, it drops by the default rule.
        by_rule = _facts().ipfw if label == "ipfw_chk" else _facts().pf(0)
        reason = _facts().freed(label) if found[1].startswith("-") else by_rule
        outcome = f"dropped: {label}: rule {found[1]}"
        return _because(outcome, rule, reason, "", rule, int(found[1]))
    drop = _DROP.fullmatch(label)
    function = drop[1] if drop else label
    if not _NAME.fullmatch(function):
        return Ending("freed")
    if any(fnmatchcase(function, glob) for glob in _ARRIVED):
        return Ending(f"delivered: last seen at {function}")
    return Ending(f"freed: last seen at {function}")
