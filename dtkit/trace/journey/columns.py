# SPDX-License-Identifier: BSD-2-Clause
"""
What is told of journeys, hops and snapshots: each field once, where the model has it.

A field of the model is written ``Annotated[int | None, Words("null if unknown")]``: name, type and
words. All else follows from that: JSON and its schema, the tables, what the report shows of a hop,
and the tables in the manual. A field without :class:`Words` stays inside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from dtkit.foreign import plain
from dtkit.native import speedups
from dtkit.packets.linktype import LinkType

__all__ = ["Column", "Table", "Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """What a field holds, for its readers.

    :ivar words: in half a line; they say so if it can be null.
    :ivar name: what it is called outside, where that is not its name in the model.
    :ivar form: how people write it: ``hex``, or empty for as it is.
    """

    words: str
    name: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A field as it is told.

    :ivar name: of the field, in JSON and in tables.
    :ivar type: ``int64``, ``string``, ``binary``, ``string[]`` or ``change[]``.
    :ivar null: whether it may be null.
    :ivar words: what it holds.
    :ivar form: as in :class:`Words`.
    :ivar path: attributes that lead to its value: ``step.place.label``.
    """

    name: str
    type: str
    null: bool
    words: str
    form: str
    path: str


class Table:
    """The columns of one kind of thing, and how their values are had.

    :param name: of the kind: ``hop``.
    :param owners: classes that have the fields, each with the path that leads to it.
    """

    def __init__(self, name: str, *owners: tuple[type, str]) -> None:
        self.name = name
        self._owners = owners

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """In order."""
        return tuple(column for owner, path in self._owners for column in _columns(owner, path))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def values(self) -> Callable[[Any], tuple[Any, ...]]:
        """What gives the values of a thing by column, as the model has them."""
        return attrgetter(*(column.path for column in self.columns))

    @cached_property
    def _keep(self) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
        """The names of what is kept, and what gets it."""
        columns = [column for column in self.columns if column.type in _KEPT]
        return tuple(one.name for one in columns), attrgetter(*(one.path for one in columns))

    @cached_property
    def _members(self) -> tuple[tuple[str, ...], bytes]:
        """Of what is kept the names as JSON has them, and which may be null."""
        names = self._keep[0]
        nulls = bytes(name in self._nullable for name in names)
        return tuple(f'"{name}":' for name in names), nulls

    @cached_property
    def _nullable(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if column.null)

    @cached_property
    def _told(self) -> tuple[Callable[[Any], Any] | None, ...]:
        return tuple(_TOLD.get(column.type) for column in self.columns)

    def row(self, thing: Any) -> dict[str, Any]:
        """The values of *thing* by column: text is valid Unicode, bytes and changes as they are."""
        return {
            name: value if value is None or how is None else how(value)
            for name, how, value in zip(self.names, self._told, self.values(thing), strict=True)
        }

    @cached_property
    def _written(self) -> tuple[tuple[str, Callable[[Any], str]], ...]:
        return tuple((f'"{one.name}": ', _WRITTEN[one.type]) for one in self.columns)

    def json(self, thing: Any) -> str:
        """
        The values of *thing* by column as the members of an object of JSON, without its braces.

        What ``json.dumps()`` makes of :meth:`row`, with bytes in hex, in half the time.
        """
        members = [
            f"{name}null" if value is None else name + how(value)
            for (name, how), value in zip(self._written, self.values(thing), strict=True)
        ]
        return ", ".join(members)

    def kept(self, thing: Any) -> dict[str, Any]:
        """
        What is known of *thing* by column, to be read back: without what is null or empty, and
        text as it is. Bytes and changes are left out.
        """
        names, get = self._keep
        return {
            name: value
            for name, value in zip(names, get(thing), strict=True)
            # Which neither None nor anything empty is, but for what could be either.
            if value or value == 0 or (value is not None and name in self._nullable)
        }

    @cached_property
    def kept_json(self) -> Callable[[Any], str]:
        """What writes the members of :meth:`kept` as JSON, without braces and blanks."""
        names, nulls = self._members
        get = self._keep[1]
        usual = None if speedups is None else speedups.members

        def text(thing: Any) -> str:
            values = get(thing)
            text: str | None = None if usual is None else usual(names, nulls, values)
            return members_in_python(names, nulls, values) if text is None else text

        return text

    def read_back(self, owner: type, row: Any) -> dict[str, Any]:
        """
        The fields of *owner* that :meth:`kept` gave, from a row that may be forged.

        :raises ValueError: it lacks one, or one is not what it should be.
        """
        if not isinstance(row, dict):
            raise ValueError(f"a {self.name} that is no object")
        found = {}
        for column in _kept_fields(owner):
            value = row.get(column.name)
            if value is None:
                value = None if column.null else _EMPTY.get(column.type)
                if value is None and not column.null:
                    raise ValueError(f"a {self.name} without {column.name}")
            elif type(value) is not _KEPT[column.type]:
                raise ValueError(f"a {self.name} whose {column.name} is no {column.type}")
            elif isinstance(value, list):
                if not all(isinstance(one, str) for one in value):
                    raise ValueError(f"a {self.name} whose {column.name} are no texts")
                value = tuple(value)
            found[column.path] = value
        return found


#: Types of columns that are read back, with what they are in JSON; and what is empty.
_KEPT: dict[str, type] = {"int64": int, "string": str, "string[]": list}
_EMPTY: dict[str, Any] = {"string": "", "string[]": ()}


def _texts(values: tuple[str, ...]) -> list[str]:
    return [plain(value) for value in values]


#: What makes values of a type what is told; the others are told as they are.
_TOLD: dict[str, Callable[[Any], Any]] = {"string": plain, "string[]": _texts}


def _json_text(value: str) -> str:
    return encode_basestring_ascii(value if value.isascii() else plain(value))


#: What writes values of a type as JSON.
_WRITTEN: dict[str, Callable[[Any], str]] = {
    "int64": int.__repr__,
    "string": _json_text,
    "string[]": lambda value: json.dumps(_texts(value)) if value else "[]",
    "binary": lambda value: f'"{value.hex()}"',
    "change[]": lambda value: json.dumps([one.to_dict() for one in value]) if value else "[]",
}


def members_in_python(names: tuple[str, ...], nulls: bytes, values: tuple[Any, ...]) -> str:
    """
    Members of an object of JSON: numbers, texts and tuples of texts.

    :param names: as they stand in front: ``"hop":``.
    :param nulls: of each 1 if it may be null: then what is empty is told, and only None left out.
    """
    return ",".join(
        [
            name + _MEMBER[type(value)](value)
            for name, null, value in zip(names, nulls, values, strict=True)
            if value or value == 0 or (value is not None and null)
        ]
    )


#: What writes values that are kept as JSON, by what they are: text as it is.
_MEMBER: dict[type, Callable[[Any], str]] = {
    int: int.__repr__,
    str: encode_basestring_ascii,
    tuple: lambda values: f"[{','.join(map(encode_basestring_ascii, values))}]",
}


def _columns(owner: type, path: str) -> Iterator[Column]:
    """The fields of *owner* that have words, then its properties that have."""
    for name, hint in get_type_hints(owner, include_extras=True).items():
        yield from _column(name, hint, path)
    for name, value in vars(owner).items():
        function = getattr(value, "fget", None) or getattr(value, "func", None)
        if isinstance(value, property | cached_property) and function is not None:
            hint = get_type_hints(function, include_extras=True).get("return")
            yield from _column(name, hint, path)


@cache
def _kept_fields(owner: type) -> tuple[Column, ...]:
    """Those of :func:`_columns` that *owner* is made from, and that are read back."""
    made: Any = getattr(owner, "_fields", None) or getattr(owner, "__dataclass_fields__", ())
    found = _columns(owner, "")
    return tuple(one for one in found if one.path in made and one.type in _KEPT)


def _column(name: str, hint: Any, path: str) -> Iterator[Column]:
    for words in getattr(hint, "__metadata__", ()):
        if isinstance(words, Words):
            kind, null = _kind(hint.__origin__)
            # Of a link type its name is told. (By the name that Enum has for it, not by that of
            # the property, which takes ten times as long.)
            where = f"{path}{name}._name_" if hint.__origin__ is LinkType else path + name
            yield Column(words.name or name, kind, null, words.words, words.form, where)


#: Types of columns by what the model has.
_KINDS = {int: "int64", str: "string", bytes: "binary", LinkType: "string", tuple: "string[]"}


def _kind(hint: Any) -> tuple[str, bool]:
    """The type of a column, and whether it may be null."""
    null = False
    if get_origin(hint) in (Union, UnionType):
        rest = [one for one in get_args(hint) if one is not NoneType]
        null = len(rest) < len(get_args(hint))
        (hint,) = rest
    return _KINDS.get(get_origin(hint) or hint, "change[]"), null
