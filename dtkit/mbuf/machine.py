# SPDX-License-Identifier: BSD-2-Clause
"""
One CPU in probe context: safe loads, ``canload``, scratch, and the fault flags.

The state is that of the kernel's ``dtrace_mstate_t`` and ``cpu_core_t``, the rules those of
``dtrace.c`` as FreeBSD and illumos ship it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dtkit.mbuf.faults import FaultFlag, KernelFault
from dtkit.mbuf.layout import Layout
from dtkit.mbuf.memory import DirectMap, Memory

#: ``dtrace_mbuf_maxchain``: a 64 KiB packet in the smallest mbufs has fewer.
MAXCHAIN = 512

#: What bounds ``dtrace_mbuf_maxchain``, as a walk runs with interrupts off.
MOST = 16384

#: What alloca(), copyin() and their kin align their results to.
SCRATCH_ALIGNMENT = 8


NOFLAGS = FaultFlag(0)


@dataclass(frozen=True, slots=True)
class Load:
    """A safe load that was made: what it asked for, and what it got."""

    address: int
    size: int
    #: None when the load faulted (the kernel's function returns 0 then).
    value: int | None


@dataclass(frozen=True, slots=True)
class Canload:
    """A question to ``canload``, and its answer."""

    address: int
    size: int
    allowed: bool


Access = Load | Canload


@dataclass(slots=True)
class Scratch:
    """
    Scratch memory of one firing: what alloca() and its kin hand out, front to back.

    On a real CPU it is what is left of the principal buffer behind the firing's own record, so
    it is full of old trace records.
    """

    base: int
    size: int
    #: The first byte not handed out. From construction on: ``base``.
    ptr: int = -1

    def __post_init__(self) -> None:
        if self.ptr < 0:
            self.ptr = self.base

    @property
    def remaining(self) -> int:
        """Bytes not handed out, before alignment."""
        return self.base + self.size - self.ptr

    def place(self, size: int) -> int | None:
        """
        Where *size* bytes, 8-byte aligned, would go; None when they do not fit.

        Nothing is handed out until :attr:`ptr` is moved past them. A *size* of 0 may fail too:
        the alignment must fit.
        """
        padding = -self.ptr % SCRATCH_ALIGNMENT
        return self.ptr + padding if padding + size <= self.remaining else None


@dataclass(slots=True)
class Machine:
    """
    A CPU while a probe fires.

    Several CPUs are several machines over one :class:`~dtkit.mbuf.memory.Memory`, each with its
    own :attr:`scratch`; a new firing on the same CPU starts with :meth:`begin`.
    """

    memory: Memory = field(repr=False)
    layout: Layout
    scratch: Scratch
    #: Whether the consumer may read all kernel memory, as root may (``dtms_access``).
    kernel_access: bool = True
    #: ``(address, size)`` of what may be read without that, beside scratch already handed out:
    #: the string table, D's own variables.
    own: tuple[tuple[int, int], ...] = ()
    #: Whether a load must be aligned to its size (not so on x86).
    strict_alignment: bool = False
    direct_map: DirectMap | None = None
    #: ``dtrace_mbuf_maxchain``: mbufs that a walk may visit.
    maxchain: int = MAXCHAIN
    flags: FaultFlag = NOFLAGS
    illval: int = 0
    #: Every load and every question to canload of this firing, in order.
    log: list[Access] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.layout.word != self.memory.word:
            raise ValueError(f"layout {self.layout.name} is not of a {self.memory.word}-byte word")

    def begin(self, scratch: Scratch | None = None) -> None:
        """Start a firing: no fault, nothing logged, and *scratch* (or the same, all free)."""
        self.scratch = scratch or Scratch(self.scratch.base, self.scratch.size)
        self.flags = NOFLAGS
        self.illval = 0
        self.log.clear()

    @property
    def fault(self) -> KernelFault | None:
        """The fault that dtrace(1) will report of this firing; None so far."""
        return KernelFault.of_flags(self.flags, self.illval)

    @property
    def loads(self) -> list[Load]:
        """The loads of :attr:`log`."""
        return [access for access in self.log if isinstance(access, Load)]

    def raise_fault(self, flag: FaultFlag, illval: int | None = None) -> None:
        """Set *flag*, and ``illval`` when given: a later fault overwrites an earlier one's."""
        self.flags |= flag
        if illval is not None:
            self.illval = illval

    def load(self, address: int, size: int) -> int:
        """
        ``dtrace_load8`` to ``dtrace_load64``: *size* bytes (1, 2, 4 or 8) at *address*, unsigned.

        BADALIGN where the machine checks alignment, BADADDR for a toxic address or a page fault,
        ``illval`` = *address*. With any fault set, now or before, the result is 0.
        """
        value: int | None = None
        if self.strict_alignment and address % size:
            self.raise_fault(FaultFlag.BADALIGN, address)
        elif self.memory.is_toxic(address, size):
            self.raise_fault(FaultFlag.BADADDR, address)
        else:
            value = self.memory.read_uint(address, size)
            if value is None:
                self.raise_fault(FaultFlag.BADADDR, address)
        self.log.append(Load(address, size, value))
        return 0 if self.flags or value is None else value

    def load_pointer(self, address: int) -> int:
        """A load of the machine's pointer size."""
        return self.load(address, self.memory.word)

    def canload(self, address: int, size: int) -> bool:
        """
        ``dtrace_canload``: whether the consumer may read *size* bytes at *address*.

        Everything with :attr:`kernel_access`; otherwise scratch that was handed out, and
        :attr:`own`. A refusal is KPRIV with ``illval`` = *address*.
        """
        scratch = self.scratch
        allowed = (
            self.kernel_access
            or (scratch.base <= address and address + size <= scratch.ptr)
            or any(base <= address and address + size <= base + n for base, n in self.own)
        )
        self.log.append(Canload(address, size, allowed))
        if not allowed:
            self.raise_fault(FaultFlag.KPRIV, address)
        return allowed

    def store(self, address: int, size: int, value: int) -> None:
        """Store to scratch. Not a safe store: see :class:`~dtkit.mbuf.memory.KernelPanic`."""
        self.memory.write_uint(address, size, value)
