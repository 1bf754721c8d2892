# SPDX-License-Identifier: BSD-2-Clause
"""
A network that stands still, and more than one who traces: through a real ssh(1) and sshd(8).

The process of sshd(8) that serves us is stopped. ssh(1) then hears nothing, as from a network that
drops everything: for some seconds, which nobody need notice, or for longer than it waits.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.live.loopback import loopback
from tests.output.dtrace_text import dump

DTKIT = [sys.executable, "-m", "dtkit"]


def packet(number: int) -> str:
    """What dtrace(1) prints of a packet of *number* bytes."""
    return (
        f"@dtkit 1 mbuf probe=fbt::f:entry id=1 cpu=0 t={number} m=0x10 len={number} off=0 "
        f"dump={number}\n{dump(bytes([0x45] * number))}"
    )


#: A dtrace(1) that shows a packet, another one when it is told to go on, and ends when it is told
#: to: each has a folder of its own for that.
DTRACE = f"""#!/bin/sh
cd THERE && mkdir $$ && cd $$
cat > script.d
trap 'echo "@dtkit 1 end probe=fbt::f:entry fired=7 accepted=2"; touch ended; exit 0' TERM
cat <<'END'
@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000
{packet(2)}
END
touch began
while [ ! -e go ]; do sleep 0.05; done
cat <<'END'
{packet(3)}
END
touch gone
while :; do sleep 0.05; done
"""


def until(holds: Callable[[], object], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.05)


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of that dtrace(1) on a host called ``router``."""
    there = tmp_path / "there"
    there.mkdir()
    (there / "dtrace").write_text(DTRACE.replace("THERE", str(there)))
    (there / "dtrace").chmod(0o755)
    with loopback(tmp_path, there) as here:
        monkeypatch.setenv("PATH", f"{here}:/usr/bin:/bin")
        yield there


def hurried(folder: Path, option: str, seconds: int) -> None:
    """Have ssh(1) wait for *seconds* only, if it is told to wait at all."""
    name, _, _ = option.partition("=")
    ssh = shutil.which("ssh", path="/usr/bin:/bin")
    (folder / "here/ssh").write_text(
        "#!/bin/sh\nfor word; do\n\tshift\n"
        f"\tcase $word in {option}) word={name}={seconds};; esac\n"
        '\tset -- "$@" "$word"\ndone\n'
        f'exec {ssh} -F {folder}/ssh_config -o LogLevel=INFO "$@"\n'
    )


class Traced:
    """``dtkit run`` on that host, and the dtrace(1) that it has there."""

    def __init__(self, there: Path, *words: str) -> None:
        before = set(there.iterdir())
        self.child = subprocess.Popen(
            [*DTKIT, "run", *words, "ip_input"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: any(Path(one, "began").exists() for one in set(there.iterdir()) - before))
        [self.folder] = [one for one in set(there.iterdir()) - before if (one / "began").exists()]
        self.pid = int(self.folder.name)
        self.seen = ""
        self.read()
        assert "2 bytes: 45 45" in self.seen

    def read(self) -> None:
        """Wait for a line of what it prints."""
        assert self.child.stdout is not None
        self.seen += self.child.stdout.readline()

    def go_on(self) -> None:
        """Another packet comes."""
        (self.folder / "go").touch()
        until((self.folder / "gone").exists)

    @property
    def server(self) -> int:
        """The process of sshd(8) that serves the connection."""
        pid = self.pid
        while pid > 1:
            status = Path(f"/proc/{pid}/status").read_text()
            pid = int(status.partition("PPid:")[2].split()[0])
            if Path(f"/proc/{pid}/comm").read_text().startswith("sshd"):
                return pid
        raise AssertionError("no sshd")

    def interrupt(self) -> None:
        self.child.send_signal(signal.SIGINT)

    @property
    def ended(self) -> bool:
        return self.child.poll() is not None

    def wait(self) -> tuple[int, str, list[str]]:
        """Its exit status, what it printed, what it said."""
        try:
            out, errors = self.child.communicate(timeout=60)
        finally:
            self.child.kill()
        return self.child.returncode, self.seen + out, errors.splitlines()


@pytest.fixture
def stopped() -> Iterator[Callable[[int], None]]:
    """Stops processes, which go on at the end of the test."""
    pids = []

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        pids.append(pid)

    yield stop
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_a_stall_of_seconds_loses_nothing(router: Path, stopped: Callable[[int], None]) -> None:
    traced = Traced(router, "--host", "router")
    stopped(traced.server)
    traced.go_on()
    time.sleep(5)
    assert not traced.ended
    os.kill(traced.server, signal.SIGCONT)
    traced.read()
    traced.interrupt()
    status, out, said = traced.wait()
    assert (status, out.count("bytes: 45 45")) == (0, 2), said
    assert said == ["2 firings, 2 packets, 0 dropped, 0 faults, 0 unread lines"]
    assert (traced.folder / "ended").exists()


def test_a_stall_that_does_not_end_is_a_line_and_loses_nothing_that_was_read(
    router: Path, tmp_path: Path, stopped: Callable[[int], None]
) -> None:
    hurried(tmp_path, "ServerAliveInterval=15", 1)
    capture = tmp_path / "seen.pcapng"
    traced = Traced(router, "--host", "router", "-w", str(capture))
    server = traced.server
    stopped(server)
    traced.go_on()
    status, out, said = traced.wait()
    assert (status, out.count("bytes: 45 45")) == (1, 1), said
    assert said[-1].startswith("python -m dtkit run: no connection to router: Timeout"), said
    assert sum("no connection" in line for line in said) == 1
    counted = subprocess.run(["capinfos", "-Mc", capture], capture_output=True, text=True)
    assert (counted.returncode, counted.stdout.split()[-1]) == (0, "1")
    # What was left there ends as soon as that host hears that nobody listens any more.
    os.kill(server, signal.SIGCONT)
    until((traced.folder / "ended").exists)


def test_ctrl_c_during_a_stall_is_enough(
    router: Path, tmp_path: Path, stopped: Callable[[int], None]
) -> None:
    hurried(tmp_path, "ServerAliveInterval=15", 1)
    traced = Traced(router, "--host", "router")
    stopped(traced.server)
    traced.interrupt()
    status, out, said = traced.wait()
    assert (status, out.count("bytes: 45 45")) == (1, 1), said
    assert "no connection to router: Timeout" in said[-1]


def test_a_second_ctrl_c_waits_for_no_network(router: Path, stopped: Callable[[int], None]) -> None:
    traced = Traced(router, "--host", "router")
    stopped(traced.server)
    traced.interrupt()
    time.sleep(0.5)
    assert not traced.ended
    began = time.monotonic()
    traced.interrupt()
    status, out, said = traced.wait()
    assert time.monotonic() - began < 12  # ssh(1) would wait for 45 s and longer
    assert (status, out.count("bytes: 45 45")) == (130, 1), said
    assert not any("Traceback" in line for line in said)


def test_a_host_that_takes_connections_and_says_nothing(router: Path, tmp_path: Path) -> None:
    hurried(tmp_path, "ConnectTimeout=10", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = tmp_path / "ssh_config"
        port = silent.getsockname()[1]
        config.write_text(
            "".join(
                f"Port {port}\n" if line.startswith("Port") else line
                for line in config.read_text().splitlines(keepends=True)
            )
        )
        done = subprocess.run(
            [*DTKIT, "run", "--host", "router", "ip_input"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert re.search("dtkit run: no connection to router: .* timed out\n", done.stderr)


@pytest.mark.parametrize("where", ["here", "router"])
def test_two_at_once_are_no_matter_to_each_other(
    router: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of one is not that of the other's dtrace(1); each has its own packets."""
    if where == "here":
        monkeypatch.setenv("PATH", str(router), prepend=":")
    words = ["--host", "router"] if where == "router" else []
    first, second = Traced(router, *words), Traced(router, *words)
    assert first.pid != second.pid
    first.interrupt()
    status, out, said = first.wait()
    assert (status, out.count("bytes: 45 45")) == (0, 1), said
    assert (first.folder / "ended").exists()
    assert not second.ended
    assert not (second.folder / "ended").exists()
    second.go_on()
    second.read()
    second.interrupt()
    status, out, said = second.wait()
    assert (status, out.count("bytes: 45 45")) == (0, 2), said
    assert (second.folder / "ended").exists()
