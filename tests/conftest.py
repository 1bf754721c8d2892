# SPDX-License-Identifier: BSD-2-Clause
"""What every test shares: no skip goes unnoticed in CI, and commands run in-process."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, Phase, settings

from dtkit.cli import main

settings.register_profile(
    "dtkit", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("nightly", settings.get_profile("dtkit"), max_examples=100_000)
# The same examples each time, and none that is smaller: for runs of mutants, to which it is enough
# that a test fails.
settings.register_profile(
    "mutants",
    settings.get_profile("dtkit"),
    derandomize=True,
    database=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("DTKIT_HYPOTHESIS_PROFILE", "dtkit"))

REQUIRE_ALL = os.environ.get("DTKIT_REQUIRE_ALL") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With ``DTKIT_REQUIRE_ALL=1`` a skipped test is a failed one, but for ``needs_dtrace``."""
    report = yield
    if REQUIRE_ALL and report.skipped and item.get_closest_marker("needs_dtrace") is None:
        report.outcome = "failed"
        report.longrepr = f"skipped, and DTKIT_REQUIRE_ALL is set: {report.longrepr}"
    return report


@pytest.fixture
def dtkit() -> Callable[..., Result]:
    """Run ``dtkit ARGS`` in this process: ``dtkit("parse", "-", input=b"...")``."""
    runner = CliRunner()

    def run(*args: str, input: bytes | str | None = None) -> Result:
        return runner.invoke(main, list(args), input=input, prog_name="dtkit")

    return run
