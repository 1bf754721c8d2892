# SPDX-License-Identifier: BSD-2-Clause
from collections.abc import Sequence
from typing import Any, TypeVar

_Opener = TypeVar("_Opener")
_Pieces = tuple[str | None, ...]
_StencilKind = tuple[int, bytes, tuple[int, _Pieces, _Pieces], int | None]

VERSION: int

def split(
    block: bytes, openers: tuple[_Opener, _Opener, _Opener]
) -> tuple[
    list[int], list[_Opener | None], list[bytes], list[int], list[bytes | None], list[int]
]: ...
def columns(lines: list[bytes], words: tuple[bytes, ...], kinds: str) -> list[list[Any]] | None: ...
def layers(packets: Sequence[bytes], versions: int, number: int) -> bytes: ...
def sniffed(data: bytes, length: int | None) -> int: ...
def claimed_lengths(packets: Sequence[bytes], starts: Sequence[int]) -> list[int]: ...
def packet_blocks(
    kinds: Sequence[tuple[int, bytes, bytes]],
    timestamps: Sequence[int],
    data: Sequence[bytes],
    lengths: Sequence[int],
    options: Sequence[bytes] | None,
) -> bytes: ...
def packet_options(
    comment: str, direction: int, number: int | None, metadata: str | None, front: bytes
) -> bytes | None: ...
def stencil_blocks(
    number: int,
    time: int,
    kinds: list[_StencilKind],
    own: list[tuple[str | tuple[str, ...], ...]],
    data: list[bytes],
    lengths: list[int | None],
    front: bytes,
    largest: int,
) -> bytes | None: ...
def summary(data: bytes, dlt: int, length: int | None) -> str | None: ...
def members(names: tuple[str, ...], nulls: bytes, values: tuple[Any, ...]) -> str | None: ...
def plainly_none(data: bytes) -> bool: ...
def cut(data: bytes, generation: int) -> tuple[int, bytes, tuple[bytes, ...]] | None: ...
