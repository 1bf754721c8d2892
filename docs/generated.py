# SPDX-License-Identifier: BSD-2-Clause
"""
A directive for pages of the manual that are made from dtkit's tables: ``{made-from} probes``.

Each is a function that returns Markdown; what it says is what the installed dtkit has.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import dtkit
from dtkit.cli import main
from dtkit.cli.trace.schema import SCHEMAS
from dtkit.dlang import WITH_COPYOUTMBUF, Options, Severity, check, target_kernel
from dtkit.freebsd import ProbePoint, Release, releases
from dtkit.generate.ready import ready, ready_made, sample
from dtkit.probes import Probe, catalog


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def probes() -> Iterator[str]:
    """The catalog, as ``dtkit probes`` prints it."""
    rows = (
        [
            f"`{probe}`",
            f"`{probe.expression}`",
            f"{probe.data}{'?' if probe.hint and probe.data != 'unknown' else ''}",
            str(probe.direction),
            "yes" if probe.null else "",
            probe.purpose,
        ]
        for probe in catalog()
    )
    yield from table(["probe", "mbuf", "data", "dir", "NULL", "good for"], rows)


def scripts() -> Iterator[str]:
    """The ready-made scripts, each with some of what it printed on a kernel."""
    for one in ready():
        yield f"## {one.name}\n\n{one.title}.\n"
        yield " ".join(one.about) + "\n"
        yield f"Needs {one.needs}. Run it by `{' '.join(one.run.split())}`.\n"
        yield f"```text\n{sample(one.name).rstrip()}\n```\n"


def support() -> Iterator[str]:
    """Which probes of the catalog each release has, and which ready-made scripts compile there."""
    known = releases()
    head = [f"FreeBSD {one.name}" for one in known]
    yield "## Probe points\n"
    rows: list[Sequence[str]] = []
    for probe in catalog():
        there = [any(_is(probe, point) for point in one.probes) for one in known]
        rows.append([f"`{probe}`", *("yes" if found else "" for found in there)])
    yield from table(["probe", *head], rows)
    yield "\n## Ready-made scripts\n"
    yield "With a stock dtrace(1); *patched* where `copyoutmbuf` is needed.\n"
    rows = []
    for made in ready():
        verdicts = [_verdict(ready_made(made.name), one) for one in known]
        rows.append([f"[{made.name}](ready-made.md#{made.name})", *verdicts])
    yield from table(["script", *head], rows)


def _is(probe: Probe, point: ProbePoint) -> bool:
    names = (point.provider, point.module, point.function, point.name)
    return all(map(fnmatchcase, names, (field or "*" for field in probe.description.fields)))


def _verdict(program: str, release: Release) -> str:
    """Whether a stock dtrace(1) of that release takes a script, or one with the patch."""
    kernel = target_kernel(release)
    for options, words in ((Options(), "yes"), (WITH_COPYOUTMBUF, "patched")):
        found = check(program, options=options, kernel=kernel)
        if not any(one.severity is Severity.ERROR for one in found):
            return words
    return ""


def commands() -> Iterator[str]:
    """What ``--help`` prints, of each command and of the commands of groups."""
    return _helped(main, click.Context(main, info_name="dtkit", terminal_width=88))


def _helped(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None and not found.hidden:
                below = click.Context(found, context, info_name=name, terminal_width=88)
                yield from _helped(found, below)


def api() -> Iterator[str]:
    """The public names, by what they are."""
    names = [name for name in dtkit.__all__ if name != "__version__"]
    for name in sorted(names, key=lambda name: (inspect.isclass(getattr(dtkit, name)), name)):
        kind = "autoclass" if inspect.isclass(getattr(dtkit, name)) else "autofunction"
        yield f"## {name}\n\n```{{eval-rst}}\n.. {kind}:: dtkit.{name}\n```\n"


def schemas() -> Iterator[str]:
    """The JSON Schemas that dtkit prints."""
    for form, (words, schema) in SCHEMAS.items():
        made = schema()
        yield f"## {words}\n\n`{made['$id']}`, printed by `dtkit trace schema --to {form}`.\n"
        yield f"```json\n{json.dumps(made, indent=2)}\n```\n"


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    one.__name__: one for one in (commands, probes, scripts, support, api, schemas)
}


class MadeFrom(SphinxDirective):
    """``{made-from} NAME``: what that function of this module makes."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        text = "\n".join(PAGES[self.arguments[0]]())
        made: list[nodes.Node] = self.parse_text_to_nodes(text, allow_section_headings=True)
        return made


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("made-from", MadeFrom)
    return {"parallel_read_safe": True}
