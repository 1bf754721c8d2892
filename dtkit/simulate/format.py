# SPDX-License-Identifier: BSD-2-Clause
"""printf() and printa(): what each conversion makes of recorded bytes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dtkit.dlang.compiler.enablings import Action, ActionKind
from dtkit.dlang.compiler.formats import MAX_WIDTH, Directive, Format
from dtkit.dlang.syntax.escapes import escape
from dtkit.simulate.aggregate import Entry, deviation, divide
from dtkit.simulate.text import (
    padded,
    quantization_text,
    stack_text,
    text_of,
)


@dataclass(frozen=True, slots=True)
class AddressNames:
    """
    Names for addresses: ``module`function+0x1b``, ``module`function``, ``module``.

    :ivar printed: whether what sym() and func() recorded is printed where no format says how.
    """

    frame: Callable[[int], str]
    symbol: Callable[[int], str]
    module: Callable[[int], str]
    printed: bool = True

    def alone(self, address: int) -> str:
        """The text of sym() and func() without a format."""
        return f"  {self.symbol(address):<50}" if self.printed else ""


#: A recorded value: its bytes, and the action that recorded them.
Value = tuple[bytes, Action]


def format_text(
    format_: Format,
    values: Sequence[Value],
    symbols: AddressNames,
    aggregations: Sequence[Entry] = (),
    zoom: bool = False,
) -> str:
    """
    The text of a format string and its values.

    :param aggregations: for printa(): the entries whose values ``%@`` prints, one after the
        other, the last one over and over.
    """
    out: list[str] = []
    following = iter(values)
    current = 0
    for directive in format_.directives:
        out.append(directive.prefix)
        conversion = directive.conversion
        if conversion is None:
            continue
        if conversion.prints == "percent":
            out.append("%")
            continue
        width, precision = directive.width, directive.precision
        if directive.dynamic_width:
            width = _count(next(following))
        if directive.dynamic_precision:
            precision = _count(next(following))
        if directive.aggregation:
            entry = aggregations[current]
            current = min(current + 1, len(aggregations) - 1)
            out.append(_aggregation(directive, entry, width, precision, zoom))
        else:
            data, action = next(following)
            out.append(_value(directive, data, action, width, precision, symbols))
    return "".join(out)


def _count(value: Value) -> int:
    number = int.from_bytes(value[0], "little", signed=True)
    number = (number & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)
    return max(-MAX_WIDTH, min(MAX_WIDTH, number))


def _aggregation(directive: Directive, entry: Entry, width: int, precision: int, zoom: bool) -> str:
    match entry.function:
        case "quantize" | "lquantize" | "llquantize":
            return quantization_text(
                entry.function, entry.data, entry.parameters, entry.normal, zoom
            )
        case "avg":
            count, total = entry.data
            # The sum is taken for an unsigned number here.
            unsigned = total & (1 << 64) - 1
            value = unsigned // entry.normal // count if count else 0
        case "stddev":
            value = deviation(entry.data, entry.normal)
        case _:
            value = divide(entry.data[0], entry.normal)
    return _number(directive, value & (1 << 64) - 1, 8, width, precision)


def _escaped(data: bytes) -> bytes:
    """A string escaped, and its NUL too."""
    return escape(data[: data.find(b"\0") + 1] or data).encode()


def _value(
    directive: Directive,
    data: bytes,
    action: Action,
    width: int,
    precision: int,
    symbols: AddressNames,
) -> str:
    conversion = directive.conversion
    assert conversion is not None
    prints = conversion.prints
    number = int.from_bytes(data[:8], "little")
    if action.kind == ActionKind.MODULE:
        return _field(directive, symbols.module(number).encode(), width, precision)
    match prints:
        case "stack":
            frames = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
            indent = abs(width) if width < 0 or "-" in directive.flags else 0
            pad = 0 if "-" in directive.flags else width
            return stack_text(
                frames,
                indent,
                lambda frame: (
                    padded(symbols.frame(frame).encode(), pad) if pad else symbols.frame(frame)
                ),
            )
        case "symbol" | "user-symbol":
            return _field(directive, symbols.symbol(number).encode(), width, precision)
        case "string":
            return _field(directive, data.partition(b"\0")[0], width, precision)
        case "internet-address":
            return _field(directive, data.partition(b"\0")[0], width, precision)
        case "escaped-string":
            return _field(directive, _escaped(data), width, precision)
        case "escaped-character":
            return _field(directive, escape(data[:1]).encode(), width, precision)
        case "time":
            return _field(directive, _time(number, "%Y %b {day} %H:%M:%S"), width, precision)
        case "time822":
            return _field(directive, _time(number, "%a, %d %b %G %H:%M:%S UTC"), width, precision)
        case "port":
            return _field(directive, _port(number & 0xFFFF), width, precision)
        case "wide":
            return _field(directive, _wide(data), width, precision)
        case "float":
            return ""
    return _number(directive, number, len(data), width, precision)


def _time(nanoseconds: int, layout: str) -> bytes:
    nanoseconds -= nanoseconds >> 63 << 64
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
        return moment.strftime(layout).replace("{day}", f"{moment.day:>2}").encode()
    except (OverflowError, ValueError, OSError):
        return b""


def _port(number: int) -> bytes:
    try:
        return socket.getservbyport(number).encode()
    except OSError:
        return str(number).encode()


def _wide(data: bytes) -> bytes:
    text = b""
    for at in range(0, len(data) - 3, 4):
        value = int.from_bytes(data[at : at + 4], "little")
        if value == 0 or value > 0x10FFFF:
            break
        text += chr(value).encode("utf-8", "surrogatepass")
    return text


def _field(directive: Directive, data: bytes, width: int, precision: int) -> str:
    """Text in its field, as printf(3) pads and cuts ``%s``."""
    if precision > 0:
        data = data[:precision]
    if width < 0 or "-" in directive.flags:
        return text_of(data.ljust(abs(width)))
    return text_of(data.rjust(width, b"0" if "0" in directive.flags else b" "))


def _number(directive: Directive, number: int, size: int, width: int, precision: int) -> str:
    conversion = directive.conversion
    assert conversion is not None
    letter = conversion.output[-1]
    signed = letter in "di"
    if conversion.prints == "decimal":
        signed = directive.signed
    wide = directive.wide or size == 8
    bits = 8 * size
    if conversion.prints in ("signed", "decimal") and (signed or conversion.prints == "signed"):
        number = (number & (1 << bits) - 1 ^ 1 << bits - 1) - (1 << bits - 1)
    if not wide:
        number &= 0xFFFFFFFF
        if signed or letter == "c":
            number = (number ^ 1 << 31) - (1 << 31)
    elif not signed:
        number &= (1 << 64) - 1
    if letter == "c":
        return _field(directive, bytes([number & 0xFF]), width, 0)
    return _printf_number(directive, number, letter, width, precision)


def _printf_number(
    directive: Directive, number: int, letter: str, width: int, precision: int
) -> str:
    """An integer as printf(3) writes it."""
    flags = directive.flags
    sign = "-" if number < 0 else ""
    magnitude = abs(number)
    prefix = ""
    match letter:
        case "x" | "X":
            digits = format(magnitude, letter)
            if "#" in flags and magnitude:
                prefix = "0" + letter
        case "o":
            digits = format(magnitude, "o")
            if "#" in flags and not digits.startswith("0"):
                digits = "0" + digits
        case _:
            digits = str(magnitude)
            if not sign and letter in "di":
                sign = "+" if "+" in flags else " " if " " in flags else ""
    if precision > 0:
        digits = digits.rjust(precision, "0")
    body = sign + prefix + digits
    if width < 0 or "-" in flags:
        return body.ljust(abs(width))
    if "0" in flags and precision <= 0:
        return sign + prefix + digits.rjust(width - len(sign + prefix), "0")
    return body.rjust(width)
