# SPDX-License-Identifier: BSD-2-Clause
"""What every subcommand reads: journeys of a capture, chosen by filters, oddities on stderr."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from dtkit.cli.inputs import READABLE, open_input
from dtkit.cli.options import FILTER, INNER, LAST, NO_ADVICE, STRICT, Shared
from dtkit.cli.privacy import privacy_options
from dtkit.cli.terminal import say
from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.trace.journey.codec import Generation
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.last import last_journeys
from dtkit.trace.journey.model import Journey

if TYPE_CHECKING:
    from dtkit.packets.privacy import Privacy
    from dtkit.trace.journey.filter import Filter
    from dtkit.trace.journey.path import Seen


class JourneySource:
    """
    The journeys that a command line asks for; to be iterated over.

    Oddities go to standard error as they are met, one line each.

    :ivar name: of the file, ``-`` for standard input.
    :ivar read: how many journeys there were so far.
    :ivar oddities: how many oddities there were so far.
    :ivar advice: whether journeys say what to look at next.
    :ivar privacy: what of journeys is not shown; None where all is.
    :ivar last: ns before the end in which journeys have to be under way; None for any.
    :ivar timed: whether journeys are chosen by how long they took: of which that is not known is
        said at the end.
    :ivar seen: told of each step as it is read, whether its journey is chosen or not.
    """

    def __init__(
        self, name: str, stream: BinaryIO, generation: Generation | None, filters: list[Filter]
    ) -> None:
        self.name, self.oddities = name, 0
        self._stream, self._generation, self._filters = stream, generation, filters
        self.read = self._chosen = self._untimed = 0
        self.advice = True
        self.privacy: Privacy | None = None
        self.last: int | None = None
        self.timed = False
        self.seen: Seen | None = None

    def __iter__(self) -> Iterator[Journey]:
        items = self._journeys()
        for item in items if self.last is None else last_journeys(items, self.last):
            if not self._filters or all(wanted(item) for wanted in self._filters):
                self._chosen += 1
                shown = item if self.advice else item.without_advice()
                yield shown if self.privacy is None else self._private(shown, self.privacy)

    @staticmethod
    def _private(journey: Journey, privacy: Privacy) -> Journey:
        from dtkit.trace.journey.privacy import private

        return private(journey, privacy)

    def _journeys(self) -> Iterator[Journey]:
        context = click.get_current_context()
        for item in read_any(self._stream, self._generation, self.seen):
            if isinstance(item, Oddity):
                self.oddities += not item.asked
                say(f"{context.command_path}: {item}")
                continue
            self.read += 1
            self._untimed += self.timed and item.duration is None
            yield item

    def alike(self, name: str, stream: BinaryIO) -> JourneySource:
        """Another source, read with the same options; its oddities are its own."""
        other = JourneySource(name, stream, self._generation, self._filters)
        other.advice, other.privacy = self.advice, self.privacy
        other.last, other.timed = self.last, self.timed
        return other

    def __str__(self) -> str:
        """What was read: the line that ends it."""
        is_part = self._filters or self.last is not None
        chosen = f", {self._chosen} chosen" if is_part else ""
        if self._untimed:
            chosen += f", {self._untimed} of unknown latency"
        oddities = counted(self.oddities, "oddity", "oddities")
        return f"{counted(self.read, 'journey')}{chosen}, {oddities}"


GENERATION = Shared(
    "--generation",
    type=click.Choice(["1", "2", "3"]),
    help="Read every frame as of this generation, instead of asking each frame.",
)


def forced_generation(choice: str | None) -> Generation | None:
    """What --generation asks for."""
    return cast("Generation | None", choice and int(choice))


JOURNEY_FILTER = FILTER(
    "Or journeys with a hop that matches label:GLOB or file:GLOB (file:if.c), or that ended as "
    "outcome:GLOB (outcome:dropped), reason:GLOB or rule:GLOB say; of followed packets also "
    "latency:5ms or latency:<5ms, vnet:GLOB, if:GLOB, proc:GLOB, host:GLOB. Given twice, both "
    "must match.",
    multiple=True,
)


def journey_filters(expressions: tuple[str, ...], inner: str | None = None) -> list[Filter]:
    """What --filter and --inner ask for.

    :raises click.UsageError: one is no filter.
    """
    if not expressions and inner is None:
        return []  # and libpcap is not looked for
    from dtkit.packets.pcapfilter import FilterError
    from dtkit.trace.journey.filter import inner_filter, journey_filter

    try:
        chosen = [journey_filter(expression) for expression in expressions]
        return chosen if inner is None else [*chosen, inner_filter(inner)]
    except FilterError as error:
        raise click.UsageError(str(error)) from error


def source_argument(function: Callable[..., None]) -> Callable[..., int]:
    """Give a command the argument FILE and the options on reading it, as parameter ``source``.

    When the command has used it, what was read is said on stderr; the exit status is 1 if
    nothing was, or if --strict wants no oddities.
    """

    @click.argument("file", type=READABLE)
    @GENERATION()
    @JOURNEY_FILTER
    @INNER("At any moment of their way.")
    @LAST()
    @STRICT()
    @NO_ADVICE()
    @privacy_options
    @functools.wraps(function)
    def wrapper(
        file: str,
        generation: str | None,
        filter_: tuple[str, ...],
        inner: str | None,
        last: float | None,
        strict: bool,
        no_advice: bool,
        privacy: Privacy | None,
        **rest: Any,
    ) -> int:
        chosen = journey_filters(filter_, inner)
        to_file = rest.get("output", rest.get("write", "-")) != "-"
        with open_input(file, shown=False if to_file else None) as stream:
            source = JourneySource(file, stream, forced_generation(generation), chosen)
            source.advice, source.privacy = not no_advice, privacy
            source.last = None if last is None else round(last * 1e9)
            source.timed = any(expression.startswith("latency:") for expression in filter_)
            function(source=source, **rest)
        say(str(source))
        return 1 if source.oddities and (strict or not source.read) else 0

    return wrapper
