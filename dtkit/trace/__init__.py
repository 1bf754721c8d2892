# SPDX-License-Identifier: BSD-2-Clause
"""
A packet's way through the kernel: read it, see it, explain what changed on it.

Three rooms: ``journey`` reads and models, ``views`` shows, ``kernel`` belongs to mbuf_trace.
"""

from dtkit.trace.kernel.mtrace import Mtrace, TaggedMbuf

__all__ = ["Mtrace", "TaggedMbuf"]
