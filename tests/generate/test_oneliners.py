# SPDX-License-Identifier: BSD-2-Clause
"""One-liners, letter for letter."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit import __version__
from dtkit.dlang import TargetKernel, target_kernel
from dtkit.dlang.compiler.compile import compile_program
from dtkit.dlang.options import Options
from dtkit.generate import Copy, Request, oneliner
from dtkit.generate.oneliners import program
from dtkit.generate.request import LONGEST, Conditions
from dtkit.generate.templating import render
from dtkit.probes import Probe, catalog

COPY = Copy.COPYOUTMBUF

BARE = {
    "the RFD's first example": (
        ["tcp_input"],
        Request(length=64, copy=COPY),
        "dtrace -n 'fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64), 64); }'",
    ),
    "the RFD's second example": (
        ["tcp_input"],
        Request(length=64, offset=20, copy=COPY),
        "dtrace -n 'fbt::tcp_input:entry { tracemem(copyoutmbuf(*args[0], 64, 20), 64); }'",
    ),
    "a pointer that can be NULL": (
        ["m_freem"],
        Request(copy=COPY),
        "dtrace -n 'fbt::m_freem:entry /args[0] != NULL/ "
        "{ tracemem(copyoutmbuf(args[0], 64), 64); }'",
    ),
    "a cast in a predicate is in parentheses": (
        ["tcp:::receive"],
        Request(copy=COPY),
        "dtrace -n 'tcp:::receive /((struct mbuf *)arg2) != NULL/ "
        "{ tracemem(copyoutmbuf((struct mbuf *)arg2, 64), 64); }'",
    ),
    "everything, up to a constant": (
        ["ip_input"],
        Request(length=0, most=1500, copy=COPY),
        "dtrace -n 'fbt::ip_input:entry /mbuflen(args[0]) > 0/ "
        "{ tracemem(copyoutmbuf(args[0], 0), 1500, mbuflen(args[0])); }'",
    ),
    "everything past an offset": (
        ["m_freem"],
        Request(length=0, most=9, offset=4, copy=COPY),
        "dtrace -n 'fbt::m_freem:entry /args[0] != NULL && mbuflen(args[0]) > 4/ "
        "{ tracemem(copyoutmbuf(args[0], 0, 4), 9, mbuflen(args[0]) - 4); }'",
    ),
    "the first mbuf": (
        ["ip_input"],
        Request(),
        "dtrace -n 'fbt::ip_input:entry /args[0]->m_len > 0/ "
        "{ tracemem(args[0]->m_data, 64, args[0]->m_len); }'",
    ),
    "no comment is opened": (
        ["tcp_input"],
        Request(offset=20),
        "dtrace -n 'fbt::tcp_input:entry /(*args[0])->m_len > 20/ "
        "{ tracemem((*args[0])->m_data + 20, 64, (*args[0])->m_len - 20); }'",
    ),
    "everything in the first mbuf": (
        ["ip_input"],
        Request(length=0),
        "dtrace -n 'fbt::ip_input:entry /args[0]->m_len > 0/ "
        "{ tracemem(args[0]->m_data, 2048, args[0]->m_len); }'",
    ),
    "two probes": (
        ["ip_input", "ip6_input"],
        Request(length=8, copy=COPY),
        "dtrace -n 'fbt::ip_input:entry { tracemem(copyoutmbuf(args[0], 8), 8); } "
        "fbt::ip6_input:entry { tracemem(copyoutmbuf(args[0], 8), 8); }'",
    ),
}


def found(*names: str) -> list[Probe]:
    return [catalog()[name] for name in names]


@pytest.mark.parametrize(("probes", "request_", "expected"), BARE.values(), ids=BARE)
def test_bare(probes: list[str], request_: Request, expected: str) -> None:
    assert oneliner(found(*probes), request_) == expected


def test_annotated_output_is_counted_per_probe() -> None:
    text = program(found("tcp_input", "m_freem"), Request(annotate=True))
    for probe in ("fbt::tcp_input:entry", "fbt::m_freem:entry"):
        assert f'@fired["{probe}"] = sum(0);' in text
        assert f'@accepted["{probe}"] = sum(1);' in text
    assert text.endswith('fired=%@d accepted=%@d\\n", @fired, @accepted);\n}')
    assert f'printf("@dtkit 1 start dtkit={__version__} ' in text


REQUESTS = st.builds(
    Request,
    length=st.integers(0, LONGEST),
    offset=st.integers(0, LONGEST),
    most=st.integers(1, LONGEST),
    copy=st.sampled_from(Copy),
    annotate=st.booleans(),
    depth=st.integers(1, 3),
)


@given(st.lists(st.sampled_from(list(catalog())), min_size=1, max_size=3), REQUESTS)
def test_what_a_shell_hands_to_dtrace_is_the_program(probes: list[Probe], request: Request) -> None:
    command = oneliner(probes, request)
    assert "\n" not in command
    *options, flag, text = shlex.split(command)
    unsure = len(probes) > 1 and any(probe.unsure for probe in probes)
    quiet = ["-q"] if request.annotate else []
    assert options == ["dtrace", *quiet, *(["-Z"] if unsure else [])]
    assert flag == "-n"
    assert text.split() == program(probes, request).split()
    assert "/*" not in text


def test_one_probe_that_is_not_there_does_not_hide_the_others() -> None:
    """-Z, and raw arguments: dtrace(1) has no args[] of a probe that is not there."""
    both = oneliner(found("ip_input", "pf_test"), Request())
    assert both.startswith("dtrace -Z -n ")
    assert "(struct mbuf **)arg3" in both
    assert "tracemem(args[0]->m_data" in both
    alone = oneliner(found("pf_test"), Request())
    assert alone.startswith("dtrace -n ")
    assert "(struct mbuf **)arg3" in alone


@pytest.mark.parametrize(
    "request_",
    [Request(), Request(copy=Copy.SEGMENTS, conditions=Conditions(interface="em0"))],
    ids=["bare", "conditions"],
)
def test_every_probe_of_the_catalog_at_once_compiles(request_: Request) -> None:
    """Even where none of the unsure ones is, as the simulator's compiler finds them."""
    # (bpf's own structure, by which bpf_mtap has its interface, is not in the library.)
    probes = [
        probe
        for probe in catalog()
        if not request_.conditions.any or (probe.interface and not probe.interface.tapped)
    ]
    known = target_kernel()
    gone = {probe.description.function for probe in probes if probe.unsure}
    assert len(gone) == 3
    without = [one for one in known if one.provider != "dtrace" and one.function not in gone]
    text = program(probes, request_)
    options = Options(zdefs=True)
    compile_program(text, options=options, of=TargetKernel(known.release, without))


def test_the_quoting_survives_a_real_shell() -> None:
    command = oneliner(found("tcp_input"), Request(annotate=True))
    script = 'dtrace() { for word; do printf "<%s>" "$word"; done; }\n' + command
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "".join(f"<{word}>" for word in shlex.split(command)[1:])


@pytest.mark.parametrize(
    "values", [{"length": -1}, {"offset": -1}, {"most": 0}, {"length": LONGEST + 1}], ids=str
)
def test_numbers_out_of_range_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is not between"):
        Request(**values)  # type: ignore[arg-type]


def test_no_probe_is_refused() -> None:
    with pytest.raises(ValueError, match="no probe"):
        oneliner([], Request())


@pytest.mark.parametrize(
    "word", ["a b", "a;b", "$(x)", "a'b", 'a"b', "a\nb", "a\\b", "*/", "é", "%s", "{{7}}"]
)
def test_no_word_reaches_d_unchecked(word: str) -> None:
    with pytest.raises(ValueError, match="is no plain word"):
        render("oneliner.d.j2", version=word)
    with pytest.raises(ValueError, match="is no plain word"):
        render("oneliner.d.j2", points=[word])
