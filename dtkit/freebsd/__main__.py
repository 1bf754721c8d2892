# SPDX-License-Identifier: BSD-2-Clause
"""``python -m dtkit.freebsd`` prints the table of docs/releases.md."""

from dtkit.freebsd.matrix import support_matrix

print(support_matrix(), end="")
