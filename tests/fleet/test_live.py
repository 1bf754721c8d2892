# SPDX-License-Identifier: BSD-2-Clause
"""Several hosts at once, through real sshd(8)s: joined while they come."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.listing import LISTING
from tests.fleet.row import HOSTS, texts, traffic
from tests.live.loopback import loopback

#: Prints what its script printed, and then waits until it is told to end.
DTRACE = """#!/bin/sh
cd {there}
test "$1" = -l && exec cat listing
cat > script.d
cat printed
trap 'echo ended > ended; exit 0' TERM
echo $$ > pid
test -f endless || exit 0
while :; do sleep 0.05; done
"""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """alpha, router and bravo, each with an sshd(8) and a dtrace(1) that prints what it saw."""
    folder = tmp_path_factory.mktemp("hosts")
    # A journey is over when a second has passed: they are not to come all at once.
    every = 400_000_000
    clocks = ((0, 0), (5 * 10**9, 0), (-(10**12), 0))
    printed = texts(traffic(10, 0, every), traffic(10, 1, every), clocks=clocks)
    here = folder / "here"
    here.mkdir()
    with ExitStack() as stack:
        for name, text in zip(HOSTS, printed, strict=True):
            own = folder / name
            own.mkdir()
            there = own / "there"
            there.mkdir()
            (there / "printed").write_text(text)
            (there / "listing").write_text(LISTING)
            (there / "dtrace").write_text(DTRACE.format(there=there))
            (there / "dtrace").chmod(0o755)
            stack.enter_context(loopback(own, there, name))
        config = "".join((folder / name / "ssh_config").read_text() for name in HOSTS)
        (folder / "ssh_config").write_text(config)
        client = here / "ssh"
        client.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
        client.chmod(0o755)
        yield folder


def started(hosts: Path, *names: str) -> subprocess.Popen[str]:
    options = [word for name in names for word in ("--host", name)]
    command = [sys.executable, "-m", "dtkit", "path", "run", *options, "udp", "port", "53"]
    return subprocess.Popen(
        command,
        env={**os.environ, "PATH": f"{hosts / 'here'}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_hosts_are_followed_at_once_and_joined(hosts: Path) -> None:
    done = started(hosts, *HOSTS)
    out, err = done.communicate(timeout=240)
    assert done.returncode == 0, err
    assert out.count("  on alpha") >= 20
    assert out.count("ipv4 source 10.0.0.1 -> 192.0.2.1") == 10
    assert "clock of router beside that of alpha: 5000.0" in err
    assert err.splitlines()[-1] == "20 journeys, 0 oddities"


def test_a_host_that_fails_is_said_and_the_others_go_on(hosts: Path) -> None:
    dtrace = hosts / "router" / "there" / "dtrace"
    before = dtrace.read_text()
    dtrace.write_text(before.replace("cat printed", "echo 'dtrace: no such luck' >&2; exit 1"))
    try:
        done = started(hosts, *HOSTS)
        out, err = done.communicate(timeout=240)
    finally:
        dtrace.write_text(before)
    assert done.returncode == 0, err
    assert "path run: router: dtrace(1) failed with 1" in err
    assert "no such luck" in err
    assert out.count("  on alpha") == 20
    assert out.count("  on bravo") == 20


def test_journeys_come_while_hosts_run_and_an_interrupt_ends_all(hosts: Path) -> None:
    for name in HOSTS:
        (hosts / name / "there" / "endless").touch()
        (hosts / name / "there" / "ended").unlink(missing_ok=True)
    try:
        run = started(hosts, *HOSTS)
        assert run.stdout is not None
        first = run.stdout.readline()  # it comes before any of them ends
        assert first.startswith("#1  ")
        assert not any((hosts / name / "there" / "ended").exists() for name in HOSTS)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=120)
        assert run.returncode == 0, err
        deadline = time.monotonic() + 20
        while not all((hosts / name / "there" / "ended").exists() for name in HOSTS):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        for name in HOSTS:
            (hosts / name / "there" / "endless").unlink()


def test_a_script_is_for_one_host(hosts: Path) -> None:
    command = [sys.executable, "-m", "dtkit", "path", "script", "--host", "a", "--host", "b", "udp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "several --host are for run" in done.stderr
