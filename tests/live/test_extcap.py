# SPDX-License-Identifier: BSD-2-Clause
"""As interfaces of a real tshark(1) and dumpcap(1), with the simulator in place of dtrace(1)."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.packets import captures
from tests.trace.frames import ipv4, tcp, udp

Dtkit = Callable[..., Result]

PACKETS = [ipv4(tcp(b"x" * n)) for n in range(1, 4)] + [ipv4(udp(b"u"), protocol=17)]

DTRACE = f"""#!/bin/sh
cd "$(dirname "$0")"
cat > script.d
{sys.executable} -m dtkit simulate script.d --packets packets.pcap
"""


def looked_in() -> str:
    """Where Wireshark looks, as it says itself."""
    said = subprocess.run(
        ["tshark", "-G", "folders"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"^(?:Personal )?Extcap path:\s*(.*)$", said, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dtrace(1), and an extcap folder in which we are installed."""
    for program in ("tshark", "dumpcap"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: make system-packages")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "packets.pcap").write_bytes(captures.pcap(PACKETS, linktype=101))
    (folder / "dtrace").write_text(DTRACE)
    (folder / "dtrace").chmod(0o755)
    (tmp_path / "extcap").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))  # where the dissector goes
    monkeypatch.setenv("WIRESHARK_EXTCAP_DIR", str(tmp_path / "extcap"))
    monkeypatch.setenv("EXTCAP", str(tmp_path / "extcap"))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin:/usr/sbin")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    if os.geteuid() == 0:
        # Wireshark takes no folder from root's environment: for it, ours is in the place of its
        # own, and only there.
        monkeypatch.setenv("LOOKED_IN", looked_in())
        if subprocess.run([*AS_SEEN, "true"], capture_output=True, check=False).returncode:
            pytest.skip("no folder can be mounted here")
    done = subprocess.run(
        [*AS_SEEN, sys.executable, "-m", "dtkit", "extcap", "--install"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "extcap/dtkit-extcap").exists()
    assert (tmp_path / ".local/lib/wireshark/plugins/dtkit.lua").exists()
    return folder


AS_SEEN = (
    ["unshare", "-m", "sh", "-c", 'mount --bind "$EXTCAP" "$LOOKED_IN" && exec "$@"', "sh"]
    if os.geteuid() == 0
    else []
)


def tshark(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AS_SEEN, "tshark", "-n", *words], capture_output=True, text=True, check=False, timeout=110
    )


@pytest.mark.usefixtures("there")
def test_its_interfaces_are_listed() -> None:
    listed = tshark("-D").stdout
    for name in ("dtkit-ip-input", "dtkit-probe", "dtkit-path", "dtkit-mbuf-trace"):
        assert name in listed
    links = tshark("-L", "-i", "dtkit-ether-input")
    assert "EN10MB" in links.stdout + links.stderr


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["-i", "dtkit-ip-input"], 4),
        (["-i", "dtkit-ip-input", "-f", "udp"], 1),
        (["-i", "dtkit-probe", "-o", "extcap.dtkit_probe.point:tcp_input"], 3),
    ],
    ids=["all", "filter", "probe"],
)
def test_packets_are_captured_as_they_come(words: list[str], count: int) -> None:
    done = tshark(*words, "-a", "duration:20", "-T", "fields", "-e", "ip.src", "-e", "ip.proto")
    lines = done.stdout.splitlines()
    assert len(lines) == count, done.stderr
    assert all(line.startswith("10.0.0.1\t") for line in lines)


@pytest.mark.usefixtures("there")
def test_the_ways_of_packets_are_captured() -> None:
    done = tshark(
        *("-i", "dtkit-path", "-f", "tcp", "-a", "duration:20"),
        *("-T", "fields", "-e", "frame.interface_name", "-e", "frame.comment"),
    )
    assert "journey 1, packet 1 of" in done.stdout, done.stderr
    assert "ip_input" in done.stdout


@pytest.mark.usefixtures("there")
def test_mbuf_trace_is_captured_by_tcpdump_there(there: Path) -> None:
    capture = Path(__file__).parent.parent / "data/mbuf_trace-freebsd-12.1-epair.pcap"
    (there / "tcpdump").write_text(f'#!/bin/sh\necho "$*" > {there}/words\ncat {capture}\n')
    (there / "tcpdump").chmod(0o755)
    done = tshark("-i", "dtkit-mbuf-trace", "-a", "duration:20", "-T", "fields", "-e", "frame.len")
    assert len(done.stdout.splitlines()) > 3, done.stderr
    assert (there / "words").read_text() == "-i mbuf_trace -U -w -\n"


ENDLESS = """#!/bin/sh
cd "$(dirname "$0")"
cat > /dev/null
echo "@dtkit 1 start dtkit=0.1.0 timestamp=1 walltimestamp=1600000000000000000"
trap 'rm pid; exit 0' TERM
echo $$ > pid.new && mv pid.new pid
while :; do sleep 0.05; done
"""


def until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to that")


@pytest.mark.parametrize("how", ["SIGTERM", "the fifo is closed", "it is closed in silence"])
def test_it_stops(there: Path, tmp_path: Path, how: str) -> None:
    endless = ENDLESS
    if how == "the fifo is closed":  # while packets keep coming
        line = "@dtkit 1 mbuf probe=fbt::f:entry id=1 cpu=0 t=5 m=0x10 len=0 off=0 dump=0"
        endless = endless.replace("do sleep 0.05", f"do echo '{line}'; cat packet; sleep 0.05")
        rows = "\n             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n"
        (there / "packet").write_text(f"{rows}         0: 45 00 {' ' * 42} E.\n\n")
        endless = endless.replace("len=0 off=0 dump=0", "len=2 off=0 dump=2")
    (there / "dtrace").write_text(endless)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    words = ["--capture", "--extcap-interface", "dtkit-ip-input", "--fifo", str(fifo)]
    with subprocess.Popen(
        [sys.executable, "-m", "dtkit", "extcap", *words], stderr=subprocess.PIPE, text=True
    ) as child:
        with fifo.open("rb") as reader:
            assert reader.read(4) == b"\x0a\x0d\x0d\x0a"
            until((there / "pid").exists)
            if how == "SIGTERM":
                child.send_signal(signal.SIGTERM)
                reader.read()
        _, errors = child.communicate(timeout=30)
    assert "Traceback" not in errors
    assert child.returncode == (0 if how == "SIGTERM" else 1), errors
    until(lambda: not (there / "pid").exists())


def test_a_wrong_filter_is_said_in_the_dialog(dtkit: Dtkit) -> None:
    words = ["extcap", "--extcap-interface", "dtkit-ip-input", "--extcap-capture-filter"]
    assert dtkit(*words, "tcp port 22").stdout == ""
    assert "tcp prot" in dtkit(*words, "tcp prot 22").stdout


def test_sentences_are_of_the_protocol(dtkit: Dtkit) -> None:
    sentence = re.compile(r"(extcap|interface|dlt|arg|value) (\{[a-z]+=[^{}]*\})+")
    text = dtkit("extcap", "--extcap-interfaces", "--extcap-version=4.0").stdout
    for name in re.findall(r"\{value=([^}]*)\}", text):
        for what in ("--extcap-dlts", "--extcap-config"):
            more = dtkit("extcap", "--extcap-interface", name, what)
            assert more.exit_code == 0
            text += more.stdout
    assert all(sentence.fullmatch(line) for line in text.splitlines())


def test_what_fails_is_a_line(dtkit: Dtkit, there: Path, tmp_path: Path) -> None:
    (there / "dtrace").write_text(
        "#!/bin/sh\ncat > /dev/null\n"
        "echo 'dtrace: DTrace requires additional privileges' >&2\nexit 1\n"
    )
    result = dtkit(
        *("extcap", "--capture", "--extcap-interface", "dtkit-ip-input"),
        *("--fifo", str(tmp_path / "out")),
    )
    assert result.exit_code == 1
    assert "dtrace(1) needs root" in result.stderr.splitlines()[-1]
