/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	The result of copyoutmbuf() begins at a multiple of 8, also for all of
 *	an empty chain, and two results do not overlap.
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

	this->first = (uintptr_t)copyoutmbuf(this->a, 3);
	this->second = (uintptr_t)copyoutmbuf(this->a, 5);
	this->empty = (uintptr_t)copyoutmbuf(this->b, 0, 100);
	this->third = (uintptr_t)copyoutmbuf(this->a, 1);
	exit(this->first % 8 == 0 && this->second % 8 == 0 &&
	    this->empty % 8 == 0 && this->third % 8 == 0 &&
	    this->second == this->first + 8 &&
	    this->empty == this->second + 8 &&
	    this->third == this->empty ? 0 : 1);
}

ERROR
{
	exit(1);
}
