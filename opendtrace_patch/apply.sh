#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Put the D subroutines copyoutmbuf() and mbuflen() into a source tree:
#
#   apply.sh [-n] [-t TREE] SRC   into the tree at SRC; -n only tells whether they fit
#   apply.sh -p TREE              print all of it as one patch, for patch -p1
#
# TREE names one of trees/*.patch; without -t the tree's __FreeBSD_version chooses. These are the
# hooks, which must fit exactly: nothing is changed otherwise. The core, of which there is one copy
# for all trees, goes beside what else DTrace includes into dtrace.c, and the cases of suite/ into
# DTrace's test suite where the tree has it.

set -eu

here=$(dirname "$0")
tests=cddl/contrib/opensolaris/cmd/dtrace/test/tst/common/funcs
saved=.before-copyoutmbuf

# Hooks by __FreeBSD_version, from the first number on and below the second; a tree of OpenDTrace
# has none. (python -m dtkit.freebsd trees)
trees='
1200000 1300000 freebsd-12.1
1300000 1300100 freebsd-13-2019
1400000 1500000 freebsd-14
1500000 1700000 freebsd-main
'

usage() {
	sed -n 's/^#   apply/usage: apply/p' "$0" >&2
	echo "trees:$(for hooks in "$here"/trees/*.patch; do
	    printf ' %s' "$(basename "$hooks" .patch)"; done)" >&2
	exit 2
}

die() {
	echo "apply.sh: $*" >&2
	exit 1
}

# The name of the hooks for the tree at $dir.
detect() {
	if [ ! -f "$dir/sys/sys/param.h" ]; then
		[ -d "$dir/lib/libdtrace" ] && echo opendtrace && return
		die "no $dir/sys/sys/param.h: neither FreeBSD's source tree nor OpenDTrace's"
	fi
	version=$(awk '$1 == "#define" && $2 == "__FreeBSD_version" { print $3 }' \
	    "$dir/sys/sys/param.h")
	found=$(echo "$trees" | awk -v v="$version" 'NF == 3 && $1 <= v + 0 && v + 0 < $2 { print $3 }')
	[ "$found" ] || die "no hooks for __FreeBSD_version ${version:-unknown}; -t TREE chooses some"
	echo "$found"
}

# Lines of "FILE-HERE PATH-IN-THE-TREE" for what is added whole.
added() {
	echo "dtrace_mbuf.c $device/dtrace_mbuf.c"
	echo "dtrace_mbuf.h $device/dtrace_mbuf.h"
	case $device in
	sys/cddl/*)
		for name in "$here"/suite/*; do
			name=$(basename "$name")
			echo "suite/$name $tests/$name"
		done
	esac
}

# hook OPTION...: patch(1) without tolerance
hook() {
	patch -p1 -F 0 -N -s -z $saved -d "$dir" "$@" < "$hooks"
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
dir=${1-}
[ "$tree" ] || tree=$(detect)
hooks=$here/trees/$tree.patch
[ -f "$hooks" ] || usage
device=$(sed -n 's|^+++ b/\(.*\)/dtrace_sysctl\.c$|\1|p' "$hooks")

if [ "$print" ]; then
	cat "$hooks"
	added | while read -r from to; do
		printf -- '--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%d @@\n' "$to" \
		    "$(wc -l < "$here/$from")"
		sed 's/^/+/' "$here/$from"
	done
	exit
fi

[ -d "$dir/$device" ] || die "$dir has no $device: not a tree of $tree"
[ ! -e "$dir/$device/dtrace_mbuf.c" ] || die "$dir has it already"
hook --dry-run || die "the hooks of $tree do not fit $dir; nothing was changed"
[ -z "$dry" ] || { echo "$tree.patch applies to $dir"; exit 0; }

hook
sed -n 's|^+++ b/||p' "$hooks" | while read -r changed; do
	rm -f "$dir/$changed$saved"
done
added | while read -r from to; do
	mkdir -p "$dir/$(dirname "$to")"
	cp "$here/$from" "$dir/$to"
done
echo "$dir has copyoutmbuf() and mbuflen() now; build dtrace.ko, libdtrace and dtrace(1)"

tool=cddl/usr.sbin/dtrace/tests/tools/genmakefiles.sh
if [ -f "$dir/$tool" ]; then
	echo "to install the test cases too, run $dir/$tool, which lists them in its makefiles"
fi
