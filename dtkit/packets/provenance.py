# SPDX-License-Identifier: BSD-2-Clause
"""Where the packets of a capture come from, as the capture says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dtkit.foreign import plain, visible
from dtkit.version import __version__

__all__ = ["Provenance"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """
    Where a capture comes from, as far as it is known.

    :ivar application: the program that writes it, with its version.
    :ivar command: how it was called.
    :ivar host: whose packets they are.
    :ivar release: what that host runs.
    """

    application: str = f"dtkit {__version__}"
    command: str = ""
    host: str = ""
    release: str = ""

    def comment(self, text: str) -> str:
        """The comment of a section: *text*, and which command made it, on which release."""
        on = " on ".join(filter(None, (self.release, self.host)))
        lines = (text, self.command and f"made by: {self.command}", on and f"of: {on}")
        return "\n".join(visible(line) for line in lines if line)

    def metadata(self) -> dict[str, Any]:
        """What the metadata of each packet says of it: a section's comment does not survive."""
        known = {"host": self.host, "release": self.release}
        return {name: plain(value) for name, value in known.items() if value}
