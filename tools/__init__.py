# SPDX-License-Identifier: BSD-2-Clause
"""What the Makefile runs, beside what comes with dtkit."""
