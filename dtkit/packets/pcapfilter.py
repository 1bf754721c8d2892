# SPDX-License-Identifier: BSD-2-Clause
"""
Filters in the language of pcap-filter(7), compiled and run by the system's libpcap.

The library is called through ctypes: it has no Python binding that is kept up, it is on every
system that has tcpdump(1), and nothing else compiles exactly the same language.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache, lru_cache
from typing import Any, NamedTuple

from dtkit.packets.linktype import LinkType

__all__ = ["FilterError", "Instruction", "Program", "compile_filter"]


class FilterError(ValueError):
    """A filter that cannot be compiled, or no libpcap to do it; ``str()`` says which and why."""


class Instruction(NamedTuple):
    """
    One instruction of the classic BPF machine, as bpf(4) describes them.

    :ivar code: operation, 16 bits.
    :ivar jt: instructions to skip when a jump's condition is true.
    :ivar jf: instructions to skip when it is false.
    :ivar k: the operand, 32 bits.
    """

    code: int
    jt: int
    jf: int
    k: int


class _Insn(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Code(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Insn)))


class _Header(ctypes.Structure):
    # struct pcap_pkthdr: a struct timeval (two longs where time_t is long), then two lengths.
    _fields_ = (
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("captured", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
    )


#: Where the library is found without asking the linker: Linux, FreeBSD, macOS.
_NAMES = ("libpcap.so.1", "libpcap.so.0.8", "libpcap.so.8", "libpcap.so", "libpcap.A.dylib")

#: Names by which libpcap knows the link types; their numbers differ between systems.
_LINKS = {
    LinkType.ETHERNET: b"EN10MB",
    LinkType.RAW: b"RAW",
    LinkType.IPV4: b"IPV4",
    LinkType.IPV6: b"IPV6",
}


@cache
def _libpcap() -> Any:
    for name in (*_NAMES, ctypes.util.find_library("pcap")):
        try:
            library = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if library is not None:
            break
    else:
        raise FilterError("no libpcap on this system: install libpcap0.8 (Debian) or libpcap")
    library.pcap_datalink_name_to_val.argtypes = [ctypes.c_char_p]
    library.pcap_open_dead.argtypes = [ctypes.c_int, ctypes.c_int]
    library.pcap_open_dead.restype = ctypes.c_void_p
    library.pcap_compile.argtypes = [
        ctypes.c_void_p,
        ctypes.POINTER(_Code),
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint32,
    ]
    library.pcap_geterr.argtypes = [ctypes.c_void_p]
    library.pcap_geterr.restype = ctypes.c_char_p
    library.pcap_offline_filter.argtypes = [
        ctypes.POINTER(_Code),
        ctypes.POINTER(_Header),
        ctypes.c_char_p,
    ]
    library.pcap_freecode.argtypes = [ctypes.POINTER(_Code)]
    library.pcap_freecode.restype = None
    library.pcap_close.argtypes = [ctypes.c_void_p]
    library.pcap_close.restype = None
    return library


class Program:
    """
    A compiled filter; made by :func:`compile_filter`.

    :ivar expression: what it was compiled from.
    :ivar linktype: what the packets that it is for start with.
    :ivar instructions: the program, for whoever wants to translate it.
    """

    def __init__(self, expression: str, linktype: LinkType, code: tuple[Instruction, ...]) -> None:
        self.expression = expression
        self.linktype = linktype
        self.instructions = code
        # A copy of our own: what libpcap allocated is given back at once.
        self._array = (_Insn * len(code))(*[_Insn(*instruction) for instruction in code])
        self._code = _Code(len(code), ctypes.cast(self._array, ctypes.POINTER(_Insn)))
        self._header = _Header()
        self._run = _libpcap().pcap_offline_filter

    def matches(self, data: bytes, length: int | None = None) -> bool:
        """
        Whether a packet passes.

        :param data: its captured bytes; any bytes at all.
        :param length: its bytes in all, where more are known to exist.
        """
        self._header.captured = len(data)
        self._header.length = max(length or 0, len(data))
        return bool(self._run(ctypes.byref(self._code), ctypes.byref(self._header), data))


#: Bytes of a filter: libpcap's optimizer takes a minute for twice as many.
_LONGEST = 6_000


@lru_cache(maxsize=64)
def compile_filter(expression: str, linktype: LinkType) -> Program:
    """
    Compile *expression* for packets of *linktype*, with libpcap's optimizer.

    :raises FilterError: a syntax error, in libpcap's words; a link type that pcap-filter(7) does
        not know headers of; or no libpcap on this system.
    """
    library = _libpcap()
    if linktype not in _LINKS:
        raise FilterError(f"no pcap filter works on {linktype.name} packets")
    if "\0" in expression:
        raise FilterError("a filter cannot hold a NUL")
    handle = library.pcap_open_dead(library.pcap_datalink_name_to_val(_LINKS[linktype]), 262144)
    if not handle:
        raise FilterError("libpcap has no memory left")
    try:
        code = _Code()
        text = expression.encode("utf-8", "surrogateescape")
        if len(text) > _LONGEST:
            raise FilterError(
                f"filter {expression[:40]!r}... is too long: portrange and net say more with less"
            )
        # 1: optimize; all ones: no netmask, so "ip broadcast" is refused rather than wrong.
        if library.pcap_compile(handle, ctypes.byref(code), text, 1, 0xFFFFFFFF):
            message = library.pcap_geterr(handle).decode("utf-8", "backslashreplace")
            raise FilterError(f"filter {expression!r}: {message}")
        try:
            instructions = tuple(
                Instruction(one.code, one.jt, one.jf, one.k)
                for one in code.instructions[: code.length]
            )
        finally:
            library.pcap_freecode(ctypes.byref(code))
    finally:
        library.pcap_close(handle)
    return Program(expression, linktype, instructions)
