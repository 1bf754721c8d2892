# SPDX-License-Identifier: BSD-2-Clause
"""
The Wireshark dissector that comes with dtkit, in Lua, and a profile of columns and colours.

One file: frames of mbuf_trace in all three generations, and what captures of dtkit say of packets.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from importlib.resources import files

from dtkit.packets.header import HEADER_FIELDS
from dtkit.packets.metadata import PACKET_FIELDS
from dtkit.trace.journey.kept import KEPT_FIELDS

__all__ = ["NAME", "dissector", "profile", "wireshark_fields"]

#: What the file is called in Wireshark's folder of plugins.
NAME = "dtkit.lua"

#: Fields that the comment does not have, but that follow from it.
_FOLLOWING = {"follow": "a filter that finds all packets of its journey"}

_KINDS = {"int64": "int64", "integer": "int64", "string": "string", "string[]": "string"}
_IN_HEX = {"mbuf"}


def wireshark_fields() -> Iterator[tuple[str, str, str]]:
    """Name behind ``dtkit.``, kind and words of each field that the dissector has."""
    told: set[str] = set()
    for name, _, column in KEPT_FIELDS:
        kind = "uint64" if column.form == "hex" else _KINDS[column.type]
        if name not in told:
            yield name, kind, column.words.partition(";")[0]
        told.add(name)
    for name, (kind, words) in PACKET_FIELDS.items():
        if name not in told:
            yield name, "uint64" if name in _IN_HEX else _KINDS[kind], words
    for name, (kind, words) in HEADER_FIELDS.items():
        if name not in told:
            yield name, _KINDS[kind], words
    for name, words in _FOLLOWING.items():
        yield name, "string", words


def dissector() -> str:
    """Its text, to be put into Wireshark's personal plugin folder as :data:`NAME`."""
    folder = files("dtkit.trace.views")
    known = "\n".join(
        f"    {{ {', '.join(json.dumps(one, ensure_ascii=False) for one in row)} }},"
        for row in wireshark_fields()
    )
    texts = [
        folder.joinpath(name).read_text(encoding="utf-8").replace("--@FIELDS@", known)
        for name in ("mbuf_trace.lua", "dtkit.lua")
    ]
    # Each in a block: what is local in one is not in the other. Once: a file among the plugins
    # may be given by -X lua_script as well.
    blocks = "\n".join(f"do\n{text}end" for text in texts)
    return f"if not package.loaded.dtkit then\npackage.loaded.dtkit = true\n{blocks}\nend\n"


#: Columns of the list of packets: what they are called, and what stands in them.
_COLUMNS = (
    ("No.", "%m"),
    ("Time", "%t"),
    ("Journey", "%Cus:dtkit.journey:0:R"),
    ("Hop", "%Cus:dtkit.hop:0:R"),
    ("Function", "%Cus:dtkit.function:0:R"),
    ("Interface", "%Cus:dtkit.interface:0:R"),
    ("Process", "%Cus:dtkit.process:0:R"),
    ("Source", "%s"),
    ("Destination", "%d"),
    ("Protocol", "%p"),
    ("Info", "%i"),
    ("Changed", "%Cus:dtkit.changed:0:R"),
    ("Outcome", "%Cus:dtkit.outcome:0:R"),
)

#: Rules of colour, the first that matches first: name, filter, background and foreground.
_COLOURS = (
    ("dtkit dropped", 'dtkit.outcome matches "^dropped"', (0xFFFF, 0xC0C0, 0xC0C0)),
    ("dtkit something missing", "dtkit.note", (0xFFFF, 0xE6E6, 0xB0B0)),
    ("dtkit delivered", 'dtkit.outcome matches "^delivered"', (0xCCCC, 0xF0F0, 0xCCCC)),
    ("dtkit changed", 'dtkit.changed and dtkit.changed != "unchanged"', (0xDDDD, 0xE8E8, 0xFFFF)),
)


def profile() -> bytes:
    """A profile for Wireshark to import, as a zip file: columns, colours, buttons of filters."""
    columns = ",\n\t".join(f'"{title}", "{what}"' for title, what in _COLUMNS)
    preferences = (
        f"gui.column.format: \n\t{columns}\n"
        # One packet is there several times: no retransmissions.
        "tcp.analyze_sequence_numbers: FALSE\n"
    )
    colours = "".join(
        f"@{name}@{rule}@[{','.join(map(str, back))}][0,0,0]\n" for name, rule, back in _COLOURS
    )
    buttons = (
        '"TRUE","Dropped","dtkit.outcome matches \\x22^dropped\\x22","Where packets were dropped"\n'
        '"TRUE","Changed","dtkit.changed and dtkit.changed != \\x22unchanged\\x22",'
        '"Where packets were changed"\n'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("preferences", preferences),
            ("colorfilters", colours),
            ("dfilter_buttons", buttons),
        ):
            # A date of its own would make each file another one.
            archive.writestr(zipfile.ZipInfo(f"dtkit/{name}", (2020, 1, 1, 0, 0, 0)), text)
    return made.getvalue()
