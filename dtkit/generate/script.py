# SPDX-License-Identifier: BSD-2-Clause
"""Whole scripts: a header that says what a script does, its options, clauses, and a summary."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from dtkit.counted import counted
from dtkit.generate.buffers import buffers
from dtkit.generate.oneliners import values
from dtkit.generate.point import may_be_absent, points
from dtkit.generate.request import Copy, Request
from dtkit.generate.templating import render
from dtkit.generate.text import D, comment
from dtkit.probes import Probe


def script(
    probes: Sequence[Probe],
    request: Request,
    command: Sequence[str] = (),
    *,
    title: str = "",
    sample: str = "",
    profile: str = "",
) -> tuple[str, list[str]]:
    """
    The script that shows packets at *probes*; its output always says what `dtkit parse` reads.

    :param command: the words of the command that asks for it, for the header.
    :param title: what it shows, in a line; by default it is put together from the request.
    :param sample: some of its output, for the header.
    :param profile: name of a dwatch(1) profile to wrap it in; empty for a plain script.
    :return: the script, and notes for the user: probes that are left out, and why.
    :raises ValueError: *probes* is empty, or a condition cannot be had at them.
    """
    found, notes = points(probes, request, told=bool(profile))
    how = buffers(request)
    text = render(
        "dwatch.j2" if profile else "script.d.j2",
        notes=True,
        title=comment(title or describe(probes, request)),
        command=comment(shlex.join(command)),
        needs=D(request.copy.needs),
        sample=[comment(line) for line in sample.splitlines()],
        bufsize=how.mebibytes,
        switchrate=how.hertz,
        why=D(how.why),
        modern=request.copy is Copy.COPYOUTMBUF,
        zdefs=int(may_be_absent(found)),
        profile=profile or None,
        **values(found, request),
    )
    return text, notes


def describe(probes: Sequence[Probe], request: Request) -> str:
    """What is shown, in a line."""
    where = ", ".join(probe.description.shorthand for probe in probes[:4])
    if len(probes) > 4:
        where += f" and {len(probes) - 4} more"
    bytes_ = counted(request.length, "byte") if request.length else f"up to {request.most} bytes"
    if request.offset:
        bytes_ += f" from byte {request.offset} on"
    text = f"Packets at {where}: {bytes_} of each"
    if request.conditions.filter:
        text += f", where {request.conditions.filter}"
    return text
