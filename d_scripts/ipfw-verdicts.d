#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What ipfw decides, with the packet
 *
 * Packets are shown as they come to ipfw; what became of each is told behind it.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse
 *
 * Sample:
 * @dtkit 1 mbuf probe=fbt::ipfw_check_packet:entry id=26595 cpu=0 t=160065215374 m=0xff010000024f
 *
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 00 1e ae 23 00 00 40 11 b7 a9 0a 00 00 01  E....#..@.......
 *         10: 0a 00 01 02 73 17 27 0e 00 0a 15 1e 78 0a        ....s.'.....x.
 * drop on epair0b: mbuf 0xff010000024f2900
 * VERDICT     PACKETS
 * drop              1
 * pass            103
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

/* What ipfw drops it frees, so packets are shown before it decides. */
fbt::ipfw_check_packet:entry
{
	this->m = (struct mbuf *)NULL;
	this->where = (`osreldate < 1300000 ? (struct mbuf **)arg1 : (struct mbuf **)arg0);
	self->ifp = (`osreldate < 1300000 ? ((struct ifnet *)arg2) : ((struct ifnet *)arg1));
	self->m = (struct mbuf *)NULL;
}

fbt::ipfw_check_packet:entry
/this->where != NULL/
{
	this->m = *this->where;
	self->m = this->m;
}

fbt::ipfw_check_packet:entry
/this->m != NULL && this->m->m_len > 0/
{
	printf("@dtkit 1 mbuf probe=fbt::ipfw_check_packet:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

/* 0 passes; EACCES (13) up to FreeBSD 12 and PFIL_DROPPED (1) from 13 on drop. */
fbt::ipfw_check_packet:return
{
	this->verdict = (int)arg1;
	this->name = this->verdict == 0 ? "pass" : this->verdict == 1 || this->verdict == 13 ? "drop" : "other";
	@verdicts[this->name] = count();
}

fbt::ipfw_check_packet:return
/self->m != NULL/
{
	printf("%s on %s: mbuf 0x%x\n", this->name, self->ifp != NULL ? stringof(self->ifp->if_xname) : "-", (uint64_t)self->m);
}

fbt::ipfw_check_packet:return
{
	self->m = NULL;
	self->ifp = NULL;
}

END
{
	printf("%-8s %10s\n", "VERDICT", "PACKETS");
	printa("%-8s %@10d\n", @verdicts);
}
