# SPDX-License-Identifier: BSD-2-Clause
"""Packets: what layer their bytes start at, a line about each, and files that hold them."""
