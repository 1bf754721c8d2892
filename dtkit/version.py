# SPDX-License-Identifier: BSD-2-Clause
"""The version of dtkit."""

__version__ = "0.1.0"
