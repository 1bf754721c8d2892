# SPDX-License-Identifier: BSD-2-Clause
"""
Every real output of dtrace(1) is printed again, to the byte.

The packets are those that the outputs show. What they do not show (a payload that was not dumped)
does not matter to them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dtkit.simulate import StackPacket
from tests.simulate.captures import CAPTURES, Capture, at_network_layer, ipv4, timed

#: Captures that are compile errors, or fail before anything fires.
REFUSED = [
    "22-tracemem-non-constant-size.txt",
    "24-unknown-function.txt",
    "26-tracemem-no-address.txt",
    "27-tracemem-bad-type.txt",
    "58-no-such-probe.txt",
    "62-buffer-manual.txt",
    "82-no-args-type.txt",
]

#: Captures in which each firing dumps the packet from its network layer on.
DUMPED = [
    "02-tracemem64-tcp.txt",
    "03-tracemem64-ip.txt",
    "04-tracemem64-ip-q.txt",
    "05-tracemem64-ip-rawbytes.txt",
    "07-printf-tracemem.txt",
    "08-printf-tracemem-q.txt",
    "09-tracemem-dynsize.txt",
    "10-tracemem-dynsize-big.txt",
    "11-tracemem-dynsize-zero.txt",
    "33-flowindent.txt",
    "34-x-exit.txt",
    "55-ip6.txt",
    "64-big-tracemem.txt",
    "70-trace-alloca-bytes.txt",
    "71-trace-array.txt",
    "72-trace-array-no-rawbytes.txt",
]

#: Captures that show only how many packets there were.
COUNTED = {
    "12-tracemem-dynsize-negative.txt": 4,
    "15-invalid-address.txt": 4,
    "16-invalid-address-alloca.txt": 4,
    "17-null-deref.txt": 4,
    "18-out-of-scratch.txt": 4,
    "20-ERROR-probe.txt": 4,
    "30-stack.txt": 2,
    "31-agg.txt": 4,
    "61-buffer-too-big.txt": 2,
    "73-invalid-address-high.txt": 2,
    "80-trace-chararray.txt": 2,
    "81-trace-chararray-rawbytes.txt": 2,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    Capture(name).run([StackPacket(ipv4(84))])


def test_script_error() -> None:
    """The script is not kept: only the line and the name are known."""
    program = "\n" * 8 + "fbt::ip_input:entry { trace(nosuchvar); }\n"
    Capture("66-script-error.txt").run([], program)


@pytest.mark.parametrize("name", DUMPED)
def test_dumped(name: str) -> None:
    capture = Capture(name)
    Capture(name).run([at_network_layer(seen.dumps[0]) for seen in capture.firings if seen.dumps])


@pytest.mark.parametrize("name", COUNTED)
def test_counted(name: str) -> None:
    Capture(name).run([StackPacket(ipv4(84))] * COUNTED[name])


def test_lengths() -> None:
    capture = Capture("01-ip_input.txt")
    capture.run([StackPacket(ipv4(int(seen.text.split()[0]))) for seen in capture.firings])


def test_two_probes() -> None:
    capture = Capture("13-two-probes.txt")
    packets: list[StackPacket] = []
    for seen in capture.firings:
        packet = at_network_layer(seen.dumps[0])
        if seen.function == "tcp_input":
            # The same packet, and more of it.
            packets.pop()
        packets.append(packet)
    capture.run(packets)


def test_two_dumps() -> None:
    capture = Capture("14-two-tracemem.txt")
    capture.run([at_network_layer(b"".join(seen.dumps)) for seen in capture.firings])


@pytest.mark.parametrize("name", ["21-drops.txt", "60-stderr-apart-drops.txt"])
def test_drops(name: str) -> None:
    """A buffer of 4 KiB has room for 51 records; what is too much for it is dropped."""
    capture = Capture(name)
    fit = 4096 // 80
    packets = [at_network_layer(seen.dumps[0]) for seen in capture.firings]
    lost = [StackPacket(ipv4(84))]
    if capture.is_apart:
        first, second = map(int, re.findall(r"(\d+) drops", capture.errors))
        full = len(packets) - 2 * fit
        packets[full + fit : full + fit] = lost * first
        packets += lost * second
        groups = [full // 2, full - full // 2, fit + first, fit + second]
    else:
        before = capture.output.partition(" drops on CPU")[0]
        seen = before.count("entry ") - 1
        count = int(before.rpartition(" ")[2])
        packets[seen:seen] = lost * count
        groups = [seen - fit, fit + count, len(packets) - seen - count]
    capture.run(timed(packets, groups))


def test_chain_walk() -> None:
    capture = Capture("28-chain-walk.txt")
    capture.run([StackPacket(ipv4(3028)) for _ in capture.firings])


def test_tcp_chain() -> None:
    capture = Capture("50-tcp-chain.txt")
    packets: list[StackPacket] = []
    for total, first, rest in re.findall(r"len (\d+): (\d+)(.*)", capture.output):
        more = [int(number) for number in re.findall(r"\d+", rest)]
        packets.append(StackPacket(ipv4(int(total), 6), lengths=(int(first), *more)))
    capture.run(packets)


def test_output_chain() -> None:
    capture = Capture("52-ip_output-chain.txt")
    packets: list[StackPacket] = []
    for total, first, second in re.findall(r"(\d+): (\d+) \+ (\d+)", capture.output):
        lengths = int(first), int(second)
        packets.append(StackPacket(ipv4(int(total), 6), path="output", lengths=lengths))
    packets.append(StackPacket(ipv4(52, 6), path="output"))
    capture.run(packets)


def test_ethernet() -> None:
    capture = Capture("53-ether_input-epair.txt")
    capture.run([StackPacket(seen.dumps[0].ljust(100), ethernet=True) for seen in capture.firings])


def test_ip_provider() -> None:
    capture = Capture("56-sdt-ip.txt")
    lengths = [int(seen.text.split()[-1]) + 20 for seen in capture.firings]
    capture.run([StackPacket(ipv4(length)) for length in lengths])


def test_tcp_provider() -> None:
    capture = Capture("57-sdt-tcp.txt")
    packets: list[StackPacket] = []
    for source, destination, length in re.findall(r":(\d+) -> (\d+) len (\d+)", capture.output):
        ports = int(source).to_bytes(2, "big") + int(destination).to_bytes(2, "big")
        packets.append(StackPacket(ipv4(int(length) + 20, 6, ports)))
    capture.run(packets)


def test_payload() -> None:
    capture = Capture("69-tracemem-printable-buffer.txt")
    text = capture.firings[0].dumps[0]
    long = ipv4(72, 6, bytes(32) + text)
    capture.run([StackPacket(ipv4(60, 6)), StackPacket(long), StackPacket(ipv4(52, 6))])


def test_every_capture_is_printed() -> None:
    """No capture is left out."""
    source = Path(__file__).read_text("utf-8")
    named = set(re.findall(r'"(\d\d-[\w-]+\.txt)"', source))
    assert named == {path.name for path in CAPTURES.glob("[0-9]*.txt")}
