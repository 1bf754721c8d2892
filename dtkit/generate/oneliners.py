# SPDX-License-Identifier: BSD-2-Clause
"""
One-liners: a dtrace(1) command that shows what is in the mbufs at some probes.

How bytes get out of an mbuf chain is the *copy method*. ``first`` dumps the first mbuf, which is
enough for headers and works on every FreeBSD. ``segments`` does so mbuf by mbuf, and a reader joins
them. ``copyoutmbuf`` copies from the whole chain and needs the subroutine of that name (OpenDTrace
RFD, `copyoutmbuf`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

from dtkit.generate.point import Point, may_be_absent, points
from dtkit.generate.request import Copy, Request
from dtkit.generate.templating import Value, render
from dtkit.probes import Probe
from dtkit.version import __version__

__all__ = ["Copy", "Request", "oneliner", "program", "values"]

_HISTORY = re.compile(r"!(?![ =(\t\n])")


def values(found: Sequence[Point], request: Request) -> dict[str, Value | Sequence[Value]]:
    """What the templates of clauses are filled with."""
    conditions = request.conditions
    return {
        "points": list(found),
        "size": request.size,
        "everything": request.length == 0,
        "offset": request.offset,
        "copy": str(request.copy),
        "annotate": request.annotate,
        "depth": request.segments,
        "stack": request.stack,
        "meta": int(request.meta),
        "count": conditions.count,
        "seconds": conditions.seconds,
        "rate": conditions.rate,
        "version": __version__,
    }


def program(probes: Sequence[Probe], request: Request) -> str:
    """
    The D program that shows packets at *probes*, on several lines.

    :raises ValueError: *probes* is empty, or a condition cannot be had at them.
    """
    return _program(points(probes, request)[0], request)


def _program(found: Sequence[Point], request: Request) -> str:
    plain = not (
        request.annotate or request.stack or request.copy is Copy.SEGMENTS or request.conditions.any
    )
    return render("oneliner.d.j2", plain=plain, notes=False, **values(found, request)).strip()


def oneliner(
    probes: Sequence[Probe], request: Request, told: Callable[[str], None] = lambda note: None
) -> str:
    """
    The command that shows packets at *probes*, ready for a shell.

    :param told: is given notes for the user: probes that are left out, and why.

    >>> from dtkit.probes import catalog
    >>> oneliner([catalog()["tcp_input"]], Request(copy=Copy.COPYOUTMBUF))
    "dtrace -n 'fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64), 64); }'"

    :raises ValueError: *probes* is empty, or a condition cannot be had at them.
    """
    found, notes = points(probes, request)
    # csh(1) takes `!x` for history, even in quotes, and leaves `! x` alone.
    text = _HISTORY.sub("! ", _program(found, request))
    lines = [line.strip() for line in text.splitlines()]
    for note in notes:
        told(note)
    quiet = ["-q"] if request.annotate else []
    absent = ["-Z"] if may_be_absent(found) else []
    return shlex.join(["dtrace", *quiet, *absent, "-n", " ".join(filter(None, lines))])
