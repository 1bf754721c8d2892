# SPDX-License-Identifier: BSD-2-Clause
"""
Listings of kernels' functions, kept from run to run.

dtrace(1) takes long to list a kernel's probes with their types. A listing is kept for each host and
is good as long as kernel and loaded modules are the same, and none of its functions is missing
there: a module may have been built anew under its old name. Only its owner can read it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from dtkit.live.dtrace import listing, names, shell_output
from dtkit.live.host import DtraceError, Host
from dtkit.probes import ListedProbe, read_listing

#: What tells one kernel from another: its version, and the files that are loaded into it.
_ASK = "sysctl -n kern.version 2>/dev/null && kldstat | awk '{ print $NF }' | sort"

#: Makes a listing of a host.
Lister = Callable[[Host], AbstractContextManager[BinaryIO]]


def folder() -> Path:
    """Where listings are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "dtkit" / "listings"


def kernel_of(host: Host) -> bytes:
    """What tells its kernel from another; empty where it does not say. The user asks."""
    try:
        return shell_output(_ASK, Host(host.name))
    except DtraceError:
        return b""


@contextmanager
def kept_listing(
    host: Host,
    refresh: bool = False,
    lister: Lister = listing,
    kernel: Callable[[Host], bytes] = kernel_of,
    namer: Lister = names,
) -> Iterator[BinaryIO]:
    """
    The listing of a host: the one that was kept, if its kernel is the same, or a new one.

    One that was kept is made anew, once, where it names a function that is not there.

    :param refresh: whether to make a new one in any case.
    :param namer: lists the names of functions alone.
    :raises NowhereError: *host* is no name, or there is no dtrace(1) on this one.
    :raises DtraceError: dtrace(1) is not there, or it failed; with its own last words.
    """
    known = kernel(host)
    if not known.strip():
        with lister(host) as stream:
            yield stream
        return
    name = hashlib.sha256(f"{host.name or ''}\0".encode() + known).hexdigest()
    path = folder() / f"{name}.txt"
    if refresh or not path.is_file() or _is_stale(path, host, namer):
        made = None
        try:
            with lister(host) as stream:
                made = _made(stream, path.parent)
        except BaseException:
            if made is not None:  # dtrace(1) failed behind it
                made.unlink()
            raise
        kept = _keep(made, path)
    else:
        kept = path
    try:
        with kept.open("rb") as file:
            yield file
    finally:
        if kept != path:
            kept.unlink()


def _is_stale(path: Path, host: Host, namer: Lister) -> bool:
    """Whether a kept listing names a function that the host has not."""
    try:
        with namer(host) as stream:
            there = _functions(stream)
        with path.open("rb") as file:
            return bool(there) and not _functions(file) <= there
    except (DtraceError, OSError):
        return False  # whoever runs dtrace(1) next will be told why


def _functions(listing: BinaryIO) -> set[tuple[str, str]]:
    """The functions of a listing, each with its module."""
    return {
        (one.description.module, one.description.function)
        for one in read_listing(listing)
        if isinstance(one, ListedProbe) and one.description.provider == "fbt"
    }


def _made(stream: BinaryIO, where: Path) -> Path:
    """A file with a listing, of mode 0600: in *where* if that can be."""
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=where)
    except OSError:
        handle, made = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(stream, file)
    except BaseException:
        os.unlink(made)
        raise
    return Path(made)


def _keep(made: Path, path: Path) -> Path:
    """Give a listing that is whole its name, if it is beside it; where it is then."""
    if made.parent != path.parent or not made.stat().st_size:
        return made
    return made.replace(path)
