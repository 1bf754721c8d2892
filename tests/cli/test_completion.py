# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit completion``: in the shells themselves, at their Tab."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.shell_completion import CompletionItem
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from dtkit.cli import COMMANDS
from dtkit.cli.completion import SHELLS
from dtkit.cli.completion.commands import kept_commands
from dtkit.cli.completion.kinds import COMPLETE
from dtkit.cli.completion.shells import LineComplete
from dtkit.cli.completion.sshhosts import ssh_hosts

Dtkit = Callable[..., Result]

TOP = Path(__file__).parent.parent.parent

CONFIG = """
[profile.lab]
length = 128
[profile."$(touch caught)"]
[host.border]
ssh = "root@192.0.2.1"
"""
SSH = "Host router fw-* !fw-9\n  HostName 192.0.2.2\nInclude more\n# Host none\n"
KNOWN = """\
walls,192.0.2.3 ssh-ed25519 AAAA
[gate.example.net]:2222 ssh-ed25519 AAAA
|1|abc=|def= ssh-ed25519 AAAA
@revoked gone ssh-ed25519 AAAA
$(touch${IFS}caught) ssh-ed25519 AAAA
;touch,`touch` ssh-ed25519 AAAA

"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with hosts, profiles and files, and a ``dtkit`` to call."""
    home = tmp_path_factory.mktemp("home")
    for name, text in (
        (".config/dtkit/config.toml", CONFIG),
        (".ssh/config", SSH),
        (".ssh/more", "host = included\nInclude config\n"),
        (".ssh/known_hosts", KNOWN),
        ("mine.d", ""),
        ("captures/one.pcap", ""),
        ("bin/dtkit", f'#!/bin/sh\nexec {sys.executable} -m dtkit "$@"\n'),
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (home / "bin/dtkit").chmod(0o755)
    return home


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": f"{home}/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(TOP),
        "TERM": "xterm",
        "COLUMNS": "300",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home),
        "LC_ALL": "C",
    }


class Terminal:
    """A shell at a terminal, at which somebody types."""

    def __init__(self, words: list[str], home: Path, first: str) -> None:
        child, self._screen = pty.fork()
        if child == 0:
            os.chdir(home)
            os.execvpe(words[0], words, environment(home))
        self._child = child
        self._until_quiet()
        self.type(first + "; PS1='> '; set prompt='> '\r")
        self.type("stty cols 300\r")

    def type(self, text: str, quiet: float = 0.3) -> str:
        """Type it: what the terminal shows then, until it is quiet for so many seconds."""
        os.write(self._screen, text.encode())
        return self._until_quiet(quiet)

    def line_after_tab(self, line: str) -> str:
        """What the command line is when it was typed so far, and completed."""
        self.type(line, 0.1)
        self.type("\t")
        os.write(self._screen, b"\x01echo IS '\x05'=\r")
        shown = ""
        while piece := self._read(20):
            shown += piece
            plain = re.sub("\x1b\\[[^a-zA-Z]*[a-zA-Z]", "", shown)
            if found := re.search(r"[\r\n]IS (.*)=[\r\n]", plain):
                while self._read(0.1):
                    pass
                return found[1]
        return shown

    def close(self) -> None:
        os.close(self._screen)
        os.waitpid(self._child, 0)

    def _until_quiet(self, quiet: float = 0.3) -> str:
        """What it prints, from the first byte on until it has nothing more to say."""
        shown = self._read(20)
        while piece := self._read(quiet):
            shown += piece
        return shown

    def _read(self, seconds: float) -> str:
        """What it prints at once, if anything in so many seconds."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return ""
        return os.read(self._screen, 65536).decode(errors="replace")


START = {
    "bash": (["bash", "--norc", "--noprofile"], 'eval "$(dtkit completion bash)"'),
    "zsh": (["zsh", "-f"], "autoload -U compinit; compinit -u -D; source <(dtkit completion zsh)"),
    "tcsh": (["tcsh", "-f"], "dtkit completion tcsh > ~/.dtkit.tcsh; source ~/.dtkit.tcsh"),
}

CASES = {
    "a command": ("dtkit pro", "dtkit probes "),
    "a command of a group": ("dtkit trace sho", "dtkit trace show "),
    "an option": ("dtkit parse --str", "dtkit parse --strict "),
    "an option of the usual command": ("dtkit path --pres", "dtkit path --preset "),
    "a choice": ("dtkit parse --to summ", "dtkit parse --to summary "),
    "a preset": ("dtkit path --preset inp", "dtkit path --preset input "),
    "behind an equal sign": ("dtkit path --preset=inp", "dtkit path --preset=input "),
    "a probe": ("dtkit run icmp_in", "dtkit run icmp_input "),
    "a probe with colons": (
        "dtkit oneliner fbt::udp_in",
        "dtkit oneliner fbt::udp_input:entry ",
    ),
    "a script": ("dtkit script pf-", "dtkit script pf-verdicts "),
    "a release": ("dtkit check --release 1", "dtkit check --release 1"),
    "a profile": ("dtkit --profile l", "dtkit --profile lab "),
    "a host of ours": ("dtkit run --host bor", "dtkit run --host border "),
    "a host of ssh": ("dtkit path run --host rou", "dtkit path run --host router "),
    "a host of ssh as a user": ("dtkit doctor --host root@wal", "dtkit doctor --host root@walls "),
    "an option of dtrace": ("dtkit check --set bufs", "dtkit check --set bufsize "),
    "a file": ("dtkit check min", "dtkit check mine.d "),
    "a file among probes": ("dtkit run min", "dtkit run mine.d "),
    "a file of an option": (
        "dtkit run ip_input --packets captures/o",
        "dtkit run ip_input --packets captures/one.pcap ",
    ),
    "a file behind an equal sign": (
        "dtkit simulate --packets=captures/o",
        "dtkit simulate --packets=captures/one.pcap ",
    ),
    "behind another command": ("true; dtkit pro", "true; dtkit probes "),
}


@pytest.fixture(scope="module", params=START)
def shell(request: pytest.FixtureRequest, home: Path) -> Iterator[Terminal]:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param}: make system-packages")
    words, first = START[request.param]
    terminal = Terminal(words, home, first)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("case", CASES)
def test_a_line_completed_at_a_terminal(shell: Terminal, case: str) -> None:
    line, completed = CASES[case]
    # zsh takes back the blank behind a word, unless another one follows.
    assert shell.line_after_tab(line).rstrip() == completed.rstrip()


def test_what_there_is_to_choose_from_is_listed(shell: Terminal) -> None:
    shell.type("dtkit path --re")
    shown = shell.type("\t") + shell.type("\t") + shell.type("\x04")
    shell.type("\x15")
    assert "--refresh" in shown
    assert "--returns" in shown


@pytest.mark.parametrize("case", CASES)
def test_a_line_completed_by_fish(home: Path, case: str) -> None:
    if shutil.which("fish") is None:
        pytest.skip("no fish: make system-packages")
    line, completed = CASES[case]
    script = f"dtkit completion fish | source; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    found = [row.split("\t")[0] for row in done.stdout.splitlines()]
    if completed == line:
        assert found == ["12", "14", "15"]
    else:
        assert found == [completed.split()[-1]]


@pytest.fixture
def ask(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """The words that a line may go on with, as no shell in particular is told."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))

    def words(line: str) -> list[str]:
        monkeypatch.setenv("COMP_LINE", line)
        asked = LineComplete(kept_commands(), {}, "dtkit", COMPLETE)
        found = asked.get_completions(*asked.get_completion_args())
        return [one.value if one.type == "plain" else one.type for one in found]

    return words


Ask = Callable[[str], list[str]]


def test_all_commands_are_offered(ask: Ask) -> None:
    assert ask("dtkit ") == list(COMMANDS)
    assert ask("dtkit") == list(COMMANDS)
    assert ask("") == list(COMMANDS)


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("dtkit path ", ["script", "run", "estimate"]),
        ("dtkit path -", ["--preset", "--func", "--host", "-i", "--help"]),
        ("dtkit path 'tcp port 22' --preset ", ["default", "all"]),
        ("dtkit path 'tcp port 22' ", []),
        ("dtkit path --func ip_fo", ["ip_forward"]),
        ("dtkit path --only ", ["dropped", "slower:", "reason:"]),
        ("dtkit run ", ["tcp_input", "drops", "file"]),
        ("dtkit run tcp_input -- ", ["file"]),
        ("dtkit run -w ", ["file"]),
        ("dtkit run --count ", []),
        ("dtkit run --count 3 tcp_inp", ["tcp_input", "file"]),
        ("dtkit simulate --break hole-", ["hole-data", "hole-next"]),
        ("dtkit simulate a.d --path forw", ["forward"]),
        ("dtkit simulate --cost ", ["file"]),
        ("dtkit --profile ", ["lab"]),
        ("dtkit --profile lab par", ["parse"]),
        ("dtkit query 'SELECT 1' ", ["dir"]),
        ("dtkit parse --no-such-option --to ", ["summary", "json"]),
        ("dtkit completion ", ["bash", "fish", "tcsh", "zsh"]),
    ],
)
def test_what_a_line_may_go_on_with(ask: Ask, line: str, some: list[str]) -> None:
    assert set(some) <= set(ask(line))
    assert some or not ask(line)


def test_hosts_are_those_of_ours_and_of_ssh_and_no_words_that_a_shell_would_obey(ask: Ask) -> None:
    every = ["border", "router", "included", "walls", "192.0.2.3", "gate.example.net"]
    assert ask("dtkit run --host ") == every
    assert ask("dtkit run --host root@") == [f"root@{name}" for name in every[1:]]
    assert ask("dtkit run --host=root@w") == ["--host=root@walls"]
    assert ask("dtkit --profile ") == ["lab"]


def test_where_a_host_is_known_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    found = dict(ssh_hosts())
    assert found["router"] == found["included"] == "of ~/.ssh/config"
    assert found["walls"] == "of ~/.ssh/known_hosts"
    assert not {"fw-*", "!fw-9", "none", "gone"} & found.keys()


def test_a_config_file_that_is_wrong_names_nothing(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "dtkit").mkdir()
    for content in (b"\xff", b"profile = 3", b"x"):
        (tmp_path / "dtkit/config.toml").write_bytes(content)
        assert ask("dtkit --profile ") == ask("dtkit run --host x") == []


@given(line=st.text())
def test_no_line_is_too_odd(line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMP_LINE", re.sub("[\0\ud800-\udfff]", "?", line))
        for begins in ("dtkit ", "dtkit run ", "dtkit path --preset ", ""):
            patch.setenv("COMP_LINE", begins + os.environ["COMP_LINE"])
            asked = LineComplete(kept_commands(), {}, "dtkit", COMPLETE)
            assert all("\n" not in asked.format_completion(one) for one in _found(asked))


def _found(asked: LineComplete) -> list[CompletionItem]:
    return asked.get_completions(*asked.get_completion_args())


QUICK = """
import os, sys
os.environ |= {"_DTKIT_COMPLETE": "zsh_complete", "COMP_LINE": "dtkit run --host "}
from dtkit.cli import main
try:
    main()
finally:
    print(*(one for one in sys.modules if one.startswith(("dtkit.", "rich", "lark", "jinja2"))))
"""


def test_completing_imports_no_command_and_no_room() -> None:
    done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True, check=True)
    modules = set(done.stdout.splitlines()[-1].split())
    assert "dtkit.cli.completion.shells" in modules
    beside = {one for one in modules if not one.startswith("dtkit.cli.completion")}
    ground = {"dtkit.cli", "dtkit.cli.config", "dtkit.cli.help", "dtkit.cli.terminal"}
    assert beside <= ground | {"dtkit.door", "dtkit.foreign", "dtkit.version"}


def test_sh_has_no_completion_but_its_own(dtkit: Dtkit) -> None:
    result = dtkit("completion", "sh")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "give bash, fish, tcsh or zsh" in result.stderr
    for name in SHELLS:
        assert dtkit("completion", name).exit_code == 0
