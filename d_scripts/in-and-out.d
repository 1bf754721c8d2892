#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Frames in and out, by interface: the first 64 bytes of each, and totals
 *
 * The loopback interface has no frames: its packets are shown as `loop`.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE | dtkit parse
 *
 * Sample:
 * @dtkit 1 start dtkit=0.1.0 timestamp=24231760957 walltimestamp=1795229947009047099
 * lo0 loop
 * @dtkit 1 mbuf probe=fbt::if_simloop:entry id=24261 cpu=0 t=24244725911 m=0xfffff800024d2200 pkt
 *
 *              0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
 *          0: 45 00 00 3c 00 00 40 00 40 06 00 00 7f 00 00 01  E..<..@.@.......
 *         10: 7f 00 00 01 da 4b 00 09 a7 1b 11 45 00 00 00 00  .....K.....E....
 *         20: a0 02 ff ff fe 30 00 00 02 04 3f d8 01 03 03 06  .....0....?.....
 *         30: 04 02 08 0a 3e 02 c2 7a 00 00 00 00              ....>..z....
 * INTERFACE        WAY       PACKETS          BYTES
 * epair0a          in             71           5278
 * epair0b          out            71           5278
 * epair0a          out           113          50064
 * epair0b          in            113          50064
 * lo0              loop          180         100515
 */

#pragma D option quiet
#pragma D option bufsize=4m
#pragma D option switchrate=10hz

BEGIN
{
	printf("@dtkit 1 start dtkit=0.1.0 timestamp=%d walltimestamp=%d\n", timestamp, walltimestamp);
}

fbt::ether_input:entry
{
	this->m = (struct mbuf *)NULL;
	this->ifp = args[0];
	this->m = args[1];
}

fbt::ether_input:entry
/this->m != NULL && this->ifp != NULL/
{
	@packets[stringof(this->ifp->if_xname), "in"] = count();
	@bytes[stringof(this->ifp->if_xname), "in"] = sum(this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : 0);
}

fbt::ether_input:entry
/this->m != NULL && this->ifp != NULL && this->m->m_len > 0/
{
	printf("%s in\n", stringof(this->ifp->if_xname));
	printf("@dtkit 1 mbuf probe=fbt::ether_input:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::ether_output_frame:entry
{
	this->m = (struct mbuf *)NULL;
	this->ifp = args[0];
	this->m = args[1];
}

fbt::ether_output_frame:entry
/this->m != NULL && this->ifp != NULL/
{
	@packets[stringof(this->ifp->if_xname), "out"] = count();
	@bytes[stringof(this->ifp->if_xname), "out"] = sum(this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : 0);
}

fbt::ether_output_frame:entry
/this->m != NULL && this->ifp != NULL && this->m->m_len > 0/
{
	printf("%s out\n", stringof(this->ifp->if_xname));
	printf("@dtkit 1 mbuf probe=fbt::ether_output_frame:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

fbt::if_simloop:entry
{
	this->m = (struct mbuf *)NULL;
	this->ifp = args[0];
	this->m = args[1];
}

fbt::if_simloop:entry
/this->m != NULL && this->ifp != NULL/
{
	@packets[stringof(this->ifp->if_xname), "loop"] = count();
	@bytes[stringof(this->ifp->if_xname), "loop"] = sum(this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : 0);
}

fbt::if_simloop:entry
/this->m != NULL && this->ifp != NULL && this->m->m_len > 0/
{
	printf("%s loop\n", stringof(this->ifp->if_xname));
	printf("@dtkit 1 mbuf probe=fbt::if_simloop:entry id=%d cpu=%d t=%d m=0x%x pkt=%d off=0 seg=1 mlen=%d dump=%d last=1\n", id, cpu, timestamp, (uint64_t)this->m, this->m->m_flags & 0x2 ? this->m->m_pkthdr.len : -1, this->m->m_len, this->m->m_len < 64 ? this->m->m_len : 64);
	tracemem(this->m->m_data, 64, this->m->m_len);
}

END
{
	printf("%-16s %-4s %12s %14s\n", "INTERFACE", "WAY", "PACKETS", "BYTES");
	printa("%-16s %-4s %@12d %@14d\n", @packets, @bytes);
}
