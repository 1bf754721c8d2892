# SPDX-License-Identifier: BSD-2-Clause
"""Journeys that are shown to others: of packets without payload, with other addresses and names."""

from __future__ import annotations

from dtkit.packets.privacy import Anonymiser, Privacy
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.snapshot import Snapshot

__all__ = ["private"]


def private(journey: Journey, privacy: Privacy) -> Journey:
    """What may be shown of a journey; functions, times, CPUs and interfaces stay."""
    changed = privacy.anonymiser
    steps: list[Step] = []
    for step, seen in zip(journey.steps, journey.seen, strict=True):
        if isinstance(step, Snapshot):
            assert isinstance(seen, Snapshot)
            # By what is known of it with its neighbours: less of it is left to tell it by.
            linktype, length = seen.linktype, step.length or len(step.data)
            steps.append(Snapshot(privacy.data(step.data, linktype), linktype, length))
        elif changed is None:
            steps.append(step)
        else:
            steps.append(_hop(step, changed))
    words = [journey.outcome, journey.reason, journey.source, journey.rule, journey.advice]
    notes, owners = journey.notes, journey.owners
    if changed is not None:
        words = [changed.text(one) for one in words]
        notes = tuple(changed.text(note) for note in notes)
        owners = ()
    outcome, reason, source, rule, advice = words
    return Journey(
        journey.number, journey.time, tuple(steps), journey.form, journey.origin, outcome, notes,
        reason, source, rule, advice, owners,
    )  # fmt: skip


def _hop(hop: Hop, changed: Anonymiser) -> Hop:
    place = hop.place
    text, label = changed.text(place.text), changed.text(place.label)
    if (text, label) != (place.text, place.label):
        place = type(place)(text, label, place.direction, place.file, place.line, place.module)

    def named(kind: str, text: str | None) -> str | None:
        return None if text is None else changed.name(kind, text)

    def readdressed(text: str | None) -> str | None:
        return None if text is None else changed.text(text)

    return hop._replace(
        place=place,
        arguments=readdressed(hop.arguments),
        thread=None if hop.thread is None else changed.number(hop.thread),
        process=named("process", hop.process),
        vnet=named("vnet", hop.vnet),
        rule=readdressed(hop.rule),
        reason=readdressed(hop.reason),
        host=named("host", hop.host),
        header=None,
    )
