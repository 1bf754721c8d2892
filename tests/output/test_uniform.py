# SPDX-License-Identifier: BSD-2-Clause
"""Firings that look alike come in runs, and what is not so to the letter is read line by line."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO, cast

import pytest

from dtkit.output import Annotation, Dump, Event, Firing, FiringRun, Source, read_output, read_runs
from dtkit.output import uniform as module
from dtkit.output.uniform import (
    LARGEST,
    SEPARATOR,
    Annotated,
    Frames,
    Opener,
    Split,
)
from dtkit.output.uniform import (
    annotated as said_alike,
)
from tests.ids import plain
from tests.output.dtrace_text import HEADER, dump, framed

WHERE = "probe=fbt:kernel:ip_input:entry id=7 cpu=0"


def frames(data: bytes) -> str:
    return framed(0, 7, "ip_input", "entry", dump(data))


def annotated(data: bytes) -> str:
    return f"@dtkit 1 mbuf {WHERE} t=5 m=0x1 len={len(data)} off=0 dump={len(data)}\n" + dump(data)


FORMS: dict[str, Callable[[bytes], str]] = {
    "frames": frames,
    "nothing": dump,
    "annotations": annotated,
}
DATA = bytes(range(30))


def kinds(text: str) -> list[int]:
    """How many firings come in each run; 0 for one by itself, and for whatever else."""
    return [
        len(item) if isinstance(item, FiringRun) else 0
        for item in read_runs(io.BytesIO(text.encode()))
    ]


def one_run(form: Callable[[bytes], str], count: int) -> list[int]:
    """What the last opens, nothing tells; and what opens the first, only an annotation does."""
    return [count - 1, 0] if form is annotated else [0, count - 2, 0]


class Lines(io.RawIOBase):
    """A stream that hands out a line at a time, so that no run fits in."""

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.splitlines(keepends=True))

    def read(self, size: int = -1) -> bytes:
        return next(self._lines, b"")


def read(data: bytes) -> list[Event]:
    """What *data* is read to; line by line it is the same."""
    found = list(read_output(io.BytesIO(data)))
    assert found == list(read_output(cast("BinaryIO", Lines(data))))
    return found


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_looks_alike_is_a_run(form: Callable[[bytes], str]) -> None:
    assert kinds(form(DATA) * 20) == one_run(form, 20)
    assert kinds(form(DATA) * 5) == one_run(form, 5)
    assert kinds((form(DATA) * 5).replace("\n", "\r\n")) == one_run(form, 5)
    fewest = 3 if form is annotated else 4
    assert kinds(form(DATA) * fewest) == [0] * fewest
    found = read((form(DATA) * 20).encode())
    assert len(found) == 20
    for number, firing in enumerate(found):
        assert isinstance(firing, Firing)
        assert [part.data for part in firing.parts if isinstance(part, Dump)] == [DATA]
        lines = form(DATA).count("\n")
        assert firing.line == 1 + number * lines + (form is dump)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 31, 32, 33, 255, 256, 257, 4095, LARGEST])
def test_dumps_of_any_size_are_a_run(form: Callable[[bytes], str], size: int) -> None:
    data = (bytes(range(256)) * 17)[:size]
    assert kinds(form(data) * 8) == one_run(form, 8)
    sizes = [data, data[:1], data, data[: size // 2 or 1], data]
    assert kinds("".join(map(form, sizes)) * 2) == one_run(form, 10)
    found = read("".join(map(form, sizes * 2)).encode())
    assert [dump.data for one in found for dump in one.parts if type(dump) is Dump] == sizes * 2  # type: ignore[union-attr]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_largest_are_none(form: Callable[[bytes], str]) -> None:
    data = bytes(LARGEST + 1)
    assert kinds(form(data) * 8) == [0] * 8
    around = kinds(form(DATA) * 6 + form(data) + form(DATA) * 6)
    assert sum(around) + around.count(0) == 13
    assert max(around) >= 4


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("row", [0, 1], ids=["a whole row", "the last row"])
def test_whatever_changes_in_a_row_it_is_read_as_its_line_is(
    form: Callable[[bytes], str], row: int
) -> None:
    """In every column: to a digit, a letter, a blank, a colon, a newline, and without it."""
    text = (form(DATA) * 9).encode()
    begins = [at + 1 for at, byte in enumerate(text[:-1]) if byte == 10]
    rows = [at for at in begins if text[at : at + 11].endswith((b" 0:", b"10:"))]
    start = rows[8 + row]
    end = text.index(b"\n", start)
    for at in range(start, end + 1):
        for change in (b"0", b"f", b"z", b" ", b":", b"\n", b""):
            if text[at : at + 1] != change:
                read(text[:at] + change + text[at + 1 :])


@pytest.mark.parametrize(
    "change",
    [
        (b"ip_input:entry ", b"ip_input:entry"),
        (b"ip_input:entry ", b"ip_input:entry x"),
        (b"  0      7", b"  0     7"),
        (b"  0      7", b"  1      8"),
        (b"  0      7", b"\xff 0      7"),
        (b"\n\n  0", b"\n  0"),
        (b"\n\n  0", b"\n\n\n  0"),
        (b"\n\n  0", b"\nx\n  0"),
        (b"\n\n  0", b"\r\n\r\n  0"),
    ],
    ids=[
        *("no blank", "text", "no frame", "another", "no text", "no empty line", "two", "a line"),
        "carriage returns",
    ],
)
def test_whatever_changes_in_a_frame_it_is_read_as_its_line_is(
    change: tuple[bytes, bytes],
) -> None:
    parts = (frames(DATA) * 14).encode().split(change[0])
    assert len(parts) >= 14
    for at in (1, 6, 7, 12):
        read(change[0].join(parts[:at]) + change[1] + change[0].join(parts[at:]))
        # Once as well as twice.
        read(change[0].join(parts[:3]) + change[1] + change[1].join(parts[3:]))


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ("len=30", "len=31"),
        ("len=30", "len=x"),
        ("len=30", "len=-30"),
        ("dump=30", "dump=29"),
        ("dump=30", "dump=31"),
        ("dump=30", "dump=16"),
        ("dump=30", "dump="),
        (" off=0", ""),
        (" off=0", " off=0 off=0"),
        (" off=0", " off=0 more=1"),
        ("m=0x1", "m=1"),
        ("mbuf", "free"),
        ("@dtkit 1", "@dtkit 2"),
        ("@dtkit 1", "@dtkit 9"),
        ("t=5", "t=99999999999999999999"),
        ("cpu=0", "cpu=-1"),
        ("fbt:kernel:ip_input:entry", "no:probe"),
        ("fbt:kernel:ip_input:entry", "a\u00e9"),
        ("off=0", "if=em0 off=0"),
    ],
)
def test_whatever_changes_in_an_annotation_it_is_read_as_its_line_is(was: str, is_: str) -> None:
    good = annotated(DATA)
    for count in (1, 3, 6):
        read((good * 7 + good.replace(was, is_) * count + good * 7).encode())
    read((good.replace(was, is_) * 14).encode())


def test_a_run_is_a_sequence_of_firings() -> None:
    run = FiringRun(
        Opener.ANNOTATION,
        [3, 8, 13],
        [None, Source(0, 1, "f", "entry"), None],
        [b"a", b"b", b"c"],
        "mbuf",
        {"t": [1, 2, 3], "m": [1, 2, 0xABC]},
        ("%d", "0x%x"),
        [5, 6, 7],
    )
    assert (len(run), run.line) == (3, 1)
    firings = [
        Firing(line - 2, source, (Annotation(line - 2, "mbuf", said), Dump(line, data)), stamp)
        for line, source, said, data, stamp in zip(
            [3, 8, 13],
            run.sources,
            [{"t": "1", "m": "0x1"}, {"t": "2", "m": "0x2"}, {"t": "3", "m": "0xabc"}],
            run.dumps,
            [5, 6, 7],
            strict=True,
        )
    ]
    assert list(run) == firings
    assert list(run[1:]) == firings[1:]
    assert (run[1:].line, len(run[1:])) == (6, 2)
    assert [run.firing(at) for at in range(3)] == firings
    bare = FiringRun(Opener.NOTHING, [3], [None], [b"a"])
    assert list(bare) == [Firing(3, None, (Dump(3, b"a"),), None)]
    assert bare.line == 3
    frame = FiringRun(Opener.FRAME, [3], [None], [b"a"])
    assert list(frame) == [Firing(2, None, (Dump(3, b"a"),), None)]
    assert frame.line == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"dump_lines": [3]},
        {"dump_lines": [3, 8, 13]},
        {"sources": [None]},
        {"sources": [None] * 3},
        {"dumps": [b"a"]},
        {"dumps": [b"a", b"b", b"c"]},
        {"timestamps": [1]},
        {"timestamps": [1, 2, 3]},
        {"fields": {"t": [1], "m": [1, 2]}},
        {"fields": {"t": [1], "m": [1]}},
        {"formats": ("%d",)},
        {"formats": ("%d", "%d", "%d")},
    ],
    ids=plain,
)
def test_columns_of_a_run_are_as_long_as_each_other(fields: dict[str, Any]) -> None:
    said = {"t": [1, 2], "m": [1, 2]}
    run = FiringRun(
        Opener.ANNOTATION, [3, 8], [None] * 2, [b"a", b"b"], "mbuf", said, ("%d", "%d"), [5, 6]
    )
    assert len(list(run)) == 2
    with pytest.raises(ValueError, match="zip"):
        list(replace(run, **fields))


# Blocks, split


def rows(data: bytes) -> bytes:
    """The rows of a dump, without the last newline."""
    return dump(data).split("\n", 2)[2].encode().removesuffix(b"\n")


ROWS = rows(DATA)
FRAMED = b"  0      7                   ip_input:entry "
SAID = b"@dtkit 1 mbuf t=5"

#: What stands in front of a header, and is told from rows.
BEHIND = {
    Opener.NOTHING: (b"\n", b""),
    Opener.FRAME: (b"\n\n" + FRAMED, FRAMED),
    Opener.ANNOTATION: (b"\n" + SAID + b"\n", SAID),
}

#: A part, what it opens, the text of that, how many rows there may be, and whether there are.
PARTS = {
    "nothing": (ROWS + b"\n", Opener.NOTHING, b"", 2, True),
    "a frame": (ROWS + b"\n\n" + FRAMED, Opener.FRAME, FRAMED, 2, True),
    "another frame": (ROWS + b"\n\nx", Opener.FRAME, b"x", 2, True),
    "an annotation": (ROWS + b"\n" + SAID + b"\n", Opener.ANNOTATION, SAID, 2, True),
    "an annotation behind an empty line": (
        ROWS + b"\n\n" + SAID + b"\n", Opener.ANNOTATION, SAID, 2, False,
    ),
    "a line": (ROWS + b"\ndtkit 1\n", Opener.NOTHING, b"", 0, False),
    "an empty line": (ROWS + b"\n\n", Opener.NOTHING, b"", 2, False),
    "two empty lines": (ROWS + b"\n\n\n" + FRAMED, Opener.FRAME, FRAMED, 2, False),
    "no empty line": (ROWS + b"\n" + FRAMED, None, b"", 0, False),
    "a line in front of a frame": (ROWS + b"\n\nx\n" + FRAMED, None, b"", 0, False),
    "no rows": (b"\n\n" + FRAMED, Opener.FRAME, FRAMED, 0, False),
    "a frame alone": (FRAMED, None, b"", 0, False),
    "an annotation alone": (SAID + b"\n", Opener.ANNOTATION, SAID, 0, False),
    "a newline": (b"\n", Opener.NOTHING, b"", 0, False),
    "not even that": (b"", Opener.NOTHING, b"", 0, False),
    "a newline less": (ROWS[:-1], None, b"", 0, False),
}  # fmt: skip


def split_around(before: Opener, part: bytes) -> Split:
    """A block in which *part* is the fifth of eight, which all open *before*."""
    behind, _ = BEHIND[before]
    parts = [behind, *[ROWS + behind] * 3, part, *[ROWS + behind] * 2, ROWS + b"\n"]
    split = Split.of(SEPARATOR.join(parts))
    assert len(split) == 8
    assert [split.part(at) for at in range(8)] == parts
    for at in (1, 2, 3, 5, 6):
        assert split.openers[at] is before
        assert split.dumps[at] == DATA
    return split


@pytest.mark.parametrize("before", Opener)
@pytest.mark.parametrize("case", PARTS.values(), ids=PARTS)
def test_what_a_part_opens_and_its_rows(
    before: Opener, case: tuple[bytes, Opener | None, bytes, int, bool]
) -> None:
    part, opener, text, count, regular = case
    split = split_around(before, part)
    behind, said = BEHIND[before]
    assert split.openers == [*[before] * 4, opener, *[before] * 2, None]
    assert split.texts == [*[said] * 4, text, *[said] * 2, b""]
    assert split.rows == [0, 2, 2, 2, count, 2, 2, 0]
    data = DATA if regular else None
    assert split.dumps == [None, DATA, DATA, DATA, data, DATA, DATA, None]
    if regular and opener is before:
        assert split.reach == [6] * 7 + [7]
    else:
        assert split.reach == [3] * 4 + [6 if opener is before else 4] + [6, 6, 7]
    assert split.rows_of(1) == ROWS + b"\n" * (1 + (before is Opener.FRAME))
    assert split.opener_of(1) == (behind[1:] if before is not Opener.FRAME else FRAMED) + b"\n"
    assert split.opener_of(7) == b"\n"


@pytest.mark.parametrize("count", range(5))
def test_of_the_last_part_nothing_is_told(count: int) -> None:
    split = Split.of(SEPARATOR.join([b"", *[ROWS + b"\n"] * count]))
    told = max(count - 1, 0)
    step = len(ROWS + b"\n" + SEPARATOR)
    assert split.starts == [0, *(len(SEPARATOR) + at * step for at in range(count))]
    assert split.openers == ([Opener.NOTHING] * count if told else [None] * count) + [None]
    assert split.dumps == [None, *[DATA] * told, *[None] * min(count, 1)]
    assert split.rows == [0, *[2] * told, *[0] * min(count, 1)]
    assert split.reach == [told] * count + [count]


#: Of the rows of 30 bytes: a place, what becomes of the character there, and the bytes then.
CHANGES = {
    **{f"column {at}": (at, b"x", None) for at in (0, 6, 11, 14, 56, 59, 60)},
    "the first offset": (8, b"0", None),
    "a digit of it": (7, b"0", None),
    "its last": (9, b"1", None),
    "its colon": (10, b" ", None),
    "no hex": (12, b"g", None),
    "no hex in the last column": (58, b"g", None),
    "a blank for hex": (57, b" ", None),
    "upper case": (58, b"F", DATA),
    "another digit": (13, b"1", b"\x01" + DATA[1:]),
    "text": (61, b"x", DATA),
    "the end of the text": (76, b"x", DATA),
    "a newline in it": (61, b"\n", None),
    "a newline at its end": (76, b"\n", None),
    "no newline": (77, b" ", None),
    "the second offset": (78 + 8, b"2", None),
    "hundreds": (78 + 7, b"1", None),
    "a byte more": (78 + 12 + 3 * 14, b"0", None),
    "a byte less": (78 + 12 + 3 * 13, b" ", None),
    "the last blank": (78 + 60, b"x", None),
    "the end of the last row": (78 + 61 + 13, b"\n", None),
}  # fmt: skip


@pytest.mark.parametrize("before", Opener)
@pytest.mark.parametrize(("at", "change", "data"), CHANGES.values(), ids=CHANGES)
def test_rows_are_such_to_the_letter(
    before: Opener, at: int, change: bytes, data: bytes | None
) -> None:
    assert ROWS[at : at + 1] != change
    changed = ROWS[:at] + change + ROWS[at + 1 :]
    assert split_around(before, changed + BEHIND[before][0]).dumps[4] == data


@pytest.mark.parametrize("before", Opener)
@pytest.mark.parametrize("count", [14, 15])
def test_a_byte_that_is_elsewhere_in_the_row_is_none(before: Opener, count: int) -> None:
    """As many blanks as there ought to be, and in one row the bytes are further on."""
    last = ROWS[78:]
    moved = last[:11] + b"   " + last[11 : 11 + 3 * 14] + b"   " + last[59:]
    assert len(moved) == len(last)
    assert split_around(before, ROWS[:78] + moved + BEHIND[before][0]).dumps[4] is None


@pytest.mark.parametrize(
    "sizes", [[1], [16], [17, 1, 16, 256, 257], [4096, 30], [4097], [4081]], ids=plain
)
@pytest.mark.parametrize("most", [1, 2, 256])
def test_dumps_of_all_sizes_are_converted_together(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], most: int
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", most)
    data = [(bytes(range(256)) * 17)[-size:] for size in sizes] * 2
    parts = [b"", *(rows(each) + b"\n" for each in data), b""]
    split = Split.of(SEPARATOR.join(parts))
    whole = [each if len(each) <= LARGEST else None for each in data]
    assert split.dumps == [None, *whole, None]
    assert split.rows[1:-1] == [-(-len(each) // 16) if each else 0 for each in whole]


def test_a_header_is_between_newlines() -> None:
    assert f"\n{HEADER}".encode() == SEPARATOR


# Frames and annotations, many at a time


def test_frames_are_remembered() -> None:
    texts = [framed(0, at, "f", "entry", "")[:-1].encode() for at in range(4)]
    found: list[Source | None] = [Source(0, at, "f", "entry") for at in range(4)]
    frames = Frames()
    assert frames.sources([*texts, texts[0]]) == [*found, found[0]]
    first, *_, last = frames.sources([*texts, texts[0]])
    assert first is last
    odd = [
        b"x",
        texts[0] + b"x",
        texts[0].replace(b"f:", b"\xff:"),
        texts[0].replace(b"f:", b"\0:"),
    ]
    assert frames.sources(odd) == [None] * 4
    assert frames.sources([texts[0].replace(b" f:", "\u00e4:".encode())]) != [None]


@pytest.mark.parametrize("most", [1, 3, 4])
def test_only_so_many_frames_are_remembered(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(module, "_FRAMES", most)
    texts = [framed(0, at, "f", "entry", "")[:-1].encode() for at in range(4)]
    frames = Frames()
    for _ in range(2):
        assert frames.sources([*texts, b"x"]) == [
            *(Source(0, at, "f", "entry") for at in range(4)),
            None,
        ]
        assert len(frames._known) <= most


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["t=5"], (["t"], [[5]], "%d")),
        (["t=5", "t=-60"], (["t"], [[5, -60]], "%d")),
        (["m=0x1f", "m=0x0"], (["m"], [[31, 0]], "%#x")),
        (["probe=a:b=c"], (["probe"], [["a:b=c"]], "%s")),
        (["what=x", "what="], (["what"], [["x", ""]], "%s")),
        (["t=5 m=0x1", "t=6 m=0x2"], (["t", "m"], [[5, 6], [1, 2]], "%d %#x")),
        (["t=5 m=0x1", "t=6 m=2"], None),
        (["t=5 m=0x1", "t=6"], None),
        (["t=5", "t=6 m=0x1"], None),
        (["t=5", "m=0x1"], None),
        (["t=5 t=5"], None),
        (["t=05"], None),
        (["t=-0"], None),
        (["t=" + "9" * 18], (["t"], [[10**18 - 1]], "%d")),
        (["t=" + "9" * 19], None),
        (["m=0x" + "f" * 16], (["m"], [[(1 << 64) - 1]], "%#x")),
        (["m=0x" + "f" * 17], None),
        (["m=0x01"], None),
        (["m=0xF"], None),
        (["what=\u00e4"], None),
        (["what=x", "what=\u00e4"], None),
        (["what=a b"], None),
        ([""], None),
    ],
    ids=plain,
)
def test_annotations_that_are_all_alike(
    lines: list[str], found: tuple[list[str], list[list[Any]], str] | None
) -> None:
    said = said_alike([f"@dtkit 1 mbuf {line}".encode() for line in lines])
    if found is None:
        assert said is None
    else:
        names, values, formats = found
        assert said == Annotated(
            "mbuf", dict(zip(names, values, strict=True)), tuple(formats.split())
        )


@pytest.mark.parametrize("line", ["@dtkit 1 mbuf", "@dtkit 2 mbuf t=5", "@dtkit 1"])
def test_annotations_that_are_none_or_of_a_later_version(line: str) -> None:
    assert said_alike([line.encode()]) is None
