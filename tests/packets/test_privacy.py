# SPDX-License-Identifier: BSD-2-Clause
"""Packets without what they carry, and with other addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet
from dtkit.packets.privacy import Anonymiser, Privacy
from tests.trace.frames import PACKETS, ethernet, ipv4, tcp, udp

#: Of the sample of Crypto-PAn's authors, whose addresses and results these are.
KEY = bytes.fromhex("1522178d33a4cf80130a5b1649907d10 d8988f8379796527 62574c2d2a842202")
ANONYMISER = Anonymiser(bytes(range(32)))
SECRET = b"attack at dawn, says 10.1.2.3"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("128.11.68.132", "135.242.180.132"),
        ("129.118.74.4", "134.136.186.123"),
        ("130.132.252.244", "133.68.164.234"),
        ("141.223.7.43", "141.167.8.160"),
        ("141.233.145.108", "141.129.237.235"),
        ("192.102.249.13", "252.138.62.131"),
    ],
)
def test_addresses_become_those_that_were_published(before: str, after: str) -> None:
    changed = Anonymiser(KEY).ip(ipaddress.ip_address(before).packed)
    assert str(ipaddress.ip_address(changed)) == after
    assert Anonymiser(KEY).text(f"from {before}, no") == f"from {after}, no"


def test_addresses_become_those_of_the_library_s_manual() -> None:
    changed = Anonymiser(b"32-char-str-for-AES-key-and-pad.")
    assert changed.text("192.0.2.1") == "192.0.125.244"
    assert changed.text("2001:db8::1") == "27fe:8bc7:fee:1e:1e1f:f0fe:f0e1:83fd"


@given(st.integers(1, 2**32 - 2), st.integers(1, 2**32 - 2))
def test_prefixes_are_preserved(one: int, other: int) -> None:
    changed = [
        int.from_bytes(ANONYMISER.ip(address.to_bytes(4, "big")), "big") for address in (one, other)
    ]
    assert (one ^ other).bit_length() == (changed[0] ^ changed[1]).bit_length()


@pytest.mark.parametrize("private", [Privacy(), Privacy(ANONYMISER)], ids=["cut", "anonymised"])
@pytest.mark.parametrize("protocol", [6, 17])
def test_what_packets_carry_is_not_shown(private: Privacy, protocol: int) -> None:
    carried = tcp(SECRET) if protocol == 6 else udp(SECRET)
    for data, linktype in (
        (ipv4(carried, protocol=protocol), LinkType.RAW),
        (ethernet(ipv4(carried, protocol=protocol)), LinkType.ETHERNET),
        (carried, LinkType.TCP if protocol == 6 else LinkType.UDP),
        (ipv4(ipv4(carried, protocol=protocol), protocol=4), LinkType.RAW),
        (SECRET, LinkType.UNKNOWN),
    ):
        shown = private.data(data, linktype)
        assert b"attack" not in shown
        assert len(shown) < len(data)
        packet = private.packet(Packet(data, linktype, mbuf=0xFFFFF80001))
        assert (packet.data, packet.length) == (shown, len(data))
        assert (packet.mbuf == 0xFFFFF80001) == (private.anonymiser is None)


def test_headers_stay_as_they_are_without_their_payload() -> None:
    data = ethernet(ipv4(tcp(SECRET)))
    assert Privacy().data(data, LinkType.ETHERNET) == data[: 14 + 20 + 20]


@pytest.mark.parametrize("name", PACKETS)
def test_no_address_of_a_packet_is_left(name: str) -> None:
    data = PACKETS[name]
    shown = Privacy(ANONYMISER).data(data, LinkType.ETHERNET)
    addresses = [data[:6], data[6:12]]
    if data[12:14] == b"\x08\0":
        addresses += [data[26:30], data[30:34]]
    elif data[12:14] == b"\x86\xdd":
        addresses += [data[22:38], data[38:54]]
    for address in addresses:
        if any(address) and set(address) != {0xFF}:
            assert address not in shown


@given(st.binary(max_size=200), st.sampled_from(list(LinkType)))
def test_whatever_the_bytes_are_it_is_no_more_than_headers(data: bytes, linktype: LinkType) -> None:
    assert data.startswith(Privacy().data(data, linktype))
    assert len(Privacy(ANONYMISER).data(data, linktype)) <= len(data)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("pf: 10.0.0.1:80 to 192.0.2.7", False),
        ("to 2001:db8::7 (em0)", False),
        ("from 00:11:22:33:44:55", False),
        ("net/if.c:42: +ether_input", True),
        ("version 1.2.3", True),
        ("freed by vtnet_txq_eof+0x21f", True),
    ],
)
def test_addresses_in_words(text: str, same: bool) -> None:
    changed = ANONYMISER.text(text)
    assert (changed == text) is same
    for address in ("10.0.0.1", "192.0.2.7", "2001:db8::7", "00:11:22"):
        assert address not in changed


def test_a_key_of_another_length() -> None:
    with pytest.raises(ValueError, match="32 bytes, and not 5"):
        Anonymiser(b"short")
