# SPDX-License-Identifier: BSD-2-Clause
"""A VLAN tag that the kernel keeps beside the bytes is in the packets that are read back."""

from __future__ import annotations

import io

import pytest

from dtkit.generate import Copy, Request
from dtkit.generate.oneliners import program
from dtkit.generate.request import Conditions
from dtkit.generate.script import script
from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket, read_paths
from tests.simulate.running import ran

PATHS = read_paths(
    "thread netisr 12 100004 intr swi_net+0x12b\n\npath input\n  ether_demux ifp m\n"
)

#: A frame of a ping, as ether_demux() sees it: without its tag.
FRAME = bytes.fromhex(
    "026344aaf30b026344aaf30a0800450000540001000040015aa60a0905010a09050208001234000100000102030405"
)


@pytest.mark.parametrize("copy", list(Copy))
@pytest.mark.parametrize("whole", [True, False], ids=["script", "one-liner"])
@pytest.mark.parametrize("expression", ["", "icmp or vlan 5"])
@pytest.mark.parametrize("lengths", [(), (20, 10)])
def test_the_tag_is_put_back(
    copy: Copy, whole: bool, expression: str, lengths: tuple[int, ...]
) -> None:
    probe = next(one for one in catalog() if str(one) == "fbt::ether_demux:entry")
    request = Request(
        length=128, copy=copy, annotate=True, conditions=Conditions(filter=expression)
    )
    text = script([probe], request)[0] if whole else program([probe], request)
    sent = [StackPacket(FRAME, ethernet=True, lengths=lengths, vtag=tag) for tag in (5, None)]
    printed = ran(text, sent, Settings(paths=PATHS))
    read = packets(read_output(io.BytesIO(printed.encode())), catalog())
    tagged, plain = [item for item in read if isinstance(item, Packet)]
    shown = lengths[0] if copy is Copy.FIRST and lengths else len(FRAME)
    assert tagged.data == (FRAME[:12] + b"\x81\0\0\5" + FRAME[12:])[: shown + 4]
    assert plain.data == FRAME[:shown]
