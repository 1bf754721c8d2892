# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace dissector``: the Wireshark dissector in Lua."""

from __future__ import annotations

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_output, refuse_terminal
from dtkit.cli.options import OUTPUT, TO
from dtkit.trace.views.dissector import dissector, profile


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace dissector -o ~/.local/lib/wireshark/plugins/dtkit.lua
  dtkit trace dissector --to zip -o dtkit.zip
  tshark -X lua_script:dtkit.lua -r path.pcapng -Y 'dtkit.outcome contains "dropped"'
  tshark -X lua_script:dtkit.lua -r capture.pcap -Y 'mbuf_trace.label == "ip_output"'
""",
)
@TO(
    "The dissector; a profile of columns, colours and buttons for Wireshark to import.",
    type=click.Choice(["lua", "zip"]),
    default="lua",
)
@OUTPUT()
def command(form: str, output: str) -> None:
    """Print a Wireshark dissector in Lua, or a profile that goes with it.

    What captures of dtkit say of packets becomes fields: dtkit.journey, dtkit.function,
    dtkit.outcome, dtkit.process and so on. Frames of mbuf_trace are read in all three generations,
    each frame by itself; the preference Generation forces one. Where Wireshark was built without
    Lua (on FreeBSD), the comments of packets have the same words.
    """
    if form == "zip" and output == "-":
        refuse_terminal("--to zip")
    with open_output(output) as stream:
        stream.write(dissector().encode() if form == "lua" else profile())
