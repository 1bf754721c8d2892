# SPDX-License-Identifier: BSD-2-Clause
"""
Tests that ask a real dtrace(1): here, or on the host that ``DTKIT_DTRACE_HOST`` names.

ssh(1) has to reach it without a password; ``DTKIT_DTRACE_AS`` is ``sudo`` or ``doas`` where one
needs it to be root. ``make conformance`` runs them and prints a table by area and release.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from dtkit.dlang import TargetKernel, target_kernel
from dtkit.freebsd import Release, UnknownReleaseError
from dtkit.live.host import Elevation, Host, NowhereError
from dtkit.live.kernel import host_release
from tests.conformance.machine import Machine

_NAME = os.environ.get("DTKIT_DTRACE_HOST")
_AS = os.environ.get("DTKIT_DTRACE_AS")
HOST = Host(_NAME, Elevation(_AS) if _AS else None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "conformance" in item.path.parts:
            item.add_marker(pytest.mark.needs_dtrace)


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    try:
        HOST.check("dtrace")
    except NowhereError as error:
        pytest.skip(str(error))
    with Machine(HOST) as found:
        told = found.run(["dtrace", "-e", "-n", "BEGIN"])
        if told.status:
            pytest.skip(f"no dtrace(1) on {HOST} that may be used: {told.err.decode()[:200]}")
        yield found


@pytest.fixture(scope="session")
def of(machine: Machine) -> Release:
    """The release that the host runs."""
    try:
        return host_release(machine.host)
    except UnknownReleaseError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kernel(of: Release) -> TargetKernel:
    return target_kernel(of)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table: area, release, and how many tests passed, failed and were skipped."""
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            area = report.nodeid.partition("::")[0].rpartition("/test_")[2].removesuffix(".py")
            if "/conformance/" in report.nodeid:
                counts.setdefault(area, Counter())[outcome] += 1
    if not counts:
        return
    try:
        name = f"FreeBSD {host_release(HOST)}"
    except (UnknownReleaseError, NowhereError):
        name = "unknown"
    terminalreporter.section("conformance")
    row = "{:<12} {:<12} {:<12} {:>8} {:>8} {:>8}".format
    terminalreporter.write_line(row("AREA", "HOST", "RELEASE", "PASSED", "FAILED", "SKIPPED"))
    for area, found in sorted(counts.items()):
        failed = found["failed"] + found["error"]
        terminalreporter.write_line(
            row(area, _NAME or "here", name, found["passed"], failed, found["skipped"])
        )
