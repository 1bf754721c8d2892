# SPDX-License-Identifier: BSD-2-Clause
from collections.abc import Sequence
from typing import Any, TypeVar

_Opener = TypeVar("_Opener")

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
    kinds: list[tuple[int, bytes, tuple[int, tuple[str | None, ...], tuple[str | None, ...]]]],
    own: list[tuple[str, ...]],
    timestamps: list[int],
    data: list[bytes],
    lengths: list[int],
    front: bytes,
) -> bytes | None: ...
def summary(data: bytes, dlt: int, length: int | None) -> str | None: ...
