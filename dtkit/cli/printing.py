# SPDX-License-Identifier: BSD-2-Clause
"""Packets on their way out: as lines, JSON, hexdumps or bytes, into a capture, and counted."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from dtkit.cli.terminal import say
from dtkit.oddity import Oddity
from dtkit.output import Drop, Event, Fault, Firing, FiringRun, Notice
from dtkit.output.forms import form_of, json_of_all, run_form_of
from dtkit.output.verdict import Verdict
from dtkit.packets.line import PacketLines, Times
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.rotation import PacketSink
from dtkit.probes.points import shipped_catalog

if TYPE_CHECKING:
    from dtkit.packets.privacy import Privacy

__all__ = ["PacketPrinter", "packet_lines"]

#: What is said on stderr, whatever form the packets are shown in.
_MUST_SEE = (Oddity, Fault, Drop, Notice)


class PacketPrinter:
    """
    What becomes of the items of an output.

    :param form: of :data:`~dtkit.output.forms.FORMS`.
    :param everything: with form ``json``, of all that was read, and not only of packets.
    :param lines: makes the lines.
    :param capture: a file that packets go into as well.
    :param privacy: what of packets is not shown; None where all is.
    :param out: where the form goes; binary.
    :ivar verdict: on everything.
    :ivar notice: what dtrace(1) said last, faults and drops aside; empty for nothing.
    """

    def __init__(
        self,
        form: str,
        everything: bool = False,
        *,
        lines: PacketLines,
        capture: PacketSink | None = None,
        to_stderr: bool = False,
        privacy: Privacy | None = None,
    ) -> None:
        self._privacy = privacy
        self.out = (sys.stderr if to_stderr else sys.stdout).buffer
        self._lines, self._capture = lines, capture
        self._show = json_of_all if everything else form_of(form, lines)
        self._show_run = run_form_of(form, lines, everything)
        self._headed = form != "summary" or not self.out.isatty()
        self._command = click.get_current_context().command_path
        self.shown = self._show is not None and self.out.isatty()
        self.verdict = Verdict()
        self.notice = ""

    def take(self, item: Event | FiringRun | Packet | PacketRun, where: str = "") -> None:
        """Show, write and count an item; *where* stands before what is said of it."""
        self.verdict.add(item)
        if isinstance(item, FiringRun):
            return  # firings of which all is said in their packets, which follow
        if self._privacy is not None and isinstance(item, Packet | PacketRun):
            for packet in [item] if isinstance(item, Packet) else item:
                self._put(self._privacy.packet(packet))
            return
        show, capture = self._show, self._capture
        if isinstance(item, PacketRun):
            if capture is not None:
                capture.write_run(item)
            if show is not None:
                self._head(item)
                self.out.writelines(self._show_run(item))
            return
        if type(item) is Packet:
            if capture is not None:
                capture.write(item)
        elif type(item) is not Firing and isinstance(item, _MUST_SEE):
            self._complain(item, where)
        if show is not None:
            if type(item) is Packet:
                self._head([item])
            self.out.writelines(show(item))

    def _put(self, packet: Packet) -> None:
        """Show and write a packet of which not all is shown."""
        if self._capture is not None:
            self._capture.write(packet)
        if self._show is not None:
            self._head([packet])
            self.out.writelines(self._show(packet))

    def figures(self) -> str:
        """How much there was so far, for a status line."""
        count = self.verdict.count
        dropped = f", {count.dropped} dropped" if count.dropped else ""
        return f"{count.kinds[Firing]} fired, {count.kinds[Packet]} shown{dropped}"

    def flush(self) -> None:
        """Have all that was taken where others see it."""
        if self._capture is not None:
            self._capture.flush()
        self.out.flush()

    def finish(self) -> None:
        """Say why nothing was shown, where that is so, and how much there was."""
        self.flush()
        for line in self.verdict.unseen():
            say(f"{self._command}: {line}")
        say(str(self.verdict.count))

    def _head(self, packets: Iterable[Packet]) -> None:
        """Print what stands above lines, once, and on a terminal only."""
        if not self._headed:
            self._headed = True
            head = self._lines.head(next(iter(packets)))
            self.out.write(f"{click.style(head, bold=True)}\n".encode())

    def _complain(self, item: Event, where: str) -> None:
        """Say it; of dtrace(1)'s notices, all but that it began."""
        if isinstance(item, Notice):
            if item.began:
                return
            self.notice = item.text
        self.out.flush()
        say(f"{self._command}: {where}{item}")


def packet_lines(times: int, verbose: int) -> PacketLines:
    """What makes lines as ``-t`` and ``-v`` ask for it."""
    return PacketLines(shipped_catalog(), Times(min(times, max(Times))), verbose > 0)
