# SPDX-License-Identifier: BSD-2-Clause
"""Reproducible comparisons: each beside its peer in one run, as ratios. See ``__main__.py``."""
