# SPDX-License-Identifier: BSD-2-Clause
"""The ready-made scripts of ``d_scripts/``: what each shows, and what it is made from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from dtkit.freebsd import Release
from dtkit.generate.narrowed import Narrowed
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.generate.script import script
from dtkit.generate.templating import render
from dtkit.generate.text import D, comment
from dtkit.probes import catalog
from dtkit.version import __version__

_PARSED = "dtrace -s FILE | dtkit parse"
_ALONE = "dtrace -s FILE            (^C ends it and prints the summary)"


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """
    A ready-made script.

    :ivar title: what it shows, in a line.
    :ivar about: more of it, for the header.
    :ivar probes: where, of one that is generated as `dtkit script` does.
    :ivar request: what of, likewise; None for one with a template of its own.
    :ivar places: where it first sees packets, of one that is for some alone where it is asked to.
    :ivar needs: what it runs on.
    :ivar run: the command.
    """

    name: str
    title: str
    about: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    request: Request | None = None
    places: tuple[str, ...] = ()
    needs: str = Copy.FIRST.needs
    run: str = _ALONE

    @property
    def narrows(self) -> bool:
        """Whether it takes conditions."""
        return self.request is not None or bool(self.places)


_SCRIPTS = [
    ReadyMade(
        "rfd-first-64-bytes",
        "The first 64 bytes of what reaches tcp_input: the RFD's first example",
        probes=("tcp_input",),
        request=Request(copy=Copy.COPYOUTMBUF, annotate=True),
    ),
    ReadyMade(
        "rfd-skip-20-bytes",
        "64 bytes behind the IPv4 header at tcp_input: the RFD's second example",
        probes=("tcp_input",),
        request=Request(copy=Copy.COPYOUTMBUF, offset=20, annotate=True),
    ),
    ReadyMade(
        "packets-at-input",
        "Packets that reach TCP, UDP and ICMP: the first 128 bytes of each",
        probes=("tcp_input", "udp_input", "icmp_input"),
        request=Request(length=128, copy=Copy.SEGMENTS, annotate=True, depth=4),
    ),
    ReadyMade(
        "in-and-out",
        "Frames in and out, by interface: the first 64 bytes of each, and totals",
        ("The loopback interface has no frames: its packets are shown as `loop`.",),
        places=("ether_input", "ether_output_frame", "if_simloop"),
        run=_PARSED,
    ),
    ReadyMade(
        "vnets",
        "Packets by network stack (vnet) and interface",
        ("The address is what `dtkit script --vnet` takes.",),
        places=("ether_input", "if_simloop"),
    ),
    ReadyMade(
        "drops",
        "Packets that IP, TCP or UDP drop, each with the stack that dropped it",
        (
            "A packet is dropped where its mbuf is freed between a layer's entry and the function",
            "that hands it on. One whose mbuf was replaced on the way (m_pullup) is not seen.",
        ),
        places=(
            "ip_input",
            "ip_tryforward",
            "ip_forward",
            "udp_input",
            "tcp_input",
            "ip_output",
        ),
        run=_PARSED,
    ),
    ReadyMade(
        "mbuf-life",
        "The life of mbufs: from allocation to free, and what is never freed",
        ("Each mbuf that is alive takes a dynamic variable: drops mean dynvarsize is too small.",),
        places=("m-free",),
    ),
    ReadyMade(
        "chain-shape",
        "The shape of mbuf chains: length, m_len, clusters; the cost of m_pullup and m_defrag",
        places=("ip_output", "ip_input"),
    ),
    ReadyMade(
        "copyoutmbuf-selftest",
        "Edge cases of copyoutmbuf on one packet: run it on a patched kernel",
        (
            "Each check says how often it ran and passed; both must be 1. A packet of one mbuf at",
            "ip_input starts it: ping -c 1 127.0.0.1",
        ),
        needs=Copy.COPYOUTMBUF.needs,
        run="dtrace -s FILE            (with traffic; it ends by itself)",
    ),
    ReadyMade(
        "latency",
        "Time from ether_input to tcp_input, as a distribution",
        ("Packets are followed by the address of their first mbuf.",),
        places=("ether_input",),
    ),
    ReadyMade(
        "retransmits",
        "TCP segments that are sent again, with their first bytes (IPv4)",
        (
            "A segment is sent again where its sequence number is below snd_max. Of other stacks,",
            "RACK and BBR are seen on every release.",
        ),
        places=("ip_output",),
        run=_PARSED,
    ),
    ReadyMade(
        "pf-verdicts",
        "What pf decides, with the packet",
        ("Packets are shown as they come to pf; what became of each is told behind it.",),
        places=("pf_test",),
        run=_PARSED,
    ),
    ReadyMade(
        "ipfw-verdicts",
        "What ipfw decides, with the packet",
        ("Packets are shown as they come to ipfw; what became of each is told behind it.",),
        places=("ipfw_check_packet",),
        run=_PARSED,
    ),
]

_PROBES = {"pf-verdicts": "pf_test", "ipfw-verdicts": "ipfw_check_packet"}


@cache
def ready() -> tuple[ReadyMade, ...]:
    """The ready-made scripts, in the order in which `dtkit script --list` shows them."""
    return tuple(_SCRIPTS)


def sample(name: str) -> str:
    """Some output of a ready-made script, as its header has it."""
    file = resources.files(__package__) / "templates" / "ready" / f"{name}.sample"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    return "\n".join(line.rstrip() for line in lines)


def ready_made(name: str, release: Release | None = None) -> str:
    """
    The text of a ready-made script.

    :param release: the one that it is for; without it, the text is for every release.
    :raises KeyError: there is none of that name.
    """
    return narrowed(name, Conditions(), release)[0]


def narrowed(
    name: str,
    conditions: Conditions,
    release: Release | None = None,
    command: Sequence[str] = (),
) -> tuple[str, list[str]]:
    """
    The text of a ready-made script for some packets alone, and what to tell the user.

    :param command: the words that ask for it so, for its header.
    :raises KeyError: there is none of that name.
    :raises ConditionError: a condition cannot be had there.
    """
    one = {one.name: one for one in ready()}[name]
    if one.request is not None:
        probes = [catalog(release)[probe] for probe in one.probes]
        words = command or ["dtkit", "script", name]
        request = replace(one.request, conditions=conditions)
        return script(probes, request, words, title=one.title, sample=sample(name))
    asked = Narrowed(conditions, one.places, release)
    probe = catalog(release)[_PROBES[name]] if name in _PROBES else None
    text = render(
        f"ready/{name}.d.j2",
        title=comment(one.title),
        about=[comment(line) for line in one.about],
        command=comment(shlex.join(command)) if command else "",
        needs=D(one.needs),
        run=D(one.run),
        sample=[comment(line) for line in sample(name).splitlines()],
        probe=probe,
        asked=asked,
        version=__version__,
    )
    return text, asked.notes
