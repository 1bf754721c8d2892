# SPDX-License-Identifier: BSD-2-Clause
"""What kernel a host runs, by uname(1) and sysctl(8)."""

from __future__ import annotations

import subprocess

from dtkit.freebsd import Release, UnknownReleaseError, release_of
from dtkit.live.host import Host

#: What sh(1) is given to read.
_ASK = b"uname -s; sysctl -n kern.osreldate 2>/dev/null || echo -\n"

#: s that a host may take to answer.
_PATIENCE = 60


def host_release(host: Host) -> Release:
    """
    The release of FreeBSD that a host runs. It is asked as the user, whoever is to run dtrace(1).

    :raises NowhereError: its name is none.
    :raises UnknownReleaseError: it is not FreeBSD, it does not say, or it is a release that dtkit
        does not know; ``str()`` says what is missing.
    """
    host.check("sh")
    try:
        asked = subprocess.run(
            Host(host.name).shell(), input=_ASK, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownReleaseError(f"{host} does not say what it runs: {error}") from error
    words = asked.stdout.decode("utf-8", "replace").split()
    if len(words) < 2:
        raise UnknownReleaseError(f"{host} does not say what it runs")
    system, osreldate = words[-2:]
    if system != "FreeBSD":
        raise UnknownReleaseError(f"{host} runs {system[:40]!r}, and dtkit knows FreeBSD alone")
    if not osreldate.isdecimal():
        raise UnknownReleaseError(f"{host} has no kern.osreldate")
    return release_of(int(osreldate))
