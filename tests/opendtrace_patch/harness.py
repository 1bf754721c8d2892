# SPDX-License-Identifier: BSD-2-Clause
"""The C core over the model's memory: built by a C compiler, called with a case, read back."""

from __future__ import annotations

import ctypes
import itertools
import os
import resource
import shutil
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dtkit.mbuf import Access, Canload, FaultFlag, Load, Machine, copyoutmbuf, mbuflen
from dtkit.mbuf.machine import Scratch

PATCH = Path(__file__).parents[2] / "opendtrace_patch"
HARNESS = PATCH / "harness"
SOURCES = ("core.c", "harness.c", "machine.c")

#: Layouts of the model by the number that harness/kernel.h knows them by.
LAYOUT_NUMBERS = {
    "freebsd-12": 12,
    "freebsd-13-2019": 13,
    "freebsd-14": 14,
    "freebsd-14-ilp32": 32,
}

#: style(9) knows no warnings; these are the kernel's, and more.
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]

COPYOUTMBUF, MBUFLEN = 54, 55


@dataclass(frozen=True, slots=True)
class Poke:
    """Another CPU stores *value* at *address* before load number *before*, counted from 0."""

    before: int
    address: int
    value: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a call does."""

    result: int
    flags: int
    illval: int
    scratch_ptr: int
    log: tuple[Access, ...]
    scratch: bytes


def disagreement(theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> str:
    """
    The first thing in which the C and the model differ, in a line; empty where they agree.

    Not left to ``assert theirs == ours``: of outcomes with thousands of loads pytest would look
    for the smallest difference, for minutes.
    """
    if len(theirs) != len(ours):
        return f"{len(theirs)} outcomes instead of {len(ours)}"
    for number, (c, model) in enumerate(zip(theirs, ours, strict=True)):
        for name in ("result", "flags", "illval", "scratch_ptr"):
            got, expected = getattr(c, name), getattr(model, name)
            if got != expected:
                return f"call {number}: {name} is {got:#x} instead of {expected:#x}"
        for step, (load, expected_load) in enumerate(
            itertools.zip_longest(c.log, model.log, fillvalue=None)
        ):
            if load != expected_load:
                return f"call {number}: access {step} is {load} instead of {expected_load}"
        for at, (byte, expected_byte) in enumerate(zip(c.scratch, model.scratch, strict=True)):
            if byte != expected_byte:
                return f"call {number}: scratch[{at}] is {byte:#x} instead of {expected_byte:#x}"
    return ""


@dataclass(slots=True)
class WatchedMachine(Machine):
    """A model machine beside which another CPU is at work."""

    pokes: Sequence[Poke] = field(default=())

    def load(self, address: int, size: int) -> int:
        number = len(self.loads)
        for poke in self.pokes:
            if poke.before == number and self.memory.region_at(poke.address) is not None:
                self.memory.write_uint(poke.address, 1, poke.value)
        return Machine.load(self, address, size)


def encode(
    machine: Machine, subroutine: int, m: int, length: int, offset: int, pokes: Sequence[Poke] = ()
) -> bytes:
    """The request of harness/harness.h for a call on *machine* as it is now."""
    memory, scratch, dmap = machine.memory, machine.scratch, machine.direct_map
    regions = [region for region in memory if region.readable]
    head = struct.pack(
        "=16Q",
        subroutine,
        m,
        length,
        offset,
        scratch.base,
        scratch.size,
        scratch.ptr,
        machine.kernel_access,
        machine.strict_alignment,
        machine.maxchain & 0xFFFFFFFF,
        dmap.base if dmap else 0,
        dmap.size if dmap else 0,
        len(memory.toxic),
        len(machine.own),
        len(pokes),
        len(regions),
    )
    return b"".join(
        [
            head,
            *(struct.pack("=2Q", toxic.base, toxic.limit - toxic.base) for toxic in memory.toxic),
            *(struct.pack("=2Q", *own) for own in machine.own),
            *(struct.pack("=3Q", poke.before, poke.address, poke.value) for poke in pokes),
            *(
                struct.pack("=2Q", region.base, len(region.data)) + bytes(region.data)
                for region in regions
            ),
        ]
    )


def decode(response: bytes) -> Outcome:
    """What the C did."""
    result, flags, illval, scratch_ptr, accesses, size = struct.unpack_from("=6Q", response)
    log: list[Access] = []
    for at in range(48, 48 + 40 * accesses, 40):
        canload, address, width, value, fault = struct.unpack_from("=5Q", response, at)
        log.append(
            Canload(address, width, bool(value))
            if canload
            else Load(address, width, None if fault else value)
        )
    scratch = response[len(response) - size :] if size else b""
    return Outcome(result, flags, illval, scratch_ptr, tuple(log), scratch)


def model(
    machine: Machine, subroutine: int, m: int, length: int, offset: int, pokes: Sequence[Poke] = ()
) -> Outcome:
    """What the model does, on *machine*, which it changes."""
    watched = WatchedMachine(
        **{name: getattr(machine, name) for name in Machine.__dataclass_fields__}, pokes=pokes
    )
    run = {
        COPYOUTMBUF: lambda: copyoutmbuf(watched, m, length, offset),
        MBUFLEN: lambda: mbuflen(watched, m),
    }
    result = run[subroutine]()
    scratch: Scratch = watched.scratch
    content = watched.memory.read(scratch.base, scratch.size) if scratch.size else b""
    assert content is not None
    flags: FaultFlag = watched.flags
    return Outcome(result, int(flags), watched.illval, scratch.ptr, tuple(watched.log), content)


def compiler(name: str) -> str:
    """The path of a C compiler. ``RuntimeError`` when it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"no {name} here: make system-packages installs it")
    return found


def compile_c(cc: str, arguments: Iterable[str | Path]) -> None:
    """Run a compiler quietly; what it says is the error."""
    done = subprocess.run(
        [compiler(cc), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr


class Library:
    """The core for one layout and byte order, as a shared library in this process."""

    def __init__(self, directory: Path, layout: str, byteorder: str, cc: str = "cc") -> None:
        path = directory / f"core-{layout}-{byteorder}-{Path(cc).name}.so"
        if not path.exists():
            temporary = path.with_suffix(f".{os.getpid()}")
            compile_c(
                cc,
                [
                    *WARNINGS,
                    "-O2",
                    "-shared",
                    "-fPIC",
                    f"-DLAYOUT={LAYOUT_NUMBERS[layout]}",
                    f"-DBIG={int(byteorder == 'big')}",
                    *(HARNESS / name for name in SOURCES),
                    "-o",
                    temporary,
                ],
            )
            temporary.rename(path)
        self._library = ctypes.CDLL(str(path))
        self._library.harness_call.restype = ctypes.c_void_p
        self._library.harness_call.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.POINTER(ctypes.c_size_t),
        ]
        self._library.harness_free.argtypes = [ctypes.c_void_p]
        self.layout = list((ctypes.c_uint64 * 17).in_dll(self._library, "harness_layout"))

    def call(self, request: bytes) -> Outcome:
        size = ctypes.c_size_t()
        response = self._library.harness_call(request, len(request), ctypes.byref(size))
        assert response, "malformed request"
        try:
            return decode(ctypes.string_at(response, size.value))
        finally:
            self._library.harness_free(response)


class HarnessError(Exception):
    """The harness, or a sanitizer in it, ended the program."""


class Program:
    """The same as a program of its own: for sanitizers and other word sizes."""

    def __init__(
        self,
        directory: Path,
        layout: str,
        byteorder: str,
        cc: str,
        options: Sequence[str],
        sources: Path = HARNESS,
    ) -> None:
        self._sanitized = any("sanitize" in option for option in options)
        self.path = directory / "-".join(["core", layout, byteorder, cc, *options]).replace(
            "=", ""
        ).replace(",", "")
        compile_c(
            cc,
            [
                *WARNINGS,
                "-O1",
                "-g",
                *options,
                f"-DLAYOUT={LAYOUT_NUMBERS[layout]}",
                f"-DBIG={int(byteorder == 'big')}",
                *(sources / name for name in (*SOURCES, "main.c")),
                "-o",
                self.path,
            ],
        )

    def _limit(self) -> None:
        """A core that is wrong may walk for ever, and note down each step of it."""
        resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
        if not self._sanitized:  # a sanitizer's shadow is terabytes of addresses
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    def call_all(self, requests: Sequence[bytes]) -> list[Outcome]:
        """
        All calls in one run of the program.

        :raises HarnessError: it saw something that no kernel may do, such as a load after a fault.
        """
        done = subprocess.run(
            [self.path],
            input=b"".join(struct.pack("=Q", len(request)) + request for request in requests),
            capture_output=True,
            check=False,
            preexec_fn=self._limit,
        )
        if done.returncode or done.stderr:
            raise HarnessError(done.stderr.decode(errors="replace") or f"exit {done.returncode}")
        outcomes = []
        at = 0
        while at < len(done.stdout):
            (size,) = struct.unpack_from("=Q", done.stdout, at)
            outcomes.append(decode(done.stdout[at + 8 : at + 8 + size]))
            at += 8 + size
        assert len(outcomes) == len(requests)
        return outcomes


#: Layout and byte order of every core there is.
VARIANTS = list(itertools.product(LAYOUT_NUMBERS, ("little", "big")))
