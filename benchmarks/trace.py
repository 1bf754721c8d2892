# SPDX-License-Identifier: BSD-2-Clause
"""
mbuf_trace frames of 7 strings and 2 snapshots to journeys, beside tshark on the same file.

tshark runs a dissector written as the published one is: records in a loop, strings as a field,
packets handed to Ethernet. It prints its one line a frame, or the strings, for which it has to
build its tree. All run in turn, so that they meet the same machine; of each the best of three
counts, by the clock and by the time of the processor. In the second capture each frame has a string
that no other has. Then the commands that users run, on 20,000 frames, each beside what tshark has
for the same: its summary, the strings as a field, its JSON; the last of these captures are the
worst for us: each frame goes a way of its own, and three of its strings have arguments of other
lengths than the next one's. Memory is that of the whole process, for a capture and one ten times
as long.
"""

from __future__ import annotations

import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dtkit.packets.capture import read_capture
from dtkit.trace.journey.codec import read_journeys
from dtkit.trace.journey.model import Hop, Journey

FRAMES = 200_000

#: What the peer does: no more than the published dissector of generation 3 does.
PEER = """
-- SPDX-License-Identifier: BSD-2-Clause
local proto = Proto("peer", "mbuf_trace")
local text = ProtoField.string("peer.data", "trace")
proto.fields = { text }
function proto.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "mbuf_trace"
    local size = tvb:len()
    if size < 2 then return end
    local eth = Dissector.get("eth_withoutfcs")
    local at = 2
    for _ = 1, tvb(0, 2):uint() do
        if at + 4 > size then break end
        local length, type = tvb(at, 2):uint(), tvb(at + 2, 2):uint()
        at = at + 4
        if at + length > size then break end
        local data = tvb(at, length)
        if type == 0 then
            eth:call(data:tvb(), pinfo, tree:add(proto, data, "data"))
        elseif type == 1 then
            tree:add(text, data:string())
        end
        at = at + length
    end
end
DissectorTable.get("wtap_encap"):add(wtap.USER0, proto)
"""

STRINGS = (
    "net/if_ethersubr.c:812: +ether_input",
    "net/if_ethersubr.c:655: +ether_demux",
    "netinet/ip_input.c:455: +ip_input",
    "netpfil/pf/pf.c:9000: +pf_test",
    "netpfil/pf/pf.c:9120: rule(%d, pass)",
    "netpfil/pf/pf.c:9800: -pf_test",
    "netinet/tcp_input.c:612: +tcp_input",
)


#: The same, three of which have an argument.
WIDE = tuple(f"{text}(%d)" if index in (0, 2) else text for index, text in enumerate(STRINGS))


def packets() -> Iterator[bytes]:
    """TCP over Ethernet, each with another source port and another length."""
    dice = random.Random(1)
    while True:
        payload = bytes(dice.randrange(0, 40))
        head = struct.pack(">BBHHHBB", 0x45, 0, 40 + len(payload), 1, 0, 64, 6)
        addresses = bytes((10, 0, 0, 1, 10, 0, 0, 2))
        total = sum(struct.unpack(">9H", head + addresses))
        total = (total >> 16) + (total & 0xFFFF)
        ip = head + struct.pack(">H", ~total & 0xFFFF) + addresses
        tcp = struct.pack(">HHIIBBHHH", dice.randrange(1024, 65536), 80, 1, 1, 80, 16, 999, 0, 0)
        yield bytes.fromhex("0200000000020200000000010800") + ip + tcp + payload


def write_capture(path: Path, frames: int, distinct: int = 5000, wide: bool = False) -> None:
    """So many frames, whose one string with an argument has so many forms; or if they are *wide*,
    whose three have arguments of other lengths than those of the frame before."""
    source = packets()
    with path.open("wb") as stream:
        stream.write(struct.pack(">IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 147))
        for number in range(frames):
            packet = next(source)
            records = []
            for index, text in enumerate(WIDE if wide else STRINGS):
                form = number % distinct
                if wide:
                    form = form * 7919 % 10 ** (1 + (form + index) % 5)
                text = text % form if "%" in text else text
                records.append((1, text.encode() + b"\0"))
                if index in (0, 6):
                    records.append((0, packet))
            body = struct.pack(">H", len(records)) + b"".join(
                struct.pack(">HH", len(data), kind) + data for kind, data in reversed(records)
            )
            head = struct.pack(">IIII", number // 1000, number % 1000, len(body), len(body))
            stream.write(head + body)


def decode(path: Path) -> int:
    """Frames to journeys, and a look at the place of each hop, which is parsed by then."""
    hops = 0
    with path.open("rb") as stream:
        for journey in read_journeys(read_capture(stream)):
            assert isinstance(journey, Journey)
            for step in journey.steps:
                if type(step) is Hop and step.place.label:
                    hops += 1
    return hops


def decode_only(path: Path) -> int:
    """Frames to journeys."""
    with path.open("rb") as stream:
        return sum(1 for _ in read_journeys(read_capture(stream)))


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """What it takes by the clock, and of the processor."""

    def used() -> float:
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, _CHILDREN))
        return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime

    start, before = time.perf_counter(), used()
    action()
    return time.perf_counter() - start, used() - before


_CHILDREN = resource.RUSAGE_CHILDREN


def compare(capture: Path, script: Path) -> None:
    """Run all on *capture* in turn, three times, and print the best of each."""
    tshark = ["tshark", "-X", f"lua_script:{script}", "-r", str(capture)]
    environment = _environment(script.parent)

    def run(*options: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            [*tshark, *options], capture_output=True, check=True, env=environment
        )

    actions: dict[str, Callable[[], object]] = {
        "tshark": run(),
        "tshark, strings printed": run("-Tfields", "-e", "peer.data"),
        "dtkit, to journeys": lambda: decode_only(capture),
        "dtkit, every hop looked at": lambda: decode(capture),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for _ in range(3):
        for name, action in actions.items():
            taken[name].append(seconds(action))
    best = {name: [min(times) for times in zip(*all, strict=True)] for name, all in taken.items()}
    peer = best["tshark"]
    print(f"{'':28}  clock       ratio  processor  ratio  a frame")
    for name, (clock, processor) in best.items():
        print(
            f"{name:28} {clock:6.2f} s  {peer[0] / clock:7.1f}   {processor:6.2f} s "
            f"{peer[1] / processor:7.1f}  {processor / FRAMES * 1e6:5.1f} us"
        )


def _environment(home: Path) -> dict[str, str]:
    """
    What all run in: an installed program has its bytecode, which must be there for ours, too; and
    tshark must not find a dissector of ours in the home folder, which does more than its peer.
    """
    kept = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    return {**kept, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}


def commands(capture: Path, script: Path) -> None:
    """What users run, beside tshark: the best of three by the time of the processor."""
    environment = _environment(script.parent)

    def run(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            command, stdout=_NOWHERE, stderr=_NOWHERE, check=True, env=environment
        )

    def tshark(*options: str) -> Callable[[], object]:
        return run("tshark", "-X", f"lua_script:{script}", "-r", str(capture), *options)

    def dtkit(*command: str) -> Callable[[], object]:
        return run(sys.executable, "-m", "dtkit", "trace", *command, str(capture))

    summary, fields, everything = "tshark", "tshark -T fields", "tshark -T json"
    actions: dict[str, tuple[Callable[[], object], str]] = {
        summary: (tshark(), summary),
        fields: (tshark("-Tfields", "-e", "peer.data"), fields),
        everything: (tshark("-Tjson"), everything),
        "show --brief": (dtkit("show", "--brief"), summary),
        "convert": (dtkit("convert", "-w", "/dev/null"), summary),
        "stats": (dtkit("stats"), summary),
        "show": (dtkit("show"), fields),
        "show --to json": (dtkit("show", "--to", "json"), everything),
        "export": (dtkit("export"), everything),
        "report": (dtkit("report", "-o", "/dev/null"), everything),
    }
    best = {name: float("inf") for name in actions}
    for action, _peer in actions.values():
        action()
    for _ in range(3):
        for name, (action, _peer) in actions.items():
            best[name] = min(best[name], seconds(action)[1])
    for name, (_action, peer) in actions.items():
        print(
            f"{name:20} {best[name]:6.2f} s  {best[peer] / best[name]:5.2f} times as fast as {peer}"
        )


_NOWHERE = subprocess.DEVNULL


def memory(path: Path, *command: str) -> float:
    """MiB that ``dtkit trace COMMAND`` takes at most, as Linux tells it."""
    code = (
        "import sys; from dtkit.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.partition('VmHWM:')[2].split()[0], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "trace", *command, str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )
    return int(done.stderr.split()[-1]) / 1024


def main() -> None:
    """Print the ratio, and the memory."""
    with tempfile.TemporaryDirectory() as folder:
        script, capture = Path(folder, "peer.lua"), Path(folder, "capture.pcap")
        script.write_text(PEER)
        for distinct, said in ((5000, "5,000 forms of one string"), (FRAMES, "each with its own")):
            write_capture(capture, FRAMES, distinct)
            size = capture.stat().st_size >> 20
            print(f"{FRAMES} frames of 7 strings and 2 snapshots, {said}, {size} MiB")
            assert decode(capture) == 7 * FRAMES
            compare(capture, script)
        for distinct, wide in ((5000, False), (50, False), (20_000, False), (20_000, True)):
            write_capture(capture, 20_000, distinct, wide)
            how = ", three strings with arguments of any length" if wide else ""
            print(f"the commands, 20000 frames of {distinct} ways{how}, time of the processor")
            commands(capture, script)
        if not Path("/proc/self/status").exists():
            return
        short, long = Path(folder, "short.pcap"), Path(folder, "long.pcap")
        write_capture(short, 1000)
        write_capture(long, 10_000)
        for name, options in (
            ("show", ["show"]),
            ("convert", ["convert", "-w", "/dev/null"]),
            ("export", ["export"]),
            ("report", ["report", "-o", "/dev/null"]),
        ):
            first, second = memory(short, *options), memory(long, *options)
            print(f"{name:8} {first:6.1f} MiB for 1,000 frames, {second:6.1f} MiB for 10,000")


if __name__ == "__main__":
    main()
