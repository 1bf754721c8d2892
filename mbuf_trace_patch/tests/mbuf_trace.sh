#
# SPDX-License-Identifier: BSD-2-Clause
#
# mbuf_trace(4): packets note down their way, and nothing is left behind.

. $(atf_get_srcdir)/../common/vnet.subr

oid=kern.mbuf_trace

# Skip what this kernel cannot do; remember what is set, for restore().
mbuf_trace_init()
{
	if ! sysctl -n ${oid}.enable >/dev/null 2>&1; then
		atf_skip "This test requires options MBUF_TRACE"
	fi
	for name in enable interfaces start_anywhere max_records; do
		echo "${oid}.${name}=$(sysctl -n ${oid}.${name})" >> settings.lst
	done
	sysctl ${oid}.interfaces= ${oid}.start_anywhere=0 >/dev/null
}

restore()
{
	if [ -f settings.lst ]; then
		while read -r setting; do
			sysctl "${setting}" >/dev/null
		done < settings.lst
	fi
	vnet_cleanup
}

# Listen to the interface, and wait until somebody does.
listen()
{
	tcpdump --immediate-mode -U -s 0 -i mbuf_trace -w way.pcap 2>listener.txt &
	listener=$!
	for second in 1 2 3 4 5 6 7 8 9 10; do
		grep -q listening listener.txt && break
		sleep 1
	done
}

# Let what was captured come out, and end the listener.
finish()
{
	sleep 2
	kill ${listener}
	wait ${listener}
	sysctl ${oid}.enable=0 >/dev/null
}

# captured TEXT: a trace has a record that begins so, after FILE:LINE.
captured()
{
	atf_check -s exit:0 -o ignore grep -a -E "[0-9]: $1" way.pcap
}

# A jail with one end of an epair: 192.0.2.2, and here 192.0.2.1.
neighbour()
{
	epair=$(vnet_mkepair)
	vnet_mkjail alcatraz ${epair}b
	ifconfig ${epair}a 192.0.2.1/24 up
	jexec alcatraz ifconfig ${epair}b 192.0.2.2/24 up
	atf_check -s exit:0 -o ignore ping -c 1 -t 15 192.0.2.2
}

atf_test_case "way" "cleanup"
way_head()
{
	atf_set descr 'A packet notes down its way from one vnet to another'
	atf_set require.user root
}

way_body()
{
	vnet_init
	mbuf_trace_init
	neighbour

	sysctl ${oid}.interfaces="epair*" ${oid}.enable=1 >/dev/null
	listen
	atf_check -s exit:0 -o ignore ping -c 1 -t 15 192.0.2.2
	finish

	captured "ip_output: to ${epair}a"
	captured "\\+?ether_output"
	captured "\\+?ether_input"
	captured "\\+?ip_input"
	captured "\\+?icmp_input"
}

way_cleanup()
{
	restore
}

atf_test_case "silence" "cleanup"
silence_head()
{
	atf_set descr 'Nothing is noted where nothing was asked for'
	atf_set require.user root
}

silence_body()
{
	vnet_init
	mbuf_trace_init
	neighbour

	# On, but no trace is started.
	before=$(sysctl -n ${oid}.records)
	sysctl ${oid}.enable=1 >/dev/null
	atf_check -s exit:0 -o ignore ping -c 1 -t 15 192.0.2.2
	atf_check_equal "${before}" "$(sysctl -n ${oid}.records)"

	# An interface, but off.
	sysctl ${oid}.enable=0 ${oid}.interfaces="epair*" >/dev/null
	atf_check -s exit:0 -o ignore ping -c 1 -t 15 192.0.2.2
	atf_check_equal "${before}" "$(sysctl -n ${oid}.records)"
}

silence_cleanup()
{
	restore
}

atf_test_case "drop" "cleanup"
drop_head()
{
	atf_set descr 'A packet that is dropped says why'
	atf_set require.user root
}

drop_body()
{
	vnet_init
	mbuf_trace_init
	neighbour
	jexec alcatraz sysctl net.inet.ip.forwarding=1 >/dev/null
	route -q add -net 198.51.100.0/24 192.0.2.2

	sysctl ${oid}.interfaces="epair*" ${oid}.enable=1 >/dev/null
	listen
	ping -c 1 -t 3 -m 1 198.51.100.1 >/dev/null 2>&1
	ping -c 1 -t 3 198.51.100.1 >/dev/null 2>&1
	echo x | nc -u -w 1 192.0.2.2 9 >/dev/null 2>&1
	finish
	route -q delete -net 198.51.100.0/24

	captured "ip_(try)?forward: drop, TTL"
	captured "[a-z0-9_]+: drop, no route"
	captured "udp_input: drop, no listener"
}

drop_cleanup()
{
	restore
}

atf_test_case "limit" "cleanup"
limit_head()
{
	atf_set descr 'Records beyond the limit of a packet are counted'
	atf_set require.user root
}

limit_body()
{
	vnet_init
	mbuf_trace_init
	neighbour

	before=$(sysctl -n ${oid}.left_out)
	sysctl ${oid}.max_records=3 ${oid}.interfaces="epair*" \
	    ${oid}.enable=1 >/dev/null
	atf_check -s exit:0 -o ignore ping -c 1 -t 15 192.0.2.2
	sysctl ${oid}.enable=0 >/dev/null
	if [ "$(sysctl -n ${oid}.left_out)" -le "${before}" ]; then
		atf_fail "no record was left out"
	fi
}

limit_cleanup()
{
	restore
}

atf_test_case "jail" "cleanup"
jail_head()
{
	atf_set descr 'A jail neither reads nor sets what is traced'
	atf_set require.user root
}

jail_body()
{
	vnet_init
	mbuf_trace_init
	vnet_mkjail alcatraz

	sysctl ${oid}.interfaces="epair*" >/dev/null
	atf_check -s exit:0 -o not-match:epair \
	    jexec alcatraz sysctl -n ${oid}.interfaces
	atf_check -s not-exit:0 -o ignore -e ignore \
	    jexec alcatraz sysctl ${oid}.interfaces=lo0
	atf_check -s not-exit:0 -o ignore -e ignore \
	    jexec alcatraz sysctl ${oid}.enable=1
	atf_check_equal "epair*" "$(sysctl -n ${oid}.interfaces)"
	atf_check_equal "0" "$(sysctl -n ${oid}.enable)"
}

jail_cleanup()
{
	restore
}

atf_test_case "refused" "cleanup"
refused_head()
{
	atf_set descr 'A list with a bad word is refused as a whole'
	atf_set require.user root
}

refused_body()
{
	mbuf_trace_init

	sysctl ${oid}.interfaces="lo0" >/dev/null
	many=$(jot -w epair 17 | tr '\n' ' ')
	atf_check -s not-exit:0 -o ignore -e ignore \
	    sysctl ${oid}.interfaces="${many}"
	atf_check_equal "lo0" "$(sysctl -n ${oid}.interfaces)"
}

refused_cleanup()
{
	restore
}

atf_test_case "freed" "cleanup"
freed_head()
{
	atf_set descr 'Records are freed with their packets, also when tracing ends'
	atf_set require.user root
}

# Tags, of which records are some, and frames: what the kernel says is in use.
in_use()
{
	vmstat -m | awk '$1 ~ /^mbuf_t(ag|race)$/ { used += $2 }
	    END { print used + 0 }'
}

freed_body()
{
	vnet_init
	mbuf_trace_init
	neighbour

	before=$(in_use)
	sysctl ${oid}.start_anywhere=1 ${oid}.enable=1 >/dev/null
	ping -q -f -c 200 192.0.2.2 >/dev/null &
	sysctl ${oid}.enable=0 >/dev/null
	sysctl ${oid}.enable=1 >/dev/null
	wait
	sysctl ${oid}.enable=0 ${oid}.start_anywhere=0 >/dev/null
	for second in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(in_use)" -le "${before}" ] && break
		sleep 1
	done
	if [ "$(in_use)" -gt "${before}" ]; then
		atf_fail "$(in_use) in use, ${before} before"
	fi
}

freed_cleanup()
{
	restore
}

atf_init_test_cases()
{
	atf_add_test_case "way"
	atf_add_test_case "silence"
	atf_add_test_case "drop"
	atf_add_test_case "limit"
	atf_add_test_case "jail"
	atf_add_test_case "refused"
	atf_add_test_case "freed"
}
