# SPDX-License-Identifier: BSD-2-Clause
"""Listings are kept for a host, its kernel and its modules, and for their owner alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from dtkit.live.host import DtraceError, Host
from dtkit.live.listings import folder, kept_listing


class Kernel:
    """A host whose kernel can change, and that counts how often it is listed."""

    def __init__(self) -> None:
        self.version, self.text, self.listed = b"FreeBSD 15\nkernel\n", b"a listing\n", 0
        self.names: bytes | None = None
        self.named = 0

    @contextmanager
    def lister(self, host: Host) -> Iterator[BinaryIO]:
        self.listed += 1
        yield io.BytesIO(self.text)

    @contextmanager
    def namer(self, host: Host) -> Iterator[BinaryIO]:
        self.named += 1
        if self.names is None:
            raise DtraceError("no names today")
        yield io.BytesIO(self.names)

    def read(self, name: str | None = None, refresh: bool = False) -> bytes:
        with kept_listing(
            Host(name), refresh, self.lister, lambda host: self.version, self.namer
        ) as stream:
            return stream.read()


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Kernel()


def test_it_is_made_once(kernel: Kernel) -> None:
    assert [kernel.read(), kernel.read()] == [b"a listing\n"] * 2
    assert kernel.listed == 1
    (kept,) = folder().iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert folder().stat().st_mode & 0o777 == 0o700


def test_another_module_host_or_wish_makes_a_new_one(kernel: Kernel) -> None:
    kernel.read()
    kernel.version, kernel.text = b"FreeBSD 15\nkernel\npf.ko\n", b"another\n"
    assert kernel.read() == b"another\n"
    kernel.read("router")
    kernel.text = b"a third\n"
    assert kernel.read() == b"another\n"
    assert kernel.read(refresh=True) == b"a third\n"
    assert kernel.read() == b"a third\n"
    assert kernel.listed == 4


def test_one_that_names_a_missing_function_is_made_anew_once(kernel: Kernel) -> None:
    head = b"   ID   PROVIDER            MODULE                          FUNCTION NAME\n"
    row = b"%5d        fbt %17s %33s entry\n"
    old, new = row % (7, b"pf", b"pf_old"), row % (8, b"pf", b"pf_new")
    same = row % (9, b"kernel", b"ip_input")
    kernel.text, kernel.names = head + same + old + b"\n\tArgument Types\n", head + same + old
    assert [kernel.read(), kernel.read()] == [kernel.text] * 2
    assert (kernel.listed, kernel.named) == (1, 1)  # one that is new is not looked at
    # A function more is no reason.
    kernel.names = head + same + old + new
    kernel.read()
    assert kernel.listed == 1
    kernel.text = head + same + new
    kernel.names = kernel.text
    assert kernel.read() == kernel.text
    assert kernel.listed == 2
    assert kernel.read() == kernel.text
    assert kernel.listed == 2
    # Ids are another boot's.
    kernel.names = head + row % (1, b"kernel", b"ip_input") + row % (2, b"pf", b"pf_new")
    kernel.read()
    kernel.names = None
    kernel.read()
    assert kernel.listed == 2


def test_a_kernel_that_says_nothing_is_listed_each_time(kernel: Kernel) -> None:
    kernel.version = b""
    kernel.read()
    kernel.read()
    assert kernel.listed == 2
    assert not folder().exists()


def test_what_was_not_listed_whole_is_not_kept(kernel: Kernel) -> None:
    @contextmanager
    def failing(host: Host) -> Iterator[BinaryIO]:
        yield io.BytesIO(b"half a lis")
        raise DtraceError("dtrace: failed")

    with (
        pytest.raises(DtraceError),
        kept_listing(Host(), False, failing, lambda host: b"FreeBSD"),
    ):
        pass
    assert list(folder().iterdir()) == []
    assert kernel.read() == b"a listing\n"


def test_where_nothing_can_be_kept_it_is_read_all_the_same(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert kernel.read() == b"a listing\n"


def test_a_signal_while_it_is_read_leaves_nothing_behind(kernel: Kernel) -> None:
    class Ended(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise SystemExit(143)  # as SIGTERM has it

    @contextmanager
    def lister(host: Host) -> Iterator[BinaryIO]:
        yield Ended()

    with (
        pytest.raises(SystemExit),
        kept_listing(Host(), False, lister, lambda host: b"FreeBSD"),
    ):
        pass
    assert list(folder().iterdir()) == []
