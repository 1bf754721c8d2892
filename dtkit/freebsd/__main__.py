# SPDX-License-Identifier: BSD-2-Clause
"""
``python -m dtkit.freebsd`` prints the table of docs/reference/releases.md, and ``python -m
dtkit.freebsd trees`` that of the scripts that put the kernel patches into a source tree.
"""

import sys

from dtkit.freebsd.matrix import patch_table, support_matrix

print(patch_table() if sys.argv[1:] == ["trees"] else support_matrix(), end="")
