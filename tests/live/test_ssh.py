# SPDX-License-Identifier: BSD-2-Clause
"""dtrace(1) on another host: through a real ssh(1) and sshd(8) on the loopback address."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.listing import LISTING
from tests.live.loopback import loopback
from tests.output.dtrace_text import dump
from tests.packets import captures
from tests.trace.frames import ipv4, tcp

Dtkit = Callable[..., Result]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """
    A host called ``router`` whose dtrace(1) lists functions and runs scripts in the simulator.

    Yields the folder that has to come first on the path for ssh(1) to know it, and a folder where
    that dtrace(1) notes down what it was given.
    """
    folder = tmp_path_factory.mktemp("ssh")
    there = folder / "there"
    there.mkdir()
    packet = bytearray(ipv4(tcp(b"x" * 40)))
    packet[22:24] = b"\0\x16"
    (there / "packets.pcap").write_bytes(captures.pcap([bytes(packet)], linktype=101))
    (there / "listing").write_text(LISTING)
    dtrace = there / "dtrace"
    dtrace.write_text(
        f"#!/bin/sh\ncd {there}\nprintf '%s\\n' \"$*\" >> arguments\n"
        "case $1 in\n-l) cat listing ;;\n"
        f"-s) cat $2 > script.d; exec {sys.executable} -m dtkit simulate script.d "
        "--packets packets.pcap --path nat ;;\nesac\n"
    )
    dtrace.chmod(0o755)
    with loopback(folder, there) as here:
        yield str(here), there


@pytest.fixture
def router(host: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    here, there = host
    monkeypatch.setenv("PATH", here, prepend=":")
    (there / "arguments").unlink(missing_ok=True)
    return there


def test_packets_are_followed_on_another_host(dtkit: Dtkit, router: Path) -> None:
    result = dtkit("path", "run", "--host", "router", "tcp", "port", "22")
    assert result.exit_code == 0, result.stderr
    assert "ipv4 source 10.0.0.1 -> 192.0.2.1" in result.stdout
    assert result.stderr.endswith("1 journey, 0 oddities\n")
    arguments = (router / "arguments").read_text().splitlines()
    assert arguments == ["-l -v -n fbt:::entry -n mib:::", "-s /dev/stdin"]


def test_a_script_is_for_the_kernel_of_that_host(dtkit: Dtkit, router: Path) -> None:
    result = dtkit("path", "--host", "router", "icmp")
    assert result.exit_code == 0, result.stderr
    assert "fbt::m_pullup:return" in result.stdout
    assert (router / "arguments").read_text() == "-l -v -n fbt:::entry -n mib:::\n"


def test_a_host_that_cannot_be_reached_is_an_error(dtkit: Dtkit, router: Path) -> None:
    result = dtkit("path", "--host", "nobody@router", "icmp")
    assert result.exit_code != 0
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("why", "status", "said"),
    [
        ("No error: 0", 1, "dtrace(1) on router was ended before it had listed all probes\n"),
        ("No probe matches description", 0, ""),
    ],
    ids=["ended", "none"],
)
def test_a_listing_that_was_broken_off_is_not_taken_for_all(
    dtkit: Dtkit, router: Path, why: str, status: int, said: str
) -> None:
    """FreeBSD's dtrace(1) has exit status 0 where a signal ended it: seen on 15.1."""
    program = router / "dtrace"
    before = program.read_text()
    program.write_text(
        f"#!/bin/sh\ncat {router}/listing\necho 'dtrace: failed to match fbt:::entry: {why}' >&2\n"
        "echo 'dtrace: failed to match mib:::: No probe matches description' >&2\n"
    )
    try:
        result = dtkit("path", "--host", "router", "icmp")
    finally:
        program.write_text(before)
    assert result.exit_code == status, result.stderr
    assert said in result.stderr
    assert bool(result.stdout) is not bool(status)


#: A dtrace(1) with a script that goes on until it is told to end, and then has its say.
ENDLESS = """#!/bin/sh
test "$1" = -l && exec cat listing
cat > /dev/null
echo "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000"
trap 'echo "@dtkit 1 end fired=7 matched=0 hops=0 ends=0 faults=0"; rm pid; exit 0' TERM
echo $$ > pid.new && mv pid.new pid
while :; do sleep 0.05; done
"""


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to that")


@pytest.fixture(params=["here", "router"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[list[str], Path]]:
    """A command that follows packets here or there until it is told to end, and where."""
    here, there = request.getfixturevalue("host")
    folder = there if request.param == "router" else tmp_path
    if folder is tmp_path:
        shutil.copy(there / "listing", tmp_path)
    before = (there / "dtrace").read_text()
    (folder / "dtrace").write_text(ENDLESS.replace("#!/bin/sh\n", f"#!/bin/sh\ncd {folder}\n"))
    (folder / "dtrace").chmod(0o755)
    host = ["--host", "router"] if request.param == "router" else []
    path = f"{here if host else folder}:/usr/bin:/bin"
    run = ["env", f"PATH={path}", sys.executable, "-m", "dtkit", "path", "run", *host, "icmp"]
    yield run, folder
    (there / "dtrace").write_text(before)


@pytest.mark.parametrize("whom", ["all", "us"])
def test_ctrl_c_ends_dtrace_and_waits_for_what_it_says(
    endless: tuple[list[str], Path], whom: str
) -> None:
    """The terminal sends SIGINT to all of the foreground, kill(1) to one process."""
    command, folder = endless
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
    ) as child:
        until((folder / "pid").exists)
        time.sleep(0.5)
        (os.killpg if whom == "all" else os.kill)(child.pid, signal.SIGINT)
        try:
            out, err = child.communicate(timeout=30)
        finally:
            child.kill()
    assert (child.returncode, out) == (0, b""), err
    assert b"no packet passed the filter" in err
    assert err.endswith(b"0 journeys, 1 oddity\n")
    assert not (folder / "pid").exists()


def test_no_dtrace_stays_behind_when_we_are_killed(endless: tuple[list[str], Path]) -> None:
    command, folder = endless
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        until((folder / "pid").exists)
        child.kill()
    until(lambda: not (folder / "pid").exists())


def test_the_last_words_of_a_host_are_quoted_and_a_terminal_obeys_none(
    dtkit: Dtkit, router: Path
) -> None:
    """A login may have much to say before dtrace(1) says why it failed."""
    program = router / "dtrace"
    before = program.read_text()
    program.write_text(
        "#!/bin/sh\nyes 'Welcome to this host' | head -c 50400 >&2\n"
        "printf 'dtrace: no \\033]0;pwned\\007privilege\\n' >&2\nexit 1\n"
    )
    try:
        result = dtkit("path", "--host", "router", "icmp")
    finally:
        program.write_text(before)
    assert result.exit_code == 1
    said = "dtrace(1) could not list its probes on router: no \\x1b]0;pwned\\x07privilege"
    assert said in result.stderr
    assert "Welcome" not in result.stderr
    assert "\x1b" not in result.stderr


def put(there: Path, text: str) -> str:
    """Another dtrace(1) there; what was there before."""
    before = (there / "dtrace").read_text()
    (there / "dtrace").write_text(f"#!/bin/sh\ncd {there}\n{text}")
    return before


#: The first bytes of a script's output, and a packet.
BEGUN = f"""cat <<'END'
@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000
@dtkit 1 mbuf probe=fbt::f:entry id=1 cpu=0 t=5 m=0x10 len=2 off=0 dump=2
{dump(bytes([0x45, 0]))}
END
"""


def test_packets_are_shown_of_another_host_while_a_command_runs_there(
    dtkit: Dtkit, router: Path
) -> None:
    mark = router / "a mark"
    endless = "trap 'exit 0' TERM\nwhile :; do sleep 0.05; done\n"
    before = put(router, f"cat > /dev/null\n{BEGUN}{endless}")
    try:
        result = dtkit(
            *("run", "--host", "router", "ip_input", "-t"),
            *("--", "sh", "-c", 'echo "$SSH_CONNECTION" > "$1"', "sh", str(mark)),
        )
    finally:
        (router / "dtrace").write_text(before)
    assert result.exit_code == 0, result.stderr
    assert "2 bytes: 45 00" in result.stdout
    assert mark.read_text().startswith("127.0.0.1 ")


def test_the_connection_itself_is_left_out(dtkit: Dtkit, router: Path) -> None:
    dtkit("run", "--host", "router", "ip_input")
    port = next(
        line.split()[1]
        for line in (router.parent / "ssh_config").read_text().splitlines()
        if line.startswith("Port")
    )
    excluding = dtkit("script", "ip_input", "--filter", f"not (tcp port {port} and host 127.0.0.1)")
    clauses = excluding.stdout.partition("BEGIN")[2]
    assert clauses in (router / "script.d").read_text()
    for wanted in ("icmp", f"tcp port {port}"):
        dtkit("run", "--host", "router", "ip_input", "--filter", wanted)
        plain = dtkit("script", "ip_input", "--filter", wanted).stdout.partition("BEGIN")[2]
        assert plain in (router / "script.d").read_text()


@pytest.mark.parametrize("status", [1, 3, 77])
def test_the_exit_status_of_dtrace_there_is_known(dtkit: Dtkit, router: Path, status: int) -> None:
    before = put(router, f"cat > /dev/null\n{BEGUN}exit {status}\n")
    try:
        result = dtkit("run", "--host", "router", "ip_input")
    finally:
        (router / "dtrace").write_text(before)
    assert result.exit_code == 1
    assert f"dtrace(1) on router failed with {status}; `dtkit doctor`" in result.stderr


def test_garbage_from_there_is_no_traceback(dtkit: Dtkit, router: Path) -> None:
    before = put(router, "cat > /dev/null\nhead -c 300000 /dev/urandom\n")
    try:
        for words in (["run", "--host", "router", "ip_input"], ["doctor", "--host", "router"]):
            result = dtkit(*words)
            assert result.exit_code in (0, 1)
            assert "Traceback" not in result.stderr
            assert all(line.isprintable() for line in result.stderr.split("\n"))
    finally:
        (router / "dtrace").write_text(before)


@pytest.mark.parametrize("whom", ["ssh", "sshd"])
def test_a_connection_that_is_cut_loses_nothing_that_was_read(
    host: tuple[str, Path], whom: str
) -> None:
    here, there = host
    before = put(
        there, f"cat > /dev/null\n{BEGUN}echo $$ > pid.new && mv pid.new pid\nexec sleep 60\n"
    )
    environment = os.environ | {"PATH": f"{here}:/usr/bin:/bin"}
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "dtkit", "run", "--host", "router", "ip_input", "-t"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        ) as child:
            until((there / "pid").exists)
            time.sleep(0.5)
            pid = int((there / "pid").read_text())
            if whom == "ssh":
                found = subprocess.run(
                    ["ps", "-o", "pid=", "--ppid", str(child.pid)], capture_output=True, text=True
                )
                os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
            else:
                os.kill(ancestor(pid, "sshd"), signal.SIGKILL)
            out, errors = child.communicate(timeout=30)
        assert child.returncode == 1
        assert "f " in out
        assert "2 bytes: 45 00" in out
        last = errors.splitlines()[-1]
        assert "no connection to router: " in last
        until(lambda: not Path(f"/proc/{pid}").exists())
    finally:
        (there / "dtrace").write_text(before)
        (there / "pid").unlink(missing_ok=True)


def ancestor(pid: int, name: str) -> int:
    """The nearest process of that name above *pid*."""
    while pid > 1:
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(status.partition("PPid:")[2].split()[0])
        if Path(f"/proc/{pid}/comm").read_text().startswith(name):
            return pid
    raise AssertionError(f"no {name}")


def test_two_sessions_at_once(host: tuple[str, Path]) -> None:
    here, _ = host
    command = [sys.executable, "-m", "dtkit", "run", "--host", "router", "ip_input", "-t"]
    environment = os.environ | {"PATH": f"{here}:/usr/bin:/bin"}
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    for child in children:
        out, errors = child.communicate(timeout=60)
        assert (child.returncode, out.count(b"10.0.0.1:1234 > ")) == (0, 1), errors


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("processing aborted: Abort due to systemic unresponsiveness", "fewer probes, or a rate"),
        ("could not enable tracing: Permission denied", "allow_destructive_dtrace=1"),
    ],
)
def test_an_end_of_its_own_is_told_behind_what_was_read(
    dtkit: Dtkit, router: Path, said: str, advice: str
) -> None:
    before = put(router, f"cat > /dev/null\n{BEGUN}echo 'dtrace: {said}' >&2\nexit 1\n")
    try:
        result = dtkit("run", "--host", "router", "ip_input", "-t")
    finally:
        (router / "dtrace").write_text(before)
    assert (result.exit_code, result.stdout.count("2 bytes: 45 00")) == (1, 1)
    assert f"dtrace: {said}\n" in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith("dtkit run: dtrace(1) on router failed with 1: ")
    assert advice in last
