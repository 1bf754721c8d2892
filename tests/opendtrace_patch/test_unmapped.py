# SPDX-License-Identifier: BSD-2-Clause
"""What FreeBSD 14 printed of unmapped mbufs, against the file that was sent and the model."""

from __future__ import annotations

import re

import pytest

from dtkit.mbuf import Case, Segment, Storage
from dtkit.mbuf.layout import FREEBSD_14, PageVector
from tests.opendtrace_patch.transcript import (
    PATCHSET,
    TRANSCRIPTS,
    chain_length,
    dumps,
    result,
    section,
)

TRANSCRIPT = TRANSCRIPTS["freebsd-14"]
#: What sendfile(2) sent: bytes 1234 to 21233 of a file of numbered lines.
FILE = "".join(f"{number:07}\n" for number in range(30000)).encode()
SENT = FILE[1234:21234]
#: IP and TCP headers.
HEADERS = 52

PLAIN = section(TRANSCRIPT, "### Unmapped mbufs (M_EXTPG): sendfile(2) over lo0")
TLS = section(
    TRANSCRIPT,
    "### The same with TLS in the kernel: records with a header and a trailer around their pages",
)
SHAPE = re.compile(
    r"^packet \d: m_len 52, then m_len (\d+) m_flags 0x109 m_data (0x[0-9a-f]+): header (\d+), "
    r"(\d+) pages from (\d+), the last one (\d+), trailer (\d+); mbuflen (\d+), "
    r"m_pkthdr.len (\d+)$",
    re.MULTILINE,
)


def packets(text: str) -> list[tuple[list[int], list[tuple[int, bytes]]]]:
    """Of each packet the numbers of its shape, and its dumps with the offset they start at."""
    found = list(SHAPE.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    read = []
    for match, end in zip(found, ends, strict=True):
        part = text[match.end() : end]
        starts = [int(at) for at in re.findall(r"^from (\d+)", part, re.MULTILINE)]
        numbers = [int(group, 0) for group in match.groups()]
        read.append((numbers, list(zip(starts, dumps(part), strict=True))))
    return read


def test_two_packets_of_each_were_shown() -> None:
    assert [len(packets(text)) for text in (PLAIN, TLS)] == [2, 2]
    assert [len(found) for text in (PLAIN, TLS) for _, found in packets(text)] == [4] * 4


def test_the_bytes_are_those_of_the_file() -> None:
    """Across pages, from within a page, from within the pages (m_data), and zeros past the end."""
    before = 0
    for (*_, length, header_length), shown in packets(PLAIN):
        assert length == header_length
        sent = SENT[before : before + length - HEADERS]
        for start, data in shown:
            known = max(HEADERS - start, 0)
            at = start + known - HEADERS
            assert data[known:] == sent[at:].ljust(len(data) - known, b"\0")[: len(data) - known]
        before += length - HEADERS
    assert before == len(SENT)


def test_the_model_reads_the_same_from_an_mbuf_of_that_shape() -> None:
    before = 0
    for numbers, shown in packets(PLAIN):
        m_len, m_data, header, pages, first, last, trailer, length, _ = numbers
        room = header + pages * 4096 - first - (4096 - last) + trailer
        assert m_data + m_len <= room
        after = room - m_data - m_len
        # In the kernel the mbuf may go on behind m_len; the model's ends there.
        segments = [
            Segment(bytes(HEADERS)),
            Segment(SENT[before : before + m_len], Storage.PAGES, m_data, header, trailer, first),
            Segment(SENT[before + m_len : before + length - HEADERS], Storage.PAGES),
        ]
        case = Case(tuple(segments[: 2 if m_len == length - HEADERS else 3]))
        assert after >= 0
        assert chain_length(case.build()) == length
        for start, data in shown:
            expected = result(case.build(), len(data), start)
            assert isinstance(expected, bytes)
            known = max(HEADERS - start, 0)
            assert expected[known:] == data[known:]
        before += length - HEADERS


def test_tls_records_have_their_header_and_trailer() -> None:
    """
    13 bytes before the pages that say TLS 1.2 application data, 16 behind them.

    The socket buffer has put the second record's header behind the first one's trailer.
    """
    (first, shown), (second, more) = packets(TLS)
    m_len, m_data, header, _, _, _, trailer, length, _ = first
    assert (m_data, header, trailer) == (0, 13, 16 + 13)
    assert (second[2], second[6]) == (0, 16)
    record = shown[0][1][HEADERS - 20 :]
    assert record[:3] == b"\x17\x03\x03"
    assert int.from_bytes(record[3:5]) + 5 == m_len - 13
    hexdump = re.findall(r"^0000[0-9a-f]{4}  ((?:[0-9a-f]{2} +)+)", TLS, re.MULTILINE)
    assert bytes.fromhex(" ".join(hexdump))[: len(record)] == record
    for (*_, all_, _), found in ((first, shown), (second, more)):
        # The last 29 bytes and zeros, and the last 40.
        (at, data), (before, rest) = found[2:]
        assert (at, before) == (all_ - 29, all_ - 40)
        assert data == rest[11:] + bytes(35)
    assert length + second[7] == 2 * HEADERS + 20058


def test_the_buffer_of_a_socket_is_read_to_its_end() -> None:
    text = section(TRANSCRIPT, "### The socket buffer that tcp_output() sends from")
    shown = re.findall(
        r"^(\d+) acknowledged, m_flags 0x109 m_data 0x[0-9a-f]+, "
        r"mbuflen (\d+), sb_ccc (\d+), from (\d+)$",
        text,
        re.MULTILINE,
    )
    assert len(shown) == len(dumps(text)) == 3
    for (acknowledged, length, counted, start), data in zip(shown, dumps(text), strict=True):
        assert length == counted
        at = 1234 + int(acknowledged) + int(start)
        assert data == FILE[at : at + 64]


def test_the_page_of_the_kernel_is_the_mapped_one() -> None:
    copied, mapped = dumps(
        section(TRANSCRIPT, "## the kernel's own first page, and what is mapped of it")
    )
    assert copied == mapped
    assert any(copied)


assert FREEBSD_14.extpg is not None
EPG: PageVector = FREEBSD_14.extpg


@pytest.mark.parametrize(
    ("title", "pokes", "length", "offset"),
    [
        ("more bytes than pages", [(FREEBSD_14.m_len, 4, 4097)], 4097, 0),
        ("and not asked for", [(FREEBSD_14.m_len, 4, 4097)], 4096, 0),
        ("more bytes than pages, mbuflen", [(FREEBSD_14.m_len, 4, 4097)], 0, 0),
        ("no pages", [(EPG.npgs, 1, 0), (EPG.last_len, 2, 0)], 8, 0),
        ("more pages than there is room for", [(EPG.npgs, 1, 6)], 8, 0),
        ("a header that is too long", [(EPG.hdrlen, 1, 255)], 8, 0),
        ("a trailer that is too long", [(EPG.trllen, 1, 255)], 8, 0),
        ("the first offset is past its page", [(EPG.first_off, 2, 4096)], 8, 0),
        ("the one page ends past its end", [(EPG.first_off, 2, 1)], 8, 0),
        ("a last length past the page", [(EPG.last_len, 2, 4097)], 8, 0),
        ("m_data near SIZE_MAX", [(FREEBSD_14.m_data, 8, 2**64 - 8)], 8, 8),
        ("a page past the direct map", [(EPG.pa, 8, 0x7FFFFFFFF000)], 8, 0),
        ("a page that would wrap to user space", [(EPG.pa, 8, 0x80000400000)], 8, 0),
        ("a page at the end of the address space", [(EPG.pa, 8, 2**64 - 4096)], 8, 0),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_freebsd_said_what_the_model_says_of_forged_ones(
    title: str, pokes: list[tuple[int, int, int]], length: int, offset: int
) -> None:
    setup = Case((Segment(bytes(4096), Storage.PAGES),), scratch=8192).build()
    m = setup.chain.address
    for at, size, value in pokes:
        setup.kernel.memory.write_uint(m + at, size, value)
    printed = section(TRANSCRIPT, f"## {title}")
    if title.endswith("mbuflen"):
        assert printed.split("\n")[0] == str(chain_length(setup))
        return
    expected = result(setup, length, offset)
    if isinstance(expected, bytes):
        assert printed.split("\n")[0] == "1"
        return
    assert setup.machine.illval == m
    (bad,) = re.findall(rf"{expected} \((0x[0-9a-f]+)\)", printed)
    assert f"m is at {bad}" in printed


@pytest.mark.parametrize("name", ["v4", "v6", "tls12", "tls13"])
def test_whole_chains_arrived_as_they_were_copied(name: str) -> None:
    """The commands in the transcript compared them; a difference would stand there."""
    command = f"dtkit parse --strict -w {name}.pcapng {name}.txt > /dev/null"
    summary = TRANSCRIPT.partition(f"\n# {command}\n")[2].partition("\n")[0]
    assert re.fullmatch(r"(\d+) firings, \1 packets, 0 dropped, 0 faults, 0 unread lines", summary)
    compared = re.findall(rf"^# tshark -r {name}.*\n(.*)$", TRANSCRIPT, re.MULTILINE)
    assert len(compared) == 1
    assert int(compared[0]) >= 200000


def test_no_copy_was_refused_under_load() -> None:
    counts = dict(re.findall(r"^(\w+ +\w+|\w+ with data) +(\d+)$", TRANSCRIPT, re.MULTILINE))
    found = {re.sub(" +", " ", key): int(count) for key, count in counts.items()}
    for probe in ("m_freem", "ip_output", "ip_input", "icmp_input", "tcp_input"):
        assert found[f"{probe} fired"] == found[f"{probe} copied"] > 0
    assert found["tcp_default_output with data"] == found["tcp_default_output copied"] > 0
    assert min(found["m_freem unmapped"], found["ip_output unmapped"]) > 0


def test_the_readme_shows_what_the_transcript_does() -> None:
    readme = (PATCHSET / "README.md").read_text()
    part = readme.partition("### Unmapped mbufs on a real kernel\n")[2].partition("\n### ")[0]
    blocks = re.findall(r"^```\w*\n(.*?)\n```$", part, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    assert all(f"\n{block}\n" in TRANSCRIPT for block in blocks)
    forged = re.findall(
        r"^## ", TRANSCRIPT.partition("\n### Forged unmapped mbufs")[2], re.MULTILINE
    )
    # The first one is sound.
    assert f"| {len(forged) - 1} forged ones" in part
