#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The first 64 bytes of what reaches tcp_input: the RFD's first example
 *
 * Made by:  dtkit script rfd-first-64-bytes
 * Needs:    a kernel and dtrace(1) with the copyoutmbuf subroutine (D 1.14); root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse              (packets, a line each)
 *           dtrace -s FILE | dtkit parse -w FILE.pcapng
 *
 * Lines that begin with @dtkit are for `dtkit parse`. At the end, and at ^C, each probe's count of
 * firings and of packets accepted is printed. dtrace(1) reports drops on stderr, faults as well;
 * `dtkit parse` counts both when it is given them: dtrace -s FILE 2>&1 | dtkit parse
 *
 * Sample:
 * @dtkit 1 start dtkit=0.1.0 timestamp=7576615714 walltimestamp=1795230137407208318
 * @dtkit 1 mbuf probe=fbt::tcp_input:entry id=24873 cpu=0 t=7724562334 m=0xfffff800024d2b00 len=6
 * 
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 00 3c 00 00 40 00 40 06 00 00 7f 00 00 01  E..<..@.@.......
 *         10: 7f 00 00 01 ac 14 00 09 8e 28 a6 ff 00 00 00 00  .........(......
 *         20: a0 02 ff ff fe 30 00 00 02 04 3f d8 01 03 03 06  .....0....?.....
 * @dtkit 1 end probe=fbt::tcp_input:entry fired=3 accepted=3
 * @dtkit 1 end faults=0
 */

/* An older dtrace(1) refuses this by name, which is better than a puzzle further down. */
#pragma D option version=1.14
#pragma D option quiet
/* 160 bytes a record and 64 of scratch: good for 10000 packets a second on each CPU */
#pragma D option bufsize=4m
#pragma D option switchrate=1hz

BEGIN
{
	@faults = sum(0);
	@fired["fbt::tcp_input:entry"] = sum(0);
	@accepted["fbt::tcp_input:entry"] = sum(0);
	printf("@dtkit 1 start dtkit=0.1.0 timestamp=%d walltimestamp=%d\n", timestamp, walltimestamp);
}

/*
 * fbt::tcp_input:entry: TCP segments for this host, over IPv4 and (from tcp6_input) IPv6
 */
fbt::tcp_input:entry
/(this->fired1++, args[0] != NULL && (this->m = *args[0]) != NULL)/
{
	@fired["fbt::tcp_input:entry"] = sum(this->fired1);
	this->fired1 = 0;
	@accepted["fbt::tcp_input:entry"] = sum(1);
	this->len = mbuflen(this->m);
	this->left = this->len > 0 ? this->len : 1;
	this->dump = this->left < 64 ? this->left : 64;
	printf("@dtkit 1 mbuf probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x len=%d off=0 dump=%d\n", id, cpu, timestamp, (uint64_t)this->m, this->len, this->dump);
	tracemem(copyoutmbuf(this->m, 64), 64, this->dump);
}

ERROR
{
	@faults = sum(1);
}

/* Clause-local variables are each CPU's own, and stay: what was counted there is taken over. */
profile-10hz
{
	@fired["fbt::tcp_input:entry"] = sum(this->fired1);
	this->fired1 = 0;
}
END
{
	@fired["fbt::tcp_input:entry"] = sum(this->fired1);
	this->fired1 = 0;
	printa("@dtkit 1 end probe=%s fired=%@d accepted=%@d\n", @fired, @accepted);
	printa("@dtkit 1 end faults=%@d\n", @faults);
}
