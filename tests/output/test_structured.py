# SPDX-License-Identifier: BSD-2-Clause
"""JSON as dtrace(1) writes it, whole and damaged; the simulator's JSON against its text."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.dlang.options import WITH_COPYOUTMBUF
from dtkit.generate import Copy, Request
from dtkit.generate.oneliners import program
from dtkit.oddity import Oddity
from dtkit.output import (
    Annotation,
    Drop,
    Dump,
    Event,
    Fault,
    Firing,
    FiringRun,
    Message,
    Notice,
    Source,
    Stack,
    packets,
    read_output,
    read_runs,
)
from dtkit.output import structured as module
from dtkit.output.structured import read_structured
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.probes import catalog
from dtkit.simulate import Settings, StackPacket
from tests.ids import plain
from tests.output.all_the_way import take_all_the_way
from tests.packets.frames import ipv4, tcp, udp
from tests.simulate.running import ran


def each_of(pieces: Iterable[bytes]) -> Iterator[Event]:
    for item in read_structured(pieces):
        yield from item if isinstance(item, FiringRun) else (item,)


SOURCE = Source(1, 7, "tcp_input", "entry", "fbt:kernel:tcp_input:entry")
DATA = ipv4(6, tcp(payload=b"\0\xff" * 40))


def firing(*output: Any, **fields: Any) -> dict[str, Any]:
    names = {"provider": "fbt", "module": "kernel", "function": "tcp_input", "name": "entry"}
    return {"timestamp": 99, "cpu": 1, "id": 7, **names, "output": list(output), **fields}


def document(*objects: dict[str, Any]) -> str:
    return json.dumps({"dtrace": {"probes": list(objects)}})


def read(text: str | bytes) -> list[Event]:
    return list(read_output(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def read_packets(text: str) -> list[Packet]:
    items = packets(read_output(io.BytesIO(text.encode())), catalog())
    return [item for item in items if isinstance(item, Packet)]


def oddities(events: list[Event]) -> list[str]:
    return [str(event) for event in events if isinstance(event, Oddity)]


DUMP = {"tracemem": f"0x{DATA.hex()}"}
ONE = firing(DUMP)
READ = Firing(1, SOURCE, (Dump(1, DATA),), 99)

OPTIONS = WITH_COPYOUTMBUF.set("quiet", None)


@pytest.mark.parametrize("copy", Copy)
@pytest.mark.parametrize("annotate", [True, False], ids=["annotated", "bare"])
def test_json_has_the_packets_that_the_text_of_the_same_run_has(copy: Copy, annotate: bool) -> None:
    given = [StackPacket(DATA, lengths=(20, 20)), StackPacket(ipv4(17, udp(b"query")))]
    probes = [catalog()["tcp_input"], catalog()["udp_input"]]
    text = program(probes, Request(copy=copy, annotate=annotate, length=200))

    def output(form: str | None) -> list[Packet]:
        options = OPTIONS if form is None else OPTIONS.set("oformat", form)
        return read_packets(ran(text, given, Settings(options=options)))

    plain, found = output(None), output("json")
    assert len(found) >= len(given)
    assert [one.data for one in found] == [one.data for one in plain]
    assert all(one.timestamp is not None for one in found)
    if annotate:
        assert [one._replace(line=None) for one in found] == [
            one._replace(line=None) for one in plain
        ]
    else:
        assert found[0].origin.probe == "fbt:kernel:tcp_input:entry"


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ({"printm": "0x4500"}, Dump(1, b"\x45\0")),
        ({"message": "two\nlines\n"}, (Message(1, "two"), Message(1, "lines"))),
        ({"message": "\n\na FIX\n\n"}, (Message(1, ""), Message(1, ""), Message(1, "a FIX"))),
        ({"message": "a { b"}, Message(1, "a { b")),
        ({"message": "a } b"}, Message(1, "a } b")),
        ({"message": '"}'}, Message(1, '"}')),
        ({"message": "\\"}, Message(1, "\\")),
        ({"message": "y\udcff"}, Message(1, "y\\xff")),
        ({"message": "y\ud800"}, Message(1, "y\\ud800")),
        ({"message": "y\udfff"}, Message(1, "y\\udfff")),
        ({"message": "gr\u00fcn"}, Message(1, "gr\u00fcn")),
        ({"tracemem": "0x4500"}, Dump(1, b"\x45\0")),
        ({"message": "@dtkit 1 mbuf m=0x1"}, Annotation(1, "mbuf", {"m": "0x1"})),
        ({"value": -5}, Message(1, "-5")),
        ({"value": "text"}, Message(1, "text")),
        ({"value": "0xff", "more": 1}, Message(1, '{"value": "0xff", "more": 1}')),
        (
            {"stack-frames": [{"symbol": "kernel`f+0x1", "module": "kernel"}, {"symbol": "0x5"}]},
            Stack(1, ("kernel`f+0x1", "0x5")),
        ),
        ({"aggregation-name": ""}, Message(1, '{"aggregation-name": ""}')),
        ("?", Message(1, "?")),
    ],
    ids=plain,
)
def test_what_an_action_printed(entry: Any, part: Any) -> None:
    parts = part if type(part) is tuple else (part,)
    assert read(document(firing(entry))) == [Firing(1, SOURCE, parts, 99)]
    # Also where it is not the only one, and a line further on.
    text = "\n" + document(firing({"value": "x"}, entry, {"value": "~"}))
    (found,) = read_structured([text.encode()])
    lines = (one._replace(line=2) if type(one) is Dump else replace(one, line=2) for one in parts)
    assert found == Firing(2, SOURCE, (Message(2, "x"), *lines, Message(2, "~")), 99)


def test_values_of_a_printf_are_in_its_text_already() -> None:
    (found,) = read(document(firing({"message": "a=ff b=-1"}, {"value": 255}, {"value": -1})))
    assert isinstance(found, Firing)
    assert found.parts == (Message(1, "a=ff b=-1"),)
    (found,) = read(document(firing({"message": "a=ff"}, {"value": 7})))
    assert isinstance(found, Firing)
    assert found.parts == (Message(1, "a=ff"), Message(1, "7"))


def test_a_dump_that_is_all_text_comes_as_text() -> None:
    """Without its NULs, and even where that looks like hex: the annotation has its length."""
    said = {"message": "@dtkit 1 mbuf t=1 m=0x1 len=8 off=0 dump=8\n"}
    for text, data in (("GET /", b"GET /\0\0\0"), ("0x41", b"0x41\0\0\0\0")):
        events = read(document(firing(said, {"tracemem": text})))
        assert len(oddities(events)) == 1
        (packet,) = read_packets(document(firing(said, {"tracemem": text})))
        assert packet.data == data
    (odd, found) = read(document(firing({"tracemem": "GET /"})))
    assert str(odd) == "line 1: a dump came as text: what followed its NUL is lost"
    assert isinstance(found, Firing)
    assert found.parts == (Dump(1, b"GET /"),)


@pytest.mark.parametrize(
    ("fields", "drop"),
    [
        ({}, Drop(1, 1, "", 1)),
        ({"count": 5}, Drop(1, 5, "", 1)),
        ({"msg": "3 aggregation drops on CPU 0\n"}, Drop(1, 3, "aggregation", 0)),
        ({"msg": "?", "count": -1, "cpu": "x"}, Drop(1, 1, "", None)),
    ],
    ids=plain,
)
def test_drops(fields: dict[str, Any], drop: Drop) -> None:
    names = {"provider": "dtrace", "module": "INTERNAL", "function": "INTERNAL", "name": "DROP"}
    assert read(document({"cpu": 1, "id": -1, **names, **fields})) == [drop]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(document(ONE, ONE), id="compact"),
        pytest.param(json.dumps(json.loads(document(ONE, ONE)), indent=2), id="pretty"),
        pytest.param(document(ONE) + "\n" + document(ONE) + "\n", id="twice"),
        pytest.param(document(ONE, ONE)[:-3], id="without the end"),
        pytest.param(document(ONE, ONE).replace("{", '{"__version": "1", ', 1), id="version"),
        pytest.param("\n" + document(ONE, ONE).replace(" ", ""), id="no blanks"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_layout_and_cuts_do_not_matter(text: str, size: int) -> None:
    data = text.encode()
    events = list(each_of(data[at : at + size] for at in range(0, len(data), size)))
    assert [type(event) for event in events] == [Firing, Firing]
    assert [event.parts[0].data for event in events] == [DATA, DATA]  # type: ignore[union-attr]


STDERR = [
    "dtrace: 3 drops on CPU 1\n",
    "dtrace: description 'ip_input' matched 1 probe\n",
    "dtrace: error on enabled probe ID 2 (ID 7: fbt:kernel:tcp_input:entry): invalid address "
    "(0x10) in action #1\n",
]


@given(st.lists(st.tuples(st.integers(0, 700), st.sampled_from(STDERR)), max_size=3))
def test_stderr_may_break_in_anywhere(breaks: list[tuple[int, str]]) -> None:
    """But in another message: the text is put together from the end."""
    text = document(ONE, firing({"value": 5}), ONE)
    for at, message in sorted(breaks, reverse=True):
        text = text[:at] + message + text[at:]
    for size in (50, len(text)):
        cut = (text[at : at + size].encode() for at in range(0, len(text), size))
        events = list(each_of(cut))
        assert [type(event) for event in events if isinstance(event, Firing)] == [Firing] * 3
        said = [event for event in events if isinstance(event, (Drop, Notice, Fault))]
        assert len(said) == len(breaks)
        assert len(said) + 3 == len(events)


@pytest.mark.parametrize("change", ["", "{", "}", '"', "\\", "nul", "[", "]", "\x01", "x\ny\n"])
def test_a_damaged_firing_is_named_and_the_others_are_kept(change: str) -> None:
    text = document(ONE, ONE, ONE, ONE)
    at = text.index("timestamp", len(text) // 4) + 30
    events = read(text[:at] + change + text[at + 5 :])
    assert events[:1] == [READ]
    kept = [event for event in events if isinstance(event, Firing) and event.timestamp == 99]
    assert [part.data for event in kept for part in event.parts if type(part) is Dump] == [DATA] * 3
    assert len(oddities(events)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (document(ONE)[:-60], ["line 1: a firing is cut or damaged"]),
        (document({}), ["line 1: an object is no firing"]),
        (document(firing(cpu="1")), ["line 1: an object is no firing"]),
        (document(firing(cpu=True)), ["line 1: an object is no firing"]),
        (document(firing(output=None)), ["line 1: an object is no firing"]),
        (document().replace("]", "what is this\n]"), ["line 1: 12 characters are no firing"]),
        (document() + "\nand more", ["line 2: 7 characters are no firing"]),
        (document(firing()).replace("99", "9" * 5000), ["line 1: a firing is cut or damaged"]),
        ('{"dtrace": {"probes": [' + "[" * 100_000, ["line 1: 100000 characters are no firing"]),
        ('{"dtrace": {"probes": [{"a":' + "[" * 100_000, ["line 1: a firing is cut or damaged"]),
    ],
)
def test_what_is_no_firing_is_named(text: str, said: list[str]) -> None:
    assert oddities(read(text)) == said
    assert [one.unread for one in read(text) if isinstance(one, Oddity)] == [1]


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 1 << 70},
        {"id": None, "timestamp": "x"},
        {"timestamp": float("nan")},
        {"function": "a:b c\n\ud800", "module": 5},
        {"output": [{"value": "\ud800"}, {"message": "\udcff"}, {"tracemem": "\ud800"}, [1], None]},
        {"output": [{"tracemem": "0xzz"}, {"tracemem": "0x1"}, {"tracemem": ""}, {"tracemem": 5}]},
        {"output": [{"stack-frames": []}, {"stack-frames": [5, None, {}]}, {"message": 5}]},
    ],
    ids=plain,
)
def test_fields_that_make_no_sense_raise_nothing(fields: dict[str, Any]) -> None:
    take_all_the_way(document(firing(**fields), ONE).encode("utf-8", "surrogatepass"))
    assert READ in read(document(firing(**fields), ONE))


JSONS = st.lists(
    st.tuples(
        st.sampled_from([firing(DUMP), firing(DUMP, cpu=0), firing({"message": "x"}), {}]),
        st.sampled_from([", ", ",", ",\n", " \n,\n\n ", "", "x", "dtrace: 3 drops on CPU 1\n"]),
        st.sampled_from([None, 2]),
    ),
    max_size=12,
)


@given(JSONS)
def test_runs_are_read_as_objects_are(
    objects: list[tuple[dict[str, Any], str, int | None]],
) -> None:
    """On one line or on many, with whatever in between."""
    text = "".join(json.dumps(one, indent=indent) + between for one, between, indent in objects)
    whole = f'{{"dtrace": {{"probes": [\n{text}]}}}}'
    events = read(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_REGULAR", re.compile("(?!)"))
        assert read(whole) == events


def test_firings_on_a_line_each_are_read_in_runs() -> None:
    """Each is looked at once: 10,000 of them in a moment."""
    text = ",\n".join(json.dumps(firing(DUMP, cpu=at % 3)) for at in range(10_000))
    items = list(read_structured([f'{{"dtrace": {{"probes": [{text}]}}}}'.encode()]))
    [run] = items
    assert isinstance(run, FiringRun)
    assert run.dump_lines == list(range(1, 10_001))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    take_all_the_way(b'{"dtrace": {"probes": [' + data)


PIECES = [*STDERR, document(ONE), document(ONE)[:200], ', "aggregations": [{"a": 1}]', "dtrace: x"]


@given(st.lists(st.sampled_from([*PIECES, *'{}[],":\n']) | st.text(max_size=8), max_size=20))
def test_any_mixture_of_its_own_pieces_is_read_without_an_exception(pieces: list[str]) -> None:
    text = '{"dtrace": {"probes": [' + "".join(pieces)
    take_all_the_way(text.encode("utf-8", "surrogatepass"))


def test_a_firing_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST", 5000)
    text = document(ONE, firing({"message": "x" * 20_000}), ONE).encode()
    cut = (text[at : at + 100] for at in range(0, len(text), 100))
    events = list(each_of(cut))
    assert [event for event in events if isinstance(event, Firing)] == [READ, READ]
    assert [event.unread for event in events if isinstance(event, Oddity)] == [1]
    assert oddities(events) == ["line 1: a firing of more than 5000 characters is too long to keep"]


def test_how_long_a_firing_is_that_is_damaged_is_told_from_where_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LONGEST", 5000)
    text = document(*[ONE] * 40, firing({"message": "x" * 4000}), ONE)
    events = list(each_of([text.replace("xxx", '"', 1).encode()]))
    assert oddities(events) == ["line 1: a firing is cut or damaged"]
    assert len(events) == 42


def test_a_firing_is_there_when_its_last_byte_is() -> None:
    text = document(ONE, ONE).encode()
    end = text.index(b"}, {", 30) + 1
    taken = []

    def live() -> Iterator[bytes]:
        for at in range(len(text)):
            taken.append(at)
            yield text[at : at + 1]

    assert next(each_of(live())) == READ
    assert len(taken) == end


def test_memory_is_bounded_while_streaming() -> None:
    """What was read is not kept, though it is all one line."""
    import tracemalloc

    def endless() -> Iterator[bytes]:
        yield b'{"dtrace": {"probes": ['
        for _ in range(400):
            yield (json.dumps(ONE) + ", ").encode() * 100

    tracemalloc.start()
    count = sum(1 for _ in each_of(endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 4 << 20


def runs(text: str) -> list[type]:
    """The kinds of what *text* is read to, where firings that look alike stay together."""
    return [type(item) for item in read_structured([text.encode()])]


def test_firings_of_one_dump_come_in_a_run() -> None:
    other = firing({"printm": "0x45"}, cpu=12, function="ip_input", timestamp=7)
    text = document(ONE, other, ONE, firing({"value": 5}), ONE)
    (run, *rest) = read_structured([text.encode()])
    assert isinstance(run, FiringRun)
    place = Source(12, 7, "ip_input", "entry", "fbt:kernel:ip_input:entry")
    assert list(run) == [READ, Firing(1, place, (Dump(1, b"\x45"),), 7), READ]
    assert list(run.timestamps) == [99, 7, 99]
    assert run.sources[0] is run.sources[2]
    assert [type(item) for item in rest] == [Firing, FiringRun]
    # Also where it stands on several lines: each has the one that it begins on.
    text = json.dumps(json.loads(document(ONE, ONE, ONE)), indent=1)
    assert runs(text) == [FiringRun]
    lines = [at for at, line in enumerate(text.split("\n"), 1) if line == "   {"]
    found = [one for one in each_of([text.encode()]) if isinstance(one, Firing)]
    assert [one.line for one in found] == lines
    # Or where a message broke into the first.
    broken = text.replace('"cpu"', '"cpudtrace: 3 drops on CPU 1\n"', 1)
    found = [one for one in each_of([broken.encode()]) if isinstance(one, Firing)]
    assert [one.line for one in found] == [lines[0], lines[1] + 1, lines[2] + 1]
    # What is in a list of another kind is no firing.
    (said,) = read_structured([b"\n", document(ONE).replace("probes", "aggregations").encode()])
    assert said == Message(2, json.dumps(ONE))


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_each_has_the_line_that_it_begins_on(size: int) -> None:
    first, second, third = (
        json.dumps(firing({"value": 5}, function=name), indent=1) for name in ("a", "b", "c")
    )
    said = "dtrace: 3 drops on CPU 1\n"
    broken = second[:60] + said + second[60:]
    begin = '{"dtrace":\n {"probes":\n[\n'
    text = f'{begin}{first},\n\n{said}{broken},\n{third},\nwhat\n{{"a": 1}}\n]}}}}\n'
    data = text.encode()
    events = list(each_of(data[here : here + size] for here in range(0, len(data), size)))
    lines = {type(event).__name__: 0 for event in events}
    assert lines.keys() == {"Firing", "Drop", "Oddity"}

    def lines_of(*pieces: int) -> list[int]:
        return [text.count("\n", 0, at) + 1 for at in pieces]

    # That of a firing is where it begins, though a message broke into it.
    assert [event.line for event in events if isinstance(event, Firing)] == lines_of(
        text.index(first), text.index(broken), text.index(third)
    )
    assert [event.line for event in events if isinstance(event, Drop)] == lines_of(
        text.index(said), text.rindex(said)
    )
    odd = [event for event in events if isinstance(event, Oddity)]
    assert [(one.number, one.text, one.unread) for one in odd] == [
        (*lines_of(text.index("what")), "4 characters are no firing", 1),
        (*lines_of(text.index('{"a"')), "an object is no firing", 1),
    ]


def test_lines_are_counted_on_from_what_was_in_front() -> None:
    found = list(read_structured([document(firing({"value": 5})).encode()], 7))
    assert [one.line for one in found if isinstance(one, Firing)] == [7]
    (odd,) = read_structured([b'{"dtrace": {"probes": [\n{}\n]}}'], 7)
    assert isinstance(odd, Oddity)
    assert odd.number == 8


def test_how_many_dumps_came_as_text_is_said() -> None:
    said = "line 1: a dump came as text: what followed its NUL is lost"
    text = firing({"tracemem": "GET /"})
    assert oddities(read(document(text))) == [said]
    assert oddities(read(document(text, ONE, text))) == [said, "2 dumps in all came as text"]


@pytest.mark.parametrize(
    ("text", "size", "data", "odd"),
    [
        ("0x4500", None, b"\x45\0", False),
        ("0x4500", 2, b"\x45\0", False),
        ("0x4500", 3, b"0x4500", True),
        ("0x4500", 7, b"0x4500\0", True),
        ("0x450", None, b"0x450", True),
        ("0xAB", None, b"0xAB", True),
        ("GET", 3, b"GET", True),
        ("GET", 2, b"GET", True),
        ("GET", 5, b"GET\0\0", True),
        ("gr\u00fcn", None, "gr\u00fcn".encode(), True),
        ("y\udcff", None, b"y\xff", True),
        ("\udc80", None, b"\x80", True),
        ("\ud800", None, b"?", True),
        ("b\udc7f", None, b"b?", True),
        ("c\udd00", None, b"c?", True),
        ("d\udfff", None, b"d?", True),
        ("\ue000", None, "\ue000".encode(), True),
        ("GET", 10_000_001, b"GET", True),
    ],
    ids=[
        *("hex", "hex as long", "longer", "longer by far", "an odd digit", "upper case"),
        *("text", "shorter", "zeros", "UTF-8", "a byte", "the least byte", "half a character"),
        *("the last half", "no byte", "the very last half", "a whole character", "far too long"),
    ],
)
def test_the_bytes_of_a_dump(text: str, size: int | None, data: bytes, odd: bool) -> None:
    said = [] if size is None else [{"message": f"@dtkit 1 mbuf t=1 dump={size}\n"}]
    events = read(document(firing(*said, {"tracemem": text}, {"value": 5})))
    (found,) = [event for event in events if isinstance(event, Firing)]
    assert [part.data for part in found.parts if isinstance(part, Dump)] == [data]
    assert bool(oddities(events)) is odd


def test_of_no_bytes_there_is_no_dump() -> None:
    for text in ("", "0x"):
        (found,) = [
            one for one in read(document(firing({"tracemem": text}))) if type(one) is Firing
        ]
        assert found.parts == ()


@pytest.mark.parametrize(
    ("before", "value", "said"),
    [
        ("a=ff", 255, True),
        ("a=FF", 255, False),
        ("a=377", 255, True),
        ("a=-1", -1, True),
        ("a=ffffffffffffffff", -1, True),
        ("a=18446744073709551615", -1, True),
        ("a=x", "x", True),
        ("a=x", "y", False),
        ("a=1.5", 1.5, True),
        ("@dtkit 1 mbuf t=77", 77, True),
        ("@dtkit 1 mbuf t=77", 78, False),
        (None, 77, False),
    ],
)
def test_a_value_that_was_printed_is_not_said_again(
    before: str | None, value: Any, said: bool
) -> None:
    output = [{"value": value}] if before is None else [{"message": before}, {"value": value}]
    (found,) = read(document(firing(*output)))
    assert isinstance(found, Firing)
    assert len(found.parts) == len(output) - said


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"id": None}, Source(1, None, "tcp_input", "entry", "fbt:kernel:tcp_input:entry")),
        ({"id": -1}, Source(1, None, "tcp_input", "entry", "fbt:kernel:tcp_input:entry")),
        ({"id": (1 << 64) - 1}, Source(1, (1 << 64) - 1, "tcp_input", "entry", SOURCE.probe)),
        ({"id": 1 << 64}, Source(1, None, "tcp_input", "entry", SOURCE.probe)),
        ({"function": "a b:c\nd"}, Source(1, 7, "a_b_c_d", "entry", "fbt:kernel:a_b_c_d:entry")),
        ({"provider": 5, "module": None}, Source(1, 7, "tcp_input", "entry", "::tcp_input:entry")),
        ({"cpu": 0, "name": ""}, Source(0, 7, "tcp_input", "", "fbt:kernel:tcp_input:")),
    ],
    ids=["no id", "-1", "64 bits", "65 bits", "blanks", "no words", "no name"],
)
def test_where_a_firing_was(fields: dict[str, Any], source: Source) -> None:
    (found,) = read(document(firing({"value": 5}, **fields)))
    assert found == Firing(1, source, (Message(1, "5"),), 99)


def test_a_long_object_is_not_looked_at_with_each_small_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    apart = module._StructuredReader._apart

    def counted(self: Any, kept: str, new: str, ended: bool) -> Any:
        looked.append(len(new))
        return apart(self, kept, new, ended)

    monkeypatch.setattr(module._StructuredReader, "_apart", counted)
    text = document(firing({"message": "x" * 400_000})).encode()
    pieces = [text[at : at + 100] for at in range(0, len(text), 100)]
    (found,) = each_of(iter(pieces))
    assert isinstance(found, Firing)
    # Up to 65,536 characters each piece, and then some when they are a quarter of what there is.
    assert 655 <= len(looked) < 680
    assert min(looked[660:-1]) > 16_000


@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("started", [False, True])
def test_packets_of_runs_are_those_of_their_firings(started: bool, count: int) -> None:
    """With their times, and those of the day where a script told both."""
    said = firing({"message": "@dtkit 1 start timestamp=90 walltimestamp=1090\n"})
    seen = [firing(DUMP, timestamp=99 + at, cpu=at % 2) for at in range(count)]
    data = document(*[said] * started, *seen).encode()
    runs = list(packets(read_runs(io.BytesIO(data)), catalog()))
    (found,) = [item for item in runs if isinstance(item, PacketRun)]
    assert list(found) == read_packets(data.decode())
    place = "fbt:kernel:tcp_input:entry"
    assert {one.origin for one in found} == {
        Origin(place, "tcp_input", "entry", cpu, 7) for cpu in range(min(count, 2))
    }
    times = range(99, 99 + count)
    assert [one.timestamp for one in found] == [*times]
    assert [one.time for one in found] == [at + 1000 if started else None for at in times]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("before", ["", "\n"], ids=["at the beginning", "behind a line"])
def test_what_dtrace_says_on_a_line_of_its_own_may_be_anything(before: str, size: int) -> None:
    data = f"{before}dtrace: could not do it\n{document(ONE)}\ndtrace: nor that\n".encode()
    events = list(each_of(data[at : at + size] for at in range(0, len(data), size)))
    number = data.count(b"\n", 0, data.index(b"dtrace")) + 1
    assert events == [
        Notice(number, "could not do it"),
        Firing(number + 1, SOURCE, (Dump(number + 1, DATA),), 99),
        Notice(number + 2, "nor that"),
    ]


def test_a_character_that_is_cut_at_the_end_is_no_firing() -> None:
    data = document(ONE).encode() + "\n\u00e4".encode()[:-1]
    (found, odd) = each_of([data])
    assert found == READ
    assert odd == Oddity("line", 2, "1 character is no firing", 1)
