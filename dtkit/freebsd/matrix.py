# SPDX-License-Identifier: BSD-2-Clause
"""The releases as a table for the documentation."""

from __future__ import annotations

from dtkit.freebsd.records import releases


def support_matrix() -> str:
    """What is known of each release, and from where, as a table of Markdown."""
    rows = [["release", "what was read", "`kern.osreldate`", "`struct mbuf`", "probes", "patches"]]
    rows += [["---"] * len(rows[0])]
    for known in releases():
        rows.append(
            [
                f"`{known.name}`",
                known.title,
                f"{known.osreldates.start} to {known.osreldates.stop - 1}",
                known.layout.name,
                str(len(known.probes)),
                f"`{known.tree.name}`",
            ]
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
