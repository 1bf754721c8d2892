# SPDX-License-Identifier: BSD-2-Clause
"""The built-in variables."""

from __future__ import annotations

from collections.abc import Callable

from dtkit.mbuf import FaultFlag
from dtkit.simulate.cpu import Cpu, FaultError, FiredProbe


def _firing(c: Cpu) -> FiredProbe:
    assert c.firing is not None
    return c.firing


def _timestamp(c: Cpu) -> int:
    """One time for all of a clause."""
    if not c.timestamp:
        c.timestamp = c.clock()
    return c.timestamp


def _argument(number: int) -> Callable[[Cpu], int]:
    def argument(c: Cpu) -> int:
        arguments = _firing(c).arguments
        return arguments[number] if number < len(arguments) else 0

    return argument


def _not_on_freebsd(c: Cpu) -> int:
    raise FaultError(FaultFlag.ILLOP)


def builtin_array(c: Cpu, number: int, index: int) -> int:
    """``args[index]`` (number 0) and ``uregs[index]``."""
    if number == 0:
        arguments = _firing(c).arguments
        return arguments[index] if index < len(arguments) else 0
    raise FaultError(FaultFlag.ILLOP)


#: What each variable is, as a 64-bit number; strings are addresses.
VARIABLES: dict[str, Callable[[Cpu], int]] = {
    **{f"arg{n}": _argument(n) for n in range(10)},
    "timestamp": _timestamp,
    "vtimestamp": _timestamp,
    "walltimestamp": lambda c: c.wall + c.clock(),
    "cpu": lambda c: c.number,
    "id": lambda c: _firing(c).probe.id,
    "epid": lambda c: c.epid,
    "ipl": _not_on_freebsd,
    "pid": lambda c: _firing(c).thread.pid,
    "ppid": lambda c: _firing(c).thread.ppid,
    "tid": lambda c: _firing(c).thread.tid,
    "uid": lambda c: _firing(c).thread.uid,
    "gid": lambda c: _firing(c).thread.gid,
    "jid": lambda c: 0,
    "errno": lambda c: 0,
    "curthread": lambda c: _firing(c).thread.address,
    "execname": lambda c: _firing(c).thread.execname,
    "jailname": lambda c: c.names("0"),
    "execargs": lambda c: c.names(""),
    "zonename": _not_on_freebsd,
    "probeprov": lambda c: c.names(_firing(c).probe.provider),
    "probemod": lambda c: c.names(_firing(c).probe.module),
    "probefunc": lambda c: c.names(_firing(c).probe.function),
    "probename": lambda c: c.names(_firing(c).probe.name),
    "caller": lambda c: (_firing(c).callers + _firing(c).thread.frames + (0,))[0],
    "stackdepth": lambda c: len(_firing(c).callers) + len(_firing(c).thread.frames),
}
