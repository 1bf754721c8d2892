# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace dissector``: the Wireshark dissector in Lua."""

from __future__ import annotations

import click

from dtkit.cli.inputs import open_output
from dtkit.cli.options import OUTPUT
from dtkit.trace.kernel.dissector import dissector


@click.command(
    epilog="""\b
Examples:
  dtkit trace dissector -o ~/.local/lib/wireshark/plugins/mbuf_trace.lua
  dtkit trace dissector > mbuf_trace.lua
  tshark -X lua_script:mbuf_trace.lua -r capture.pcap -Y 'mbuf_trace.label == "ip_output"'
"""
)
@OUTPUT()
def command(output: str) -> None:
    """Print a Wireshark dissector in Lua.

    It reads all three generations of mbuf_trace frames, each frame by itself; the preference
    Generation forces one. Where Wireshark was built without Lua (on FreeBSD), dtkit trace convert
    writes captures that any Wireshark reads.
    """
    with open_output(output) as stream:
        stream.write(dissector().encode())
