# SPDX-License-Identifier: BSD-2-Clause
"""The forms in which packets are shown: of a run, the same as of each of its packets."""

from __future__ import annotations

import io
import json

import pytest

from dtkit.output import Firing, read_output
from dtkit.output.forms import FORMS, form_of, json_of_all, run_form_of
from dtkit.packets.line import PacketLines, Times
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Origin, PacketRun
from dtkit.probes import catalog
from tests.output.dtrace_text import dump, framed
from tests.packets.frames import PACKETS

KINDS = list(PACKETS.values())
ORIGINS = [
    Origin("fbt::tcp_input:entry", "tcp_input", "entry", 3, 7),
    Origin("::f\x1b[2J\u202e:return", 'f"', "return", None, None),
    Origin(),
]
BARE = PacketRun(
    [data for _, data in KINDS],
    [linktype for linktype, _ in KINDS],
    [ORIGINS[at % 3] for at in range(len(KINDS))],
    range(5, 5 + len(KINDS)),
)
SAID = PacketRun(
    BARE.data,
    BARE.linktypes,
    BARE.origins,
    BARE.lines,
    timestamps=range(10**9, 10**9 + len(KINDS)),
    times=range(10**18, 10**18 + len(KINDS)),
    mbufs=range(0xFFFFF80000000000, 0xFFFFF80000000000 + len(KINDS)),
    offsets=[20] * len(KINDS),
    lengths=[None if at % 2 else 1000 for at in range(len(KINDS))],
    exact=True,
)


def lines(times: Times, verbose: bool) -> PacketLines:
    return PacketLines(catalog(), times, verbose)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("run", [BARE, SAID], ids=["bare", "said"])
@pytest.mark.parametrize("times", Times)
@pytest.mark.parametrize("verbose", [False, True])
def test_a_run_is_shown_as_its_packets_are(
    form: str, run: PacketRun, times: Times, verbose: bool
) -> None:
    one = form_of(form, lines(times, verbose))
    expected = [] if one is None else [b"".join(one(packet)) for packet in run]
    shown = b"".join(run_form_of(form, lines(times, verbose))(run))
    assert shown == b"".join(expected)
    assert form == "none" or len(expected) == len(KINDS)


@pytest.mark.parametrize("run", [BARE, SAID], ids=["bare", "said"])
def test_json_of_everything(run: PacketRun) -> None:
    shown = b"".join(run_form_of("json", lines(Times.CLOCK, False), everything=True)(run))
    assert shown == b"".join(part for packet in run for part in json_of_all(packet))
    assert [json.loads(line) for line in shown.splitlines()] == [one.to_dict() for one in run]
    assert run.linktypes[0] in LinkType


def test_json_of_a_firing_is_of_what_is_no_packet() -> None:
    text = framed(3, 7, "ip_input", "entry", f"words\n{dump(bytes(20))}")
    (firing,) = [one for one in read_output(io.BytesIO(text.encode())) if isinstance(one, Firing)]
    (said,) = map(json.loads, json_of_all(firing))
    assert (said["type"], said["text"]) == ("message", "words")
    assert (said["function"], said["name"], said["cpu"]) == ("ip_input", "entry", 3)


def test_a_form_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no form is called 'xml': ") as refused:
        form_of("xml", PacketLines(catalog(), Times.NONE))
    assert all(name in str(refused.value) for name in FORMS)
