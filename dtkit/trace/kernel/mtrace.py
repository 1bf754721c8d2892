# SPDX-License-Identifier: BSD-2-Clause
"""
mbuf_trace's kernel side, in Python: the interface of mtrace(9), and the bytes that it gives.

It is what ``mbuf_trace_patch/kern_mbuf_trace.c`` is held to: the same calls give the same
frames and the same counters. For tests, and to make captures without a kernel.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["COOKIE", "Mtrace", "Tag", "TaggedMbuf"]

#: Cookie of mbuf_trace's packet tags.
COOKIE = 1767225600
#: Their ids; all have MTAG_PERSISTENT, 0x800.
TAG_DATA, TAG_STRING, TAG_START, TAG_LEFT_OUT = 0x800, 0x801, 0x802, 0x803

#: Bytes that one record holds at most: m_tag_len has 16 bits.
MAX_RECORD = 0xFFFF
_PERSISTENT = 0x800
_CUT = b"..."
_MAX_POSITION = 1024


@dataclass(slots=True)
class Tag:
    """A packet tag, struct m_tag of mbuf_tags(9).

    :ivar cookie: whose it is.
    :ivar id: which of its owner's.
    :ivar data: its payload.
    """

    cookie: int
    id: int
    data: bytes


@dataclass(slots=True)
class TaggedMbuf:
    """An mbuf chain, as far as tracing sees it.

    :ivar data: its bytes.
    :ivar header: whether its first mbuf has M_PKTHDR; without it there are no tags.
    :ivar tags: its tags, newest first.
    """

    data: bytes = b""
    header: bool = True
    tags: list[Tag] = field(default_factory=list)


@dataclass(slots=True)
class Mtrace:
    """A kernel with ``options MBUF_TRACE``: its sysctls, its counters, its tap.

    The calls are those of mtrace(9), but for the place of the call, ``FILE:LINE``, and the
    function around it, which C knows by itself. A call on no packet (None), or on one without a
    packet header, does nothing but count ``ignored``.

    :ivar enable: kern.mbuf_trace.enable, and so on for those that follow.
    :ivar listening: whether somebody listens to the interface mbuf_trace.
    :ivar counters: kern.mbuf_trace.NAME, for ``started``, ``records``, ``delivered``,
        ``unheard``, ``ignored``, ``cut`` and ``left_out``.
    :ivar frames: what the tap was given.

    >>> kernel = Mtrace()
    >>> packet = TaggedMbuf(bytes(20))
    >>> kernel.start(packet)
    >>> kernel.enter(packet, "ip_input", "netinet/ip_input.c:461")
    >>> kernel.free(packet)
    >>> kernel.frames[0][6:]
    b'netinet/ip_input.c:461: +ip_input\\x00'
    """

    enable: bool = True
    source_position: bool = True
    start_anywhere: bool = False
    max_records: int = 256
    max_bytes: int = 256 * 1024
    snaplen: int = MAX_RECORD
    listening: bool = True
    counters: Counter[str] = field(default_factory=Counter)
    frames: list[bytes] = field(default_factory=list)

    def start(self, m: TaggedMbuf | None) -> None:
        """mtrace_start: from here on, calls on *m* are noted."""
        if not self.enable:
            return
        if m is None or not m.header:
            self.counters["ignored"] += 1
        elif not _started(m):
            m.tags.insert(0, Tag(COOKIE, TAG_START, b""))
            self.counters["started"] += 1

    def data(self, m: TaggedMbuf | None) -> None:
        """mtrace_data: note the bytes of *m*, as many as ``snaplen`` and a record allow."""
        if not self._wants(m):
            return
        assert m is not None
        data = m.data[: min(self.snaplen, MAX_RECORD)]
        if self._record(m, TAG_DATA, data) and len(data) < len(m.data):
            self.counters["cut"] += 1
            cut = f"mbuf_trace: packet cut to {len(data)} of {len(m.data)} bytes"
            self._note(m, cut.encode(), "")

    def static_length(self, m: TaggedMbuf | None, text: bytes | None, length: int, at: str) -> None:
        """mtrace_static_length: note *length* bytes of *text*; a NUL at their end is not one of
        them."""
        if not self._wants(m):
            return
        if text is None:
            self.counters["ignored"] += 1
            return
        text = text[:length]
        if text.endswith(b"\0"):
            text = text[:-1]
        assert m is not None
        self._note(m, text, f"{at}: ")

    def static(self, m: TaggedMbuf | None, text: bytes | None, at: str) -> None:
        """mtrace_static, and mtrace: note *text*, up to its first NUL."""
        text = None if text is None else text.partition(b"\0")[0]
        self.static_length(m, text, len(text or b""), at)

    dynamic_length = static_length
    dynamic = static
    __call__ = static

    def printf(self, m: TaggedMbuf | None, at: str, text: str) -> None:
        """mtrace_printf: note *text*, which is formatted already."""
        self.static(m, text.encode(), at)

    def place(self, m: TaggedMbuf | None, at: str) -> None:
        """mtrace\\_: note the place alone, whatever ``source_position`` says."""
        if self._wants(m):
            assert m is not None
            self._note(m, at.encode(), "")

    def enter(self, m: TaggedMbuf | None, function: str, at: str) -> None:
        """mtrace_enter: note that *function* is entered."""
        self.static(m, b"+" + function.encode(), at)

    def leave(self, m: TaggedMbuf | None, function: str, at: str) -> None:
        """mtrace_leave: note that *function* is left."""
        self.static(m, b"-" + function.encode(), at)

    def func(self, m: TaggedMbuf | None, function: str, at: str) -> None:
        """mtrace_func: note *function*."""
        self.static(m, function.encode(), at)

    # What happens to a packet, as far as its tags take part.

    def copy(self, m: TaggedMbuf) -> TaggedMbuf:
        """m_dup, m_copym: the copy has the trace as well."""
        tags = [Tag(tag.cookie, tag.id, tag.data) for tag in m.tags]
        return TaggedMbuf(m.data, m.header, tags)

    def loopback(self, m: TaggedMbuf) -> None:
        """if_simloop: tags that are not persistent go."""
        m.tags = [tag for tag in m.tags if tag.id & _PERSISTENT]

    def free(self, m: TaggedMbuf) -> None:
        """m_freem, m_demote: the tags of *m* die, and its trace goes to the tap."""
        if self.enable:
            self._deliver(m)
        m.tags.clear()

    def _wants(self, m: TaggedMbuf | None) -> bool:
        if not self.enable:
            return False
        if m is None or not m.header:
            self.counters["ignored"] += 1
            return False
        return self.start_anywhere or _started(m)

    def _note(self, m: TaggedMbuf, text: bytes, position: str) -> None:
        before = position.encode()[:_MAX_POSITION] if self.source_position else b""
        room = MAX_RECORD - len(before) - 1
        cut = len(text) > room
        if cut:
            text = text[: room - len(_CUT)] + _CUT
        if self._record(m, TAG_STRING, before + text + b"\0") and cut:
            self.counters["cut"] += 1

    def _record(self, m: TaggedMbuf, kind: int, data: bytes) -> bool:
        records = [tag for tag in m.tags if _is_record(tag)]
        mark = next((tag for tag in records if tag.id == TAG_LEFT_OUT), None)
        size = sum(len(tag.data) for tag in records) + len(data)
        if mark or len(records) >= min(self.max_records, 0xFFFE) or size > self.max_bytes:
            self.counters["left_out"] += 1
            if mark is None:
                mark = Tag(COOKIE, TAG_LEFT_OUT, bytes(4))
                m.tags.insert(0, mark)
            (count,) = struct.unpack("=I", mark.data)
            mark.data = struct.pack("=I", (count + 1) & 0xFFFFFFFF)
            return False
        m.tags.insert(0, Tag(COOKIE, kind, data))
        self.counters["records"] += 1
        return True

    def _deliver(self, m: TaggedMbuf) -> None:
        records = [tag for tag in m.tags if _is_record(tag)][:0xFFFF]
        if not records:
            return
        if not self.listening:
            self.counters["unheard"] += 1
            return
        out = [struct.pack(">H", len(records))]
        for tag in records:
            data = tag.data
            if tag.id == TAG_LEFT_OUT:
                (count,) = struct.unpack("=I", data)
                data = f"mbuf_trace: {count} records left out\0".encode()
            out.append(struct.pack(">HH", len(data), 0 if tag.id == TAG_DATA else 1) + data)
        self.frames.append(b"".join(out))
        self.counters["delivered"] += 1


def _started(m: TaggedMbuf) -> bool:
    return any(tag.cookie == COOKIE and tag.id == TAG_START for tag in m.tags)


def _is_record(tag: Tag) -> bool:
    return tag.cookie == COOKIE and (
        tag.id in (TAG_DATA, TAG_STRING) or (tag.id == TAG_LEFT_OUT and len(tag.data) == 4)
    )
