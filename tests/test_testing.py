# SPDX-License-Identifier: BSD-2-Clause
"""The strategies give what they say; what they are for is in tests/mbuf/test_oracle.py."""

from __future__ import annotations

import io
import shutil
import subprocess

import pytest
from hypothesis import given, seed, settings

from dtkit.freebsd import layouts
from dtkit.mbuf import KINDS, Storage, copyoutmbuf
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapng import PcapngWriter
from dtkit.testing import Case, cases, packets


@pytest.mark.parametrize("broken", [False, True], ids=["good", "broken"])
def test_cases_build(broken: bool) -> None:
    @given(cases(broken=broken))
    def check(case: Case) -> None:
        assert bool(case.broken) is broken
        assert len(case.build().chain) == len(case.segments)

    check()


def test_everything_comes_up() -> None:
    """Every layout, way to break a chain and outcome; and pages that are really read."""
    seen: set[str] = set()

    @settings(max_examples=500, database=None)
    @given(cases())
    def look(case: Case) -> None:
        setup = case.build()
        copyoutmbuf(setup.machine, setup.chain.address, case.length, case.offset)
        fault = setup.machine.fault
        seen.update({case.layout.name, str(fault.flag.name) if fault else "no fault"})
        seen.update(kind for kind, _ in case.broken)
        loaded = {load.address for load in setup.machine.loads}
        spans = [m.spans for m in setup.chain.mbufs if m.storage is Storage.PAGES]
        if fault is None and any(address in loaded for pages in spans for address, _ in pages):
            seen.add("pages")

    outcomes = {"BADADDR", "BADALIGN", "ILLOP", "KPRIV", "NOSCRATCH", "no fault", "pages"}
    expected = {*layouts(), *KINDS, *outcomes}
    for number in range(20):  # most often three are enough
        seed(number)(look)()
        if seen == expected:
            break
    assert seen == expected


TRANSPORTS = ("tcp", "udp", "icmp", "icmpv6")
LINK_TYPES = [LinkType.ETHERNET, LinkType.RAW, LinkType.IPV4, LinkType.IPV6]


@pytest.mark.parametrize("linktype", LINK_TYPES, ids=lambda linktype: linktype.name)
def test_packets_are_well_formed(linktype: LinkType) -> None:
    """tshark(1), which verifies every checksum, has nothing to say of them."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("no tshark: make system-packages")
    capture = io.BytesIO()
    writer = PcapngWriter(capture)
    writer.section("", "dtkit")
    writer.interface("test", linktype.dlt)

    @settings(max_examples=300)
    @given(packets(linktype))
    def collect(data: bytes) -> None:
        writer.write(0, 0, data, len(data))

    collect()
    command = [tshark, "-n", "-r", "-"]
    for name in ("ip", "tcp", "udp"):
        command += ["-o", f"{name}.check_checksum:TRUE"]
    # Not what a port makes it think of the payload.
    wrong = " || ".join(
        ["ip.bogus_ip_length", "ip.bogus_header_length", "tcp.bogus_header_length"]
        + ["udp.length.bad", "ipv6.plen > frame.len"]
        + [f"{name}.checksum.status == 0" for name in ("ip", *TRANSPORTS)]
    )

    def found(expression: str) -> list[str]:
        done = subprocess.run(
            [*command, "-Y", expression], input=capture.getvalue(), capture_output=True, check=True
        )
        return done.stdout.decode().splitlines()

    assert found(wrong) == []
    assert len(found(" || ".join(TRANSPORTS))) >= 300


def test_packets_only_of_families_that_have_them() -> None:
    @given(packets(LinkType.ARP))
    def draw(data: bytes) -> None: ...

    with pytest.raises(ValueError, match="no packets of link type ARP"):
        draw()
