# SPDX-License-Identifier: BSD-2-Clause
"""From a checked program to what the kernel would be given, and the verdict on the program."""
