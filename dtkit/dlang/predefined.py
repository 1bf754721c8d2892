# SPDX-License-Identifier: BSD-2-Clause
"""
What D has built in: variables, subroutines, actions and aggregating functions.

Names, prototypes and the version that brought each are those of dtrace(1) on FreeBSD; numbers
are those of the DIF that the kernel runs. ``copyoutmbuf`` and ``mbuflen`` are from the
copyoutmbuf RFD, in the version that is to bring them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Version = tuple[int, int, int]

#: The latest version of D that dtrace(1) on FreeBSD has ...
LATEST: Version = (1, 13, 0)
#: ... and the one in which ``copyoutmbuf`` and ``mbuflen`` come.
MBUF_VERSION: Version = (1, 14, 0)

#: All versions that dtrace(1) knows by name.
VERSIONS: list[Version] = [
    (1, 0, 0),
    (1, 1, 0),
    (1, 2, 0),
    (1, 2, 1),
    (1, 2, 2),
    (1, 3, 0),
    (1, 4, 0),
    (1, 4, 1),
    (1, 5, 0),
    (1, 6, 0),
    (1, 6, 1),
    (1, 6, 2),
    (1, 6, 3),
    (1, 7, 0),
    (1, 7, 1),
    (1, 8, 0),
    (1, 8, 1),
    (1, 9, 0),
    (1, 9, 1),
    (1, 10, 0),
    (1, 11, 0),
    (1, 12, 0),
    (1, 12, 1),
    LATEST,
    MBUF_VERSION,
]


class Kind(StrEnum):
    """What an identifier is; the values are dtrace(1)'s words."""

    SCALAR = "scalar"
    ARRAY = "associative array"
    POINTER = "pointer"
    FUNCTION = "function"
    ACTION = "tracing function"
    AGGREGATING = "aggregating function"
    AGGREGATION = "aggregation"
    TRANSLATED = "translated data"
    TRANSLATED_POINTER = "pointer to translated data"


@dataclass(frozen=True, slots=True)
class Builtin:
    """
    A built-in name.

    :ivar number: of a variable or subroutine, its number in DIF.
    :ivar prototype: type of a variable; ``type(parameters)`` of the rest, ``@`` for any type,
        ``[type]`` for an optional parameter and ``...`` for any number of any.
    :ivar version: the version of D that has it.
    """

    name: str
    kind: Kind
    number: int
    prototype: str
    version: Version = (1, 0, 0)


def _variables() -> list[Builtin]:
    table = [
        ("curthread", 0x100, "struct thread *", (1, 0, 0)),
        ("timestamp", 0x101, "uint64_t", (1, 0, 0)),
        ("vtimestamp", 0x102, "uint64_t", (1, 0, 0)),
        ("ipl", 0x103, "uint_t", (1, 0, 0)),
        ("epid", 0x104, "uint_t", (1, 0, 0)),
        ("id", 0x105, "uint_t", (1, 0, 0)),
        *((f"arg{n}", 0x106 + n, "int64_t", (1, 0, 0)) for n in range(10)),
        ("stackdepth", 0x110, "uint32_t", (1, 0, 0)),
        ("caller", 0x111, "uintptr_t", (1, 0, 0)),
        ("probeprov", 0x112, "string", (1, 0, 0)),
        ("probemod", 0x113, "string", (1, 0, 0)),
        ("probefunc", 0x114, "string", (1, 0, 0)),
        ("probename", 0x115, "string", (1, 0, 0)),
        ("pid", 0x116, "pid_t", (1, 0, 0)),
        ("tid", 0x117, "id_t", (1, 0, 0)),
        ("execname", 0x118, "string", (1, 0, 0)),
        ("zonename", 0x119, "string", (1, 0, 0)),
        ("walltimestamp", 0x11A, "int64_t", (1, 0, 0)),
        ("ustackdepth", 0x11B, "uint32_t", (1, 2, 0)),
        ("ucaller", 0x11C, "uint64_t", (1, 2, 0)),
        ("ppid", 0x11D, "pid_t", (1, 0, 0)),
        ("uid", 0x11E, "uid_t", (1, 0, 0)),
        ("gid", 0x11F, "gid_t", (1, 0, 0)),
        ("errno", 0x120, "int", (1, 0, 0)),
        ("execargs", 0x121, "string", (1, 0, 0)),
        ("jid", 0x122, "int", (1, 13, 0)),
        ("jailname", 0x123, "string", (1, 13, 0)),
        ("cpu", 0x200, "int", (1, 6, 3)),
    ]
    arrays = [
        Builtin("args", Kind.ARRAY, 0, ""),
        Builtin("regs", Kind.ARRAY, 1, "uint64_t", (1, 13, 0)),
        Builtin("uregs", Kind.ARRAY, 2, "uint64_t"),
    ]
    return [Builtin(n, Kind.SCALAR, i, t, v) for n, i, t, v in table] + arrays


def _functions() -> list[Builtin]:
    table = [
        ("rand", 0, "int()", (1, 0, 0)),
        ("mutex_owned", 1, "int(struct mtx *)", (1, 0, 0)),
        ("mutex_owner", 2, "struct thread *(struct mtx *)", (1, 0, 0)),
        ("mutex_type_adaptive", 3, "int(struct mtx *)", (1, 0, 0)),
        ("mutex_type_spin", 4, "int(struct mtx *)", (1, 0, 0)),
        ("rw_read_held", 5, "int(struct rwlock *)", (1, 0, 0)),
        ("rw_write_held", 6, "int(struct rwlock *)", (1, 0, 0)),
        ("rw_iswriter", 7, "int(struct rwlock *)", (1, 0, 0)),
        ("copyin", 8, "void *(uintptr_t, size_t)", (1, 0, 0)),
        ("copyinstr", 9, "string(uintptr_t, [size_t])", (1, 0, 0)),
        ("speculation", 10, "int()", (1, 0, 0)),
        ("progenyof", 11, "int(pid_t)", (1, 0, 0)),
        ("strlen", 12, "size_t(const char *)", (1, 0, 0)),
        ("copyout", 13, "void(void *, uintptr_t, size_t)", (1, 0, 0)),
        ("copyoutstr", 14, "void(char *, uintptr_t, size_t)", (1, 0, 0)),
        ("alloca", 15, "void *(size_t)", (1, 0, 0)),
        ("bcopy", 16, "void(void *, void *, size_t)", (1, 0, 0)),
        ("copyinto", 17, "void(uintptr_t, size_t, void *)", (1, 0, 0)),
        ("ddi_pathname", 22, "string(void *, int64_t)", (1, 0, 0)),
        ("strjoin", 23, "string(const char *, const char *)", (1, 0, 0)),
        ("lltostr", 24, "string(int64_t, [int])", (1, 0, 0)),
        ("basename", 25, "string(const char *)", (1, 0, 0)),
        ("dirname", 26, "string(const char *)", (1, 0, 0)),
        ("cleanpath", 27, "string(const char *)", (1, 0, 0)),
        ("strchr", 28, "string(const char *, char)", (1, 1, 0)),
        ("strrchr", 29, "string(const char *, char)", (1, 1, 0)),
        ("strstr", 30, "string(const char *, const char *)", (1, 1, 0)),
        ("strtok", 31, "string(const char *, const char *)", (1, 1, 0)),
        ("substr", 32, "string(const char *, int, [int])", (1, 1, 0)),
        ("index", 33, "int(const char *, const char *, [int])", (1, 1, 0)),
        ("rindex", 34, "int(const char *, const char *, [int])", (1, 1, 0)),
        ("htons", 35, "uint16_t(uint16_t)", (1, 3, 0)),
        ("htonl", 36, "uint32_t(uint32_t)", (1, 3, 0)),
        ("htonll", 37, "uint64_t(uint64_t)", (1, 3, 0)),
        ("ntohs", 38, "uint16_t(uint16_t)", (1, 3, 0)),
        ("ntohl", 39, "uint32_t(uint32_t)", (1, 3, 0)),
        ("ntohll", 40, "uint64_t(uint64_t)", (1, 3, 0)),
        ("inet_ntop", 41, "string(int, void *)", (1, 5, 0)),
        ("inet_ntoa", 42, "string(in_addr_t *)", (1, 5, 0)),
        ("inet_ntoa6", 43, "string(struct in6_addr *)", (1, 5, 0)),
        ("toupper", 44, "string(const char *)", (1, 8, 0)),
        ("tolower", 45, "string(const char *)", (1, 8, 0)),
        ("memref", 46, "uintptr_t *(void *, size_t)", (1, 1, 0)),
        ("sx_shared_held", 47, "int(struct sx *)", (1, 0, 0)),
        ("sx_exclusive_held", 48, "int(struct sx *)", (1, 0, 0)),
        ("sx_isexclusive", 49, "int(struct sx *)", (1, 0, 0)),
        ("memstr", 50, "string(void *, char, size_t)", (1, 0, 0)),
        ("json", 52, "string(const char *, const char *)", (1, 11, 0)),
        ("strtoll", 53, "int64_t(const char *, [int])", (1, 11, 0)),
        ("copyoutmbuf", 54, "void *(struct mbuf *, size_t, [size_t])", MBUF_VERSION),
        ("mbuflen", 55, "size_t(struct mbuf *)", MBUF_VERSION),
    ]
    return [Builtin(n, Kind.FUNCTION, i, p, v) for n, i, p, v in table]


def _actions() -> list[Builtin]:
    table = [
        ("breakpoint", "void()", (1, 0, 0)),
        ("chill", "void(int)", (1, 0, 0)),
        ("clear", "void(...)", (1, 0, 0)),
        ("commit", "void(int)", (1, 0, 0)),
        ("denormalize", "void(...)", (1, 0, 0)),
        ("discard", "void(int)", (1, 0, 0)),
        ("exit", "void(int)", (1, 0, 0)),
        ("freopen", "void(@, ...)", (1, 1, 0)),
        ("ftruncate", "void()", (1, 0, 0)),
        ("func", "_symaddr(uintptr_t)", (1, 2, 0)),
        ("jstack", "stack(...)", (1, 0, 0)),
        ("mod", "_symaddr(uintptr_t)", (1, 2, 0)),
        ("normalize", "void(...)", (1, 0, 0)),
        ("panic", "void()", (1, 0, 0)),
        ("print", "void(@)", (1, 9, 0)),
        ("printa", "void(@, ...)", (1, 0, 0)),
        ("printf", "void(@, ...)", (1, 0, 0)),
        ("printm", "void(size_t, uintptr_t *)", (1, 0, 0)),
        ("raise", "void(int)", (1, 0, 0)),
        ("setopt", "void(const char *, [const char *])", (1, 2, 0)),
        ("speculate", "void(int)", (1, 0, 0)),
        ("stack", "stack(...)", (1, 0, 0)),
        ("stop", "void()", (1, 0, 0)),
        ("sym", "_symaddr(uintptr_t)", (1, 2, 0)),
        ("system", "void(@, ...)", (1, 0, 0)),
        ("trace", "void(@)", (1, 0, 0)),
        ("tracemem", "void(@, size_t, ...)", (1, 0, 0)),
        ("trunc", "void(...)", (1, 0, 0)),
        ("uaddr", "_usymaddr(uintptr_t)", (1, 2, 0)),
        ("ufunc", "_usymaddr(uintptr_t)", (1, 2, 0)),
        ("umod", "_usymaddr(uintptr_t)", (1, 2, 0)),
        ("ustack", "stack(...)", (1, 0, 0)),
        ("usym", "_usymaddr(uintptr_t)", (1, 2, 0)),
    ]
    return [Builtin(n, Kind.ACTION, 0, p, v) for n, p, v in table]


def _aggregating() -> list[Builtin]:
    table = [
        ("avg", "void(@)", (1, 0, 0)),
        ("count", "void()", (1, 0, 0)),
        ("llquantize", "void(@, int32_t, int32_t, int32_t, int32_t, ...)", (1, 7, 0)),
        ("lquantize", "void(@, int32_t, int32_t, ...)", (1, 0, 0)),
        ("max", "void(@)", (1, 0, 0)),
        ("min", "void(@)", (1, 0, 0)),
        ("quantize", "void(@, ...)", (1, 0, 0)),
        ("stddev", "void(@)", (1, 6, 0)),
        ("sum", "void(@)", (1, 0, 0)),
    ]
    return [Builtin(n, Kind.AGGREGATING, 0, p, v) for n, p, v in table]


#: Every built-in name.
BUILTINS: dict[str, Builtin] = {
    builtin.name: builtin
    for builtin in [
        *_variables(),
        *_functions(),
        *_actions(),
        *_aggregating(),
        Builtin("self", Kind.POINTER, 0, "void"),
        Builtin("this", Kind.POINTER, 0, "void"),
    ]
}

#: Typedef names of D itself, on a machine of 64 bits.
TYPEDEFS: dict[str, str] = {
    "int8_t": "char",
    "int16_t": "short",
    "int32_t": "int",
    "int64_t": "long",
    "intptr_t": "long",
    "ssize_t": "long",
    "uint8_t": "unsigned char",
    "uint16_t": "unsigned short",
    "uint32_t": "unsigned",
    "uint64_t": "unsigned long",
    "uchar_t": "unsigned char",
    "ushort_t": "unsigned short",
    "uint_t": "unsigned",
    "ulong_t": "unsigned long",
    "u_longlong_t": "unsigned long long",
    "ptrdiff_t": "long",
    "uintptr_t": "unsigned long",
    "size_t": "unsigned long",
    "id_t": "int",
    "pid_t": "int",
}

#: Actions that change the system, and need ``-w``.
DESTRUCTIVE = {
    "breakpoint",
    "chill",
    "copyout",
    "copyoutstr",
    "freopen",
    "panic",
    "raise",
    "stop",
    "system",
}
