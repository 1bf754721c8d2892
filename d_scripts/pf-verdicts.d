#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What pf decides, with the packet
 *
 * Packets are shown as they come to pf; what became of each is told behind it.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse
 *
 * Sample:
 * @dtkit 1 mbuf probe=fbt::pf_test:entry id=25996 cpu=0 t=259834507794 m=0xff010000024f3b00 pkt=3
 *
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 00 1e ae 32 00 00 40 11 b7 9a 0a 00 00 01  E....2..@.......
 *         10: 0a 00 01 02 c2 e5 27 0f 00 0a 15 1e 78 0a        ......'.....x.
 * drop on epair0b: mbuf 0xff010000024f3b00
 * VERDICT     PACKETS
 * drop              3
 * pass             46
 */

/* Not every kernel has all of these probes; those that it has are shown. */
#pragma D option zdefs
#pragma D option quiet
#pragma D option bufsize=4m
#pragma D option switchrate=10hz
/* Variables of threads; those that were freed must be cleaned before they are used again. */
#pragma D option dynvarsize=16m

BEGIN
{
	printf("@dtkit 1 start dtkit=0.1.0 timestamp=%d walltimestamp=%d\n", timestamp, walltimestamp);
}

/* What pf drops it frees, so packets are shown before it decides. */
fbt::pf_test:entry,
fbt::pf_test6:entry
{
	this->m = (struct mbuf *)NULL;
	this->where = (`osreldate < 1500000 ? (struct mbuf **)arg3 : (struct mbuf **)arg4);
	self->ifp = (`osreldate < 1500000 ? ((struct ifnet *)arg2) : ((struct ifnet *)arg3));
	self->m = (struct mbuf *)NULL;
}

fbt::pf_test:entry,
fbt::pf_test6:entry
/this->where != NULL/
{
	this->m = *this->where;
	self->m = this->m;
}

fbt::pf_test:entry
/this->m != NULL && this->m->m_len > 0/
{
	printf("@dtkit 1 mbuf probe=fbt::pf_test:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::pf_test6:entry
/this->m != NULL && this->m->m_len > 0/
{
	printf("@dtkit 1 mbuf probe=fbt::pf_test6:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

/* PF_PASS is 0, PF_DROP is 1; the others are packets that pf keeps or answers. */
fbt::pf_test:return,
fbt::pf_test6:return
{
	this->verdict = (int)arg1;
	this->name = this->verdict == 0 ? "pass" : this->verdict == 1 ? "drop" : "other";
	@verdicts[this->name] = count();
}

fbt::pf_test:return,
fbt::pf_test6:return
/self->m != NULL/
{
	printf("%s on %s: mbuf 0x%x\n", this->name, self->ifp != NULL ? stringof(self->ifp->if_xname) : "-", (uint64_t)self->m);
}

fbt::pf_test:return,
fbt::pf_test6:return
{
	self->m = NULL;
	self->ifp = NULL;
}

END
{
	printf("%-8s %10s\n", "VERDICT", "PACKETS");
	printa("%-8s %@10d\n", @verdicts);
}
