# SPDX-License-Identifier: BSD-2-Clause
"""A host called ``router``: a real sshd(8) on the loopback address."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SSHD = "/usr/sbin/sshd"


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@contextmanager
def loopback(folder: Path, there: Path, name: str = "router") -> Iterator[Path]:
    """
    The host while it is up.

    :param folder: for keys and configurations.
    :param there: comes first on that host's path.
    :param name: of the host.
    :return: the folder that has to come first on ours for ssh(1) to know the host.
    """
    if not Path(SSHD).exists() or shutil.which("ssh") is None:
        pytest.skip("no sshd(8) and ssh(1) on this machine")
    folder.chmod(0o700)
    for key in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True
        )
    port = free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\nPidFile none\n"
        f"SetEnv PATH={there}:/usr/bin:/bin PYTHONPATH={Path.cwd()}\n"
    )
    (folder / "ssh_config").write_text(
        f"Host {name}\nHostName 127.0.0.1\nPort {port}\nUser {getpass.getuser()}\n"
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nUserKnownHostsFile /dev/null\n"
        "StrictHostKeyChecking no\nLogLevel ERROR\n"
    )
    here = folder / "here"
    here.mkdir()
    client = here / "ssh"
    client.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
    client.chmod(0o755)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd(8) of root wants to be confined
    with subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.PIPE
    ) as server:
        try:
            for _ in range(100):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert server.poll() is None, server.stderr and server.stderr.read()
                    time.sleep(0.1)
            yield here
        finally:
            server.terminate()
