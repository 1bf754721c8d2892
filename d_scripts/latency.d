#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Time from ether_input to tcp_input, as a distribution
 *
 * Packets are followed by the address of their first mbuf.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE            (^C ends it and prints the summary)
 *
 * Sample:
 * ether_input to tcp_input, ns
 *            value  ------------- Distribution ------------- count
 *            16384 |                                         0
 *            32768 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@          192
 *            65536 |@@@@@                                    32
 *           131072 |@@@                                      17
 *           262144 |                                         1
 *           524288 |                                         0
 *          1048576 |                                         0
 *          2097152 |                                         0
 *          4194304 |                                         0
 *          8388608 |                                         1
 *         16777216 |                                         0
 *         33554432 |                                         1
 *         67108864 |                                         1
 *        134217728 |                                         0
 *
 * segments not seen at ether_input (loopback, or another mbuf since): 217
 * segments from an Ethernet: 245
 */

#pragma D option quiet
#pragma D option dynvarsize=8m

fbt::ether_input:entry
/args[1] != NULL/
{
	came[(uint64_t)args[1]] = timestamp;
}

fbt::tcp_input:entry
{
	this->since = (uint64_t)0;
}

fbt::tcp_input:entry
/args[0] != NULL/
{
	this->at = (uint64_t)*args[0];
	this->since = came[this->at];
	came[this->at] = 0;
	@seen["segments", this->since != 0 ? "from an Ethernet" : "not seen at ether_input (loopback, or another mbuf since)"] = count();
}

fbt::tcp_input:entry
/this->since != 0/
{
	@latency["ether_input to tcp_input, ns"] = quantize(timestamp - this->since);
}

/* An mbuf that is freed may come back as another packet. */
fbt::m_freem:entry
/args[0] != NULL && came[(uint64_t)args[0]] != 0/
{
	came[(uint64_t)args[0]] = 0;
}

END
{
	printa("%s%@d\n", @latency);
	printa("%s %s: %@d\n", @seen);
}
