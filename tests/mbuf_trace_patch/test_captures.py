# SPDX-License-Identifier: BSD-2-Clause
"""Captures that FreeBSD kernels with the patch made: the whole way, to delivery."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dtkit.packets.capture import read_capture
from dtkit.trace.journey.codec import LINKTYPE, encode, read_journeys
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.kernel.mtrace import COOKIE, TAG_DATA, TAG_STRING, Mtrace, Tag, TaggedMbuf

DATA = Path(__file__).parents[1] / "data"


def journeys(name: str) -> list[Journey]:
    with (DATA / f"mbuf_trace-freebsd-{name}.pcap").open("rb") as capture:
        read = list(read_journeys(read_capture(capture)))
    assert all(isinstance(journey, Journey) for journey in read), "no oddities"
    return [journey for journey in read if isinstance(journey, Journey)]


LOOPBACK = "looutput if_simloop netisr_queue_src netisr_process_workstream_proto ip_input"
EPAIR = (
    "ether_output ether_output_frame epair_transmit epair_tx_start_deferred "
    "ether_input netisr_dispatch_src ether_input_internal ether_demux netisr_dispatch_src "
    "ip_input"
)
WAYS = {
    "12.1-loopback": LOOPBACK,
    "12.1-epair": "ether_output ether_output_frame epair_transmit_locked netisr_queue_src "
    "netisr_process_workstream_proto epair_nh_sintr ether_input netisr_dispatch_src "
    "ether_input_internal ether_demux netisr_dispatch_src ip_input",
    "14-loopback": LOOPBACK,
    "14-epair": EPAIR,
    "15.1-loopback": LOOPBACK,
    "15.1-epair": EPAIR,
}

each_capture = pytest.mark.parametrize("name", WAYS)


@each_capture
def test_every_frame_is_what_the_encoder_and_the_mirror_write(name: str) -> None:
    for journey in journeys(name):
        assert journey.form == "mbuf_trace 3"
        mirror, packet = Mtrace(), TaggedMbuf()
        for step in journey.steps:
            if isinstance(step, Snapshot):
                packet.tags.insert(0, Tag(COOKIE, TAG_DATA, step.data))
            else:
                packet.tags.insert(0, Tag(COOKIE, TAG_STRING, step.text.encode() + b"\0"))
        mirror.free(packet)
        assert mirror.frames == [encode(journey.steps)]


@each_capture
def test_a_ping_and_its_answer_are_one_way(name: str) -> None:
    pings = [found for found in journeys(name) if " ICMP echo request" in str(found).split("\n")[0]]
    delivered = [
        ping for ping in pings if ping.hops[-1].place.label == "sbappendaddr_locked_internal"
    ]
    assert len(delivered) >= 2
    labels = " ".join(hop.place.label for hop in delivered[-1].hops)
    to, answer = labels.split("icmp_reflect")
    assert WAYS[name] in to
    assert WAYS[name] in answer
    assert re.search(" rip_input( rip_append)+ sbappendaddr_locked_internal$", answer)
    assert {step.linktype.name for step in delivered[-1].snapshots} <= {"RAW", "ETHERNET"}


@each_capture
def test_tcp_data_shows_its_way_to_the_socket_buffer(name: str) -> None:
    text = b"over-" + name.partition("-")[2].encode()
    [journey] = [
        found for found in journeys(name) if any(text in step.data for step in found.snapshots)
    ]
    labels = [hop.place.label for hop in journey.hops]
    assert labels[-2:] == ["tcp_do_segment", "sbappendstream_locked"]
    assert labels[0].startswith("ip_output")


@each_capture
def test_the_captures_are_of_link_type_user_0(name: str) -> None:
    with (DATA / f"mbuf_trace-freebsd-{name}.pcap").open("rb") as capture:
        assert {getattr(frame, "linktype", None) for frame in read_capture(capture)} == {LINKTYPE}
