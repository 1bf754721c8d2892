#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The life of mbufs: from allocation to free, and what is never freed
 *
 * Each mbuf that is alive takes a dynamic variable: drops mean dynvarsize is too small.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE            (^C ends it and prints the summary)
 *
 * Sample:
 * lifetime of mbufs, ns
 *            value  ------------- Distribution ------------- count
 *            16384 |                                         0
 *            32768 |@                                        10
 *            65536 |@@@@@@@                                  134
 *           131072 |@@@@@@@@@@@                              213
 *           262144 |@@@@@@@@@@@                              204
 *           524288 |@@@@@@@@                                 152
 *          1048576 |@                                        21
 *          2097152 |                                         6
 *          4194304 |@                                        10
 *          8388608 |@                                        12
 *         16777216 |                                         0
 * ALIVE  ALLOCATED BY (leak suspects: those that only grow)
 *     0  kernel`m_uiotombuf+0x5d
 *     0  kernel`sbappendaddr_locked+0x93
 *     0  kernel`icmp_error+0x234
 *     0  kernel`ip_savecontrol+0x2df
 *     0  kernel`rip_input+0x262
 *     0  kernel`tcp_do_segment+0x1ee1
 *     0  kernel`tcp_output+0xfe8
 *     0  kernel`syncache_add+0xc23
 *     0  kernel`tcp_twstart+0x1e7
 *     0  kernel`tcp_usr_connect+0x17f
 *     0  kernel`tcp_usr_disconnect+0x75
 *     0  kernel`tcp_usr_send+0x368
 *     0  kernel`tcp_usr_shutdown+0x92
 * THE BUSIEST TEN ALLOCATORS
 *               kernel`syncache_add+0xc23
 *               kernel`tcp_input+0x13d3
 */

#pragma D option quiet
/* One entry for each mbuf that is alive. */
#pragma D option dynvarsize=16m
#pragma D option stackframes=8

sdt:::m-get
/arg2 != 0/
{
	born[arg2] = timestamp;
	maker[arg2] = caller;
	@alive[caller] = sum(1);
	@makers[stack()] = count();
}

sdt:::m-gethdr
/arg2 != 0/
{
	born[arg2] = timestamp;
	maker[arg2] = caller;
	@alive[caller] = sum(1);
	@makers[stack()] = count();
}

sdt:::m-getcl
/arg3 != 0/
{
	born[arg3] = timestamp;
	maker[arg3] = caller;
	@alive[caller] = sum(1);
	@makers[stack()] = count();
}

sdt:::m-free
/arg0 != 0 && born[arg0] != 0/
{
	@life["lifetime of mbufs, ns"] = quantize(timestamp - born[arg0]);
	@alive[maker[arg0]] = sum(-1);
	born[arg0] = 0;
	maker[arg0] = 0;
}

END
{
	printa("\n%s%@d\n", @life);
	printf("\nALIVE  ALLOCATED BY (leak suspects: those that only grow)\n");
	printa("%@5d  %a\n", @alive);
	trunc(@makers, 10);
	printf("\nTHE BUSIEST TEN ALLOCATORS");
	printa(@makers);
}
