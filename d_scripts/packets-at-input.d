#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that reach TCP, UDP and ICMP: the first 128 bytes of each
 *
 * Made by:  dtkit script packets-at-input
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse              (packets, a line each)
 *           dtrace -s FILE | dtkit parse -w FILE.pcapng
 *
 * Lines that begin with @dtkit are for `dtkit parse`. At the end, and at ^C, each probe's count of
 * firings and of packets accepted is printed. dtrace(1) reports drops on stderr, faults as well;
 * `dtkit parse` counts both when it is given them: dtrace -s FILE 2>&1 | dtkit parse
 *
 * Sample:
 * @dtkit 1 start dtkit=0.1.0 timestamp=58344470153 walltimestamp=1795229981249033187
 * @dtkit 1 mbuf probe=fbt::udp_input:entry id=24867 cpu=0 t=58346304816 m=0xfffff800024d2a00 pkt=
 * 
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 00 1f 57 19 00 00 40 11 00 00 7f 00 00 01  E...W...@.......
 *         10: 7f 00 00 01 d4 3c 00 35 00 0b fe 1e 68 69 0a     .....<.5....hi.
 * @dtkit 1 mbuf probe=fbt::icmp_input:entry id=24899 cpu=0 t=58364748763 m=0xfffff800024d2700 pkt
 * 
 * @dtkit 1 end probe=fbt::udp_input:entry fired=2 accepted=2
 * @dtkit 1 end probe=fbt::icmp_input:entry fired=42 accepted=42
 * @dtkit 1 end probe=fbt::tcp_input:entry fired=199 accepted=199
 * @dtkit 1 end faults=0
 */

#pragma D option quiet
/* 224 bytes a record, 2 records a packet: good for 10000 packets a second on each CPU */
#pragma D option bufsize=4m
#pragma D option switchrate=10hz

BEGIN
{
	@faults = sum(0);
	@fired["fbt::tcp_input:entry"] = sum(0);
	@accepted["fbt::tcp_input:entry"] = sum(0);
	@fired["fbt::udp_input:entry"] = sum(0);
	@accepted["fbt::udp_input:entry"] = sum(0);
	@fired["fbt::icmp_input:entry"] = sum(0);
	@accepted["fbt::icmp_input:entry"] = sum(0);
	printf("@dtkit 1 start dtkit=0.1.0 timestamp=%d walltimestamp=%d\n", timestamp, walltimestamp);
}

/*
 * fbt::tcp_input:entry: TCP segments for this host, over IPv4 and (from tcp6_input) IPv6
 */
fbt::tcp_input:entry
/(this->fired1++, this->left = 0, args[0] != NULL && (this->m = *args[0]) != NULL)/
{
	@fired["fbt::tcp_input:entry"] = sum(this->fired1);
	this->fired1 = 0;
	@accepted["fbt::tcp_input:entry"] = sum(1);
	this->t = timestamp;
	this->head = this->m;
	this->pkt = this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1;
	this->seg = 0;
	this->left = 128;
}

/* mbuf 1 */
fbt::tcp_input:entry
/this->left > 0 && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 2 */
fbt::tcp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 3 */
fbt::tcp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 4 */
fbt::tcp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* what of the chain is not shown */
fbt::tcp_input:entry
/this->left > 0 && this->m != NULL && this->m->m_next != NULL/
{
	printf("@dtkit 1 cut probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x mbufs=4\n", id, cpu, this->t, (uint64_t)this->head);
}
fbt::tcp_input:entry
/this->left < 0/
{
	printf("@dtkit 1 unmapped probe=fbt::tcp_input:entry id=%d cpu=%d t=%d m=0x%x seg=%d\n", id, cpu, this->t, (uint64_t)this->head, this->seg + 1);
}

/*
 * fbt::udp_input:entry: UDP datagrams for this host over IPv4
 */
fbt::udp_input:entry
/(this->fired2++, this->left = 0, args[0] != NULL && (this->m = *args[0]) != NULL)/
{
	@fired["fbt::udp_input:entry"] = sum(this->fired2);
	this->fired2 = 0;
	@accepted["fbt::udp_input:entry"] = sum(1);
	this->t = timestamp;
	this->head = this->m;
	this->pkt = this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1;
	this->seg = 0;
	this->left = 128;
}

/* mbuf 1 */
fbt::udp_input:entry
/this->left > 0 && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::udp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 2 */
fbt::udp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::udp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 3 */
fbt::udp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::udp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 4 */
fbt::udp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::udp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* what of the chain is not shown */
fbt::udp_input:entry
/this->left > 0 && this->m != NULL && this->m->m_next != NULL/
{
	printf("@dtkit 1 cut probe=fbt::udp_input:entry id=%d cpu=%d t=%d m=0x%x mbufs=4\n", id, cpu, this->t, (uint64_t)this->head);
}
fbt::udp_input:entry
/this->left < 0/
{
	printf("@dtkit 1 unmapped probe=fbt::udp_input:entry id=%d cpu=%d t=%d m=0x%x seg=%d\n", id, cpu, this->t, (uint64_t)this->head, this->seg + 1);
}

/*
 * fbt::icmp_input:entry: ICMP messages for this host
 */
fbt::icmp_input:entry
/(this->fired3++, this->left = 0, args[0] != NULL && (this->m = *args[0]) != NULL)/
{
	@fired["fbt::icmp_input:entry"] = sum(this->fired3);
	this->fired3 = 0;
	@accepted["fbt::icmp_input:entry"] = sum(1);
	this->t = timestamp;
	this->head = this->m;
	this->pkt = this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1;
	this->seg = 0;
	this->left = 128;
}

/* mbuf 1 */
fbt::icmp_input:entry
/this->left > 0 && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::icmp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 2 */
fbt::icmp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::icmp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 3 */
fbt::icmp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::icmp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* mbuf 4 */
fbt::icmp_input:entry
/this->left > 0 && this->m != NULL && (this->m = this->m->m_next) != NULL && (this->m->m_flags & 0x100 ? (this->left = -1) : this->m->m_len) > 0/
{
	this->seg = this->seg + 1;
	this->dump = this->m->m_len < this->left ? this->m->m_len : this->left;
	this->left = this->left - this->dump;
	printf("@dtkit 1 mbuf probe=fbt::icmp_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=%d mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->head, this->pkt, this->seg, this->m->m_len, this->dump, this->left == 0 || this->m->m_next == NULL);
	tracemem(this->m->m_data, 128, this->dump);
}

/* what of the chain is not shown */
fbt::icmp_input:entry
/this->left > 0 && this->m != NULL && this->m->m_next != NULL/
{
	printf("@dtkit 1 cut probe=fbt::icmp_input:entry id=%d cpu=%d t=%d m=0x%x mbufs=4\n", id, cpu, this->t, (uint64_t)this->head);
}
fbt::icmp_input:entry
/this->left < 0/
{
	printf("@dtkit 1 unmapped probe=fbt::icmp_input:entry id=%d cpu=%d t=%d m=0x%x seg=%d\n", id, cpu, this->t, (uint64_t)this->head, this->seg + 1);
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
	@fired["fbt::udp_input:entry"] = sum(this->fired2);
	this->fired2 = 0;
	@fired["fbt::icmp_input:entry"] = sum(this->fired3);
	this->fired3 = 0;
}
END
{
	@fired["fbt::tcp_input:entry"] = sum(this->fired1);
	this->fired1 = 0;
	@fired["fbt::udp_input:entry"] = sum(this->fired2);
	this->fired2 = 0;
	@fired["fbt::icmp_input:entry"] = sum(this->fired3);
	this->fired3 = 0;
	printa("@dtkit 1 end probe=%s fired=%@d accepted=%@d\n", @fired, @accepted);
	printa("@dtkit 1 end faults=%@d\n", @faults);
}
