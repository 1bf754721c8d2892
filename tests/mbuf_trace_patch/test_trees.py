# SPDX-License-Identifier: BSD-2-Clause
"""The hook patches: they only add, only what they should, and apply without fuzz."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.mbuf_trace_patch.harness import PATCH

TREES = sorted((PATCH / "trees").glob("*.patch"))
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")

#: What a hook may consist of, beside its macro line.
AROUND = {
    "",
    "#include <sys/mbuf_trace.h>",
    "#ifdef MBUF_TRACE",
    "#else",
    "#endif",
    "case SO_MTRACE:",
    "/* FALLTHROUGH */",
    "continue;",
    "goto bad;",
    "if ((error = mtrace_sockopt(sopt)) != 0)",
    "if (inp != NULL)",
    "if (m != NULL)",
    "if (t == NULL)",
    "if (t == NULL && mtrace_uncopied(p))",
    'action == PF_PASS ? "pass" : "drop");',
    'action == PF_PASS || action == PF_AFRT ? "pass" : "drop");',
    "rule->rulenum, retval);",
    '"ipfw_chk(rule %u, action %d)", rule->rulenum, retval);',
    "so->so_options |= head->so_options & SO_MTRACE;",
    "u_int16_t tag;",
    "tag = tagname2tag(&V_pf_tags, tagname);",
    "tag = tagname2tag(&V_pf_tags, tagname, true);",
    "return (tag);",
}
HOOK = re.compile(
    r"mtrace_?\w*\(|\"\w+: drop, [\w ]+\"\);"
    r"|.*\b((V_)?pf_mtrace_tag|MTRACE_PF_TAG|kern_mbuf_trace\.c|MBUF_TRACE)\b"
)


def hunks(patch: Path) -> dict[str, list[tuple[int, list[str]]]]:
    """By file: where each hunk starts in the original, and its lines."""
    found: dict[str, list[tuple[int, list[str]]]] = {}
    for line in patch.read_text().splitlines():
        if line.startswith("--- a/"):
            file = line[6:]
        elif start := HUNK.match(line):
            found.setdefault(file, []).append((int(start[1]), []))
        elif line[:1] in (" ", "+", "-") and not line.startswith("+++ "):
            found[file][-1][1].append(line)
    return found


def tree_for(patch: Path, into: Path, version: str) -> None:
    """A source tree that has just the lines that the patch wants to see, where it does."""
    for file, parts in hunks(patch).items():
        lines: list[str] = []
        for start, body in parts:
            lines += [f"/* {number} */" for number in range(len(lines) + 1, start)]
            lines += [line[1:] for line in body if line[:1] != "+"]
        path = into / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    param = into / "sys/sys/param.h"
    param.parent.mkdir(parents=True, exist_ok=True)
    param.write_text(f"#undef __FreeBSD_version\n#define __FreeBSD_version {version}\t/* x */\n")


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_a_hook_is_a_macro_line_and_takes_nothing_away(patch: Path) -> None:
    for file, parts in hunks(patch).items():
        for _, body in parts:
            assert not [line for line in body if line.startswith("-")], file
            for line in body:
                text = line[1:].strip()
                if line.startswith("+") and text not in AROUND:
                    assert HOOK.match(text), (file, line)


def points(patch: Path) -> dict[str, set[str]]:
    """By file: the macros that its hooks call, and what those that say something say."""
    found: dict[str, set[str]] = {}
    for file, parts in hunks(patch).items():
        added = "\n".join(line[1:] for _, body in parts for line in body if line[:1] == "+")
        found[file] = set(re.findall(r"\bmtrace_?\w*(?=\()", added))
        found[file] |= {said for said in re.findall(r'"(\w[^"]*)"', added) if " " in said}
    return found


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_every_tree_is_hooked_at_the_same_points(patch: Path) -> None:
    expected = points(PATCH / "trees/freebsd-12.1.patch")
    assert len(expected) == 35
    if patch.stem == "freebsd-main":  # pf_test() took pf_test6() in
        expected["sys/netpfil/pf/pf.c"].remove("pf_test6(rule %d, %s)")
    if patch.stem in ("freebsd-14", "freebsd-main"):
        # One queue for what waits for an address, and epair(4) has one of its own.
        del expected["sys/netinet/if_ether.c"], expected["sys/netinet6/nd6.c"]
        expected["sys/net/if_llatbl.c"].add("lltable_append_entry_queue: drop, queue full")
        expected["sys/net/if_epair.c"] |= {"mtrace", "epair_menq: drop, queue full"}
    assert points(patch) == expected


#: What a packet's journey ends with, by the reason.
DROPS = {
    "TTL": {"ip_tryforward", "ip_forward"},
    "hop limit": {"ip6_tryforward", "ip6_forward"},
    "no route": {"ip_findroute", "ip6_findroute", "ip6_forward"},
    "blackhole route": {"ip_findroute", "ip6_findroute"},
    "reject route": {"ip_findroute", "ip6_findroute"},
    "not ours": {"ip_input", "ip6_input"},
    "not to be forwarded": {"ip_forward"},
    "no listener": {"tcp_input", "udp_input", "udp6_input"},
    "no socket": {"tcp_input"},
    "bad checksum": {"ip_input", "tcp_input", "udp_input", "udp6_input"},
    "socket buffer full": {"udp_append", "udp6_append", "rip_append", "rip6_input"},
    "address not resolved": {"lltable_drop_entry_queue"},
    "error %d": {"ip_output", "ip6_output"},
}


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_a_drop_says_why(patch: Path) -> None:
    found: dict[str, set[str]] = {}
    for said in set().union(*points(patch).values()):
        function, drop, why = said.partition(": drop, ")
        if drop:
            found.setdefault(why, set()).add(function)
    queues = found.pop("queue full")
    assert found == DROPS
    assert queues >= {"netisr_queue_workstream", "if_handoff"}
    assert len(queues) == 4


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_no_hook_is_taken_for_the_branch_of_a_condition(patch: Path) -> None:
    # Without braces around it, a macro line would push what it stands before out of the branch.
    for file, parts in hunks(patch).items():
        for _, body in parts:
            for before, line in itertools.pairwise(body):
                if line.startswith("+\t") and HOOK.match(line[1:].strip()):
                    open_end = before[0] == " " and re.search(r"(\)|\belse|\bdo)$", before)
                    assert not open_end, (file, before, line)


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_the_verdict_of_ipfw_goes_to_the_packet_that_is_left(patch: Path) -> None:
    # Translation and external actions free the mbuf that ipfw_chk() began with, and
    # since 14 the packet may be plain memory, which shares its place with the mbuf.
    (hook,) = (
        "".join(line[1:] for line in body if line[:1] == "+")
        for _, body in hunks(patch)["sys/netpfil/ipfw/ip_fw2.c"]
        if any("ipfw_chk" in line for line in body)
    )
    packet = "mem ? NULL : args->m" if patch.stem in ("freebsd-14", "freebsd-main") else "args->m"
    assert hook.strip().startswith(f"mtrace_printf({packet},")


@pytest.mark.parametrize("tree", ["freebsd-14", "freebsd-main"])
def test_what_a_process_sends_and_accepts_is_hooked(tree: str) -> None:
    # Since 14 sosend() is for the kernel; send(2) and write(2) come by sousrsend(), which
    # hands no mbufs over, and an accepted socket inherits only the options in a list.
    bodies = [
        [line.strip() for line in body]
        for _, body in hunks(PATCH / f"trees/{tree}.patch")["sys/kern/uipc_socket.c"]
    ]
    senders = [body for body in bodies if any("pr_sosend" in line for line in body)]
    assert [("uio, NULL," in "".join(body)) for body in senders] == [False, True]
    assert all("+\tmtrace_process(so, td);" in body for body in senders)
    inherited = "+\tso->so_options |= head->so_options & SO_MTRACE;"
    assert any(inherited in body for body in bodies)


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_no_hook_waits_for_the_end_of_its_file(patch: Path) -> None:
    # With less context after than before, patch(1) without fuzz looks there alone.
    for file, parts in hunks(patch).items():
        for _, body in parts:
            added = [number for number, line in enumerate(body) if line.startswith("+")]
            assert added[0] <= len(body) - 1 - added[-1], (file, body)


@pytest.mark.parametrize("patch", TREES, ids=lambda patch: patch.stem)
def test_no_hook_stands_in_a_comment(patch: Path) -> None:
    for file, parts in hunks(patch).items():
        for _, body in parts:
            for before, line in itertools.pairwise(body):
                inside = before.strip().startswith(("/*", "* ")) and "*/" not in before
                assert not (line.startswith("+") and inside), (file, line)


@pytest.mark.parametrize(
    ("hooks", "version"),
    [
        ("freebsd-12.1", "1201000"),
        ("freebsd-13-2019", "1300010"),
        ("freebsd-14", "1400507"),
        ("freebsd-main", "1501000"),
        ("freebsd-main", "1600006"),
    ],
    ids=["12.1", "13", "14", "15", "main"],
)
def test_install_puts_it_into_a_tree_once(hooks: str, version: str, tmp_path: Path) -> None:
    patch = PATCH / f"trees/{hooks}.patch"
    tree_for(patch, tmp_path, version)
    (tmp_path / "sys/kern").mkdir(exist_ok=True)
    install = ["sh", str(PATCH / "install.sh")]
    tried = subprocess.run([*install, "-n", str(tmp_path)], capture_output=True, text=True)
    assert (tried.returncode, tried.stderr) == (0, "")
    assert tried.stdout == f"{patch.name} applies to {tmp_path}\n"
    assert not (tmp_path / "sys/kern/kern_mbuf_trace.c").exists()
    done = subprocess.run([*install, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "mbuf_trace" in (tmp_path / "sys/conf/files").read_text()
    assert (tmp_path / "sys/sys/mbuf_trace.h").exists()
    assert (tmp_path / "share/man/man9/mtrace.9").exists()
    again = subprocess.run([*install, str(tmp_path)], capture_output=True, text=True)
    assert again.returncode == 1
    assert "nothing was changed" in again.stderr


def test_install_refuses_what_it_has_no_hooks_for(tmp_path: Path) -> None:
    install = ["sh", str(PATCH / "install.sh")]
    none = subprocess.run([*install, str(tmp_path)], capture_output=True, text=True)
    assert none.returncode == 1
    assert "not a FreeBSD source tree" in none.stderr
    tree_for(TREES[0], tmp_path, "1100122")
    newer = subprocess.run([*install, str(tmp_path)], capture_output=True, text=True)
    assert newer.returncode == 1
    assert "no hooks for __FreeBSD_version 1100122; -t TREE chooses some" in newer.stderr
    other = subprocess.run([*install, "-n", "-t", TREES[0].stem, str(tmp_path)])
    assert other.returncode == 0
    assert subprocess.run(install, capture_output=True).returncode == 2


def test_the_manual_pages_are_clean_under_mandoc() -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc")
    pages = sorted((PATCH / "man").iterdir())
    assert [page.name for page in pages] == ["mbuf_trace.4", "mtrace.9"]
    lint = ["mandoc", "-T", "lint", "-W", "warning", *map(str, pages)]
    done = subprocess.run(lint, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_manual_names_every_sysctl_and_every_macro() -> None:
    core = (PATCH / "kern_mbuf_trace.c").read_text()
    manual = (PATCH / "man/mbuf_trace.4").read_text()
    names = re.findall(r"OID_AUTO, (\w+)", core) + re.findall(r"MTRACE_COUNTER\((\w+), \"", core)
    for name in set(names) - {"mbuf_trace", "name"}:
        assert re.search(rf"\b{name}\b", manual), name
    header = (PATCH / "mbuf_trace.h").read_text()
    for name in set(re.findall(r"#define\s+(mtrace\w*)\(m", header)) - {"mtrace_deliver"}:
        assert re.search(rf"\.Fn {name}\b", (PATCH / "man/mtrace.9").read_text()), name


def test_the_table_of_what_was_booted_is_that_of_the_transcripts() -> None:
    text = (PATCH / "README.md").read_text()
    part = text[text.index("## What was run") : text.index("On the 12.1 kernel:")]
    rows = [line.strip("|").split(" | ") for line in part.split("\n") if line.startswith("| 1")]
    linked = {}
    for tree, *_, booted in rows:
        for name in re.findall(r"\((transcript-\S+)\)", booted):
            assert booted.startswith("yes")
            linked[name] = tree
    assert set(linked) == {path.name for path in PATCH.glob("transcript-*.txt")}
    for name, tree in linked.items():
        printed = (PATCH / name).read_text()
        (number,) = re.findall(r"\((\d{7})\)", tree)
        assert f"\n{number}\n" in printed
        # Nothing is left in use, and nothing went wrong.
        counted = re.findall(r"^ +(mbuf_trace|mbuf_tag) +(\d+) ", printed, re.MULTILINE)
        assert counted
        assert {used for _, used in counted} == {"0"}
        assert re.findall(r"lock order.\n(\d+)$", printed, re.MULTILINE) == ["0"]
