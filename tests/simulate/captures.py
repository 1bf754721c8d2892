# SPDX-License-Identifier: BSD-2-Clause
"""The real outputs of dtrace(1): their command lines, and the packets to be seen in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from dtkit.dlang import target_kernel
from dtkit.dlang.options import Options
from dtkit.freebsd import release
from dtkit.simulate import Settings, Simulation, StackPacket

CAPTURES = Path(__file__).parent.parent / "data" / "captures"

#: What the host that they are from had memory for.
LARGEST_BUFFER = 4 << 20

_FIRING = re.compile(r" {1,2}\d +(?:\d+ +(\S*):(\S+) |(?:->|<-) (\S+))")
_DUMP = re.compile(r" +[0-9a-f]+: ((?:[0-9a-f]{2} ){1,16})")
_LETTERS = {"-q": ("quiet", False), "-F": ("flowindent", False), "-b": ("bufsize", True)}


@dataclass
class Seen:
    """A firing in a capture, or a bare dump of a quiet one."""

    function: str = ""
    dumps: list[bytes] = field(default_factory=list)
    text: str = ""


class Capture:
    """One capture."""

    def __init__(self, name: str) -> None:
        self.name = name
        text = (CAPTURES / name).read_text("utf-8", "surrogateescape")
        command, _, rest = text.partition("\n")
        self.command = shlex.split(command.removeprefix("# dtrace"))
        rest, _, status = rest.rpartition("# exit status ")
        self.status = int(status)
        self.output, _, self.errors = rest.partition("# stderr:\n")
        self.is_apart = bool(self.errors)

    def settings(self) -> tuple[str, Settings]:
        """The program, and how dtrace was told to run it."""
        options = Options()
        program, file = "", None
        words = iter(self.command)
        for word in words:
            match word:
                case "-n":
                    program = next(words)
                case "-s":
                    file = next(words)
                case "-x":
                    name, equals, value = next(words).partition("=")
                    options = options.set(name, value if equals else None)
                case _:
                    name, has_value = _LETTERS[word]
                    options = options.set(name, next(words) if has_value else None)
        return program, Settings(
            file=file,
            options=options,
            largest_buffer=LARGEST_BUFFER,
            kernel=target_kernel(release("12")),
        )

    @cached_property
    def firings(self) -> list[Seen]:
        """What fired, in order."""
        found: list[Seen] = []
        offset = 0
        for line in self.output.splitlines():
            firing = _FIRING.match(line)
            if firing is not None:
                found.append(Seen(firing[1] or firing[3], text=line[firing.end() :]))
                continue
            dump = _DUMP.match(line)
            if dump is not None:
                start = line.split(":")[0].strip()
                offset = int(start, 16)
                if not found:
                    found.append(Seen())
                if offset == 0:
                    if "-q" in self.command and found[-1].dumps:
                        found.append(Seen())
                    found[-1].dumps.append(b"")
                found[-1].dumps[-1] += bytes.fromhex(dump[1])
        return found

    def run(self, packets: list[StackPacket], program: str | None = None) -> None:
        """Compare what the simulator prints with what dtrace(1) did."""
        given, settings = self.settings()
        simulation = Simulation(given if program is None else program, settings)
        chunks = list(simulation.run(packets))
        if self.is_apart:
            assert "".join(c.text for c in chunks if not c.error) == self.output
            assert "".join(c.text for c in chunks if c.error) == self.errors
        else:
            assert "".join(c.text for c in chunks) == self.output
        assert simulation.status == self.status


def at_network_layer(seen: bytes) -> StackPacket:
    """The packet whose first bytes a dump shows; the dump may show more than the packet."""
    length = len(seen)
    if seen[0] >> 4 == 4:
        length = int.from_bytes(seen[2:4], "big")
    elif seen[0] >> 4 == 6:
        length = 40 + int.from_bytes(seen[4:6], "big")
    return StackPacket(seen[:length].ljust(length, b"\0"), behind=seen[length:])


def ipv4(length: int, protocol: int = 1, payload: bytes = b"") -> bytes:
    """An IPv4 packet of this many bytes."""
    header = bytes([0x45, 0, *length.to_bytes(2, "big"), 0, 0, 0, 0, 64, protocol, 0, 0])
    return (header + bytes([127, 0, 0, 1] * 2) + payload).ljust(length, b"\0")


def timed(packets: list[StackPacket], groups: list[int]) -> list[StackPacket]:
    """Packets in groups that are a second and more apart."""
    times = [
        1_600_000_000_000_000_000 + group * 1_500_000_000 + number * 1_000_000
        for group, size in enumerate(groups)
        for number in range(size)
    ]
    return [replace(p, time=time) for p, time in zip(packets, times, strict=True)]
