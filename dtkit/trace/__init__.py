# SPDX-License-Identifier: BSD-2-Clause
"""A packet's way through the kernel: read it, see it, explain what changed on it."""

from dtkit.trace.mtrace import Mtrace

__all__ = ["Mtrace"]
