# SPDX-License-Identifier: BSD-2-Clause
"""Variables of the simulated kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dtkit.dlang import target_kernel
from dtkit.freebsd import release
from dtkit.mbuf import Memory
from dtkit.simulate import Settings, StackPacket, run
from dtkit.simulate.symbols import KernelVariables
from tests.simulate.captures import ipv4
from tests.simulate.running import ran

QUIET = Settings(options=Settings().options.set("quiet"))


def output(program: str, *packets: StackPacket, settings: Settings = QUIET) -> str:
    return "".join(run(program, packets, settings))


def test_time_passes() -> None:
    settings = replace(QUIET, kernel=target_kernel(release("12")))
    text = 'fbt::ip_input:entry { printf("%d %d,", `time_uptime, `ticks / `hz); }'
    start = 1_600_000_000_000_000_000
    packets = [StackPacket(ipv4(84), time=start + second * 1_000_000_000) for second in range(3)]
    first, second, third = output(text, *packets, settings=settings).strip().strip(",").split(",")
    uptime = int(first.split()[0])
    assert [first, second, third] == [f"{uptime + n} {uptime + n}" for n in range(3)]


def test_time_of_day() -> None:
    text = 'fbt::ip_input:entry { printf("%d", `time_second); }'
    packet = StackPacket(ipv4(84), time=1_700_000_000_000_000_000)
    assert output(text, packet).strip() == "1700000000"


def test_of_the_host() -> None:
    text = 'BEGIN { printf("%d %d %s", `mp_ncpus, `mp_maxid, stringof(`ostype)); exit(0); }'
    assert output(text, settings=replace(QUIET, cpus=4)).strip() == "4 3 FreeBSD"


def test_one_that_is_not_simulated_is_named() -> None:
    with pytest.raises(KeyError, match="nmbclusters"):
        KernelVariables(Memory(), target_kernel().symbols, ["hz", "nmbclusters"], 1)


@pytest.mark.parametrize(
    ("name", "key"), [("14", "  0xffffffff80000000".ljust(52)), ("15", "")], ids=["14", "15"]
)
def test_names_of_functions_are_printed_where_the_release_prints_them(name: str, key: str) -> None:
    """FreeBSD 15.1's dtrace(1) prints what sym() and func() recorded by a format only."""
    settings = replace(QUIET, kernel=target_kernel(release(name)))
    text = """BEGIN { @a[func(0xffffffff80000000)] = count(); exit(0); }
    END { printa(@a); printa("%a %@d\\n", @a); }"""
    assert ran(text, settings=settings).splitlines() == [
        "",
        f"{key}{1:>17}",
        "0xffffffff80000000 1",
        "",
    ]
