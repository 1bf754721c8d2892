# SPDX-License-Identifier: BSD-2-Clause
"""
What the kernel knows of a packet beside its bytes: the packet header of its first mbuf, in words.

Scripts print it where ``--meta`` asks for it; a field is written once, here, with its words. Names
of flags, hashes and tags are those of sys/mbuf.h, which are the same from FreeBSD 12 on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from dtkit.mbuf.flags import MFlag

__all__ = ["DECRYPTED", "HEADER_FIELDS", "MbufHeader", "header_from", "header_words", "read_header"]


class MbufHeader(NamedTuple):
    """What is known of an mbuf that begins a packet. What is not known is None."""

    flags: Annotated[str | None, "of the mbuf: PKTHDR, EXT, BCAST, EXTPG, ..."] = None
    csum: Annotated[str | None, "what was or is to be summed: L3_VALID, IP_TCP, IP_TSO, ..."] = None
    flow: Annotated[int | None, "its flow: a hash, or what the driver says"] = None
    rss: Annotated[str | None, "what the flow was hashed from: RSS_TCP_IPV4, OPAQUE, ..."] = None
    fib: Annotated[int | None, "the routing table it is for"] = None
    vlan: Annotated[int | None, "its VLAN tag, where it is beside the bytes"] = None
    received: Annotated[str | None, "the interface that it came from; hops tell it apart"] = None
    process: Annotated[str | None, "the program that ran; hops tell it apart"] = None
    tags: Annotated[str | None, "what modules have put on it: PF, IPSEC_IN_DONE, ..."] = None

    @property
    def decrypted(self) -> bool:
        """Whether IPsec has taken the packet out of what came in."""
        return self.tags is not None and _TAGS[DECRYPTED] in self.tags.split(",")

    def known(self) -> dict[str, int | str]:
        """The fields that are known."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def _fields() -> dict[str, tuple[str, str]]:
    found = {}
    for name, hint in get_type_hints(MbufHeader, include_extras=True).items():
        inner, words = get_args(hint)
        assert get_origin(inner) in (Union, UnionType)
        found[name] = ("integer" if int in get_args(inner) else "string", words)
    return found


#: Of each field the type in JSON, and what it holds.
HEADER_FIELDS: Mapping[str, tuple[str, str]] = _fields()

_FLAGS = {
    **{int(flag): str(flag.name) for flag in MFlag},
    **{0x1000 << number: f"PROTO{number}" for number in range(1, 12)},
}

_CSUM = {
    1 << bit: name
    for bit, name in enumerate(
        (
            "IP", "IP_UDP", "IP_TCP", "IP_SCTP", "IP_TSO", "IP_ISCSI", "INNER_IP6_UDP",
            "INNER_IP6_TCP", "INNER_IP6_TSO", "IP6_UDP", "IP6_TCP", "IP6_SCTP", "IP6_TSO",
            "IP6_ISCSI", "INNER_IP", "INNER_IP_UDP", "INNER_IP_TCP", "INNER_IP_TSO",
            "ENCAP_VXLAN", "", "INNER_L3_CALC", "INNER_L3_VALID", "INNER_L4_CALC",
            "INNER_L4_VALID", "L3_CALC", "L3_VALID", "L4_CALC", "L4_VALID", "L5_CALC", "L5_VALID",
            "COALESCED", "SND_TAG",
        )
    )
    if name
}  # fmt: skip

#: Numbers of hashes, without the bit that says that the hash has its properties.
_HASHES = {
    0: "NONE", 1: "RSS_IPV4", 2: "RSS_TCP_IPV4", 3: "RSS_IPV6", 4: "RSS_TCP_IPV6",
    5: "RSS_IPV6_EX", 6: "RSS_TCP_IPV6_EX", 7: "RSS_UDP_IPV4", 9: "RSS_UDP_IPV6",
    10: "RSS_UDP_IPV6_EX", 63: "OPAQUE",
}  # fmt: skip
_HASH_BITS, _INNER = 0x3F, 0x40

#: Tags of cookie 0 by their id, without MTAG_PERSISTENT.
_TAGS = {
    1: "IPSEC_IN_DONE", 2: "IPSEC_OUT_DONE", 3: "IPSEC_IN_CRYPTO_DONE",
    4: "IPSEC_OUT_CRYPTO_NEEDED", 5: "IPSEC_IN_COULD_DO_CRYPTO", 6: "IPSEC_PENDING_TDB",
    7: "BRIDGE", 8: "GIF", 9: "GRE", 10: "IN_PACKET_CHECKSUM", 11: "ENCAP", 12: "IPSEC_SOCKET",
    13: "IPSEC_HISTORY", 14: "IPV6_INPUT", 15: "DUMMYNET", 17: "DIVERT", 18: "IPFORWARD",
    19: "MACLABEL", 21: "PF", 25: "RTSOCKFAM", 27: "IPOPTIONS", 28: "CARP",
    29: "IPSEC_NAT_T_PORTS", 30: "ND_OUTGOING", 31: "PF_REASSEMBLED", 32: "IPSEC_ACCEL_OUT",
    33: "IPSEC_ACCEL_IN", 34: "OVPN",
}  # fmt: skip
_PERSISTENT = 0x800

#: Of these, that of a packet which IPsec has decrypted.
DECRYPTED = 1

#: Tags of modules with a cookie of their own.
_COOKIES = {
    1148380143: "IPFW",
    1262273568: "IPFW_RULE",
    1308397630: "IPFW_CALL",
    1262273569: "PF_DIVERT",
    1326104895: "8021Q",
    1767225600: "MBUF_TRACE",
}


def read_header(
    number: Callable[[str], int | None], fields: Mapping[str, str], *, hop: bool
) -> MbufHeader | None:
    """
    What a line of a script says of an mbuf; None where it was not asked for.

    :param number: the number in a field, or None.
    :param fields: the fields as text.
    :param hop: whether the line is of a hop, which tells interface and process itself.
    """
    flags = number("flags")
    if flags is None:
        return None
    words = _bits(flags, _FLAGS)
    if not flags & MFlag.PKTHDR:
        return MbufHeader(words, process=None if hop else fields.get("exec") or None)
    vlan = number("vtag") if flags & MFlag.VLANTAG else None
    hashed = number("rss")
    return MbufHeader(
        words,
        _bits(number("csum"), _CSUM),
        number("flow"),
        None if hashed is None else _hash(hashed),
        number("fib"),
        vlan,
        None if hop else fields.get("if") or None,
        None if hop else fields.get("exec") or None,
        ",".join(_tags(fields.get("tags", "").split(","))),
    )


def _bits(value: int | None, names: Mapping[int, str]) -> str | None:
    """The bits of *value* by name; those that have none as one number."""
    if value is None:
        return None
    found = [name for bit, name in names.items() if value & bit]
    rest = value & ~sum(names)
    return ",".join([*found, *([f"{rest:#x}"] if rest else [])])


def _hash(value: int) -> str:
    name = _HASHES.get(value & _HASH_BITS, f"{value:#x}")
    return f"INNER_{name}" if value & _INNER else name


def _tags(texts: Iterable[str]) -> Iterable[str]:
    """The names of tags, each given as cookie and id in hex."""
    for text in texts:
        cookie, _, id_ = text.partition(".")
        try:
            whose, which = int(cookie, 16), int(id_, 16)
        except ValueError:
            continue
        if whose == which == 0:
            continue
        if whose:
            yield _COOKIES.get(whose, f"{whose:#x}.{which}")
        else:
            yield _TAGS.get(which & ~_PERSISTENT, str(which))


def header_words(header: MbufHeader) -> list[str]:
    """The fields that say something, for people: ``csum L3_CALC,L3_VALID``."""
    known = header.known().items()
    return [f"{name} {value}" for name, value in known if value not in ("", "NONE", 0)]


def header_from(found: Any) -> MbufHeader | None:
    """
    A header as JSON has it, from a file that may be forged.

    :raises ValueError: it is none.
    """
    if found is None:
        return None
    kinds = {"integer": int, "string": str}
    if not isinstance(found, dict):
        raise ValueError("a header that is no object")
    known = {name: found[name] for name in HEADER_FIELDS if name in found}
    if not all(type(value) is kinds[HEADER_FIELDS[name][0]] for name, value in known.items()):
        raise ValueError("a header whose fields are not what they should be")
    return MbufHeader(**known)
