# SPDX-License-Identifier: BSD-2-Clause
"""A short list of probes, as ``dtrace -lv`` prints it."""

from __future__ import annotations

FUNCTIONS = {
    "ip_input": ["struct mbuf *"],
    "ip_output": ["struct mbuf *", "struct mbuf *", "struct route *", "int"],
    "ip_forward": ["struct mbuf *", "int"],
    "ether_output": ["struct ifnet *", "struct mbuf *", "struct sockaddr *", "struct route *"],
    "m_freem": ["struct mbuf *"],
    "m_pullup": ["struct mbuf *", "int"],
    "m_copym": ["struct mbuf *", "int", "int", "int"],
    "malloc": ["size_t"],
}


def row(number: int, function: str, types: list[str]) -> str:
    """A function's entry as ``dtrace -lv`` prints it."""
    arguments = "".join(f"\t\targs[{index}]: {one}\n" for index, one in enumerate(types))
    probe = f"{number:5d} {'fbt':>10} {'kernel':>17} {function:>33} entry"
    return f"{probe}\n\n\tArgument Types\n{arguments}\n"


LISTING = "   ID   PROVIDER            MODULE                          FUNCTION NAME\n" + "".join(
    row(number, function, types) for number, (function, types) in enumerate(FUNCTIONS.items(), 1)
)
