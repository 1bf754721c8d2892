# SPDX-License-Identifier: BSD-2-Clause
"""From a place to its source: links by template, and the lines around it from a local tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from dtkit.foreign import encoded
from dtkit.trace.journey.model import Place

__all__ = ["Links", "check_template"]

#: Lines before and after the one that is shown.
_AROUND = 6

#: Files above this many bytes are no source.
_LARGEST = 4 << 20

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def check_template(template: str) -> str:
    """
    *template*, if links may be made of it.

    :raises ValueError: it has no scheme, one that runs script, or a placeholder but ``{path}``
        and ``{line}``.
    """
    scheme = _SCHEME.match(template)
    if scheme is None or scheme[1].lower() in ("javascript", "data", "vbscript"):
        raise ValueError("a link starts with a scheme, as in https://... or vscode://...")
    unknown = set(re.findall(r"\{([^}]*)\}", template)) - {"path", "line"}
    if unknown:
        raise ValueError(f"no {{{min(unknown)}}} in a link: there are {{path}} and {{line}}")
    return template


@dataclass(frozen=True)
class Links:
    """
    How places are linked.

    :ivar source_url: of a source browser; ``{path}`` is the file below the kernel's ``sys``.
    :ivar editor: of an editor on this machine; ``{path}`` is the file in *source_root*, else as
        captured.
    :ivar source_root: a kernel source tree, the one that holds ``sys`` or ``sys`` itself.
    """

    source_url: str | None = None
    editor: str | None = None
    source_root: Path | None = None

    def source(self, place: Place) -> str | None:
        """Link to *place* in the source browser, or None."""
        return _filled(self.source_url, place.path, place)

    def edit(self, place: Place) -> str | None:
        """Link that opens *place* in the editor, or None."""
        local = self.local(place)
        return _filled(self.editor, place.file if local is None else str(local), place)

    def local(self, place: Place) -> Path | None:
        """The file of *place* in the local tree, or None; never one outside it."""
        if self.source_root is None or place.path is None or "\0" in place.path:
            return None
        root = self.source_root.resolve()
        for top in (root, root / "sys"):
            try:
                found = (top / place.path).resolve()
                # A capture may say any path: it must not get other files into a report.
                if found.is_relative_to(root) and found.is_file():
                    return found
            except (OSError, ValueError):
                continue
        return None

    def snippet(self, place: Place) -> tuple[int, list[str]] | None:
        """The lines around *place* with the number of the first, or None."""
        path = self.local(place)
        lines = None if path is None else _lines(path)
        if lines is None or place.line is None or not 1 <= place.line <= len(lines):
            return None
        first = max(1, place.line - _AROUND)
        return first, [line[:240] for line in lines[first - 1 : place.line + _AROUND]]


def _filled(template: str | None, path: str | None, place: Place) -> str | None:
    if template is None or path is None:
        return None
    # Before the path there is a slash or the like in the template already.
    quoted = quote(encoded(path).lstrip(b"/") if "/{path}" in template else encoded(path))
    return template.replace("{path}", quoted).replace("{line}", str(place.line))


@lru_cache(maxsize=64)
def _lines(path: Path) -> list[str] | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
