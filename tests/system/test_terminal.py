# SPDX-License-Identifier: BSD-2-Clause
"""A terminal obeys nothing of what is in packets, scripts, kernels and hosts, in any command."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from dtkit.cli import COMMANDS
from tests.cli.listing import LISTING
from tests.output.dtrace_text import dump
from tests.packets import captures
from tests.system.terminal import on_a_terminal
from tests.trace.frames import Note, frame

#: A title, a cleared screen, a C1 control, marks of direction, a line separator, no UTF-8.
EVIL = "é語\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\u2066\u2028\u200f".encode() + b"\xff"

#: What a terminal may be sent besides text: our colours, and how rich's bar goes up a line.
OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[2K|\x1b\[1A|\x1b\[\?25[hl]|[\r\n\t]")

PATH = (
    b"@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=2\n"
    b"@dtkit 1 vnet vnet=0x7 name=E\n"
    b"@dtkit 1 hop probe=fbt:E:fE:entry id=1 cpu=0 j=1 n=1 t=5 m=0x10 tid=1 pid=3 exec=E if=E "
    b"vnet=0x7 len=20 mlen=20\n"
    b"@dtkit 1 odd E\n"
    b"dtrace: error on enabled probe ID 1 (ID 2: fbt:E:x:entry): invalid address (0x0) in action "
    b"#1\n"
    b"dtrace: E\n"
).replace(b"E", EVIL)

TEXT = (
    (
        f"CPU     ID                    FUNCTION:NAME\n  0      1                     f{{}}:entry "
        f"{dump(b'abc')}\nfree words {{}}\n"
        "@dtkit 1 end probe={} fired=0 accepted=0\n"
        "@dtkit 1 mbuf probe=fbt::{}:entry id=1 cpu=0 t=1 m=0x1 len=4 off=0 dump=4\n"
        f"{dump(bytes(4))}\n"
        "dtrace: error on enabled probe ID 1 (ID 2: fbt:{}:x:entry): invalid address (0x0) in "
        "action #1\ndtrace: {}\ndtrace: 3 drops on CPU 0\n        10: {}\n"
    )
    .encode()
    .replace(b"{}", EVIL)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile")
    (path / "text").write_bytes(TEXT)
    (path / "path").write_bytes(PATH)
    words = EVIL[:-1].decode()
    notes: list[Note] = [f"{words}:1: {words}", f"/usr/src/sys/a.c:7: +f({words})"]
    (path / "pcap").write_bytes(captures.pcap([frame(3, notes)], linktype=147))
    (path / "packets").write_bytes(captures.pcap([EVIL * 9, bytes(14) + EVIL * 9]))
    (path / "d").write_bytes(b"fbt::ip_input:entry { nosuch%s; } /* %s */" % (EVIL, EVIL))
    (path / "print.d").write_bytes(
        b'BEGIN { printf("%s%%s", "%s"); trace("%s"); exit(0); }' % (EVIL, EVIL, EVIL)
    )
    (path / "listing").write_bytes(
        LISTING.encode()
        + b"    9        fbt            kernel "
        + EVIL
        + b" entry\n"
        + EVIL
        + b"\n"
    )
    (path / os.fsdecode(b"name" + EVIL)).write_bytes(b"BEGIN { x; }")
    return path


LINES = [
    "probes --listing listing",
    "probes {evil}",
    "probes --listing nosuch{evil}",
    "oneliner ip_input --listing listing",
    "oneliner ip_input --filter {evil}",
    "oneliner ip_input --exec {evil}",
    "script ip_input --listing listing",
    "script ip_input --where {evil}",
    "parse text",
    "parse --to json --all text",
    "parse --to hexdump text",
    "parse --to raw text",
    "parse -w - text",
    "copyout --chain {evil}",
    "copyout --packets text",
    "check d",
    "check name*",
    "check --program {evil}",
    "simulate d",
    "simulate print.d",
    "simulate --program 'fbt::ip_input:entry {{ tracemem(args[0]->m_data, 40); stack(); }}' "
    "--packets packets",
    "simulate print.d --paths text",
    "path --listing listing {evil}",
    "path --listing listing icmp",
    "path estimate --listing listing icmp",
    "trace show path -o -",
    "trace show path --follow",
    "path run --host {evil} icmp",
    "run --host {evil} ip_input",
    "run {evil}",
    "run d --simulate --packets packets",
    "run print.d --simulate --packets packets",
    "run ip_input --simulate --packets packets -v",
    "run ip_input -c 1 --where {evil}",
    "trace show path",
    "trace show pcap",
    "trace show --to json pcap",
    "trace show --filter {evil} pcap",
    "trace graph pcap",
    "trace graph --to mermaid path",
    "trace graph --to svg path",
    "trace report pcap -o -",
    "trace convert pcap -w -",
    "trace export pcap",
    "trace export path",
    "trace show text",
    "trace dissector",
    "trace join path",
    "trace join {evil}=path text",
    "dataset add fleet {evil}=path",
    "dataset add fleet host=path && dtkit query 'FROM hops' fleet",
    "dataset list text",
    "query {evil} fleet",
    "completion {evil}",
    "doctor --host {evil}",
    "extcap --capture --fifo out --extcap-interface dtkit-probe --point {evil}",
    "{evil}",
    "trace {evil}",
    "parse --{evil}",
]


#: A terminal of 20 columns, and no locale but the one that every system has, without what
#: Python does about that.
NARROW = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("words", LINES)
def test_a_terminal_is_sent_nothing_that_it_obeys(folder: Path, words: str, narrow: bool) -> None:
    evil = shlex.quote(EVIL.decode("utf-8", "surrogateescape").replace("\0", ""))
    sent = on_a_terminal(
        f"cd {folder} && PYTHONPATH={Path.cwd()} {sys.executable} -m dtkit "
        + words.format(evil=evil),
        *((20, NARROW) if narrow else ()),
    )
    assert sent
    assert b"Traceback" not in sent
    text = OURS.sub("", sent.decode("utf-8", "surrogateescape"))
    assert [char for char in text if not char.isprintable()] == []


def test_every_command_is_among_them() -> None:
    assert {words.split()[0] for words in LINES} >= set(COMMANDS)
