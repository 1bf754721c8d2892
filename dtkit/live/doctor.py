# SPDX-License-Identifier: BSD-2-Clause
"""
What a host has of what dtkit needs, and what mends what it lacks.

One shell on the host asks everything, a line for each answer; what the answers mean is decided
here, in :data:`QUESTIONS`.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from dtkit.counted import counted
from dtkit.freebsd import UnknownReleaseError, release_of
from dtkit.live.dtrace import shell_output
from dtkit.live.host import Host
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, compile_filter

__all__ = ["Diagnosis", "Health", "diagnose"]


class Health(StrEnum):
    """How it is with a thing."""

    OK = "ok"
    MISSING = "missing"  #: something cannot be done without it, but not the main job
    FAILED = "failed"  #: packets cannot be shown


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    One thing that was looked for.

    :ivar name: of it.
    :ivar state: how it is with it.
    :ivar found: what there is, in a few words.
    :ivar mend: the command, or what else mends it; empty where nothing has to be mended.
    """

    name: str
    state: Health
    found: str
    mend: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON-ready values."""
        return {"type": "diagnosis", **asdict(self), "state": str(self.state)}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str

    @property
    def number(self) -> int:
        """The number that it is, or 0."""
        return int(self.text) if re.fullmatch("[0-9]{1,18}", self.text) else 0

    @property
    def last(self) -> str:
        """The last words of what was said, without who says it."""
        return self.text.rpartition("dtrace: ")[2] or f"exit {self.status}"


@dataclass(frozen=True, slots=True)
class _Question:
    """
    :ivar command: for sh(1), what is asked.
    :ivar judge: what is to be said of the answer.
    """

    name: str
    command: str
    judge: Callable[[_Answer], tuple[Health, str, str]]


def _said(answer: _Answer) -> tuple[Health, str, str]:
    return Health.OK, "unknown" if answer.status else answer.text, ""


def _release(answer: _Answer) -> tuple[Health, str, str]:
    if not answer.number:
        return Health.MISSING, "unknown", "dtkit is for FreeBSD"
    try:
        known = release_of(answer.number)
    except UnknownReleaseError as error:
        return Health.MISSING, answer.text, str(error)
    return Health.OK, f"{answer.text}, --release {known.name}", ""


def _root(answer: _Answer) -> tuple[Health, str, str]:
    if answer.text == "0":
        return Health.OK, "root", ""
    return Health.FAILED, f"user {answer.text}", "--as sudo, or --as doas: dtrace(1) is for root"


def _jail(answer: _Answer) -> tuple[Health, str, str]:
    if answer.text == "1":
        return Health.FAILED, "in a jail", "run it on the host of the jail"
    return Health.OK, "not in a jail", ""


def _securelevel(answer: _Answer) -> tuple[Health, str, str]:
    if answer.number > 0:
        return Health.MISSING, answer.text, "above 0, modules cannot be loaded until the next boot"
    return _said(answer)


def _program(answer: _Answer) -> tuple[Health, str, str]:
    if answer.status:
        return (
            Health.FAILED,
            "not there",
            "FreeBSD has it in base, built WITH_CDDL",
        )
    return Health.OK, answer.text, ""


def _device(answer: _Answer) -> tuple[Health, str, str]:
    if answer.status:
        return Health.FAILED, "not there", "kldload dtraceall"
    return Health.OK, answer.text, ""


def _enables(answer: _Answer) -> tuple[Health, str, str]:
    if answer.status:
        return Health.FAILED, answer.last, "kldload dtraceall, as root"
    return Health.OK, "enables probes", ""


def _mbufs(answer: _Answer) -> tuple[Health, str, str]:
    if not answer.number:
        mend = "a kernel with `makeoptions WITH_CTF=1`; kldload fbt"
        return Health.FAILED, "no function is known to take a struct mbuf", mend
    take = counted(answer.number, "function takes", "functions take")
    return Health.OK, f"{take} a struct mbuf", ""


def _copyoutmbuf(answer: _Answer) -> tuple[Health, str, str]:
    if answer.status:
        return Health.MISSING, "not there", "--copy segments does without; see opendtrace_patch"
    return Health.OK, "there", ""


def _probes(mend: str) -> Callable[[_Answer], tuple[Health, str, str]]:
    def judge(answer: _Answer) -> tuple[Health, str, str]:
        if not answer.number:
            return Health.MISSING, "no probes", mend
        return Health.OK, counted(answer.number, "probe"), ""

    return judge


def _structured(answer: _Answer) -> tuple[Health, str, str]:
    if answer.status:
        return Health.MISSING, "not there", "text is read as well; FreeBSD 15 has -x oformat"
    return Health.OK, "there", ""


def _dof(answer: _Answer) -> tuple[Health, str, str]:
    if answer.number >= 1 << 23:
        return Health.OK, f"{answer.text} bytes", ""
    if not answer.number:
        return Health.MISSING, "unknown", ""
    return Health.MISSING, f"{answer.text} bytes", "sysctl kern.dtrace.dof_maxsize=8388608"


def _mbuf_trace(answer: _Answer) -> tuple[Health, str, str]:
    if answer.status:
        return Health.MISSING, "not there", "dtkit path does without; see mbuf_trace_patch"
    return Health.OK, "there", ""


_COUNT = "dtrace -l -P {} 2>/dev/null | awk 'END {{ print NR ? NR - 1 : 0 }}'"

#: In the order in which one thing needs another.
QUESTIONS = (
    _Question("system", "uname -srm", _said),
    _Question("release", "sysctl -n kern.osreldate", _release),
    _Question("user", "id -u", _root),
    _Question("jail", "sysctl -n security.jail.jailed", _jail),
    _Question("securelevel", "sysctl -n kern.securelevel", _securelevel),
    _Question("dtrace(1)", "dtrace -V", _program),
    _Question("device", "ls /dev/dtrace/dtrace", _device),
    _Question("permission", "dtrace -q -n 'BEGIN { exit(0); }'", _enables),
    _Question(
        "mbufs",
        "dtrace -l -v -n fbt:::entry 2>/dev/null | "
        "awk '/^ *[0-9]+ / { n = 1 } n && /struct mbuf \\*/ { c++; n = 0 } END { print c + 0 }'",
        _mbufs,
    ),
    _Question(
        "copyoutmbuf",
        "dtrace -e -n 'BEGIN { trace(copyoutmbuf((struct mbuf *)0, 1)); }'",
        _copyoutmbuf,
    ),
    _Question("tcp", _COUNT.format("tcp"), _probes("kldload dtraceall")),
    _Question("mib", _COUNT.format("mib"), _probes("a kernel with `options KDTRACE_MIB_SDT`")),
    _Question("pf", _COUNT.format("pf"), _probes("kldload pf, on FreeBSD 14 and later")),
    _Question("ipfw", _COUNT.format("ipfw"), _probes("kldload ipfw, on FreeBSD 14 and later")),
    _Question("structured output", "dtrace -x oformat=json -e -n BEGIN", _structured),
    _Question("dof_maxsize", "sysctl -n kern.dtrace.dof_maxsize", _dof),
    _Question("mbuf_trace", "sysctl -n kern.mbuf_trace.source_position", _mbuf_trace),
)

_ASK = """\
t() {{
o=$(eval "$2" 2>&1 </dev/null); s=$?
printf '%s %s %s\\n' "{mark}" "$1" "$s $(printf %s "$o" | tr '\\n\\t' '  ' | cut -c 1-300)"
}}
PATH=$PATH:/usr/sbin:/sbin
"""
_MARK = "dtkit-doctor"


def diagnose(host: Host) -> Iterator[Diagnosis]:
    """
    Ask a host, and this one for what is needed here.

    :raises DtraceError: the host cannot be asked.
    """
    asked = _ASK.format(mark=_MARK) + "".join(
        f"t {number} {shlex.quote(one.command)}\n" for number, one in enumerate(QUESTIONS)
    )
    answers: dict[int, _Answer] = {}
    for line in shell_output(asked, host).decode("utf-8", "replace").splitlines():
        if found := re.fullmatch(rf"{_MARK} ([0-9]{{1,3}}) ([0-9]{{1,3}}) ?(.*)", line):
            answers[int(found[1])] = _Answer(int(found[2]), found[3].strip())
    for number, question in enumerate(QUESTIONS):
        answer = answers.get(number)
        if answer is None:
            yield Diagnosis(question.name, Health.FAILED, "no answer", "")
        else:
            yield Diagnosis(question.name, *question.judge(answer))
    yield from _here()


def _here() -> Iterator[Diagnosis]:
    try:
        compile_filter("tcp", LinkType.RAW)
        yield Diagnosis("libpcap here", Health.OK, "compiles filters")
    except FilterError as error:
        yield Diagnosis("libpcap here", Health.MISSING, str(error), "filters need it")
    program = shutil.which("tshark")
    yield Diagnosis(
        "tshark here",
        Health.OK if program else Health.MISSING,
        program or "not there",
        "" if program else "pkg install tshark, or apt install tshark: it reads what -w writes",
    )
