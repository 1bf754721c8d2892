# SPDX-License-Identifier: BSD-2-Clause
"""Adding many captures to a dataset at once: a file a task of Dask, here or on a cluster."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dtkit.fleet.dataset import Added, Dataset

__all__ = ["add_all", "scheduler_address"]

#: How often a task is given to another worker when the one that had it died.
_RETRIES = 5

#: Seconds within which a scheduler answers, or there is none.
_PATIENCE = 10

#: Where a scheduler listens: a name, an address of IPv4, or one of IPv6 in brackets; and the port.
_ADDRESS = re.compile(
    r"(?:(?:tcp|tls|ws|wss)://)?"
    r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\]):([0-9]{1,5})"
)


def scheduler_address(text: str) -> str:
    """
    What a user gives as the address of a scheduler, looked at before anything is done.

    :raises ValueError: it is no such address; ``str()`` says what to give.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[1]) < 1 << 16:
        raise ValueError(f"{text!r} is no HOST:PORT such as tcp://10.0.0.1:8786")
    return text


def add_all(
    dataset: Dataset,
    captures: Sequence[tuple[str, Path]],
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[str, Path, Added | Exception]]:
    """
    Add what hosts saw, and hand out each as it is done, or why it could not be.

    :param captures: hosts and their files; on a cluster, all workers have to see the files and the
        dataset under the same names.
    :param jobs: worker processes here; 1 does without Dask.
    :param scheduler: address of a running cluster's, such as ``tcp://10.0.0.1:8786``.
    :raises ImportError: Dask is not installed: it comes with ``dtkit[fleet]``.
    :raises ValueError: *scheduler* is no address.
    :raises OSError: no scheduler answers there.
    """
    if jobs == 1 and scheduler is None:
        for host, file in captures:
            yield host, file, _tried(str(dataset.folder), host, str(file))
        return
    import distributed

    dask: Any = distributed  # it has no types
    with ExitStack() as stack:
        if scheduler is None:
            cluster = stack.enter_context(
                dask.LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
            )
            client = stack.enter_context(dask.Client(cluster))
        else:
            asyncio.run(_ask(scheduler_address(scheduler)))
            client = stack.enter_context(dask.Client(scheduler, timeout=f"{_PATIENCE}s"))
        folder = str(dataset.folder.absolute())
        tasks = {
            client.submit(
                _tried, folder, host, str(file.absolute()), retries=_RETRIES, pure=False
            ): (host, file)
            for host, file in captures
        }
        for task in dask.as_completed(tasks, raise_errors=False):
            host, file = tasks[task]
            error = task.exception()
            yield host, file, error if error is not None else task.result()


async def _ask(scheduler: str) -> None:
    """
    Have a scheduler say that it is one: a client of Dask would wait for ever for its first word.

    :raises OSError: there is none that answers.
    """
    import distributed

    dask: Any = distributed
    try:
        how = dask.Security().get_connection_args("client")
        async with asyncio.timeout(_PATIENCE):
            async with dask.rpc(scheduler, timeout=_PATIENCE, connection_args=how) as there:
                said = (await there.identity())["type"]
    except TimeoutError:
        said = f"nothing in {_PATIENCE} s"
    except Exception as error:  # whatever Dask makes of what something else says
        said = f"{type(error).__name__}: {error}"
    if said != "Scheduler":
        raise OSError(f"no scheduler of Dask answers at {scheduler}: {said}")


def _tried(folder: str, host: str, file: str) -> Added | Exception:
    """A task: what was added, or why it could not be."""
    try:
        return Dataset(Path(folder)).add(host, Path(file))
    except Exception as error:  # a file that cannot be added is not to end the others
        return error
