#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The shape of mbuf chains: length, m_len, clusters; the cost of m_pullup and m_defrag
 *
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE            (^C ends it and prints the summary)
 *
 * Sample:
 * ip_input: mbufs in the chain (17: more than 16)
 *            value  ------------- Distribution ------------- count
 *              < 1 |                                         0
 *                1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@         268
 *                2 |@@@@@@@@                                 66
 *                3 |                                         1
 *                4 |                                         0
 * AT               DATA              MBUFS
 * ip_input         cluster              68
 * ip_output        cluster              68
 * ip_input         in the mbuf         335
 * ip_output        in the mbuf         335
 */

#pragma D option quiet

/* The shape of packets where they leave and where they arrive. */
fbt::ip_output:entry,
fbt::ip_input:entry
{
	this->m = args[0];
	this->mbufs = 0;
	this->more = (struct mbuf *)NULL;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->m != NULL/
{
	this->mbufs = 1;
	@len[probefunc, "m_len of the first mbuf"] = quantize(this->m->m_len);
	@kind[probefunc, this->m->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->m->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 2;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 3;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 4;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 5;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 6;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 7;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 8;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 9;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 10;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 11;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 12;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 13;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 14;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 15;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->more != NULL/
{
	this->mbufs = 16;
	@len[probefunc, "m_len of further mbufs"] = quantize(this->more->m_len);
	@kind[probefunc, this->more->m_flags & 0x1 ? "cluster" : "in the mbuf"] = count();
	this->more = this->more->m_next;
}

fbt::ip_output:entry,
fbt::ip_input:entry
/this->mbufs > 0/
{
	@chain[probefunc, "mbufs in the chain (17: more than 16)"] = lquantize(this->more != NULL ? 17 : this->mbufs, 1, 18, 1);
}

/* What it costs to make chains contiguous. */
fbt::m_pullup:entry,
fbt::m_defrag:entry
{
	self->since = timestamp;
}

fbt::m_pullup:return,
fbt::m_defrag:return
/self->since != 0/
{
	@cost[probefunc, "ns"] = quantize(timestamp - self->since);
	@failed[probefunc] = sum(arg1 == 0 ? 1 : 0);
	self->since = 0;
}

END
{
	printa("%s: %s%@d\n", @chain);
	printa("%s: %s%@d\n", @len);
	printf("%-16s %-12s %10s\n", "AT", "DATA", "MBUFS");
	printa("%-16s %-12s %@10d\n", @kind);
	printa("%s: %s%@d\n", @cost);
	printa("%s failed %@d times\n", @failed);
}
