#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs what system-packages.txt names, with this system's package manager.
set -eu
list=$(dirname "$0")/../system-packages.txt
root=
[ "$(id -u)" -eq 0 ] || root=sudo

names() { awk -v column="$1" '!/^#/ && NF && $column != "-" { print $column }' "$list"; }

case $(uname -s) in
FreeBSD)
	# shellcheck disable=SC2046  # one word per package is meant
	$root pkg install -y $(names 2) ;;
*)
	if ! command -v apt-get >/dev/null; then
		echo "system-packages: no apt-get or pkg here; install what $list names by hand" >&2
		exit 1
	fi
	$root apt-get update -qq
	# shellcheck disable=SC2046
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(names 1) ;;
esac
