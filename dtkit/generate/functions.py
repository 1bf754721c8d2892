# SPDX-License-Identifier: BSD-2-Clause
"""The functions of a kernel that are given an mbuf, and which of them to look at."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from dtkit.generate.text import D
from dtkit.probes import Catalog, ListedProbe

_PRESETS: dict[str, tuple[str, ...]] = {
    "input": (
        "ether_input*", "ether_demux", "ether_nh_input", "*netisr_*", "*vlan_input*", "lagg_input*",
        "bridge_input", "ip_input", "ip6_input", "ip_reass*", "frag6_input", "*_input", "icmp*_*",
        "tcp_do_segment", "tcp_dropwithreset", "syncache_*", "in*_pcblookup*", "sbappend*",
        "udp*_append", "rip_append", "if_simloop", "ipsec_kmod_check_policy",
    ),
    "output": (
        "ip_output", "ip6_output", "ip_fragment", "ip6_fragment", "*_output", "ether_output*",
        "*_transmit", "*_start*", "if_simloop", "looutput", "arpresolve*", "nd6_resolve*",
        "in*_delayed_cksum", "bpf_mtap*",
    ),
    "forward": (
        "ether_input*", "ether_demux", "ether_output*", "ip_input", "ip6_input", "ip*_forward",
        "ip_tryforward", "ip_output", "ip6_output", "bridge_*", "pf_test*", "pf_route*",
        "ipfw_check_*", "pfil_run_hooks*", "*_transmit", "netisr_*", "icmp_error", "icmp6_error",
    ),
    "filter": (
        "pf_*", "pfil_*", "ipfw_*", "ip_fw_*", "ipf_*", "fr_check*", "dummynet*", "dn_*",
        "divert_*", "ng_ipfw*", "ip_input", "ip6_input", "ip_output", "ip6_output",
    ),
    "all": ("*",),
}  # fmt: skip

#: What is looked at where nothing is said: the three ways of a packet.
_USUAL = [glob for name in ("input", "output", "forward") for glob in _PRESETS[name]]

#: Functions of each preset, besides those that every script needs.
PRESETS: dict[str, tuple[str, ...]] = {"default": tuple(dict.fromkeys(_USUAL)), **_PRESETS}

#: Functions that return another mbuf for the packet they are given. On failure all but m_defrag()
#: and m_collapse() free it.
MOVES = ("m_pullup", "m_copyup", "m_unshare", "m_defrag", "m_collapse", "m_prepend")

#: Functions that return a copy.
COPIES = ("m_copym", "m_copypacket", "m_dup")

#: Functions that decide what becomes of a packet, and say why further in.
TESTS = ("pf_test", "pf_test6")

#: Functions that tell the sender about a packet by a copy of it, when the packet is gone.
FORWARDS = ("ip_forward", "ip6_forward")

#: Functions within which counters are about the packet that they were given.
COUNTED = (
    "ip_input", "ip6_input", "ip_tryforward", "ip6_tryforward", "ip_output", "ip6_output",
    "tcp_input", "tcp_input_with_port", "tcp6_input", "udp_input", "udp6_input", "icmp_input",
    "icmp6_input", "rip_input", "rip6_input", "ip_reass", "frag6_input",
)  # fmt: skip

#: Functions that are about to tell the sender.
ERRORS = ("icmp_error", "icmp6_error")

#: Functions that free.
FREES = ("m_freem", "m_free", "mb_free_ext")

#: Destructors of the zones of mbufs.
ENDS = ("mb_dtor_mbuf", "mb_dtor_pack")

#: Functions whose value tells what became of the packet, by what the value is.
VERDICTS: dict[str, str] = {
    "pf_test": "pf",
    "pf_test6": "pf",
    "ip_output": "errno",
    "ip6_output": "errno",
    "ether_output": "errno",
    "ether_output_frame": "errno",
    "looutput": "errno",
    "pf_check_in": "pfil",
    "pf_check_out": "pfil",
    "pf_check6_in": "pfil",
    "pf_check6_out": "pfil",
    "ipfw_check_packet": "pfil",
    "ipfw_check_frame": "pfil",
    "netisr_queue": "errno",
    "netisr_queue_src": "errno",
    "netisr_queue_internal": "errno",
    "netisr_dispatch_src": "errno",
    "*_transmit": "errno",
    "bridge_enqueue": "errno",
    "arpresolve": "errno",
    "nd6_resolve": "errno",
    "ipsec_kmod_check_policy": "reject",
}


class Layer(StrEnum):
    """What the data of a function's mbuf starts with, as far as is known."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    IP = "ip"  #: either, or a bare ARP
    UNFINISHED = "unfinished"  #: IPv4 whose first byte, id and source may not be set yet
    ETHERNET = "ethernet"
    ANYTHING = "anything"  #: to be seen: Ethernet or IP


#: Where packets are chosen. Every packet passes some of these, and the fewer there are, the less
#: costs one that is not wanted.
GATES: dict[str, Layer] = {
    "ether_input": Layer.ETHERNET,
    "ether_output": Layer.IP,
    "ether_output_frame": Layer.ETHERNET,  # for filters on frames only
    "looutput": Layer.IP,
    "ip_input": Layer.IPV4,
    "ip_forward": Layer.IPV4,
    "ip_output": Layer.UNFINISHED,
    "ip6_input": Layer.IPV6,
    "ip6_forward": Layer.IPV6,
    "ip6_output": Layer.IPV6,
}

#: What the data starts with at other functions; the first that fits counts.
LAYERS: dict[str, Layer] = {
    **GATES,
    "ether_input_internal": Layer.ETHERNET,
    "ether_nh_input": Layer.ETHERNET,
    "ether_demux": Layer.ETHERNET,
    "bridge_input": Layer.ETHERNET,
    "bridge_output": Layer.ETHERNET,
    "bridge_forward": Layer.ETHERNET,
    "bridge_enqueue": Layer.ETHERNET,
    "bridge_transmit": Layer.ETHERNET,
    "epair_transmit": Layer.ETHERNET,
    "vlan_transmit": Layer.ETHERNET,
    "lagg_transmit*": Layer.ETHERNET,
    "ip_tryforward": Layer.IPV4,
    "ip6_tryforward": Layer.IPV6,
    "pf_test": Layer.IP,
    "pf_test6": Layer.IP,
    "pf_check_*": Layer.IPV4,
    "pf_check6_*": Layer.IPV6,
    "ipfw_check_packet": Layer.IP,
    "ipfw_check_frame": Layer.ETHERNET,
}

#: Functions at which the data is rubbish as often as not: no packet is chosen there.
RUBBISH = ("m_*", "mb_*", "sb*", "so*", "uipc_*")

#: Names of functions that a script may hold: 64 bytes are kept of a string.
_LONGEST = 63


class PathError(ValueError):
    """What is asked for cannot be followed; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Function:
    """
    A function that is given an mbuf.

    :ivar name: of it.
    :ivar position: which argument the mbuf is, from 0.
    :ivar depth: 1 for ``struct mbuf *``, 2 for ``struct mbuf **``.
    :ivar interface: which argument is a ``struct ifnet *``, or None.
    :ivar earlier: how older releases are given both, oldest first, where they differ: the
        ``kern.osreldate`` from which on it is otherwise, and the arguments.
    """

    name: str
    position: int
    depth: int = 1
    interface: int | None = None
    module: str = ""
    earlier: tuple[tuple[int, int, int | None], ...] = ()

    @property
    def argument(self) -> D:
        """The argument that the mbuf is, in D."""
        return _argument([(before, mbuf) for before, mbuf, _ in self.earlier], self.position)

    @property
    def interface_argument(self) -> D | None:
        """The one that is the interface, if there is one."""
        if self.interface is None or any(one is None for _, _, one in self.earlier):
            return None
        choices = [(before, one) for before, _, one in self.earlier if one is not None]
        return _argument(choices, self.interface)

    @property
    def prefix(self) -> str:
        """The first three fields of its probes."""
        return f"fbt:{self.module}:{self.name}"


def before(osreldate: int) -> D:
    """The variable of D that tells whether the kernel is older than that."""
    return D(f"before{osreldate}")


def _argument(choices: Sequence[tuple[int, int]], last: int) -> D:
    if not choices or all(one == last for _, one in choices):
        return D(f"arg{last}")
    text = "".join(f"{before(osreldate)} ? arg{one} : " for osreldate, one in choices)
    return D(f"({text}arg{last})")


@dataclass(frozen=True, slots=True)
class Group:
    """
    Functions of which one clause looks at the entry.

    :ivar argument: the mbuf, in D.
    :ivar depth: 1 for ``struct mbuf *``, 2 for ``struct mbuf **``.
    :ivar interface: the ``struct ifnet *``, or None.
    :ivar role: ``move``, ``copy`` or ``copy from`` (an offset on) where they do that; ``context``
        where what is told further in is about the packet; else empty.
    :ivar returns: whether what they return is shown.
    :ivar chooses: the condition under which a packet that is not followed yet is; empty for none.
    :ivar keeps: statements that keep where the function's arguments have rules.
    :ivar delivers: whether what comes there is as good as delivered, where that is asked for.
    :ivar settles: whether their returns settle what became of a packet, where that is asked for.
    :ivar socket: the ``struct socket *`` at hand, in D; empty for none.
    :ivar entries: the descriptions of their entry probes.
    """

    argument: D
    depth: int
    interface: D | None
    role: str
    returns: bool
    chooses: D
    keeps: D
    delivers: bool
    settles: bool
    socket: D
    entries: D


@dataclass(frozen=True, slots=True)
class Pair:
    """Entry and return probes of some functions, as the description of a clause."""

    entries: D
    returns: D
    count: int


@dataclass(frozen=True, slots=True)
class Finder:
    """
    A function that finds a rule of a firewall, as clauses look at it.

    :ivar entry: its entry probe, where no other clause looks at that.
    :ivar returns: its return probe.
    :ivar keeps: what keeps where its arguments have what it finds.
    :ivar rule: whether it finds rules, and not states only.
    :ivar ruleset: how the ruleset is had: ``known`` from the arguments, ``stepped`` into by other
        functions, or empty where it is not.
    """

    entry: D | None
    returns: D
    keeps: D
    rule: bool
    ruleset: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Probes at which a packet may be refused.

    :ivar probes: the descriptions of them.
    :ivar condition: on their arguments, under which it is; empty for none.
    """

    probes: D
    condition: D


def known_functions(known: Catalog) -> list[Function]:
    """The functions that a catalog knows, where there is no listing."""
    found = []
    for probe in known:
        description = probe.description
        if description.provider == "fbt" and description.name == "entry":
            mbuf, interface = probe.mbuf, probe.interface
            found.append(
                Function(
                    description.function,
                    mbuf.position,
                    mbuf.depth,
                    interface.position if interface and not interface.tapped else None,
                    earlier=tuple(
                        (
                            way.before,
                            way.mbuf.position,
                            way.interface.position if way.interface else None,
                        )
                        for way in probe.earlier
                    ),
                )
            )
    have = {function.name for function in found}
    found += [Function(name, 0) for name in (*MOVES, *COPIES) if name not in have]
    return found


def listed_functions(listing: Iterable[ListedProbe]) -> list[Function]:
    """
    The functions of a kernel's listing that are given an mbuf, each name once for each way.

    A name that means different functions in different modules comes with its modules.
    """
    ways: dict[str, dict[Function, set[str]]] = {}
    for probe in listing:
        where = probe.description
        mbufs = probe.mbufs
        name = where.function
        if where.provider != "fbt" or where.name != "entry" or not mbufs or len(name) > _LONGEST:
            continue
        interface = probe.interface
        mbuf = mbufs[0]
        function = Function(
            name, mbuf.position, mbuf.depth, interface.position if interface else None
        )
        ways.setdefault(name, {}).setdefault(function, set()).add(where.module)
    found: list[Function] = []
    for known in ways.values():
        if len(known) == 1:
            found += known
        else:
            for function, modules in known.items():
                found += [replace(function, module=module) for module in sorted(modules)]
    return found


def choose(
    functions: Sequence[Function],
    preset: str = "default",
    wanted: Sequence[str] = (),
    unwanted: Sequence[str] = (),
) -> list[Function]:
    """
    The functions to look at: those of the preset or *wanted*, without the *unwanted*.

    What moves, copies and frees mbufs is always among them.

    :param functions: what there is.
    :param wanted: globs; these are instead of the preset.
    :raises PathError: there are none, a glob names none, or none is left.
    """
    if not functions:
        raise PathError(
            "no function in the listing is given a struct mbuf; make it with "
            "`dtrace -lv -n 'fbt:::entry'` as root on FreeBSD"
        )
    for glob in (*wanted, *unwanted):
        if not any(fnmatch.fnmatchcase(function.name, glob) for function in functions):
            raise PathError(f"no function {glob!r} that is given an mbuf")
    globs = tuple(wanted) or PRESETS[preset]
    needed = {*MOVES, *COPIES, "m_freem"}
    chosen = [
        function
        for function in functions
        if function.name in needed
        or (matches(function.name, globs) and not matches(function.name, unwanted))
    ]
    if all(function.name in needed for function in chosen):
        raise PathError("no function is left to look at")
    return chosen


def matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)


def layer(name: str) -> Layer | None:
    """What the data starts with at a function; None where it is not known here."""
    exact = LAYERS.get(name)
    if exact is not None:
        return exact
    return next((kind for glob, kind in LAYERS.items() if fnmatch.fnmatchcase(name, glob)), None)


def verdict(name: str) -> str:
    """What the value of a function is, where it tells what became of a packet; else empty."""
    exact = VERDICTS.get(name)
    if exact is not None:
        return exact
    return next((kind for glob, kind in VERDICTS.items() if fnmatch.fnmatchcase(name, glob)), "")
