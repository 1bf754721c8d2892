#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP segments that are sent again, with their first bytes (IPv4)
 *
 * A segment is sent again where its sequence number is below snd_max. Of other stacks,
 * RACK and BBR are seen on every release.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse
 *
 * Sample:
 * @dtkit 1 mbuf probe=fbt::ip_output:entry id=24672 cpu=0 t=8220667800 m=0xfffff800024d2800 pkt=3
 *
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 0b ed 00 00 40 00 40 06 00 00 7f 00 00 01  E.....@.@.......
 *         10: 7f 00 00 01 a0 2d 13 89 50 91 1b b3 46 a0 b3 b1  .....-..P...F...
 *         20: 80 19 04 fc 09 e2 00 00 01 01 08 0a f9 4b 00 e1  .............K..
 *         30: 16 1f 2c 10                                      ..,.
 * @dtkit 1 mbuf probe=fbt::ip_output:entry id=24672 cpu=0 t=8220667800 m=0xfffff800024d2800 pkt=3
 *
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78  xxxxxxxxxxxxxxxx
 *         10: 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78  xxxxxxxxxxxxxxxx
 *         20: 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78  xxxxxxxxxxxxxxxx
 * segments sent 32
 * retransmitted 13
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
	@again["retransmitted"] = sum(0);
	@sent["segments sent"] = sum(0);
}

/*
 * From FreeBSD 15 on the connection is what ip_output() is given, whichever stack sends: a tcpcb begins
 * with its inpcb. Before, fbt has no sixth argument: there it is that which the stack sends for.
 */
fbt::tcp_output:entry,
fbt::tcp_default_output:entry,
fbt::rack_output:entry,
fbt::bbr_output:entry
/`osreldate < 1500068/
{
	self->tp = arg0;
}

/* The first mbuf of a segment has all its headers; its data may be in the next. */
fbt::ip_output:entry
{
	this->m = (struct mbuf *)arg0;
	this->tp = `osreldate < 1500068 ? self->tp : arg5;
	this->len = 0;
	this->old = 0;
}

fbt::ip_output:entry
/this->tp != 0 && this->m != NULL && this->m->m_len >= 40 && ((uint8_t *)this->m->m_data)[9] == 6/
{
	this->p = (uint8_t *)this->m->m_data;
	this->ip = (this->p[0] & 15) * 4;
	this->ip = this->ip < 20 ? 20 : this->ip;
	this->p = this->p + this->ip;
	this->th = (this->p[12] >> 4) * 4;
	/* SYN and FIN take a sequence number each, as a byte does. */
	this->len = this->m->m_pkthdr.len - this->ip - this->th + ((this->p[13] & 3) != 0 ? 1 : 0);
	this->seq = (uint32_t)((this->p[4] << 24) | (this->p[5] << 16) | (this->p[6] << 8) | this->p[7]);
	/* Before it, as sequence numbers go: D's casts to signed types do not make a negative number. */
	this->old = (uint32_t)(this->seq - ((struct tcpcb *)this->tp)->snd_max) >= 0x80000000u;
	@sent["segments sent"] = sum(1);
}

fbt::ip_output:entry
/this->len > 0 && this->old/
{
	@again["retransmitted"] = sum(1);
	this->t = timestamp;
	printf("@dtkit 1 mbuf probe=fbt::ip_output:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=%d\n", id, cpu, this->t, (uint64_t)this->m, this->m->m_pkthdr.len, this->m->m_len, this->m->m_len < 128 ? this->m->m_len : 128, this->m->m_next == NULL || this->m->m_next->m_len <= 0);
	tracemem(this->m->m_data, 128, this->m->m_len);
}

fbt::ip_output:entry
/this->len > 0 && this->old && this->m->m_next != NULL && this->m->m_next->m_len > 0/
{
	printf("@dtkit 1 mbuf probe=fbt::ip_output:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=2 mlen=%d dump=%d last=1\n", id, cpu, this->t, (uint64_t)this->m, this->m->m_pkthdr.len, this->m->m_next->m_len, this->m->m_next->m_len < 128 ? this->m->m_next->m_len : 128);
	tracemem(this->m->m_next->m_data, 128, this->m->m_next->m_len);
}

fbt::tcp_output:return,
fbt::tcp_default_output:return,
fbt::rack_output:return,
fbt::bbr_output:return
/`osreldate < 1500068/
{
	self->tp = 0;
}

END
{
	printa("%s %@d\n", @sent);
	printa("%s %@d\n", @again);
}
