# SPDX-License-Identifier: BSD-2-Clause
"""
What is known of a packet, as JSON in custom options of its block in a pcapng file.

Such an option (2988: text, and tools copy it with the packet) begins with the number of the
enterprise whose it is. Ours go on with ``dtkit/1 `` and an object of JSON, which is ASCII and
stands alone; where it is too long for an option, the next one, ``dtkit/1+ ``, goes on with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = [
    "CUSTOM",
    "ENTERPRISE",
    "HEAD",
    "PACKET_FIELDS",
    "SOURCE_FIELDS",
    "VERSION",
    "metadata_pieces",
    "metadata_text",
    "read_metadata",
]

#: The code of a custom option that is text, and is copied with the packet.
CUSTOM = 2988

#: Whose the options are, by IANA's numbers: that of examples, until one is assigned.
ENTERPRISE = 32473

#: Of the form of the JSON.
VERSION = 1

#: Of a packet that no journey is of: the types of its fields, and what they say.
PACKET_FIELDS: dict[str, tuple[str, str]] = {
    "probe": ("string", "probe description"),
    "cpu": ("integer", "the CPU that it fired on"),
    "id": ("integer", "probe id"),
    "mbuf": ("string", "address of the first mbuf, in hex"),
    "offset": ("integer", "bytes of the chain in front of the packet's bytes"),
}

#: Of any packet: the fields that say where it comes from.
SOURCE_FIELDS: dict[str, tuple[str, str]] = {
    "host": ("string", "the host whose packet it is"),
    "release": ("string", "what that host runs"),
}

_PREFIX = "dtkit/"

#: What the text of an option begins with, and that of one that goes on with another's.
HEAD, _GOES_ON = f"{_PREFIX}{VERSION} ", f"{_PREFIX}{VERSION}+ "

#: Most characters of one option: its length has 16 bits, and the enterprise's number stands first.
_LONGEST = 65_000

#: Most characters of JSON that are read, of one packet; we write a quarter of it.
_MOST = 4 << 20

_VERSION = re.compile(rb"dtkit/([0-9]{1,4})\+?")


#: What is known of a packet as JSON. (json.dumps() would make an encoder for each.) A half of a
#: surrogate pair, which stands for a byte that is no UTF-8, is escaped as it is.
metadata_text = json.JSONEncoder(separators=(",", ":")).encode


def metadata_pieces(text: str) -> list[str]:
    """
    The JSON of a packet as the texts of one option or several.

    :param text: as :data:`metadata_text` makes it, ASCII.
    """
    if len(text) <= _LONGEST:
        return [HEAD + text]
    pieces = [text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST)]
    return [(_GOES_ON if number else HEAD) + piece for number, piece in enumerate(pieces)]


def read_metadata(texts: Iterable[bytes]) -> Iterator[dict[str, Any] | str]:
    """
    What the options of one packet say, of our enterprise number; or in words why one does not.

    Nothing raises: they may be forged, cut, or of a later version.
    """
    for text in _joined(texts):
        if isinstance(text, str):
            yield text
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            yield "metadata that is no JSON: passed over"
            continue
        yield found if isinstance(found, dict) else "metadata that is no object: passed over"


def _joined(texts: Iterable[bytes]) -> Iterator[bytes | str]:
    """The texts of JSON, each from its first option to its last; or what is wrong with one."""
    open_: list[bytes] | None = None
    for text in texts:
        head, _, rest = text.rstrip(b"\0").partition(b" ")
        if head == _GOES_ON[:-1].encode():
            if open_ is None:
                yield "metadata that goes on without a beginning: passed over"
            else:
                open_.append(rest)
            continue
        if open_ is not None:
            yield _whole(open_)
            open_ = None
        if head == HEAD[:-1].encode():
            open_ = [rest]
        elif head.startswith(_PREFIX.encode()):
            found = _VERSION.fullmatch(head)
            which = f"version {int(found[1])}" if found else "a version that is none"
            yield f"metadata of {which}, and {VERSION} is what this dtkit reads: passed over"
        # Others have the number of examples, too: theirs are theirs.
    if open_ is not None:
        yield _whole(open_)


def _whole(pieces: list[bytes]) -> bytes | str:
    size = sum(map(len, pieces))
    if size > _MOST:
        return f"metadata of more than {_MOST} bytes: passed over"
    return b"".join(pieces)
