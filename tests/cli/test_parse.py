# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit parse``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

from dtkit.output.schema import output_schema
from tests.output.captures import CAPTURES, EXPECTED, output_of
from tests.output.dtrace_text import dump, firings, framed
from tests.output.rfd import FIRST, RFD, SECOND

Dtkit = Callable[..., Result]

SCHEMA = output_schema()


def test_the_first_example_of_the_rfd(dtkit: Dtkit) -> None:
    result = dtkit("parse", "-v", input=FIRST)
    assert result.stdout == (
        "  3 fbt::tcp_input:entry In  192.168.1.1:15676 > 192.168.1.100:22 TCP [.] seq 1887304279 "
        "ack 3268211019 win 1040 options [nop,nop,TS val 986186926 ecr 2486962527] length 0, "
        "52 of 64 bytes  (probe id 34345)\n"
    )
    assert result.stderr == "1 firing, 1 packet, 0 dropped, 0 faults, 0 unread lines\n"
    assert result.exit_code == 0


def test_the_second_example_of_the_rfd(dtkit: Dtkit) -> None:
    assert dtkit("parse", "-v", input=SECOND).stdout == (
        "  3 fbt::tcp_input:entry In  15676 > 22 TCP [.] seq 1887304963 ack 3268224307 win 1040 "
        "options [nop,nop,TS val 986232293 ecr 2487007890]  (probe id 34345)\n"
    )
    assert dtkit("parse", input=SECOND).stdout == (
        "  3 tcp_input        In  15676 > 22 TCP [.] seq 1887304963 ack 3268224307 win 1040\n"
    )


def test_json_fields(dtkit: Dtkit) -> None:
    (line,) = dtkit("parse", "--to", "json", input=FIRST).stdout.splitlines()
    packet = json.loads(line)
    assert list(packet) == [
        *("type", "probe", "function", "name", "cpu", "id", "time", "timestamp", "mbuf"),
        *("offset", "length", "captured", "exact", "linktype", "data", "summary", "line"),
    ]
    assert packet["data"] == RFD.hex()
    assert (packet["type"], packet["linktype"], packet["cpu"]) == ("packet", "RAW", 3)
    assert (packet["captured"], packet["length"], packet["exact"]) == (64, None, False)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_line_of_json_is_of_the_schema(dtkit: Dtkit, name: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    result = dtkit("parse", "--to", "json", "--all", input=output_of(name))
    kinds: Counter[str] = Counter()
    for line in result.stdout.splitlines():
        entry = json.loads(line)
        validator.validate(entry)
        kinds[entry["type"]] += 1
    held = EXPECTED[name]
    assert kinds["packet"] == held.dumps
    assert kinds["message"] == held.messages
    assert kinds["stack"] == held.stacks
    assert kinds["fault"] == held.faults
    assert kinds["notice"] == held.notices


def test_json_of_dtrace_is_read_as_well_and_is_of_the_schema(dtkit: Dtkit, tmp_path: Path) -> None:
    program = 'BEGIN { printf("%d", 5); trace(7); @a = count(); tracemem(curthread, 8); }'
    given = dtkit("simulate", "--libxo", "json", "--program", program)
    path = tmp_path / "a.json"
    path.write_text(given.stderr + given.stdout)
    result = dtkit("parse", "--to", "json", "--all", str(path))
    found = [json.loads(line) for line in result.stdout.splitlines()]
    for item in found:
        jsonschema.validate(item, SCHEMA)
    kinds = [item["type"] for item in found]
    assert kinds == ["notice", "message", "message", "packet", "message"]
    assert found[3]["probe"] == "dtrace:::BEGIN"
    assert found[3]["timestamp"] > 0
    assert result.stderr.endswith("1 firing, 1 packet, 0 dropped, 0 faults, 0 unread lines\n")


def test_the_schema_refuses_what_is_no_event() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert not validator.is_valid({"type": "packet", "line": 1})
    assert not validator.is_valid({"type": "drop", "line": 1, "count": -1, "kind": "", "cpu": 0})


def test_annotations_and_oddities_in_json(dtkit: Dtkit) -> None:
    text = "@dtkit 1 start timestamp=1 walltimestamp=2\n        10: 00\n"
    lines = dtkit("parse", "--to", "json", "--all", input=text).stdout.splitlines()
    for line in lines:
        jsonschema.validate(json.loads(line), SCHEMA)
    assert [json.loads(line)["type"] for line in lines] == ["annotation", "oddity"]


def test_hexdump(dtkit: Dtkit) -> None:
    result = dtkit("parse", "--to", "hexdump", input=firings([b"0123456789abcdefg"]))
    assert result.stdout == (
        "#   0 tcp_input        In  17 bytes: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 "
        "...\n"
        "00000000: 30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n"
        "00000010: 67                                                g\n"
        "\n"
    )


def test_hexdump_is_read_back(dtkit: Dtkit) -> None:
    text = output_of("13-two-probes.txt")
    raw = dtkit("parse", "--to", "raw", input=text).stdout_bytes
    hexdump = dtkit("parse", "--to", "hexdump", input=text).stdout
    again = dtkit("parse", "--to", "raw", input=hexdump)
    assert again.stdout_bytes == raw != b""


def test_raw_and_none(dtkit: Dtkit) -> None:
    text = firings([b"abc", b"def"])
    assert dtkit("parse", "--to", "raw", input=text).stdout_bytes == b"abcdef"
    assert dtkit("parse", "--to", "none", input=text).stdout == ""


def test_faults_drops_and_notices_are_shown(dtkit: Dtkit) -> None:
    result = dtkit("parse", input=output_of("15-invalid-address.txt"))
    assert result.stderr.splitlines() == [
        "dtkit parse: fault at fbt:kernel:ip_input:entry: BADADDR 0x3f in action 1"
    ] * 4 + ["0 firings, 0 packets, 0 dropped, 4 faults, 0 unread lines"]
    result = dtkit("parse", input=output_of("61-buffer-too-big.txt"))
    assert result.stderr.splitlines()[0] == "dtkit parse: dtrace: buffer size lowered to 4m"
    result = dtkit("parse", "--to", "none", input="dtrace: 3 drops on CPU 1\n")
    assert result.stderr.splitlines() == [
        "dtkit parse: dropped 3 records on CPU 1",
        "0 firings, 0 packets, 3 dropped, 0 faults, 0 unread lines",
    ]


def test_strict_is_for_oddities(dtkit: Dtkit) -> None:
    good, bad = firings([b"abc"]), "        10: 00\n"
    assert dtkit("parse", "--strict", input=good).exit_code == 0
    assert dtkit("parse", input=bad).exit_code == 0
    result = dtkit("parse", "--strict", input=bad)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "dtkit parse: line 1: 1 line without the header of a dump",
        "0 firings, 0 packets, 0 dropped, 0 faults, 1 unread line",
    ]


def test_several_files(dtkit: Dtkit, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("        10: 00\n")
    name = str(CAPTURES / "13-two-probes.txt")
    result = dtkit("parse", name, str(tmp_path / "bad.txt"), "-", input=firings([b"abc"]))
    assert len(result.stdout.splitlines()) == 21
    assert f"{tmp_path}/bad.txt: line 1:" in result.stderr


def test_a_capture_to_stdout_sends_the_summary_to_stderr(dtkit: Dtkit, tmp_path: Path) -> None:
    text = firings([b"abc"])
    path = tmp_path / "out.pcapng"
    assert dtkit("parse", "-w", str(path), input=text).stdout.startswith("  0 tcp_input ")
    result = dtkit("parse", "-w", "-", input=text)
    # But for the command that made it, which its section's comment says.
    assert result.stdout_bytes[-160:] == path.read_bytes()[-160:]
    assert b"made by: dtkit parse -w -" in result.stdout_bytes
    assert "  0 tcp_input        In  3 bytes" in result.stderr


@pytest.mark.parametrize(
    "args",
    [["nosuch.txt"], ["--all"], ["-w", "-", "--to", "raw"], ["--to", "xml"], ["/"]],
    ids=str,
)
def test_usage_errors(dtkit: Dtkit, args: list[str]) -> None:
    result = dtkit("parse", *args, input="")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("dtkit parse: ")
    assert result.stderr.count("\n") == 1


def test_a_file_that_cannot_be_written_is_one_line_and_status_1(dtkit: Dtkit) -> None:
    result = dtkit("parse", "-w", "/nosuch/dir/x.pcapng", input="")
    assert result.exit_code == 1
    assert result.stderr == "dtkit: /nosuch/dir/x.pcapng: No such file or directory\n"


def test_the_input_is_not_written_over(dtkit: Dtkit, tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    path.write_text(firings([b"abc"]))
    result = dtkit("parse", str(path), "-w", str(tmp_path / "." / "trace.txt"))
    assert result.exit_code == 2
    assert "would be written over the input" in result.stderr
    assert path.read_text() == firings([b"abc"])


def test_control_characters_do_not_reach_the_terminal(dtkit: Dtkit) -> None:
    text = (
        framed(0, 1, "\x1b[31mf", "entry", dump(b"abc"))
        + "dtrace: \x1b]0;title\x07\n"
        + "@dtkit 1 mbuf probe=fbt::\x9b:entry cpu=0\n"
        + dump(b"def")
    )
    for form in ("summary", "hexdump"):
        result = dtkit("parse", "--to", form, input=text)
        assert "\\x1b[31mf" in result.stdout
        assert "\\x1b]0;title\\x07" in result.stderr
        assert all(line.isprintable() for line in (result.stdout + result.stderr).split("\n"))


def test_why_dtrace_refused_a_program_is_said_in_short(dtkit: Dtkit) -> None:
    result = dtkit("parse", input=output_of("82-no-args-type.txt"))
    assert result.stderr.splitlines()[0].startswith(
        "dtkit parse: dtrace: in action list: operator -> cannot be applied to pointer to type"
    )


def test_an_empty_input(dtkit: Dtkit) -> None:
    result = dtkit("parse", input="")
    assert result.exit_code == 0
    assert result.stderr == (
        "dtkit parse: the input is empty\n"
        "0 firings, 0 packets, 0 dropped, 0 faults, 0 unread lines\n"
    )
    assert dtkit("parse", "--strict", input="").exit_code == 1


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("probe=fbt::f:entry fired=0 accepted=0", "fbt::f:entry never fired"),
        (
            "probe=fbt::f:entry fired=7 accepted=0",
            "fbt::f:entry fired, and none of the packets met the conditions",
        ),
        ("fired=7 accepted=0", "the probes fired, and none"),
        (
            "probe=fbt::f:entry fired=7 accepted=0 limited=7",
            "fbt::f:entry had packets, all of them over the rate",
        ),
        ("probe=fbt::f:entry fired=7 accepted=3", None),
        ("faults=0", None),
        ("fired=x accepted=0", None),
    ],
)
def test_nothing_shown_has_an_answer(dtkit: Dtkit, end: str, said: str | None) -> None:
    result = dtkit("parse", input=f"@dtkit 1 end {end}\n")
    if said is None:
        assert len(result.stderr.splitlines()) == 1
    else:
        assert result.stderr.startswith(f"dtkit parse: {said}")


def test_many_probes_of_which_nothing_was_shown_are_one_line(dtkit: Dtkit) -> None:
    lines = [f"@dtkit 1 end probe=fbt::f{n}:entry fired=0 accepted=0\n" for n in range(9)]
    first, *_ = dtkit("parse", input="".join(lines)).stderr.splitlines()
    names = ", ".join(f"fbt::f{n}:entry" for n in range(3))
    assert first == f"dtkit parse: {names} and 6 more never fired"
