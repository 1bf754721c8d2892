# SPDX-License-Identifier: BSD-2-Clause
"""kern_mbuf_trace.c, unchanged, over a kernel in user space."""

from __future__ import annotations

import ctypes
import errno
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dtkit.packets.capture import Frame
from dtkit.trace.journey.codec import LINKTYPE, encode, read_frame, read_journeys
from dtkit.trace.journey.model import Hop, Journey
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.kernel.mtrace import (
    COOKIE,
    TAG_LEFT_OUT,
    TAG_START,
    TAG_STRING,
    Mtrace,
    TaggedMbuf,
)
from dtkit.trace.views.dissector import dissector
from tests.mbuf_trace_patch.harness import CORE, Kernel, build

AT = "net/if.c:7"


def journey(frame: bytes) -> Journey:
    [read] = read_journeys([Frame(1, 0, frame, len(frame), LINKTYPE)])
    assert isinstance(read, Journey), read
    return read


def texts(frame: bytes) -> list[str]:
    """Its strings, oldest first, without positions."""
    return [hop.label for hop in journey(frame).hops]


def test_every_macro_of_the_interface(kernel: Kernel) -> None:
    m = kernel.packet(b"packet")
    kernel.c.shim_macros(_pointer(m))
    kernel.free(m)
    [frame] = kernel.frames
    assert [step.data if isinstance(step, Snapshot) else step.text for step in journey(frame)] == [
        b"packet",
        "net/if.c:3: printf 3",
        "net/if.c:4: static",
        "net/if.c:5: static",
        "net/if.c:6: dyn",
        "net/if.c:7: dynamic",
        "net/if.c:8: mtrace",
        "net/if.c:9",
        "net/if.c:10: +shim_macros",
        "net/if.c:11: -shim_macros",
        "net/if.c:12: shim_macros",
    ]
    assert kernel.counters == {"started": 1, "records": 11, "delivered": 1}


def test_the_tap_is_an_interface_of_that_name_and_link_type(kernel: Kernel) -> None:
    link = ctypes.c_uint()
    assert (kernel.c.shim_tap(ctypes.byref(link)), link.value) == (b"mbuf_trace", LINKTYPE)


def test_without_positions_only_the_bare_place_names_one(kernel: Kernel) -> None:
    kernel.sysctl("source_position", 0)
    m = kernel.packet()
    kernel.c.shim_macros(_pointer(m))
    kernel.free(m)
    assert [hop.text for hop in journey(kernel.frames[0]).hops] == [
        "printf 3",
        "static",
        "static",
        "dyn",
        "dynamic",
        "mtrace",
        "net/if.c:9",
        "+shim_macros",
        "-shim_macros",
        "shim_macros",
    ]


def test_calls_before_the_start_are_ignored_unless_told_otherwise(kernel: Kernel) -> None:
    m = kernel.packet()
    kernel.static(m, b"early", AT)
    assert kernel.tags(m) == 0
    kernel.sysctl("start_anywhere", 1)
    kernel.static(m, b"anywhere", AT)
    kernel.sysctl("start_anywhere", 0)
    kernel.static(m, b"late", AT)
    kernel.start(m)
    kernel.start(m)
    kernel.static(m, b"started", AT)
    kernel.free(m)
    assert texts(kernel.frames[0]) == ["anywhere", "started"]
    assert kernel.counters["started"] == 1


def test_switched_off_nothing_is_noted_and_nothing_delivered(kernel: Kernel) -> None:
    m = kernel.packet()
    kernel.start(m)
    kernel.static(m, b"on", AT)
    kernel.sysctl("enable", 0)
    kernel.static(m, b"off", AT)
    assert kernel.tags(m) == 2
    kernel.free(m)
    assert kernel.frames == []


@pytest.mark.parametrize("header", [True, False], ids=["null", "no header"])
def test_a_call_on_no_packet_is_counted_and_does_nothing(kernel: Kernel, header: bool) -> None:
    m = None if header else kernel.packet(b"x", header=False)
    kernel.sysctl("start_anywhere", 1)
    kernel.start(m)
    kernel.data(m)
    kernel.static(m, b"text", AT)
    kernel.func(m, "f", AT)
    kernel.printf(m, AT, b"f", 1)
    assert kernel.counters == {"ignored": 5}
    if m is not None:
        kernel.free(m)
    assert kernel.frames == []


def test_strings_of_no_and_of_too_many_bytes(kernel: Kernel) -> None:
    m = kernel.packet()
    kernel.start(m)
    kernel.static(m, None, AT)
    kernel.static_length(m, b"", 0, AT)
    kernel.static_length(m, b"sizeof\0", 7, AT)
    kernel.c.shim_printf_nothing(_pointer(m), b"")
    kernel.static(m, b"y" * 70_000, AT)
    kernel.printf(m, AT, b"z" * 70_000, 1)
    kernel.free(m)
    [frame] = kernel.frames
    records = [record.payload for record in read_frame(frame).records[::-1]]
    assert records[:3] == [b"net/if.c:7: \0", b"net/if.c:7: sizeof\0", b"\0"]
    for record, letter in zip(records[3:], [b"y", b"z"], strict=True):
        assert len(record) == 65_535
        assert record.startswith(b"net/if.c:7: " + letter)
        assert record.endswith(letter + b"...\0")
    assert kernel.counters["cut"] == 2
    assert kernel.counters["ignored"] == 1


def test_packet_bytes_come_from_the_whole_chain_up_to_the_limit(kernel: Kernel) -> None:
    m = kernel.packet(b"abc")
    kernel.append(m, b"")
    kernel.append(m, b"defgh")
    kernel.start(m)
    kernel.data(m)
    kernel.sysctl("snaplen", 5)
    kernel.data(m)
    kernel.sysctl("snaplen", 0)
    kernel.data(m)
    kernel.free(m)
    steps = list(journey(kernel.frames[0]))
    assert [step.data if isinstance(step, Snapshot) else step.text for step in steps] == [
        b"abcdefgh",
        b"abcde",
        "mbuf_trace: packet cut to 5 of 8 bytes",
        b"",
        "mbuf_trace: packet cut to 0 of 8 bytes",
    ]
    assert kernel.counters["cut"] == 2


def test_a_packet_larger_than_a_record_is_cut_not_wrapped(kernel: Kernel) -> None:
    m = kernel.packet(bytes(range(256)) * 300)
    kernel.start(m)
    kernel.data(m)
    kernel.free(m)
    snapshot, mark = journey(kernel.frames[0])
    assert isinstance(snapshot, Snapshot)
    assert snapshot.data == (bytes(range(256)) * 300)[:65_535]
    assert isinstance(mark, Hop)
    assert mark.text == "mbuf_trace: packet cut to 65535 of 76800 bytes"


@pytest.mark.parametrize(
    ("limit", "value", "noted"),
    [("max_records", 3, 3), ("max_records", 0, 0), ("max_bytes", 40, 2), ("max_bytes", 0, 0)],
)
def test_limits_leave_out_count_and_say_so(
    kernel: Kernel, limit: str, value: int, noted: int
) -> None:
    kernel.sysctl(limit, value)
    m = kernel.packet()
    kernel.start(m)
    for _ in range(10):
        kernel.static(m, b"text", AT)
    kernel.free(m)
    left = 10 - noted
    assert texts(kernel.frames[0]) == ["text"] * noted + [f"mbuf_trace: {left} records left out"]
    assert kernel.counters["left_out"] == left


def test_the_bytes_of_a_packet_are_counted_to_the_last(kernel: Kernel) -> None:
    """Two records of "net/if.c:7: text" and its NUL: room for both, and for all but a byte."""
    for limit, noted in ((34, 2), (33, 1)):
        kernel.sysctl("max_bytes", limit)
        m = kernel.packet()
        kernel.start(m)
        kernel.static(m, b"text", AT)
        kernel.static(m, b"text", AT)
        kernel.free(m)
        [frame] = kernel.frames
        assert texts(frame).count("text") == noted


def test_no_more_records_than_a_count_of_16_bits_holds(kernel: Kernel) -> None:
    """One place is kept for the mark that says how many were left out."""
    kernel.sysctl("max_records", 4_294_967_295)
    kernel.sysctl("max_bytes", 4_294_967_295)
    m = kernel.packet()
    kernel.start(m)
    for _ in range(65_533):
        kernel.tag(m, COOKIE, TAG_STRING, b"\0")
    kernel.static(m, b"the last", AT)
    kernel.static(m, b"left out", AT)
    kernel.free(m)
    [frame] = kernel.frames
    assert frame[:2] == b"\xff\xff"
    newest = [record.payload for record in read_frame(frame, 3).records[:2]]
    assert newest == [b"mbuf_trace: 1 records left out\0", b"net/if.c:7: the last\0"]


def test_a_frame_counts_no_more_records_than_it_can(kernel: Kernel) -> None:
    """Somebody else may have made more tags: the oldest are left out, the count is right."""
    m = kernel.packet()
    for _ in range(65_536):
        kernel.tag(m, COOKIE, TAG_STRING, b"\0")
    kernel.free(m)
    [frame] = kernel.frames
    assert frame[:2] == b"\xff\xff"
    assert len(frame) == 2 + 65_535 * 5


def test_a_frame_is_no_larger_than_64_mebibytes_and_a_record(kernel: Kernel) -> None:
    m = kernel.packet()
    for _ in range(1100):
        kernel.tag(m, COOKIE, TAG_STRING, bytes(65_535))
    kernel.free(m)
    [frame] = kernel.frames
    assert int.from_bytes(frame[:2], "big") == 1024
    assert len(frame) == 2 + 1024 * 65_539


def test_a_string_that_became_shorter_is_followed_by_zeros(kernel: Kernel) -> None:
    m = kernel.packet()
    kernel.start(m)
    kernel.printf_shortened(m, AT, b"was longer", 3)
    kernel.free(m)
    [record] = read_frame(kernel.frames[0], 3).records
    assert record.payload == b"net/if.c:7: was" + bytes(8)


def test_a_limit_that_is_raised_meanwhile_is_read_once(kernel: Kernel) -> None:
    """Neither becomes more than a record, or a count of records, can hold."""
    kernel.sysctl("max_bytes", 4_294_967_295)
    kernel.c.shim_store(b"max_records", 4_294_967_295)
    m = kernel.packet(bytes(70_000))
    kernel.start(m)
    for _ in range(65_533):
        kernel.tag(m, COOKIE, TAG_STRING, b"\0")
    kernel.static(m, b"the 256 records are there already", AT)
    kernel.sysctl("max_records", 65_533)
    kernel.static(m, b"and at that moment", AT)
    kernel.free(m)
    [frame] = kernel.frames
    assert kernel.counters["left_out"] == 2
    kernel.c.shim_store(b"snaplen", 4_294_967_295)
    kernel.sysctl("snaplen", 60_000)
    m = kernel.packet(bytes(70_000))
    kernel.start(m)
    kernel.data(m)
    kernel.free(m)
    [frame] = kernel.frames
    assert [len(record.payload) for record in read_frame(frame, 3).records][1:] == [60_000]


MUTANTS: dict[str, tuple[str, str, Callable[[Kernel], None]]] = {
    "the last byte of a packet's room left empty": (
        "bytes > mtrace_max_bytes",
        "bytes >= mtrace_max_bytes",
        test_the_bytes_of_a_packet_are_counted_to_the_last,
    ),
    "no room for the mark": (
        "UINT16_MAX - 1)",
        "UINT16_MAX)",
        test_no_more_records_than_a_count_of_16_bits_holds,
    ),
    "a record too few": (
        "UINT16_MAX - 1)",
        "UINT16_MAX - 2)",
        test_no_more_records_than_a_count_of_16_bits_holds,
    ),
    "no limit of records": (
        "limit = MIN(limit, UINT16_MAX - 1);",
        "",
        test_no_more_records_than_a_count_of_16_bits_holds,
    ),
    "a count that wraps": (
        "count == UINT16_MAX ||",
        "",
        test_a_frame_counts_no_more_records_than_it_can,
    ),
    "a count that is never the greatest": (
        "count == UINT16_MAX ||",
        "count == UINT16_MAX - 1 ||",
        test_a_frame_counts_no_more_records_than_it_can,
    ),
    "a frame of any size": (
        "|| size > MTRACE_MAX_FRAME",
        "",
        test_a_frame_is_no_larger_than_64_mebibytes_and_a_record,
    ),
    "a number of records that is read twice": (
        "limit = MIN(limit, UINT16_MAX - 1)",
        "limit = MIN(atomic_load_int(&mtrace_max_records), UINT16_MAX - 1)",
        test_a_limit_that_is_raised_meanwhile_is_read_once,
    ),
    "a number of bytes that is read twice": (
        "length = MIN(length, MTRACE_MAX_RECORD)",
        "length = MIN(atomic_load_int(&mtrace_snaplen), MTRACE_MAX_RECORD)",
        test_a_limit_that_is_raised_meanwhile_is_read_once,
    ),
    "old memory behind a string": (
        "memset(text.at, '\\0', text.length);",
        "",
        test_a_string_that_became_shorter_is_followed_by_zeros,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_core_that_is_wrong_is_caught(mutant: str, tmp_path: Path) -> None:
    right, wrong, test = MUTANTS[mutant]
    text = CORE.read_text()
    assert text.count(right) == 1
    core = tmp_path / CORE.name
    core.write_text(text.replace(right, wrong))
    kernel = Kernel(build(tmp_path, "wrong.so", "-O1", "-fPIC", "-shared", core=core))
    kernel.reset()
    with pytest.raises(AssertionError):
        test(kernel)


def test_ten_thousand_records_on_one_packet(kernel: Kernel) -> None:
    kernel.sysctl("max_records", 4_294_967_295)
    kernel.sysctl("max_bytes", 4_294_967_295)
    m = kernel.packet()
    kernel.start(m)
    for number in range(10_000):
        kernel.printf(m, AT, b"f", number)
    kernel.free(m)
    [frame] = kernel.frames
    records = read_frame(frame, 3).records
    assert len(records) == 10_000
    assert records[0].payload == b"net/if.c:7: f(9999)\0"
    assert records[-1].payload == b"net/if.c:7: f(0)\0"


def test_a_copy_has_the_trace_and_goes_its_own_way(kernel: Kernel) -> None:
    m = kernel.packet(b"x")
    kernel.start(m)
    kernel.static(m, b"before", AT)
    copy = kernel.copy(m)
    kernel.static(m, b"original", AT)
    kernel.static(copy, b"copy", AT)
    kernel.free(copy)
    kernel.free(m)
    assert [texts(frame) for frame in kernel.frames] == [
        ["before", "copy"],
        ["before", "original"],
    ]


def test_a_trace_moves_with_the_header_and_passes_the_loopback(kernel: Kernel) -> None:
    m = kernel.packet(b"x")
    kernel.start(m)
    kernel.tag(m, 1, 5, b"not persistent")
    kernel.static(m, b"one", AT)
    kernel.loopback(m)
    assert kernel.tags(m) == 2
    m = kernel.pullup(m)
    kernel.static(m, b"two", AT)
    assert kernel.frames == []
    kernel.free(m)
    assert [texts(frame) for frame in kernel.frames] == [["one", "two"]]


def test_delivered_data_is_heard_of_when_its_tags_die(kernel: Kernel) -> None:
    m = kernel.packet(b"data")
    kernel.start(m)
    kernel.static(m, b"sbappendstream", AT)
    kernel.demote(m)
    assert [texts(frame) for frame in kernel.frames] == [["sbappendstream"]]
    kernel.free(m)
    assert kernel.frames == []


def test_nobody_listening_is_counted_and_the_tap_may_open_and_close(kernel: Kernel) -> None:
    for peers in (0, 1, 0, 2):
        kernel.c.shim_listen(peers)
        m = kernel.packet()
        kernel.start(m)
        kernel.static(m, b"text", AT)
        kernel.free(m)
    assert len(kernel.frames) == 2
    assert kernel.counters["unheard"] == 2
    assert kernel.counters["delivered"] == 2


def test_a_started_packet_that_noted_nothing_is_not_delivered(kernel: Kernel) -> None:
    m = kernel.packet()
    kernel.start(m)
    kernel.free(m)
    assert kernel.frames == []


def scenario(kernel: Kernel) -> None:
    """One of each allocation: a start, records of each kind, a mark, copies, frames."""
    m = kernel.packet(b"0123456789")
    kernel.start(m)
    kernel.enter(m, "f", AT)
    kernel.data(m)
    kernel.printf(m, AT, b"f", 1)
    copy = kernel.copy(m)
    kernel.static(m, b"text", AT)
    kernel.static(m, b"over the limit", AT)
    kernel.static(m, b"over the limit", AT)
    kernel.free(m)
    if copy:
        kernel.free(copy)


def test_allocation_failing_at_every_point_in_turn(kernel: Kernel) -> None:
    kernel.sysctl("max_records", 4)
    for point in range(1, 20):
        kernel.reset()
        kernel.sysctl("max_records", 4)
        kernel.fail_at.value = point
        scenario(kernel)
        failed = kernel.fail_at.value == 0
        kernel.fail_at.value = 0
        lost = sum(count for name, count in kernel.counters.items() if name.startswith("nomem"))
        assert lost == failed, point
        assert kernel.live.value == 0
        for frame in kernel.frames:
            reading = read_frame(frame, 3)
            assert not reading.oddities
        if not failed:
            break
    else:
        pytest.fail("more allocations than expected")
    assert point > 10


def test_a_copy_lives_though_its_trace_does_not_fit_in_memory(kernel: Kernel) -> None:
    m = kernel.packet(b"x")
    kernel.start(m)
    kernel.static(m, b"one", AT)
    kernel.static(m, b"two", AT)
    kernel.fail_at.value = 1
    copy = kernel.copy(m)
    assert copy
    kernel.free(copy)
    kernel.free(m)
    assert [texts(frame) for frame in kernel.frames] == [["one"], ["one", "two"]]
    assert kernel.counters["nomem_copy"] == 1


def test_tags_of_somebody_else(kernel: Kernel) -> None:
    """ng_tag(4) starts a trace with a tag of our cookie; with others it cannot do harm."""
    m = kernel.packet(b"x")
    kernel.tag(m, COOKIE, TAG_START, b"")
    kernel.static(m, b"started", AT)
    kernel.tag(m, COOKIE, TAG_LEFT_OUT, b"odd")
    kernel.tag(m, COOKIE, TAG_STRING, b"no NUL")
    kernel.tag(m, COOKIE, 0x77, b"unknown")
    kernel.tag(m, COOKIE + 1, TAG_STRING, b"another's")
    kernel.static(m, b"goes on", AT)
    kernel.free(m)
    assert texts(kernel.frames[0]) == ["started", "no NUL", "goes on"]


@pytest.mark.parametrize(
    ("interfaces", "name", "started"),
    [
        ("em0", "em0", True),
        ("em0", "em1", False),
        ("em0", "em01", False),
        ("lo0, em*", "em1", True),
        (" ,,\tepair[0-3]a", "epair2a", True),
        ("", "em0", False),
    ],
)
def test_interfaces_start_traces(kernel: Kernel, interfaces: str, name: str, started: bool) -> None:
    kernel.sysctl("interfaces", interfaces)
    assert kernel.sysctl("interfaces") == interfaces
    m = kernel.packet()
    kernel.c.shim_interface(_pointer(m), name.encode())
    assert kernel.tags(m) == started
    kernel.free(m)


def test_processes_mark_their_sockets_and_sockets_start_traces(kernel: Kernel) -> None:
    """At the first send, under the socket's lock; later sends take no lock."""
    option = 0x40000000
    kernel.sysctl("pids", "12, 345")
    for pid, options, started, locked in [(345, 4, 1, 1), (34, 4, 0, 0), (345, option, 1, 0)]:
        m = kernel.packet()
        locks = ctypes.c_int()
        found = kernel.c.shim_process(_pointer(m), pid, options, 3, ctypes.byref(locks))
        assert found == (options | option if started else options)
        assert kernel.tags(m) == started
        assert locks.value == locked
        kernel.free(m)


SO_MTRACE, SO_DEBUG = 0x40000000, 1


@pytest.mark.parametrize(
    ("uid", "jail", "unprivileged", "error"),
    [
        (0, 0, 0, 0),
        (1001, 0, 0, errno.EPERM),
        (0, 3, 0, errno.EPERM),
        (1001, 3, 0, errno.EPERM),
        (1001, 3, 1, 0),
    ],
    ids=["root", "a user", "root of a jail", "a user in a jail", "whom the sysctl permits"],
)
def test_who_may_trace_a_socket(
    kernel: Kernel, uid: int, jail: int, unprivileged: int, error: int
) -> None:
    kernel.sysctl("unprivileged", unprivileged)
    kernel.c.shim_user(uid, jail)
    assert kernel.c.shim_sockopt(SO_MTRACE, False) == error
    assert kernel.c.shim_sockopt(SO_DEBUG, False) == 0
    assert kernel.c.shim_sockopt(SO_MTRACE, True) == 0


@pytest.mark.parametrize("name", ["interfaces", "pids"])
def test_a_jail_does_not_see_what_the_host_traces(kernel: Kernel, name: str) -> None:
    kernel.sysctl(name, "12")
    for jail in (3, 0):
        kernel.c.shim_user(0, jail)
        if jail:
            for value in (None, "13"):
                with pytest.raises(PermissionError):
                    kernel.sysctl(name, value)
        else:
            assert kernel.sysctl(name) == "12"


def test_the_tap_goes_promiscuous_and_takes_no_other_request(kernel: Kernel) -> None:
    """BIOCPROMISC, tcpdump(1)'s default, comes to an interface as SIOCSIFFLAGS."""
    ioctl = kernel.c.shim_tap_ioctl
    assert ioctl(ctypes.c_ulong(0x80206910)) == 0
    assert ioctl(ctypes.c_ulong(0x80206934)) == errno.EINVAL


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("pids", "1 x", errno.EINVAL),
        ("pids", "-1", errno.EINVAL),
        ("pids", "0", errno.EINVAL),
        ("pids", "99999999999999999999", errno.EINVAL),
        ("pids", " ".join(["1"] * 17), errno.E2BIG),
        ("interfaces", "a_name_of_sixteen", errno.EINVAL),
        ("interfaces", " ".join(["em0"] * 17), errno.E2BIG),
        ("interfaces", "x" * 300, errno.EINVAL),
    ],
)
def test_a_bad_list_is_refused_and_the_old_one_stays(
    kernel: Kernel, name: str, value: str, error: int
) -> None:
    kernel.sysctl(name, "7")
    with pytest.raises(OSError, match=name) as refused:
        kernel.sysctl(name, value)
    assert refused.value.errno == error
    assert kernel.sysctl(name) == "7"


def test_ddb_shows_the_trace_of_an_mbuf(kernel: Kernel) -> None:
    kernel.sysctl("max_records", 2)
    m = kernel.packet(b"packet")
    kernel.start(m)
    kernel.enter(m, "ip_input", AT)
    kernel.data(m)
    kernel.data(m)
    assert kernel.ddb(None) == "usage: show mtrace ADDR (of an mbuf)\n"
    shown = kernel.ddb(m).splitlines()
    assert shown[0] == "(1 records left out)"
    assert shown[1].startswith("(6 bytes of packet at 0x")
    assert shown[2:] == ["net/if.c:7: +ip_input", "(started)"]
    kernel.free(m)
    kernel.frames.clear()
    bare = kernel.packet(header=False)
    assert "no packet header" in kernel.ddb(bare)
    kernel.free(bare)


# The same calls on the C core and on its mirror.

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["start", "data", "copy", "loopback", "free"]), st.just("")),
        st.tuples(st.sampled_from(["static", "place", "enter", "leave", "func"]), NAMES),
        st.tuples(
            st.sampled_from(
                ["max_records", "max_bytes", "snaplen", "source_position", "start_anywhere"]
            ),
            st.sampled_from(["0", "1", "2", "5", "60", "400"]),
        ),
        st.tuples(st.just("listening"), st.sampled_from(["0", "1"])),
        st.tuples(st.just("long"), st.sampled_from(["65520", "65521", "65522", "65523", "70000"])),
    ),
    max_size=40,
)


@given(calls=CALLS, data=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_mirror_gives_identical_bytes_and_counters(
    kernel: Kernel, calls: list[tuple[str, str]], data: bytes
) -> None:
    kernel.reset()
    mirror = Mtrace()
    m, twin = kernel.packet(data), TaggedMbuf(data)
    for call, value in [*calls, ("free", "")]:
        if call in ("start", "data", "loopback"):
            getattr(kernel, call)(m)
            getattr(mirror, call)(twin)
        elif call == "copy":
            kernel.free(kernel.copy(m))
            mirror.free(mirror.copy(twin))
        elif call == "free":
            kernel.free(m)
            mirror.free(twin)
            m, twin = kernel.packet(data), TaggedMbuf(data)
        elif call == "static":
            kernel.static(m, value.encode(), AT)
            mirror(twin, value.encode(), AT)
        elif call == "place":
            kernel.place(m, AT)
            mirror.place(twin, AT)
        elif call == "long":
            kernel.static_length(m, b"x" * int(value), int(value), AT)
            mirror.static_length(twin, b"x" * int(value), int(value), AT)
        elif call in ("enter", "leave", "func"):
            getattr(kernel, call)(m, value, AT)
            getattr(mirror, call)(twin, value, AT)
        elif call == "listening":
            kernel.c.shim_listen(int(value))
            mirror.listening = value == "1"
        else:
            kernel.sysctl(call, value)
            kind = type(getattr(mirror, call))
            setattr(mirror, call, kind(int(value)))
        assert kernel.frames == mirror.frames
        mirror.frames.clear()
        assert kernel.counters == dict(mirror.counters)
    kernel.free(m)
    assert kernel.live.value == 0


@given(calls=st.lists(st.tuples(st.booleans(), NAMES, st.binary(max_size=40)), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_traced_reads_back_and_encodes_to_the_same(
    kernel: Kernel, calls: list[tuple[bool, str, bytes]]
) -> None:
    kernel.reset()
    kernel.sysctl("start_anywhere", 1)
    for snap, name, data in calls:
        m = kernel.packet(data)
        kernel.func(m, name, AT)
        if snap:
            kernel.data(m)
        kernel.free(m)
        [frame] = kernel.frames
        steps = journey(frame).steps
        assert encode(steps) == frame
        assert [step.text for step in steps if isinstance(step, Hop)] == [f"{AT}: {name}"]
        assert [step.data for step in steps if isinstance(step, Snapshot)] == [data] * snap


def test_what_the_tap_delivers_goes_through_tshark(kernel: Kernel, tmp_path: Path) -> None:
    """Through our Lua dissector in tshark: each string, in the order of time."""
    if shutil.which("tshark") is None:
        pytest.skip("no tshark")
    kernel.sysctl("start_anywhere", 1)
    for number in range(3):
        m = kernel.packet(b"\xff" * 12 + b"\x88\xb5" + bytes(50))
        kernel.enter(m, "ether_input", AT)
        kernel.data(m)
        kernel.printf(m, AT, b"netisr", number)
        kernel.free(m)
    frames = kernel.frames
    capture, lua = tmp_path / "tap.pcap", tmp_path / "mbuf_trace.lua"
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE)
    for frame in frames:
        out += struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame
    capture.write_bytes(out)
    lua.write_text(dissector())
    command = ["tshark", "-X", f"lua_script:{lua}", "-r", str(capture), "-T", "fields"]
    command += ["-E", "aggregator=;", "-e", "mbuf_trace.label", "-e", "mbuf_trace.arguments"]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    expected = []
    for frame in frames:
        hops = journey(frame).hops
        labels = ";".join(hop.place.label for hop in hops)
        expected.append(
            f"{labels}\t{';'.join(hop.arguments or '' for hop in hops if hop.arguments)}"
        )
    assert shown.splitlines() == expected
    assert expected[2] == "ether_input;netisr\t2"


def _pointer(m: int) -> object:
    return ctypes.c_void_p(m)
