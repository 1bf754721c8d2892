#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Write tests/constraints.txt anew: the newest of everything, in a virtual environment of its own.
# usage: constraints.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
# What the oldest Python can run, the newer ones can.
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
	echo "constraints are made with Python 3.11: make PYTHON=python3.11 constraints" >&2
	exit 1
}
fresh=.tmp/constraints
rm -rf "$fresh"
"$python" -m venv "$fresh"
"$fresh/bin/python" -m pip install -q -e '.[dev,fuzz,mutation,sbom]'
{
	cat <<'END'
# What `make test` runs with, so that a new release of a tool stops nothing that was green.
# Renewed on purpose, by `make constraints`, in a commit of its own; what users get is not
# pinned: the floors are in pyproject.toml.
#
# Pure Python, or with wheels for Python 3.11 to 3.14 on Linux. FreeBSD has no wheels of duckdb,
# mypy's parts, pyarrow, rpds-py and ruff: take those from its packages, into a virtual environment
# that sees them (python3.11 -m venv --system-site-packages), and leave their lines out here.
END
	"$fresh/bin/python" -m pip freeze --exclude-editable
} > tests/constraints.txt
rm -rf "$fresh"
