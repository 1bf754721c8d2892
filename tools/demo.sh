#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job, end to end: from the question to the packets. Run by `make demo`.
set -eu
cd "$(dirname "$0")/.."
capture=tests/data/captures/02-tracemem64-tcp.txt
mkdir -p demo

step() { printf '\n== %s\n' "$1"; }
run() { printf '$ %s\n' "$*"; "$@"; }

step 'Where can packets be seen? The probe points that carry an mbuf:'
run dtkit probes 'tcp*_input' | cut -f 1,2,3,6

step 'Show 64 bytes of what reaches tcp_input. This command runs on any FreeBSD, as root:'
run dtkit oneliner tcp_input --length 64

step 'The same where the kernel has copyoutmbuf, which copies from the whole mbuf chain:'
run dtkit oneliner tcp_input --length 64 --copy copyoutmbuf

step "What dtrace(1) prints, here saved on FreeBSD 12.1:"
run sed -n 2,9p "$capture"

step 'Read back as packets, and written for Wireshark:'
# The first and the last line of the saved file are not dtrace's.
sed '1d;$d' "$capture" >demo/output.txt
run dtkit parse demo/output.txt -w demo/packets.pcapng 2>&1

step 'One of them as JSON:'
run dtkit parse demo/output.txt --to json 2>/dev/null | head -n 2

step 'The same without FreeBSD: that command, on these packets, in a simulated kernel:'
dtrace() { dtkit simulate --packets demo/packets.pcapng "$@"; }
eval "$(dtkit oneliner tcp_input --length 64)" >demo/simulated.txt 2>&1
run sed -n 1,8p demo/simulated.txt
run dtkit parse demo/simulated.txt -w demo/simulated.pcapng 2>&1 | tail -n 1
printf 'On a FreeBSD host, as root: %s\n' "$(dtkit oneliner tcp_input --length 64)"

if command -v tshark >/dev/null; then
	step 'What tshark sees in demo/packets.pcapng:'
	run tshark -n -r demo/packets.pcapng -c 3 2>/dev/null
fi

printf '\nWritten: %s\n' "$(pwd)/demo/packets.pcapng"
