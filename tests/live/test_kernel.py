# SPDX-License-Identifier: BSD-2-Clause
"""What a host says of its kernel. (Stand-ins for uname(1) and sysctl(8): hosts of all kinds.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from dtkit.freebsd import UnknownReleaseError
from dtkit.live.host import Host, NowhereError
from dtkit.live.kernel import host_release


def say(folder: Path, monkeypatch: pytest.MonkeyPatch, system: str, osreldate: str | None) -> None:
    for name, text in (("uname", f"echo {system}"), ("sysctl", f"echo {osreldate}")):
        if text.endswith("None"):
            text = "exit 1"
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_known_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(tmp_path, monkeypatch, "FreeBSD", "1501000")
    assert host_release(Host()).name == "15"


@pytest.mark.parametrize(
    ("system", "osreldate", "message"),
    [
        ("FreeBSD", "1301000", "no release has osreldate 1301000; between 12, up to 1299999, and"),
        ("FreeBSD", None, "this host has no kern.osreldate"),
        ("Linux", None, "this host runs 'Linux', and dtkit knows FreeBSD alone"),
        ("OpenBSD", "202504", "this host runs 'OpenBSD'"),
        ("", None, "this host does not say what it runs"),
    ],
)
def test_what_is_missing_is_said(
    system: str,
    osreldate: str | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say(tmp_path, monkeypatch, system, osreldate)
    with pytest.raises(UnknownReleaseError, match=message):
        host_release(Host())


def test_a_name_that_is_none() -> None:
    with pytest.raises(NowhereError):
        host_release(Host("-oProxyCommand=x"))
