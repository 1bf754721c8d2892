# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's core in user space: build it, and call it as Python's mirror is called."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

PATCH = Path(__file__).parents[2] / "mbuf_trace_patch"
CORE = PATCH / "kern_mbuf_trace.c"
HEADER = PATCH / "mbuf_trace.h"


def build(
    into: Path, name: str, *flags: str, sources: tuple[str, ...] = (), core: Path = CORE
) -> Path:
    """Compile the core, unchanged (or another *core*), with the harness; returns what came out."""
    include = into / "include"
    for header in re.findall(r'^#include [<"]([^>"]+)', CORE.read_text(), re.MULTILINE):
        path = include / header
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    shutil.copy(HEADER, include / "sys")
    cc = shutil.which("cc") or "gcc"
    out = into / name
    harness = PATCH / "harness"
    command = [cc, "-std=gnu99", "-Wall", "-Wextra", "-Werror", "-g", *flags]
    command += ["-include", str(harness / "harness.h"), f"-I{include}", f"-I{PATCH}"]
    command += ["-o", str(out), str(core), str(harness / "harness.c")]
    command += [str(harness / source) for source in sources]
    subprocess.run([*command, "-lpthread"], check=True)
    return out


class Kernel:
    """The shared library, with :class:`dtkit.trace.kernel.mtrace.Mtrace`'s names for its calls."""

    def __init__(self, library: Path) -> None:
        self.c = ctypes.CDLL(str(library))
        for name in ("shim_mbuf", "shim_copy", "shim_pullup"):
            getattr(self.c, name).restype = ctypes.c_void_p
        for name in ("shim_sysctl_name", "shim_tap", "shim_ddb"):
            getattr(self.c, name).restype = ctypes.c_char_p
        self.c.shim_frame.restype = ctypes.c_long
        self.live = ctypes.c_long.in_dll(self.c, "shim_live")
        self.fail_at = ctypes.c_long.in_dll(self.c, "shim_fail_at")

    def packet(self, data: bytes = b"", header: bool = True) -> int:
        made: int = self.c.shim_mbuf(ctypes.c_bool(header), data, len(data))
        return made

    def append(self, m: int, data: bytes) -> None:
        self.c.shim_append(_p(m), _p(self.packet(data, header=False)))

    def sysctl(self, name: str, value: object = None) -> str:
        """What it was; sets it if there is a *value*.

        :raises OSError: what sysctl(8) would say.
        """
        old = ctypes.create_string_buffer(512)
        new = None if value is None else str(value).encode()
        error = self.c.shim_sysctl(name.encode(), new, old, ctypes.c_size_t(len(old)))
        if error:
            raise OSError(error, name)
        return old.value.decode()

    @property
    def counters(self) -> dict[str, int]:
        names = (
            "started records delivered unheard ignored cut left_out nomem nomem_copy nomem_deliver"
        )
        values = {name: int(self.sysctl(name)) for name in names.split()}
        return {name: value for name, value in values.items() if value}

    @property
    def frames(self) -> list[bytes]:
        """What the tap was given since this was last asked."""
        frames = []
        while (size := self.c.shim_frame(None, ctypes.c_size_t(0))) >= 0:
            room = ctypes.create_string_buffer(max(size, 1))
            self.c.shim_frame(room, ctypes.c_size_t(size))
            frames.append(room.raw[:size])
        return frames

    def start(self, m: int | None) -> None:
        self.c.shim_start(_p(m))

    def data(self, m: int | None) -> None:
        self.c.shim_data(_p(m))

    def static_length(self, m: int | None, text: bytes | None, length: int, at: str) -> None:
        self.c.shim_string(_p(m), f"{at}: ".encode(), text, ctypes.c_size_t(length))

    def static(self, m: int | None, text: bytes | None, at: str) -> None:
        self.c.shim_text(_p(m), f"{at}: ".encode(), text)

    def place(self, m: int | None, at: str) -> None:
        self.c.shim_text(_p(m), b"", at.encode())

    def enter(self, m: int | None, function: str, at: str) -> None:
        self.c.shim_function(_p(m), f"{at}: ".encode(), ord("+"), function.encode())

    def leave(self, m: int | None, function: str, at: str) -> None:
        self.c.shim_function(_p(m), f"{at}: ".encode(), ord("-"), function.encode())

    def func(self, m: int | None, function: str, at: str) -> None:
        self.c.shim_function(_p(m), f"{at}: ".encode(), 0, function.encode())

    def printf(self, m: int | None, at: str, name: bytes, number: int) -> None:
        self.c.shim_printf(_p(m), f"{at}: ".encode(), name, number)

    def printf_shortened(self, m: int, at: str, text: bytes, length: int) -> None:
        """Another CPU cuts *text* to *length* bytes after it was measured, before it is copied."""
        buffer = ctypes.create_string_buffer(text)
        self.c.shim_printf_shortened(
            _p(m), f"{at}: ".encode(), buffer, ctypes.byref(buffer, length)
        )

    def copy(self, m: int) -> int:
        made: int = self.c.shim_copy(_p(m))
        return made

    def pullup(self, m: int) -> int:
        made: int = self.c.shim_pullup(_p(m))
        return made

    def loopback(self, m: int) -> None:
        self.c.shim_loopback(_p(m))

    def demote(self, m: int) -> None:
        self.c.shim_demote(_p(m))

    def free(self, m: int) -> None:
        self.c.m_freem(_p(m))

    def tag(self, m: int, cookie: int, identity: int, data: bytes) -> None:
        self.c.shim_tag(_p(m), ctypes.c_uint32(cookie), identity, data, len(data))

    def tags(self, m: int) -> int:
        count: int = self.c.shim_tags(_p(m))
        return count

    def ddb(self, m: int | None) -> str:
        shown: bytes = self.c.shim_ddb(_p(m))
        return shown.decode(errors="backslashreplace")

    def reset(self) -> None:
        """As after booting, but with tracing on and somebody listening."""
        self.fail_at.value = 0
        self.c.shim_listen(1)
        self.c.shim_user(0, 0)
        self.c.shim_store(None, 0)
        defaults = {"enable": 1, "source_position": 1, "start_anywhere": 0, "max_records": 256}
        defaults |= {"unprivileged": 0}
        defaults |= {"max_bytes": 262144, "snaplen": 65535}
        for name in self.counters:
            defaults[name] = 0
        for name, value in defaults.items():
            self.sysctl(name, value)
        self.sysctl("interfaces", "")
        self.sysctl("pids", "")
        assert self.frames is not None


def _p(m: int | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(m)
