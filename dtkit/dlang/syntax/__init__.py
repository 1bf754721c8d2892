# SPDX-License-Identifier: BSD-2-Clause
"""From text to a syntax tree, which knows nothing of types, probes or kernels."""
