# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit oneliner``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

Dtkit = Callable[..., Result]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (
            "tcp_input --length 64 --copy copyoutmbuf",
            "dtrace -n 'fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64), 64); }'",
        ),
        (
            "tcp_input --length 64 --copy copyoutmbuf --offset 20",
            "dtrace -n 'fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64, 20), 64); }'",
        ),
        (
            "--copy copyoutmbuf --length 0 --max 100 fbt:kernel:ip_input:entry",
            "dtrace -n 'fbt::ip_input:entry /mbuflen(args[0]) > 0/ "
            "{ tracemem(copyoutmbuf(args[0], 0), 100, mbuflen(args[0])); }'",
        ),
        (
            "ip_input",
            "dtrace -n 'fbt::ip_input:entry /args[0]->m_len > 0/ "
            "{ tracemem(args[0]->m_data, 64, args[0]->m_len); }'",
        ),
    ],
)
def test_commands(dtkit: Dtkit, args: str, expected: str) -> None:
    result = dtkit("oneliner", *args.split())
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected + "\n", "")


def test_a_glob_gives_each_probe_once(dtkit: Dtkit) -> None:
    text = dtkit("oneliner", "tcp_input", "tcp*_input").stdout
    assert text.count("fbt::tcp_input:entry") == 1
    assert text.count("fbt::tcp6_input:entry") == 1


INJECTIONS = [
    "'; rm -rf /; '",
    'fbt::x:entry { system("id"); } fbt::y:entry',
    "tcp_input\n#pragma D option destructive",
    "*/ {exit(0);} /*",
    "$(id)",
    "`id`",
    "tcp_input'",
    "\u202etcp_input",
    "%n%n",
    "tcp_input:entry/1/",
]


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("option", [None, "--length", "--offset", "--max", "--copy"])
def test_what_is_not_known_is_refused(dtkit: Dtkit, text: str, option: str | None) -> None:
    args = [text] if option is None else ["tcp_input", option, text]
    result = dtkit("oneliner", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("dtkit oneliner: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("args", [[], ["nosuch"], ["tcp_input", "--length", "-1"]], ids=str)
def test_usage_errors(dtkit: Dtkit, args: list[str]) -> None:
    result = dtkit("oneliner", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("probe", "said"), [("tcp:::receive", True), ("tcp_input", False)])
def test_what_would_mislead_is_said(dtkit: Dtkit, probe: str, said: bool) -> None:
    result = dtkit("oneliner", probe)
    assert result.exit_code == 0
    assert ("host byte order" in result.stderr) == said
