# SPDX-License-Identifier: BSD-2-Clause
"""Statistics as text, with bars, one beside another, and as JSON lines."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sized
from typing import Any

from dtkit.counted import counted
from dtkit.foreign import visible
from dtkit.trace.views.scale import scaled
from dtkit.trace.views.spread import QUANTILES, Spread
from dtkit.trace.views.stats import PLACES, Statistics

__all__ = [
    "against_json",
    "against_lines",
    "ends_lines",
    "figure_rows",
    "json_lines",
    "text_lines",
]

# As JSON lines.


def json_lines(made: Statistics) -> Iterator[str]:
    """:func:`figure_rows`, one a line."""
    return map(json.dumps, figure_rows(made))


def figure_rows(made: Statistics, most: int | None = None) -> Iterator[dict[str, Any]]:
    """What was counted, as objects whose ``type`` says what it is: ``packets``, ``outcome``,
    ``dropper``, ``host``, ``interface``, ``vnet``, ``process``, ``rule``; ``packet``, ``stage``,
    ``way``, ``place``, ``pair``. Of each the *most* that count or take the most."""
    yield {"type": "packets", "count": made.journeys, "missing": made.missing}
    for (end, reason), count in made.outcomes.most_common(most):
        yield {"type": "outcome", "end": end, "reason": reason, "count": count}
    for function, count in made.droppers.most_common(most):
        yield {"type": "dropper", "function": function, "count": count}
    for kind, counts in made.by.items():
        for name, ends in _largest(counts)[:most]:
            yield {"type": kind, "name": name, "count": ends.total(), "ends": dict(ends)}
    for kind, spreads in made.tables.items():
        for name, spread in _longest(spreads, len(spreads) if most is None else most):
            yield {"type": kind, "name": name, **spread.to_dict()}


def _largest(counts: dict[str, Counter[str]]) -> list[tuple[str, Counter[str]]]:
    return sorted(counts.items(), key=lambda one: (-one[1].total(), one[0]))


def _longest(spreads: dict[str, Spread], most: int) -> list[tuple[str, Spread]]:
    """The *most* that took the longest time in all, in that order."""
    return sorted(spreads.items(), key=lambda one: (-one[1].total, one[0]))[:most]


# As text.

_TITLES = {
    "packet": "Time of a packet",
    "stage": "Time in each stage of the stack",
    "way": "Time by direction and interface",
    "place": "Time at each place, until the next hop",
    "pair": "Time from one place to the next",
}
_BAR = 20


def text_lines(made: Statistics, most: int = 20) -> Iterator[str]:
    """The tables as text, of each the *most* that count or take the most."""
    yield from ends_lines(made, most)
    for kind, spreads in made.tables.items():
        if not spreads:
            continue
        yield ""
        yield _TITLES[kind]
        yield from _spreads(kind, spreads, most)
        if kind == "packet":
            yield from _histogram(made.durations)
    for text in made.missing:
        yield ""
        yield f"!! {text}"


def ends_lines(made: Statistics, most: int = 20) -> Iterator[str]:
    """What became of packets, as text: the tables that have no times."""
    yield counted(made.journeys, "packet")
    ends = [
        (end or "unknown", reason, count) for (end, reason), count in made.outcomes.most_common()
    ]
    if any(end != "unknown" for end, _, _ in ends):
        yield from _table(
            ["", "packets", "", "outcome", "reason"],
            [
                ["", str(count), _bar(count, made.journeys), visible(end), visible(reason)]
                for end, reason, count in ends[:most]
            ],
            "rlll",
        )
        yield from _more(ends, most)
    if made.droppers:
        yield ""
        yield "Dropped by"
        largest = made.droppers.most_common(1)[0][1]
        yield from _table(
            ["", "packets", "", "function"],
            [
                ["", str(count), _bar(count, largest), visible(function)]
                for function, count in made.droppers.most_common(most)
            ],
            "rll",
        )
        yield from _more(made.droppers, most)
    for kind, counts in made.by.items():
        if not counts:
            continue
        yield ""
        yield f"By {kind}"
        yield from _table(
            ["", "packets", kind, "how they ended"],
            [
                ["", str(ends.total()), visible(name), _ended(ends)]
                for name, ends in _largest(counts)[:most]
            ],
            "rll",
        )
        yield from _more(counts, most)


def _more(rows: Sized, most: int) -> Iterator[str]:
    if len(rows) > most:
        yield f"  and {len(rows) - most} more"


def _ended(ends: Counter[str]) -> str:
    return ", ".join(f"{count} {end or 'unknown'}" for end, count in ends.most_common())


def _spreads(kind: str, spreads: dict[str, Spread], most: int) -> Iterator[str]:
    rows = _longest(spreads, most)
    if kind == "stage":
        rows = list(spreads.items())
    whole = max((spread.total for spread in spreads.values()), default=0)
    yield from _table(
        ["", "count", *QUANTILES, "total", "", kind],
        [
            [
                "",
                str(len(spread)),
                *(scaled(spread.quantile(part)) for part in QUANTILES.values()),
                scaled(spread.total),
                _bar(spread.total, whole),
                visible(name),
            ]
            for name, spread in rows
        ],
        "r" * (len(QUANTILES) + 2) + "ll",
    )
    if kind != "stage":
        yield from _more(spreads, most)


def _histogram(spread: Spread) -> Iterator[str]:
    bins = spread.histogram()
    if len(bins) < 2:
        return
    most = max(count for _, _, count in bins)
    yield from _table(
        ["", "from", "packets", ""],
        [["", scaled(start), str(count), _bar(count, most)] for start, _, count in bins],
        "rrl",
    )


def _bar(value: float, whole: float) -> str:
    """A bar, an eighth of a character exact; whatever there is shows."""
    eighths = round(_BAR * 8 * value / whole) if whole else 0
    full, rest = divmod(max(eighths, 1) if value else 0, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(_BAR)


def _table(head: list[str], rows: list[list[str]], sides: str) -> Iterator[str]:
    """Columns aligned: *sides* says ``l`` or ``r`` of each but the first, which is the margin."""
    table = [head, *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(head))]
    for row in table:
        cells = [
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row[1:], widths[1:], sides, strict=True)
        ]
        yield f"  {'  '.join(cells)}".rstrip()


# Two side by side.


def against_lines(made: Statistics, other: Statistics, most: int = 20) -> Iterator[str]:
    """Both beside each other; ``*`` marks what changed beyond the noise.

    A share of packets changed when the two shares are further apart than 1.96 standard errors of
    their difference; a time, when the 95 % confidence intervals of its medians do not meet.
    """
    yield f"{counted(made.journeys, 'packet')} | {counted(other.journeys, 'packet')}"
    for kind, mine, theirs in _counted(made, other):
        names = _most_counted(mine, theirs)
        if not any(map(_named, names)):
            continue
        yield ""
        yield _COUNTED.get(kind, f"By {kind}")
        rows = []
        for name in names[:most]:
            one, two = mine.get(name, 0), theirs.get(name, 0)
            mark = "*" if _apart(one, made.journeys, two, other.journeys) else ""
            rows.append(["", mark, str(one), str(two), visible(_named(name) or "unknown")])
        yield from _table(["", "", "this", "other", _HEADS.get(kind, kind)], rows, "lrrl")
        yield from _more(names, most)
    for kind, spreads in made.tables.items():
        others = other.tables[kind]
        names_ = _longest_of_both(spreads, others)
        if not names_:
            continue
        yield ""
        yield f"{_TITLES[kind]}: median, p99"
        rows = []
        for name_ in names_[:most]:
            mine_, theirs_ = spreads.get(name_), others.get(name_)
            rows.append(
                [
                    "",
                    "*" if _differ(mine_, theirs_) else "",
                    *_cells(mine_),
                    *_cells(theirs_),
                    _change(mine_, theirs_),
                    visible(name_),
                ]
            )
        head = ["", "", "count", "this", "", "count", "other", "", "change", kind]
        yield from _table(head, rows, "lrrrrrrrl")
        yield from _more(names_, most)
    for name_, which in (("this", made), ("other", other)):
        for text in which.missing:
            yield f"!! {name_}: {text}"


def against_json(made: Statistics, other: Statistics) -> Iterator[str]:
    """
    What :func:`against_lines` shows, all of it, as JSON lines.

    They are those of :func:`figure_rows` with ``other``, what the other file has there (a count, or
    a spread, null for none), and ``changed``, whether that is beyond the noise.
    """
    rows: list[dict[str, Any]] = [
        {
            "type": "packets",
            "count": made.journeys,
            "missing": made.missing,
            "other": other.journeys,
            "other_missing": other.missing,
        }
    ]
    for kind, mine, theirs in _counted(made, other):
        for key in _most_counted(mine, theirs):
            one, two = mine.get(key, 0), theirs.get(key, 0)
            named: dict[str, Any] = {"name": key}
            if kind == "outcome":
                named = {"end": key[0], "reason": key[1]}
            elif kind == "dropper":
                named = {"function": key}
            changed = _apart(one, made.journeys, two, other.journeys)
            rows.append({"type": kind, **named, "count": one, "other": two, "changed": changed})
    for kind, spreads in made.tables.items():
        others = other.tables[kind]
        for name in _longest_of_both(spreads, others):
            mine_, theirs_ = spreads.get(name), others.get(name)
            here = mine_.to_dict() if mine_ is not None else {"count": 0}
            row: dict[str, Any] = {"type": kind, "name": name, **here}
            row["other"] = theirs_.to_dict() if theirs_ is not None else None
            rows.append(row | {"changed": _differ(mine_, theirs_)})
    return map(json.dumps, rows)


_COUNTED = {"outcome": "Outcomes", "dropper": "Dropped by"}
_HEADS = {"dropper": "function"}


def _counted(
    made: Statistics, other: Statistics
) -> Iterator[tuple[str, dict[Any, int], dict[Any, int]]]:
    """What is counted in both, by its kind."""
    yield "outcome", made.outcomes, other.outcomes
    yield "dropper", made.droppers, other.droppers
    for kind in PLACES:
        mine, theirs = (
            {name: ends.total() for name, ends in one.by[kind].items()} for one in (made, other)
        )
        yield kind, mine, theirs


def _most_counted(mine: dict[Any, int], theirs: dict[Any, int]) -> list[Any]:
    """The names in both, the ones that count most first."""
    return sorted(
        {*mine, *theirs}, key=lambda name: (-mine.get(name, 0) - theirs.get(name, 0), name)
    )


def _longest_of_both(spreads: dict[str, Spread], others: dict[str, Spread]) -> list[str]:
    return sorted({*spreads, *others}, key=lambda name: -_total(spreads, others, name))


def _named(key: tuple[str, str] | str) -> str:
    """A name as text; of an outcome, its end and reason; empty where it is not known."""
    if isinstance(key, str):
        return key
    return ": ".join(filter(None, key))


def _total(one: dict[str, Spread], two: dict[str, Spread], name: str) -> float:
    return sum(spreads[name].total for spreads in (one, two) if name in spreads)


def _cells(spread: Spread | None) -> list[str]:
    if spread is None:
        return ["0", "-", "-"]
    return [str(len(spread)), scaled(spread.quantile(0.5)), scaled(spread.quantile(0.99))]


def _change(one: Spread | None, two: Spread | None) -> str:
    if one is None or two is None or not two.quantile(0.5):
        return "-"
    return f"{(one.quantile(0.5) / two.quantile(0.5) - 1) * 100:+.0f} %"


def _apart(one: int, of: int, two: int, of_two: int) -> bool:
    """Whether two shares differ by more than 1.96 standard errors of their difference."""
    if not of or not of_two:
        return False
    whole = (one + two) / (of + of_two)
    error = math.sqrt(whole * (1 - whole) * (1 / of + 1 / of_two))
    return abs(one / of - two / of_two) > 1.96 * error


def _differ(one: Spread | None, two: Spread | None) -> bool:
    """Whether the medians of two spreads differ beyond the noise, either way."""
    if one is None or two is None:
        return False
    (low, high), (other_low, other_high) = one.median_between(), two.median_between()
    return low > other_high or high < other_low
