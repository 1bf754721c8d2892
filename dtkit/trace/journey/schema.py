# SPDX-License-Identifier: BSD-2-Clause
"""The JSON Schemas of journeys, as ``show --to json`` prints them and as captures keep them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dtkit.packets.header import HEADER_FIELDS
from dtkit.packets.linktype import LinkType
from dtkit.packets.metadata import PACKET_FIELDS, SOURCE_FIELDS
from dtkit.trace.journey.columns import Column, Table
from dtkit.trace.journey.kept import KEPT
from dtkit.trace.journey.model import HOP, JOURNEY, SNAPSHOT

__all__ = ["JOURNEY_ID", "PACKET_ID", "journey_schema", "packet_schema"]

#: What the schemas are called, with the version of their form: names, and no addresses.
JOURNEY_ID = "urn:dtkit:schema:journey:1"
PACKET_ID = "urn:dtkit:schema:pcapng:1"

#: What JSON has for the types of columns.
_TYPES: dict[str, dict[str, Any]] = {
    "int64": {"type": "integer"},
    "string": {"type": "string"},
    "binary": {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
    "string[]": {"type": "array", "items": {"type": "string"}},
    "change[]": {"type": "array", "items": {"$ref": "#/$defs/change"}},
}

#: What the values of a column are besides.
_VALUES: dict[str, dict[str, Any]] = {
    "journey": {"minimum": 1},
    "step": {"minimum": 0},
    "depth": {"minimum": 0},
    "line": {"minimum": 0},
    "captured": {"minimum": 0},
    "duration": {"minimum": 0},
    "direction": {"enum": ["+", "-", ""]},
    "linktype": {"enum": [linktype.name for linktype in LinkType]},
}

#: What --meta asks for; fields that are not known are not there.
_HEADER = {
    "description": "What the kernel knows beside the bytes; only where --meta asked for it.",
    "type": "object",
    "properties": {
        name: {"description": words, "type": kind} for name, (kind, words) in HEADER_FIELDS.items()
    },
}

#: Whose sockets a packet came by.
_OWNERS = {
    "description": "Whose sockets it came by.",
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "delivered": {"description": "To the socket; else sent on it.", "type": "boolean"},
            "process": {"description": "As name[pid]; empty if unknown.", "type": "string"},
            "user": {"description": "Its id; null if unknown.", "type": ["integer", "null"]},
            "jail": {"description": "Empty for the host.", "type": "string"},
            "known": {"description": "How; 0 where it is not.", "type": "integer"},
        },
    },
}

_BITS = {"type": "integer", "minimum": 0}

_CHANGE = {
    "kind": {"enum": ["changed", "added", "removed"]},
    "part": {"description": "Header, option, payload or padding.", "type": "string"},
    "field": {
        "description": "Null for a whole part, or bytes without fields.",
        "type": ["string", "null"],
    },
    "before": {
        "description": "As people write it; null for an addition.",
        "type": ["string", "null"],
    },
    "after": {"description": "As people write it; null for a removal.", "type": ["string", "null"]},
    "before_bit": _BITS,
    "before_bits": _BITS,
    "after_bit": _BITS,
    "after_bits": _BITS,
}


def journey_schema() -> dict[str, Any]:
    """The schema, of draft 2020-12."""
    steps = {
        "description": "In the order of time, or newest first with --as-captured.",
        "type": "array",
        "items": {"oneOf": [{"$ref": f"#/$defs/{table.name}"} for table in (HOP, SNAPSHOT)]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": JOURNEY_ID,
        "title": "A packet's way through the kernel",
        "description": "One line of `dtkit trace show --to json`. Times are integer nanoseconds "
        "since 1970; text that was no UTF-8 has its bytes as \\xNN.",
        **_object({"type": {"const": JOURNEY.name}, **_properties(JOURNEY), "steps": steps}),
        "$defs": {
            HOP.name: _object(
                {"type": {"const": HOP.name}, **_properties(HOP)}, {"header": _HEADER}
            ),
            SNAPSHOT.name: _object({"type": {"const": SNAPSHOT.name}, **_properties(SNAPSHOT)}),
            "change": {
                "description": "Bits of the packet before give way to bits of the packet after.",
                **_object(_CHANGE),
            },
        },
    }


def packet_schema() -> dict[str, Any]:
    """The schema of what captures say of a packet: see :mod:`dtkit.packets.metadata`."""
    known = {name: _plain(*said) for name, said in SOURCE_FIELDS.items()}
    snapshot = {
        **_told(SNAPSHOT),
        "known": {
            "description": "What the bytes start with, where it was known and not guessed.",
            "enum": [linktype.name for linktype in LinkType],
        },
    }
    module = _plain("string", "the kernel module, where the file is known as well")
    steps = {
        HOP.name: _of_capture(
            {"type": {"const": HOP.name}, **_told(HOP), "module": module, "header": _HEADER}
        ),
        SNAPSHOT.name: _of_capture({"type": {"const": SNAPSHOT.name}, **snapshot}),
    }
    packet = {name: _plain(*said) for name, said in PACKET_FIELDS.items()}
    packet["header"] = _HEADER
    of_journey = {
        JOURNEY.name: _of_capture({**_told(JOURNEY), "owners": _OWNERS}, ("journey",)),
        KEPT.name: _of_capture(_told(KEPT), ("packet", "packets", "hops")),
        HOP.name: {"$ref": f"#/$defs/{HOP.name}"},
        "steps": {
            "description": "Since the packet before it; of the last one, to the end.",
            "type": "array",
            "items": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in steps]},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": PACKET_ID,
        "title": "What a capture says of a packet",
        "description": "JSON of the option `dtkit/1 `. What is not known is not there. Times are "
        "integer nanoseconds; a byte that was no UTF-8 is half of a surrogate pair, as Python has "
        "it.",
        "oneOf": [
            _of_capture({**known, **of_journey}, (JOURNEY.name, KEPT.name, "steps")),
            _of_capture({"type": {"const": "packet"}, **known, **packet}, ("type",)),
        ],
        "$defs": steps,
    }


def _of_capture(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object that lacks what is not known, and may have what later versions say."""
    return {"type": "object", "properties": properties, "required": list(required)}


def _plain(kind: str, words: str) -> dict[str, Any]:
    return {"description": words, "type": kind}


def _told(table: Table) -> dict[str, Any]:
    """The properties of a table as :meth:`Table.kept` gives them."""
    kept = (column for column in table.columns if column.type in ("int64", "string", "string[]"))
    return {column.name: _property(replace(column, null=False)) for column in kept}


def _object(properties: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
    }


def _properties(table: Table) -> dict[str, Any]:
    return {column.name: _property(column) for column in table.columns}


def _property(column: Column) -> dict[str, Any]:
    found = {"description": column.words, **_TYPES[column.type], **_VALUES.get(column.name, {})}
    if column.null:
        found["type"] = [found["type"], "null"]
    return found
