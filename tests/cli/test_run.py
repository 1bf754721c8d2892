# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit run``: packets as they come, with the simulator in place of dtrace(1)."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dtkit.foreign import visible
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Journey
from tests.cli.listing import LISTING
from tests.packets import captures
from tests.system.terminal import on_a_terminal
from tests.trace.frames import ipv4, tcp, udp

Dtkit = Callable[..., Result]

PACKETS = [ipv4(tcp(b"x" * n)) for n in range(1, 4)] + [ipv4(udp(b"u"), protocol=17)]

#: A dtrace(1) that runs what it is given in the simulator, and notes down what that was.
DTRACE = f"""#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> arguments
cat > script.d
id -un > user
exec {sys.executable} -m dtkit simulate script.d --packets packets.pcap
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with that dtrace(1)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "packets.pcap").write_bytes(captures.pcap(PACKETS, linktype=101))
    put(folder, DTRACE)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    return folder


def put(folder: Path, program: str) -> None:
    (folder / "dtrace").write_text(program)
    (folder / "dtrace").chmod(0o755)


@pytest.mark.usefixtures("there")
def test_packets_at_a_probe(dtkit: Dtkit) -> None:
    result = dtkit("run", "ip_input", "--filter", "tcp")
    assert result.exit_code == 0, result.stderr
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["1", "2", "3"]
    assert all(" ip_input         In  10.0.0.1:1234 > " in x for x in result.stdout.splitlines())
    assert result.stderr.endswith("3 packets, 0 dropped, 0 faults, 0 unread lines\n")


def test_dtrace_is_given_the_script(dtkit: Dtkit, there: Path) -> None:
    dtkit("run", "ip_input")
    assert (there / "arguments").read_text() == "-s /dev/stdin\n"
    assert "fbt::ip_input:entry" in (there / "script.d").read_text()


def test_a_capture_says_whose_packets_it_has(dtkit: Dtkit, there: Path, tmp_path: Path) -> None:
    """The command, and what the host runs: of the section, and in JSON of each packet."""
    for name, said in (("uname", "FreeBSD"), ("sysctl", "1501000")):
        (there / name).write_text(f"#!/bin/sh\necho {said}\n")
        (there / name).chmod(0o755)
    path = tmp_path / "out.pcapng"
    assert dtkit("run", "ip_input", "-w", str(path)).exit_code == 0
    data = path.read_bytes()
    assert f"made by: dtkit run ip_input -w {path}\nof: FreeBSD 15".encode() in data
    node = platform.node()
    assert data.count(f'"host":"{node}","release":"FreeBSD 15'.encode()) == 4
    with path.open("rb") as stream:
        journeys = [one for one in read_any(stream) if isinstance(one, Journey)]
    assert {hop.host for journey in journeys for hop in journey.hops} == {node}
    (there / "uname").write_text("#!/bin/sh\necho Linux\n")
    assert dtkit("run", "ip_input", "-w", str(path)).exit_code == 0
    assert b"FreeBSD" not in path.read_bytes()


@pytest.mark.usefixtures("there")
def test_a_ready_made_script_and_a_file(dtkit: Dtkit, tmp_path: Path) -> None:
    result = dtkit("run", "packets-at-input")
    assert (result.exit_code, result.stdout.count("\n")) == (0, 4), result.stderr
    mine = tmp_path / "mine.d"
    mine.write_text("fbt::ip_input:entry { tracemem(args[0]->m_data, 40); }")
    result = dtkit("run", str(mine), "--to", "json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["captured"] for row in rows] == [40] * 4


@pytest.mark.parametrize("where", ["simulated", "run"])
def test_here_and_in_the_simulator_the_same_is_shown(dtkit: Dtkit, there: Path, where: str) -> None:
    words = ["--simulate", "--packets", str(there / "packets.pcap")] if where != "run" else []
    result = dtkit("run", "ip_input", "-t", *words)
    assert result.exit_code == 0
    assert result.stdout.count("10.0.0.1:") == 4


@pytest.mark.usefixtures("there")
def test_a_capture_is_written_as_packets_come(dtkit: Dtkit, tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    assert dtkit("run", "ip_input", "-w", str(path)).exit_code == 0
    shown = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.protocols"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(shown.stdout.splitlines()) == 4
    assert dtkit("run", "ip_input", "-w", "-").stdout_bytes[:4] == b"\x0a\x0d\x0d\x0a"


#: A dtrace(1) that goes on until it is told to end; what it says meanwhile and at its end.
ENDLESS = """#!/bin/sh
cd "$(dirname "$0")"
cat > /dev/null
echo "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000"
trap 'echo "@dtkit 1 end probe=fbt::f:entry fired=7 accepted=0"; rm pid; exit 0' TERM
echo $$ > pid.new && mv pid.new pid
while :; do sleep 0.05; done
"""

DTKIT = [sys.executable, "-m", "dtkit"]


def until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to that")


def test_a_command_is_run_while_packets_are_shown(there: Path, tmp_path: Path) -> None:
    put(there, ENDLESS)
    mark = tmp_path / "a file with 'quotes' and $blanks"
    done = subprocess.run(
        [*DTKIT, "run", "ip_input", "--", "sh", "-c", 'cat pid > "$1"; exit 3', "sh", str(mark)],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=there,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert mark.exists()
    assert not (there / "pid").exists()
    assert "fbt::f:entry fired, and none of the packets met the conditions\n" in done.stderr
    assert done.stderr.endswith("dtkit run: sh exit 3\n")


def test_a_command_that_is_not_there_ends_it(there: Path) -> None:
    put(there, ENDLESS)
    words = [*DTKIT, "run", "ip_input", "--", "no-such-command"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr == "python -m dtkit run: no-such-command: No such file or directory\n"
    until(lambda: not (there / "pid").exists())


def test_what_ignores_that_it_is_to_end_is_killed(there: Path) -> None:
    put(there, ENDLESS.replace("trap '", "trap '' TERM; : '"))
    with subprocess.Popen([*DTKIT, "run", "ip_input"], stderr=subprocess.PIPE, text=True) as child:
        until((there / "pid").exists)
        pid = int((there / "pid").read_text())
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    assert child.returncode == 0
    assert "dtrace(1) did not end when it was told to, and was killed\n" in errors
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("failed to initialize dtrace: DTrace requires additional privileges", "needs root"),
        ("failed to initialize dtrace: DTrace device not available on system", "kldload dtraceall"),
        ("could not enable tracing: DIF program content is invalid", "kern.dtrace.dof_maxsize"),
        (
            "failed to compile script /dev/stdin: line 40: probe description fbt::f:entry does not "
            "match any probes",
            "`dtrace -l` lists",
        ),
        ("processing aborted: Abort due to systemic unresponsiveness", "fewer probes"),
        # As FreeBSD 15.1 says it of a program that does not ask, and of a kernel that forbids.
        ("could not enable tracing: Destructive actions not allowed", "#pragma D option"),
        ("could not enable tracing: Permission denied", "allow_destructive_dtrace=1` in /boot"),
    ],
)
def test_a_dtrace_that_refuses_is_quoted_with_what_mends_it(
    dtkit: Dtkit, there: Path, said: str, what: str
) -> None:
    put(there, f"#!/bin/sh\ncat > /dev/null\necho 'dtrace: {said}' >&2\nexit 1\n")
    for command in ("run ip_input", "path run icmp --listing -"):
        name = " ".join(command.split()[: 2 if "path" in command else 1])
        result = dtkit(*command.split(), input=LISTING if "path" in command else None)
        assert result.exit_code == 1
        assert f"dtrace: {said}\n" in result.stderr
        last = result.stderr.splitlines()[-1]
        assert last.startswith(f"dtkit {name}: dtrace(1) on this host failed with 1: ")
        assert what in last
        assert "`dtkit doctor`" in last


def test_path_run_knows_sockets_that_are_open_already(dtkit: Dtkit, there: Path) -> None:
    table = struct.pack("<Qi20xh22xQ64x", 128, 4321, 2, 0xFFFFF80001234567)
    (there / "table").write_bytes(table)
    for name, does in (("sysctl", f"cat {there}/table"), ("ps", "echo ' 4321 httpd'")):
        (there / name).write_text(f"#!/bin/sh\n{does}\n")
        (there / name).chmod(0o755)
    dtkit("path", "run", "--listing", "-", "--sockets", "icmp", input=LISTING)
    known = 'owner[0xfffff80001234567] = 4321; owner_name[0xfffff80001234567] = "httpd";'
    assert known in (there / "script.d").read_text()
    (there / "sysctl").write_text("#!/bin/sh\necho 'sysctl: no' >&2\nexit 1\n")
    (there / "ps").write_text("#!/bin/sh\nexit 1\n")
    result = dtkit("path", "run", "--listing", "-", "--sockets", "icmp", input=LISTING)
    assert "processes of sockets that are open already are not known" in result.stderr
    assert "owner[(uint64_t)this->so] = pid" in (there / "script.d").read_text()


def test_path_run_ends_with_what_became_of_all(dtkit: Dtkit, there: Path) -> None:
    seen = Path(__file__).parents[1] / "data" / "path-epair-pf.txt"
    put(there, f"#!/bin/sh\ncat > /dev/null\nexec cat {seen}\n")
    result = dtkit("path", "run", "--listing", "-", "icmp", input=LISTING)
    assert result.exit_code == 0, result.stderr
    overview, *ends = result.stdout[result.stdout.rindex("\n4 packets; ") :].split("\n\n")
    assert overview.splitlines()[2] == "4 packets"
    assert [end.splitlines()[0] for end in ends] == [
        "Dropped by", "By interface", "By vnet", "By process"
    ]  # fmt: skip
    result = dtkit("path", "run", "--listing", "-", "--to", "json", "icmp", input=LISTING)
    assert {json.loads(line)["type"] for line in result.stdout.splitlines()} == {"journey"}


@pytest.mark.skipif(shutil.which("sudo") is None, reason="no sudo")
def test_as_root(dtkit: Dtkit, there: Path) -> None:
    sudo = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    # sudo has a path of its own: the stand-in has to be named.
    (there / "sh").write_text(f'#!/bin/sh\nPATH={there}:$PATH exec /bin/sh "$@"\n')
    (there / "sh").chmod(0o755)
    (there / "sudo").write_text(
        f'#!/bin/sh\ntest "$1" = -n || exit 9\nshift\nexec {shutil.which("sudo", path="/usr/bin")} '
        f'-n {there}/"$@"\n'
    )
    (there / "sudo").chmod(0o755)
    result = dtkit("run", "--as", "sudo", "ip_input")
    if sudo.returncode:
        assert result.exit_code == 1
        assert "there is no terminal to ask on" in result.stderr
    else:
        assert result.exit_code == 0, result.stderr
        assert (there / "user").read_text() == "root\n"
        assert result.stdout.count("\n") == 4


def test_sudo_that_wants_a_password_without_a_terminal_is_one_line(
    there: Path,
) -> None:
    (there / "sudo").write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    (there / "sudo").chmod(0o755)
    done = subprocess.run(
        [*DTKIT, "run", "--as", "sudo", "ip_input"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "python -m dtkit run: sudo on this host failed: sudo: a password is required; there is no "
        "terminal to ask on: permit it without a password (NOPASSWD, nopass)\n"
    )
    assert not (there / "arguments").exists()


def test_a_status_line_is_on_a_terminal_only(there: Path) -> None:
    put(there, ENDLESS)
    command = f"{shlex.join([*DTKIT, 'run', 'ip_input'])} -- sleep 2.5"
    sent = on_a_terminal(f"{command}; echo status $?")
    assert b"\r\x1b[K1 s, 0 fired, 0 shown" in sent
    said = b"0 firings, 0 packets, 0 dropped, 0 faults, 0 unread lines\r\n"
    assert sent.endswith(said + b"status 0\r\n")
    done = subprocess.run(
        [*DTKIT, "run", "ip_input", "--", "sleep", "1.5"], capture_output=True, check=True
    )
    assert b"\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Missing argument"),
        ("nosuchprobe", "nosuchprobe"),
        ("--simulate ip_input", "--simulate needs --packets FILE"),
        ("--packets {pcap} ip_input", "--packets: is for --simulate"),
        ("--simulate --packets {pcap} --host h ip_input", "--host: --simulate runs here"),
        ("--simulate --packets {pcap} ip_input -- true", "no COMMAND"),
        ("--simulate --packets {pcap} ip_input --path x", "--path x: the paths are input"),
        ("ip_input --", "name a command after --"),
        ("--host=-oProxyCommand=id ip_input", "is no name of a host"),
        ("latency --length 5", "--length: latency is ready-made"),
        ("x.d --length 5", "--length: a FILE.d is run as it is"),
        ("ip_input -C 5", "-C: is for -w FILE"),
        ("ip_input -w x -W 5", "-W: says how many files"),
        ("ip_input --iface toolonganame0123", "--iface 'toolonganame0123': names of interfaces"),
    ],
)
def test_usage(dtkit: Dtkit, there: Path, words: str, said: str) -> None:
    pcap = there / "packets.pcap"
    result = dtkit("run", *shlex.split(words.replace("{pcap}", str(pcap))))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--follow --to json", "--follow prints lines"),
        ("--follow --last 5", "not with --last"),
        ("--follow --before-drop 1m", "--before-drop"),
        ("--follow --no-payload", "shows what comes as it is"),
        ("--host nowhere.invalid --serve", "several --host go without --follow, --serve"),
        ("--host nowhere.invalid --last 5", "several --host go without --no-payload"),
        ("--packets {pcap}", "--packets: is for --simulate"),
        ("--port 8080", "--port: is for --serve"),
        ("--last nan", "'nan' is no number"),
    ],
)
def test_options_of_path_run_are_looked_at_before_a_host_is_asked(
    dtkit: Dtkit, there: Path, words: str, said: str
) -> None:
    given = shlex.split(words.replace("{pcap}", str(there / "packets.pcap")))
    result = dtkit("path", "run", "--host", "nowhere.invalid", *given, "icmp")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["run", "ip_input"], ["path", "run", "icmp"]])
@pytest.mark.parametrize("content", [b"", b"root:x:0:0\n"], ids=["empty", "text"])
def test_what_is_no_capture_cannot_be_simulated(
    dtkit: Dtkit, tmp_path: Path, command: list[str], content: bytes
) -> None:
    (tmp_path / "in").write_bytes(content)
    result = dtkit(*command, "--simulate", "--packets", str(tmp_path / "in"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].endswith(f"no packet of {tmp_path}/in can be simulated")


def test_a_full_disk_is_one_line(there: Path) -> None:
    done = subprocess.run(
        [*DTKIT, "run", "ip_input", "-w", "/dev/full"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "dtkit: No space left on device"
    assert "Traceback" not in done.stderr
    assert visible(done.stderr.replace("\n", "")) == done.stderr.replace("\n", "")
