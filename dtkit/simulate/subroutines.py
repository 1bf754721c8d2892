# SPDX-License-Identifier: BSD-2-Clause
"""The subroutines that a clause can call, as the kernel has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dtkit.mbuf import FaultFlag, copyoutmbuf, mbuflen
from dtkit.simulate.cpu import MASK, Cpu, FaultError

#: What was pushed for a call: value, and bytes where it is an address.
Arguments = Sequence[tuple[int, int]]


class UnknownSubroutineError(Exception):
    """A subroutine or variable that is not simulated."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not simulated")


def _signed(value: int) -> int:
    return (value ^ 1 << 63) - (1 << 63)


def _int(value: int) -> int:
    """The value as C's ``int`` has it."""
    return (value & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)


def _alloca(c: Cpu, arguments: Arguments) -> int:
    return c.allocate(arguments[0][0])


def _bcopy(c: Cpu, arguments: Arguments) -> int:
    source, destination, size = (value for value, _ in arguments)
    scratch = c.scratch
    if destination < scratch.base or destination + size > scratch.ptr:
        raise FaultError(FaultFlag.BADADDR, c.stale)
    if size and source:
        # Downwards where the two could overlap.
        copy = c.copy if destination <= source else c.copy_down
        c.memory.write(destination, copy(source, size))
    return 0


def _strlen(c: Cpu, arguments: Arguments) -> int:
    return len(c.string(arguments[0][0]))


def _strchr(c: Cpu, arguments: Arguments) -> int:
    address, target = arguments[0][0], arguments[1][0] & 0xFF
    text = c.string(address) + b"\0"
    found = text[: c.strsize].find(bytes([target]))
    return address + found if found >= 0 else 0


def _strrchr(c: Cpu, arguments: Arguments) -> int:
    address, target = arguments[0][0], arguments[1][0] & 0xFF
    text = c.string(address) + b"\0"
    found = text[: c.strsize].rfind(bytes([target]))
    return address + found if found >= 0 else 0


def _strstr(c: Cpu, arguments: Arguments) -> int:
    address = arguments[0][0]
    text, part = c.string(address), c.string(arguments[1][0])
    if not text:
        return address if not part else 0
    found = text.find(part)
    return address + found if found >= 0 else 0


def _index(c: Cpu, arguments: Arguments) -> int:
    text, part = c.string(arguments[0][0]), c.string(arguments[1][0])
    if not text and not part:
        return 0
    position = 0
    if len(arguments) > 2:
        position = max(0, _signed(arguments[2][0]))
        if position >= len(text):
            return -1 if part else len(text)
    return text.find(part, position)


def _rindex(c: Cpu, arguments: Arguments) -> int:
    text, part = c.string(arguments[0][0]), c.string(arguments[1][0])
    if not text and not part:
        return 0
    position = len(text)
    if len(arguments) > 2:
        position = _signed(arguments[2][0])
        if position < 0:
            return -1 if part else 0
        position = min(position, len(text))
    return text.rfind(part, 0, position + len(part))


def _strtok(c: Cpu, arguments: Arguments) -> int:
    address = arguments[0][0] or c.strtok
    separators = c.string(arguments[1][0])
    if c.scratch.base + c.scratch.size - c.scratch.ptr < c.strsize:
        raise FaultError(FaultFlag.NOSCRATCH)
    text = c.string(address)
    start = 0
    while start < len(text) and text[start] in separators:
        start += 1
    if start == len(text):
        c.strtok = 0
        return 0
    end = start
    while end < len(text) and text[end] not in separators and end - start < c.strsize - 1:
        end += 1
    c.strtok = address + end
    return c.result(text[start:end], c.strsize)


def _substr(c: Cpu, arguments: Arguments) -> int:
    text = c.string(arguments[0][0])
    length, size = len(text), c.strsize
    index = _signed(arguments[1][0])
    remaining = _signed(arguments[2][0]) if len(arguments) > 2 else size
    if index < 0:
        index += length
        if index < 0 < index + remaining:
            remaining += index
            index = 0
    if index >= length or index < 0:
        remaining = 0
    elif remaining < 0:
        remaining += length - index
    elif index + remaining > size:
        remaining = size - index
    return c.result(text[index : index + max(0, remaining)] if remaining > 0 else b"", size)


def _strjoin(c: Cpu, arguments: Arguments) -> int:
    left, right = c.string(arguments[0][0]), c.string(arguments[1][0])
    size = c.strsize
    if c.scratch.base + c.scratch.size - c.scratch.ptr < size:
        raise FaultError(FaultFlag.NOSCRATCH)
    text = left + right
    if len(text) >= size:
        raise FaultError(FaultFlag.NOSCRATCH)
    if len(text) == size - 1:
        # The kernel builds it and gives no result.
        return c.stale
    # Only what the result takes is used up.
    return c.result(text, len(text) + 1)


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _lltostr(c: Cpu, arguments: Arguments) -> int:
    number = _signed(arguments[0][0])
    base = _int(arguments[1][0]) if len(arguments) > 1 else 10
    if not 2 <= base <= 36:
        raise FaultError(FaultFlag.ILLOP)
    size = 65
    value = -number if base == 10 and number < 0 else number & MASK
    digits = ""
    while value:
        digits = _DIGITS[value % base] + digits
        value //= base
    if base == 16:
        digits = "0x" + (digits or "0")
    elif number == 0 or base == 8:
        digits = "0" + digits
    elif number < 0 and base == 10:
        digits = "-" + digits
    address = c.allocate(size, aligned=False)
    start = address + size - 1 - len(digits)
    c.memory.write(start, digits.encode() + b"\0")
    return start


def _strtoll(c: Cpu, arguments: Arguments) -> int:
    text = c.string(arguments[0][0])
    base = _int(arguments[1][0]) if len(arguments) > 1 else 10
    if not 2 <= base <= 36:
        raise FaultError(FaultFlag.ILLOP)
    text = text.lstrip(b" \t\n\v\f\r")
    negative = text[:1] == b"-"
    if text[:1] in (b"-", b"+"):
        text = text[1:]
    if base == 16 and text[:2].lower() == b"0x":
        text = text[2:]
    value = 0
    for byte in text.lower():
        digit = _DIGITS.find(chr(byte))
        if not 0 <= digit < base:
            break
        value = value * base + digit
    return -value if negative else value


def _swap(size: int) -> Callable[[Cpu, Arguments], int]:
    mask = (1 << 8 * size) - 1

    def swap(c: Cpu, arguments: Arguments) -> int:
        return int.from_bytes((arguments[0][0] & mask).to_bytes(size, "little"), "big")

    return swap


def _basename(c: Cpu, arguments: Arguments) -> int:
    text = c.string(arguments[0][0])
    stripped = text.rstrip(b"/")
    if not text:
        name = b"."
    elif not stripped:
        name = b"/"
    else:
        name = stripped.rpartition(b"/")[2]
    return c.result(name, c.strsize)


def _dirname(c: Cpu, arguments: Arguments) -> int:
    text = c.string(arguments[0][0])
    stripped = text.rstrip(b"/")
    head, slash, _ = stripped.rpartition(b"/")
    if not text:
        name = b"."
    elif not stripped:
        name = b"/"
    elif not slash:
        name = b"."
    else:
        name = head.rstrip(b"/") or b"/"
    return c.result(name, c.strsize)


#: What no path may come nearer to the end of its room than: ``/..``, a character and a NUL.
_PATH_MARGIN = 5


def _cleanpath(c: Cpu, arguments: Arguments) -> int:
    text = c.string(arguments[0][0])
    address = c.allocate(c.strsize, aligned=False)
    # Of what lies there a path that goes up beyond its start shows the first byte.
    room = bytearray(c.read(address, c.strsize))
    end = at = 0
    while end + _PATH_MARGIN < c.strsize:
        if text[at : at + 1] != b"/":
            if at >= len(text):
                break
            room[end] = text[at]
            end, at = end + 1, at + 1
            continue
        rest = text[at + 1 : at + 4]
        if rest.startswith(b"/"):
            at += 1
        elif rest.startswith(b"./"):
            at += 2
        elif rest == b"../" or (rest == b".." and at + 3 == len(text)):
            # Back to the slash before the last component.
            end = max(0, room.rfind(b"/", 0, end))
            at += 3
            if at == len(text):
                end += 1
        else:
            # The slash, and dots that are no component of their own, with what follows them.
            count = 1 + next((n for n, byte in enumerate(rest) if byte != ord(".")), 2) + 1
            piece = text[at : at + min(count, 4)]
            room[end : end + len(piece)] = piece
            end, at = end + len(piece), at + len(piece)
    c.memory.write(address, bytes(room[:end]) + b"\0")
    return address


def _case(upper: bool) -> Callable[[Cpu, Arguments], int]:
    def convert(c: Cpu, arguments: Arguments) -> int:
        text = c.string(arguments[0][0])[: c.strsize - 1]
        return c.result(text.upper() if upper else text.lower(), c.strsize)

    return convert


def _inet_ntoa(c: Cpu, arguments: Arguments) -> int:
    return _ipv4(c, arguments[0][0])


def _ipv4(c: Cpu, address: int) -> int:
    octets = c.load(address, 4).to_bytes(4, "little")
    return _at_end(c, ".".join(map(str, octets)), 16)


def _at_end(c: Cpu, text: str, size: int) -> int:
    """Text that ends where its *size* bytes of scratch do, as the kernel builds addresses."""
    address = c.allocate(size, aligned=False)
    start = address + size - 1 - len(text)
    c.memory.write(start, text.encode() + b"\0")
    return start


def _inet_ntoa6(c: Cpu, arguments: Arguments) -> int:
    return _ipv6(c, arguments[0][0], embedded=False)


def _ipv6(c: Cpu, address: int, embedded: bool) -> int:
    data = c.copy(address, 16)
    text = ""
    last = 14
    if data[:10] == bytes(10) and (data[10:12] == b"\xff\xff" or _is_compatible(data)):
        text = ".".join(map(str, data[12:]))
        if not embedded:
            return _at_end(c, text, 46)
        last = 10
    first, count = _zeros(data)
    at = last
    while at >= 0:
        if count and at == first + count - 2:
            text = "::" + text
            at -= count
            continue
        if at < 14 and at != first - 2:
            text = ":" + text
        text = f"{int.from_bytes(data[at : at + 2], 'big'):x}" + text
        at -= 2
    return _at_end(c, text, 46)


def _is_compatible(data: bytes) -> bool:
    return data[:12] == bytes(12) and data[12:] not in (bytes(4), bytes([0, 0, 0, 1]))


def _zeros(data: bytes) -> tuple[int, int]:
    """Where the zeros that ``::`` stands for begin, and how many bytes they are; -1 for none."""
    first, tried, count = -1, -1, 1
    for i in range(16):
        if data[i] == 0 and tried == -1 and i % 2 == 0:
            tried = i
            continue
        if tried != -1 and (data[i] != 0 or i == 15):
            if i - tried <= count:
                tried = -1
                continue
            first, count = tried, i - i % 2 - tried
            tried = -1
            if data[i] == 0 and i == 15:
                count += 2
    return (first, count) if first >= 0 else (-1, 0)


def _inet_ntop(c: Cpu, arguments: Arguments) -> int:
    family = _int(arguments[0][0])
    if family == 2:
        return _ipv4(c, arguments[1][0])
    if family == 28:  # AF_INET6 on FreeBSD
        return _ipv6(c, arguments[1][0], embedded=True)
    raise FaultError(FaultFlag.ILLOP)


def _memref(c: Cpu, arguments: Arguments) -> int:
    address = c.allocate(16)
    c.memory.write(
        address, arguments[0][0].to_bytes(8, "little") + arguments[1][0].to_bytes(8, "little")
    )
    return address


def _memstr(c: Cpu, arguments: Arguments) -> int:
    source, filler, size = arguments[0][0], arguments[1][0] & 0xFF, arguments[2][0]
    if size == 0:
        return 0
    address = c.allocate(size, aligned=False)
    text = c.copy(source, size - 1) if size > 1 else b""
    c.memory.write(address, text.replace(b"\0", bytes([filler])) + b"\0")
    return address


def _rand(c: Cpu, arguments: Arguments) -> int:
    return c.random()


def _copyoutmbuf(c: Cpu, arguments: Arguments) -> int:
    machine = c.machine
    machine.begin(c.scratch)
    result = copyoutmbuf(machine, *(value for value, _ in arguments))
    _check(c)
    return result


def _mbuflen(c: Cpu, arguments: Arguments) -> int:
    c.machine.begin(c.scratch)
    result = mbuflen(c.machine, arguments[0][0])
    _check(c)
    return result


def _check(c: Cpu) -> None:
    fault = c.machine.fault
    if fault is not None:
        raise FaultError(fault.flag, fault.illval)


#: By name; the numbers are in :mod:`dtkit.dlang.predefined`.
SUBROUTINES: dict[str, Callable[[Cpu, Arguments], int]] = {
    "alloca": _alloca,
    "basename": _basename,
    "bcopy": _bcopy,
    "cleanpath": _cleanpath,
    "copyoutmbuf": _copyoutmbuf,
    "dirname": _dirname,
    "htonl": _swap(4),
    "htonll": _swap(8),
    "htons": _swap(2),
    "index": _index,
    "inet_ntoa": _inet_ntoa,
    "inet_ntoa6": _inet_ntoa6,
    "inet_ntop": _inet_ntop,
    "lltostr": _lltostr,
    "mbuflen": _mbuflen,
    "memref": _memref,
    "memstr": _memstr,
    "ntohl": _swap(4),
    "ntohll": _swap(8),
    "ntohs": _swap(2),
    "rand": _rand,
    "rindex": _rindex,
    "speculation": lambda c, arguments: c.speculation(),
    "strchr": _strchr,
    "strjoin": _strjoin,
    "strlen": _strlen,
    "strrchr": _strrchr,
    "strstr": _strstr,
    "strtok": _strtok,
    "strtoll": _strtoll,
    "substr": _substr,
    "tolower": _case(upper=False),
    "toupper": _case(upper=True),
}
