# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit run``: packets as they come, from dtrace(1) here or on another host."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import click

from dtkit import output
from dtkit.annotations import form
from dtkit.cli.asking import (
    find_probes,
    known_probes,
    listing_option,
    make_request,
    ready_made_text,
    refusal,
    request_options,
)
from dtkit.cli.capture import open_capture, rotation
from dtkit.cli.completion.kinds import FILES, Completes
from dtkit.cli.dtrace_options import read_program
from dtkit.cli.given import given_but, refuse
from dtkit.cli.options import (
    AS,
    FILE_COUNT,
    FILE_SECONDS,
    FILE_SIZE,
    HOST,
    NUMERIC,
    PACKETS,
    PATH,
    TIMES,
    TO,
    VERBOSE,
    WRITE,
)
from dtkit.cli.printing import PacketPrinter, packet_lines
from dtkit.cli.privacy import privacy_options
from dtkit.cli.provenance import provenance
from dtkit.cli.running import (
    SIMULATE,
    CommandAfterDashes,
    check_simulated,
    connection,
    run_script,
    simulated_run,
)
from dtkit.cli.terminal import say
from dtkit.freebsd import Release, UnknownReleaseError
from dtkit.generate.conditions import ConditionError
from dtkit.generate.ready import ready
from dtkit.generate.request import Copy
from dtkit.generate.script import script
from dtkit.live.host import Elevation, Host, NowhereError
from dtkit.live.kernel import host_release
from dtkit.output import Annotation, Firing, Notice
from dtkit.output.forms import FORMS
from dtkit.output.uniform import FiringRun
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.privacy import Privacy
from dtkit.packets.provenance import Provenance
from dtkit.packets.rotation import AllWrittenError
from dtkit.probes.points import shipped_catalog
from dtkit.version import __version__


@click.command(
    cls=CommandAfterDashes,
    epilog="""\b
Examples:
  dtkit run --as sudo tcp_input --filter 'port 22'
  dtkit run --host root@router ip_input ip_output -c 20 -w both.pcapng
  dtkit run --host root@router ether_input -w - | wireshark -k -i -
  dtkit run drops --as sudo --filter 'udp port 53'
  dtkit run packets-at-input -- ping -c 3 127.0.0.1
  dtkit run mine.d --as doas -ttt
  dtkit run tcp_input --simulate --packets trace.pcap
""",
)
@click.argument(
    "words",
    metavar="PROBE|SCRIPT|FILE.d...",
    nargs=-1,
    required=True,
    shell_complete=Completes("probe", "script", FILES),
)
@request_options(Copy.SEGMENTS)
@listing_option
@HOST()
@AS()
@SIMULATE()
@PACKETS()
@PATH(default="input", show_default=True)
@TO(
    "A line about each packet; a JSON object a line; hexdumps; the bytes; nothing.",
    type=click.Choice(FORMS),
    default="summary",
)
@WRITE()
@FILE_SIZE()
@FILE_SECONDS()
@FILE_COUNT()
@TIMES()
@VERBOSE()
@NUMERIC()
@privacy_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    listing: str | None,
    release: Release | None,
    argument: int | None,
    host: str | None,
    elevation: str | None,
    simulate: bool,
    packets: str | None,
    path: str,
    form: str,
    write: str | None,
    file_size: int | None,
    file_seconds: int | None,
    file_count: int | None,
    times: int,
    verbose: int,
    numeric: int,
    privacy: Privacy | None,
    **options: Any,
) -> int:
    """Run dtrace(1) and show packets at PROBE as they come, or what a script shows.

    PROBE is any probe that `dtkit probes` lists, SCRIPT a name of `dtkit script --list`, FILE.d
    a script of your own. ^C ends it, or the end of COMMAND, which is started when tracing has
    begun: on the host that is traced, as the user who is calling. No other tool is needed there
    than dtrace(1), which needs root.
    """
    check_simulated(ctx, simulate, packets)
    there = Host(host, Elevation(elevation) if elevation else None)
    text = _program(ctx, words, listing, release, argument, options, there)
    with ExitStack() as stack:
        capture = None
        turns = rotation(ctx, write, file_size, file_seconds, file_count)
        if write is not None:
            made = provenance() if simulate else _provenance(there, release)
            capture = stack.enter_context(open_capture(write, turns, made=made))
        printer = PacketPrinter(
            form,
            lines=packet_lines(times, verbose),
            capture=capture,
            to_stderr=write == "-",
            privacy=privacy,
        )
        child = simulated_run(ctx, text, packets, path)
        with run_script(
            ctx, text, there, flush=printer.flush, figures=printer.figures, simulated=child
        ) as running:
            with suppress(AllWrittenError):
                for item in _read(running.stream):
                    if _begins(item):
                        running.started()
                    if isinstance(item, Notice):
                        running.heard(item.text)
                    printer.take(item)
            printer.finish()
    return 0


def _provenance(host: Host, release: Release | None) -> Provenance:
    """What a capture says of the host whose packets it has, and of what that runs."""
    if release is None:
        with suppress(NowhereError, UnknownReleaseError):
            release = host_release(host)
    return provenance(host.name or platform.node(), release)


def _read(stream: Any) -> Iterator[Any]:
    return output.packets(output.read_runs(stream), shipped_catalog())


def _begins(item: object) -> bool:
    """Whether it says that the script looks at packets now."""
    if isinstance(item, Notice):
        return item.began
    if isinstance(item, Firing):
        return any(isinstance(part, Annotation) and part.kind == "start" for part in item.parts)
    if isinstance(item, Annotation):
        return item.kind == "start"
    return isinstance(item, (FiringRun, Packet, PacketRun))


#: What has no effect on a script that is there already.
_ASIDE = (
    "words",
    "host",
    "elevation",
    "simulate",
    "packets",
    "path",
    "form",
    "write",
    "file_size",
    "file_seconds",
    "file_count",
    "times",
    "verbose",
    "numeric",
)


def _program(
    ctx: click.Context,
    words: tuple[str, ...],
    listing: str | None,
    release: Release | None,
    argument: int | None,
    options: dict[str, Any],
    host: Host,
) -> str:
    """The script that the command line asks for."""
    if any(word.endswith(".d") or word == "-" for word in words):
        refuse(given_but(ctx, *_ASIDE), "a FILE.d is run as it is")
        return _timed("\n".join(read_program(word) for word in words))
    if len(words) == 1 and words[0] in {one.name for one in ready()}:
        return ready_made_text(ctx, words[0], release, options, _ASIDE)
    found = find_probes(known_probes(ctx, listing, release), words, argument)
    made_by = ["dtkit", "run", *words]
    own = connection(ctx, host)
    wanted = options["filter_"]
    excluded = own.excluded(wanted) if own else wanted
    try:
        try:
            request = make_request(ctx, True, options)
            if excluded != wanted:
                conditions = replace(request.conditions, filter=excluded)
                text, notes = script(found, replace(request, conditions=conditions), made_by)
            else:
                text, notes = script(found, request, made_by)
        except ConditionError:
            if excluded == wanted:
                raise
            # Where it is not known what packets start with, no filter can leave them out.
            text, notes = script(found, request, made_by)
            notes.append(f"packets of the connection to {host} are shown as well")
    except ValueError as error:
        raise refusal(ctx, error) from error
    for note in notes:
        say(f"{ctx.command_path}: {note}")
    return text


def _timed(text: str) -> str:
    """A script of somebody's own that says when it begins, as ours do."""
    if re.search(r"@dtkit [0-9]+ start", text):
        return text
    said, arguments = form(
        "start",
        {
            "dtkit": (__version__,),
            "timestamp": "timestamp",
            "walltimestamp": "walltimestamp",
        },
    )
    return f'{text}\ndtrace:::BEGIN {{ printf("\\n{said}\\n", {", ".join(arguments)}); }}\n'
