# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit probes``."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

from dtkit.probes import catalog

Dtkit = Callable[..., Result]


def test_without_a_pattern_every_probe_is_listed(dtkit: Dtkit) -> None:
    lines = dtkit("probes").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(probe) for probe in catalog()]


def test_a_row_says_what_there_is_to_know(dtkit: Dtkit) -> None:
    assert dtkit("probes", "m_freem", "ip_output").stdout.splitlines() == [
        "fbt::m_freem:entry\targs[0]\tunknown\tany\tyes\t"
        "mbuf chains at their end: a packet at any layer, a socket address, anything",
        "fbt::ip_output:entry\targs[0]\tipv4?\tout\t\tevery IPv4 packet sent; "
        "a local one may have no version, id or source address yet",
    ]


def test_json_is_one_object_a_line(dtkit: Dtkit) -> None:
    first, *rest = map(json.loads, dtkit("probes", "--to", "json", "tcp_input").stdout.splitlines())
    assert first["description"] == "fbt::tcp_input:entry"
    assert first["mbuf"] == "*args[0]"
    assert first["protocol"] == "tcp"
    assert not rest


def test_a_near_miss_is_a_usage_error(dtkit: Dtkit) -> None:
    result = dtkit("probes", "tcp_inptu")
    assert result.exit_code == 2
    assert result.stderr == (
        "dtkit probes: no probe 'tcp_inptu' in the catalog; "
        "did you mean tcp_input or tcp6_input or icmp_input?\n"
    )


def test_a_probe_without_an_mbuf_is_told_and_where_the_same_packets_have_one(dtkit: Dtkit) -> None:
    for pattern in ("ip:::send", "ip:kernel::send"):
        result = dtkit("probes", pattern)
        assert result.exit_code == 2
        assert result.stderr == (
            "dtkit probes: ip:::send carries no mbuf: use ip_output or ip6_output\n"
        )
    assert "did you mean" in dtkit("probes", "ip_inptu").stderr
