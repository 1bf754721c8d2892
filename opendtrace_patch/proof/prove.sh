#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Prove dtrace_mbuf.c with Frama-C's WP, z3 and cvc4: every goal, or exit 1.
#
#	prove.sh [-d DIRECTORY] [KIND...]
#
# A kind of kernel is 0 (no unmapped mbufs: FreeBSD 12), 1 (with the list of pages
# in the mbuf: FreeBSD main) or 2 (with it behind a pointer: 13-CURRENT of 2019),
# and :32 behind it makes it a 32-bit one; without any, 0, 1, 2 and 1:32.  What the
# provers found is kept in DIRECTORY and not proved again, or in a temporary one.
#
# Environment: PROVE_TIMEOUT, seconds per goal and prover (40); PROVE_JOBS (2);
# PROVE_FUNCTIONS, a list with commas, to prove only those.
set -eu

kept=
while getopts d: option; do
	case $option in
	d) kept=$OPTARG ;;
	*) sed -n 's/^#	prove/usage: prove/p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- 0 1 2 1:32

for tool in frama-c why3 z3 cvc4; do
	command -v $tool >/dev/null || {
		echo "prove: no $tool here: make system-packages installs it" >&2
		exit 2
	}
done

proof=$(cd "$(dirname "$0")" && pwd)
if [ "$kept" ]; then
	mkdir -p "$kept"
else
	kept=$(mktemp -d)
	trap 'rm -rf "$kept"' EXIT
fi
cd "$kept"
# The provers that why3 finds, what WP caches: all of it stays here.
export HOME="$PWD" FRAMAC_WP_CACHEDIR="$PWD/cache"
mkdir -p cache
why3 config detect >detect.log 2>&1

status=0
for kind; do
	log=kind-$(echo "$kind" | tr : -).log
	machdep=x86_64
	[ "${kind%:32}" = "$kind" ] || machdep=x86_32
	frama-c -cpp-extra-args="-DUNMAPPED=${kind%:32}" -machdep $machdep \
	    -wp -wp-rte -wp-prover z3,cvc4 -wp-timeout "${PROVE_TIMEOUT-40}" \
	    -wp-par "${PROVE_JOBS-2}" -wp-cache update \
	    ${PROVE_FUNCTIONS:+-wp-fct "$PROVE_FUNCTIONS"} \
	    "$proof/proof.c" >"$log" 2>&1 || true
	goals=$(sed -n 's/^\[wp\] Proved goals: *//p' "$log")
	echo "kind $kind: ${goals:-nothing: $(tail -1 "$log")}"
	if [ -z "$goals" ] || [ "${goals% / *}" != "${goals#* / }" ]; then
		grep -A2 '\[Failed\]\|\[Timeout\]\|\[Unknown\]\|User Error' \
		    "$log" >&2 || true
		status=1
	fi
done
exit $status
