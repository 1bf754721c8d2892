# SPDX-License-Identifier: BSD-2-Clause
"""
The simulated network stack: mbuf chains that walk along a path and meet its probes.

Every packet is for this host, and no checksum is looked at. What a path is, is data
(:mod:`~dtkit.simulate.paths`); here is what its steps do to the chain.
"""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dtkit.dlang.target import TargetKernel
from dtkit.dlang.types import Tagged, Types
from dtkit.foreign import encoded
from dtkit.freebsd import ProbePoint
from dtkit.mbuf import Chain, Kernel, Mbuf, MFlag, Segment, Storage, break_chain, split
from dtkit.simulate.cpu import Thread
from dtkit.simulate.paths import Paths, Step

#: Kernel text begins here, and a function is this far behind the last one.
_TEXT = 0xFFFFFFFF80A00000
_FUNCTION = 0x1000
_KERNEL_BASE = 0xFFFFFFFF80200000

#: Where the simulated kernel keeps names, structures and the variables on its stack.
_OBJECTS = 0xFFFFF80002000000

#: Steps that are no calls, when it comes to where a function is called from.
_BLOCKS = ("when", "since", "before", "probe")

#: Variables that keep what is stored in them.
_STORED = ("found", "within")

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}

#: Fires a probe: the probe, its arguments, and the program counters of its callers.
Fire = Callable[[ProbePoint, tuple[int, ...], tuple[int, ...]], None]

#: if_flags, as ifconfig(8) shows them: UP, LOOPBACK, RUNNING, MULTICAST ...
_LOOPBACK = 0x8049
#: ... and UP, BROADCAST, RUNNING, SIMPLEX, MULTICAST.
_ETHERNET = 0x8843


@dataclass(frozen=True, slots=True)
class StackPacket:
    """
    A packet for the simulated stack.

    :ivar data: its bytes, from the Ethernet header where *ethernet* is true, else from the IP
        header.
    :ivar time: ns since the epoch, or None for one millisecond after the packet before.
    :ivar path: name of the path that it takes.
    :ivar lengths: bytes of each mbuf of its chain, from the first; what is left over is one more.
    :ivar breakages: how its chain is broken, in this order: kinds of :mod:`dtkit.mbuf.broken`,
        and at which mbuf.
    :ivar behind: bytes that lie behind the data in the last mbuf.
    :ivar vtag: a VLAN tag that the interface took out of the bytes, into the packet header.
    """

    data: bytes
    time: int | None = None
    ethernet: bool = False
    path: str = "input"
    lengths: tuple[int, ...] = ()
    breakages: tuple[tuple[str, int], ...] = ()
    behind: bytes = b""
    vtag: int | None = None


@dataclass(slots=True)
class _Walk:
    """A packet on its way."""

    packet: StackPacket
    what: set[str]
    chains: dict[str, Chain] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    callers: tuple[int, ...] = ()
    value: int = 0  # what the function at hand returns


class FunctionTable:
    """Addresses of the kernel's functions, and their names."""

    def __init__(self, functions: Sequence[str]) -> None:
        self._addresses = {
            name: _TEXT + number * _FUNCTION for number, name in enumerate(dict.fromkeys(functions))
        }
        self._names = list(self._addresses)

    def address(self, place: str) -> int:
        """The address of ``function``, ``function+0x1b`` or a number."""
        if place.startswith("0x"):
            return int(place, 16)
        name, _, offset = place.partition("+")
        if name not in self._addresses:
            self._addresses[name] = _TEXT + len(self._names) * _FUNCTION
            self._names.append(name)
        return self._addresses[name] + (int(offset, 16) if offset else 0)

    def caller(self, function: str, callee: str) -> int:
        """Where *function* calls *callee*: some place in it, and always the same."""
        return self.address(function) + (zlib.crc32(f"{function} {callee}".encode()) & 0x3FF | 5)

    def frame(self, address: int) -> str:
        """``kernel`function+0x1b``."""
        number, offset = divmod(address - _TEXT, _FUNCTION)
        if 0 <= number < len(self._names):
            name = self._names[number]
            return f"kernel`{name}+0x{offset:x}" if offset else f"kernel`{name}"
        return f"kernel`0x{address:x}" if address >= _KERNEL_BASE else f"0x{address:x}"

    def symbol(self, address: int) -> str:
        """``kernel`function``."""
        return self.frame(address).partition("+")[0]

    def module(self, address: int) -> str:
        """``kernel``, or the address where that is nowhere in it."""
        return "kernel" if address >= _KERNEL_BASE else f"0x{address:x}"


class NetworkStack:
    """
    The stack of one simulated kernel.

    :param kernel: memory and mbufs.
    :param probes: the probes that there are.
    :param types: the kernel's types.
    :param paths: the paths of packets.
    :param interface: name of the interface that Ethernet frames come from; others are on lo0.
    :param unmapped: called when memory was unmapped.
    :param wire: called with the bytes of each frame that leaves.
    """

    def __init__(
        self,
        kernel: Kernel,
        probes: TargetKernel,
        types: Types,
        paths: Paths,
        interface: str,
        unmapped: Callable[[], None],
        wire: Callable[[bytes], None],
    ) -> None:
        self.wire = wire
        self.kernel = kernel
        self.memory = kernel.memory
        self.types = types
        self.paths = paths
        self.symbols = FunctionTable([probe.function for probe in probes if probe.function])
        self._objects = self.memory.map(_OBJECTS, 0x40000, "kernel data")
        self._next = _OBJECTS
        self._names: dict[str, int] = {}
        self._probes = {(p.provider, p.function, p.name): p for p in reversed(list(probes))}
        #: The branch of the release: functions are given other arguments on each.
        self.major = probes.release.major
        self._vnet = self._struct("vnet")
        #: The one TCP connection that there is; from FreeBSD 14 on its inpcb is the start of it.
        self._connection = self._struct("tcpcb")
        self._interfaces = {
            True: self._interface(interface),
            False: self._interface("lo0"),
        }
        self._slot = self._allocate(0x800)
        self._rules: dict[str, int] = {}
        self.unmapped = unmapped
        context = paths.thread
        self.thread = self._thread(
            f"swi1: {context.name} 0",
            context.pid,
            context.tid,
            context.execname,
            tuple(self.symbols.address(frame) for frame in context.frames),
        )
        self.consumer = self._thread("initial thread", 1042, 100071, "dtrace", (), interrupt=False)

    # Objects of the kernel

    def _allocate(self, size: int) -> int:
        address = self._next
        self._next = address + size + 7 & ~7
        if self._next > self._objects.limit:
            raise MemoryError("the simulated kernel has no room for more names")
        return address

    def name(self, text: str) -> int:
        """The address of a string of the kernel, such as a probe's function."""
        address = self._names.get(text)
        if address is None:
            data = text.encode("utf-8", "surrogateescape") + b"\0"
            address = self._names[text] = self._allocate(len(data))
            self.memory.write(address, data)
        return address

    def _struct(self, tag: str, **members: int | bytes) -> int:
        """A structure with these members set; its address."""
        type_ = Tagged("struct", tag)
        address = self._allocate(max(8, self.types.size(type_)))
        for name, value in members.items():
            member = self.types.member(type_, name)
            if member is None:
                continue
            at = address + member.offset // 8
            size = self.types.size(member.type)
            if isinstance(value, bytes):
                self.memory.write(at, value[: size - 1] + b"\0")
            else:
                self.memory.write_uint(at, size, value)
        return address

    def _interface(self, name: str) -> int:
        flags = _LOOPBACK if name.startswith("lo") else _ETHERNET
        return self._struct("ifnet", if_xname=encoded(name), if_index=1, if_flags=flags)

    def _thread(
        self,
        name: str,
        pid: int,
        tid: int,
        execname: str,
        frames: tuple[int, ...],
        interrupt: bool = True,
    ) -> Thread:
        prison = self._struct("prison", pr_vnet=self._vnet, pr_name=b"0")
        rights = self._struct("ucred", cr_prison=prison)
        process = self._struct("proc", p_pid=pid, p_comm=encoded(execname), p_ucred=rights)
        address = self._struct(
            "thread",
            td_proc=process,
            td_ucred=rights,
            td_tid=tid,
            td_name=encoded(name),
            td_vnet=self._vnet,
        )
        return Thread(address, pid, 0, tid, self.name(execname), frames, interrupt=interrupt)

    # Packets

    def receive(self, packet: StackPacket, fire: Fire) -> None:
        """Let *packet* take its path; *fire* is told of each probe on it."""
        walk = _Walk(packet, _describe(packet))
        if packet.path not in self.paths.paths:
            raise KeyError(packet.path)
        first = self._build(packet)
        walk.chains["m"] = first
        try:
            self._steps(self.paths.paths[packet.path], walk, fire)
        finally:
            for chain in walk.chains.values():
                self._release(chain)

    def _build(self, packet: StackPacket) -> Chain:
        data, leading = packet.data, 0
        prepends = packet.ethernet and self.paths.begins_at_network(packet.path)
        if prepends:
            leading = 14
            data = data[14:]
        pieces = split(data, packet.lengths) if packet.lengths else [data]
        largest = 16384
        segments = []
        for index, piece in enumerate(pieces):
            for start in range(0, max(1, len(piece)), largest):
                part = piece[start : start + largest]
                room = leading if index == 0 and start == 0 else 0
                segments.append(Segment(part, None, room))
        if packet.behind:
            last = segments[-1]
            segments[-1] = Segment(last.data + packet.behind, None, last.leading)
        chain = self.kernel.build(segments)
        if packet.behind:
            mbuf = chain.mbufs[-1]
            self.kernel.poke(mbuf, "m_len", mbuf.length - len(packet.behind))
            total = sum(map(len, pieces))
            self.kernel.poke(chain.mbufs[0], "m_pkthdr_len", total)
        if prepends:
            start = chain.mbufs[0].data - 14
            self.memory.write(start, packet.data[:14])
        self._set_interface(chain.mbufs[0], packet.ethernet)
        if packet.vtag is not None:
            self._set_tag(chain.mbufs[0], packet.vtag)
        for kind, index in packet.breakages:
            chain = break_chain(self.kernel, chain, kind, index)
        return chain

    def _set_interface(self, mbuf: Mbuf, ethernet: bool) -> None:
        member = self.types.member(Tagged("struct", "mbuf"), "m_pkthdr")
        assert member is not None
        inner = self.types.member(member.type, "rcvif")
        assert inner is not None
        at = mbuf.address + (member.offset + inner.offset) // 8
        self.memory.write_uint(at, self.memory.word, self._interfaces[ethernet])

    def _set_tag(self, mbuf: Mbuf, tag: int) -> None:
        header = self.types.member(Tagged("struct", "mbuf"), "m_pkthdr")
        assert header is not None
        of_packet = self.types.member(header.type, "PH_per")
        assert of_packet is not None
        at = mbuf.address + (header.offset + of_packet.offset) // 8
        self.memory.write_uint(at, 2, tag)
        at = mbuf.address + self.kernel.layout.m_type_flags
        self.memory.write_uint(at, 4, (self.memory.read_uint(at, 4) or 0) | MFlag.VLANTAG << 8)

    def _release(self, chain: Chain) -> None:
        self.kernel.free(chain)
        self.unmapped()

    # Steps

    def _steps(self, steps: Sequence[Step], walk: _Walk, fire: Fire) -> None:
        for step in steps:
            name = step.name
            if name in self.paths.paths:
                self._steps(self.paths.paths[name], walk, fire)
            elif name == "begins":
                continue  # the chain was made so
            elif name == "when":
                if step.words[0] in walk.what:
                    self._steps(step.within, walk, fire)
            elif name in ("since", "before"):
                if (self.major >= int(step.words[0])) == (name == "since"):
                    self._steps(step.within, walk, fire)
            elif name == "probe":
                probe = self._static(step.words[0], step.words[1])
                if probe is not None:
                    fire(probe, self._values(step.words[2:], walk), walk.callers)
            elif name in _OPERATIONS:
                _OPERATIONS[name](self, step.words, walk, fire)
            else:
                self._call(step, walk, fire)

    def _call(self, step: Step, walk: _Walk, fire: Fire) -> None:
        self._enter(step.name, self._values(step.words, walk), walk, fire)
        outer = walk.callers
        within = step.within
        value, walk.value = walk.value, 0
        if within:
            following = next((s.name for s in within if s.name not in _BLOCKS), step.name)
            walk.callers = (self.symbols.caller(step.name, following), *outer)
            self._steps(within, walk, fire)
            walk.callers = outer
        probe = self._probes.get(("fbt", step.name, "return"))
        if probe is not None:
            fire(probe, (0xF7, walk.value), walk.callers)
        walk.value = value

    def _static(self, provider: str, name: str) -> ProbePoint | None:
        """A statically defined probe: ``name``, or ``function:name`` where it has one."""
        function, _, name = name.rpartition(":")
        if function:
            return self._probes.get((provider, function, name))
        known = self._probes.get((provider, "none", name))
        return known or self._probes.get((provider, "", name))

    def _enter(self, function: str, values: tuple[int, ...], walk: _Walk, fire: Fire) -> None:
        probe = self._probes.get(("fbt", function, "entry"))
        if probe is not None:
            fire(probe, values, walk.callers)

    def _values(self, words: Sequence[str], walk: _Walk) -> tuple[int, ...]:
        return tuple(self._value(word, walk) for word in words)

    def _value(self, word: str, walk: _Walk) -> int:
        if word in walk.chains:
            return walk.chains[word].address
        if word[:1] == "&":
            return self._reference(word[1:], walk)
        match word:
            case "ifp":
                return self._interfaces[walk.packet.ethernet]
            case "data":
                return self._data(walk)
            case "ip4" | "ip6":
                return self._data(walk) if word in walk.what else 0
            case "transport":
                return self._data(walk) + self._ip_length(walk)
            case "tcb":
                return self._connection
            case "inp":
                return self._connection if "tcp" in walk.what and self.major >= 14 else 0
            case "null" | "found" | "within":
                return 0
            case "rule" | "other-rule" | "anchored" | "ruleset" | "state" | "fw-rule" | "fw-args":
                return self._firewall(word, walk)
            case "proto":
                return next((n for n, name in _PROTOCOLS.items() if name in walk.what), 0)
        return int(word, 0) & (1 << 64) - 1

    def _reference(self, name: str, walk: _Walk) -> int:
        """The address of a variable on the kernel's stack that holds what *name* is."""
        known = name in walk.slots
        if not known:
            walk.slots[name] = self._slot + 8 * len(walk.slots)
        address = walk.slots[name]
        if known and name in _STORED:
            return address
        value = self._ip_length(walk) if name == "off" else self._value(name, walk)
        self.memory.write_uint(address, 8, value)
        return address

    def _firewall(self, what: str, walk: _Walk) -> int:
        """
        What firewalls have: ``rule`` 3 of the anchor that ``ruleset`` is of, with a label;
        ``other-rule`` 1, which translates what has ``state``; rule 100 of ipfw, ``fw-rule``.
        """
        if what == "fw-args":
            return self._struct("ip_fw_args", m=walk.chains["m"].address)
        if what not in self._rules:
            kernel = "k" if self.major >= 13 else ""
            if what == "rule":
                made = self._struct(f"pf_{kernel}rule", nr=3, label=b"no web")
            elif what == "other-rule":
                made = self._struct(f"pf_{kernel}rule", nr=1)
            elif what == "anchored":
                made = self._struct(f"pf_{kernel}anchor", path=b"web/deep")
            elif what == "ruleset":
                anchor = self._firewall("anchored", walk)
                made = self._struct(f"pf_{kernel}ruleset", anchor=anchor)
            elif what == "state":
                rules = {name: self._firewall(name, walk) for name in ("rule", "other-rule")}
                made = self._struct(
                    f"pf_{kernel}state", rule=rules["rule"], nat_rule=rules["other-rule"]
                )
            else:
                made = self._struct("ip_fw", rulenum=100, set=2)
            self._rules[what] = made
        return self._rules[what]

    def _data(self, walk: _Walk) -> int:
        address = walk.chains["m"].address
        layout = self.kernel.layout
        return self.memory.read_uint(address + layout.m_data, layout.word) or 0

    def _bytes(self, walk: _Walk) -> bytes:
        packet = walk.packet
        return packet.data[14:] if packet.ethernet else packet.data

    def _ip_length(self, walk: _Walk) -> int:
        data = self._bytes(walk)
        if "ip6" in walk.what:
            return 40
        return (data[0] & 15) * 4 if data else 0

    # What steps do to a chain

    def strip(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``strip LAYER``."""
        self._adjust(walk, 14 if words[0] == "ethernet" else self._ip_length(walk))

    def prepend(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``prepend LAYER``."""
        self._adjust(walk, -14 if words[0] == "ethernet" else -self._ip_length(walk))

    def sent(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``sent``: the connection's ``snd_max`` moves behind a TCP segment that left."""
        data = self._bytes(walk)
        header = data[self._ip_length(walk) :]
        member = self.types.member(Tagged("struct", "tcpcb"), "snd_max")
        if "tcp" not in walk.what or "ip4" not in walk.what or len(header) < 20 or member is None:
            return
        length = int.from_bytes(data[2:4], "big") - self._ip_length(walk) - (header[12] >> 4) * 4
        length += header[13] & 3 != 0  # SYN and FIN count
        end = int.from_bytes(header[4:8], "big") + length & 0xFFFFFFFF
        at = self._connection + member.offset // 8
        known = self.memory.read_uint(at, 4) or 0
        if not known or (end - known) & 0xFFFFFFFF < 1 << 31:
            self.memory.write_uint(at, 4, end)

    def _adjust(self, walk: _Walk, by: int) -> None:
        layout, memory = self.kernel.layout, self.memory
        address = walk.chains["m"].address
        if memory.region_at(address) is None:
            return
        for offset, size, change in (
            (layout.m_data, layout.word, by),
            (layout.m_len, 4, -by),
            (layout.m_pkthdr_len, 4, -by),
        ):
            value = memory.read_uint(address + offset, size) or 0
            memory.write_uint(address + offset, size, value + change)

    def free(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``free M``: m_freem() of a chain, and m_free() of each of its mbufs."""
        chain = walk.chains.pop(words[0], None)
        if chain is None:
            return
        self._enter("m_freem", (chain.address,), walk, fire)
        freem = self._static("sdt", "m-freem")
        if freem is not None:
            fire(freem, (chain.address,), walk.callers)
        outer = walk.callers
        walk.callers = (self.symbols.caller("m_freem", "m_free"), *outer)
        free = self._static("sdt", "m-free")
        for mbuf in chain.mbufs:
            self._enter("m_free", (mbuf.address,), walk, fire)
            if free is not None:
                fire(free, (mbuf.address,), walk.callers)
            self._destroy(mbuf, walk, fire)
        walk.callers = outer
        self._release(chain)

    def drop(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``drop M``: free(), and the pointer that it was given by becomes NULL."""
        self.free(words, walk, fire)
        slot = walk.slots.get(words[0])
        if slot is not None:
            self.memory.write_uint(slot, 8, 0)

    def _destroy(self, mbuf: Mbuf, walk: _Walk, fire: Fire) -> None:
        """The zone's destructor, which the allocator calls for each mbuf that it is given back."""
        outer = walk.callers
        walk.callers = (self.symbols.caller("uma_zfree_arg", "mb_dtor_mbuf"), *outer)
        self._enter("mb_dtor_mbuf", (mbuf.address, self.kernel.layout.msize, 0), walk, fire)
        walk.callers = outer

    def transmit(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``wire M``: it leaves this host."""
        chain = walk.chains.get(words[0])
        if chain is not None:
            self.wire(b"".join(self._content(mbuf) for mbuf in chain.mbufs))

    def store(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``store NAME VALUE``: the variable of the kernel's stack becomes that."""
        slot = walk.slots.get(words[0])
        if slot is not None:
            self.memory.write_uint(slot, 8, self._value(words[1], walk))

    def returns(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``returns VALUE``."""
        walk.value = self._value(words[0], walk)

    def copy(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``copy M N``: new mbufs before the same clusters."""
        source = walk.chains.get(words[0])
        if source is not None:
            walk.chains[words[1]] = self._copy(source, shared=True)

    def duplicate(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``duplicate M N``: new mbufs with data of their own."""
        source = walk.chains.get(words[0])
        if source is not None:
            walk.chains[words[1]] = self._copy(source, shared=False)

    def _copy(self, source: Chain, shared: bool) -> Chain:
        segments = [Segment(self._content(mbuf)) for mbuf in source.mbufs]
        copy = self.kernel.build(segments)
        if shared:
            for old, new in zip(source.mbufs, copy.mbufs, strict=True):
                if old.storage is Storage.CLUSTER and new.storage is Storage.CLUSTER:
                    data = self._field(old, "m_data")
                    self.kernel.poke(new, "m_data", data)
        return copy

    def _field(self, mbuf: Mbuf, name: str) -> int:
        layout = self.kernel.layout
        size = 4 if name == "m_len" else layout.word
        return self.memory.read_uint(mbuf.address + getattr(layout, name), size) or 0

    def _content(self, mbuf: Mbuf) -> bytes:
        length = self._field(mbuf, "m_len")
        data = self.memory.read(self._field(mbuf, "m_data"), length) if length < 1 << 20 else None
        return data or b""

    def pullup(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``pullup M BYTES``."""
        chain = walk.chains.get(words[0])
        wanted = int(words[1])
        if chain is None or self._field(chain.mbufs[0], "m_len") >= wanted:
            return
        content = b"".join(self._content(mbuf) for mbuf in chain.mbufs)
        if len(content) < wanted:
            return
        rest = [content[wanted:]] if len(content) > wanted else []
        walk.chains[words[0]] = self.kernel.build([content[:wanted], *rest])
        for mbuf in chain.mbufs:
            self._destroy(mbuf, walk, fire)
        self._release(chain)

    def reorder(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``reorder LAYER``: sequence numbers, window and urgent pointer of TCP."""
        at = self._data(walk) + self._ip_length(walk)
        for offset, size in ((4, 4), (8, 4), (14, 2), (18, 2)):
            data = self.memory.read(at + offset, size)
            if data is not None:
                self.memory.write(at + offset, data[::-1])

    def rewrite(self, words: Sequence[str], walk: _Walk, fire: Fire) -> None:
        """``rewrite FIELD VALUE``."""
        what, value = words
        at = self._data(walk)
        if "ip4" not in walk.what or self.memory.read(at, 20) is None:
            return
        if what == "ttl":
            ttl = self.memory.read_uint(at + 8, 1) or 0
            self.memory.write_uint(at + 8, 1, max(0, ttl + int(value)))
        else:
            offset = 12 if what == "source" else 16
            self.memory.write(at + offset, ipaddress.IPv4Address(value).packed)


_OPERATIONS: dict[str, Callable[[NetworkStack, Sequence[str], _Walk, Fire], None]] = {
    "strip": NetworkStack.strip,
    "prepend": NetworkStack.prepend,
    "free": NetworkStack.free,
    "drop": NetworkStack.drop,
    "copy": NetworkStack.copy,
    "duplicate": NetworkStack.duplicate,
    "pullup": NetworkStack.pullup,
    "rewrite": NetworkStack.rewrite,
    "reorder": NetworkStack.reorder,
    "returns": NetworkStack.returns,
    "sent": NetworkStack.sent,
    "store": NetworkStack.store,
    "wire": NetworkStack.transmit,
}


def _describe(packet: StackPacket) -> set[str]:
    """What ``when`` can ask of a packet."""
    what = {"ethernet" if packet.ethernet else "raw"}
    data = packet.data
    if packet.ethernet:
        kind = int.from_bytes(data[12:14], "big") if len(data) >= 14 else 0
        data = data[14:]
        network = {0x0800: "ip4", 0x86DD: "ip6", 0x0806: "arp"}.get(kind)
    else:
        network = {4: "ip4", 6: "ip6"}.get(data[0] >> 4) if data else None
    if network is None:
        return what | {"other"}
    what.add(network)
    if network == "arp":
        return what
    at = 9 if network == "ip4" else 6
    protocol = _PROTOCOLS.get(data[at]) if len(data) > at else None
    what.add(protocol or "other")
    return what
