#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Put mbuf_trace into a FreeBSD source tree:  sh install.sh [-n] /usr/src
# Chooses the hooks by the tree's __FreeBSD_version; -n only tries.  All or
# nothing: the patch is tried first, and no fuzz is allowed.

set -eu
usage() { echo "usage: sh install.sh [-n] SRC   (SRC: a FreeBSD source tree)" >&2; exit 2; }
try=
[ "${1-}" = -n ] && { try=1; shift; }
[ $# = 1 ] || usage
src=$1
here=$(cd "$(dirname "$0")" && pwd)
param=$src/sys/sys/param.h
[ -f "$param" ] || { echo "install.sh: no $param: not a FreeBSD source tree" >&2; exit 1; }
version=$(awk '$1 == "#define" && $2 == "__FreeBSD_version" { print $3 }
    $1 == "#undef" { next }' "$param")
case $version in
12*)	hooks=freebsd-12.1.patch ;;
13*)	hooks=freebsd-13-2019.patch ;;
14*)	hooks=freebsd-14.patch ;;
15*|16*)	hooks=freebsd-main.patch ;;
*)	echo "install.sh: no hooks for __FreeBSD_version ${version:-unknown}: trees/ has 12 to 15 and main" >&2
	exit 1 ;;
esac
if ! tried=$(patch -p1 -N -F0 --dry-run -d "$src" < "$here/trees/$hooks" 2>&1); then
	printf '%s\n' "$tried" | grep -i -E 'fail|reversed|already' >&2 || :
	echo "install.sh: $hooks does not apply to $src; nothing was changed" >&2
	exit 1
fi
[ -n "$try" ] && { echo "$hooks applies to $src"; exit 0; }
patch -p1 -N -F0 -s -d "$src" < "$here/trees/$hooks"
cp "$here/kern_mbuf_trace.c" "$src/sys/kern/"
cp "$here/mbuf_trace.h" "$src/sys/sys/"
mkdir -p "$src/share/man/man4" "$src/share/man/man9"
cp "$here/man/mbuf_trace.4" "$src/share/man/man4/"
cp "$here/man/mtrace.9" "$src/share/man/man9/"
echo "$src has mbuf_trace now; add \"options MBUF_TRACE\" to the kernel configuration"
