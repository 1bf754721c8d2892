# SPDX-License-Identifier: BSD-2-Clause
"""
What a kernel's probes can tell of why packets end, beside the functions that are given an mbuf.

A firewall's types are there when its module is: what a script says of rules is decided by the
listing of the kernel, and a script without one says nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dtkit.freebsd import Release, default_release, release
from dtkit.probes import ListedProbe
from dtkit.probes.reasons import facts

__all__ = ["IPFW_MBUF", "IPFW_WIDE", "NOTHING", "RuleFunction", "Tellers", "tellers"]


@dataclass(frozen=True, slots=True)
class RuleFunction:
    """
    A function of pf(4) that finds a rule or a state, and where its arguments have them.

    :ivar rule: the position of its ``struct pf_krule **``; None where it finds states.
    :ivar state: of its ``struct pf_kstate **``.
    :ivar ruleset: of its ``struct pf_kruleset **``; None where it has none.
    """

    name: str
    rule: int | None
    state: int | None
    ruleset: int | None


@dataclass(frozen=True, slots=True)
class Tellers:
    """
    What there is to tell why packets end.

    :ivar prefix: of the types of pf: ``pf_k`` from FreeBSD 13 on, ``pf_`` before; empty where
        there is no pf.
    :ivar rules: functions of pf that find rules; and states, where no probe says how it decided.
    :ivar steps: functions that go from one ruleset to another, where that must be seen to know
        which one a rule is in.
    :ivar done: whether a probe says how pf decided.
    :ivar ipfw: whether a probe says which rule of ipfw matched.
    :ivar counters: counters whose counting is a probe, of those that tell a reason.
    """

    prefix: str = ""
    rules: tuple[RuleFunction, ...] = ()
    steps: tuple[str, ...] = ()
    done: bool = False
    ipfw: bool = False
    counters: tuple[str, ...] = ()

    @property
    def kernel(self) -> Release | None:
        """A release that has the types of pf; None where there is no pf."""
        return {"pf_k": default_release(), "pf_": release("12")}.get(self.prefix)


#: Of a kernel that is not known.
NOTHING = Tellers()

#: Where the mbuf is in ``struct ip_fw_args``, and the kernel from which on numbers of rules have 32
#: bits: with the module not loaded its types cannot tell.
IPFW_MBUF = 80
IPFW_WIDE = 1_500_000

_IPFW = ("struct ip_fw_args *",)
_STEPS = ("pf_step_into_anchor", "pf_step_out_of_anchor")

#: Arguments from this one on are rubbish in fbt's probes before FreeBSD 15 (seen on 14).
_FAR = 5

_FINDERS = ("pf_test_rule",)
_STATES = ("pf_test_state_tcp", "pf_test_state_udp", "pf_test_state_icmp", "pf_test_state_other")


def tellers(listing: Iterable[ListedProbe]) -> Tellers:
    """What the probes of a listing can tell."""
    functions: dict[str, Sequence[str]] = {}
    counters = []
    ipfw = False
    for probe in listing:
        where = probe.description
        if where.provider == "fbt" and where.name == "entry":
            if where.module in ("pf", "ipfw", "kernel"):
                functions.setdefault(where.function, probe.arguments)
            ipfw |= where.function == "ipfw_chk" and probe.arguments[:1] == _IPFW
        elif where.provider == "ipfw":
            ipfw |= where.name == "rule-matched"
        elif where.provider == "mib" and where.function == "count":
            counters.append(where.name)
    wanted = set(facts().counters)
    test = functions.get("pf_test_rule", ())
    prefix = next((known for known in ("pf_k", "pf_") if f"struct {known}rule **" in test[:1]), "")
    rules = []
    if prefix:
        names = _FINDERS if prefix == "pf_k" else (*_FINDERS, *_STATES)
        rules = [_finder(name, functions[name], prefix) for name in names if name in functions]
    return Tellers(
        prefix,
        tuple(rules),
        _STEPS if rules and rules[0].ruleset is None and set(_STEPS) <= set(functions) else (),
        prefix == "pf_k",
        ipfw,
        tuple(sorted(wanted & set(counters))),
    )


def _finder(name: str, arguments: Sequence[str], prefix: str) -> RuleFunction:
    def position(what: str) -> int | None:
        wanted = f"struct {prefix}{what} **"
        at = arguments.index(wanted) if wanted in arguments else _FAR
        return at if at < _FAR else None

    return RuleFunction(name, position("rule"), position("state"), position("ruleset"))
