# SPDX-License-Identifier: BSD-2-Clause
"""
What people paste: a table of forms, and what is read of each, or said.

The rule: nothing is read wrong, and every line of the input is a packet, a message of a firing that
exists, or counted and named.
"""

from __future__ import annotations

import html
import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.output import Drop, Dump, Event, Fault, Firing, Message, packets, read_output
from dtkit.packets.capture import Frame, read_capture
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog
from tests.output.dtrace_text import FLOW_HEADING, HEADING, dump, flow, framed
from tests.packets.frames import ipv4, udp

#: Two packets at two probes; the text of the second begins like hex, and ends in blanks.
ONE = ipv4(17, udp(b"first"))
TWO = ipv4(17, udp(b"  ab cd   "))
TEXT = (
    HEADING
    + framed(0, 20035, "ip_input", "entry", "len 33\n" + dump(ONE)[1:])
    + framed(1, 19965, "udp_input", "entry", dump(TWO))
)
WIDE = 10
READ = [("fbt::ip_input:entry", 0, ONE), ("fbt::udp_input:entry", 1, TWO)]


def read(data: str | bytes) -> list[Event]:
    return list(read_output(io.BytesIO(data.encode() if isinstance(data, str) else data)))


def seen(events: list[Event]) -> list[tuple[str | None, int | None, bytes]]:
    found = [item for item in packets(events, catalog()) if isinstance(item, Packet)]
    return [(packet.origin.probe, packet.origin.cpu, packet.data) for packet in found]


def said(events: list[Event]) -> list[str]:
    return [str(event) for event in events if isinstance(event, Oddity)]


def lines(change: Callable[[int, str], str]) -> str:
    """TEXT with each line changed; the function is given its number, from 1."""
    return "".join(change(number, line) + "\n" for number, line in enumerate(TEXT.splitlines(), 1))


FORMS: dict[str, str | bytes] = {
    "as it is": TEXT,
    "blanks at the ends of lines cut": lines(lambda _, line: line.rstrip()),
    "carriage returns": TEXT.replace("\n", "\r\n"),
    "quoted in a mail": lines(lambda _, line: f"> {line}"),
    "quoted, blanks cut": lines(lambda _, line: f"> {line}".rstrip()),
    "quoted twice": lines(lambda _, line: f"> > {line}"),
    "quoted tightly": lines(lambda _, line: f">>{line}"),
    "indented by four": lines(lambda _, line: f"    {line}"),
    "indented, empty lines bare": lines(lambda _, line: f"    {line}".rstrip()),
    "indented by a tab": lines(lambda _, line: f"\t{line}"),
    "in a table": lines(lambda _, line: f"| {line}"),
    "commented out": lines(lambda _, line: f"# {line}"),
    "line numbers": lines(lambda number, line: f"{number:4d}  {line}"),
    "line numbers with a colon": lines(lambda number, line: f"{number + 95}: {line}"),
    "a syslog stamp": lines(
        lambda number, line: f"Nov {number % 9 + 1:2d} 16:33:{number + 10} host dtrace: {line}"
    ),
    "a stamp of ISO 8601": lines(lambda number, line: f"2026-11-28T16:33:{number + 10}Z {line}"),
    "no-break blanks": TEXT.replace("  ", "\u00a0 "),
    "no-break blanks in ISO 8859-1": TEXT.replace("  ", "\u00a0 ").encode("latin-1"),
    "doubled ends of lines": TEXT.replace("\n", "\n\n"),
    "doubled ends of lines, quoted": lines(lambda _, line: f"> {line}\n>"),
    "columns narrowed": lines(lambda _, line: " ".join(line.split())),
    "indents cut": lines(lambda _, line: line.strip()),
    "indents cut, quoted": lines(lambda _, line: f"> {line.strip()}"),
    "the text column wrapped": re.sub(r"(?m)^(     .{5}: .{47}|.{59})  (\S.*)$", r"\1\n\2", TEXT),
    "HTML": f"<pre><code>{html.escape(TEXT)}</code></pre>\n",
    "HTML with a break on each line": lines(
        lambda _, line: html.escape(line).replace(" ", "&nbsp;") + "<br>"
    ),
    "HTML in colours": lines(lambda _, line: f'<span class="x">{html.escape(line)}</span>'),
    "Markdown": f"```\n{TEXT}```\n",
    "UTF-16, as some shells write": TEXT.encode("utf-16"),
    "a byte-order mark": TEXT.encode("utf-8-sig"),
    "without a heading": TEXT.removeprefix(HEADING),
    "prose before it": f"Hello,\nthis is what I get:\n\n{TEXT}",
    "prose before it, quoted": "Somebody wrote:\n" + lines(lambda _, line: f"> {line}"),
}

#: Lines that are none of dtrace(1)'s, and said to be: of these forms, the number.
PROSE = {"prose before it": 2, "prose before it, quoted": 1, "HTML": 0, "Markdown": 1}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_read(form: str) -> None:
    events = read(FORMS[form])
    assert seen(events) == READ
    assert sum(event.unread for event in events if isinstance(event, Oddity)) == PROSE.get(form, 0)
    assert len(said(events)) == bool(PROSE.get(form))


def test_the_forms_of_every_line_of_a_flow() -> None:
    text = (
        FLOW_HEADING + flow(0, 0, "->", "ip_input", dump(ONE)) + flow(1, 2, "<-", "udp_input", "")
    )
    text += flow(1, 0, "->", "udp_input", dump(TWO))
    plain = read(text)
    assert [event.source for event in plain if isinstance(event, Firing)][1:2] != [None]
    for change in (
        lambda line: line.rstrip(),
        lambda line: f"> {line}".rstrip(),
        lambda line: f"    {line}",
        lambda line: line.replace("  ", "\u00a0 "),
    ):
        changed = "".join(change(line) + "\n" for line in text.splitlines())
        assert seen(read(changed)) == seen(plain)
        assert not said(read(changed))


def test_a_byte_that_is_no_utf8_is_shown_in_the_message_of_its_firing() -> None:
    text = (
        framed(0, 20035, "ip_input", "entry", dump(ONE)).encode()
        + framed(1, 19965, "udp_input", "entry", "caf\u00e9\n" + dump(TWO)[1:]).encode("latin-1")
        + framed(0, 20035, "ip_input", "entry", "x\ncaf\u00e9\n").encode("latin-1")
    )
    events = read(text)
    assert seen(events) == READ
    assert not said(events)
    last = [event for event in events if isinstance(event, Firing)]
    assert last[1].parts[0] == Message(7, r"caf\xe9")
    assert [part.text for part in last[2].parts if isinstance(part, Message)] == ["x", r"caf\xe9"]


WRAPPED = [
    ("dtrace: error on enabled probe ID 5 (ID 69364: pid1:lib.so:f:entry):\n"
     "invalid user access in action #1\n", Fault),
    ("dtrace: error on enabled probe ID 2 (ID 7: fbt:kernel:f:entry): invalid address (0x0) in\n"
     "    action #1 at DIF offset 16\n", Fault),
    ("dtrace: 12 dynamic variable drops with non-empty dirty\nlist\n", Drop),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), WRAPPED)
@pytest.mark.parametrize("more", ["", TEXT])
def test_messages_that_were_wrapped(text: str, kind: type[Event], more: str) -> None:
    events = read(text + more)
    assert type(events[0]) is kind
    assert seen(events) == (READ if more else [])
    assert not said(events)


def test_an_indent_is_not_what_a_message_broke_into() -> None:
    message = (
        "dtrace: error on enabled probe ID 2 (ID 5: syscall::read:return): bad stack in action #1"
    )
    events = read(f"    {message}\n    read(3) = 0\n")
    assert [type(event) for event in events] == [Fault, Message]
    assert events[1] == Message(2, "    read(3) = 0")


NAMED = {
    "XML": ("<dtrace><probes><timestamp>1</timestamp><cpu>0</cpu></probes>", "XML of dtrace(1)"),
    "hexdump(1) as it comes": ("0000000 0045 5400 fd15 0000 0140 0000 007f 0100", "byte order"),
    "od(1) as it comes": ("0000000 042505 052000 176425 000000 000500 000000 000177", "byte order"),
    "bare hex": ("4500005415fd00004001000070000001", "without offsets"),
    "bare pairs": ("45 00 00 54 15 fd 00 00 40 01 00 00 7f 00 00 01", "without offsets"),
    "an array of C": ("0x45, 0x00, 0x00, 0x54, 0x15, 0xfd, 0x00, 0x00,", "as programs have"),
    "a string of Python": (r"\x45\x00\x00\x54\x15\xfd\x00\x00\x40\x01", "as programs have"),
    "rows without a header": ("        10: 45 00 00 54 15 fd 00 00", "without the header"),
    "rows cut on the left": ("0: 45 00 00 54 15 fd 00 00", "form that is not known"),
    "prose": ("Does anybody know what this means?", "belong to no firing: Does anybody know"),
}  # fmt: skip


@pytest.mark.parametrize("form", NAMED)
def test_what_is_not_read_is_named(form: str) -> None:
    line, words = NAMED[form]
    events = read(f"{line}\n{line}\n")
    assert seen(events) == []
    (odd,) = [event for event in events if isinstance(event, Oddity)]
    assert words in odd.text
    assert (odd.number, odd.unread) == (1, 2)


def test_a_dump_that_was_quoted_again_is_named() -> None:
    """A prefix is that of the first dump; what has another is not read, and said."""
    again = "".join(f"> {line}\n" for line in TEXT.splitlines())
    events = read(TEXT + again)
    assert seen(events) == READ
    assert all("of a hexdump in a form that is not known" in words for words in said(events))
    unread = sum(event.unread for event in events if isinstance(event, Oddity))
    # A row of a few bytes may be anything, and stays a message.
    assert unread == len(re.findall(r"(?m)^.*: (?:[0-9a-f]{2} ){4}|0123456789abcdef$", again))


def capture(path: Path) -> list[bytes]:
    """A capture of Ethernet frames, for programs that print them."""
    frames = [bytes(range(12)) + b"\x08\x00" + data for data in (ONE, TWO)]
    with path.open("wb") as stream:
        file = PacketFile(stream, Provenance("test"), catalog())
        for data in frames:
            file.write(Packet(data, LinkType.ETHERNET))
        file.close()
    with path.open("rb") as stream:
        assert [one.data for one in read_capture(stream) if isinstance(one, Frame)] == frames
    return frames


PROGRAMS = [
    "tcpdump -nxx -r",
    "tcpdump -nXX -r",
    "tcpdump -nx -r",
    "tcpdump -nX -r",
    "tshark -nx -r",
]


@pytest.mark.parametrize("command", PROGRAMS)
def test_what_programs_print_of_a_capture(command: str, tmp_path: Path) -> None:
    words = command.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} on this machine")
    frames = capture(tmp_path / "two.pcapng")
    words.append(str(tmp_path / "two.pcapng"))
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    skipped = 14 if command.split()[1] in ("-nx", "-nX") and "tcpdump" in command else 0
    for text in (done.stdout, done.stdout.replace("\n", "\r\n")):
        events = read(text)
        assert [data for _, _, data in seen(events)] == [frame[skipped:] for frame in frames]
        assert not said(events)


#: What Wireshark's menu puts on the clipboard, of bytes that look like hex.
COPIED = [
    "0000   61 62 20 63 64 20 65 66 00 01 02 03 04 05 06 07   ab cd ef........\n"
    "0010   61 62   ab\n",
    "0000   61 62 20 63 64 20 65 66 00 01 02 03 04 05 06 07\n0010   61 62\n",
    "0000  61 62 20 63 64 20 65 66  00 01 02 03 04 05 06 07   ab cd ef ........\n"
    "0010  61 62   ab\n",
]


@pytest.mark.parametrize("text", COPIED)
def test_what_wireshark_copies(text: str) -> None:
    events = read(text)
    assert [data for _, _, data in seen(events)] == [b"ab cd ef" + bytes(range(8)) + b"ab"]
    assert not said(events)


@pytest.mark.timeout(30)
def test_a_prefix_of_many_numbers_is_looked_for_once_in_a_line_of_digits() -> None:
    numbers = " ".join(map(str, range(25)))
    text = f"{numbers} {HEADING}" + "1" * 900 + "\n"
    assert not [item for item in read_output(io.BytesIO(text.encode())) if isinstance(item, Dump)]


def test_json_with_something_before_it() -> None:
    firing = '{"timestamp":1,"cpu":0,"id":2,"provider":"fbt","module":"kernel","function":"f",'
    firing += '"name":"entry","output":[{"tracemem":"0x450000"}]}'
    for begin in ('{"dtrace": {"probes": [', '{\n  "dtrace": {\n    "probes": [\n'):
        for before in ("", "PING 127.0.0.1: 56 data bytes\n\n--- statistics ---\n", "x {\n"):
            events = read(f"{before}{begin}{firing}]}}}}")
            assert seen(events) == [("fbt:kernel:f:entry", 0, b"\x45\x00\x00")]
            (where,) = [event.line for event in events if isinstance(event, Firing)]
            assert where == (before + begin).count("\n") + 1
            count = sum(bool(line) for line in before.splitlines())
            assert sum(one.unread for one in events if isinstance(one, Oddity)) == count


HEXLIKE = st.text("0123456789abcdef :>|x.\n", max_size=200)


@given(
    st.binary(min_size=1, max_size=70), HEXLIKE, st.sampled_from(["", "> ", "\t", "    ", "12: "])
)
def test_text_that_looks_like_hex_is_never_read_for_a_dump(
    data: bytes, around: str, prefix: str
) -> None:
    """Whatever stands around a firing, its packet is read as it is or not at all."""
    firing = framed(0, 20035, "ip_input", "entry", dump(data))
    text = "".join(f"{prefix}{line}\n" for line in (HEADING + firing).splitlines())
    for whole in (f"{text}{around}\n", f"{around}\n{text}"):
        events = read(whole)
        found = [part.data for event in events if isinstance(event, Firing) and event.source
                 for part in event.parts if isinstance(part, Dump)]  # fmt: skip
        assert found in ([data], [])
        assert found or said(events)


#: Bytes whose text looks like what stands around it in any hexdump.
LOOKALIKE = st.text("0123456789abcdefAB  :|<>.x*", min_size=1, max_size=70).map(str.encode)


def rows(data: bytes, form: Callable[[int, bytes, str], str], width: int = 16) -> str:
    pieces = [(at, data[at : at + width]) for at in range(0, len(data), width)]
    shown = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in data)
    return "".join(form(at, piece, shown[at : at + width]) + "\n" for at, piece in pieces)


def groups(piece: bytes, size: int, turned: bool = False) -> str:
    parts = [piece[at : at + size] for at in range(0, len(piece), size)]
    if turned:  # xxd(1) sets a short group where its last bytes stand
        return " ".join(part[::-1].hex().rjust(2 * size) for part in parts)
    return " ".join(part.hex() for part in parts)


def halves(piece: bytes) -> str:
    return f"{piece[:8].hex(' '):<23}  {piece[8:].hex(' '):<23}"


#: Programs, as they write a row of *text* at an offset.
WRITERS: dict[str, Callable[[int, bytes, str], str]] = {
    "hexdump -C": lambda at, piece, text: f"{at:08x}  {halves(piece)}  |{text}|",
    "xxd": lambda at, piece, text: f"{at:08x}: {groups(piece, 2):<39}  {text}",
    "xxd -g1": lambda at, piece, text: f"{at:08x}: {groups(piece, 1):<47}  {text}",
    "xxd -g4": lambda at, piece, text: f"{at:08x}: {groups(piece, 4):<35}  {text}",
    "xxd -g8": lambda at, piece, text: f"{at:08x}: {groups(piece, 8):<33}  {text}",
    "xxd -e": lambda at, piece, text: f"{at:08x}: {groups(piece, 4, True):<35}  {text}",
    "od -A x -t x1": lambda at, piece, text: f"{at:06x} {piece.hex(' ')}",
    "od -A x -t x1z": lambda at, piece, text: f"{at:06x} {piece.hex(' '):<47}  >{text}<",
    "tcpdump -x": lambda at, piece, text: f"\t0x{at:04x}:  {groups(piece, 2)}",
    "tcpdump -X": lambda at, piece, text: f"\t0x{at:04x}:  {groups(piece, 2):<39}  {text}",
    "tshark -x": lambda at, piece, text: f"{at:04x}  {piece.hex(' '):<47}   {text}",
    "Wireshark": lambda at, piece, text: f"{at:04x}   {piece.hex(' '):<47}   {text}",
    "two halves": lambda at, piece, text: f"{at:04x}  {halves(piece)}   {text}",
}


@pytest.mark.parametrize("program", WRITERS)
@given(LOOKALIKE | st.binary(min_size=1, max_size=70), st.booleans())
@example(b"| 00000:0", False)
def test_a_hexdump_is_read_as_it_was_written_or_not_at_all(
    program: str, data: bytes, trimmed: bool
) -> None:
    """Whatever its text looks like, and though an editor cut blanks at the ends of lines."""
    text = rows(data, WRITERS[program])
    events = read("\n".join(line.rstrip() for line in text.split("\n")) if trimmed else text)
    found = [data for _, _, data in seen(events)]
    assert found == [data] or (not found and said(events)), events
    if program not in ("xxd -g4", "xxd -g8", "xxd -e"):  # whose order the text may not tell
        assert found == [data]
        assert not said(events)


@given(LOOKALIKE | st.binary(min_size=1, max_size=70), st.sampled_from([" ", "\t"]), st.booleans())
def test_a_narrowed_dump_is_read_as_it_was_or_not_at_all(
    data: bytes, blank: str, quoted: bool
) -> None:
    text = HEADING + framed(0, 20035, "ip_input", "entry", dump(data))
    narrowed = "".join(
        f"{'> ' if quoted else ''}{blank.join(line.split())}\n" for line in text.splitlines()
    )
    events = read(narrowed)
    found = [part.data for event in events if isinstance(event, Firing) and event.source
             for part in event.parts if isinstance(part, Dump)]  # fmt: skip
    assert found == [data] or said(events)
    # What was read is the beginning of it, where a row was not proven.
    assert all(data.startswith(piece) for piece in found)
