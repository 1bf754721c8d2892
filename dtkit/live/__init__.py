# SPDX-License-Identifier: BSD-2-Clause
"""Running dtrace(1): on this host, or on another by ssh(1)."""
