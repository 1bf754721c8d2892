# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit extcap``: an interface of Wireshark's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import click

from dtkit import output
from dtkit.cli.failure import Failure
from dtkit.cli.inputs import first_interrupt
from dtkit.cli.options import AS, HOST, LENGTH
from dtkit.cli.path.asking import PRESET
from dtkit.cli.terminal import say
from dtkit.generate.functions import PRESETS, PathError, choose, known_functions
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.generate.script import script
from dtkit.live.dtrace import DtraceRun, capturing, running
from dtkit.live.extcap import (
    INTERFACES,
    ExtcapInterface,
    config,
    dlts,
    install,
    install_dissector,
    interfaces,
)
from dtkit.live.hints import hint
from dtkit.live.host import DtraceError, Elevation, Host, NowhereError
from dtkit.oddity import Oddity
from dtkit.output import Drop, Fault, Notice
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile, Provenance
from dtkit.packets.pcapfilter import FilterError, compile_filter
from dtkit.probes import UnknownProbeError, catalog
from dtkit.probes.points import shipped_catalog
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path
from dtkit.trace.views.convert import write_snapshots
from dtkit.trace.views.dissector import NAME, dissector
from dtkit.version import __version__


@click.command(
    epilog="""\b
Examples:
  dtkit extcap --install
  tshark -i dtkit-ip-input
  dtkit extcap --extcap-interfaces
"""
)
@click.option("--install", "installing", is_flag=True, help="Put it where Wireshark looks.")
@click.option("--extcap-interfaces", "listing", is_flag=True, help="List the interfaces.")
@click.option("--extcap-version", metavar="V", help="Wireshark's own version.")
@click.option(
    "--extcap-interface", "interface", type=click.Choice(list(INTERFACES)), help="Of this one:"
)
@click.option("--extcap-dlts", "links", is_flag=True, help="What its packets start with.")
@click.option("--extcap-config", "settings", is_flag=True, help="What can be set.")
@click.option("--extcap-capture-filter", "filter_", metavar="EXPR", default="", help="The filter.")
@click.option("--capture", is_flag=True, help="Capture, into --fifo.")
@click.option("--fifo", metavar="FILE", help="Where packets go.")
@HOST()
@AS()
@click.option("--point", "probe", metavar="PROBE", default="ip_input", help="Of dtkit-probe.")
@PRESET()
@LENGTH(default=128)
@click.pass_context
def command(
    ctx: click.Context,
    installing: bool,
    listing: bool,
    extcap_version: str | None,
    interface: str | None,
    links: bool,
    settings: bool,
    filter_: str,
    capture: bool,
    fifo: str | None,
    host: str | None,
    elevation: str | None,
    probe: str,
    preset: str,
    length: int,
) -> None:
    """Be an interface of Wireshark's: it runs this, and shows packets as they come.

    With --install it is put where Wireshark and tshark(1) look, with the dissector of dtkit trace
    dissector; dtkit-ip-input and its kin are then among their interfaces, with host and probe in
    the dialog, and the field for a capture filter is a filter in the kernel. The rest is for
    Wireshark.
    """
    if installing:
        click.echo(str(install()))
        lua = install_dissector(dissector(), NAME)
        click.echo(str(lua))
        if (older := lua.with_name("mbuf_trace.lua")).exists():
            say(f"{ctx.command_path}: remove {older}: {NAME} has what it has, and clashes with it")
        return
    if listing:
        for line in interfaces(__version__):
            click.echo(line)
        return
    if interface is None:
        raise click.UsageError("give --install; the rest is for Wireshark")
    chosen = INTERFACES[interface]
    if links or settings:
        for line in dlts(chosen) if links else config(chosen, {one: one for one in PRESETS}):
            click.echo(line)
        return
    if filter_ and not capture:
        # What is printed is what is wrong with it.
        try:
            compile_filter(filter_, LinkType.RAW)
        except FilterError as error:
            click.echo(str(error))
        return
    if not capture or fifo is None:
        raise click.UsageError("--capture and --fifo go together")
    there = Host(host or None, Elevation(elevation) if elevation else None)
    try:
        with open(fifo, "wb") as sink:
            _capture(ctx, chosen, sink, there, filter_, probe, preset, length)
    except (NowhereError, UnknownProbeError, PathError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    except DtraceError as error:
        raise Failure(str(error), ctx) from error


def _capture(
    ctx: click.Context,
    interface: ExtcapInterface,
    sink: BinaryIO,
    host: Host,
    filter_: str,
    probe: str,
    preset: str,
    length: int,
) -> None:
    if interface.value == "dtkit-mbuf-trace":
        words = ("tcpdump", "-i", "mbuf_trace", "-U", "-w", "-", *([filter_] if filter_ else []))
        with capturing(words, host) as child, first_interrupt(child.stop):
            while piece := child.output.read(1 << 16):
                sink.write(piece)
                sink.flush()
        return
    if interface.value == "dtkit-path":
        functions = choose(known_functions(catalog()), preset)
        text, _ = path_script(functions, PathRequest(filter_, length))
    else:
        names = [probe] if interface.value == "dtkit-probe" else list(interface.probes)
        found = [one for name in names for one in catalog().match(name)]
        request = Request(
            length, copy=Copy.SEGMENTS, annotate=True, conditions=Conditions(filter=filter_)
        )
        text, notes = script(found, request)
        for note in notes:
            say(f"{ctx.command_path}: {note}")
    with running(text, host) as child, first_interrupt(child.stop):
        said = (_ways if interface.value == "dtkit-path" else _packets)(ctx, child, sink)
    if child.status and not child.stopped:
        advice = hint(said)
        what = f"dtrace(1) on {host} failed with {child.status}"
        raise DtraceError(f"{what}{f': {advice}' if advice else ''}; {said}")


def _packets(ctx: click.Context, child: DtraceRun, sink: BinaryIO) -> str:
    """Write packets; the last that dtrace(1) said."""
    file, said = PacketFile(sink, Provenance(), shipped_catalog()), ""
    file.close()  # Wireshark waits for the beginning
    sink.flush()
    for item in output.packets(output.read_runs(child.output), shipped_catalog()):
        if isinstance(item, (Packet, PacketRun)):
            file.write(item) if isinstance(item, Packet) else file.write_run(item)
            sink.flush()
        elif isinstance(item, (Oddity, Fault, Drop, Notice)):
            if isinstance(item, Notice) and item.began:
                continue
            said = str(item)
            say(f"{ctx.command_path}: {said}")
    return said


def _ways(ctx: click.Context, child: DtraceRun, sink: BinaryIO) -> str:
    """Write the snapshots of journeys as these end; the last that dtrace(1) said."""
    said = ""

    def journeys() -> Iterator[Journey]:
        nonlocal said
        for item in read_path(child.output):
            if isinstance(item, Oddity):
                said = item.text
                say(f"{ctx.command_path}: {item}")
            else:
                yield item

    for _ in write_snapshots(journeys(), sink):
        sink.flush()
    return said
