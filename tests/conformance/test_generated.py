# SPDX-License-Identifier: BSD-2-Clause
"""What dtkit generates without a listing compiles, and shows packets."""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable

import pytest
from click.testing import Result

from dtkit.output import packets, read_output
from dtkit.packets.packet import Packet
from dtkit.probes import catalog
from tests.conformance.machine import Machine

Dtkit = Callable[..., Result]

LINES = {
    "first": "script ip_input tcp_input --copy first",
    "segments": "script ip_input --copy segments --length 128",
    "everywhere": "script tcp_input udp_input icmp_input ip_output ether_output ether_input",
    "firewalls": "script pf_test ipfw_check_packet ip_input",
    "filter": "script ip_input --filter 'tcp port 22'",
    "filter-flags": "script ip_input --filter 'tcp[tcpflags] & tcp-syn != 0'",
    "filter-ip6": "script ip6_input --filter 'ip6 and udp'",
    "interface": "script ip_input --iface lo0",
    "limits": "script ip_input --rate 10 --sample 1/10 --stack",
    "path": "path icmp",
    "path-input": "path --preset input tcp port 22",
    "path-forward": "path --preset forward",
}


def text_of(dtkit: Dtkit, line: str) -> str:
    result = dtkit(*shlex.split(line))
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", LINES)
def test_it_compiles(name: str, dtkit: Dtkit, machine: Machine) -> None:
    text = text_of(dtkit, LINES[name])
    told = machine.run(["dtrace", "-e", "-Z", "-s", "made.d"], {"made.d": text}, patience=280)
    assert told.status == 0, told.err.decode()


def test_packets_come_back(dtkit: Dtkit, machine: Machine) -> None:
    text = text_of(dtkit, "script ip_input --count 1 --seconds 60")
    told = machine.run(
        ["dtrace", "-s", "made.d"], {"made.d": text}, beside="ping -c 30 127.0.0.1", patience=200
    )
    assert told.status == 0, told.err.decode()
    items = packets(read_output(io.BytesIO(told.out)), catalog())
    (packet,) = [item for item in items if isinstance(item, Packet)]
    assert packet.data[0] >> 4 == 4
    assert len(packet.data) >= 20
