#!/usr/bin/ksh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# ASSERTION:
#	copyoutmbuf() shows what arrives in tcp_input(): its first 64 bytes, and
#	64 bytes after the 20 of the IPv4 header.  A SYN is 60 bytes, so each
#	ends in zeros.
#
# SECTION: Actions and Subroutines/copyoutmbuf()

if [ $# != 1 ]; then
	echo "expected one argument: <dtrace-path>"
	exit 2
fi

dtrace=$1

# Nobody listens on port 1: a SYN arrives, and a RST.
$dtrace -q -c 'nc -z -w 2 127.0.0.1 1' -s /dev/stdin <<EOD |
#pragma D option version=1.14

fbt::tcp_input:entry
/mbuflen(*args[0]) == 60/
{
	tracemem(copyoutmbuf(*args[0], 64), 64);
	tracemem(copyoutmbuf(*args[0], 64, 20), 64);
	exit(0);
}
EOD
awk '
/^ *[0-9a-f]*: / { row[n++] = substr($0, 13, 47) }
END {
	if (n != 8) {
		print "expected two dumps of 4 rows, not " n + 0 " rows"
		exit 1
	}
	first = row[0] " " row[1] " " row[2] " " row[3]
	second = row[4] " " row[5] " " row[6] " " row[7]
	zeros = "00"
	for (i = 0; i < 23; i++)
		zeros = zeros " 00"
	if (substr(first, 1, 2) != "45")
		print "no IPv4 header without options: " first
	else if (substr(first, 181) != substr(zeros, 1, 11))
		print "not zero from byte 60 on: " first
	else if (substr(second, 1, 120) != substr(first, 61, 120))
		print "not the same from byte 20 on: " second
	else if (substr(second, 121) != zeros)
		print "not zero from byte 40 on: " second
	else
		exit 0
	exit 1
}'
