/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	mbuflen() adds up the lengths of the mbufs of one chain; of the packet
 *	header and of the next packet it takes no notice.
 *
 * SECTION: Actions and Subroutines/mbuflen()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	this->c = (struct mbuf *)alloca(256);
	this->c->m_next = NULL;
	this->c->m_data = (caddr_t)alloca(16);
	this->c->m_len = 5;
	bcopy("efghi", this->c->m_data, 5);

	this->b = (struct mbuf *)alloca(256);
	this->b->m_next = this->c;
	this->b->m_data = NULL;
	this->b->m_len = 0;

	this->a = (struct mbuf *)alloca(256);
	this->a->m_next = this->b;
	this->a->m_nextpkt = this->c;
	this->a->m_data = (caddr_t)alloca(16);
	this->a->m_len = 4;
	bcopy("abcd", this->a->m_data, 4);

	/* M_PKTHDR and MT_DATA, which D cannot store as the bit fields they are. */
	*(uint32_t *)(&this->a->m_len + 1) = 0x201;
	this->a->m_pkthdr.len = 12345;
	printf("%d %d %d\n", mbuflen(this->a), mbuflen(this->b),
	    mbuflen(this->c));
	exit(0);
}

ERROR
{
	exit(1);
}
