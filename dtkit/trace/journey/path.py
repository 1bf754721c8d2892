# SPDX-License-Identifier: BSD-2-Clause
"""
What a script of ``dtkit path`` prints, read back: hops to journeys.

A script says what it sees of a followed packet in lines of their own (``@dtkit 2 hop ...``): hops,
returns, moves to another mbuf, copies and frees. They are put in order by their times when a
journey is over, which is some time after its mbuf was freed: functions that freed it still have to
return. What is missing, and known to be, is said in the journey that it is missing from.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import BinaryIO

from dtkit.annotations import JOURNEY
from dtkit.counted import counted
from dtkit.generate.functions import Layer, layer, verdict
from dtkit.oddity import Oddity
from dtkit.output import (
    Annotation,
    Drop,
    Dump,
    Event,
    Fault,
    Firing,
    Notice,
    Source,
    Stack,
    read_output,
)
from dtkit.packets.header import read_header
from dtkit.packets.linktype import LinkType, link_type
from dtkit.packets.vlan import with_tag
from dtkit.probes import Catalog, Probe
from dtkit.probes.points import shipped_catalog
from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.offload import wrong_checksum
from dtkit.trace.journey.outcome import (
    end_of,
    freed_by,
    refused,
    sent_on,
    unnamed,
    value_in_words,
    who_freed,
)
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.why import (
    Said,
    Why,
    icmp_in_words,
    reason_at,
    rule_done,
    rule_in_words,
    why,
)

__all__ = ["FORM", "Seen", "read_path"]

#: What :attr:`~dtkit.trace.journey.model.Journey.form` says.
FORM = "path"

#: Called with the number of a journey and each step of it as it is read.
Seen = Callable[[int, Step], None]

#: Called when a script has begun to follow packets.
Started = Callable[[], None]

#: ns after its mbuf was freed that a journey is kept open.
_GRACE = 10**9

#: Records that it is kept open, at most.
_PATIENCE = 50_000

#: Journeys that are kept open at a time, and records of one, at most.
_MOST_OPEN = 10_000
_MOST_RECORDS = 10_000

#: Lines that say something of a packet and not where it is.
_SAID = ("return", "rule", "verdict", "icmp", "counter")

#: Functions that hand packets up, and those that they hand them to.
_HANDING = ("ip_input", "ip6_input")
_HANDED = (
    "icmp_input", "icmp6_input", "rip_input", "rip6_input", "udp_input", "udp6_input",
    "tcp_input", "tcp_input_with_port", "tcp6_input",
)  # fmt: skip

#: Faults that are told one by one.
_MOST_FAULTS = 3


@dataclass(slots=True)
class _Record:
    """A line about a packet, with what belongs to it."""

    time: int
    kind: str
    annotation: Annotation
    function: str
    module: str
    cpu: int | None = None
    data: bytes | None = None
    frames: tuple[str, ...] = ()
    original: int = 0  # of a copy: the numbers of the two journeys
    copy: int = 0
    linktype: LinkType | None = None  # of a copy: what the original starts with


@dataclass(slots=True)
class _Open:
    """A journey that is going on."""

    number: int
    origin: int | None = None
    of: int | None = None  # the key of the original
    records: list[_Record] = field(default_factory=list)
    mbuf: int | None = None
    drops: int = 0  # how many had been told when it began
    cut: int = 0
    notes: dict[str, None] = field(default_factory=dict)


def read_path(
    stream: BinaryIO,
    seen: Seen | None = None,
    started: Started | None = None,
    early: bool = False,
) -> Iterator[Journey | Oddity]:
    """
    The journeys in the output of a script, each when it is over.

    :param stream: binary, read to its end in bounded memory; stdout of dtrace(1), best with stderr
        in it, which tells what was lost.
    :param seen: told of each step at once, in the order of the output.
    :param started: told when the script has begun.
    :param early: whether it is told when dtrace(1) has enabled its probes: a ring says at its end
        alone that it has begun.
    :return: journeys, and what was odd. Bad input raises nothing.
    :raises OSError: *stream* cannot be read.
    """
    return journeys(read_output(stream), seen, started, early)


def journeys(
    events: Iterable[Event],
    seen: Seen | None = None,
    started: Started | None = None,
    early: bool = False,
) -> Iterator[Journey | Oddity]:
    """The journeys in the output of a script that has been read to events."""
    reader = _PathReader(shipped_catalog(), seen, started, early)
    for event in events:
        yield from reader.event(event)
    yield from reader.end()


class _PathReader:
    def __init__(
        self, known: Catalog, seen: Seen | None, started: Started | None, early: bool = False
    ) -> None:
        self._known = known
        self._seen = seen
        self._told, self._early = started, early
        self._probes: dict[str, Probe | None] = {}
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._freed: deque[tuple[int, int, int]] = deque()  # who, when, and after how many records
        self._at: dict[int, int] = {}  # who is in the mbuf at an address
        self._vnets: dict[int, str] = {}
        self._jails: dict[int, str] = {}
        self._wall: int | None = None
        self._last = 0  # the latest time
        self._back = 0
        self._count = 0  # records so far
        self._numbers = 0
        self._faults = 0
        self._drops, self._drop = 0, ""  # how many messages of drops, and the last
        self._started = self._ended = False
        # Whether it may be a ring, whose beginning is said at its end: nothing is over before.
        self._waiting = True
        self._run = self._ring = 0  # when the script began, and bytes of its ring
        self._first: dict[int, int] = {}  # the time of each CPU's oldest line in it
        self._whole: set[int] = set()  # CPUs of which it has all lines
        self._brief = False
        self._nameless: set[int] = set()  # network stacks without a name, and lines of them
        self._in_nameless = 0
        self._names: dict[int, str] = {}  # functions of probes by their id
        self._vague = 0  # lines about packets that do not say which or when
        self._unnamed = 0  # lines about packets that do not say at which probe
        self._odd: set[str] = set()

    # Events

    def event(self, event: Event) -> Iterator[Journey | Oddity]:
        """Take one event."""
        if isinstance(event, Firing):
            source = event.source
            if source is not None and source.id is not None:
                self._names[source.id] = source.function
            annotation: Annotation | None = None
            frames: tuple[str, ...] = ()
            for part in event.parts:
                if isinstance(part, Annotation):
                    if annotation is not None:
                        yield from self._annotation(annotation, source, frames=frames)
                    annotation, frames = part, ()
                elif annotation is not None and isinstance(part, Dump):
                    yield from self._annotation(annotation, source, part.data, frames)
                    annotation, frames = None, ()
                elif annotation is not None and isinstance(part, Stack):
                    frames = part.frames
            if annotation is not None:
                yield from self._annotation(annotation, source, frames=frames)
        elif isinstance(event, Annotation):
            yield from self._annotation(event, None)
        elif isinstance(event, Drop):
            self._drops += 1
            self._drop = str(event)
            yield Oddity("line", event.line, str(event))
        elif isinstance(event, Fault):
            self._faults += 1
            if self._faults <= _MOST_FAULTS:
                yield Oddity("line", event.line, str(event))
        elif isinstance(event, Notice):
            # Why there are no hops, where dtrace(1) refused the script.
            if event.began and self._early and self._told is not None:
                self._told()
            if not event.began:
                yield Oddity("line", event.line, str(event))
        elif isinstance(event, Oddity):
            yield event

    def end(self) -> Iterator[Journey | Oddity]:
        """The end of the output."""
        if self._count:
            yield from self._no_ring()
        if self._waiting and self._ring:
            yield from self._ring_ends()
        yield from self._close_all()
        if self._faults > _MOST_FAULTS:
            yield Oddity("line", 0, f"{self._faults} faults in all")
        if self._nameless and self._vnets:
            hops = counted(self._in_nameless, "hop is", "hops are")
            stacks = ", ".join(f"{vnet:#x}" for vnet in sorted(self._nameless)[:3])
            yield Oddity(
                "line",
                0,
                f"{hops} in network stacks without a name ({stacks}"
                f"{', ...' if len(self._nameless) > 3 else ''}): of jails made after the start",
            )
        if self._unnamed:
            one = "line about packets does not name its probe"
            many = "lines about packets do not name their probe"
            what = counted(self._unnamed, one, many)
            yield Oddity("line", 0, f"{what}: run the script without -q")
        if self._vague > 1:
            yield Oddity("line", 0, f"{self._vague} lines in all do not say which or when")
        if self._back > 1:
            yield Oddity("line", 0, f"{self._back} times in all went back")
        if not self._started and not self._count:
            yield Oddity("line", 0, "no hops of `dtkit path` in it")
        elif not self._ended:
            yield Oddity("line", 0, "the output is cut: the script did not come to its end")

    def _close_all(self) -> Iterator[Journey]:
        while self._open:
            _, journey = self._open.popitem(last=False)
            yield self._journey(journey)
        self._at.clear()
        self._freed.clear()

    def _once(self, line: int, text: str) -> Iterator[Oddity]:
        if text not in self._odd:
            self._odd.add(text)
            yield Oddity("line", line, text)

    # Annotations

    def _annotation(
        self,
        annotation: Annotation,
        source: Source | None,
        data: bytes | None = None,
        frames: tuple[str, ...] = (),
    ) -> Iterator[Journey | Oddity]:
        kind = annotation.kind
        if kind in JOURNEY:
            yield from self._record(annotation, source, data, frames)
        elif kind == "start":
            yield from self._start(annotation, source)
        elif kind == "path":
            self._brief = bool(annotation.number("brief"))
        elif kind == "now":
            self._last = max(self._last, annotation.number("t") or 0)
            if source is not None and self._seen_on(source.cpu, self._last):
                self._whole |= {source.cpu} if annotation.number("first") else set()
            yield from self._over()
        elif kind == "vnet":
            vnet = annotation.number("vnet")
            self._jails[annotation.number("jail") or 0] = annotation.fields.get("name", "")
            if vnet is not None:
                self._vnets[vnet] = annotation.fields.get("name", "")
        elif kind == "end":
            if annotation.number("faults") is not None:
                yield from self._ring_ends()
            self._ended = True
            faults = annotation.number("faults")
            if faults and not self._faults:
                what = counted(faults, "fault: its packet lacks", "faults: their packets lack")
                yield Oddity("line", annotation.line, f"{what} hops")
            yield from self._left_out(annotation)

    def _start(self, annotation: Annotation, source: Source | None) -> Iterator[Journey | Oddity]:
        number = annotation.number
        uptime, wall, ring = number("timestamp"), number("walltimestamp"), number("ring") or 0
        again = ring and (uptime == self._run or not self._started)
        if not again:
            # Another run of a script: its numbers begin anew.
            yield from self._close_all()
            self._last = 0
            self._first.clear()
            self._whole.clear()
        if ring and not self._count and source is not None:
            # The line that was said first is there: nothing has taken its place.
            self._whole.add(source.cpu)
        self._started, self._ended = True, False
        self._run, self._ring = uptime or 0, ring
        self._waiting = bool(ring)
        if self._told is not None:
            self._told()
        if uptime is not None and wall is not None:
            self._wall = wall - uptime

    def _seen_on(self, cpu: int, time: int) -> bool:
        """Note when a CPU's oldest line was said; whether this is it."""
        if not self._waiting or time >= self._first.setdefault(cpu, time + 1):
            return False
        self._first[cpu] = time
        return True

    def _ring_ends(self) -> Iterator[Journey | Oddity]:
        """Say from when on a ring has lines, and of which journeys it may lack some."""
        if not self._ring:
            return
        since = dict(sorted(self._first.items()))
        lacking = [time for cpu, time in since.items() if cpu not in self._whole]
        if lacking:
            said = ", ".join(f"CPU {cpu} {self._time_of_day(time)}" for cpu, time in since.items())
            yield Oddity("line", 0, f"the ring ({self._ring} bytes a CPU) goes back to: {said}")
        for journey in self._open.values():
            began = min((record.time for record in journey.records), default=0)
            if lacking and began < max(lacking):
                cpu = next(one for one, time in since.items() if time == max(lacking))
                journey.notes[
                    f"incomplete: it began before the oldest line of CPU {cpu}, "
                    f"{self._time_of_day(max(lacking))}"
                ] = None
        self._waiting = False
        self._first.clear()
        yield from self._over()

    def _time_of_day(self, time: int) -> str:
        if self._wall is None:
            return f"{time} ns after boot"
        seconds, rest = divmod(time + self._wall, 10**9)
        return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{rest:09}"

    def _left_out(self, annotation: Annotation) -> Iterator[Oddity]:
        """What the end of a script says of packets that are not shown."""
        number = annotation.number
        beyond = number("beyond")
        if limited := number("limited"):
            # Scripts of old do not tell what the count left out from the rest.
            which = "count, rate or hops" if beyond is None else "rate or hops"
            what = f"a limit ({which}) left packets out, seen {counted(limited, 'time')} at gates"
            yield Oddity("line", annotation.line, what)
        if beyond:
            what = f"--count left packets out, seen {counted(beyond, 'time')} at gates"
            yield Oddity("line", annotation.line, what, asked=True)
        if missed := number("missed"):
            what = counted(missed, "packet was", "packets were")
            why = "too many were held back at once (nspec)"
            yield Oddity("line", annotation.line, f"{what} not followed: {why}")
        if (fired := number("fired")) and number("matched") == 0 and not (limited or beyond):
            what = f"no packet passed the filter, of those seen {counted(fired, 'time')} at gates"
            yield Oddity("line", annotation.line, what)

    def _function(self, annotation: Annotation, source: Source | None) -> tuple[str, str] | None:
        """The function and module that a line is about; None where it says nothing of them."""
        probe = annotation.fields.get("probe")
        if probe is not None:
            fields = probe.split(":")
            return (fields[2], fields[1]) if len(fields) == 4 else None
        if source is not None:
            return source.function, ""
        number = annotation.number("id")
        if number is None:
            return None
        name = self._names.get(number)
        self._unnamed += name is None
        return name or f"probe {number}", ""

    def _record(
        self,
        annotation: Annotation,
        source: Source | None,
        data: bytes | None,
        frames: tuple[str, ...],
    ) -> Iterator[Journey | Oddity]:
        key, time = annotation.number("j"), annotation.number("t")
        where = self._function(annotation, source)
        if key is None or time is None or where is None:
            self._vague += 1
            what = "a line about a packet does not say which or when"
            yield from self._once(annotation.line, what)
            return
        self._count += 1
        if time < self._last - _GRACE:
            self._back += 1
            if self._back == 1:
                yield Oddity("line", annotation.line, "a time goes back by more than a second")
        self._last = max(self._last, time)
        cpu = annotation.number("cpu")
        cpu = source.cpu if cpu is None and source is not None else cpu
        if cpu is not None:
            self._seen_on(cpu, time)
        kind, mbuf = annotation.kind, annotation.number("m")
        if kind == "free" and annotation.number("moving"):
            return  # a function that moves it is done with the old mbuf
        if kind == "move" and mbuf == 0:
            kind, mbuf = "unmoved", annotation.number("from")
        record = _Record(time, kind, annotation, *where, cpu, data, frames)
        if kind == "copy" and key == 0:
            # Nothing came of it: the line is about the packet that was to be copied.
            key = annotation.number("of") or 0
            mbuf = annotation.number("from")
        journey = self._open.get(key)
        if journey is None:
            if (annotation.kind in _SAID and not self._brief and not self._waiting) or not key:
                return  # of a journey that is long over, or of none
            if len(self._open) >= _MOST_OPEN:
                yield from self._no_ring()
            if len(self._open) >= _MOST_OPEN:
                yield from self._give_up(annotation.line)
            journey = self._begin(key)
            if self._brief:
                self._freed.append((key, time, self._count))
            if annotation.kind == "copy" and annotation.number("j"):
                yield from self._copied(journey, record)
        if mbuf is not None and annotation.kind not in _SAID:
            yield from self._moved(key, journey, mbuf)
        if len(journey.records) < _MOST_RECORDS:
            journey.records.append(record)
            self._show(journey, record)
        else:
            journey.cut += 1
        original = self._open.get(journey.of or 0) if kind == "icmp" else None
        if original is not None and len(original.records) < _MOST_RECORDS:
            # A copy that was kept to tell the sender, as by ip6_forward(): of the original.
            original.records.append(record)
        if kind == "free" or (kind == "unmoved" and annotation.number("freed")):
            self._freed.append((key, time, self._count))
            if journey.mbuf is not None and self._at.get(journey.mbuf) == key:
                del self._at[journey.mbuf]
        yield from self._over()

    def _begin(self, key: int) -> _Open:
        self._numbers += 1
        journey = self._open[key] = _Open(self._numbers, drops=self._drops)
        return journey

    def _copied(self, copy: _Open, record: _Record) -> Iterator[Oddity]:
        """Tell the original of its copy, and the copy of its original."""
        record.copy = copy.number
        original = self._open.get(record.annotation.number("of") or 0)
        if original is None:
            line = record.annotation.line
            yield from self._once(line, "a copy of a packet that was not seen before")
            return
        record.original = copy.origin = original.number
        copy.of = record.annotation.number("of")
        if "off" not in record.annotation.fields or "probe" in record.annotation.fields:
            return  # it does not say from where on it was copied
        for seen in reversed(original.records):
            if (snapshot := self._snapshot(seen)) is not None and snapshot.known is not None:
                # A copy from an offset on is of what is behind the headers, mostly.
                offset = record.annotation.number("off")
                record.linktype = LinkType.UNKNOWN if offset else snapshot.known
                break
        if len(original.records) < _MOST_RECORDS:
            original.records.append(record)
            self._show(original, record)

    def _moved(self, key: int, journey: _Open, mbuf: int) -> Iterator[Journey]:
        """Note where a packet is; who was there before has gone without being seen to."""
        if journey.mbuf == mbuf:
            return
        if journey.mbuf is not None and self._at.get(journey.mbuf) == key:
            del self._at[journey.mbuf]
        journey.mbuf = mbuf
        other = self._at.get(mbuf)
        self._at[mbuf] = key
        if other is not None and other in self._open:
            gone = self._open[other]
            gone.notes["its free was not seen: another packet is in its mbuf"] = None
            if not self._waiting:
                del self._open[other]
                yield self._journey(gone)

    def _give_up(self, line: int) -> Iterator[Journey | Oddity]:
        _, journey = self._open.popitem(last=False)
        journey.notes["given up: too many packets are under way"] = None
        yield from self._once(line, f"more than {_MOST_OPEN} packets are under way: the first end")
        yield self._journey(journey)

    def _over(self) -> Iterator[Journey]:
        """The journeys that have been over for long enough."""
        while self._freed and not self._waiting:
            key, time, count = self._freed[0]
            if self._last - time <= _GRACE and self._count - count <= _PATIENCE:
                return
            self._freed.popleft()
            journey = self._open.pop(key, None)
            if journey is not None:
                yield self._journey(journey)

    def _no_ring(self) -> Iterator[Journey | Oddity]:
        """So many lines before any start: no ring, then, but output whose beginning was cut off."""
        if self._waiting and not self._started:
            self._waiting = False
            yield Oddity("line", 0, "no start of a script: times are since boot")
            yield from self._over()

    # Journeys

    def _clock(self, time: int) -> int:
        return time if self._wall is None else time + self._wall

    def _journey(self, journey: _Open) -> Journey:
        records = sorted(journey.records, key=lambda record: record.time)
        notes = dict(journey.notes)
        if drops := self._drops - journey.drops:
            # Which they were is told once each, not in each journey.
            what = self._drop if drops == 1 else f"{drops} messages of drops"
            notes[f"{what} while it was under way: hops may be missing"] = None
        if journey.cut:
            cut = counted(journey.cut, "more line about it is", "more lines about it are")
            notes[f"{cut} not kept"] = None
        steps: list[Step] = []
        last: Snapshot | None = None
        # A hop is an entry where its function was seen to return to its thread later.
        returned: dict[tuple[str, str | None], int] = {}
        for record in records:
            if record.kind in ("return", "move", "unmoved") or (
                record.kind == "copy" and record.copy != journey.number
            ):
                returned[record.function, record.annotation.fields.get("tid")] = record.time
        number = 0
        numbers, back = _numbers(records)
        if back:
            notes[f"{counted(back, 'hop is', 'hops are')} out of order: times went back"] = None
        for record in records:
            nth = record.annotation.number("n")
            if record.kind == "hop" and nth:
                if nth > number + 1:
                    shown = bisect_left(numbers, nth) - bisect_right(numbers, number)
                    if missing := nth - number - 1 - shown:
                        hops = counted(missing, "hop is", "hops are")
                        notes[f"{hops} missing before {record.function}"] = None
                number = max(number, nth)
            elif record.kind == "free" and nth is not None and nth > number:
                notes[f"{counted(nth - number, 'hop is', 'hops are')} missing at the end"] = None
            entered = record.kind == "hop" and record.time < returned.get(
                (record.function, record.annotation.fields.get("tid")), 0
            )
            hop = self._hop(journey, record, entered)
            if hop is not None:
                steps.append(hop)
            if record.kind == "free" and (address := unnamed(record.frames)):
                notes[
                    f"{address}, which freed it, has no name: of a module loaded after the start"
                ] = None
            if (snapshot := self._shown(journey, record)) is not None:
                if last is None or snapshot.data != last.data:
                    steps.append(snapshot)
                last = snapshot
        time = self._clock(records[0].time) if records else None
        outcome, found = _outcome(journey, records), Why()
        if not outcome.startswith("still"):
            found = self._why(journey, records, steps)
        if found.end:
            end, said = end_of(outcome)
            said = f"freed {said}" if end == "freed" and said.startswith("by ") else said
            outcome = f"{found.end}: {said}".removesuffix(": ")
            if found.end == "freed":
                outcome = outcome.removeprefix("freed: ") if "freed by" in said else outcome
        return Journey(
            journey.number,
            time,
            tuple(steps),
            FORM,
            journey.origin,
            outcome,
            tuple(notes),
            found.reason,
            found.source,
            found.rule,
            found.advice,
            self._owners(records),
        )

    def _why(self, journey: _Open, records: list[_Record], steps: list[Step]) -> Why:
        seen = [
            Said(one.kind, one.function, one.annotation, self._jail(one.annotation))
            for one in records
        ]
        so = {"a copy"} if journey.origin is not None else set()
        if any(one.kind == "copy" and one.copy != journey.number for one in records):
            so.add("copied")
        if _in_pieces(records):
            so.add("in pieces")
        if any(isinstance(step, Snapshot) for step in steps):
            last = next(step for step in reversed(steps) if isinstance(step, Snapshot))
            if last.linktype is not None and wrong_checksum(last.data, last.linktype):
                so.add("bad checksum")
        return why(seen, _who_freed(records), so)

    def _jail(self, annotation: Annotation) -> str:
        """The name of the jail whose network stack was at work; empty for the host's."""
        name = self._vnets.get(annotation.number("vnet") or 0, "")
        return "" if name == "host" else name

    def _owners(self, records: list[_Record]) -> tuple[Owner, ...]:
        """Whose sockets the packet came by, each once; a later line may know more."""
        owners: dict[tuple[int, bool], Owner] = {}
        for record in records:
            if record.kind != "socket":
                continue
            number, fields = record.annotation.number, record.annotation.fields
            so, pid, user, jail = (number(name) or 0 for name in ("so", "pid", "uid", "jail"))
            if not so:
                continue
            delivered = not record.function.endswith("_output")
            process = f"{fields.get('exec', '')}[{pid}]" if pid else ""
            where = self._jails.get(jail, str(jail)) if jail > 0 else ""
            owner = Owner(
                delivered, process, user if user >= 0 else None, where, number("known") or 0
            )
            if pid or (so, delivered) not in owners:
                owners[so, delivered] = owner
        return tuple(owners.values())

    def _show(self, journey: _Open, record: _Record) -> None:
        if self._seen is None:
            return
        hop = self._hop(journey, record, False)
        if hop is not None:
            self._seen(journey.number, hop)
        if (snapshot := self._shown(journey, record)) is not None:
            self._seen(journey.number, snapshot)

    def _hop(self, journey: _Open, record: _Record, entered: bool) -> Hop | None:
        annotation, kind = record.annotation, record.kind
        if kind == "socket":
            return None
        number = annotation.number
        direction, arguments, label = "", None, record.function
        rule = None
        if kind == "hop":
            direction = "+" if entered else ""
        elif kind == "return":
            direction = "-"
            arguments = value_in_words(verdict(record.function), number("value") or 0)
        elif kind == "move":
            direction = "-"
            arguments = f"now in mbuf {annotation.fields.get('m', '?')}"
        elif kind == "unmoved":
            direction = "-"
            arguments = "failed, and freed it" if number("freed") else "failed"
        elif kind == "copy":
            if not number("j"):
                direction, arguments = "-", "failed"
            elif journey.number == record.copy:
                arguments = f"copied from #{record.original}" if record.original else "a copy"
            else:
                direction, arguments = "-", f"copied to #{record.copy}"
        elif kind == "rule":
            label, rule = annotation.fields.get("by", "pf"), rule_in_words(annotation)
            arguments = rule_done(annotation)
        elif kind == "verdict":
            # The return says it as well, and the rule has its own line, if it could be read.
            if not self._unread(journey, record):
                return None
            label = rule = (
                f"{annotation.fields.get('by', 'pf')} rule at {annotation.fields['rule']}"
            )
            arguments = "it cannot be read"
        elif kind == "icmp":
            arguments = icmp_in_words(annotation).partition(" ")[2]
        elif kind == "counter":
            label = annotation.fields.get("counter", "?")
            arguments = "counted"
        else:
            function, frame = who_freed(record.frames)
            label = "m_free"
            arguments = f"by {frame.rpartition('`')[2]}" if function else None
        # A driver's interrupt is in no vnet yet.
        vnet = number("vnet") or None
        if vnet is not None and vnet not in self._vnets:
            self._nameless.add(vnet)
            self._in_nameless += 1
        name = annotation.fields.get("exec")
        pid = number("pid")
        process = f"{name}[{pid}]" if name else None
        return Hop(
            Place(f"{direction}{label}", label, direction, module=record.module or None),
            arguments,
            self._clock(record.time),
            record.cpu,
            number("tid"),
            process,
            annotation.fields.get("if") or None,
            None if vnet is None else self._vnets.get(vnet, f"{vnet:#x}"),
            rule,
            reason_at(kind, record.function, annotation),
            header=read_header(number, annotation.fields, hop=True),
            stack=record.frames or None if kind == "hop" else None,
        )

    def _unread(self, journey: _Open, verdict: _Record) -> bool:
        """Whether a firewall decided by a rule that could not be read."""
        rule = verdict.annotation.number("rule")
        return bool(rule) and not any(
            one.kind == "rule" and one.annotation.number("rule") == rule for one in journey.records
        )

    def _shown(self, journey: _Open, record: _Record) -> Snapshot | None:
        """The bytes that a journey has at a record: those of a copy are the copy's."""
        if record.kind == "copy" and record.copy != journey.number:
            return None
        return self._snapshot(record)

    def _snapshot(self, record: _Record) -> Snapshot | None:
        data, annotation = record.data, record.annotation
        if data is None:
            return None
        exact = annotation.number("len")
        first = annotation.number("mlen")
        size = exact if exact is not None else first
        if size is not None:
            if size <= 0:
                return None  # of no bytes something is dumped all the same
            data = data[:size]
        length = exact if exact is not None else annotation.number("pkt")
        if length is not None and length <= len(data):
            length = None
        linktype = record.linktype or self._linktype(record, data)
        if linktype is LinkType.ETHERNET and not annotation.number("off"):
            whole = with_tag(data, annotation.number("vtag"))
            length = None if length is None else length + len(whole) - len(data)
            data = whole
        return Snapshot(data, linktype, length)

    def _linktype(self, record: _Record, data: bytes) -> LinkType | None:
        version = data[0] >> 4
        at = layer(record.function) if record.kind == "hop" else None
        if at is Layer.ETHERNET:
            return LinkType.ETHERNET
        if at in (Layer.IPV4, Layer.IPV6, Layer.UNFINISHED) or (
            at is Layer.IP and version in (4, 6)
        ):
            # What a checksum says matters nothing: forwarding leaves it wrong for a while.
            return LinkType.RAW
        text = record.annotation.fields.get("probe") or f"fbt::{record.function}:entry"
        if text not in self._probes:
            self._probes[text] = self._known.get(text)
        found = link_type(self._probes[text], data)
        # Where neither the probe nor the bytes tell, the snapshot before will.
        return None if found is LinkType.UNKNOWN else found


def _numbers(records: list[_Record]) -> tuple[list[int], int]:
    """
    The numbers of a journey's hops, counted by the script, and how many hops have an earlier time
    than one before them.
    """
    hops = sorted(
        (nth, record.time)
        for record in records
        if record.kind == "hop" and (nth := record.annotation.number("n"))
    )
    latest = list(accumulate((time for _, time in hops), max))
    back = sum(time < before for (_, time), before in zip(hops[1:], latest, strict=False))
    return sorted({nth for nth, _ in hops}), back


def _who_freed(records: list[_Record]) -> tuple[str, str]:
    """
    The function that freed a packet, and its frame; both empty where that is not known.

    One that ends by calling m_freem() is not on the stack any more: its caller is. Of those that
    hand packets up it is known to whom they did, if that was seen.
    """
    free = next((record for record in reversed(records) if record.kind == "free"), None)
    if free is None:
        return "", ""
    function, frame = who_freed(free.frames)
    if function in _HANDING:
        for record in reversed(records):
            if record.kind == "hop" and record.function == function:
                break
            if record.kind == "hop" and record.function in _HANDED:
                return record.function, record.function
    return function, frame


def _in_pieces(records: list[_Record]) -> bool:
    """Whether a packet was more than one mbuf where it was seen last before functions that free."""
    for record in reversed(records):
        if record.kind == "hop" and not record.function.startswith("m_"):
            length, first = record.annotation.number("pkt"), record.annotation.number("mlen")
            return length is not None and first is not None and 0 <= first < length
    return False


def _outcome(journey: _Open, records: list[_Record]) -> str:
    """How a journey ended, in words."""
    by, frame = _who_freed(records)
    for record in records:
        if record.kind == "return":
            kind = verdict(record.function)
            value = record.annotation.number("value") or 0
            if refused(kind, value) and not sent_on(kind, value, by):
                return f"dropped: {record.function} returned {value_in_words(kind, value)}"
        elif record.kind == "unmoved" and record.annotation.number("freed"):
            return f"dropped: {record.function} failed and freed it"
    if not any(record.kind == "free" for record in records):
        return "" if journey.notes else "still in the kernel when the script ended"
    return freed_by(by, frame)
