# SPDX-License-Identifier: BSD-2-Clause
"""From syntax to meaning: names, types and the rules of expressions, as dtrace(1) has them."""
