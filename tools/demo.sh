#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job, end to end: from the question to the packets. Run by `make demo`.
set -eu
cd "$(dirname "$0")/.."
# What dtrace(1) printed on FreeBSD 12.1 for packets at tcp_input, and what a kernel of that release
# with mbuf_trace noted down.
saved=tests/data/captures/02-tracemem64-tcp.txt
way=tests/data/mbuf_trace-freebsd-12.1-epair.pcap
mkdir -p demo

step() { printf '\n== %s\n' "$1"; }
run() { printf '$ %s\n' "$*"; "$@"; }

# The packets of that saved output are the traffic of the simulated kernel below.
dtkit parse "$saved" --to none -w demo/traffic.pcapng 2>/dev/null

step 'Where can packets be seen? Some of the probe points that carry an mbuf:'
run dtkit probes 'tcp*_input' ip_input ether_output | cut -f 1,2,3,6

step 'Show 64 bytes of what reaches tcp_input. This is the command for a FreeBSD host, as root:'
run dtkit oneliner --annotate --length 64 tcp_input
command=$(dtkit oneliner --annotate --length 64 tcp_input)

step 'No FreeBSD here, so it runs in the simulated kernel. What dtrace(1) prints there:'
# As the command calls it: dtrace -q -n PROGRAM
dtrace() { dtkit simulate --packets demo/traffic.pcapng --quiet --program "$3"; }
eval "$command" >demo/output.txt 2>&1
run sed -n 1,8p demo/output.txt

step 'Read back as packets, and written for Wireshark:'
run dtkit parse demo/output.txt -w demo/packets.pcapng 2>&1

step 'One of them as JSON:'
run dtkit parse demo/output.txt --to json 2>/dev/null | head -n 2

step 'What FreeBSD 12.1 itself printed for the same packets is read the same way:'
sed '1d;$d' "$saved" >demo/saved.txt
run dtkit parse demo/saved.txt 2>&1 | tail -n 3

step 'Which rule drops it? A packet is followed through the simulated kernel, to a rule of pf(4):'
run dtkit path run --simulate --packets docs/tutorial/web.pcap --path refused --count 1 \
	tcp port 8080 2>/dev/null | sed -n 1,15p

step "A packet's way through a kernel with mbuf_trace, and what changed on it:"
run dtkit trace show "$way" 2>/dev/null | sed -n 1,12p
dtkit trace report "$way" -o demo/report.html 2>/dev/null

printf '\nWritten:\n  %s\n  %s\n' "$(pwd)/demo/packets.pcapng   open it in Wireshark" \
	"$(pwd)/demo/report.html      open it in a browser"
printf 'On a FreeBSD host, as root, this shows the same of its own traffic:\n'
printf '  dtkit oneliner --annotate --length 64 tcp_input | sh 2>&1 | dtkit parse -w packets.pcapng\n'
