#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Put mbuf_trace into a FreeBSD source tree:
#
#   install.sh [-n] [-t TREE] SRC   into the tree at SRC; -n only tells whether it fits
#   install.sh -p TREE              print all of it as one patch, for patch -p1
#
# TREE names one of trees/*.patch; without -t the tree's __FreeBSD_version chooses. All or nothing:
# the hooks must fit exactly.

set -eu

here=$(cd "$(dirname "$0")" && pwd)

# Hooks by __FreeBSD_version, from the first number on and below the second.
# (python -m dtkit.freebsd trees)
trees='
1200000 1300000 freebsd-12.1
1300000 1300100 freebsd-13-2019
1400000 1500000 freebsd-14
1500000 1700000 freebsd-main
'

usage() {
	sed -n 's/^#   install/usage: install/p' "$0" >&2
	echo "trees:$(for hooks in "$here"/trees/*.patch; do
	    printf ' %s' "$(basename "$hooks" .patch)"; done)" >&2
	exit 2
}

die() {
	echo "install.sh: $*" >&2
	exit 1
}

# The name of the hooks for the tree at $src.
detect() {
	version=$(awk '$1 == "#define" && $2 == "__FreeBSD_version" { print $3 }' \
	    "$src/sys/sys/param.h")
	found=$(echo "$trees" | awk -v v="$version" 'NF == 3 && $1 <= v + 0 && v + 0 < $2 { print $3 }')
	[ "$found" ] || die "no hooks for __FreeBSD_version ${version:-unknown}; -t TREE chooses some"
	echo "$found"
}

# Lines of "FILE-HERE PATH-IN-THE-TREE" for what is added whole.
added() {
	echo "kern_mbuf_trace.c sys/kern/kern_mbuf_trace.c"
	echo "mbuf_trace.h sys/sys/mbuf_trace.h"
	echo "man/mbuf_trace.4 share/man/man4/mbuf_trace.4"
	echo "man/mtrace.9 share/man/man9/mtrace.9"
	echo "tests/mbuf_trace.sh tests/sys/net/mbuf_trace.sh"
}

dry= print= tree=
while getopts nt:p: option; do
	case $option in
	n) dry=yes ;;
	t) tree=$OPTARG ;;
	p) print=yes; tree=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))

[ $# -eq "$([ "$print" ] && echo 0 || echo 1)" ] || usage
if [ "$print" ]; then
	hooks=$here/trees/$tree.patch
	[ -f "$hooks" ] || usage
	cat "$hooks"
	added | while read -r from to; do
		printf -- '--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%d @@\n' "$to" \
		    "$(wc -l < "$here/$from")"
		sed 's/^/+/' "$here/$from"
	done
	exit
fi

src=$1
[ -f "$src/sys/sys/param.h" ] || die "no $src/sys/sys/param.h: not a FreeBSD source tree"
[ "$tree" ] || tree=$(detect)
hooks=$here/trees/$tree.patch
[ -f "$hooks" ] || usage

if ! tried=$(patch -p1 -N -F0 --dry-run -d "$src" < "$hooks" 2>&1); then
	printf '%s\n' "$tried" | grep -i -E 'fail|reversed|already' >&2 || :
	die "the hooks of $tree do not fit $src; nothing was changed"
fi
[ -z "$dry" ] || { echo "$tree.patch applies to $src"; exit 0; }

patch -p1 -N -F0 -s -d "$src" < "$hooks"
added | while read -r from to; do
	mkdir -p "$src/$(dirname "$to")"
	cp "$here/$from" "$src/$to"
done
echo "$src has mbuf_trace now; add \"options MBUF_TRACE\" to the kernel configuration"
