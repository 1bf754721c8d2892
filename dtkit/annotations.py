# SPDX-License-Identifier: BSD-2-Clause
"""
The lines that a script of dtkit's prints about itself: which there are, and what stands in them.

``@dtkit 1 mbuf probe=fbt:kernel:tcp_input:entry cpu=0 t=123 m=0xfffff80001 len=52 off=0``: the
version of the form, a kind, and fields with one space between them; numbers are decimal, addresses
``0x`` hex, and fields that a reader does not know are ignored. Names that users give may hold
spaces: the values of ``name``, ``exec`` and ``label`` go to the end of the line, that of ``if`` to
``exec`` and that of ``anchor`` to ``label``.

Templates write these lines and readers take them by the tables here, and
``python -m dtkit.annotations`` prints ``docs/reference/annotations.md`` from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "FIELDS",
    "JOURNEY",
    "KINDS",
    "OPENING",
    "PREFIX",
    "SHOWING",
    "VERSION",
    "AnnotationKind",
    "form",
]

PREFIX = "@dtkit "

#: Of each field, how printf() of D writes it, and what it says.
FIELDS: Mapping[str, tuple[str, str]] = {
    "dtkit": ("%s", "version of the dtkit that wrote the script"),
    "timestamp": ("%d", "ns since boot, at the same moment as `walltimestamp`"),
    "walltimestamp": ("%d", "ns since the epoch"),
    "probe": ("%s", "probe description"),
    "id": ("%d", "probe id"),
    "cpu": ("%d", "the CPU"),
    "t": ("%d", "ns since boot, one value for all lines of a firing"),
    "m": ("0x%x", "address of the first mbuf; of a `move` or `copy`, of the new one"),
    "from": ("0x%x", "address of the mbuf that it was"),
    "j": ("%d", "number of the journey, or 0 where a copy failed"),
    "of": ("%d", "number of the journey that was copied"),
    "n": ("%d", "which hop of the journey it is, from 1; of a `free`, how many there were"),
    "tid": ("%d", "the thread"),
    "pid": ("%d", "the process"),
    "vnet": ("0x%x", "address of the network stack; 0 where none is at work"),
    "pkt": ("%d", "`m_pkthdr.len`, a hint; -1 where there is no packet header"),
    "len": ("%d", "bytes of the chain, exact"),
    "off": ("%d", "bytes of the chain that are not shown in front of the dump"),
    "seg": ("%d", "which segment of the chain it is, from 1"),
    "skip": ("%d", "bytes of this mbuf that are not shown in front of the dump"),
    "mlen": ("%d", "`m_len` of the mbuf, exact"),
    "vtag": ("%d", "VLAN tag that the packet header has and the bytes have not; -1 for none"),
    "flags": ("0x%x", "`m_flags`; it and those that follow with `--meta`"),
    "csum": ("0x%x", "`csum_flags` of the packet header; with 0 and the like where there is none"),
    "flow": ("%u", "`flowid`"),
    "rss": ("%d", "`rsstype`"),
    "fib": ("%d", "`fibnum`"),
    "tags": ("%s", "the first tags, each its cookie and id in hex; 0.0 for none"),
    "dump": ("%d", "bytes of the dump that follows"),
    "last": ("%d", "not 0 where no segment follows"),
    "value": ("%d", "what the function returned: the register"),
    "freed": ("%d", "1 where the mbuf is gone"),
    "moving": ("%d", "not 0 where a function that moves the packet frees its old mbuf"),
    "depth": ("%d", "frames of the stack"),
    "mbufs": ("%d", "mbufs that the script looks at"),
    "dropped": ("%s", "the function that dropped the packet"),
    "functions": ("%d", "functions that the script enables"),
    "probes": ("%d", "probes that it enables"),
    "rate": ("%d", "packets that it begins to follow in a second, at most"),
    "fired": ("%d", "how often the probe fired; in all, gates for packets not followed yet"),
    "accepted": ("%d", "packets that met the conditions"),
    "limited": ("%d", "packets that met them, but were over a limit; in all, at each gate anew"),
    "beyond": ("%d", "the same, once as many were begun with as were asked for (--count)"),
    "matched": ("%d", "packets that were followed"),
    "hops": ("%d", "hops that were seen; in `path`, those shown in a second, at most"),
    "ends": ("%d", "packets that were freed"),
    "faults": ("%d", "faults of the script's clauses"),
    "only": ("%s", "how journeys must end to be shown: `dropped`, `slower`, `reason`"),
    "held": ("%d", "journeys that are held back at a time, at most"),
    "brief": ("%d", "1 where the end of a packet is recorded, and not its hops"),
    "ring": ("%d", "bytes of the ring on each CPU, in which the newest lines replace the oldest"),
    "first": ("%d", "not 0 in the first such line of a CPU"),
    "kept": ("%d", "packets that ended as asked, and are shown"),
    "missed": ("%d", "packets that were not followed, for too many were held back"),
    "jail": ("%d", "id of the jail"),
    "by": ("%s", "the firewall: `pf` or `ipfw`"),
    "nr": ("%d", "number of the rule; of a state, of the rule that made it"),
    "set": ("%d", "the set that the rule is in"),
    "action": ("%d", "what was decided, as that firewall numbers it"),
    "why": ("%d", "the reason, as pf numbers it; -1 where it gave none"),
    "nat": ("%d", "number of the rule that translates the packet; -1 for none"),
    "state": ("%d", "not 0 where there is a state"),
    "rule": ("0x%x", "address of the rule"),
    "family": ("%d", "4 for ICMP, 6 for ICMPv6"),
    "type": ("%d", "type of the message"),
    "code": ("%d", "code of the message"),
    "counter": ("%s", "name of the counter"),
    "so": ("0x%x", "address of the socket; 0 for none"),
    "uid": ("%d", "the user whose credentials it has"),
    "known": (
        "%d",
        "how its process is known: 1 created it, 2 accepted it, 3 sent on it, 4 received from it, "
        "5 had it before; 0 where it is not",
    ),
    "anchor": ("%S", "path of the anchor that the rule is in, if any; may hold spaces"),
    "label": ("%S", "label of the rule; may hold spaces, and ends the line"),
    "if": ("%S", "the interface, if known; may hold spaces"),
    "name": ("%S", "name of the jail; may hold spaces, and ends the line"),
    "exec": ("%S", "name of the program; may hold spaces, and ends the line"),
}

#: The fields that end a line, each with that which may stand in front of it: they may hold spaces.
ENDING: Mapping[str, str] = {"name": "", "exec": "if", "label": "anchor"}


@dataclass(frozen=True, slots=True)
class AnnotationKind:
    """
    A kind of line.

    :ivar fields: those that it can have, in this order.
    :ivar words: what it says.
    :ivar dump: whether a dump may follow, which is of the packet that the line is about.
    :ivar stack: whether a stack may follow.
    :ivar journey: whether it is about a packet that is followed, from its first mbuf to its free.
    :ivar version: of the form.
    """

    name: str
    fields: tuple[str, ...]
    words: str
    dump: bool = False
    stack: bool = False
    journey: bool = False
    version: int = 1


_FIRING = ("probe", "id", "cpu", "t")
_SEGMENT = ("seg", "skip", "mlen", "dump", "last")
_WHO = ("tid", "pid", "vnet")
_META = ("flags", "csum", "flow", "rss", "fib", "tags")
_RULE = ("by", "nr", "set", "action", "nat", "state", "rule")

_KINDS = (
    AnnotationKind(
        "start",
        ("dtkit", "timestamp", "walltimestamp", "ring"),
        "the script begins; of a ring, said again at its end",
    ),
    AnnotationKind(
        "mbuf",
        (*_FIRING, "m", "pkt", "len", "off", *_SEGMENT, "vtag", "dropped", *_META, "if", "exec"),
        "a packet, or one segment of it",
        dump=True,
    ),
    AnnotationKind(
        "stack", (*_FIRING, "m", "depth", "dropped"), "the stack at a packet", stack=True
    ),
    AnnotationKind(
        "cut", (*_FIRING, "m", "mbufs"), "the chain goes on behind the last segment shown"
    ),
    AnnotationKind(
        "unmapped", (*_FIRING, "m", "seg"), "the chain goes on in memory that is not mapped"
    ),
    AnnotationKind(
        "end",
        (
            "probe",
            "fired",
            "accepted",
            "limited",
            "beyond",
            "matched",
            "hops",
            "ends",
            "kept",
            "missed",
            "faults",
        ),
        "the script ends: how much there was, of a probe or in all",
    ),
    AnnotationKind(
        "now", ("t", "first"), "the time, each second: packets that were freed before are over"
    ),
    AnnotationKind(
        "path",
        ("functions", "probes", "rate", "hops", "only", "held", "brief"),
        "what `dtkit path` asked for",
    ),
    AnnotationKind(
        "vnet", ("vnet", "jail", "name"), "a network stack, by the jail that it belongs to"
    ),
    AnnotationKind(
        "hop",
        (*_FIRING, "m", "j", "n", *_WHO, "pkt", "off", "len", *_SEGMENT, "if", "exec"),
        "a function is given a packet that is followed",
        dump=True,
        journey=True,
    ),
    AnnotationKind("return", (*_FIRING, "j", *_WHO, "value"), "the function returns", journey=True),
    AnnotationKind(
        "move",
        (*_FIRING, "m", "from", "j", *_WHO),
        "the packet goes on in another mbuf",
        journey=True,
    ),
    AnnotationKind(
        "unmoved",
        (*_FIRING, "m", "j", *_WHO, "freed"),
        "a function that should have moved the packet failed",
        journey=True,
    ),
    AnnotationKind(
        "copy",
        (*_FIRING, "m", "from", "j", "of", *_WHO, "pkt", "off", *_SEGMENT),
        "the packet was copied, and the copy is a journey of its own",
        dump=True,
        journey=True,
    ),
    AnnotationKind(
        "free", (*_FIRING, "m", "j", "n", *_WHO), "its mbuf is freed", stack=True, journey=True
    ),
    # Version 2: probe and CPU are those that dtrace(1) prints in front of the line.
    AnnotationKind(
        "hop",
        (
            *("id", "t", "m", "j", "n", *_WHO, "pkt", "off", "len", *_SEGMENT, "vtag"),
            *(*_META, "if", "exec"),
        ),
        "a function is given a packet that is followed",
        dump=True,
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "return",
        ("id", "t", "j", *_WHO, "value", "why"),
        "the function returns",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "rule",
        ("id", "t", "j", *_WHO, *_RULE, "anchor", "label"),
        "a rule of a firewall matched",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "verdict",
        ("id", "t", "j", *_WHO, "by", "action", "why", "state", "rule"),
        "a firewall has decided",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "icmp",
        ("id", "t", "j", *_WHO, "family", "type", "code"),
        "the sender is about to be told by ICMP that the packet ends here",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "counter",
        ("id", "t", "j", *_WHO, "counter"),
        "a counter of packets that are dropped counts this one",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "socket",
        ("id", "t", "j", "so", "uid", "jail", "pid", "known", "exec"),
        "a socket that the packet is of, and the process that has it",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "move",
        ("id", "t", "m", "from", "j", *_WHO, "freed"),
        "the packet goes on in another mbuf; in none, where `m` is 0",
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "copy",
        ("id", "t", "m", "from", "j", "of", *_WHO, "pkt", "off", "len", *_SEGMENT, "vtag", *_META),
        "the packet was copied from byte `off` on, and the copy is a journey of its own",
        dump=True,
        journey=True,
        version=2,
    ),
    AnnotationKind(
        "free",
        ("id", "t", "m", "j", "n", *_WHO, "moving"),
        "its mbuf is freed",
        stack=True,
        journey=True,
        version=2,
    ),
)

#: Kinds by the version of the form, and their name.
KINDS: Mapping[tuple[int, str], AnnotationKind] = {
    (kind.version, kind.name): kind for kind in _KINDS
}

#: The newest version that is written; a reader takes it and any older one.
VERSION = max(kind.version for kind in _KINDS)

#: Names of kinds that a dump may follow, which is of a packet; a dump or a stack; and of those
#: about a packet that is followed.
SHOWING = frozenset(kind.name for kind in _KINDS if kind.dump)
OPENING = frozenset(kind.name for kind in _KINDS if kind.dump or kind.stack)
JOURNEY = frozenset(kind.name for kind in _KINDS if kind.journey)


def form(
    name: str, values: Mapping[str, int | str | Sequence[str]], version: int = 1
) -> tuple[str, list[str]]:
    """
    The format of a line, and the arguments that fill it.

    :param name: its kind.
    :param values: of each field a number, which is printed as it is; an expression of D, printed as
        :data:`FIELDS` says (``%@d`` where it is an aggregation); or a format with its arguments.
    :raises ValueError: there is no such kind, or it has no such field.
    """
    kind = KINDS.get((version, name))
    if kind is None:
        raise ValueError(f"there is no line {PREFIX}{version} {name}")
    if unknown := values.keys() - set(kind.fields):
        raise ValueError(f"a line {PREFIX}{version} {name} has no {', '.join(sorted(unknown))}")
    words, arguments = [f"{PREFIX}{version} {name}"], []
    for field in kind.fields:
        if field not in values:
            continue
        value = values[field]
        if isinstance(value, int):
            words.append(f"{field}={value}")
        elif isinstance(value, str):
            format = "%@d" if value.startswith("@") else FIELDS[field][0]
            words.append(f"{field}={format}")
            arguments.append(value)
        else:
            words.append(f"{field}={value[0]}")
            arguments += value[1:]
    return " ".join(words), arguments


def manual() -> Iterator[str]:
    """The lines of ``docs/reference/annotations.md``."""
    yield from (
        "# The lines that a script prints about itself",
        "",
        "Every script of dtkit, and `oneliner --annotate`, prints lines that begin with `@dtkit`,",
        "the version of their form, and a kind; `dtkit parse`, `trace` and `path` read them.",
        "Fields have one space between them. A reader ignores fields that it does not know, and",
        "names lines of a later version. `%@d` stands for `%d` where the value is an aggregation.",
        "(This page is what `python -m dtkit.annotations` prints.)",
        "",
        "| version | line | says | fields | followed by |",
        "|---|---|---|---|---|",
    )
    for kind in _KINDS:
        follows = " or ".join(
            what for what, there in (("a dump", kind.dump), ("a stack", kind.stack)) if there
        )
        fields = " ".join(f"`{field}`" for field in kind.fields)
        yield f"| {kind.version} | `{kind.name}` | {kind.words} | {fields} | {follows} |"
    yield from ("", "| field | as | what |", "|---|---|---|")
    for field, (format, words) in FIELDS.items():
        yield f"| `{field}` | `{format}` | {words} |"


if __name__ == "__main__":
    print("\n".join(manual()))
