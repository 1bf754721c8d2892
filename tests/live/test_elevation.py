# SPDX-License-Identifier: BSD-2-Clause
"""
Becoming root, by the real sudo(8) and doas(1): a password at a terminal, none without one.

An ordinary user is made for it, in a mount namespace where ``/etc`` is a copy: nothing of this
stays behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.output.dtrace_text import dump
from tests.system.terminal import Terminal

USER, NUMBER, PASSWORD = "dtkituser", 54321, "correct horse"

#: A dtrace(1) with a packet, which goes on until it is told to end.
DTRACE = f"""#!/bin/sh
cd "$(dirname "$0")"
cat > script.d
id -un > user
trap 'rm pid; echo "@dtkit 1 end probe=fbt::f:entry fired=7 accepted=1"; exit 0' TERM
echo $$ > pid.new && mv pid.new pid
cat <<'END'
@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000
@dtkit 1 mbuf probe=fbt::f:entry id=1 cpu=0 t=5 m=0x10 len=2 off=0 dump=2
{dump(bytes([0x45, 0]))}
END
while :; do sleep 0.05; done
"""

#: What makes the user, and becomes it.
ENTER = """
set -e
mount --make-rprivate /
cp -a /etc "$1/etc"
cat >> "$1/etc/passwd" < "$1/passwd"
cat >> "$1/etc/shadow" < "$1/shadow"
mkdir -p "$1/etc/sudoers.d"
cp "$1/sudoers" "$1/etc/sudoers.d/dtkit"
cp "$1/doas.conf" "$1/etc/doas.conf"
chmod 0440 "$1/etc/sudoers.d/dtkit" "$1/etc/doas.conf"
mount --bind "$1/etc" /etc
case $2 in
/root/*) # where the user may not go, and this Python is
	mkdir "$1/python"
	mount --bind "$2" "$1/python"
	mount -t tmpfs -o mode=755 tmpfs /root
	mkdir -p "$2"
	mount --bind "$1/python" "$2"
	;;
esac
shift 2
exec setpriv --reuid=54321 --regid=65534 --clear-groups "$@"
"""


@pytest.fixture
def there() -> Iterator[Path]:
    """A folder that the user can enter, with that dtrace(1)."""
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("needs root, and a namespace of its own")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        put(folder, DTRACE)
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True
        ).stdout.strip()
        (folder / "passwd").write_text(f"{USER}:x:{NUMBER}:65534::/nonexistent:/bin/sh\n")
        (folder / "shadow").write_text(f"{USER}:{hashed}:19000:0:99999:7:::\n")
        path = f"{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        (folder / "sudoers").write_text(
            f'Defaults:{USER} secure_path="{path}", timestamp_timeout=0, passwd_tries=1\n'
            f"{USER} ALL=(ALL) ALL\n"
        )
        (folder / "doas.conf").write_text(f"permit setenv {{ PATH={path} }} {USER}\n")
        yield folder


def put(folder: Path, program: str) -> None:
    (folder / "bin/dtrace").write_text(program)
    (folder / "bin/dtrace").chmod(0o755)


def as_user(folder: Path, *words: str) -> list[str]:
    path = f"PATH={folder}/bin:/usr/bin:/bin"
    dtkit = ["env", path, f"PYTHONPATH={Path.cwd()}", sys.executable, "-m", "dtkit", *words]
    return ["unshare", "-m", "sh", "-c", ENTER, "sh", str(folder), sys.base_prefix, *dtkit]


def asked_for_a_password(folder: Path, program: str) -> Terminal:
    if shutil.which(program) is None:
        pytest.skip(f"no {program}: make system-packages")
    terminal = Terminal(as_user(folder, "run", "--as", program, "ip_input"))
    terminal.until(lambda sent: b"assword" in sent)
    assert not (folder / "bin/script.d").exists()
    time.sleep(0.5)  # it throws away what was typed before it asks
    return terminal


@pytest.mark.parametrize("program", ["sudo", "doas"])
def test_a_password_is_asked_for_and_ctrl_c_ends_all(there: Path, program: str) -> None:
    terminal = asked_for_a_password(there, program)
    terminal.type(PASSWORD.encode() + b"\n")
    terminal.until(lambda sent: b"2 bytes: 45 00" in sent)
    assert (there / "bin/user").read_text() == "root\n"
    assert "fbt::ip_input:entry" in (there / "bin/script.d").read_text()
    pid = int((there / "bin/pid").read_text())
    terminal.type(b"\x03")
    assert terminal.end() == 0, terminal.sent
    assert b"Traceback" not in terminal.sent
    assert b"1 packet" in terminal.sent
    assert not (there / "bin/pid").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("program", ["sudo", "doas"])
def test_a_wrong_password_is_a_line(there: Path, program: str) -> None:
    terminal = asked_for_a_password(there, program)
    terminal.type(b"wrong\n")
    assert terminal.end() == 1, terminal.sent
    last = terminal.sent.decode().splitlines()[-1]
    assert last.startswith(f"python -m dtkit run: {program} on this host failed: "), terminal.sent
    assert b"Traceback" not in terminal.sent
    assert not (there / "bin/script.d").exists()


@pytest.mark.parametrize("program", ["sudo", "doas"])
def test_without_a_terminal_nothing_is_asked(there: Path, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program}: make system-packages")
    done = subprocess.run(
        as_user(there, "run", "--as", program, "ip_input"),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "there is no terminal to ask on: permit it without a password" in done.stderr
    assert not (there / "bin/script.d").exists()


@pytest.mark.parametrize("program", ["sudo", "doas"])
@pytest.mark.parametrize("whom", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_no_dtrace_of_root_stays_behind(there: Path, program: str, whom: signal.Signals) -> None:
    """The user cannot signal it: the shell beside it, which is root's, does."""
    if shutil.which(program) is None:
        pytest.skip(f"no {program}: make system-packages")
    with (there / "sudoers").open("a") as sudoers:
        sudoers.write(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    conf = there / "doas.conf"
    conf.write_text(conf.read_text().replace("permit", "permit nopass"))
    with subprocess.Popen(
        as_user(there, "run", "--as", program, "ip_input"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        assert b"2 bytes: 45 00" in child.stdout.readline()
        pid = int((there / "bin/pid").read_text())
        assert (there / "bin/user").read_text() == "root\n"
        child.send_signal(whom)
        child.communicate(timeout=60)
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)
    raise AssertionError("it stayed")
