# SPDX-License-Identifier: BSD-2-Clause
"""``python -m dtkit`` is the ``dtkit`` command."""

from dtkit.cli import main

main()
