# SPDX-License-Identifier: BSD-2-Clause
"""The releases as tables for others: the documentation, and the scripts of the kernel patches."""

from __future__ import annotations

from dtkit.freebsd.records import patch_trees, releases


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


def patch_table() -> str:
    """``FIRST LIMIT HOOKS``, a line each: which trees by their ``__FreeBSD_version``."""
    return "".join(
        f"{tree.osreldates.start} {tree.osreldates.stop} {tree.name}\n" for tree in patch_trees()
    )
