# SPDX-License-Identifier: BSD-2-Clause
"""
Draw the picture of the README: a terminal in which the simulated kernel drops a packet by a rule.

usage: picture.py [FILE]

What is in it is what the command in its first line prints, each time the same; lines that are too
long for it are cut. It needs no font and no script from elsewhere.
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

TOP = Path(__file__).resolve().parent.parent
PICTURE = TOP / "docs/packet-dropped.svg"
COMMAND = "dtkit path run --simulate --packets web.pcap --path refused --count 1 tcp port 8080"
COLUMNS = 96

#: As rich has it, without fonts that a browser would fetch.
FORM = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<!-- SPDX-License-Identifier: BSD-2-Clause. Made by tools/picture.py. -->
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
    font-variant-east-asian: full-width;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

THEME = TerminalTheme(
    (24, 26, 31),
    (216, 219, 226),
    [
        *((40, 44, 52), (240, 113, 120), (152, 195, 121), (229, 192, 123)),
        *((97, 175, 239), (198, 146, 233), (86, 200, 216), (216, 219, 226)),
    ],
)


def printed() -> str:
    """What a terminal shows of the command, its colours as escape sequences."""
    main, terminal = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "dtkit", *COMMAND.split()[1:]],
        cwd=TOP / "docs/tutorial",
        env={
            **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "XDG_CONFIG_HOME")},
            "PYTHONPATH": str(TOP),
            "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        },
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    found = b""
    with os.fdopen(main, "rb", buffering=0) as screen, done:
        try:
            while piece := screen.read(65536):
                found += piece
        except OSError:  # how Linux says that nobody has the terminal open
            pass
    return found.decode().replace("\r\n", "\n")


def picture() -> str:
    """The terminal as SVG."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    journey = printed().split("\n\n")[0]
    for line in (f"$ {COMMAND}", *journey.rstrip().split("\n")):
        console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis", highlight=False)
    return console.export_svg(title="dtkit", theme=THEME, code_format=FORM, unique_id="dtkit")


if __name__ == "__main__":
    Path(sys.argv[1] if sys.argv[1:] else PICTURE).write_text(picture())
