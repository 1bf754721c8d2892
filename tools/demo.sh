#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
echo "make demo: not built yet" >&2
exit 1
