# SPDX-License-Identifier: BSD-2-Clause
"""Firings that look alike come in runs, and what is not so to the letter is read line by line."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest

from dtkit.output import Annotation, Dump, Event, Firing, FiringRun, Source, read_output, read_runs
from dtkit.output.uniform import LARGEST, Opener
from tests.output.dtrace_text import dump, framed

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
