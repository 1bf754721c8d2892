/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	Nothing is read of the mbufs behind the last byte that was asked for.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	this->m = (struct mbuf *)alloca(256);
	this->m->m_next = NULL;
	this->m->m_data = (caddr_t)alloca(64);
	this->m->m_len = 8;
	this->m->m_next = (struct mbuf *)0xfffff00000000000;
	bcopy("12345678", this->m->m_data, 8);

	printf("8 of 8");
	tracemem(copyoutmbuf(this->m, 8), 8);
	exit(0);
}

ERROR
{
	exit(1);
}
