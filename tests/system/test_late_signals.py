# SPDX-License-Identifier: BSD-2-Clause
"""
A signal behind Python's last look for one, before a system call that waits for what never comes.

That moment is short, and is met on purpose: ``late_signal.c`` is preloaded, and has the signal come
just before the first call that would wait once a text has passed. Where the call then waits on, it
has ended dtkit with a status of its own: nothing here depends on how long anything takes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.listing import LISTING
from tests.system.processes import DTKIT

#: Behind this text nothing more comes. It is no text of dtkit's, whose modules are read, too.
LAST = "late-signal-now"

#: A dtrace(1), or tcpdump(1), that says so and has then nothing to say.
SILENT = f"""#!/bin/sh
cd "$(dirname "$0")"
test "$1" = -l || cat > /dev/null
trap 'touch ended; exit 0' TERM
echo "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000 {LAST}=1"
while :; do sleep 0.05; done
"""

#: s after which something else is wrong.
PATIENCE = 120

by_signal = pytest.mark.parametrize(
    "which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda which: which.name
)

Late = Callable[..., tuple[int, bytes]]


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no cc: make system-packages")
    made = tmp_path_factory.mktemp("late") / "late_signal.so"
    source = Path(__file__).with_name("late_signal.c")
    flags = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(made), str(source), "-ldl"], check=True)
    return made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where programs are that are run in place of the real ones."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("dtrace", "tcpdump"):
        (folder / name).write_text(SILENT)
        (folder / name).chmod(0o755)
    (folder / "listing").write_text(LISTING)
    return folder


@pytest.fixture
def late(preloaded: Path, place: Path) -> Late:
    """Runs dtkit: its exit status, and what it said, after a signal that came late."""

    def run(
        which: signal.Signals, *words: str, after: str = LAST, stdin: int = subprocess.DEVNULL
    ) -> tuple[int, bytes]:
        child = subprocess.Popen(
            [*DTKIT, *words],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # without a terminal nobody asks for a password
            env=os.environ
            | {
                "PATH": f"{place}:/usr/bin:/bin",
                "XDG_CACHE_HOME": str(place),
                "LD_PRELOAD": str(preloaded),
                "LATE_SIGNAL": str(which.value),
                "LATE_AFTER": after,
            },
        )
        try:
            _, errors = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
        assert b"Traceback" not in errors
        return child.returncode, errors

    return run


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Path]:
    """A named pipe that somebody reads."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path
    os.close(reader)


@by_signal
@pytest.mark.parametrize(
    "words",
    [
        "run ip_input",
        "path run --listing {place}/listing icmp",
        "path run --listing {place}/listing --serve icmp",
        "extcap --capture --extcap-interface dtkit-ip-input --fifo {fifo}",
        "extcap --capture --extcap-interface dtkit-path --fifo {fifo}",
        "extcap --capture --extcap-interface dtkit-mbuf-trace --fifo {fifo}",
    ],
    ids=["run", "path", "serve", "extcap", "extcap path", "extcap mbuf_trace"],
)
def test_a_script_is_ended(
    late: Late, place: Path, fifo: Path, words: str, which: signal.Signals
) -> None:
    status, errors = late(which, *words.format(place=place, fifo=fifo).split())
    assert status == 0, errors
    assert (place / "ended").exists()


@by_signal
def test_a_page_that_stays_is_ended(late: Late, place: Path, which: signal.Signals) -> None:
    (place / "dtrace").write_text(SILENT.replace("while :; do sleep 0.05; done\n", ""))
    words = ["path", "run", "--listing", str(place / "listing"), "--serve", "icmp"]
    status, errors = late(which, *words, after=" path run: all was read;")
    assert status == 0, errors


@by_signal
@pytest.mark.parametrize("script", ["", "/* more than a pipe holds */\n" * 10_000], ids=len)
def test_who_lets_nobody_in_is_not_waited_for(
    late: Late, place: Path, script: str, which: signal.Signals
) -> None:
    """A sudo(8) that says something, and neither reads the script nor runs a shell."""
    (place / "sudo").write_text(f"#!/bin/sh\necho {LAST}\nexec sleep 1000\n")
    (place / "sudo").chmod(0o755)
    (place / "mine.d").write_text(f"{script}BEGIN {{ exit(0); }}\n")
    after = "dtrace -s /dev/stdin 3<&-" if script else LAST
    status, errors = late(which, "run", "--as", "sudo", str(place / "mine.d"), after=after)
    assert status == 128 + which, errors


@by_signal
def test_a_listing_is_not_waited_for(late: Late, which: signal.Signals) -> None:
    status, errors = late(which, "path", "run", "icmp")
    assert status == 128 + which, errors


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP], ids=lambda which: which.name)
@pytest.mark.parametrize("command", ["parse", "trace show"])
def test_a_pipe_is_not_waited_for(late: Late, command: str, which: signal.Signals) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, f"{LAST}\n".encode())
    status, errors = late(which, *command.split(), "-", stdin=ours)
    os.close(theirs)
    os.close(ours)
    assert status == 128 + which, errors


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP], ids=lambda which: which.name)
@pytest.mark.parametrize(
    "words",
    [
        "parse {lonely}",
        "extcap --capture --extcap-interface dtkit-ip-input --fifo {lonely}",
    ],
    ids=["read", "written"],
)
def test_a_named_pipe_that_nobody_else_has_open_is_not_waited_for(
    late: Late, tmp_path: Path, words: str, which: signal.Signals
) -> None:
    lonely = tmp_path / "lonely"
    os.mkfifo(lonely)
    status, errors = late(which, *words.format(lonely=lonely).split(), after="")
    assert status == 128 + which, errors
