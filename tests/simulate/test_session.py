# SPDX-License-Identifier: BSD-2-Clause
"""The simulated stack: the order of its probes, what they are given, and what can go wrong."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtkit.dlang import Options, target_kernel
from dtkit.freebsd import release, releases
from dtkit.simulate import (
    PathsError,
    Settings,
    Simulation,
    StackPacket,
    read_paths,
    run,
    shipped_paths,
)
from dtkit.simulate.paths import DIRECTIVES
from tests.simulate.captures import ipv4
from tests.simulate.running import ran

TCP = ipv4(60, 6, bytes.fromhex("1f901e61 00000001 00000002 5010 0400"))
ETHERNET = bytes.fromhex("020000000001 020000000002 0800") + TCP
QUIET = Settings(options=Settings().options.set("quiet"))


def output(program: str, *packets: StackPacket, settings: Settings = QUIET) -> str:
    return ran(program, packets, settings)


def test_an_output_path_begins_behind_the_ethernet_header() -> None:
    text = (
        "fbt::ip_output:entry { tracemem(args[0]->m_data, 4); }"
        "fbt::ether_output_frame:entry { tracemem(args[1]->m_data, 16); }"
        'fbt::ip_output:entry { printf("len %d", args[0]->m_len); }'
    )
    found = output(text, StackPacket(ETHERNET, ethernet=True, path="output"))
    dumps = re.findall(r"0: ((?:[0-9a-f]{2} )+)", found)
    assert [bytes.fromhex(dump) for dump in dumps] == [TCP[:4], ETHERNET[:16]]
    assert f"len {len(TCP)}" in found


NAMES = (
    'fbt:::entry { printf("%s ", probefunc); } ip:::, tcp:::receive { printf("%s ", probename); }'
)


@pytest.mark.parametrize(
    ("packet", "names"),
    [
        (
            StackPacket(ETHERNET, ethernet=True),
            "ether_input ether_demux netisr_dispatch ip_input receive tcp_input receive "
            "tcp_do_segment m_freem m_free mb_dtor_mbuf",
        ),
        (StackPacket(ipv4(84)), "ip_input receive icmp_input m_freem m_free mb_dtor_mbuf"),
        (
            StackPacket(ETHERNET, ethernet=True, path="output"),
            "ip_output send ether_output ether_output_frame vtnet_txq_eof m_freem m_free "
            "mb_dtor_mbuf",
        ),
        (StackPacket(b""), ""),
        (
            StackPacket(bytes(14), ethernet=True),
            "ether_input ether_demux m_freem m_free mb_dtor_mbuf",
        ),
    ],
)
def test_order(packet: StackPacket, names: str) -> None:
    text = NAMES
    # m_free() is in the kernel several times, and all of them fire here.
    found = re.sub(r"(m_free )+", "m_free ", ran(text, [packet], QUIET, fires=bool(names)))
    assert found.split() == names.split()


def test_data_begins_at_the_layer_of_the_probe() -> None:
    text = (
        "fbt::ether_input:entry { tracemem(args[1]->m_data, 4); }"
        "fbt::ip_input:entry { tracemem(args[0]->m_data, 4); }"
        "fbt::tcp_input:entry { tracemem((*args[0])->m_data + *args[1], 4); }"
    )
    dumps = re.findall(
        r"0: ((?:[0-9a-f]{2} )+)", output(text, StackPacket(ETHERNET, ethernet=True))
    )
    assert [dump.split() for dump in dumps] == [
        ["02", "00", "00", "00"],
        ["45", "00", "00", "3c"],
        ["1f", "90", "1e", "61"],
    ]


def test_lengths_of_mbufs() -> None:
    text = (
        'fbt::ip_input:entry { this->n = args[0]->m_next; printf("%d %d %d", '
        "args[0]->m_pkthdr.len, args[0]->m_len, this->n->m_len); }"
    )
    assert output(text, StackPacket(TCP, lengths=(20,))).split() == ["60", "20", "40"]


@pytest.mark.parametrize("name", [known.name for known in releases()])
def test_every_layout(name: str) -> None:
    text = 'fbt::ip_input:entry { printf("%d", args[0]->m_pkthdr.len); }'
    settings = replace(QUIET, kernel=target_kernel(release(name)))
    assert output(text, StackPacket(TCP), settings=settings).strip() == "60"


def test_copyoutmbuf() -> None:
    text = (
        "fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 24, 2), 24); "
        "trace(mbuflen(*args[0])); }"
    )
    found = output(text, StackPacket(TCP, lengths=(20, 0, 3)))
    assert "0: 00 3c" in found
    assert "10: 00 01 1f 90 1e 61" in found.replace("7f 00 00 01 1f", "00 01 1f")
    assert found.rstrip().endswith("60")


def test_a_broken_chain_faults() -> None:
    text = "fbt::ip_input:entry { tracemem(copyoutmbuf(args[0], 60), 60); }"
    chunks = list(
        Simulation(text, QUIET).run(
            [
                StackPacket(TCP, lengths=(20,)),
                StackPacket(TCP, lengths=(20,), breakages=(("hole-data", 1),)),
            ]
        )
    )
    (error,) = [chunk.text for chunk in chunks if chunk.error]
    assert "invalid address (0x" in error
    assert "in action #1 at DIF offset" in error


def test_cpus_take_turns() -> None:
    text = 'fbt::ip_input:entry { printf("%d ", cpu); }'
    found = output(text, *[StackPacket(TCP)] * 5, settings=replace(QUIET, cpus=2))
    assert found.split() == ["0", "1", "0", "1", "0"]


@pytest.mark.parametrize(("known", "offset"), [("12", 1), ("14", 20), ("15", 20), ("main", 20)])
def test_what_the_library_makes_of_headers_follows_the_release(known: str, offset: int) -> None:
    text = (
        'ip:::receive { printf("%s %d ", args[3]->if_name, args[3]->if_local); }'
        'tcp:::receive { printf("%d %s ", args[4]->tcp_offset, args[3]->tcps_laddr); }'
    )
    there = replace(QUIET, kernel=target_kernel(release(known)))
    wire = output(text, StackPacket(ETHERNET, ethernet=True), settings=there)
    assert wire.split() == ["em0", "0", str(offset), "<unknown>"]
    loop = output(text, StackPacket(TCP, path="loopback"), settings=there)
    assert loop.split() == ["lo0", "1", str(offset), "<unknown>"]


def test_time_is_that_of_the_packets() -> None:
    text = 'fbt::ip_input:entry { printf("%Y\\n", walltimestamp); }'
    start = 1_600_000_000_000_000_000
    found = output(
        text, StackPacket(TCP, time=start), StackPacket(TCP, time=start + 3_600_000_000_000)
    )
    assert found.split("\n")[:2] == ["2020 Sep 13 12:26:40", "2020 Sep 13 13:26:40"]


def test_runs_are_alike() -> None:
    text = 'fbt::ip_input:entry { printf("%d %d %d\\n", rand(), timestamp, walltimestamp); }'
    assert output(text, *[StackPacket(TCP)] * 3) == output(text, *[StackPacket(TCP)] * 3)


def test_drop_rate() -> None:
    text = "fbt::ip_input:entry { trace(1); }"
    some = replace(QUIET, drop_rate=0.25, seed=1)
    found = output(text, *[StackPacket(TCP)] * 100, settings=some)
    lost = sum(int(count) for count in re.findall(r"(\d+) drops? on CPU 0", found))
    assert 10 < lost < 40


def test_exit_ends_the_run() -> None:
    simulation = Simulation("fbt::ip_input:entry { exit(5); }", QUIET)
    given = iter([StackPacket(TCP)] * 3)
    list(simulation.run(given))
    assert simulation.status == 5
    assert len(list(given)) == 1  # the next one was fetched already


def test_every_path_runs() -> None:
    for name in shipped_paths().paths:
        for packet in (
            StackPacket(TCP, path=name),
            StackPacket(ETHERNET, ethernet=True, path=name),
        ):
            assert int(output("fbt:::entry { @ = count(); }", packet)) > 0


def test_functions_in_paths_are_probes() -> None:
    known = {probe.function for release in releases() for probe in release.probes}

    def functions(steps: tuple[object, ...]) -> set[str]:
        found: set[str] = set()
        for step in steps:
            name, within = step.name, step.within  # type: ignore[attr-defined]
            if name not in DIRECTIVES and name not in shipped_paths().paths:
                found.add(name)
            found |= functions(within)
        return found

    for steps in shipped_paths().paths.values():
        assert functions(steps) <= known


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "path a b",
        "  indented",
        "path copy",
        "path a\n  a",
        "path a\n    x\n  y",
        "path a\n  begins ethernet",
        "path a\n  f m\n  begins network",
        "path a\n  when raw\n    begins network",
        "path a\n  begins network\npath b\n  a",
    ],
)
def test_bad_paths(text: str) -> None:
    with pytest.raises(PathsError):
        read_paths(text)


# What a hostile script may not do


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("BEGIN { this->a = alloca(1 << 30); }", "out of scratch space"),
        ("BEGIN { trace(nosuch(1)); }", "undefined function name: nosuch"),
        ("BEGIN { ustack(); }", "ustack( ) is not simulated"),
        ('BEGIN { system("x"); }', "Destructive actions not allowed"),
        ("BEGIN { trace(`kernel_symbol); }", "the kernel symbol `kernel_symbol is not known"),
        ("BEGIN { trace(`nmbclusters); }", "the kernel symbol `nmbclusters is not simulated"),
        ('BEGIN { trace(json("{}", "a")); }', "json is not simulated"),
        ("BEGIN { *(int *)0x1000 = 1; }", "invalid address"),
        ("BEGIN { printm(8, (void *)8); }", "invalid address"),
        ("#pragma D option strsize=1t\nBEGIN { trace(execname); }", "Cannot allocate memory"),
        ("#pragma D option bufpolicy=fill\nBEGIN { }", "option bufpolicy=fill is not simulated"),
    ],
)
def test_refused_or_faulted(program: str, said: str) -> None:
    assert said in "".join(run(program, (), QUIET))


def test_dynamic_variables_are_bounded() -> None:
    text = "fbt::ip_input:entry { a[timestamp] = 1; }"
    few = replace(QUIET, options=QUIET.options.set("dynvarsize", "1k"))
    assert "dynamic variable drops" in output(text, *[StackPacket(TCP)] * 100, settings=few)


def test_aggregations_are_bounded() -> None:
    text = "fbt::ip_input:entry { @[timestamp] = count(); }"
    few = replace(QUIET, options=QUIET.options.set("aggsize", "1k"))
    assert "aggregation drops on CPU 0" in output(text, *[StackPacket(TCP)] * 100, settings=few)


def test_buffers_are_bounded() -> None:
    huge = Settings(options=Options().set("bufsize", "1t"))
    assert "buffer size lowered to 64m" in output("BEGIN { exit(0); }", settings=huge)


STATEMENTS = r"""
trace(arg0);
trace(*(int *)arg0);
@ = count();
@q = quantize(arg0 % 100);
printf("%s %d\n", probefunc, timestamp % 7);
this->x += arg0;
trace(this->x);
self->y[arg0 % 3] = timestamp;
trace(stringof(arg0));
stack();
tracemem(arg0, 9);
this->p = alloca(arg0 & 255);
bcopy((void *)arg0, this->p, 3);
trace(strlen(probename));
a[probefunc] = arg1;
trace(substr(probefunc, arg0, 2));
trace(1 / (arg0 - arg0));
print(*(struct mbuf *)arg0);
trace(lltostr(arg0, arg1));
exit(arg1);
tracemem(copyoutmbuf((struct mbuf *)arg0, arg1, 3), 16);
trace(mbuflen((struct mbuf *)arg0));
trace(strtok(probefunc, "_"));
trace(arg0 << arg1 >> 3);
printa(@);
"""

#: What makes each of them compile by itself.
DECLARED = "this uint64_t x; this void *p; BEGIN { @ = count(); }"


@settings(max_examples=60)
@given(
    pieces=st.lists(st.sampled_from(STATEMENTS.split("\n")[1:-1]), min_size=1, max_size=8),
    data=st.binary(max_size=80),
    ethernet=st.booleans(),
    path=st.sampled_from(sorted(shipped_paths().paths)),
)
def test_any_program_runs_to_its_end(
    pieces: list[str], data: bytes, ethernet: bool, path: str
) -> None:
    program = f"{DECLARED} fbt:::entry, END {{ {' '.join(pieces)} }}"
    output(program, StackPacket(data, ethernet=ethernet, path=path), StackPacket(TCP, path=path))


@pytest.mark.parametrize(
    "program",
    [
        "char a[1000000000]; BEGIN { a[5] = 1; }",
        "struct s { char a[1000000000]; }; struct s g; BEGIN { g.a[5] = 1; }",
        "struct s { char a[16385]; }; this struct s c; BEGIN { this->c.a[5] = 1; }",
    ],
)
def test_a_variable_that_the_kernel_has_no_room_for(program: str) -> None:
    """Of globals and clause-local ones it has 16 kB each at most."""
    said = "".join(run(program))
    assert said == "dtrace: could not enable tracing: DIF program content is invalid\n"


def test_a_variable_that_the_kernel_has_just_room_for() -> None:
    program = "char a[16384]; BEGIN { a[5] = 7; trace(a[5]); exit(0); }"
    assert " 7\n" in ran(program, [])
