# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit extcap``: an interface of Wireshark's."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import BinaryIO

import click

from dtkit.cli.completion.kinds import Completes
from dtkit.cli.failure import Failure
from dtkit.cli.help import Command
from dtkit.cli.inputs import Watched, first_interrupt
from dtkit.cli.options import AS, HOST, LENGTH
from dtkit.cli.path.asking import PRESET
from dtkit.cli.terminal import say
from dtkit.generate.functions import PRESETS, PathError
from dtkit.live.dtrace import capturing, running
from dtkit.live.extcap import (
    INTERFACES,
    MBUF_TRACE,
    ExtcapInterface,
    Said,
    config,
    dlts,
    install,
    install_dissector,
    interfaces,
    script_of,
    write_capture,
)
from dtkit.live.hints import hint
from dtkit.live.host import DtraceError, Elevation, Host, NowhereError
from dtkit.oddity import Oddity
from dtkit.output.lines import pieces
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, compile_filter
from dtkit.probes import UnknownProbeError
from dtkit.trace.views.dissector import NAME, dissector
from dtkit.version import __version__
from dtkit.waiting import Awaited, open_for_reader, wait


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit extcap --install
  tshark -i dtkit-ip-input
  dtkit extcap --extcap-interfaces
""",
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
@click.option(
    "--point",
    "probe",
    shell_complete=Completes("probe"),
    metavar="PROBE",
    default="ip_input",
    help="Of dtkit-probe.",
)
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
        with open(fifo, "wb", opener=open_for_reader) as sink:
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
    if interface.value == MBUF_TRACE:
        words = ("tcpdump", "-i", "mbuf_trace", "-U", "-w", "-", *([filter_] if filter_ else []))
        with capturing(words, host) as child, first_interrupt(child.stop):
            for piece in pieces(_while_read(child.output, sink)):
                sink.write(piece)
                sink.flush()
        return
    text, notes = script_of(interface, filter_, probe, preset, length)
    for note in notes:
        say(f"{ctx.command_path}: {note}")
    last = ""

    def heard(item: Said) -> None:
        nonlocal last
        last = item.text if isinstance(item, Oddity) else str(item)
        say(f"{ctx.command_path}: {item}")

    with running(text, host) as child, first_interrupt(child.stop):
        write_capture(interface, _while_read(child.output, sink), sink, heard)
    if child.status and not child.stopped:
        advice = hint(last)
        what = f"dtrace(1) on {host} failed with {child.status}"
        raise DtraceError(f"{what}{f': {advice}' if advice else ''}; {last}")


def _while_read(output: Awaited, sink: BinaryIO) -> BinaryIO:
    """
    What a program prints, as long as somebody reads what we make of it.

    Wireshark may close its end while nothing comes that could be written there.

    :raises BrokenPipeError: as a write to *sink* would, from whatever reads this.
    """
    held = [sink] if stat.S_ISFIFO(os.fstat(sink.fileno()).st_mode) else []

    def before() -> None:
        if sink in wait([output], held=held):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    return io.BufferedReader(Watched(output, before, lambda _: None), 1 << 18)
