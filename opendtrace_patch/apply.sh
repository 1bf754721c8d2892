#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Put the D subroutines copyoutmbuf() and mbuflen() into a source tree:
#
#   apply.sh [-n] TREE DIR    into the tree at DIR; -n only tells whether they fit
#   apply.sh -p TREE          print all of it as one patch, for patch -p1
#
# TREE names one of trees/*.patch. These are the hooks, which must fit exactly: nothing is changed
# otherwise. The core, of which there is one copy for all trees, goes beside what else DTrace
# includes into dtrace.c, and the cases of suite/ into DTrace's test suite where the tree has it.

set -eu

here=$(dirname "$0")
tests=cddl/contrib/opensolaris/cmd/dtrace/test/tst/common/funcs
saved=.before-copyoutmbuf

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

dry= print=
while getopts np option; do
	case $option in
	n) dry=yes ;;
	p) print=yes ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))

[ $# -eq "$([ "$print" ] && echo 1 || echo 2)" ] || usage
hooks=$here/trees/$1.patch
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

dir=$2
[ -d "$dir/$device" ] || die "$dir has no $device: not a tree of $1"
[ ! -e "$dir/$device/dtrace_mbuf.c" ] || die "$dir has it already"
hook --dry-run || die "the hooks of $1 do not fit $dir; nothing was changed"
[ -z "$dry" ] || exit 0

hook
sed -n 's|^+++ b/||p' "$hooks" | while read -r changed; do
	rm -f "$dir/$changed$saved"
done
added | while read -r from to; do
	mkdir -p "$dir/$(dirname "$to")"
	cp "$here/$from" "$dir/$to"
done

tool=cddl/usr.sbin/dtrace/tests/tools/genmakefiles.sh
if [ -f "$dir/$tool" ]; then
	echo "apply.sh: to install the test cases too, run $dir/$tool, which lists them in its makefiles" >&2
fi
