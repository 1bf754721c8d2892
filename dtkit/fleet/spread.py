# SPDX-License-Identifier: BSD-2-Clause
"""Adding many captures to a dataset at once: a file a task of Dask, here or on a cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dtkit.fleet.dataset import Added, Dataset

__all__ = ["add_all"]

#: How often a task is given to another worker when the one that had it died.
_RETRIES = 5


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
    :raises OSError: there is no scheduler at that address.
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
            client = stack.enter_context(dask.Client(scheduler, timeout="10s"))
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


def _tried(folder: str, host: str, file: str) -> Added | Exception:
    """A task: what was added, or why it could not be."""
    try:
        return Dataset(Path(folder)).add(host, Path(file))
    except Exception as error:  # a file that cannot be added is not to end the others
        return error
