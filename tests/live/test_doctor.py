# SPDX-License-Identifier: BSD-2-Clause
"""What a host has: asked through a real shell, of programs that answer as FreeBSD's do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Dtkit = Callable[..., Result]

#: Programs as FreeBSD 15.1 has them, with both patches: what it answered when it was asked.
PROGRAMS = {
    "uname": "echo 'FreeBSD 15.1-RELEASE-p1 amd64'",
    "id": "echo ${DOCTOR_UID:-0}",
    "sysctl": """
case $2 in
kern.osreldate) echo 1501000 ;;
security.jail.jailed) echo ${DOCTOR_JAIL:-0} ;;
kern.securelevel) echo -1 ;;
kern.dtrace.dof_maxsize) echo 8388608 ;;
kern.mbuf_trace.source_position) echo 1 ;;
*) echo "sysctl: unknown oid '$2'" >&2; exit 1 ;;
esac""",
    "ls": "echo $1",
    "dtrace": """
case "$*" in
-V) echo 'dtrace: Sun D 1.14' ;;
"-l -v -n fbt:::entry")
printf '   ID   PROVIDER            MODULE                          FUNCTION NAME\\n'
printf ' 1234        fbt            kernel ip_input entry\\n\\n\\tArgument Types\\n'
printf '\\t\\targs[0]: struct mbuf *\\n\\n 1235 fbt kernel f entry\\n\\t\\targs[0]: int\\n'
printf ' 1236 fbt kernel g entry\\n\\t\\targs[0]: struct mbuf **\\n'
printf '\\t\\targs[1]: struct mbuf *\\n' ;;
"-l -P tcp") printf '   ID PROVIDER\\n 1 tcp\\n 2 tcp\\n' ;;
"-l -P "*) echo '   ID PROVIDER'; exit 1 ;;
*)
if [ -n "$DOCTOR_REFUSAL" ]; then echo "dtrace: $DOCTOR_REFUSAL" >&2; exit 1; fi ;;
esac""",
}


@pytest.fixture
def freebsd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def asked(dtkit: Dtkit) -> tuple[int, dict[str, dict[str, str]]]:
    result = dtkit("doctor", "--to", "json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(row["type"] == "diagnosis" for row in rows)
    return result.exit_code, {row["name"]: row for row in rows}


@pytest.mark.usefixtures("freebsd")
def test_a_host_that_has_it_all(dtkit: Dtkit) -> None:
    status, found = asked(dtkit)
    assert status == 0
    assert found["release"]["found"] == "1501000, --release 15"
    assert found["mbufs"]["found"] == "2 functions take a struct mbuf"
    assert found["tcp"]["found"] == "2 probes"
    assert found["copyoutmbuf"]["state"] == "ok"
    lacking = {name for name, row in found.items() if row["state"] != "ok"}
    assert lacking - {"tshark here"} == {"mib", "pf", "ipfw"}
    assert all(found[name]["mend"] for name in lacking)


@pytest.mark.usefixtures("freebsd")
def test_a_table_for_people(dtkit: Dtkit) -> None:
    rows = [line.split("\t") for line in dtkit("doctor").stdout.splitlines()]
    assert ["ok", "system", "FreeBSD 15.1-RELEASE-p1 amd64", ""] in rows
    assert ["missing", "mib", "no probes", "a kernel with `options KDTRACE_MIB_SDT`"] in rows


@pytest.mark.parametrize(
    ("name", "value", "failed"),
    [
        ("DOCTOR_UID", "1001", {"user"}),
        ("DOCTOR_JAIL", "1", {"jail"}),
        (
            "DOCTOR_REFUSAL",
            "failed to initialize dtrace: DTrace requires additional privileges",
            {"permission"},
        ),
    ],
)
@pytest.mark.usefixtures("freebsd")
def test_what_keeps_packets_from_being_shown(
    dtkit: Dtkit, monkeypatch: pytest.MonkeyPatch, name: str, value: str, failed: set[str]
) -> None:
    monkeypatch.setenv(name, value)
    status, found = asked(dtkit)
    assert status == 1
    assert {name for name, row in found.items() if row["state"] == "failed"} == failed
    for one in failed:
        assert found[one]["mend"]


def test_a_host_without_dtrace(dtkit: Dtkit, freebsd: Path) -> None:
    (freebsd / "dtrace").unlink()
    status, found = asked(dtkit)
    assert status == 1
    assert found["dtrace(1)"]["state"] == found["mbufs"]["state"] == "failed"


def test_a_release_that_is_not_known_is_named_with_its_neighbours(
    dtkit: Dtkit, freebsd: Path
) -> None:
    (freebsd / "sysctl").write_text("#!/bin/sh\necho 1300139\n")
    _, found = asked(dtkit)
    assert found["release"]["state"] == "missing"
    assert "12" in found["release"]["mend"]
    assert "14" in found["release"]["mend"]


def test_a_host_that_cannot_be_asked_is_a_line(dtkit: Dtkit) -> None:
    result = dtkit("doctor", "--host", "-oProxyCommand=id")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
