# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's core, built once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mbuf_trace_patch.harness import Kernel, build


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    into = tmp_path_factory.mktemp("mbuf_trace")
    return Kernel(build(into, "mbuf_trace.so", "-O1", "-fPIC", "-shared"))


@pytest.fixture
def kernel(library: Kernel) -> Iterator[Kernel]:
    """A kernel with tracing on and a listener; at the end, nothing is left in its memory."""
    library.reset()
    yield library
    library.reset()
    assert library.live.value == 0
