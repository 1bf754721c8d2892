# SPDX-License-Identifier: BSD-2-Clause
"""What belongs to a kernel with mbuf_trace: its interface in Python."""
