# SPDX-License-Identifier: BSD-2-Clause
"""Scripts that follow packets: which functions, which clauses, and that they are D."""

from __future__ import annotations

import io
import lzma
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dtkit.counted import counted
from dtkit.dlang.compiler.compile import compile_program
from dtkit.dlang.options import WITH_COPYOUTMBUF
from dtkit.generate.functions import (
    COPIES,
    MOVES,
    PRESETS,
    Function,
    PathError,
    choose,
    known_functions,
    listed_functions,
    verdict,
)
from dtkit.generate.holding import ending
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.place import PlaceRequest
from dtkit.generate.request import Copy
from dtkit.generate.sockets import OlderSocket
from dtkit.generate.tellers import RuleFunction, Tellers
from dtkit.probes import ListedProbe, catalog, read_listing

LISTING = Path(__file__).parent.parent / "data" / "captures" / "listing-kernel-entry.txt.xz"

FEW = [
    Function("ether_input", 1, 1, 0),
    Function("ip_input", 0),
    Function("pf_test", 3, 2, 2),
    Function("m_pullup", 0),
]


@cache
def listed() -> list[Function]:
    probes = read_listing(io.BytesIO(lzma.decompress(LISTING.read_bytes())))
    return listed_functions(probe for probe in probes if isinstance(probe, ListedProbe))


def test_a_listing_gives_each_way_once() -> None:
    functions = {function.name: function for function in listed()}
    assert functions["ip_input"] == Function("ip_input", 0)
    assert functions["tcp_input"] == Function("tcp_input", 0, 2)
    assert functions["ether_output"] == Function("ether_output", 1, 1, 0)
    assert functions["pf_test"] == Function("pf_test", 3, 2, 2)
    # Four modules have a copy of this static function, with one signature.
    assert [function for function in listed() if function.name == "m_free"] == [
        Function("m_free", 0)
    ]


@pytest.mark.parametrize("name", [*MOVES, *COPIES])
def test_what_moves_and_copies_is_always_looked_at(name: str) -> None:
    assert name in {function.name for function in choose(listed(), wanted=["ip_input"])}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_name_functions_of_a_kernel(preset: str) -> None:
    names = {function.name for function in choose(listed(), preset)}
    assert "m_freem" in names
    assert len(names) > 30
    assert len(names) < len(listed()) or preset == "all"


def test_globs() -> None:
    chosen = choose(listed(), wanted=["ip_*"], unwanted=["ip_reass", "m_*"])
    names = {function.name for function in chosen}
    assert {"ip_input", "ip_output", "m_pullup"} <= names
    assert "ip_reass" not in names
    assert "tcp_input" not in names


@pytest.mark.parametrize(
    ("wanted", "unwanted", "said"),
    [
        (["no_such*"], [], "no function 'no_such*' that is given an mbuf"),
        ([], ["no_such"], "no function 'no_such' that is given an mbuf"),
        (["ip_input"], ["ip_*"], "no function is left"),
    ],
    ids=["wanted", "unwanted", "none left"],
)
def test_what_cannot_be_chosen(wanted: list[str], unwanted: list[str], said: str) -> None:
    with pytest.raises(PathError, match=re.escape(said)):
        choose(listed(), wanted=wanted, unwanted=unwanted)


REQUESTS = {
    "plain": PathRequest(),
    "tcp": PathRequest("tcp port 22 and host 10.0.0.1"),
    "ether": PathRequest("ether src 02:00:00:00:00:01"),
    "len": PathRequest("greater 100"),
    "returns": PathRequest("icmp", returns=True, stack=True),
    "no bytes": PathRequest("udp", size=0),
    "copyoutmbuf": PathRequest("udp", size=200, copy=Copy.COPYOUTMBUF),
    "count": PathRequest("udp", count=3, seconds=9),
    "interface": PathRequest("udp", place=PlaceRequest(interface="em0")),
    "jail": PathRequest("udp", stack=True, place=PlaceRequest(jail="web")),
    "host": PathRequest(place=PlaceRequest(vnet="host", direction="in")),
    "sockets": PathRequest("udp", sockets=True, older=(OlderSocket(0xFFFFF80001234567, 7, 'a"b'),)),
    "all": PathRequest("tcp", place=PlaceRequest("em0", "", "7", "nc", 9, "in")),
    "dropped": PathRequest("udp", count=3, only=ending("dropped")),
    "slower": PathRequest("udp", returns=True, only=ending("slower:5ms")),
    "reason": PathRequest("udp", copy=Copy.COPYOUTMBUF, only=ending("reason:*")),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("which", ["few", "catalog"])
def test_scripts_compile(request_: PathRequest, which: str) -> None:
    functions = {
        "few": lambda: [*FEW, *(Function(name, 0) for name in (*MOVES[1:], *COPIES))],
        "catalog": lambda: choose(known_functions(catalog())),
    }[which]()
    text, expected = path_script(functions, request_, ["dtkit", "path"])
    compiled = compile_program(text, options=WITH_COPYOUTMBUF)
    assert expected.functions == len(functions)
    # BEGIN, END, ERROR and timers are besides.
    enabled = [one for one in compiled.enablings if one.description.provider == "fbt"]
    assert len(enabled) == expected.enablings
    assert len({one.description for one in enabled}) == expected.probes


def test_a_script_for_a_real_listing_compiles() -> None:
    text, expected = path_script(choose(listed(), "forward"), PathRequest("tcp port 22"))
    assert expected.functions > 40
    compile_program(text)


def choosing(text: str) -> set[str]:
    """The probes whose clause may begin a journey."""
    found = re.findall(r"^((?:fbt:.*,\n)*fbt:.*)\n(/.*/)$", text, re.M)
    return {
        probe
        for probes, predicate in found
        if "begun" in predicate
        for probe in probes.split(",\n")
    }


def test_packets_are_chosen_at_gates() -> None:
    text, _ = path_script(choose(listed()), PathRequest("icmp"))
    gates = choosing(text)
    assert {"fbt::ip_input:entry", "fbt::ip_output:entry", "fbt::ether_input:entry"} <= gates
    assert "fbt::pf_pull_hdr:entry" not in gates
    assert len(gates) < 40


def test_places_are_conditions_where_packets_are_chosen() -> None:
    def at(name: str, **asked: Any) -> str:
        text, _ = path_script(listed(), PathRequest("icmp", place=PlaceRequest(**asked)))
        return re.sub(r"\s+", " ", clause(text, name)) + f" {text.count('wanted_vnet')}"

    received = 'stringof(this->m->m_pkthdr.rcvif->if_xname) == "em0"'
    assert received in at("ip_input", interface="em0")
    assert 'stringof(((struct ifnet *)arg0)->if_xname) == "em0"' in at(
        "ether_input", interface="em0"
    )
    assert "csum_flags & 0x80000000) == 0" in at("ip_output", interface="em0")
    assert "curthread->td_vnet == `vnet0" in at("ip_input", vnet="host")
    # A driver's interrupt is in no vnet yet.
    assert "((struct ifnet *)arg0)->if_vnet == `vnet0" in at("ether_input", vnet="host")
    assert "curthread->td_vnet == wanted_vnet" in at("ip_input", jail="web")
    assert 'execname == "nc"' in at("ip_output", execname="nc")
    assert "pid == 7" in at("ip_output", pid=7)
    for asked in ({"interface": "em0"}, {"vnet": "host"}, {"jail": "web"}, {"pid": 7}):
        # Where packets are not chosen, nothing is asked.
        assert "em0" not in at("ip_tryforward", **asked)
        assert at("ip_tryforward", **asked).partition(" /")[2].startswith("(this->j")
    text, _ = path_script(listed(), PathRequest("icmp", place=PlaceRequest(jail="7")))
    assert "wanted_vnet = this->child->pr_id == 7 ?" in text


def test_a_direction_is_where_packets_are_chosen() -> None:
    def gates(direction: str) -> set[str]:
        request = PathRequest("icmp", place=PlaceRequest(direction=direction))
        chosen = choosing(path_script(listed(), request)[0])
        return {probe.split(":")[2] for probe in chosen}

    assert gates("in") == {"ether_input", "ip_input", "ip6_input"} & gates("")
    assert gates("out") == gates("") - gates("in") - {"ip_forward", "ip6_forward"}
    request = PathRequest("icmp", place=PlaceRequest(direction="out"))
    with pytest.raises(PathError, match="is told at ether_output, "):
        path_script([Function("ip_input", 0)], request)


@pytest.mark.parametrize("jail", ["a" * 256, "a\0b"])
def test_a_bad_jail_is_refused(jail: str) -> None:
    with pytest.raises(PathError, match="jail "):
        path_script(listed(), PathRequest("icmp", place=PlaceRequest(jail=jail)))


def test_sockets_cost_a_packet_that_nobody_wants_nothing() -> None:
    def predicates(sockets: bool) -> dict[str, str]:
        functions = [*listed(), Function("udp_append", 2), Function("rip_append", 2)]
        text, _ = path_script(functions, PathRequest("udp", sockets=sockets))
        found = re.findall(r"^((?:fbt:.*,\n)*fbt:.*)\n(/.*/)$", text, re.M)
        return {
            probe: predicate
            for probes, predicate in found
            for probe in probes.split(",\n")
            if ":so" not in probe  # what a process does with a socket
        }

    assert predicates(True) == predicates(False)


def test_sockets_are_told_where_they_are_at_hand() -> None:
    functions = [*listed(), Function("udp_append", 2)]
    text, _ = path_script(functions, PathRequest("udp", sockets=True))
    assert "((struct inpcb *)arg0)->inp_socket" in clause(text, "udp_append")
    hop = clause(text, "ip_output")
    assert "arg5 != 0 ?" in hop
    # A dump belongs to the line in front of it.
    assert hop.index("dtkit 2 socket") < hop.index("dtkit 2 hop") < hop.index("tracemem")
    assert "dtkit 2 socket" not in clause(text, "ip_input")
    older = (OlderSocket(0x1000, 7, "a\nb*/"),)
    text, _ = path_script(functions, PathRequest("udp", sockets=True, older=older))
    assert 'owner[0x1000] = 7; owner_name[0x1000] = "a\\012b*/"; owner_by[0x1000] = 5;' in text


def test_stacks_are_recorded_before_bytes() -> None:
    text, _ = path_script(listed(), PathRequest("icmp", stack=True))
    hop = clause(text, "ip_input")
    assert hop.index("\tstack();") < hop.index("tracemem")
    assert "\tstack();" not in clause(path_script(listed(), PathRequest("icmp"))[0], "ip_input")


def test_where_there_is_no_gate_they_are_chosen_anywhere() -> None:
    text, _ = path_script(choose(listed(), wanted=["pf_pull_hdr"]), PathRequest("icmp"))
    assert choosing(text) == {"fbt::pf_pull_hdr:entry"}


def test_a_filter_that_no_packet_can_pass_there_is_refused() -> None:
    with pytest.raises(PathError) as raised:
        path_script([Function("ip_input", 0)], PathRequest("ether host 02:00:00:00:00:01"))
    assert str(raised.value) == (
        "filter 'ether host 02:00:00:00:00:01': no packet at these functions can pass it"
    )


def test_functions_of_one_name_are_told_by_their_modules() -> None:
    text = b"".join(
        b"%5d        fbt %17s %33s entry\n\n\tArgument Types\n\t\targs[0]: %s\n\n"
        % (number, module, b"work", kind)
        for number, (module, kind) in enumerate(
            [(b"one", b"struct mbuf *"), (b"two", b"struct mbuf **"), (b"three", b"int")], 1
        )
    )
    probes = [one for one in read_listing(io.BytesIO(text)) if isinstance(one, ListedProbe)]
    assert listed_functions(probes) == [
        Function("work", 0, 1, None, "one"),
        Function("work", 0, 2, None, "two"),
    ]


@pytest.mark.parametrize(
    "filter_", ["tcp port", "no such thing", "tcp */ BEGIN { exit(1); } /*", "port 22\0"]
)
def test_a_bad_filter_is_refused(filter_: str) -> None:
    with pytest.raises(PathError):
        path_script(FEW, PathRequest(filter_))


def test_the_command_cannot_end_its_comment() -> None:
    text, _ = path_script(FEW, PathRequest(), ["dtkit", "*/ BEGIN { exit(1); } /*"])
    assert "*/ BEGIN" not in text


@pytest.mark.parametrize(
    ("name", "kind"),
    [("pf_test", "pf"), ("ip_output", "errno"), ("epair_transmit", "errno"), ("ip_input", "")],
)
def test_verdicts(name: str, kind: str) -> None:
    assert verdict(name) == kind


FRAMES = "ether src 02:00:00:00:00:01"
GATES = [Function(name, 0) for name in ("ether_input", "ether_output_frame", "ip_input")]


@pytest.mark.parametrize(
    ("filter_", "functions", "chosen"),
    [
        ("icmp", GATES, {"ether_input", "ip_input"}),
        ("", GATES, {"ether_input", "ip_input"}),
        (FRAMES, GATES, {"ether_input", "ether_output_frame"}),
        # Where none of these is looked at: anywhere but where there is rubbish.
        ("icmp", [Function("m_foo", 0), Function("pf_foo", 0)], {"pf_foo"}),
        ("icmp", [Function("ether_output_frame", 0), Function("pf_foo", 0)],
         {"ether_output_frame", "pf_foo"}),
        ("icmp6", [Function("ip_input", 0), Function("pf_foo", 0)], {"pf_foo"}),
        ("icmp6", [Function("ip_input", 0), Function("ip6_input", 0)], {"ip6_input"}),
    ],
    ids=["IP", "all", "frames", "no gate", "a gate for frames", "no gate for it", "a gate for it"],
)  # fmt: skip
def test_where_packets_are_chosen(
    filter_: str, functions: list[Function], chosen: set[str]
) -> None:
    text, _ = path_script(functions, PathRequest(filter_))
    assert choosing(text) == {f"fbt::{name}:entry" for name in chosen}


def clause(text: str, name: str) -> str:
    """The clause at the entry of a function."""
    (found,) = re.findall(
        rf"^((?:fbt:.*,\n)*fbt::{name}:entry(?:,\nfbt:.*)*\n/.*\n\{{[^}}]*)", text, re.M
    )
    return str(found)


def test_functions_that_are_given_their_mbuf_alike_share_a_clause() -> None:
    functions = [
        *(Function("one", 0), Function("two", 0), Function("three", 1), Function("four", 0, 2)),
        *(Function("five", 0, 1, 1), Function("ip_input", 0), Function("ip_output", 0)),
    ]
    text, _ = path_script(functions, PathRequest("icmp"))
    assert clause(text, "two").startswith(
        "fbt::one:entry,\nfbt::two:entry\n/(this->j = journey[arg0])/"
    )
    for name in ("three", "four", "five", "ip_input", "ip_output"):
        assert clause(text, name).startswith(f"fbt::{name}:entry\n")
    assert "/(this->j = journey[arg1])/" in clause(text, "three")
    pointer = "/(arg0 && (this->j = journey[*(uint64_t *)arg0]))/"
    assert pointer in clause(text, "four")
    assert "(struct ifnet *)arg1" in clause(text, "five")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("m_pullup", "self->moving = this->j;"),
        ("m_dup", "self->offset = 0;"),
        ("m_copym", "self->offset = arg1;"),  # it copies from an offset on
    ],
)
def test_what_moves_or_copies_says_so(name: str, kept: str) -> None:
    text, _ = path_script([Function("ip_input", 0), Function(name, 0)], PathRequest("icmp"))
    assert kept in clause(text, name)
    assert "self->" not in clause(text, "ip_input")


@pytest.mark.parametrize("returns", [False, True])
def test_whose_returns_are_shown(returns: bool) -> None:
    functions = [Function(name, 0) for name in ("ip_input", "ip_output", "m_pullup", "m_dup")]
    text, _ = path_script(functions, PathRequest("icmp", returns=returns))
    (shown,) = re.findall(r"^((?:fbt:.*,\n)*fbt:.*:return)\n/self->inside", text, re.M)
    # What moves and copies says in lines of its own what it returns.
    wanted = ["ip_input", "ip_output"] if returns else ["ip_output"]
    assert shown.split(",\n") == [f"fbt::{name}:return" for name in wanted]
    for name in ("ip_input", "ip_output", "m_pullup", "m_dup"):
        assert ("self->inside = 1" in clause(text, name)) is (name in wanted)


def test_a_packet_is_looked_at_as_what_is_known_of_the_function() -> None:
    """That of a function which only the catalog knows, say."""
    ethernet = "this->d[12] == 8"
    text, _ = path_script([Function("udp_input", 0), Function("pf_foo", 0)], PathRequest("icmp"))
    assert ethernet not in clause(text, "udp_input")
    assert ethernet in clause(text, "pf_foo")


def test_only_at_a_gate_there_is_always_a_packet() -> None:
    text, _ = path_script([Function("ip_input", 0), Function("ip_output", 0, 2)], PathRequest())
    assert "this->m != NULL" not in clause(text, "ip_input")
    assert "this->m != NULL && 1 &&" in clause(text, "ip_output")
    text, _ = path_script([Function("udp_input", 0)], PathRequest("icmp"))
    assert "this->m != NULL && (" in clause(text, "udp_input")


@pytest.mark.parametrize(
    ("size", "hops", "mebibytes"),
    [
        (64, 1, 4),
        (64, 201_649, 4),
        (64, 201_650, 8),
        (112, 163_840, 4),  # 4 MiB to the byte
        (0, 291_271, 4),
        (0, 291_272, 8),
        (64, 10**9, 64),
        (9216, 71_697, 64),
        (9216, 143_000, 64),
    ],
)
def test_buffers_hold_the_hops_of_a_tenth_of_a_second(size: int, hops: int, mebibytes: int) -> None:
    text, _ = path_script(FEW, PathRequest("icmp", size=size, hops=hops))
    assert f"#pragma D option bufsize={mebibytes}m\n#pragma D option switchrate=10hz\n" in text
    # A record has names of 32 bytes.
    good = counted(hops, "hop")
    assert f"/* {size + 144} bytes a hop: good for {good} a second on each CPU */" in text


def test_what_is_asked_for_stands_in_the_script() -> None:
    request = PathRequest("icmp", count=3, seconds=9, rate=7, hops=77, stack=True)
    text, _ = path_script(FEW, request, ["dtkit", "path", "icmp or arp"])
    for said in (
        " * The way of packets through the kernel: icmp\n",
        " * Made by:  dtkit path 'icmp or arp'\n",
        "#pragma D option dynvarsize=16m\n",
        "#pragma D option strsize=32\n",
        "may_begin_at_all = 3;",
        "may_show = 77;",
        "< 7 ? may_begin_at_all : 7;",
        "/may_begin_at_all <= 0 && ++lingered > 3/",
        "tick-9s\n",
        "stack();",
    ):
        assert said in text, said
    assert text.count("/this->child != NULL/") == 16
    text, _ = path_script(FEW, PathRequest())
    assert "through the kernel: all of IP\n" in text
    assert "stack(8);" in text
    assert "may_begin_at_all = 0x7fffffffffffffff;" in text
    assert "@firings" not in text
    assert "exit(0)" not in text
    assert "@firings[probefunc]" in path_script(FEW, PathRequest(count_firings=True))[0]


def test_an_argument_that_releases_have_elsewhere_is_chosen_when_the_script_runs() -> None:
    functions = [
        Function("ip_input", 0),
        Function("one", 2, earlier=((1500000, 1, None),)),
        Function("two", 2, earlier=((1300000, 0, None), (1500000, 1, None))),
    ]
    text, _ = path_script(functions, PathRequest("icmp"))
    assert re.findall(r"before(\d+) = `osreldate < (\d+);", text) == [
        ("1300000",) * 2,
        ("1500000",) * 2,
    ]
    compile_program(text)


# Rules of pf, as functions that find them have them, and rings

RULES = (RuleFunction("pf_test_rule", 0, 1, 6), RuleFunction("pf_test_state_tcp", None, 3, None))
STEPS = ("pf_step_into_anchor",)


def telling(*more: Function, **tells: Any) -> str:
    tellers = Tellers("pf_k", RULES, **tells)
    functions = [Function("ip_input", 0), *more]
    return path_script(functions, PathRequest("udp"), tellers=tellers)[0]


def clauses_of(text: str, probe: str) -> str:
    """The clauses that *probe* has alone."""
    return "".join(re.findall(rf"^{re.escape(probe)}\n.*?\n\}}\n", text, re.MULTILINE | re.DOTALL))


def test_a_function_that_finds_rules_keeps_where_they_are() -> None:
    text = telling(Function("pf_test", 3, 2, 2), steps=STEPS)
    kept = clauses_of(text, "fbt::pf_test_rule:entry")
    for line in ("rm = arg0", "sm = arg1", "rsm = arg6", "matched = *(uint64_t *)arg0"):
        assert f"\tself->{line};\n" in kept
    assert "\tself->within = 0;\n\tself->present = 0;\n" in kept
    found = clauses_of(text, "fbt::pf_test_state_tcp:entry")
    assert "\tself->sm = arg3;\n" in found
    assert "self->rm" not in found
    assert "self->within = 0" not in found
    assert "self->rm" in clauses_of(text, "fbt::pf_test_rule:return")
    assert "self->rm" not in clauses_of(text, "fbt::pf_test_state_tcp:return")


def test_without_steps_nothing_is_kept_of_them() -> None:
    kept = clauses_of(telling(Function("pf_test", 3, 2, 2)), "fbt::pf_test_rule:entry")
    assert "self->rsm = arg6" in kept
    assert "self->within" not in kept


def test_rules_are_looked_for_where_pf_is_asked() -> None:
    looked_at = Function("pf_test_rule", 4, 2, None)
    text = telling(looked_at)
    assert "self->rm = arg0" not in text
    with_test = telling(Function("pf_test", 3, 2, 2), looked_at)
    assert "self->rm = arg0" in with_test
    # It keeps them in the clause that looks at it, and not in one of its own.
    assert clauses_of(with_test, "fbt::pf_test_rule:entry").count("self->rm = arg0") == 1


@pytest.mark.parametrize(
    ("size", "option"), [(1 << 20, "1m"), (3 << 20, "3m"), (96 << 10, "96k"), (98305, "98305")]
)
def test_a_ring_has_the_size_that_was_asked_for(size: int, option: str) -> None:
    text, estimate = path_script(FEW, PathRequest("udp", ring=size))
    assert f"#pragma D option bufsize={option}\n" in text
    assert f"ring={size}" in text
    assert (estimate.holding, estimate.ring) == (None, size)


def test_a_ring_holds_a_hundred_hops_at_least() -> None:
    with pytest.raises(PathError, match="less than 100 hops of ") as refused:
        path_script(FEW, PathRequest("udp", ring=1))
    record = int(str(refused.value).split()[-2])
    path_script(FEW, PathRequest("udp", ring=100 * record))
    with pytest.raises(PathError, match="less than 100 hops"):
        path_script(FEW, PathRequest("udp", ring=100 * record - 1))


def test_nothing_is_held_back_unless_it_is_asked_for() -> None:
    assert path_script(FEW, PathRequest("udp"))[1].holding is None
    assert path_script(FEW, PathRequest("udp", only=ending("dropped")))[1].holding is not None
    brief = PathRequest("udp", only=ending("dropped"), brief=True)
    assert path_script(FEW, brief)[1].holding is None
