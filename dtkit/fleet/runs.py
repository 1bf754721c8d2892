# SPDX-License-Identifier: BSD-2-Clause
"""Scripts on several hosts at once: all are started, all are ended, one that fails is said."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dtkit.live.dtrace import DtraceRun, running
from dtkit.live.host import DtraceError, Host, NowhereError
from dtkit.oddity import Oddity
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path

__all__ = ["Began", "Ended", "Heard", "HostRuns"]


class Began(NamedTuple):
    """A host's script has begun to look at packets."""


class Ended(NamedTuple):
    """
    A host's script is over.

    :ivar why: why it failed; empty where it did not.
    """

    why: str


#: What is heard of a host: its number, and what it is; None where nothing was for a while.
Heard = tuple[int, Journey | Oddity | Began | Ended]


class HostRuns:
    """
    A script on each of several hosts.

    :param scripts: hosts, and what each is to run.
    """

    def __init__(self, scripts: Sequence[tuple[Host, str]]) -> None:
        self._scripts = scripts
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._runs: dict[int, DtraceRun] = {}
        self._lock = threading.Lock()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(len(scripts))
        ]

    def __enter__(self) -> HostRuns:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for thread in self._threads:
            while thread.is_alive():  # so that a signal is heard, however long that takes
                thread.join(1)

    def stop(self) -> None:
        """Have all end: what they still print is heard."""
        with self._lock:
            self._stopped = True
            runs = list(self._runs.values())
        for run in runs:
            run.stop()

    def heard(self, wait: float) -> Iterator[Heard | None]:
        """
        What is heard, until all have ended.

        :param wait: s after which there is a None if nothing was heard.
        """
        going = len(self._scripts)
        while going:
            try:
                one = self._heard.get(timeout=wait)
            except queue.Empty:
                yield None
                continue
            going -= isinstance(one[1], Ended)
            yield one

    def _run(self, number: int) -> None:
        host, text = self._scripts[number]
        why = ""
        try:
            with running(text, host) as run:
                with self._lock:
                    self._runs[number] = run
                    stopped = self._stopped
                if stopped:
                    run.stop()
                self._read(number, run)
                with self._lock:
                    del self._runs[number]
            if run.killed:
                why = "dtrace(1) did not end when it was told to, and was killed"
            elif run.status and not run.stopped:
                why = f"dtrace(1) failed with {run.status}"
        except (DtraceError, NowhereError, OSError) as error:
            with self._lock:
                self._runs.pop(number, None)
            why = str(error)
        self._heard.put((number, Ended(why)))

    def _read(self, number: int, run: DtraceRun) -> None:
        began, output = Began(), io.BufferedReader(run.output, 1 << 18)
        for item in read_path(output, started=lambda: self._heard.put((number, began))):
            self._heard.put((number, item))
