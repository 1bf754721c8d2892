#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Write a bill of materials (CycloneDX JSON) of what `pip install dtkit` brings, from a fresh
# virtual environment.
# usage: sbom.sh PYTHON FILE
set -eu
cd "$(dirname "$0")/.."
fresh=.tmp/sbom
rm -rf "$fresh"
"$1" -m venv --without-pip "$fresh/shipped"
"$1" -m venv "$fresh/tool"
"$fresh/tool/bin/python" -m pip install -q -c tests/constraints.txt 'cyclonedx-bom>=7'
"$fresh/tool/bin/python" -m pip --python "$fresh/shipped/bin/python" install -q \
    -c tests/constraints.txt .
"$fresh/tool/bin/cyclonedx-py" environment --pyproject pyproject.toml --gather-license-texts \
    -o "$2" "$fresh/shipped/bin/python"
rm -rf "$fresh"
echo "$2" >&2
