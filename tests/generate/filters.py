# SPDX-License-Identifier: BSD-2-Clause
"""Filters in the language of pcap-filter(7), and packets to decide about."""

from __future__ import annotations

from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType

#: At least one filter for each primitive of pcap-filter(7) that libpcap compiles without a live
#: interface, with the link types where it makes sense.
ANY = (LinkType.ETHERNET, LinkType.RAW, LinkType.IPV4)
ETHERNET = (LinkType.ETHERNET,)
PRIMITIVES: list[tuple[str, tuple[LinkType, ...]]] = [
    ("dst host 192.168.1.100", ANY),
    ("src host 192.168.1.1", ANY),
    ("host 192.168.1.1", ANY),
    ("host 2001:db8::1", (LinkType.ETHERNET, LinkType.RAW, LinkType.IPV6)),
    ("ether dst 02:00:00:00:00:01", ETHERNET),
    ("ether src 02:00:00:00:00:02", ETHERNET),
    ("ether host 02:00:00:00:00:02", ETHERNET),
    ("gateway 192.168.1.1", ()),  # needs a name: refused, with libpcap's words
    ("dst net 192.168", ANY),
    ("src net 10.0.0.0/8", ANY),
    ("net 192.168.1.0 mask 255.255.255.0", ANY),
    ("net 2001:db8::/32", (LinkType.ETHERNET, LinkType.RAW)),
    ("dst port 22", ANY),
    ("src port 15676", ANY),
    ("port 53", ANY),
    ("tcp src port 80", ANY),
    ("udp dst port 53", ANY),
    ("dst portrange 20-25", ANY),
    ("src portrange 1024-65535", ANY),
    ("portrange 1-100", ANY),
    ("less 60", ANY),
    ("greater 60", ANY),
    ("ip proto 6", ANY),
    ("ip proto \\tcp", ANY),
    ("ip6 proto 17", (LinkType.ETHERNET, LinkType.RAW, LinkType.IPV6)),
    ("proto 1", ANY),
    ("tcp", ANY),
    ("udp", ANY),
    ("icmp", ANY),
    ("icmp6", (LinkType.ETHERNET, LinkType.RAW, LinkType.IPV6)),
    ("ether broadcast", ETHERNET),
    ("broadcast", ETHERNET),
    ("ip broadcast", ()),  # needs a netmask
    ("ether multicast", ETHERNET),
    ("multicast", ETHERNET),
    ("ip multicast", (LinkType.ETHERNET, LinkType.IPV4)),
    ("ip6 multicast", (LinkType.ETHERNET, LinkType.IPV6)),
    ("ether proto 0x800", ETHERNET),
    ("ether proto \\arp", ETHERNET),
    ("ip", (LinkType.ETHERNET, LinkType.RAW)),
    ("ip6", (LinkType.ETHERNET, LinkType.RAW)),
    ("arp", ETHERNET),
    ("rarp", ETHERNET),
    ("atalk", ETHERNET),
    ("aarp", ETHERNET),
    ("decnet host 10.15", ETHERNET),
    ("iso", ETHERNET),
    ("stp", ETHERNET),
    ("ipx", ETHERNET),
    ("netbeui", ETHERNET),
    ("lat", ETHERNET),
    ("moprc", ETHERNET),
    ("mopdl", ETHERNET),
    ("isis", ETHERNET),
    ("clnp", ETHERNET),
    ("esis", ETHERNET),
    ("vlan", ETHERNET),
    ("vlan 5", ETHERNET),
    ("vlan 5 and tcp", ETHERNET),
    ("vlan and vlan 7 and ip", ETHERNET),
    ("mpls", ETHERNET),
    ("mpls 100000 and mpls 1024", ETHERNET),
    ("pppoed", ETHERNET),
    ("pppoes", ETHERNET),
    ("pppoes 7 and ip", ETHERNET),
    ("geneve", (LinkType.ETHERNET, LinkType.RAW)),
    ("geneve 0xb", (LinkType.ETHERNET, LinkType.RAW)),
    ("sctp", ANY),
    ("ah", ANY),
    ("esp", ANY),
    ("pim", ANY),
    ("igmp", ANY),
    ("igrp", ANY),
    ("vrrp", ANY),
    ("carp", ANY),
    ("ether[0] & 1 != 0", ETHERNET),
    ("ip[0] & 0xf != 5", ANY),
    ("ip[6:2] & 0x1fff = 0", ANY),
    ("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", ANY),
    ("tcp[13] == 16", ANY),
    ("icmp[icmptype] = icmp-echo", ANY),
    ("icmp[icmpcode] != 0", ANY),
    ("udp[4:2] > 20", ANY),
    ("tcp[(tcp[12] >> 2):4] = 0x00000000", ANY),
    ("ip[2:2] - ((ip[0] & 0xf) << 2) - (tcp[12] >> 4 << 2) > 0", ANY),
    ("len > 52", ANY),
    ("len = 52 or len & 1 = 1", ANY),
    ("len * 3 % 7 = 2", ANY),
    ("len / ip[9] > 3", ANY),
    ("len / tcp[1] = 0", ANY),
    ("len % udp[7] = 1", ANY),
    ("1 << ip[8] = 0", ANY),
    ("0xffffffff >> tcp[1] > 5", ANY),
    ("len << 31 = 0", ANY),
    ("-len > 0x7fffffff", ANY),
    ("len - 0xffffffff = 53", ANY),
    ("ip[0] ^ 0x45 = 0", ANY),
    ("ip[0] | tcp[0] = 0x7d", ANY),
    ("ip[ip[9]] = 1", ANY),
    ("ip[tcp[4:4]] = 1", ANY),
    ("tcp[0xfffffff0] = 1", ANY),
    ("not tcp and not udp", ANY),
    ("(tcp or udp) and (port 22 or port 53) and not host 10.0.0.1", ANY),
]


def _byte_at() -> st.SearchStrategy[str]:
    place = st.one_of(
        st.integers(0, 80).map(str),
        st.sampled_from(["ip[0] & 0xf", "len - 4", "tcp[12] >> 2", "ip[2:2]", "0xfffffffe"]),
    )
    return st.builds(
        "{}[{}{}]".format,
        st.sampled_from(["ip", "tcp", "udp", "icmp"]),
        place,
        st.sampled_from(["", ":1", ":2", ":4"]),
    )


NUMBERS = st.one_of(st.integers(0, 64), st.sampled_from([80, 255, 0xFFFF, 1 << 31, 0xFFFFFFFF]))


def arithmetic() -> st.SearchStrategy[str]:
    """Arithmetic expressions."""
    atom = st.one_of(NUMBERS.map(str), st.just("len"), _byte_at())
    return st.recursive(
        atom,
        lambda inner: st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"]),
            inner,
        ),
        max_leaves=4,
    )


PRIMITIVE = st.one_of(
    # Behind `geneve or` libpcap's code reads scratch memory that it never wrote: no oracle.
    st.sampled_from([text for text, links in PRIMITIVES if links and "geneve" not in text]),
    st.builds(
        "{} {} {}".format,
        arithmetic(),
        st.sampled_from([">", "<", ">=", "<=", "=", "!="]),
        arithmetic(),
    ),
    st.builds(
        "{}{}port {}".format,
        st.sampled_from(["", "tcp ", "udp "]),
        st.sampled_from(["", "src ", "dst ", "src or dst ", "src and dst "]),
        st.sampled_from([22, 53, 80, 15676]),
    ),
    st.builds(
        "{}host 192.168.1.{}".format,
        st.sampled_from(["", "src ", "dst "]),
        st.sampled_from([1, 100, 7]),
    ),
)

#: Whole expressions: the grammar's `not`, `and` and `or` over primitives.
EXPRESSIONS = st.recursive(
    PRIMITIVE,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=3,
)

TCP = bytes.fromhex(
    "45100034 46f44000 4006700a c0a80101 c0a80164 3d3c0016 707dfa57 c2ccf14b"
    "80100410 b5a50000 0101080a 3ac804ae 943c095f"
)
OPTIONS = bytes([0x47]) + TCP[1:20] + bytes(8) + TCP[20:]
FRAGMENT = TCP[:6] + b"\x00\x10" + TCP[8:]
UDP = bytes.fromhex("45000021 00010000 40110000 0a000001 c0a80107 04d20035 000d0000 6869210a00")
ICMP = bytes.fromhex("45000054 00000000 40010000 7f000001 7f000001 08000000 12340001") + bytes(
    range(56)
)
IP6_TCP = bytes.fromhex(
    "60000000 00140640 20010db8000000000000000000000001 20010db8000000000000000000000002"
    "04d20016 00000001 00000000 50020000 00000000"
)
IP6_HOP = bytes.fromhex(
    "60000000 001c0040 20010db8000000000000000000000001 ff020000000000000000000000000001"
    "06000000 00000000 04d20016 00000001 00000000 50020000 00000000"
)
NETWORK = [
    TCP,
    OPTIONS,
    FRAGMENT,
    UDP,
    ICMP,
    IP6_TCP,
    IP6_HOP,
    TCP[:33],
    TCP[:21],
    TCP[:3],
    b"\x45",
]


def _ethernet(kind: int, data: bytes, to: str = "020000000001") -> bytes:
    return bytes.fromhex(to) + bytes.fromhex("020000000002") + kind.to_bytes(2, "big") + data


FRAMES = [
    _ethernet(0x800, TCP),
    _ethernet(0x800, UDP, "ffffffffffff"),
    _ethernet(0x86DD, IP6_TCP),
    _ethernet(0x86DD, IP6_HOP, "333300000001"),
    _ethernet(0x806, bytes.fromhex("0001080006040001") + bytes(20)),
    _ethernet(0x8100, bytes.fromhex("0005 0800") + TCP),
    _ethernet(0x8100, bytes.fromhex("2005 8100 0007 0800") + UDP),
    _ethernet(0x8847, bytes.fromhex("186a00ff 004001ff") + TCP),
    _ethernet(0x8864, bytes.fromhex("1100 0007 0036 0021") + TCP),
    _ethernet(0x0026, bytes.fromhex("424203") + bytes(35)),
    _ethernet(0x800, TCP)[:20],
    _ethernet(0x800, TCP)[:13],
]
CORPUS = {
    LinkType.ETHERNET: FRAMES,
    LinkType.RAW: NETWORK,
    LinkType.IPV4: NETWORK,
    LinkType.IPV6: NETWORK,
}

#: How a packet may lie in mbufs: all in one, headers apart, byte by byte, empty mbufs in between.
SPLITS: list[tuple[int, ...]] = [(), (14,), (20,), (0, 20, 0, 1), (1, 1, 1, 1, 1, 1), (7, 13, 5)]
