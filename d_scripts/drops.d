#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that IP, TCP or UDP drop, each with the stack that dropped it
 *
 * A packet is dropped where its mbuf is freed between a layer's entry and the function
 * that hands it on. One whose mbuf was replaced on the way (m_pullup) is not seen.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse
 *
 * Sample:
 * @dtkit 1 start dtkit=0.1.0 timestamp=18303619776 walltimestamp=1795229941061800452
 * @dtkit 1 stack probe=fbt::m_freem:entry id=12745 cpu=0 t=18492537159 m=0xfffff800024d2200 dropp
 *
 *               kernel`udp_input+0x954
 *               kernel`ip_input+0x135
 *               kernel`swi_net+0x12b
 *               kernel`ithread_loop+0x1cb
 *               kernel`fork_exit+0x7e
 *               kernel`0xffffffff807c9fee
 * @dtkit 1 mbuf probe=fbt::m_freem:entry id=12745 cpu=0 t=18492537159 m=0xfffff800024d2200 pkt=31
 *
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 00 1f 56 1d 00 00 40 11 00 00 7f 00 00 01  E...V...@.......
 *         10: 7f 00 00 01 97 ad 00 35 00 0b fe 1e 68 69 0a     .......5....hi.
 * @dtkit 1 stack probe=fbt::m_freem:entry id=12745 cpu=0 t=18931937829 m=0xfffff800024d2a00 dropp
 *
 *               kernel`udp_input+0x954
 */

#pragma D option quiet
#pragma D option bufsize=4m
#pragma D option switchrate=10hz
/* Variables of threads; those that were freed must be cleaned before they are used again. */
#pragma D option dynvarsize=16m

/*
 * From a layer's entry to the function that hands the packet on, its mbuf belongs to that layer.
 * Whoever frees it in between has dropped it.
 */
BEGIN
{
	printf("@dtkit 1 start dtkit=0.1.0 timestamp=%d walltimestamp=%d\n", timestamp, walltimestamp);
}

fbt::ip_input:entry
{
	self->ip = args[0];
}

fbt::tcp_input:entry,
fbt::udp_input:entry,
fbt::icmp_input:entry,
fbt::rip_input:entry,
fbt::ip_tryforward:entry,
fbt::ip_forward:entry
/self->ip != NULL/
{
	self->ip = NULL;
}

fbt::m_freem:entry
/self->ip != NULL && self->ip == args[0]/
{
	this->m = args[0];
	@drops["ip_input"] = count();
	printf("@dtkit 1 stack probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x dropped=ip_input\n", id, cpu, timestamp, (uint64_t)this->m);
	stack(8);
	self->ip = NULL;
	printf("@dtkit 1 mbuf probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1 dropped=ip_input\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::ip_input:return
{
	self->ip = NULL;
}

fbt::ip_tryforward:entry
{
	self->fast = args[0];
}

fbt::ether_output:entry,
fbt::looutput:entry
/self->fast != NULL && (uint64_t)self->fast == arg1/
{
	self->fast = NULL;
}

fbt::m_freem:entry
/self->fast != NULL && self->fast == args[0]/
{
	this->m = args[0];
	@drops["ip_tryforward"] = count();
	printf("@dtkit 1 stack probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x dropped=ip_tryforward\n", id, cpu, timestamp, (uint64_t)this->m);
	stack(8);
	self->fast = NULL;
	printf("@dtkit 1 mbuf probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1 dropped=ip_tryforward\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::ip_tryforward:return
{
	self->fast = NULL;
}

fbt::ip_forward:entry
{
	self->forward = args[0];
}

fbt::ip_output:entry
/self->forward != NULL && (uint64_t)self->forward == arg0/
{
	self->forward = NULL;
}

fbt::m_freem:entry
/self->forward != NULL && self->forward == args[0]/
{
	this->m = args[0];
	@drops["ip_forward"] = count();
	printf("@dtkit 1 stack probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x dropped=ip_forward\n", id, cpu, timestamp, (uint64_t)this->m);
	stack(8);
	self->forward = NULL;
	printf("@dtkit 1 mbuf probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1 dropped=ip_forward\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::ip_forward:return
{
	self->forward = NULL;
}

fbt::udp_input:entry
/args[0] != NULL/
{
	self->udp = *args[0];
}

fbt::udp_append:entry
/self->udp != NULL/
{
	self->udp = NULL;
}

fbt::m_freem:entry
/self->udp != NULL && self->udp == args[0]/
{
	this->m = args[0];
	@drops["udp_input"] = count();
	printf("@dtkit 1 stack probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x dropped=udp_input\n", id, cpu, timestamp, (uint64_t)this->m);
	stack(8);
	self->udp = NULL;
	printf("@dtkit 1 mbuf probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1 dropped=udp_input\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::udp_input:return
{
	self->udp = NULL;
}

fbt::tcp_input:entry
/args[0] != NULL/
{
	self->tcp = *args[0];
}

fbt::tcp_do_segment:entry,
fbt::syncache_add:entry,
fbt::syncache_expand:entry
/self->tcp != NULL/
{
	self->tcp = NULL;
}

fbt::m_freem:entry
/self->tcp != NULL && self->tcp == args[0]/
{
	this->m = args[0];
	@drops["tcp_input"] = count();
	printf("@dtkit 1 stack probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x dropped=tcp_input\n", id, cpu, timestamp, (uint64_t)this->m);
	stack(8);
	self->tcp = NULL;
	printf("@dtkit 1 mbuf probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1 dropped=tcp_input\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::tcp_input:return
{
	self->tcp = NULL;
}

fbt::ip_output:entry
{
	self->out = args[0];
}

fbt::ether_output:entry,
fbt::looutput:entry
/self->out != NULL && (uint64_t)self->out == arg1/
{
	self->out = NULL;
}

fbt::m_freem:entry
/self->out != NULL && self->out == args[0]/
{
	this->m = args[0];
	@drops["ip_output"] = count();
	printf("@dtkit 1 stack probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x dropped=ip_output\n", id, cpu, timestamp, (uint64_t)this->m);
	stack(8);
	self->out = NULL;
	printf("@dtkit 1 mbuf probe=fbt::m_freem:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1 dropped=ip_output\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::ip_output:return
{
	self->out = NULL;
}

END
{
	printf("%-16s %10s\n", "DROPPED IN", "PACKETS");
	printa("%-16s %@10d\n", @drops);
}
