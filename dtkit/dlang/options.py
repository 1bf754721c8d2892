# SPDX-License-Identifier: BSD-2-Clause
"""The options of dtrace(1): ``-x name=value`` and ``#pragma D option name=value``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from dtkit.dlang.predefined import LATEST, MBUF_VERSION, VERSIONS, Version

_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtT]?)\Z")
_RATE = re.compile(r"([0-9]+)([a-zA-Z]*)\Z")
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)(?:\.([0-9]+))?\Z")

_NANOSECONDS = {
    "ns": 1,
    "nsec": 1,
    "us": 1_000,
    "usec": 1_000,
    "ms": 1_000_000,
    "msec": 1_000_000,
    "s": 1_000_000_000,
    "sec": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "hour": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "day": 86_400_000_000_000,
}
_ON = {"yes", "enable", "enabled", "true", "on", "set"}
_OFF = {"no", "disable", "disabled", "false", "off", "unset", ""}

#: Options that dtrace(1) has and that have no say in what is simulated.
_IGNORED = {
    "aggpercpu",
    "aggrate",
    "amin",
    "cleanrate",
    "core",
    "cpu",
    "ctypes",
    "debug",
    "dtypes",
    "empty",
    "errtags",
    "evaltime",
    "jstackframes",
    "jstackstrsize",
    "kdefs",
    "knodefs",
    "late",
    "lazyload",
    "ldpath",
    "libdir",
    "linkmode",
    "linktype",
    "nolibs",
    "objcopypath",
    "pgmax",
    "setenv",
    "statusrate",
    "stdc",
    "strip",
    "syslibdir",
    "temporal",
    "tree",
    "udefs",
    "unodefs",
    "unsetenv",
    "ustackframes",
    "verbose",
}

#: Options that would change what is printed, and are not simulated.
_NOT_SIMULATED = {
    "agghist",
    "aggpack",
    "bufpolicy=fill",
    "cpp",
    "cpphdrs",
    "cpppath",
    "define",
    "encoding",
    "grabanon",
    "incdir",
    "iregs",
    "tregs",
    "undef",
}


#: Options that cannot be changed once tracing has begun.
_FIXED = {
    "aggsize",
    "bufpolicy",
    "bufresize",
    "bufsize",
    "cleanrate",
    "cpu",
    "destructive",
    "dynvarsize",
    "grabanon",
    "jstackframes",
    "jstackstrsize",
    "nspec",
    "specsize",
    "stackframes",
    "statusrate",
    "strsize",
    "temporal",
    "ustackframes",
}


#: Options that only the command line has.
_NOT_IN_PROGRAMS = {
    "cpphdrs",
    "cpppath",
    "define",
    "incdir",
    "ldpath",
    "objcopypath",
    "setenv",
    "stdc",
    "undef",
    "unsetenv",
}


class OptionError(ValueError):
    """An option that dtrace(1) refuses; the message is dtrace(1)'s."""


@dataclass(frozen=True, slots=True)
class Options:
    """
    What can be set. Sizes are in bytes, rates are periods in nanoseconds.

    :ivar version: names of later versions of D are unknown.
    :ivar latest: the latest version of D that this dtrace(1) has; no option sets it.
    :ivar argref: macro arguments may be left unused.
    :ivar defaultargs: missing macro arguments are 0 or empty.
    :ivar not_simulated: names of options that were set and that the simulator does not know.
    :ivar zdefs: probe descriptions that match nothing are no error.
    """

    quiet: bool = False
    rawbytes: bool = False
    flowindent: bool = False
    destructive: bool = False
    droptags: bool = False
    aggsortkey: bool = False
    aggsortrev: bool = False
    aggzoom: bool = False
    argref: bool = False
    defaultargs: bool = False
    zdefs: bool = False
    pspec: bool = False
    bufsize: int = 4 << 20
    aggsize: int = 4 << 20
    dynvarsize: int = 1 << 20
    specsize: int = 32 << 10
    nspec: int = 1
    strsize: int = 256
    stackframes: int = 20
    stackindent: int = 14
    aggsortpos: int = 0
    aggsortkeypos: int = 0
    switchrate: int = 1_000_000_000
    bufresize: str = "auto"
    bufpolicy: str = "switch"
    version: Version = LATEST
    latest: Version = LATEST
    oformat: str = "text"
    not_simulated: tuple[str, ...] = ()

    def set(self, name: str, value: str | None = None) -> Options:
        """
        These options with one more set; *value* None is as ``-x name``.

        :raises OptionError: there is no such option, or that is no value of it.
        """
        for one in (name, f"{name}={value}"):
            if one in _NOT_SIMULATED:
                return replace(self, not_simulated=(*self.not_simulated, one))
        if name in _IGNORED:
            return self
        if name not in _KINDS:
            raise OptionError("Invalid option name")
        return replace(self, **{name: _KINDS[name](value, self)})  # type: ignore[arg-type]

    def set_in_program(self, name: str, value: str | None = None) -> Options:
        """
        As :meth:`set`, by a line of the program itself: ``#pragma D option``.

        :raises OptionError: as there; or only the command line has that option.
        """
        if name in _NOT_IN_PROGRAMS:
            raise OptionError("Option cannot be used from within a D program")
        return self.set(name, value)

    def set_while_tracing(self, name: str, value: str) -> Options:
        """
        As :meth:`set`, while probes fire: what setopt() does.

        :raises OptionError: as there; or it is too late for that option.
        """
        if name in _FIXED:
            raise OptionError("Operation illegal when tracing is active")
        if name in _NOT_SIMULATED:
            raise OptionError(f"option {name} is not simulated")
        return self.set(name, value)


def _flag(value: str | None, _: Options) -> bool:
    if value is None or value.lower() in _ON:
        return True
    if value.lower() in _OFF:
        return False
    if not value.isascii() or not value.isdecimal():
        raise OptionError("Invalid value for specified option")
    return True


def _given(value: str | None, _: Options) -> bool:
    """An option of the compiler, which is on by being named."""
    if value is not None:
        raise OptionError("Invalid value for specified option")
    return True


def _count(value: str | None, _: Options) -> int:
    if value is None:
        return 0
    if not value.isascii() or not value.isdecimal() or len(value) > 9:
        raise OptionError("Invalid value for specified option")
    return int(value)


def _size(value: str | None, _: Options) -> int:
    match = _SIZE.match(value or "0")
    if match is None:
        raise OptionError("Invalid value for specified option")
    number, unit = match.groups()
    size = int(number, 0 if number[:2].lower() == "0x" else 10)
    size <<= 10 * ("kmgt".index(unit.lower()) + 1 if unit else 0)
    if size >= 1 << 63:
        raise OptionError("Invalid value for specified option")
    return size


def _rate(value: str | None, _: Options) -> int:
    match = _RATE.match(value or "")
    if match is None or len(value or "") > 20:
        raise OptionError("Invalid value for specified option")
    number, unit = int(match.group(1)), match.group(2).lower()
    if unit in ("hz", ""):
        if number == 0:
            raise OptionError("Invalid value for specified option")
        return 1_000_000_000 // number
    if unit not in _NANOSECONDS:
        raise OptionError("Invalid value for specified option")
    return number * _NANOSECONDS[unit]


def _version(value: str | None, have: Options) -> Version:
    match = _VERSION.match(value or "")
    if match is None:
        raise OptionError(
            "Invalid value for specified option" if value is None else "Invalid version string"
        )
    version = (int(match[1]), int(match[2]), int(match[3] or 0))
    if version not in VERSIONS or version > have.latest:
        raise OptionError("Requested version is not supported by compiler")
    if version > have.version:
        raise OptionError("Requested version conflicts with earlier setting")
    return version


def _oformat(value: str | None, _: Options) -> str:
    if value not in ("text", "json"):
        raise OptionError("Invalid value for specified option")
    return value


def _resize(value: str | None, _: Options) -> str:
    if value not in ("auto", "manual"):
        raise OptionError("Invalid value for specified option")
    return value


def _policy(value: str | None, _: Options) -> str:
    if value not in ("switch", "ring", "fill"):
        raise OptionError("Invalid value for specified option")
    return value


_KINDS: dict[str, Callable[[str | None, Options], object]] = {
    field.name: _flag if field.type == "bool" else _count
    for field in fields(Options)
    if field.type in ("bool", "int")
}
_KINDS |= dict.fromkeys(["argref", "defaultargs", "pspec", "zdefs"], _given)
_KINDS |= {"version": _version, "oformat": _oformat, "bufresize": _resize, "bufpolicy": _policy}
_KINDS |= dict.fromkeys(["bufsize", "aggsize", "dynvarsize", "specsize", "strsize"], _size)
_KINDS["switchrate"] = _rate


def option_names() -> list[str]:
    """The names of all options of dtrace(1), those included that are not simulated."""
    return sorted(_IGNORED | _NOT_SIMULATED | _KINDS.keys())


#: The options of a dtrace(1) that has ``copyoutmbuf``.
WITH_COPYOUTMBUF = Options(version=MBUF_VERSION, latest=MBUF_VERSION)
