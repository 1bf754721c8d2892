# SPDX-License-Identifier: BSD-2-Clause
"""Fuzzing of every reader and of both C cores: ``make fuzz``; see ``tests/fuzz/__main__.py``."""
