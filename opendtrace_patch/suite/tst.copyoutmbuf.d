/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	copyoutmbuf() gives the bytes of a chain of mbufs, from an offset on,
 *	all of them for length 0, and zero past the end of the chain.  An mbuf
 *	without data is passed over, and the next packet plays no part.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
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

	printf("all");
	tracemem(copyoutmbuf(this->a, 0), 9);
	printf("all, and offset 0");
	tracemem(copyoutmbuf(this->a, 0, 0), 9);
	printf("all from 3 on");
	tracemem(copyoutmbuf(this->a, 0, 3), 6);
	printf("less than the first mbuf");
	tracemem(copyoutmbuf(this->a, 3), 3);
	printf("across three mbufs");
	tracemem(copyoutmbuf(this->a, 4, 2), 4);
	printf("more than there is");
	tracemem(copyoutmbuf(this->a, 20), 20);
	printf("more than there is, from 7 on");
	tracemem(copyoutmbuf(this->a, 20, 7), 20);
	printf("at the end");
	tracemem(copyoutmbuf(this->a, 8, 9), 8);
	printf("far past the end");
	tracemem(copyoutmbuf(this->a, 8, -1), 8);
	exit(0);
}

ERROR
{
	exit(1);
}
